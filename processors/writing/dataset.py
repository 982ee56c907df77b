"""A dataset on disk: three tables, each a fixed number of Parquet files ("buckets") by ``doc_id``.

A document's rows of one table stand in the one file of its bucket. A commit stages its rows (`staging`); now and then what is staged is
merged into the buckets (`merging`): the new file is written beside the old one and renamed over it, so a reader sees either, never half
of one. ``documents`` comes last: a document counts as done only when its other rows are in place. Staged rows are removed when all of
them are in their buckets, so a process may end anywhere: the next merge does the rest, or does the same again.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.dataset as pads
from filelock import FileLock, Timeout

from ..errors import DISK_FULL, StoppedError, UsageError
from ..settings import WritingSettings
from . import files
from .layout import Layout, has_documents, stored_layout, table_files
from .merging import merge_sets
from .rows import Columns, Rows
from .schema import TABLES
from .staging import FOLDER as STAGING_FOLDER
from .staging import GONE, Staging
from .stored import StoredDocuments, dataset_state, load_stored

LOCK_FILE = ".duiyi.lock"
"""Held while something is staged, for milliseconds."""
MERGE_LOCK_FILE = ".duiyi.merge.lock"
"""Held while staged rows are merged into the buckets, which nobody else does then; others go on staging."""
LOCK_SECONDS = 300
_QUICK_BYTES = 256 * 2**20
_LARGEST_SHARE = 20
"""Merges that are due by time take at most one part in so many of a run's time, and reloads of what is stored too."""


class Dataset(NamedTuple):
    """A dataset opened for reading."""

    pairs: pads.Dataset
    segments: pads.Dataset
    documents: pads.Dataset


def open_dataset(folder: str | Path) -> Dataset:
    """The three tables of the dataset in ``folder`` as they are now; columns that an older version did not have are null.

    What runs write later is not seen: the files are held open, and open it again to see the newer ones.

    Raises:
        UsageError: there is no dataset, or a later version of duiyi wrote it.
    """
    root = Path(folder)
    if not has_documents(root):
        raise UsageError(
            f"{root} holds no duiyi dataset (no documents/*.parquet); write one with: duiyi run INPUT --out {root}"
        )
    stored_layout(root)
    return Dataset(*(_opened(table_files(root, name), schema) for name, schema in TABLES.items()))


def _opened(paths: list[Path], schema: pa.Schema) -> pads.Dataset:
    """One table. By its paths pyarrow would open a file again for each scan, but keep the footer of the one it replaced."""
    parquet = pads.ParquetFileFormat()
    fragments = [parquet.make_fragment(pa.OSFile(str(path))) for path in paths]
    return pads.FileSystemDataset(fragments, schema, parquet)


