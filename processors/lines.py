"""Lines as `str.splitlines` sees them: what a line of a text is, in one place."""

from __future__ import annotations

from collections.abc import Iterator

from .records import Block


def lines_of(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each line, line break included."""
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line)
        start += len(line)


def line_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a plain text: its lines, each with the blank lines after it (at the very start, before it); they tile it."""
    starts = [start for start, end in lines_of(text) if text[start:end].strip()]
    if not starts:
        return (Block(0, len(text)),) if text else ()
    starts[0] = 0
    return tuple(Block(start, end) for start, end in zip(starts, [*starts[1:], len(text)], strict=True))
