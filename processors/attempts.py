"""Which documents a run was at when it was killed: those that kill every run are set aside.

A run notes the documents that it is at in a small file of its own, which it removes when it ends in an orderly way. What a killed run left
of that makes its documents suspects; later runs work on suspects one by one, so that soon only the guilty one is left.
Power cuts and impatient people kill runs too, so a document is set aside only after several times.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from filelock import FileLock

from .records import Document

REASON = (
    "set aside: {times} runs ended abruptly while they worked on it ({why}); it is tried again when its content changes, or"
    " after removing {file}"
)


class Attempts:
    """The documents that this run is at, and those that runs before it ended at."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Count what killed runs left in ``folder``; a document is set aside after ``limit`` of them."""
        folder.mkdir(parents=True, exist_ok=True)
        self._limit = limit
        self._counts_file = folder / "suspects.json"
        self._lock = FileLock(folder / ".lock")
        self._mine = folder / f"{os.getpid()}.working"
        self._at: dict[str, str] = {}
        self._noting = threading.Lock()  # one thread begins with a shard while another is done with the one before it
        with self._lock:
            self._counts = self._stored_counts()
            dead = [path for path in folder.glob("*.working") if path == self._mine or not _lives(int(path.stem))]
            for path in dead:
                for doc_id, content in _read(path).items():
                    self._count(doc_id, content, 1, "the last time by a kill, a crash or a power cut")
            self._store_counts()
            for path in dead:
                path.unlink()

    def __enter__(self) -> Attempts:
        return self

    def __exit__(self, *_: object) -> None:
        """An orderly end: nothing that the run is at is to blame."""
        self._at.clear()
        self._mine.unlink(missing_ok=True)

    @property
    def has_suspects(self) -> bool:
        """Whether there is a document that runs ended at, none has finished since, and that is not set aside yet."""
        return any(found["times"] < self._limit for found in self._counts.values())

    def is_suspect(self, document: Document) -> bool:
        """Whether a run ended while it worked on this content of the document."""
        return self._counts.get(document.doc_id, {}).get("content") == document.content_sha256

    def why_set_aside(self, document: Document) -> str | None:
        """Why the document is not to be worked on, None if it is."""
        found = self._counts.get(document.doc_id, {})
        if not self.is_suspect(document) or found["times"] < self._limit:
            return None
        return REASON.format(times=found["times"], why=found["why"], file=self._counts_file)

    def begin(self, documents: Iterable[Document]) -> None:
        """The run is at these documents now, too; what runs before it did to another content of theirs counts no more."""
        contents = {document.doc_id: document.content_sha256 for document in documents}
        with self._noting:
            self._at |= contents
            _write(self._mine, self._at)
        known = self._counts
        self._clear({doc_id for doc_id in contents.keys() & known if known[doc_id]["content"] != contents[doc_id]})

    def finish(self, doc_ids: Iterable[str]) -> None:
        """These documents are done and stored."""
        done = set(doc_ids)
        with self._noting:
            self._at = {doc_id: content for doc_id, content in self._at.items() if doc_id not in done}
            _write(self._mine, self._at)
        self._clear(done)

    def _clear(self, doc_ids: set[str]) -> None:
        """Suspect these documents no more."""
        if not doc_ids.isdisjoint(self._counts):
            with self._lock:
                self._counts = {key: found for key, found in self._stored_counts().items() if key not in doc_ids}
                self._store_counts()

    def fault(self, document: Document, error: str) -> None:
        """The document's own analysis has failed, as it would each time: it is set aside at once."""
        with self._lock:
            self._counts = self._stored_counts()
            self._count(document.doc_id, document.content_sha256, self._limit, error)
            self._store_counts()

    def _count(self, doc_id: str, content: str, times: int, why: str) -> None:
        before = self._counts.get(doc_id, {})
        known = before.get("times", 0) if before.get("content") == content else 0
        self._counts[doc_id] = {"content": content, "times": known + times, "why": why}

    def _stored_counts(self) -> dict[str, dict[str, Any]]:
        return _read(self._counts_file)

    def _store_counts(self) -> None:
        if self._counts or self._counts_file.exists():
            _write(self._counts_file, self._counts)


def _read(path: Path) -> dict[str, Any]:
    """What is noted in a file; nothing where it is missing, or a full disk left it empty."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content), "utf-8")
    temporary.replace(path)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
