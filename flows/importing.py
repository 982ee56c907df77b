"""Importing large libraries: without the garbage collector, which searches what they make again and again (a fifth of Prefect's time),
and without signals between, whose exceptions they swallow.
"""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def without_collector() -> Iterator[None]:
    """No garbage is collected within, and what was made there is never looked through again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Handlers of signals that ask to stop act at once, but what they raise is raised at the end."""
    if threading.current_thread() is not threading.main_thread():  # no handler runs in others
        yield
        return
    raised: list[BaseException] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def hold(number: int, frame: FrameType | None) -> None:
        handler = handlers[signal.Signals(number)]
        try:
            if callable(handler):
                handler(number, frame)
        except BaseException as error:
            raised.append(error)

    held = [number for number, handler in handlers.items() if callable(handler)]
    for number in held:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, handlers[number])
    if raised:
        raise raised[0]
