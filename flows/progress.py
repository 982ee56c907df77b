"""What a person sees while a run goes on: a live line on a terminal, plain lines elsewhere. All of it on standard error."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from duiyi.processors.memory import Wanted, duration, load_of
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from .speaking import speaks_json, tell

EVERY_SECONDS = 5.0
_TELLING_SECONDS = 10.0
_TELLING_SHARE = 0.1
_TELLING_ANYWAY = 120.0
"""After so long, and so much of what is known to be done, a run's own speed can be told: the first of a batch come late, many at once then."""


class RunProgress:
    """Says what is going on. Safe to call from several threads."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live: Progress | None = None
        self._task: TaskID | None = None
        self._lock = threading.Lock()
        self._said = 0.0
        self._total = 0
        self._done = 0
        self._load = self._load_done = 0
        self._known_rate: float | None = None
        self._busy = self._busy_since = 0.0
        if self._console.is_terminal and not speaks_json():
            self._live = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[count]}"),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )

    def start(self) -> None:
        """Begin the live line, on a terminal."""
        if self._live is not None:
            self._live.start()
            self._task = self._live.add_task("starting", total=None, count="")

    def stop(self) -> None:
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()

    def say(self, message: str) -> None:
        """A step that begins."""
        with self._lock:
            if self._live is not None and self._task is not None:
                self._live.update(self._task, description=message)
            else:
                tell(message)
                self._said = time.monotonic()

    def warn(self, message: str) -> None:
        """Something a person should know, which stays on the screen."""
        with self._lock:
            if self._live is not None:
                self._console.print(f"duiyi: {message}", markup=False)
            else:
                tell(message, level="warning")

    def expect(self, wanted: Wanted) -> None:
        """So many more sentences are to be translated."""
        with self._lock:
            if self._done == self._total:
                self._busy_since = time.monotonic()
            self._total += wanted.sentences
            self._load += wanted.load
            if wanted.seconds:
                self._known_rate = wanted.load / wanted.seconds
            self._show(force=False)

    def translated(self, source: str) -> None:
        """One more sentence is translated."""
        with self._lock:
            self._done += 1
            self._load_done += load_of(source)
            if self._done == self._total:
                self._busy += time.monotonic() - self._busy_since
            self._show(force=self._done == self._total)

    def _show(self, force: bool) -> None:
        count = f"{self._done} of {self._total} sentences{self._to_go()}"
        if self._live is not None and self._task is not None:
            self._live.update(self._task, completed=self._load_done, total=self._load, count=count)
        elif force or time.monotonic() - self._said > EVERY_SECONDS:
            tell(f"translated {count}")
            self._said = time.monotonic()

    def _to_go(self) -> str:
        """How long what is known of so far will take: by this run's own speed once it can be told, else by earlier ones'."""
        busy = self._busy + (time.monotonic() - self._busy_since if self._done < self._total else 0.0)
        is_telling = busy > _TELLING_SECONDS and self._load_done > _TELLING_SHARE * self._load
        is_telling = is_telling or (busy > _TELLING_ANYWAY and self._load_done > 0)
        rate = self._load_done / busy if is_telling else self._known_rate
        rest = self._load - self._load_done
        return f", about {duration(rest / rate)} to go" if rest and rate else ""


_active: RunProgress | None = None


@contextmanager
def run_progress() -> Iterator[RunProgress]:
    """The progress of this process: the one under way, or a new one (a terminal has one live line at a time)."""
    global _active  # noqa: PLW0603
    if _active is not None:
        yield _active
        return
    _active = RunProgress()
    _active.start()
    try:
        yield _active
    finally:
        _active.stop()
        _active = None
