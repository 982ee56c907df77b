"""Markdown: blocks are its paragraphs, headings, list items, table cells and code, with offsets into the raw text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from ..records import Block

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")  # lines as CommonMark counts them
_YAML_MATTER = re.compile(
    r"---[ \t]*\n(?=(?:[ \t]*(?:#.*)?\n)*[\w\"'][^\n]*:[ \t\n])(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|$)"
)
_TOML_MATTER = re.compile(r"\+\+\+[ \t]*\n(?:.*\n)*?\+\+\+[ \t]*(?:\n|$)")
_HARD_BREAK = re.compile(r"(?:  +|\\)$")
_PIPE = re.compile(r"(?<!\\)\|")
_CONTAINER_MARKS = re.compile(r"[\s>*+-]*")
_CODE_TAG = re.compile(r"\s*<(?:script|style|pre|textarea)\b", re.IGNORECASE)


class _Lines:
    """The lines of a text with their offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [match.start() for match in _LINE.finditer(text) if match.group()]
        self.starts.append(len(text))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, line: int) -> str:
        return self.text[self.starts[line] : self.starts[line + 1]].rstrip("\r\n")

    def block(self, first: int, last: int, *, code: bool = False, wrapped: bool = False) -> Block | None:
        """The lines from ``first`` up to ``last`` (exclusive) without outer white space; None if there is only that."""
        start, end = self.starts[first], self.starts[last]
        inside = self.text[start:end]
        if inside.isspace() or not inside:
            return None
        if not code:  # the indentation of code is part of it
            start += len(inside) - len(inside.lstrip())
        return Block(start, end - (len(inside) - len(inside.rstrip())), code=code, wrapped=wrapped)


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """Blocks of a Markdown text (CommonMark and tables), with offsets into the raw text.

    A paragraph, of a list item or a quotation too, is one block with ``wrapped``, cut where it has a hard line break;
    each table cell is a block; code blocks and front matter are ``code``. Lines that Markdown gives no content (rules,
    link definitions, what is nested deeper than twenty levels) are blocks of their own, so that nothing is lost. A
    block begins at its line's first character, markers included, except for table cells after the first.
    """
    lines = _Lines(text)
    matter = _front_matter_lines(text)
    covered = bytearray(len(lines))
    blocks: list[Block | None] = []
    if matter:
        blocks.append(lines.block(0, matter, code=True))
        covered[:matter] = b"\1" * matter
    for first, after, name in _leaves(text[lines.starts[matter] :], matter):
        last = min(after, len(lines))
        covered[first:last] = b"\1" * (last - first)
        if name == "code":
            blocks.append(lines.block(first, last, code=True))
        elif name == "row":
            blocks.extend(_cells(lines, first))
        elif name == "html":
            blocks.append(lines.block(first, last, code=bool(_CODE_TAG.match(lines[first]))))
        else:
            blocks.extend(_cut_at_hard_breaks(lines, first, last))
    blocks.extend(lines.block(line, line + 1) for line, done in enumerate(covered) if not done)
    return tuple(sorted((block for block in blocks if block), key=lambda block: block.start))


def _front_matter_lines(text: str) -> int:
    """How many lines at the top are YAML or TOML front matter."""
    if not text.startswith(("---", "+++")):
        return 0
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    match = _YAML_MATTER.match(normal) or _TOML_MATTER.match(normal)
    return match.group().rstrip("\n").count("\n") + 1 if match else 0


def _leaves(text: str, first_line: int) -> Iterator[tuple[int, int, str]]:
    """First line, line after the last, and the kind of each leaf block: ``text``, ``row``, ``html`` or ``code``."""
    tokens: list[Token] = []
    normal = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    parser = _parser()
    parser.block.parse(normal, parser, {}, tokens)
    in_row = False
    for token in tokens:
        if token.type in {"tr_open", "tr_close"}:
            in_row = token.type == "tr_open"
        name = {
            "tr_open": "row",
            "inline": "" if in_row else "text",
            "fence": "code",
            "code_block": "code",
            "html_block": "html",
        }.get(token.type)
        if name and token.map:
            yield first_line + token.map[0], first_line + token.map[1], name


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def _cut_at_hard_breaks(lines: _Lines, first: int, last: int) -> Iterator[Block | None]:
    start = first
    for line in range(first, last):
        if line + 1 == last or _HARD_BREAK.search(lines[line]):
            yield lines.block(start, line + 1, wrapped=True)
            start = line + 1


def _cells(lines: _Lines, line: int) -> Iterator[Block]:
    """The cells of a table's row; the marks before the first cell (``> |``) belong to it."""
    row, offset = lines[line], lines.starts[line]
    edges = [0, *(match.end() for match in _PIPE.finditer(row)), len(row) + 1]
    pieces = [(start, end - 1) for start, end in pairwise(edges) if row[start : end - 1].strip()]
    if len(pieces) > 1 and pieces[0][0] == 0 and _CONTAINER_MARKS.fullmatch(row, 0, pieces[0][1]):
        del pieces[0]
    for number, (start, end) in enumerate(pieces):
        cell = row[start:end]
        before = len(row) - len(row.lstrip()) if number == 0 else start + len(cell) - len(cell.lstrip())
        yield Block(offset + before, offset + start + len(cell.rstrip()))
    if not pieces and row.strip():
        yield Block(offset + len(row) - len(row.lstrip()), offset + len(row.rstrip()))
