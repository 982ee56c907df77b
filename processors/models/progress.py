"""Telling a person that something still happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], None]

INTERVAL_SECONDS = 2.0
MEGABYTE = 1_000_000
GIGABYTE = 1_000_000_000


class ByteProgress:
    """Says how many megabytes are done, at most once in `INTERVAL_SECONDS` and once at the end."""

    def __init__(self, report: Report, verb: str, total: int | None) -> None:
        self._report = report
        self._verb = verb
        self._total = total
        self._done = 0
        self._said = time.monotonic()

    def add(self, count: int) -> None:
        """Count ``count`` more bytes."""
        self._done += count
        now = time.monotonic()
        if now - self._said >= INTERVAL_SECONDS or self._done == self._total:
            self._said = now
            of_total = "" if self._total is None else f" of {self._total / MEGABYTE:,.0f}"
            self._report(f"{self._verb} {self._done / MEGABYTE:,.0f}{of_total} MB")


@contextmanager
def heartbeat(report: Report, doing: str) -> Iterator[None]:
    """Say ``doing`` at once, and again with the seconds gone by while the body runs (from another thread)."""
    started = time.monotonic()
    done = threading.Event()

    def beat() -> None:
        while not done.wait(INTERVAL_SECONDS):
            report(f"{doing} ({time.monotonic() - started:.0f} s)")

    report(doing)
    thread = threading.Thread(target=beat, name="duiyi-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
