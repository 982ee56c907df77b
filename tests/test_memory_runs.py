"""Whole runs with the translation memory: reruns, corrections into a dataset, estimates, commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest
from duiyi.processors.memory import import_file, open_memory
from duiyi.processors.pages import write_view
from duiyi.processors.pages.figures import figures_of
from duiyi.processors.settings import load_settings
from duiyi.processors.translation import Request, argos
from duiyi.processors.writing import open_dataset
from duiyi.processors.writing import rows as rows_module

Duiyi = Callable[..., Any]


@pytest.fixture
def own(tmp_path: Path) -> dict[str, Any]:
    """Overrides with a memory of the test's own."""
    return {"translation": {"engine": "argos"}, "memory": {"path": str(tmp_path / "memory.sqlite")}}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    found: list[str] = []
    translate = argos.ArgosEngine.translate

    def counted(self: argos.ArgosEngine, requests: list[Request], *more: Any) -> Any:
        found.extend(one.sentence for one in requests if not (one.again or one.wide))
        return translate(self, requests, *more)

    monkeypatch.setattr(argos.ArgosEngine, "translate", counted)
    return found


def run(source: Path, out: Path, overrides: dict[str, Any], **choices: Any) -> Any:
    from duiyi.flows.translate import translate_corpus

    return translate_corpus([str(source)], str(out), overrides=overrides, **choices)


def pairs(out: Path) -> pandas.DataFrame:
    return open_dataset(out).pairs.to_table().to_pandas().sort_values(["source_uri", "zh_start"], ignore_index=True)


def bring_in(text: str, own: dict[str, Any], folder: Path) -> None:
    path = folder / "corrections.tsv"
    path.write_text(text, "utf-8")
    with open_memory(load_settings(overrides=own).memory, pytest.fail) as memory:
        assert import_file(path, memory).faulty == 0


def test_another_dataset_of_the_same_texts_makes_no_model_call(
    prefect_server: str, tmp_path: Path, own: dict[str, Any], calls: list[str]
) -> None:
    source = tmp_path / "in.jsonl"
    texts = [f"第{number % 3}次见面。今天是星期{'一二三'[number % 3]}。" for number in range(12)]
    source.write_text("".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in enumerate(texts)), "utf-8")
    small = {**own, "flows": {"shard_documents": 5}}
    first = run(source, tmp_path / "a", small)
    assert (first.sentences, len(calls)) == (6, 6), "each once, though in several shards"
    assert first.remembered == 0, "what the run itself has just put there is no hit"
    again = run(source, tmp_path / "b", small)
    assert (again.sentences, len(calls)) == (0, 6)
    assert again.remembered == again.pairs == 24
    documents = open_dataset(tmp_path / "b").documents.to_table().to_pandas()
    assert set(documents["memory_hits"]) == {2}
    same = ["pair_id", "zh", "en", "score", "model", "origin"]
    assert pairs(tmp_path / "a")[same].equals(pairs(tmp_path / "b")[same])


def test_corrections_go_into_the_dataset_and_survive_every_rerun(
    prefect_server: str, tmp_path: Path, own: dict[str, Any]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "a.txt").write_text("我们明天见。\n谢谢。\n我们明天见。\n", "utf-8")
    (folder / "b.txt").write_text("我們明天見。\n", "utf-8")
    (folder / "c.txt").write_text("今天很热。\n", "utf-8")
    run(folder, out, own)
    named = pairs(out)["pair_id"][2]
    bring_in(f"zh\ten\tpair_id\n我们明天见。\tTomorrow, then.\t\n\tSee you!\t{named}\n", own, tmp_path)

    corrected = run(folder, out, own)
    assert corrected.tally.decisions == {"redone": 2, "unchanged": 1}
    expected = ["Tomorrow, then.", "See you!", "Tomorrow, then."]
    found = pairs(out)
    people = found[found["origin"] == "memory"]
    assert people["en"].tolist() == expected
    assert people["engine"].isna().all()
    assert run(folder, out, own).tally.decisions["unchanged"] == 3
    for choices in ({"force": True}, {"refresh": True}):
        run(folder, out, {**own, "checks": {"length_deviation_max": 4.0}}, **choices)
        again = pairs(out)
        assert again[again["origin"] == "memory"]["en"].tolist() == expected

    bring_in(f"zh\ten\tpair_id\n我们明天见。\t\t\n\tSee you soon!\t{named}\n", own, tmp_path)
    assert run(folder, out, {**own, "checks": {"length_deviation_max": 4.0}}).tally.decisions["redone"] == 2
    last = pairs(out)
    assert last[last["origin"] == "memory"]["en"].tolist() == ["See you soon!"]


