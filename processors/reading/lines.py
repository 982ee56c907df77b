"""The decoded lines of a big file, one after the other, so that the file is never in memory as a whole."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from ..errors import UnreadableError
from .encoding import decode, find_encoding, strip_mark, surely_utf8

_PIECE = 2**20


class Lines(Iterator[str]):
    """The lines of ``stream`` with their line breaks; ``number`` is that of the last one given, from 1.

    The encoding is found from the first megabyte that is not plain ASCII. A line that does not decode with it is
    judged by itself. `UnreadableError` is raised for a line that is longer than ``max_bytes`` or fits no encoding;
    the next call goes on with the line after it.

    Raises:
        NotTextError: the file is binary.
    """

    def __init__(self, stream: BinaryIO, *, max_bytes: int) -> None:
        sample = _telling_sample(stream)
        self.encoding = find_encoding(sample, complete=len(sample) < _PIECE)
        self.number = 0
        self.last_encoding = self.encoding
        self._max_bytes = max_bytes
        self._codec = self.encoding
        wide = self.encoding.startswith(("utf-16", "utf-32"))
        only_carriage_returns = not wide and b"\r" in sample and b"\n" not in sample
        self._stream: BinaryIO | io.BufferedReader = stream
        if wide or only_carriage_returns:
            self._codec = "utf-8"
            self._stream = io.BufferedReader(_AsUtf8(stream, self.encoding, only_carriage_returns), _PIECE)

    def __next__(self) -> str:
        raw = self._stream.readline(self._max_bytes + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        if len(raw) > self._max_bytes and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = self._stream.readline(_PIECE)
            raise UnreadableError(f"longer than reading.max_bytes = {self._max_bytes:,} bytes")
        if self.number == 1:
            raw = strip_mark(raw)
        return self._decoded(raw)

    def _decoded(self, raw: bytes) -> str:
        self.last_encoding = self.encoding
        # Files put together from others may change their encoding on the way.
        if self._codec != "utf-8" and not raw.isascii() and surely_utf8(raw):
            self.last_encoding = "utf-8"
            return raw.decode()
        try:
            return raw.decode(self._codec)
        except UnicodeDecodeError:
            text, self.last_encoding = decode(raw)
            return text


def _telling_sample(stream: BinaryIO) -> bytes:
    """The first megabyte, or the first that holds more than ASCII; the stream is wound back."""
    sample = piece = stream.read(_PIECE)
    while piece and piece.isascii() and b"\0" not in piece:
        piece = stream.read(_PIECE)
        sample = piece or sample
    stream.seek(0)
    return sample


class _AsUtf8(io.RawIOBase):
    """A stream in another encoding as UTF-8, and with line feeds where it has only carriage returns."""

    def __init__(self, stream: BinaryIO, encoding: str, only_carriage_returns: bool) -> None:
        super().__init__()
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._only_carriage_returns = only_carriage_returns
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            data = self._stream.read(2**16)
            text = self._decoder.decode(data, final=not data)
            if self._only_carriage_returns:
                text = text.replace("\r", "\n")
            self._ready = text.encode()
            if not data:
                break
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count
