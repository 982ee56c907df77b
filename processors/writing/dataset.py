"""A dataset on disk: three tables, each a fixed number of Parquet files ("buckets") by ``doc_id``.

A document's rows of one table stand in the one file of its bucket. A commit writes the new file beside the old one
and renames it over it, so a reader sees either, never half of one. ``documents`` comes last: a document counts as done only when
its other rows are in place.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from ..errors import StoppedError, UsageError
from ..settings import WritingSettings
from .rows import Row, Rows
from .schema import ORDER, SCHEMA_VERSION, TABLES, VERSION_KEY

BUCKETS_KEY = b"duiyi.buckets"
LOCK_FILE = ".duiyi.lock"


class Dataset(NamedTuple):
    """A dataset opened for reading."""

    pairs: pads.Dataset
    segments: pads.Dataset
    documents: pads.Dataset


@dataclass(frozen=True, slots=True)
class Stored:
    """What the dataset knows of a document that it holds."""

    source_uri: str
    content_sha256: str | None
    status: str
    config_sha256: str | None
    error: str | None
    zh_characters: int | None


def open_dataset(folder: str | Path) -> Dataset:
    """The three tables of the dataset in ``folder``.

    Raises:
        UsageError: there is no dataset, or a later version of duiyi wrote it.
    """
    root = Path(folder)
    if not any((root / "documents").glob("*.parquet")):
        raise UsageError(
            f"{root} holds no duiyi dataset (no documents/*.parquet); write one with: duiyi run INPUT --out {root}"
        )
    _stored_buckets(root)
    return Dataset(
        *(pads.dataset(_files(root, name), schema=schema, format="parquet") for name, schema in TABLES.items())
    )


def _files(root: Path, table: str) -> list[str]:
    return [str(path) for path in sorted((root / table).glob("*.parquet"))]


def _stored_buckets(root: Path) -> int | None:
    """The number of buckets an existing dataset has; None where there is none yet."""
    for path in sorted(path for table in TABLES for path in (root / table).glob("*.parquet")):
        try:
            metadata = pq.read_schema(path).metadata or {}
        except (pa.ArrowException, OSError) as error:
            raise UsageError(f"{path} is not a readable Parquet file: {error}") from error
        version = int(metadata.get(VERSION_KEY, b"0"))
        if version != SCHEMA_VERSION:
            raise UsageError(
                f"{root} has schema version {version}, this duiyi reads {SCHEMA_VERSION}; use the duiyi that wrote it or another --out"
            )
        return int(metadata[BUCKETS_KEY])
    return None


def stored_documents(folder: Path) -> dict[str, Stored]:
    """What the dataset in ``folder`` holds of each document, by ``doc_id``; empty where there is no dataset yet."""
    files = _files(folder, "documents")
    if not files:
        return {}
    _stored_buckets(folder)
    columns = ["doc_id", "source_uri", "content_sha256", "status", "config_sha256", "error", "zh_characters"]
    table = pads.dataset(files, schema=TABLES["documents"], format="parquet").to_table(columns=columns)
    values = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    return {doc_id: Stored(*rest) for doc_id, *rest in values}


class DatasetWriter:
    """Writes documents into the dataset in ``folder``, replacing what it held of them."""

    def __init__(self, folder: Path, settings: WritingSettings) -> None:
        """Open or create the dataset.

        Raises:
            UsageError: the folder cannot be written, or holds a dataset of another version.
        """
        self._root = folder
        self._settings = settings
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for table in TABLES:
                (folder / table).mkdir(exist_ok=True)
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except FileExistsError as error:
            raise UsageError(f"--out {folder} is a file, not a folder; name another") from error
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StoppedError(f"no space left to write {folder}; free some and run again") from error
            raise UsageError(f"cannot write to {folder}: {error.strerror or error}; name another --out") from error
        self.buckets = _stored_buckets(folder) or settings.buckets
        self._lock = FileLock(folder / LOCK_FILE)

    def stored(self) -> dict[str, Stored]:
        """What is stored of each document, by ``doc_id``."""
        return stored_documents(self._root)

    def commit(self, rows: Rows) -> None:
        """Store the documents of ``rows``, in place of all that was stored of them.

        Raises:
            StoppedError: the disk is full, or another run holds the dataset for minutes. What was stored stays.
        """
        buckets: dict[int, Rows] = {}
        for table in TABLES:
            row: Row
            for row in getattr(rows, table):
                bucket = buckets.setdefault(int(row["doc_id"], 16) % self.buckets, Rows())
                getattr(bucket, table).append(row)
        for doc_id in rows.gone:
            buckets.setdefault(int(doc_id, 16) % self.buckets, Rows()).gone.append(doc_id)
        try:
            with self._locked():
                for number, bucket in sorted(buckets.items()):
                    documents = [*(row["doc_id"] for row in bucket.documents), *bucket.gone]
                    replaced = pa.array(documents, pa.string())
                    for table in TABLES:
                        self._replace(table, number, replaced, getattr(bucket, table))
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StoppedError(
                    f"no space left to write {self._root}; what was stored before is whole; free some and run again"
                ) from error
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with self._lock.acquire(timeout=300):
                yield
        except Timeout as error:
            raise StoppedError(
                f"another run has held {self._root} for five minutes; run again when it is done"
            ) from error

    def _replace(self, table: str, number: int, replaced: pa.Array, rows: list[Row]) -> None:
        schema = TABLES[table].with_metadata(
            {VERSION_KEY: str(SCHEMA_VERSION).encode(), BUCKETS_KEY: str(self.buckets).encode()}
        )
        path = self._root / table / f"{number:02d}.parquet"
        new = pa.Table.from_pylist([_complete(row, schema) for row in rows], schema=schema)
        if path.exists():
            old = pq.read_table(path, schema=TABLES[table]).replace_schema_metadata(schema.metadata)
            kept = old.filter(pc.invert(pc.is_in(old.column("doc_id"), value_set=replaced)))
            new = pa.concat_tables([kept, new]).unify_dictionaries()
        new = new.sort_by([(name, "ascending") for name in ORDER[table]])
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            pq.write_table(
                new,
                temporary,
                compression="zstd",
                compression_level=self._settings.compression_level,
                row_group_size=self._settings.row_group_rows,
                write_page_index=True,
                store_schema=True,
            )
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _complete(row: Row, schema: pa.Schema) -> dict[str, Any]:
    unknown = row.keys() - set(schema.names)
    if unknown:
        raise KeyError(f"no such column: {', '.join(sorted(unknown))}")
    return row
