"""The dataset: typed tables that every reader opens with the contract's glob, replaced whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from dataset_runs import RUN, files_of, rows_of, same_rows
from duiyi.processors.errors import StoppedError, UsageError
from duiyi.processors.records import Unread, document_id
from duiyi.processors.settings import WritingSettings
from duiyi.processors.writing import (
    DatasetWriter,
    Rows,
    Stored,
    StoredDocuments,
    files,
    merging,
    open_dataset,
    schema,
    stored_documents,
    unread_rows,
)
from duiyi.processors.writing import dataset as writing_dataset
from duiyi.processors.writing.layout import Layout, table_files
from duiyi.processors.writing.schema import TABLES
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    writer = DatasetWriter(tmp_path / "ds", WritingSettings())
    rows = Rows()
    for number in range(40):
        rows.extend(rows_of(f"file:///d/{number}.txt", f"Hello there.\n第{number}次见面。我们 go 吧。\n"))
    rows.extend(unread_rows([Unread("file:///d/broken.pdf", "failed", "is encrypted")], RUN))
    writer.commit(rows)  # the first commit of a dataset is merged at once
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
    for table, expected in TABLES.items():
        for path in (dataset / table).glob("*.parquet"):
            stored = pq.read_schema(path)
            assert stored.equals(expected)
            assert stored.metadata[b"duiyi.schema_version"] == b"1"


def test_segments_join_to_the_text(dataset: Path) -> None:
    table = open_dataset(dataset).segments.to_table().to_pandas()
    for _, rows in table.groupby("doc_id"):
        text = "".join(rows.sort_values("segment")["text"])
        assert text in {f"Hello there.\n第{number}次见面。我们 go 吧。\n" for number in range(40)}


def test_a_document_stands_in_one_file_and_is_replaced_whole(dataset: Path) -> None:
    writer = DatasetWriter(dataset, WritingSettings(buckets=3))
    assert writer.layout.buckets == 32, "an existing dataset keeps its buckets"
    before = {path: path.read_bytes() for path in dataset.glob("*/*.parquet")}
    writer.commit(rows_of("file:///d/7.txt", "只有一句。", english=None))
    writer.merge()
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


def test_rows_are_the_same_by_columns_and_one_by_one() -> None:
    rows = rows_of("file:///long.txt", "Hello there.\nLet us 去 now. 好的。\n" * 5)
    for made, name in ((rows.pairs, "pairs"), (rows.segments, "segments"), (rows.documents, "documents")):
        assert pa.Table.from_pylist(list(made), schema=TABLES[name]) == made.table()
        assert made.table().num_rows == len(made) > 0
        with pytest.raises(KeyError, match="no such column: colour"):
            made.add(colour="red")


def test_an_opened_dataset_stays_as_it_was_while_buckets_are_replaced(dataset: Path) -> None:
    opened = open_dataset(dataset)
    before = [table.to_table() for table in opened]
    writer = DatasetWriter(dataset, WritingSettings())
    for number in range(40):
        writer.commit(rows_of(f"file:///d/{number}.txt", "改了，而且长了一些。\n" * (number + 1)))
    writer.merge()
    assert [table.to_table() for table in opened] == before
    assert [table.count_rows() for table in opened] == [80, 80, 41]
    assert open_dataset(dataset).segments.to_table() != before[1]


def test_pair_ids_are_stable_and_tell_repeats_apart(tmp_path: Path) -> None:
    ids = [row["pair_id"] for row in rows_of("file:///x", "好的。\n好的。\n好的。").pairs]
    assert len(set(ids)) == 3
    assert ids == [row["pair_id"] for row in rows_of("file:///x", "Hi.\n好的。\n好的。\n好的。").pairs]


def test_what_is_stored_is_known_by_content(dataset: Path) -> None:
    stored = stored_documents(dataset)
    broken = stored.get(document_id("file:///d/broken.pdf"))
    assert broken is not None
    assert (broken.status, broken.error, broken.content_sha256) == ("failed", "is encrypted", None)
    assert stored.failures == {"file:///d/broken.pdf": {document_id("file:///d/broken.pdf")}}
    good = stored.get(document_id("file:///d/7.txt"))
    assert good == Stored(
        hashlib.sha256("Hello there.\n第7次见面。我们 go 吧。\n".encode()).hexdigest(), "ok", "f" * 64, None, 2, 2
    )
    assert stored.get("0" * 32) is None
    assert len(stored_documents(dataset / "nowhere")) == 0


@pytest.mark.parametrize("broken_at", range(12))
def test_a_full_disk_keeps_the_old_state(dataset: Path, broken_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """While rows are staged (the first three files), and while they are merged."""
    before = same_rows(dataset)
    written = 0

    def full(writer: pq.ParquetWriter, path: Path) -> None:
        nonlocal written
        written += 1
        if written > broken_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        finish(writer, path)

    finish = files.finish
    writer = DatasetWriter(dataset, WritingSettings())
    rows = Rows()
    for number in range(8):
        rows.extend(rows_of(f"file:///d/{number}.txt", "改了。"))
    monkeypatch.setattr(files, "finish", full)
    with pytest.raises(StoppedError, match="no space left"):
        writer.commit(rows)
        writer.merge()
    monkeypatch.undo()
    if broken_at < 3:
        assert same_rows(dataset) == before
        assert not list((dataset / ".staging").iterdir())
    assert open_dataset(dataset).documents.count_rows() == 41
    writer = DatasetWriter(dataset, WritingSettings())
    writer.commit(rows)
    writer.merge()
    changed = open_dataset(dataset).segments.filter(pc.field("text") == "改了。").count_rows()
    assert changed == 8
    assert not list(dataset.glob("**/.*.tmp"))


def test_what_is_committed_waits_beside_the_tables_and_counts_as_stored(dataset: Path) -> None:
    writer = DatasetWriter(dataset, WritingSettings())
    before = files_of(dataset)
    writer.commit(rows_of("file:///d/7.txt", "改了。"))
    writer.commit(rows_of("file:///d/new.txt", "新的。"))
    writer.commit(rows_of("file:///d/7.txt", "又改了。"))
    writer.commit(Rows(gone=[document_id("file:///d/8.txt")]))
    assert {name: file for name, file in files_of(dataset).items() if name in before and "lock" not in name} == {
        name: file for name, file in before.items() if "lock" not in name
    }
    assert duckdb.sql(f"select count(*) from '{dataset}/**/*.parquet'").fetchall() != [], "staged files are hidden"
    stored = DatasetWriter(dataset, WritingSettings()).stored()
    assert len(stored) == 41
    changed = stored.get(document_id("file:///d/7.txt"))
    assert changed is not None
    assert changed.content_sha256 == hashlib.sha256("又改了。".encode()).hexdigest()
    assert stored.get(document_id("file:///d/8.txt")) is None

    other = DatasetWriter(dataset, WritingSettings())
    other.merge()
    found = open_dataset(dataset)
    texts = found.segments.to_table().to_pandas().groupby("doc_id")["text"].sum()
    assert texts[document_id("file:///d/7.txt")] == "又改了。"
    assert texts[document_id("file:///d/new.txt")] == "新的。"
    assert document_id("file:///d/8.txt") not in texts
    assert found.documents.count_rows() == 41
    assert writer.is_merged
    merged = files_of(dataset)
    writer.merge()
    assert files_of(dataset) == merged, "what is merged is not merged again"


@settings(max_examples=12, deadline=None)
@given(
    commits=st.lists(st.dictionaries(st.integers(0, 8), st.integers(0, 3), min_size=1, max_size=4), max_size=8),
    merges=st.sets(st.integers(0, 8)),
    memory=st.sampled_from([1, 10_000, 2**26]),
    by_remainder=st.booleans(),
)
def test_any_commits_and_merges_leave_the_last_rows_of_each_document(
    commits: list[dict[int, int]], merges: set[int], memory: int, by_remainder: bool
) -> None:
    """However much of what is staged fits into memory, and whichever way the documents are put into buckets."""
    expected: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "MEMORY_BYTES", memory)
        root = Path(folder)
        chosen = WritingSettings(buckets=2, row_group_rows=3)
        writer = DatasetWriter(root, chosen)
        writer.layout = Layout(2, by_remainder)
        for number, commit in enumerate(commits):
            rows = Rows()
            for document, version in commit.items():
                uri = f"file:///{document}"
                if version == 0:
                    rows.gone.append(document_id(uri))
                    expected.pop(document_id(uri), None)
                else:
                    expected[document_id(uri)] = "好的。" * version + "\n" + "Fine.\n" * version
                    rows.extend(rows_of(uri, expected[document_id(uri)]))
            writer.commit(rows)
            if number in merges:
                writer.merge()
        writer.merge()
        if not commits:
            return
        found = open_dataset(root)
        segments = found.segments.to_table().to_pandas().sort_values(["doc_id", "segment"])
        assert segments.groupby("doc_id")["text"].sum().to_dict() == expected
        assert sorted(found.documents.to_table()["doc_id"].to_pylist()) == sorted(expected)
        for table in TABLES:
            for path in table_files(root, table):
                ids = pq.read_table(path)["doc_id"].to_pylist()
                assert ids == sorted(ids)
                assert {writer.layout.bucket(doc_id) for doc_id in ids} <= {int(path.stem)}


def test_work_that_another_writer_did_is_seen(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_dataset, "_LARGEST_SHARE", 0)  # however slow the machine is
    writer, other = DatasetWriter(dataset, WritingSettings()), DatasetWriter(dataset, WritingSettings())
    known = writer.stored()
    writer.commit(rows_of("file:///d/mine.txt", "我的。"))
    assert writer.stored() is known, "one's own commits are no news"
    other.commit(rows_of("file:///d/theirs.txt", "他们的。"))
    assert writer.stored().get(document_id("file:///d/theirs.txt"))
    writer.merge()
    again = writer.stored()
    other.merge()
    assert writer.stored() is again


def test_others_commit_while_one_merges_and_the_latest_rows_win(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The merge stops between its buckets for as long as it takes another writer to commit, to the same documents too."""
    monkeypatch.setattr(writing_dataset, "_LARGEST_SHARE", 0)  # however slow the machine is
    writer, other = DatasetWriter(dataset, WritingSettings()), DatasetWriter(dataset, WritingSettings())
    known = writer.stored()
    rows = Rows()
    for number in range(10):
        rows.extend(rows_of(f"file:///d/{number}.txt", "旧的。"))
    writer.commit(rows)
    latest = Rows()
    for number in (3, 4, 99):
        latest.extend(rows_of(f"file:///d/{number}.txt", "新的。"))
    replace_files, replaced = files.replace_files, []

    def slowly(*arguments: Any) -> None:
        replace_files(*arguments)
        replaced.append(arguments)
        if len(replaced) == 2:
            other.commit(latest)  # does not wait
            other.merge(wait=False)  # somebody is at it

    monkeypatch.setattr(files, "replace_files", slowly)
    writer.merge()
    assert len(replaced) > 3
    assert not writer.is_merged, "what came meanwhile waits for the next merge"
    assert writer.stored() is not known, "and is news to who merged"
    other.merge()
    assert writer.is_merged
    texts = open_dataset(dataset).segments.to_table().to_pandas().groupby("doc_id")["text"].sum()
    for number, text in {2: "旧的。", 3: "新的。", 4: "新的。", 99: "新的。"}.items():
        assert texts[document_id(f"file:///d/{number}.txt")] == text
    assert open_dataset(dataset).documents.count_rows() == 42


