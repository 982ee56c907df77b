"""The language model runs in one process at a time on a small machine: two would share its cores and not fit into its memory.

Two lock files make a fair line: whoever waits holds ``next``, so whoever has the ``turn`` sees it after each batch and
stands behind. The system releases both when a process ends, however it ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout
from platformdirs import user_data_path

from .layout import cores

SMALL_BYTES = 16 * 2**30
SMALL_CORES = 8

Say = Callable[[str], None]


def is_small_machine() -> bool:
    """Whether two language models at once would be too many for this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return memory < SMALL_BYTES or cores() < SMALL_CORES


class Turn:
    """This process's turn; `offer` it between batches."""

    def __init__(self, say: Say, rest: Callable[[], None], wake: Callable[[], object]) -> None:
        folder = user_data_path("duiyi")
        folder.mkdir(parents=True, exist_ok=True)
        self._next = FileLock(folder / "llm.next.lock")
        self._turn = FileLock(folder / "llm.turn.lock")
        self._say, self._rest, self._wake = say, rest, wake
        self._contended = False
        """Whether another process has been met in line."""

    def take(self) -> None:
        """Stand in line. Who has to wait gives its model's memory back meanwhile."""
        waited = False
        for lock in (self._next, self._turn):
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if not waited:
                    self._rest()
                    self._say("waiting while another process translates with the language model")
                waited = True
                try:
                    lock.acquire()
                except BaseException:  # a signal
                    self._next.release()
                    raise
        self._next.release()
        self._contended = self._contended or waited
        if waited:
            self._say("going on, it is this process's turn")
        self._wake()

    def offer(self) -> None:
        """Let another process work, if one waits."""
        if self._somebody_waits():
            self._contended = True
            self._rest()
            self._turn.release()
            self.take()

    def leave(self) -> None:
        """Done for now. The model stays in memory where nobody else was met who needs it."""
        if self._contended or self._somebody_waits():
            self._rest()
        self._turn.release()

    def _somebody_waits(self) -> bool:
        try:
            with self._next.acquire(timeout=0):
                return False
        except Timeout:
            return True


@contextmanager
def llm_turn(say: Say, rest: Callable[[], None], wake: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Wait for the turn, and hold it; gives what is to be called between batches.

    Args:
        say: gets a line when this process has to wait, and when it goes on.
        rest: gives the model's memory back.
        wake: has the model loaded again, if it was not.
    """
    try:
        turn = Turn(say, rest, wake) if is_small_machine() else None
    except OSError:  # no folder of the user's to stand in line in
        turn = None
    if turn is None:
        yield lambda: None
        return
    turn.take()
    try:
        yield turn.offer
    finally:
        turn.leave()
