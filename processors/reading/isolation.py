"""Parsing in a child process that is ended when a document takes too much time or memory.

A child stays for the next document, so that a small document costs a fraction of a millisecond more than parsing it
here. What comes back is JSON and not pickles, so that a parser that an attacker has taken over can do nothing here.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

from ..errors import UnreadableError
from ..records import Block
from ..settings import ReadingSettings
from .kinds import Kind
from .parsed import Attachment, Parsed, Row

LENGTH_BYTES = 8
"""Each message is preceded by its length, in so many bytes, big-endian."""

_START_SECONDS = 60.0


def parse_apart(kind: Kind, data: bytes, settings: ReadingSettings) -> Iterator[Parsed | Row]:
    """What `parsers.parse` makes of ``data``, within ``reading.max_seconds`` (for each row anew) and ``reading.max_memory``.

    Raises:
        UnreadableError: it is broken, encrypted or over a limit, or the parser died of it.
    """
    child = _idle.take() or _Child()
    stays = False
    error: str | None = None
    try:
        child.send(kind, data, settings)
        while "stays" not in (message := child.receive(settings)):
            error = message.get("error")
            if error is None:
                yield from _items(message)
        stays = message["stays"]
        if error is not None:
            raise UnreadableError(error)
    finally:
        # A child that was not heard to the end may be anywhere, also where the caller has lost interest.
        if stays:
            _idle.give(child)
        else:
            child.end()


def _items(message: dict[str, Any]) -> Iterator[Parsed | Row]:
    if "rows" in message:
        yield from (Row(values, place) for values, place in message["rows"])
    else:
        blocks = tuple(
            Block(start, end, bool(code), bool(wrapped), lang) for start, end, code, wrapped, lang in message["blocks"]
        )
        attachments = tuple(Attachment(name, base64.b64decode(data)) for name, data in message["attachments"])
        yield Parsed(message["text"], blocks, message["note"], message["encoding"], attachments)


class _Child:
    """One process that parses (see `parser_process`)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            # -P: no module is taken from the folder we happen to stand in
            [sys.executable, "-P", "-m", "duiyi.processors.reading.parser_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us, we end it
            bufsize=0,
        )
        self._first = True

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, kind: Kind, data: bytes, settings: ReadingSettings) -> None:
        header = json.dumps({"kind": kind, "settings": settings.model_dump(mode="json")}).encode()
        try:
            for message in (header, data):
                _write(self._stdin, len(message).to_bytes(LENGTH_BYTES, "big"))
                _write(self._stdin, message)
        except BrokenPipeError as error:
            raise UnreadableError(self._cause_of_death()) from error

    def receive(self, settings: ReadingSettings) -> dict[str, Any]:
        """The next message; the last one for a document has ``stays``: whether the child can have another."""
        deadline = time.monotonic() + settings.max_seconds + (_START_SECONDS if self._first else 0)
        length = int.from_bytes(self._read(LENGTH_BYTES, deadline, settings), "big")
        self._first = False
        if length > settings.max_memory:
            raise UnreadableError("the parser answered nonsense")
        try:
            message = json.loads(self._read(length, deadline, settings))
        except ValueError as error:
            raise UnreadableError("the parser answered nonsense") from error
        return dict(message)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _read(self, count: int, deadline: float, settings: ReadingSettings) -> bytes:
        output = self._process.stdout
        assert output is not None  # noqa: S101 - a pipe was asked for
        pieces: list[bytes] = []
        while count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise UnreadableError(_too_long(settings))
            piece = os.read(output.fileno(), min(count, 2**20))
            if not piece:
                ended_itself = self._process.wait() == -signal.SIGALRM  # see `parser_process`
                raise UnreadableError(_too_long(settings) if ended_itself else self._cause_of_death())
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        return self._process.stdin

    def _cause_of_death(self) -> str:
        code = self._process.wait()
        how = f"by {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"with code {code}"
        return f"the parser died of it, {how} (out of memory, or a broken or hostile file)"


def _too_long(settings: ReadingSettings) -> str:
    return f"parsing it takes more than reading.max_seconds = {settings.max_seconds:g}"


def _write(stream: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


class _Idle:
    """Children that wait for a document."""

    def __init__(self) -> None:
        self._children: list[_Child] = []
        self._lock = threading.Lock()

    def take(self) -> _Child | None:
        """One that is alive, if there is any."""
        while True:
            with self._lock:
                child = self._children.pop() if self._children else None
            if child is None or child.is_alive:
                return child
            child.end()

    def give(self, child: _Child) -> None:
        with self._lock:
            self._children.append(child)

    def end(self) -> None:
        while (child := self.take()) is not None:
            child.end()

    def forget(self) -> None:
        """In a forked process: they are the parent's."""
        self._children.clear()
        self._lock = threading.Lock()


_idle = _Idle()


@atexit.register
def end_parsers() -> None:
    """Ends the processes that wait for a document; the next document starts one again."""
    _idle.end()


os.register_at_fork(after_in_child=_idle.forget)