def test_only_the_documents_of_the_run_are_corrected_now_the_others_later(
    prefect_server: str, tmp_path: Path, own: dict[str, Any]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("谢谢。\n", "utf-8")
        run(tmp_path / f"{name}.txt", tmp_path / "out", own)
    bring_in("谢谢。\tMuch obliged.\n", own, tmp_path)
    for name, number in (("a", 1), ("b", 2)):
        assert run(tmp_path / f"{name}.txt", tmp_path / "out", own).tally.decisions["redone"] == 1
        assert (pairs(tmp_path / "out")["en"] == "Much obliged.").sum() == number
        assert run(tmp_path / f"{name}.txt", tmp_path / "out", own).tally.decisions["redone"] == 0
    viewed = write_view(tmp_path / "out", tmp_path / "view.html")  # where a person said all that there is, too
    assert (viewed.pairs, viewed.documents) == (viewed.all_pairs, viewed.all_documents) == (2, 2)
    assert sum(one.pairs for one in figures_of(open_dataset(tmp_path / "out")).runs.values()) == 2


def all_rows(out: Path) -> list[list[dict[str, Any]]]:
    """The rows of all three tables, but for what differs between runs."""
    different = {"run_id", "created_at", "processed_at", "seconds"}
    return [
        table.to_table(columns=[name for name in table.schema.names if name not in different]).to_pylist()
        for table in open_dataset(out)
    ]


def test_a_long_document_in_parts_has_the_rows_it_has_in_one(
    prefect_server: str, tmp_path: Path, own: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "COMPACT_ROWS", 7)
    source = tmp_path / "long.txt"
    source.write_text("".join(f"第{n}次我们见面。\nSee you, 你好。\n" for n in range(40)), "utf-8")
    run(source, tmp_path / "whole", own)
    other = {**own, "memory": {"path": str(tmp_path / "other.sqlite")}}
    run(source, tmp_path / "parts", {**other, "flows": {"part_characters": 100}})
    assert all_rows(tmp_path / "whole") == all_rows(tmp_path / "parts")


def test_documents_taken_a_few_at_first_have_the_rows_they_have_together_and_no_sentence_is_translated_twice(
    prefect_server: str, tmp_path: Path, own: dict[str, Any]
) -> None:
    source = tmp_path / "in.jsonl"
    texts = [f"第{n}次我们见面。\n我们明天见。\nSee you, 你好。\n" for n in range(12)]
    source.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts)), "utf-8")
    together = run(source, tmp_path / "together", own)
    other = {**own, "memory": {"path": str(tmp_path / "other.sqlite")}}
    few = run(source, tmp_path / "few", {**other, "flows": {"first_characters": 20}})
    assert few.sentences == together.sentences
    assert few.commits == together.commits == 1
    assert all_rows(tmp_path / "few") == all_rows(tmp_path / "together")


def test_the_dry_run_counts_what_is_new_and_says_how_long_by_this_machines_speed(
    prefect_server: str, tmp_path: Path, own: dict[str, Any]
) -> None:
    from duiyi.flows.dry_run import dry_run_lines

    def told() -> str:
        choices: dict[str, Any] = {"force": False, "refresh": False, "limit": None, "prune": "no"}
        settings = load_settings(overrides=own)
        return list(dry_run_lines([str(tmp_path / "in")], tmp_path / "out", settings, **choices))[-1]

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("我们明天见。\n谢谢。\n我们明天见。\n", "utf-8")
    assert "translate 2 different sentences with argos; how long" in told()
    assert not (tmp_path / "memory.sqlite").exists()
    run(tmp_path / "in", tmp_path / "out", own)
    (tmp_path / "in" / "b.txt").write_text("谢谢。\n今天很热。\n", "utf-8")
    assert "translate 1 different sentences, in about 0 s with argos" in told()
    (tmp_path / "in" / "b.txt").write_text("谢谢。\n", "utf-8")
    assert "has them all" in told()


def test_the_commands_of_the_memory(duiyi: Duiyi, tmp_path: Path) -> None:
    environment = {"DUIYI_MEMORY__PATH": str(tmp_path / "memory.sqlite")}
    (tmp_path / "a.txt").write_text("我们明天见。\n谢谢。\n", "utf-8")
    (tmp_path / "mine.tsv").write_text("谢谢。\tMuch obliged.\nbroken\n", "utf-8")
    imported = duiyi("memory", "import", tmp_path / "mine.tsv", **environment)
    assert (imported.returncode, imported.stdout) == (1, "took in 1 translations by people, 1 of them new\n")
    assert "line 2" in imported.stderr
    assert "Much obliged." in duiyi("translate", tmp_path / "a.txt", **environment).stdout
    stats = duiyi("memory", "stats", **environment).stdout
    assert "1 sentences" in stats
    assert "people\t1 sentences" in stats
    assert duiyi("memory", "export", tmp_path / "all.tmx", **environment).stdout.startswith("wrote 2 units")
    assert duiyi("memory", "clear", "--all", **environment).stdout == "removed 2 sentences\n"
    assert "wrote" in duiyi("memory", "export", tmp_path / "none.tmx", **environment).stdout
    missing = duiyi("memory", "import", tmp_path / "missing.tmx", **environment)
    assert missing.returncode == 2
    assert len(missing.stderr.splitlines()) == 1


def test_without_the_memory_nothing_is_kept(duiyi: Duiyi, tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    (tmp_path / "a.txt").write_text("谢谢。\n", "utf-8")
    for arguments, environment in ((["--no-memory"], {}), ([], {"DUIYI_MEMORY": "off"})):
        done = duiyi("translate", tmp_path / "a.txt", *arguments, **environment, DUIYI_MEMORY__PATH=str(path))
        assert done.returncode == 0, done.stderr
        assert not path.exists()
