"""Every change the writer makes to the disk: all of them go through the first five functions here.

So they can be listed, and tests can end the process before and after each. A file appears under its name by one rename, when it is
complete and on the disk; until then it has a hidden name that ends in ``.tmp``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ..settings import WritingSettings

_GROUP_BYTES = 64 * 2**20
_WORDS = (
    "doc_id source_uri source_id kind origin zh_script zh_tokens.list.element en_tokens.list.element en_doc_id engine"
    " model flags.list.element run_id lang script embedded.list.element.lang format encoding status error config_sha256"
).split()
"""Columns whose values recur: these are written through a dictionary. Texts and hashes are not."""


def make_folder(folder: Path) -> None:
    """Make a folder, if there is none."""
    folder.mkdir(parents=True, exist_ok=True)


def write_group(writer: pq.ParquetWriter, rows: pa.Table) -> None:
    """Write one row group."""
    writer.write_table(rows, row_group_size=rows.num_rows)


def finish(writer: pq.ParquetWriter, path: Path) -> None:
    """Write the footer and wait until the file is on the disk."""
    writer.close()
    _sync(path)


def rename(old: Path, new: Path) -> None:
    """Give a file its name, in place of the one that has it."""
    old.replace(new)


def unlink(path: Path) -> None:
    """Remove a file, if it is there."""
    path.unlink(missing_ok=True)


class NewFile(NamedTuple):
    """A Parquet file to be written: its rows in their order, in pieces of any size."""

    path: Path
    schema: pa.Schema
    pieces: Iterable[pa.Table]


def replace_files(new: Sequence[NewFile], settings: WritingSettings) -> None:
    """Write all files, then rename them into place, one after the other, in this order.

    If anything fails before the renames, all is as it was.
    """
    temporary = [file.path.with_name(f".{file.path.name}.tmp") for file in new]
    try:
        for file, path in zip(new, temporary, strict=True):
            _write(path, file, settings)
        for file, path in zip(new, temporary, strict=True):
            rename(path, file.path)
    finally:
        for path in temporary:
            if path.exists():
                unlink(path)
    for folder in {file.path.parent for file in new}:
        _sync(folder)


def _write(path: Path, file: NewFile, settings: WritingSettings) -> None:
    writer = pq.ParquetWriter(
        path,
        file.schema,
        compression="zstd",
        compression_level=settings.compression_level,
        use_dictionary=_WORDS,
        write_page_index=True,
        store_schema=True,
    )
    try:
        for group in _groups(file.pieces, settings.row_group_rows):
            write_group(writer, group)
        finish(writer, path)
    finally:
        writer.close()  # a second time does nothing


def _groups(pieces: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The pieces as row groups: of ``rows`` rows each, or fewer where the rows are long."""
    pending: list[pa.Table] = []
    count = size = 0
    for piece in pieces:
        rest = piece
        while rest.num_rows:
            taken = rest.slice(0, rows - count)
            rest = rest.slice(taken.num_rows)
            pending.append(taken)
            count += taken.num_rows
            size += taken.nbytes
            if count >= rows or size >= _GROUP_BYTES:
                yield pa.concat_tables(pending).unify_dictionaries()
                pending, count, size = [], 0, 0
    if pending:
        yield pa.concat_tables(pending).unify_dictionaries()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
