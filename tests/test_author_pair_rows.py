"""Author pairs as users meet them: rows, what is translated besides, documents on demand, and runs that need no model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dataset_runs import NO_ENGINE, run_library, same_rows
from duiyi.processors.analysis import Part, analyse, analyse_in_parts
from duiyi.processors.author_pairs import Findings
from duiyi.processors.pairing import Paired, pair_up
from duiyi.processors.reading import read_text
from duiyi.processors.records import pair_id
from duiyi.processors.repair import Translation
from duiyi.processors.settings import Settings, load_settings
from duiyi.processors.write_back import write_back
from duiyi.processors.writing import Run, document_rows, open_dataset

SETTINGS = Settings()
ALSO_MACHINE = load_settings(overrides={"author_pairs": {"also_machine": True}})
RUN = Run("run", "c" * 64, "m" * 64, datetime(2026, 11, 22, tzinfo=UTC))
FERRY = ("渡轮每天早上七点开往岛上。", "The ferry leaves for the island at seven every morning.")
COOK = ("厨师把鱼和姜一起蒸。", "The cook steams the fish together with ginger.")
ALONE = "我们还没决定谁去接他。"
TWICE = f"{FERRY[0]}\n{FERRY[1]}\n\n{ALONE}\n\n# Opening Hours(营业时间)\n"


def paired(text: str, settings: Settings = SETTINGS, english: str = "Made by a machine.") -> tuple[Part, Paired]:
    analysis = analyse(read_text(text, "file:///a.txt"), settings)
    made = [Translation(english, -1.0, (), "argos", "m@1") for _ in analysis.wanted]
    return analysis, pair_up(analysis, made, settings)


def rows_of(text: str, settings: Settings = SETTINGS) -> list[dict[str, Any]]:
    analysis = analyse(read_text(text, "file:///a.txt"), settings)
    made = [Translation("Made by a machine.", -1.0, (), "argos", "m@1") for _ in analysis.wanted]
    return list(document_rows(analysis, pair_up(analysis, made, settings), RUN, 0.0).pairs)


def test_an_author_pair_is_a_row_with_both_spans_and_no_model() -> None:
    rows = {row["zh"]: row for row in rows_of(TWICE)}
    assert list(rows) == [FERRY[0], ALONE, "营业时间"]
    row = rows[FERRY[0]]
    assert (row["origin"], row["kind"], row["en"]) == ("author", "sentence", FERRY[1])
    assert TWICE[row["en_start"] : row["en_end"]] == row["en"]
    assert TWICE[row["zh_start"] : row["zh_end"]] == row["zh"] == "".join(row["zh_tokens"])
    assert row["en_doc_id"] == row["doc_id"]
    assert row["similarity"] >= SETTINGS.author_pairs.accept
    assert row["en_tokens"][:2] == ["The", "ferry"]
    assert (row["engine"], row["model"], row["score"], list(row["flags"])) == (None, None, None, [])
    assert row["pair_id"] == pair_id(row["doc_id"], "sentence", "author", FERRY[0], 0)
    assert (rows["营业时间"]["kind"], rows["营业时间"]["origin"]) == ("embedded", "author")
    machine = rows[ALONE]
    assert (machine["origin"], machine["en_start"], machine["en_doc_id"], machine["similarity"]) == (
        "machine",
        None,
        None,
        None,
    )


def test_what_has_an_author_pair_is_translated_as_well_only_when_asked_for() -> None:
    assert [row["origin"] for row in rows_of(TWICE)] == ["author", "machine", "author"]
    both = rows_of(TWICE, ALSO_MACHINE)
    assert sorted((row["zh"], row["origin"]) for row in both) == sorted(
        [
            (FERRY[0], "author"),
            (FERRY[0], "machine"),
            (ALONE, "machine"),
            ("营业时间", "author"),
            ("营业时间", "machine"),
        ]
    )


def test_several_sentences_for_one_are_one_row_whose_tokens_join() -> None:
    text = "他把信读了两遍。然后他把信烧了。\nHe read the letter twice and then burnt it.\n"
    (row,) = rows_of(text)
    assert row["zh"] == "他把信读了两遍。然后他把信烧了。" == "".join(row["zh_tokens"])
    assert row["sentence"] == 0


def test_the_same_words_said_twice_are_two_pairs() -> None:
    rows = rows_of(f"{FERRY[0]}\n{FERRY[1]}\n\n{COOK[0]}\n\n{FERRY[0]}\n{FERRY[1]}\n")
    ids = [row["pair_id"] for row in rows if row["origin"] == "author"]
    assert len(ids) == len(set(ids)) == 2


@pytest.mark.parametrize(("english", "origin"), [(COOK[1], "author"), ("Nobody knows the way.", "machine")])
def test_a_translation_settles_a_doubtful_candidate_and_only_one_pair_stays(english: str, origin: str) -> None:
    analysis = analyse(read_text(f"{COOK[0]}\n{COOK[1]}\n", "file:///a.txt"), SETTINGS)
    (pair,) = analysis.findings.pairs
    doubtful = replace(analysis, findings=Findings((), (replace(pair, similarity=0.3),)), wanted=(0,))
    made = pair_up(doubtful, [Translation(english, -1.0, (), "argos", "m@1")], SETTINGS)
    (row,) = document_rows(doubtful, made, RUN, 0.0).pairs
    assert row["origin"] == origin
    assert pair_up(doubtful, None, SETTINGS).author == ()


def test_long_documents_have_the_same_pairs_in_parts_and_windows_of_any_size() -> None:
    pieces = [
        f"{FERRY[0]}\n\n{FERRY[1]}\n\n{ALONE}\n\n" if n % 3 else f"{COOK[1]}\n\n{COOK[0]}\n\n" for n in range(1500)
    ]
    document = read_text("".join(pieces), "file:///a.md")
    small = SETTINGS.model_copy(update={"author_pairs": SETTINGS.author_pairs.model_copy(update={"window": 20_000})})
    whole = analyse(document, SETTINGS)
    assert len(whole.findings.pairs) >= 1490
    windowed = analyse(document, small)
    assert windowed.segments == whole.segments
    assert windowed.sentences == whole.sentences
    assert [(p.zh_start, p.en_start) for p in windowed.findings.pairs] == [
        (p.zh_start, p.en_start) for p in whole.findings.pairs
    ]
    assert windowed.wanted == whole.wanted
    found: list[tuple[int, int]] = []
    for part in analyse_in_parts(document, small, 700):
        for pair in part.findings.pairs:
            found.append((pair.zh_start, pair.en_start))
            assert part.sentences[pair.covered[0]].start == pair.zh_start
            assert pair.zh_end <= part.segments[-1].end
    assert found == [(p.zh_start, p.en_start) for p in whole.findings.pairs]


def test_a_run_without_engine_writes_author_pairs_and_only_what_lacks_english_is_redone(tmp_path: Path) -> None:
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    (inputs / "told.txt").write_text(f"{FERRY[0]}\n{FERRY[1]}\n", "utf-8")
    (inputs / "half.txt").write_text(f"{COOK[0]}\n{COOK[1]}\n\n{ALONE}\n", "utf-8")
    (inputs / "english.txt").write_text("Nothing else.\n", "utf-8")
    run_library([inputs], out, NO_ENGINE)
    pairs = same_rows(out)["pairs"].to_pylist()
    assert sorted((row["zh"], row["en"]) for row in pairs) == sorted([FERRY, COOK])
    documents = {row["source_uri"].rsplit("/", 1)[-1]: row for row in same_rows(out)["documents"].to_pylist()}
    assert {name: row["pairs_author"] for name, row in documents.items()} == {
        "told.txt": 1,
        "half.txt": 1,
        "english.txt": 0,
    }
    argos = load_settings(overrides={"translation": {"engine": "argos"}})
    assert run_library([inputs], out, argos).decisions == {"unchanged": 2, "redone": 1}
    assert run_library([inputs], out, argos).decisions == {"unchanged": 3}
    pairs = open_dataset(out).pairs.to_table(columns=["zh", "origin"]).to_pylist()
    assert sorted((row["zh"], row["origin"]) for row in pairs) == sorted(
        [(FERRY[0], "author"), (COOK[0], "author"), (ALONE, "machine")]
    )


def test_other_settings_for_author_pairs_make_documents_stale(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TWICE, "utf-8")
    run_library([tmp_path / "a.txt"], tmp_path / "out", NO_ENGINE)
    other = load_settings(overrides={"translation": {"engine": "none"}, "author_pairs": {"accept": 0.9}})
    assert run_library([tmp_path / "a.txt"], tmp_path / "out", other).decisions == {"stale": 1}


def test_a_document_that_the_author_put_into_english_needs_no_model(duiyi: Callable[..., Any], tmp_path: Path) -> None:
    nothing = {
        name: str(tmp_path / name) for name in ("ARGOS_PACKAGES_DIR", "DUIYI_MODELS_DIR", "XDG_DATA_HOME", "HOME")
    }
    told = f"{FERRY[0]}\n{FERRY[1]}\n"
    text = duiyi("translate", "-", stdin=told.encode(), **nothing)
    assert (text.returncode, text.stdout) == (0, f"{FERRY[1]}\n{FERRY[1]}\n")
    rows = duiyi("translate", "--format", "jsonl", "-", stdin=told.encode(), **nothing)
    assert [json.loads(line)["origin"] for line in rows.stdout.splitlines()] == ["author"]
    assert duiyi("translate", "-", stdin=TWICE.encode(), **nothing).returncode == 3


def test_a_document_is_written_again_with_the_authors_english() -> None:
    asked: list[str] = []

    def translate(texts: list[str]) -> list[str | None]:
        asked.extend(texts)
        return ["Nobody has decided who fetches him." for _ in texts]

    original = f"# Opening Hours(营业时间)\n\n* {COOK[0]}\n* {COOK[1]}\n\n{ALONE}\n"
    written = write_back(original.encode(), "markdown", translate, SETTINGS)
    assert written.data.decode() == (
        f"# Opening Hours(Opening Hours)\n\n* {COOK[1]}\n* {COOK[1]}\n\nNobody has decided who fetches him.\n"
    )
    assert asked == [ALONE]
    assert (written.sentences, written.untranslated) == (3, 0)