class DatasetWriter:
    """Writes documents into the dataset in ``folder``, replacing what it held of them."""

    def __init__(self, folder: Path, settings: WritingSettings) -> None:
        """Open or create the dataset.

        Raises:
            UsageError: the folder cannot be written, or holds a dataset of a later version.
            StoppedError: the disk is full.
        """
        self._root = folder
        self._settings = settings
        self._lock = FileLock(folder / LOCK_FILE)
        self._merge_lock = FileLock(folder / MERGE_LOCK_FILE)
        try:
            for table in TABLES:
                files.make_folder(folder / table)
            for written in (folder, *(folder / name for name in (*TABLES, STAGING_FOLDER, LOCK_FILE, MERGE_LOCK_FILE))):
                if written.exists() and not os.access(written, os.W_OK | (os.X_OK if written.is_dir() else 0)):
                    raise PermissionError(errno.EACCES, f"no permission to write {written.name}")
        except (FileExistsError, NotADirectoryError) as error:
            raise UsageError(f"--out {folder} is a file, not a folder; name another") from error
        except OSError as error:
            if error.errno in DISK_FULL:
                raise StoppedError(f"no space left to write {folder}; free some and run again") from error
            raise UsageError(f"cannot write to {folder}: {error.strerror or error}; name another --out") from error
        self.layout = stored_layout(folder) or Layout(settings.buckets)
        self._staging = Staging(folder)
        self._state = dataset_state(folder)
        """As this writer left it; in any other state, somebody else wrote since."""
        self._stored: StoredDocuments | None = None
        self._loaded_at = self._load_seconds = 0.0
        self._merged_at, self._merge_seconds = time.monotonic(), 0.0

    def stored(self) -> StoredDocuments:
        """What is stored of each document, but for what this writer has committed since it was loaded.

        When others write meanwhile it is loaded again, though not so often that this takes much of a run's time.
        """
        soon = time.monotonic() - self._loaded_at < _LARGEST_SHARE * (self._load_seconds - 0.1)
        if self._stored is None or (not soon and dataset_state(self._root) != self._state):
            self._loaded_at = time.monotonic()
            self._stored, self._state = load_stored(self._root)
            self._load_seconds = time.monotonic() - self._loaded_at
        return self._stored

    def commit(self, rows: Rows) -> None:
        """Store the documents of ``rows``, in place of all that was stored of them.

        Raises:
            StoppedError: the disk is full, or another run holds the dataset for minutes. What was stored stays.
        """
        documents = Columns("documents")
        documents.extend(rows.documents)
        for doc_id in rows.gone:
            documents.add(
                doc_id=doc_id, source_uri="", status=GONE, run_id="", processed_at=datetime.fromtimestamp(0, UTC)
            )
        tables = {"pairs": rows.pairs.table(), "segments": rows.segments.table(), "documents": documents.table()}
        with self._holding(self._lock):
            undisturbed = self._look()
            try:
                self._staging.add(tables, self.layout, self._settings)
            finally:
                if undisturbed:
                    self._state = dataset_state(self._root)
        if self._merge_is_due():
            self.merge(wait=False)

    @property
    def is_merged(self) -> bool:
        """Whether all that was committed is in its place, and no killed run left anything."""
        return not self._staging.sets() and not self._leftovers()

    def merge(self, *, wait: bool = True) -> None:
        """Put all that is staged into the buckets, by this or another run, killed ones too, and clear up after those.

        Only one process does so at a time; the others go on committing. Without ``wait`` nothing is done here while
        another one is at it.

        Raises:
            StoppedError: as `commit`.
        """
        if self.is_merged:
            return
        try:
            with self._holding(self._merge_lock, LOCK_SECONDS if wait else 0):
                self._merge()
        except _HeldByAnotherError:
            if wait:
                raise

    def merge_if_quick(self) -> None:
        """The same, but not where it would take more than a few seconds: the next run will do it.

        Raises:
            StoppedError: as `commit`.
        """
        if self._stored_bytes() <= _QUICK_BYTES:
            self.merge(wait=False)

    def _merge(self) -> None:
        started = time.monotonic()
        with self._holding(self._lock):
            undisturbed = self._look()
            for path in self._leftovers():
                files.unlink(path)
            sets = self._staging.sets()
        try:
            merge_sets(sets, self._root, self.layout, self._settings)
        finally:
            with self._holding(self._lock):
                for path in self._staging.leftovers():
                    files.unlink(path)
        with self._holding(self._lock):  # whoever stages takes the next free number: none may be freed meanwhile
            self._staging.remove(sets)
            if undisturbed and not self._staging.sets():
                self._state = dataset_state(self._root)
        self._merged_at = time.monotonic()
        self._merge_seconds = self._merged_at - started

    def _look(self) -> bool:
        """Under the lock: whether nobody else wrote since this writer looked; the layout is taken over where one did."""
        if dataset_state(self._root) == self._state:
            return True
        self.layout = stored_layout(self._root) or self.layout
        return False

    def _leftovers(self) -> list[Path]:
        """What killed runs left half written. To be trusted, and removed, only under the lock."""
        buckets = (path for table in TABLES for path in sorted((self._root / table).glob(".*.tmp")))
        return [*self._staging.leftovers(), *buckets]

    def _merge_is_due(self) -> bool:
        """Whether merging now keeps the work in proportion.

        By size: what is staged is a good part of what is stored, so that each row is rewritten a few times only. By
        time: readers should see what a long run has done.
        """
        if not has_documents(self._root):
            return True
        waited = time.monotonic() - self._merged_at
        return self._staging.bytes() > max(self._settings.staged_bytes, self._stored_bytes() / 4) or waited > max(
            self._settings.merge_seconds, _LARGEST_SHARE * self._merge_seconds
        )

    def _stored_bytes(self) -> int:
        return sum(path.stat().st_size for table in TABLES for path in table_files(self._root, table))

    @contextmanager
    def _holding(self, lock: FileLock, seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """Hold a lock, and say in a line what the storage has against it."""
        try:
            lock.acquire(timeout=seconds)
        except Timeout as error:
            raise _HeldByAnotherError(
                f"another run has held {self._root} for five minutes; run again when it is done"
            ) from error
        try:
            yield
        except OSError as error:
            if error.errno in DISK_FULL:
                raise StoppedError(
                    f"no space left to write {self._root}; what was stored before is whole; free some and run again"
                ) from error
            raise
        finally:
            lock.release()


class _HeldByAnotherError(StoppedError):
    """Another process has the lock."""
