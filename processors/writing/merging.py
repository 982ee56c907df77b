"""Putting staged rows into buckets, in bounded memory.

A bucket's files are sorted by ``doc_id``. They are read a row group at a time, and what is new up to the last document of the row
group is sorted in. What is new comes from *sources*: the staged sets read together, as many as fit into memory; where they don't, several,
written to disk sorted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from ..settings import WritingSettings
from . import files
from .layout import END, FIRST, Layout, bucket_path, without
from .schema import ORDER, TABLES, upgraded, version_of
from .staging import GONE, StagedSet

MEMORY_BYTES = 64 * 2**20
"""About how much of the staged rows is in memory at once."""


class Source(Protocol):
    """New rows, each document once."""

    def rows(self, table: str, start: str, end: str) -> pa.Table:
        """The rows of the documents from ``start`` to before ``end``."""
        ...


class _InMemory:
    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self._tables = {name: _sorted(name, rows).combine_chunks() for name, rows in tables.items()}

    def rows(self, table: str, start: str, end: str) -> pa.Table:
        rows = self._tables[table]
        ids = rows.column("doc_id")
        first, last = (bisect_left(range(len(ids)), edge, key=lambda at: ids[at].as_py()) for edge in (start, end))
        return rows.slice(first, last - first)


class _OnDisk:
    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._datasets = {name: pads.dataset(path, schema=TABLES[name]) for name, path in paths.items()}

    def rows(self, table: str, start: str, end: str) -> pa.Table:
        inside = (pc.field("doc_id") >= start) & (pc.field("doc_id") < end)
        return self._datasets[table].to_table(filter=inside)


def merge_sets(sets: Sequence[StagedSet], root: Path, layout: Layout, settings: WritingSettings) -> None:
    """Put the rows of all sets into their buckets, each document's in place of what the bucket had of it."""
    sources = _sources(sets, layout, settings)
    buckets = {
        layout.bucket(doc_id)
        for source in sources
        for doc_id in source.rows("documents", FIRST, END).column("doc_id").to_pylist()
    }
    for bucket in sorted(buckets):
        new = [
            files.NewFile(
                bucket_path(root, table, bucket),
                schema.with_metadata(layout.metadata()),
                _merged(table, bucket_path(root, table, bucket), bucket, sources, layout),
            )
            for table, schema in TABLES.items()  # documents last: a document counts when all its rows are there
        ]
        files.replace_files(new, settings)


def _sources(sets: Sequence[StagedSet], layout: Layout, settings: WritingSettings) -> list[Source]:
    """The sets' rows in sources, older first. Those that are written to disk are left over when done."""
    sources: list[Source] = []
    pending: list[dict[str, pa.Table]] = []
    size = 0
    for staged in sets:
        pending.append({table: staged.read(table) for table in TABLES})
        size += sum(rows.nbytes for rows in pending[-1].values())
        if size > MEMORY_BYTES and staged != sets[-1]:
            whole = _InMemory(_newest(pending))
            paths = {table: staged.folder / f".sorted-{len(sources)}.{table}.parquet" for table in TABLES}
            new = [
                files.NewFile(path, TABLES[table].with_metadata(layout.metadata()), [whole.rows(table, FIRST, END)])
                for table, path in paths.items()
            ]
            files.replace_files(new, settings.model_copy(update={"row_group_rows": 5_000}))
            sources.append(_OnDisk(paths))
            pending, size = [], 0
    if pending:
        sources.append(_InMemory(_newest(pending)))
    return sources


def _newest(parts: Sequence[Mapping[str, pa.Table]]) -> dict[str, pa.Table]:
    """The rows of several parts, older first: of a document that is in more than one, those of the last."""
    newest = {doc_id: number for number, part in enumerate(parts) for doc_id in part["documents"]["doc_id"].to_pylist()}
    found: dict[str, list[pa.Table]] = {table: [] for table in TABLES}
    for number, part in enumerate(parts):
        outdated = [doc_id for doc_id in part["documents"]["doc_id"].to_pylist() if newest[doc_id] != number]
        for table, rows in part.items():
            found[table].append(without(rows, pa.array(outdated, pa.string())))
    return {table: pa.concat_tables(rows) for table, rows in found.items() if rows}


def _merged(table: str, old: Path, bucket: int, sources: Sequence[Source], layout: Layout) -> Iterator[pa.Table]:
    """The bucket's rows of one table in order: those of ``old`` that are not replaced, and the new ones."""
    start, end = layout.span(bucket)
    if old.exists():
        with pq.ParquetFile(old) as file:
            version = version_of(file.schema_arrow.metadata, old)
            for group in range(file.num_row_groups):
                rows = upgraded(table, file.read_row_group(group), version)
                first, last = rows.column("doc_id")[0].as_py(), rows.column("doc_id")[-1].as_py()
                edge = last + "0"  # the last document belongs to this piece, though its rows may run on
                kept = without(rows, _new(sources, "documents", first, edge).column("doc_id"))
                yield _joined(table, kept, layout.mine(bucket, _new(sources, table, start, edge)))
                start = edge
    yield _joined(table, TABLES[table].empty_table(), layout.mine(bucket, _new(sources, table, start, end)))


def _new(sources: Sequence[Source], table: str, start: str, end: str) -> pa.Table:
    if len(sources) == 1:
        return sources[0].rows(table, start, end)
    wanted = {table, "documents"}
    return _newest([{name: source.rows(name, start, end) for name in wanted} for source in sources])[table]


def _joined(table: str, old: pa.Table, new: pa.Table) -> pa.Table:
    if table == "documents":
        new = new.filter(pc.not_equal(new.column("status"), GONE))
    return _sorted(table, pa.concat_tables([old, new])) if new.num_rows else old


def _sorted(table: str, rows: pa.Table) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in ORDER[table]])
