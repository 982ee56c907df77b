"""What a dataset knows of the documents it holds, in about sixty bytes a document."""

from __future__ import annotations

import os
from array import array
from binascii import unhexlify
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads

from ..records import file_of
from .layout import stored_layout, table_files
from .schema import TABLES
from .staging import FOLDER as STAGING_FOLDER
from .staging import GONE, Staging

COLUMNS = [
    "doc_id",
    "source_uri",
    "content_sha256",
    "status",
    "config_sha256",
    "error",
    "pairs_machine",
    "pairs_author",
]
_LISTING = {"documents": ".parquet", STAGING_FOLDER: ".documents.parquet"}
"""How the names of the files end that list documents, by folder."""
_NO_HASH = bytes(32)

State = frozenset[tuple[str, int, int, int]]
"""What tells one state of a dataset from the next: name, inode, time and size of the files that list its documents."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the dataset knows of a document that it holds."""

    content_sha256: str | None
    status: str
    config_sha256: str | None
    error: str | None
    pairs_machine: int
    pairs: int


class StoredDocuments:
    """What is stored of each document, in columns, sorted by ``doc_id``."""

    def __init__(self, tables: Iterable[pa.Table]) -> None:
        """From rows of the table ``documents`` (their `COLUMNS`); a later row of a document replaces an earlier one."""
        self._names: list[str | None] = []
        codes: dict[str | None, int] = {}
        ids, hashes, errors = [], [], []
        machine, author = [], []
        statuses: list[Any] = []
        configs: list[Any] = []
        failed: list[tuple[str, str]] = []
        for rows in tables:
            ids.append(np.frombuffer(_unhexed(rows.column("doc_id")), ">u8").reshape(-1, 2))
            content = rows.column("content_sha256").fill_null(_NO_HASH.hex())
            hashes.append(np.frombuffer(_unhexed(content), "V32"))
            for column, into in (("status", statuses), ("config_sha256", configs)):
                coded = rows.column(column).combine_chunks().dictionary_encode(null_encoding="encode")
                names = [codes.setdefault(name, len(codes)) for name in coded.dictionary.to_pylist()]
                into.append(np.array(names, np.int32)[coded.indices.to_numpy()])
            machine.append(rows.column("pairs_machine").fill_null(0).to_numpy())
            author.append(rows.column("pairs_author").fill_null(0).to_numpy())
            errors.append(rows.column("error").combine_chunks())
            unread = rows.filter(pa.compute.equal(rows.column("status"), "failed"))
            failed += zip(unread.column("doc_id").to_pylist(), unread.column("source_uri").to_pylist(), strict=True)
        self._names = list(codes)
        keys = np.concatenate(ids) if ids else np.empty((0, 2), ">u8")
        order = np.lexsort((keys[:, 1], keys[:, 0]))  # stable: of a document's rows the newest is the last
        ordered = keys[order]
        last = np.ones(len(order), bool)
        last[:-1] = (ordered[1:] != ordered[:-1]).any(axis=1)
        kept = order[last]
        if kept.size:
            kept = kept[np.concatenate(statuses)[kept] != codes.get(GONE, -1)]
        self._high, self._low = (array("Q", keys[kept, part].astype("=u8").tobytes()) for part in (0, 1))
        self._hashes = np.concatenate(hashes)[kept] if hashes else np.empty(0, "V32")
        self._statuses = np.concatenate(statuses)[kept] if statuses else np.empty(0, np.int32)
        self._configs = np.concatenate(configs)[kept] if configs else np.empty(0, np.int32)
        self._machine, self._author = (
            np.concatenate(counts)[kept].astype(np.int32) if counts else np.empty(0, np.int32)
            for counts in (machine, author)
        )
        self._errors = pa.chunked_array(errors, pa.string()).take(pa.array(kept)).combine_chunks()
        self.failures: dict[str, set[str]] = {}
        """Ids of documents that failed, by their file's URI."""
        for doc_id, source_uri in failed:
            found = self.get(doc_id)
            if found is not None and found.status == "failed":
                self.failures.setdefault(file_of(source_uri), set()).add(doc_id)

    def __len__(self) -> int:
        return len(self._high)

    def position(self, doc_id: str) -> int | None:
        """Where a document stands among the others, None if it is not stored."""
        high, low = int(doc_id[:16], 16), int(doc_id[16:], 16)
        at = bisect_left(self._high, high)
        while at < len(self._high) and self._high[at] == high:
            if self._low[at] == low:
                return at
            at += 1
        return None

    def doc_id(self, position: int) -> str:
        """The document that stands there."""
        return f"{self._high[position]:016x}{self._low[position]:016x}"

    def get(self, doc_id: str) -> Stored | None:
        """What is stored of a document, if it is."""
        at = self.position(doc_id)
        return None if at is None else self.at(at)

    def at(self, position: int) -> Stored:
        """What is stored of the document that stands there."""
        content = self._hashes[position].tobytes()
        return Stored(
            content_sha256=None if content == _NO_HASH else content.hex(),
            status=self._names[self._statuses[position]] or "",
            config_sha256=self._names[self._configs[position]],
            error=self._errors[position].as_py(),
            pairs_machine=int(self._machine[position]),
            pairs=int(self._machine[position] + self._author[position]),
        )


def _unhexed(column: pa.ChunkedArray) -> bytes:
    """The bytes that hexadecimal strings of one length stand for, all together."""
    return b"".join(
        unhexlify(memoryview(chunk.buffers()[2])[_offset(chunk, 0) : _offset(chunk, len(chunk))])
        for chunk in column.chunks
        if len(chunk)
    )


def _offset(strings: pa.StringArray, at: int) -> int:
    return int(np.frombuffer(strings.buffers()[1], np.int32)[strings.offset + at])


def stored_documents(folder: Path) -> StoredDocuments:
    """What the dataset in ``folder`` holds of each document, staged ones too; nothing where there is no dataset yet.

    Raises:
        UsageError: a file is broken, or a later version of duiyi wrote it.
    """
    return load_stored(folder)[0]


def load_stored(root: Path) -> tuple[StoredDocuments, State]:
    """What is stored, and the state in which that was so."""
    before = dataset_state(root)
    stored_layout(root)
    return StoredDocuments(document_tables(root, COLUMNS)), before


def dataset_state(root: Path) -> State:
    """The state of the dataset: it differs after every commit."""
    state = set()
    for folder in (root / "documents", root / STAGING_FOLDER):
        if not folder.is_dir():
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.name.endswith(_LISTING[folder.name]):
                    with suppress(FileNotFoundError):
                        found = entry.stat()
                        state.add((entry.name, found.st_ino, found.st_mtime_ns, found.st_size))
    return frozenset(state)


def document_tables(root: Path, columns: list[str]) -> Iterator[pa.Table]:
    """Some columns of the table ``documents``, file by file, what is staged last, later after earlier.

    No lock is needed: what is staged is read first, so that a document on its way into a bucket is met in one of both.
    """
    staged: list[pa.Table] = []
    for one in Staging(root).sets():
        try:
            staged.append(one.read("documents", columns))
        except FileNotFoundError:  # another run has merged it since
            continue
    for path in table_files(root, "documents"):
        yield pads.dataset(path, schema=TABLES["documents"], format="parquet").to_table(columns=columns)
    yield from staged


def stored_uris(root: Path) -> Iterator[tuple[str, str]]:
    """``doc_id`` and ``source_uri`` of all documents that the dataset holds; some may come twice."""
    for rows in document_tables(root, ["doc_id", "source_uri"]):
        yield from zip(rows.column("doc_id").to_pylist(), rows.column("source_uri").to_pylist(), strict=True)
