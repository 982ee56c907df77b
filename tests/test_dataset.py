"""The dataset: typed tables that every reader opens with the contract's glob, replaced whole or not at all."""

from __future__ import annotations

import errno
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow.parquet as pq
import pytest
from duiyi.processors.analysis import analyse
from duiyi.processors.errors import StoppedError, UsageError
from duiyi.processors.reading import read_text
from duiyi.processors.records import Unread
from duiyi.processors.repair import Translation
from duiyi.processors.settings import Settings, WritingSettings
from duiyi.processors.writing import (
    DatasetWriter,
    Rows,
    Run,
    document_rows,
    open_dataset,
    stored_documents,
    unread_rows,
)
from duiyi.processors.writing.schema import TABLES

RUN = Run("run-1", "f" * 64, "e" * 64, datetime(2026, 11, 21, tzinfo=UTC))


def rows_of(uri: str, text: str, english: str | None = "English.") -> Rows:
    analysis = analyse(read_text(text, uri), Settings())
    flags = ("empty",) if english is None else ("number_mismatch",)
    made = Translation(english, None if english is None else -0.5, flags, "argos", "tiny@1")
    return document_rows(analysis, [made] * len(analysis.sentences), RUN, 0.5)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    writer = DatasetWriter(tmp_path / "ds", WritingSettings())
    rows = Rows()
    for number in range(40):
        rows.extend(rows_of(f"file:///d/{number}.txt", f"Hello there.\n第{number}次见面。我们 go 吧。\n"))
    rows.extend(unread_rows(Unread("file:///d/broken.pdf", "failed", "is encrypted"), RUN))
    writer.commit(rows)
    return tmp_path / "ds"


def test_duckdb_polars_and_pandas_read_all_tables_with_the_glob(dataset: Path) -> None:
    expected = {"pairs": 80, "segments": 80, "documents": 41}
    for table, number in expected.items():
        glob = f"{dataset}/{table}/**/*.parquet"
        assert duckdb.sql(f"select count(*) from read_parquet('{glob}')").fetchall() == [(number,)]
        assert polars.scan_parquet(glob).collect().height == number
        assert len(pandas.concat(map(pandas.read_parquet, sorted((dataset / table).glob("**/*.parquet"))))) == number
        assert len(pandas.read_parquet(dataset / table)) == number
    frame = polars.scan_parquet(f"{dataset}/pairs/**/*.parquet").collect()
    assert frame["zh_tokens"].list.join("").to_list() == frame["zh"].to_list()
    assert frame["created_at"].dtype == polars.Datetime("us", "UTC")
    row = duckdb.sql(
        f"select zh, en, flags, kind, origin, engine, model from read_parquet('{dataset}/pairs/**/*.parquet') where zh like '第7次%'"
    ).fetchall()
    assert row == [("第7次见面。", "English.", ["number_mismatch"], "sentence", "machine", "argos", "tiny@1")]


def test_the_schema_is_stored_as_declared(dataset: Path) -> None:
    for table, schema in TABLES.items():
        for path in (dataset / table).glob("*.parquet"):
            stored = pq.read_schema(path)
            assert stored.equals(schema)
            assert stored.metadata[b"duiyi.schema_version"] == b"1"


def test_segments_join_to_the_text(dataset: Path) -> None:
    table = open_dataset(dataset).segments.to_table().to_pandas()
    for _, rows in table.groupby("doc_id"):
        text = "".join(rows.sort_values("segment")["text"])
        assert text in {f"Hello there.\n第{number}次见面。我们 go 吧。\n" for number in range(40)}


def test_a_document_stands_in_one_file_and_is_replaced_whole(dataset: Path) -> None:
    writer = DatasetWriter(dataset, WritingSettings(buckets=3))
    assert writer.buckets == 32, "an existing dataset keeps its buckets"
    before = {path: path.read_bytes() for path in dataset.glob("*/*.parquet")}
    writer.commit(rows_of("file:///d/7.txt", "只有一句。", english=None))
    changed = [path for path, content in before.items() if path.read_bytes() != content]
    assert len({path.name for path in changed}) == 1
    found = open_dataset(dataset)
    assert found.documents.count_rows() == 41
    pairs = found.pairs.to_table().to_pandas()
    mine = pairs[pairs["source_uri"] == "file:///d/7.txt"]
    assert mine["zh"].tolist() == ["只有一句。"]
    assert mine["en"].isna().all()
    assert mine["flags"].tolist()[0].tolist() == ["empty"]
    assert not list(dataset.glob("*/.*.tmp"))


def test_pair_ids_are_stable_and_tell_repeats_apart(tmp_path: Path) -> None:
    ids = [row["pair_id"] for row in rows_of("file:///x", "好的。\n好的。\n好的。").pairs]
    assert len(set(ids)) == 3
    assert ids == [row["pair_id"] for row in rows_of("file:///x", "Hi.\n好的。\n好的。\n好的。").pairs]


def test_what_is_stored_is_known_by_content(dataset: Path) -> None:
    doc_id = hashlib.sha256(b"file:///d/broken.pdf").hexdigest()[:32]
    stored = stored_documents(dataset)[doc_id]
    assert (stored.status, stored.error) == ("failed", "is encrypted")
    assert stored_documents(dataset / "nowhere") == {}


def test_a_full_disk_keeps_the_old_state(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in dataset.glob("*/*.parquet")}

    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(StoppedError, match="no space left"):
        DatasetWriter(dataset, WritingSettings()).commit(rows_of("file:///d/7.txt", "改了。"))
    assert {path: path.read_bytes() for path in dataset.glob("*/*.parquet")} == before


def test_folders_that_are_no_dataset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no duiyi dataset"):
        open_dataset(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        DatasetWriter(tmp_path / "file", WritingSettings())


def test_a_dataset_of_a_later_version_is_refused(dataset: Path) -> None:
    path = next((dataset / "documents").glob("*.parquet"))
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({b"duiyi.schema_version": b"2", b"duiyi.buckets": b"32"}), path)
    for other in (dataset / "documents").glob("*.parquet"):
        if other != path:
            other.unlink()
    with pytest.raises(UsageError, match="schema version 2"):
        open_dataset(dataset)
