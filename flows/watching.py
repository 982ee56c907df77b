"""Which files have arrived in a folder, completely. Nothing in the folder is touched."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from duiyi.processors.reading import Source, find_sources
from duiyi.processors.reading.twins import chinese_twins, english_twin
from watchfiles import watch

UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".opdownload", ".swp", "~")
"""How the names end that programs give to files they are still writing."""

RESCAN_SECONDS = 60.0
"""The folder is looked through so often in any case: network file systems tell nothing of what others write there."""

LOOK_SECONDS = 0.5
"""And so often while a file has not settled yet."""

LONGEST_WAIT = 3600.0
"""A file whose run failed comes again at least so often."""

OPEN_SECONDS = 600.0
"""A file that a program holds open for writing is taken all the same when it stood still for so long."""


class Stamp(NamedTuple):
    """What changes when somebody writes to a file or replaces it."""

    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """The stamp of a file, None if it has gone."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


class _Returning(NamedTuple):
    """A file that comes again although it did not change, for its run failed."""

    stamp: Stamp
    wait: float
    at: float


class Watcher:
    """Watches a folder and all below it. A file that was there before counts as arrived, as does one that has changed."""

    def __init__(self, folder: Path, out: Path, settle_seconds: float, report: Callable[[str], None]) -> None:
        self.folder = folder
        self._out = out
        self._settle_seconds = settle_seconds
        self._report = report
        self._taken: dict[Path, Stamp] = {}
        self._returning: dict[Path, _Returning] = {}
        self._waiting: dict[Path, tuple[Stamp, float]] = {}
        """Files that have not settled: how they were, and since when."""
        self._stirred = threading.Event()
        self._stirred.set()
        self._stopped = threading.Event()
        self._next_look = 0.0
        self._missing = False
        self._thread = threading.Thread(target=self._listen, daemon=True, name="watch")
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._stopped.set()
        self._thread.join(timeout=5)

    def arrived(self) -> list[Path]:
        """The files that are complete and were not `take`n as they are now, by name."""
        now = time.monotonic()
        if now < self._next_look and not (self._stirred.is_set() and not self._waiting):
            return []
        self._stirred.clear()
        settled = self._settled(now)
        self._next_look = min(
            now + (LOOK_SECONDS if self._waiting else RESCAN_SECONDS),
            *(one.at for one in self._returning.values() if one.at > now),
            float("inf"),
        )
        return sorted(settled)

    def take(self, files: Iterable[Path]) -> None:
        """These files are seen to: they come again only when they change."""
        for path in files:
            stamp, _ = self._waiting.pop(path)
            self._taken[path] = stamp
            if path in self._returning:  # it is at its try again; what it waited is kept for the next
                self._returning[path] = self._returning[path]._replace(at=float("inf"))

    def forget(self) -> None:
        """No file is seen to any more: all come again."""
        self._taken.clear()
        self._returning.clear()
        self._next_look = 0.0

    def give_back(self, files: Iterable[Path], seconds: float) -> None:
        """These files were not seen to after all: they come again after so long, which doubles each time up to an hour."""
        for path in files:
            stamp = self._taken.get(path)
            if stamp is not None:
                before = self._returning.get(path)
                wait = (
                    min(max(2 * before.wait, LOOK_SECONDS), LONGEST_WAIT)
                    if before and before.stamp == stamp
                    else seconds
                )
                self._returning[path] = _Returning(stamp, wait, time.monotonic() + wait)
                self._next_look = 0.0

    def with_twins(self, files: Iterable[Path]) -> list[Path]:
        """These files and those in the folder that are the same in the other language: the pairs need both."""
        found = dict.fromkeys(files)
        for path in list(found):
            english = english_twin(path)
            for twin in [*([english] if english else []), *chinese_twins(path)]:
                if twin.is_relative_to(self.folder) and not twin.is_relative_to(self._out):
                    found[twin] = None
        return list(found)

    def _settled(self, now: float) -> list[Path]:
        found = {path: stamp for path in self._files() if (stamp := Stamp.of(path)) is not None}
        self._returning = {path: one for path, one in self._returning.items() if found.get(path) == one.stamp}
        due = {path for path, one in self._returning.items() if one.at <= now}
        self._taken = {
            path: stamp for path, stamp in self._taken.items() if found.get(path) == stamp and path not in due
        }
        waiting = {}
        for path, stamp in found.items():
            if path not in self._taken:
                before, since = self._waiting.get(path, (None, now))
                waiting[path] = (stamp, since if before == stamp else now)
        self._waiting = waiting
        still = [path for path, (_, since) in waiting.items() if now - since >= self._settle_seconds]
        written = open_for_writing() if still else frozenset()
        return [path for path in still if now - waiting[path][1] >= OPEN_SECONDS or _identity(path) not in written]

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            if not self._missing:
                self._report(f"the watched folder {self.folder} has gone; waiting for it to come back")
            self._missing = True
            return []
        self._missing = False
        sources = find_sources([str(self.folder)], exclude=self._out)
        return [
            source.path
            for source in sources
            if isinstance(source, Source) and source.path and not source.path.name.lower().endswith(UNFINISHED)
        ]

    def _listen(self) -> None:
        """Say when something stirs in the folder; where that cannot be had, the folder is looked through now and then."""
        while not self._stopped.wait(0 if self.folder.is_dir() else RESCAN_SECONDS):
            try:
                for _ in watch(
                    self.folder,
                    watch_filter=None,
                    stop_event=self._stopped,
                    raise_interrupt=False,
                    ignore_permission_denied=True,
                ):
                    self._stirred.set()
            except (OSError, RuntimeError) as error:  # the system has no more watches to give, or the folder has gone
                if self.folder.is_dir():
                    self._report(f"cannot watch {self.folder} ({error}); looking every {RESCAN_SECONDS:.0f} s instead")
                    return


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_for_writing() -> frozenset[tuple[int, int] | None]:
    """Device and inode of the files that programs of this user hold open for writing (Linux; elsewhere none are known)."""
    found: set[tuple[int, int] | None] = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            descriptors = list((process / "fd").iterdir())
        except OSError:  # another user's, or ended meanwhile
            continue
        for descriptor in descriptors:
            try:
                flags = (process / "fdinfo" / descriptor.name).read_text()
                if int(flags.split("flags:")[1].split()[0], 8) & (os.O_WRONLY | os.O_RDWR):
                    opened = descriptor.stat()
                    found.add((opened.st_dev, opened.st_ino))
            except (OSError, IndexError):
                continue
    return frozenset(found)
