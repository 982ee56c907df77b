"""Runs on what changes from night to night: what is done anew, what stays, what is dropped, and what two runs do at once."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from datetime import date, datetime
from pathlib import Path

import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_runs import ARGOS, NO_ENGINE, files_of, run_library, same_rows
from duiyi.processors.errors import UsageError
from duiyi.processors.plan import EndedError, Tally, choose, shards
from duiyi.processors.records import document_id
from duiyi.processors.writing import DatasetWriter, open_dataset
from killed_runs import settings_of, start_run


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Ten texts in two folders, and a file of ten rows."""
    for number in range(10):
        folder = tmp_path / "in" / ("a" if number < 5 else "b")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(f"Page {number}.\n这是第{number}页。\n", "utf-8")
    write_rows(tmp_path / "in" / "rows.jsonl", range(10))
    return tmp_path / "in"


def write_rows(path: Path, numbers: range) -> None:
    path.write_text("".join(f'{{"id": {n}, "text": "第{n}行。"}}\n' for n in numbers), "utf-8")


def stored_names(out: Path) -> set[str]:
    uris = open_dataset(out).documents.to_table(columns=["source_uri"])["source_uri"].to_pylist()
    return {uri.rsplit("/", 1)[-1] for uri in uris}


def test_a_rerun_writes_nothing_and_opens_no_parser(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run_library([inputs], out)
    before = files_of(out)
    for path in inputs.rglob("*.txt"):
        os.utime(path, (1, 1))  # times mean nothing
    (inputs / "rows.jsonl").unlink()
    monkeypatch.setattr("duiyi.processors.plan.read_source", None)
    assert run_library([inputs], out).decisions == {"unchanged": 10}
    assert files_of(out) == before


def test_one_new_document_changes_the_files_of_its_bucket_only(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_library([inputs], out)
    before = files_of(out)
    (inputs / "new.txt").write_text("新的。", "utf-8")
    assert run_library([inputs], out).decisions == {"unchanged": 20, "new": 1}
    after = files_of(out)
    changed = {name for name in after if after[name] != before.get(name) and name.endswith(".parquet")}
    assert len(changed) == 3
    assert len({name.rsplit("/", 1)[1] for name in changed}) == 1


def test_stale_documents_wait_for_refresh_without_being_parsed(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_library([inputs], out)
    other = settings_of(translation={"engine": "none"}, sentences={"max_characters": 50})
    assert run_library([inputs], out, other).decisions == {"stale": 20}
    (inputs / "a" / "1.txt").write_text("变了。", "utf-8")
    assert run_library([inputs], out, other).decisions == {"stale": 19, "changed": 1}
    assert run_library([inputs], out, other, refresh=True).decisions == {"unchanged": 1, "redone": 19}
    assert run_library([inputs], out, other, force=True).decisions == {"redone": 20}
    assert run_library([inputs], out, other).decisions == {"unchanged": 20}


def test_a_run_without_an_engine_never_drops_translations_unless_forced(inputs: Path, tmp_path: Path) -> None:
    out, rows = tmp_path / "out", inputs / "rows.jsonl"
    run_library([rows], out, ARGOS)
    pairs = open_dataset(out).pairs.count_rows()
    before = files_of(out)
    other = settings_of(translation={"engine": "none"}, sentences={"max_characters": 50})
    assert run_library([rows], out, other).decisions == {"unchanged": 10}
    assert run_library([rows], out, other, refresh=True).decisions == {"unchanged": 10}
    assert files_of(out) == before
    assert pairs
    assert run_library([rows], out, other, force=True).decisions == {"redone": 10}
    assert open_dataset(out).pairs.count_rows() == 0


def test_the_run_says_how_many_pairs_are_stale(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_library([inputs], out, ARGOS)
    tally = run_library([inputs], out, settings_of(sentences={"max_characters": 50}))
    assert tally.decisions == {"stale": 20}
    assert tally.stale_pairs == open_dataset(out).pairs.count_rows()


def test_two_runs_at_once_give_the_union_once_each(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number:02d}.txt").write_text(f"Page {number}.\n这是第{number}页。\n", "utf-8")
    files = sorted(tmp_path.glob("*.txt"))
    few = settings_of(flows={"shard_documents": 4}, writing={"staged_bytes": 0, "buckets": 4})
    runs = [start_run(part, tmp_path / "out", few) for part in (files[:45], files[15:], files[::-1])]
    for run in runs:
        run.join()
        assert run.exitcode == 0
    run_library(files, tmp_path / "alone", few)
    assert same_rows(tmp_path / "out") == same_rows(tmp_path / "alone")


def test_planning_ends_at_the_next_document_when_nobody_waits_for_more(inputs: Path, tmp_path: Path) -> None:
    """Nothing may be left to do for minutes where all is unchanged; who reads ahead must not go on with that."""
    run_library([inputs], tmp_path / "out")
    tally = Tally()
    tally.ended = True
    writer = DatasetWriter(tmp_path / "out", NO_ENGINE.writing)
    with pytest.raises(EndedError):
        list(shards([str(inputs)], tmp_path / "out", writer.stored, choose(NO_ENGINE), NO_ENGINE, tally))
    assert not tally.decisions


def test_what_another_run_did_meanwhile_is_not_done_again(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    small = settings_of(translation={"engine": "none"}, flows={"shard_documents": 3})
    writer = DatasetWriter(out, small.writing)
    tally = Tally()
    slow = shards([str(inputs)], out, writer.stored, choose(small), small, tally)
    assert len(next(slow).documents) == 3
    run_library([inputs], out, small)
    assert list(slow) == []
    assert tally.decisions == {"new": 3, "unchanged": 17}


def test_prune_drops_what_is_gone_from_the_inputs_named(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("在别处。", "utf-8")
    run_library([inputs, elsewhere], out)
    elsewhere.unlink()
    (inputs / "a" / "1.txt").unlink()
    write_rows(inputs / "rows.jsonl", range(9))
    assert run_library([inputs], out).pruned == 0
    assert {"1.txt", "rows.jsonl#id=9"} <= stored_names(out)
    assert run_library([inputs / "b"], out, prune="yes").pruned == 0, "another folder"
    tally = run_library([inputs], out, prune="yes")
    assert (tally.pruned, tally.notes) == (2, [])
    assert len(stored_names(out)) == 19
    assert not {"1.txt", "rows.jsonl#id=9"} & stored_names(out)
    assert "elsewhere.txt" in stored_names(out)
    for table in open_dataset(out):
        assert len(set(table.to_table(columns=["doc_id"])["doc_id"].to_pylist())) <= 19
    before = files_of(out)
    assert run_library([inputs], out, prune="yes").pruned == 0
    assert files_of(out) == before


def test_prune_asks_before_it_drops_more_than_a_fifth(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_library([inputs], out)
    for number in range(5):
        (inputs / "a" / f"{number}.txt").unlink()
    (inputs / "new.txt").write_text("新的。", "utf-8")
    tally = run_library([inputs], out, prune="yes")
    assert tally.pruned == 0
    assert any("5 of 20 documents" in note and "--prune=force" in note for note in tally.notes)
    assert len(stored_names(out)) == 21, "the rest of the run is done"
    assert run_library([inputs], out, prune="force").pruned == 5
    assert len(stored_names(out)) == 16


def test_prune_never_takes_an_empty_input_for_the_truth(inputs: Path, tmp_path: Path) -> None:
    """A disk that is not mounted is an empty folder."""
    out = tmp_path / "out"
    run_library([inputs], out)
    shutil.rmtree(inputs / "a")
    (inputs / "a").mkdir()
    for named in ([inputs / "a"], [inputs / "a", inputs]):
        assert run_library(named, out, prune="force").pruned == 0
    (inputs / "rows.jsonl").write_text("", "utf-8")
    assert run_library([inputs / "rows.jsonl"], out, prune="force").pruned == 0
    (inputs / "a").rmdir()
    with pytest.raises(UsageError):
        run_library([inputs / "a"], out, prune="force")
    assert len(stored_names(out)) == 20


def test_prune_keeps_what_cannot_be_read_this_time(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_library([inputs], out)
    (inputs / "a" / "1.txt").write_bytes(b"\0\1\2" * 50)
    (inputs / "rows.jsonl").write_text('{"id": 0, "text": "第0行。"}\n{"id": 1, "te', "utf-8")
    assert run_library([inputs], out, prune="force").pruned == 0
    (inputs / "rows.jsonl").write_bytes(b"\0\1\2" * 50)
    assert run_library([inputs], out, prune="force").pruned == 0
    assert {"1.txt", *(f"rows.jsonl#id={n}" for n in range(10))} <= stored_names(out)


def test_prune_under_a_pattern_drops_what_the_pattern_would_match(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_library([inputs], out)
    (inputs / "a" / "1.txt").unlink()
    (inputs / "b" / "6.txt").unlink()
    assert run_library([f"{inputs}/a/*.txt"], out, prune="yes").pruned == 1
    assert stored_names(out) >= {"6.txt", "rows.jsonl#id=1"}
    assert run_library([f"{inputs}/**/*.txt"], out, prune="yes").pruned == 1
    assert len(stored_names(out)) == 18


def test_prune_keeps_what_another_run_stored_meanwhile(inputs: Path, tmp_path: Path) -> None:
    """A file may come after its folder was listed."""
    out = tmp_path / "out"
    small = settings_of(translation={"engine": "none"}, flows={"shard_documents": 3})
    run_library([inputs], out, small)
    (inputs / "b" / "9.txt").unlink()
    write_rows(inputs / "rows.jsonl", range(1, 15))
    writer = DatasetWriter(out, small.writing)
    slow = shards([str(inputs)], out, writer.stored, choose(small, prune="yes"), small, Tally())
    assert len(next(slow).documents) == 3
    (inputs / "late.txt").write_text("来晚了。", "utf-8")
    run_library([inputs / "late.txt"], out, small)
    dropped = {doc_id for shard in slow for doc_id in shard.gone}
    assert dropped == {
        document_id((inputs / "b" / "9.txt").as_uri()),
        document_id(f"{(inputs / 'rows.jsonl').as_uri()}#id=0"),
    }


def test_what_was_skipped_and_is_read_now_is_no_more_skipped(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (inputs / "photo.jsonl").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    zipfile.ZipFile(inputs / "texts.zip", "w").close()
    assert run_library([inputs], out).statuses == {"skipped": 2}
    assert {"photo.jsonl", "texts.zip"} <= stored_names(out)
    write_rows(inputs / "photo.jsonl", range(1))
    with zipfile.ZipFile(inputs / "texts.zip", "w") as archive:
        archive.writestr("a.txt", "有了。")
    run_library([inputs], out)
    assert {"photo.jsonl#id=0", "texts.zip!a.txt"} <= stored_names(out)
    assert not {"photo.jsonl", "texts.zip"} & stored_names(out)
    before = files_of(out)
    run_library([inputs], out)
    assert files_of(out) == before


def test_prune_and_limit_do_not_go_together() -> None:
    with pytest.raises(UsageError, match="--limit"):
        choose(NO_ENGINE, prune="yes", limit=5)


METADATA = {
    "count": 3,
    "price": 2.5,
    "good": True,
    "none": None,
    "tags": ["一", 2],
    "nested": {"deep": {"er": [1, None]}},
}
DATES = {"day": date(2026, 11, 22), "time": datetime(2026, 11, 22, 1, 2, 3)}


def test_rows_can_be_joined_back_by_id_with_types_kept(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"post": 7, "body": "你好。", **METADATA})
        + "\n"
        + json.dumps({"post": "x/1", "body": "Hi.", "count": 1})
        + "\n",
        "utf-8",
    )
    (tmp_path / "b.csv").write_text("post,body,count,good,none\n8,你好。,3,true,\n", "utf-8")
    pq.write_table(
        pa.Table.from_pylist([{"post": 9, "body": "你好。", **METADATA | {"tags": ["一", "2"]}, **DATES}]),
        tmp_path / "c.parquet",
    )
    settings = NO_ENGINE.model_copy(
        update={
            "reading": NO_ENGINE.reading.model_copy(
                update={"text_column": "body", "id_column": "post", "keep": (*METADATA, *DATES)}
            )
        }
    )
    out = tmp_path / "out"
    run_library([tmp_path / name for name in ("a.jsonl", "b.csv", "c.parquet")], out, settings)
    documents = open_dataset(out).documents.to_table().to_pandas().set_index("source_id")
    kept = {source_id: json.loads(text) for source_id, text in documents["metadata"].items()}
    assert kept == {
        "7": METADATA,
        "x/1": {"count": 1},
        "8": {"count": "3", "good": "true", "none": ""},
        "9": {**METADATA, "tags": ["一", "2"], "day": "2026-11-22", "time": "2026-11-22T01:02:03"},
    }
    assert documents["source_uri"]["x/1"].endswith("a.jsonl#id=x%2F1")
    original = pandas.read_parquet(tmp_path / "c.parquet").astype({"post": str})
    assert original.merge(documents, left_on="post", right_index=True)["status"].tolist() == ["ok"]


def test_a_kept_column_that_changes_makes_the_document_changed(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    settings = ARGOS.model_copy(update={"reading": ARGOS.reading.model_copy(update={"keep": ("stars",)})})
    for stars, decision in ((1, "new"), (2, "changed"), (2, "unchanged")):
        source.write_text(json.dumps({"id": 1, "text": "你好。", "stars": stars}) + "\n", "utf-8")
        assert run_library([source], tmp_path / "out", settings).decisions == {decision: 1}
    pairs = open_dataset(tmp_path / "out").pairs.to_table().to_pandas()
    assert pairs["source_id"].tolist() == ["1"]
