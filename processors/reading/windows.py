"""A plain text too large to be held whole, read window by window."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from .encoding import NotTextError
from .kinds import HEAD_BYTES, find_kind

LARGE_BYTES = 2**24
"""A larger plain text is read in windows where nothing needs the whole of it."""
WINDOW_BYTES = 2**20


def text_windows(stream: BinaryIO, name: str) -> Iterator[str] | None:
    """The text of a large plain text file in UTF-8, in windows that end behind a line feed; None for any other file.

    Joined, the windows are the text that `read_source` would give. The stream is read twice and must be one that can
    be wound back.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    if size <= LARGE_BYTES:
        return None
    try:
        if find_kind(name, stream.read(HEAD_BYTES), named=True) != "text":
            return None
        stream.seek(0)
        checker = codecs.getincrementaldecoder("utf-8")()
        while piece := stream.read(WINDOW_BYTES):
            if "\0" in checker.decode(piece):
                return None
        checker.decode(b"", final=True)
    except (NotTextError, UnicodeDecodeError):
        return None  # whoever reads it whole says what it is
    stream.seek(0)
    return _windows(stream)


def _windows(stream: BinaryIO) -> Iterator[str]:
    pending: list[bytes] = []
    first = True
    while piece := stream.read(WINDOW_BYTES):
        cut = piece.rfind(b"\n") + 1
        if not cut:
            pending.append(piece)
            continue
        window = b"".join([*pending, piece[:cut]]).decode()
        pending = [piece[cut:]]
        yield window.removeprefix("\ufeff") if first else window
        first = False
    rest = b"".join(pending).decode()
    if rest:
        yield rest.removeprefix("\ufeff") if first else rest
