"""A document that kills every run, or whose analysis fails, is set aside with its reason; the others are done."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dataset_runs import files_of
from duiyi.processors.attempts import Attempts
from duiyi.processors.reading import read_text
from duiyi.processors.records import Document
from duiyi.processors.writing import open_dataset

KILLED = """
import os, signal, sys
from pathlib import Path
from duiyi.processors.attempts import Attempts
from duiyi.processors.reading import read_text
folder, *texts = sys.argv[1:]
with Attempts(Path(folder), 3) as attempts:
    attempts.begin(read_text(text, f"memory:{text}") for text in texts)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_run(folder: Path, *texts: str) -> None:
    """A run that is killed while it is at documents of these texts."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), *texts], check=False)
    assert done.returncode == -9


def document(text: str) -> Document:
    return read_text(text, f"memory:{text}")


def test_what_a_killed_run_was_at_is_under_suspicion_until_it_is_done(tmp_path: Path) -> None:
    killed_run(tmp_path, "guilty", "bystander")
    with Attempts(tmp_path, 3) as attempts:
        assert attempts.has_suspects
        assert attempts.is_suspect(document("guilty"))
        assert not attempts.is_suspect(document("another"))
        assert attempts.why_set_aside(document("guilty")) is None
        attempts.begin([document("bystander")])
        attempts.finish([document("bystander").doc_id])
    with Attempts(tmp_path, 3) as attempts:
        assert not attempts.is_suspect(document("bystander"))
        assert attempts.is_suspect(document("guilty"))


def test_a_document_is_set_aside_after_so_many_kills_until_it_changes(tmp_path: Path) -> None:
    for _ in range(3):
        killed_run(tmp_path, "guilty")
    changed = Document(source_uri="memory:guilty", text="mended", blocks=(), format="text", content_sha256="0" * 64)
    with Attempts(tmp_path, 3) as attempts:
        assert "3 runs ended abruptly" in (attempts.why_set_aside(document("guilty")) or "")
        assert not attempts.has_suspects, "what is set aside must not hold up the others"
        assert attempts.why_set_aside(changed) is None
        assert not attempts.is_suspect(changed)
        attempts.begin([changed])
        assert not attempts.is_suspect(document("guilty")), "its file has another content now"


def test_an_orderly_end_accuses_nobody(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Attempts(tmp_path, 3) as attempts:
        attempts.begin([document("half done")])
        raise KeyboardInterrupt
    with Attempts(tmp_path, 3) as attempts:
        assert not attempts.has_suspects


def test_a_run_goes_on_without_a_document_whose_analysis_fails(
    prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duiyi.flows import translate

    real = translate.analyse_in_parts

    def fails_on_one(found: Document, *arguments: Any) -> Iterator[Any]:
        if "faulty" in found.source_uri:
            raise ZeroDivisionError("of this document's own")
        yield from real(found, *arguments)

    monkeypatch.setattr(translate, "analyse_in_parts", fails_on_one)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "faulty", "z"):
        (folder / f"{name}.txt").write_text(f"我们明天见{name}。\n", "utf-8")
    out = tmp_path / "out"
    overrides = {"translation": {"engine": "argos"}}
    summary = translate.translate_corpus([str(folder)], str(out), overrides=overrides)
    documents = {row["source_uri"].rsplit("/", 1)[1]: row for row in open_dataset(out).documents.to_table().to_pylist()}
    assert {name: row["status"] for name, row in documents.items()} == {
        "a.txt": "ok",
        "faulty.txt": "failed",
        "z.txt": "ok",
    }
    assert "ZeroDivisionError: of this document's own" in documents["faulty.txt"]["error"]
    assert summary.failed == 1
    before = files_of(out)
    translate.translate_corpus([str(folder)], str(out), overrides=overrides)
    assert files_of(out) == before, "set aside once, nothing more is written"
    monkeypatch.setattr(translate, "analyse_in_parts", real)
    (folder / "faulty.txt").write_text("这样就好了。\n", "utf-8")
    translate.translate_corpus([str(folder)], str(out), overrides=overrides)
    assert set(open_dataset(out).documents.to_table()["status"].to_pylist()) == {"ok"}
