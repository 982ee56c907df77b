"""Plain text: a block is a line."""

from __future__ import annotations

from ..records import Block


def plain_blocks(text: str) -> tuple[Block, ...]:
    """One block a line as `str.splitlines` sees lines, its line break included; the blocks tile the text.

    Blank lines belong to the block before them, at the very start to the first.
    """
    blocks: list[Block] = []
    start = end = 0
    words = False
    for line in text.splitlines(keepends=True):
        if words and not line.isspace():
            blocks.append(Block(start, end))
            start = end
        words = words or not line.isspace()
        end += len(line)
    if end:
        blocks.append(Block(start, end))
    return tuple(blocks)