def test_what_is_stored_takes_less_than_a_hundred_bytes_a_document() -> None:
    number = 20_000
    ids = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(number)]
    rows = pa.table(
        {
            "doc_id": [name[:32] for name in ids],
            "source_uri": [f"file:///a/rather/long/path/to/some/document-{n}.txt" for n in range(number)],
            "content_sha256": ids,
            "status": ["ok"] * number,
            "config_sha256": ["f" * 64] * number,
            "error": pa.nulls(number, pa.string()),
            "zh_characters": [n % 2 for n in range(number)],
            "pairs_machine": [n % 3 for n in range(number)],
            "pairs_author": [n % 2 for n in range(number)],
        }
    )
    tracemalloc.start()
    stored = StoredDocuments([rows])
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert size < 100 * number
    assert [stored.at(stored.position(name[:32]) or 0).content_sha256 for name in ids[:50]] == ids[:50]
    assert stored.doc_id(stored.position(ids[5][:32]) or 0) == ids[5][:32]


def test_folders_that_are_no_dataset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no duiyi dataset"):
        open_dataset(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        DatasetWriter(tmp_path / "file", WritingSettings())


@pytest.mark.parametrize("protected", ["pairs", ".staging", ".duiyi.lock"])
def test_a_dataset_that_another_user_wrote_is_refused_before_anything_is_done(protected: str, dataset: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        shutil.copytree(dataset, folder, dirs_exist_ok=True)
        for path in (Path(folder), *Path(folder).rglob("*")):
            path.chmod(0o777)
        Path(folder, protected).chmod(0o555)
        is_root = os.geteuid() == 0
        if is_root:
            os.setreuid(65534, 0)
        try:
            with pytest.raises(UsageError, match=f"no permission to write {protected}"):
                DatasetWriter(Path(folder), WritingSettings())
        finally:
            if is_root:
                os.setreuid(0, 0)


def test_a_dataset_of_a_later_version_is_refused(dataset: Path) -> None:
    path = next((dataset / "documents").glob("*.parquet"))
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({b"duiyi.schema_version": b"2", b"duiyi.ranges": b"32"}), path)
    for refused in (open_dataset, stored_documents, lambda folder: DatasetWriter(folder, WritingSettings())):
        with pytest.raises(UsageError, match="schema version 2"):
            refused(dataset)


@pytest.fixture
def of_the_last_release(tmp_path: Path) -> Path:
    """Eight texts and a failure as duiyi 0.1.0 wrote them, in two buckets."""
    return Path(shutil.copytree(Path(__file__).parent / "data" / "dataset-0.1.0", tmp_path / "old"))


def test_a_dataset_of_the_last_release_is_gone_on_with(of_the_last_release: Path) -> None:
    writer = DatasetWriter(of_the_last_release, WritingSettings())
    assert len(writer.stored()) == 9
    rows = rows_of("file:///d/3.txt", "改了。")
    rows.extend(rows_of("file:///d/new.txt", "新的。"))
    writer.commit(rows)
    writer.merge()
    assert (
        sorted(path.name for path in of_the_last_release.glob("*/*.parquet")) == ["00.parquet"] * 3 + ["01.parquet"] * 3
    )
    found = open_dataset(of_the_last_release).segments.to_table().to_pandas().groupby("doc_id")["text"].sum()
    assert len(found) == 9
    assert found[document_id("file:///d/3.txt")] == "改了。"
    assert found[document_id("file:///d/4.txt")] == "Hello there.\n第4次见面。\n"


def test_a_dataset_of_an_older_schema_opens_and_is_upgraded_bucket_by_bucket(
    of_the_last_release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_writer = DatasetWriter(of_the_last_release, WritingSettings())
    old_writer.commit(rows_of("file:///d/staged-by-the-old.txt", "旧的。"))
    for name, more in (("documents", pa.field("title", pa.string())), ("pairs", pa.field("zh_length", pa.int32()))):
        monkeypatch.setitem(schema.TABLES, name, schema.TABLES[name].append(more))

    def upgrade(name: str, rows: pa.Table) -> pa.Table:
        if name != "pairs":
            return rows
        return rows.append_column("zh_length", pc.utf8_length(rows["zh"]).cast(pa.int32()))

    monkeypatch.setitem(schema.UPGRADES, 1, upgrade)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 2)
    opened = open_dataset(of_the_last_release)
    assert opened.documents.to_table(columns=["title"])["title"].to_pylist() == [None] * 9
    assert opened.pairs.to_table()["zh_length"].null_count == 8
    assert len(stored_documents(of_the_last_release)) == 10

    writer = DatasetWriter(of_the_last_release, WritingSettings())
    writer.merge()
    versions = sorted(
        pq.read_schema(path).metadata[b"duiyi.schema_version"] for path in of_the_last_release.glob("pairs/*.parquet")
    )
    assert versions == [b"1", b"2"], "the bucket that was written, and the other"
    pairs = open_dataset(of_the_last_release).pairs.to_table().to_pylist()
    assert len(pairs) == 9
    assert {pair["zh_length"] for pair in pairs} == {None, 3, 6}
    everything = Rows()
    for number in range(20):
        everything.extend(rows_of(f"file:///d/more-{number}.txt", "更多。"))
    writer.commit(everything)
    writer.merge()
    upgraded = open_dataset(of_the_last_release).pairs.to_table()
    assert sorted(upgraded["zh_length"].drop_null().to_pylist()) == [3, *[6] * 8]
    assert upgraded.num_rows == 29
