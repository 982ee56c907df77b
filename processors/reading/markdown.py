"""Markdown: blocks are its paragraphs, headings, list items, table cells and code, with offsets into the raw text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from ..records import Block
from .webpage import BLOCK_TAGS, text_spans

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
_OWN_LINE = re.compile(
    r"[\s>]*(?P<mark>:{3,}[ \t]*[A-Za-z-]*[ \t]*|(?:!!!|\?\?\?\+?)[ \t]+[A-Za-z-]+[ \t]*\"?|\[![A-Za-z]+\][+-]?[ \t]*)"
    r"(?P<title>[^\r\n]*?)\"?\s*"
)
_DEFINITION = re.compile(r"[\s>]*:[ \t]+")
_CONTAINER_MARKS = re.compile(r"[\s>*+-]*")
_BLOCK_TAG = re.compile(rf"<!|</?(?:br|img|{'|'.join(sorted(BLOCK_TAGS))})(?=[\s/>])", re.IGNORECASE)
_CODE_TAG = re.compile(r"\s*<(?:script|style|pre|textarea)\b", re.IGNORECASE)


LeafKind = Literal["text", "heading", "row", "html", "code", "note"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A block of Markdown that holds no others: its lines (``last`` is exclusive) and, where it is text, its content."""

    first: int
    last: int
    kind: LeafKind
    content: str = ""


class MarkdownLines:
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
    each table cell is a block, and so is the text of HTML between the tags of block elements; those tags, code blocks
    and front matter are ``code``. Lines that Markdown gives no content (rules, link definitions, what is nested deeper
    than twenty levels) are blocks of their own, so that nothing is lost. A block begins at its line's first character,
    markers included, except for table cells after the first.
    """
    lines = MarkdownLines(text)
    matter = front_matter_lines(text)
    covered = bytearray(len(lines))
    blocks: list[Block | None] = []
    if matter:
        blocks.append(lines.block(0, matter, code=True))
        covered[:matter] = b"\1" * matter
    for leaf in leaves_of(text[lines.starts[matter] :], matter, {}):
        first, last = leaf.first, min(leaf.last, len(lines))
        covered[first:last] = b"\1" * (last - first)
        if leaf.kind == "code":
            blocks.append(lines.block(first, last, code=True))
        elif leaf.kind == "row":
            blocks.extend(cells_of(lines, first))
        elif leaf.kind == "html":
            blocks.extend(_html_blocks(lines, first, last))
        else:
            blocks.extend(_cut_at_hard_breaks(lines, first, last))
    blocks.extend(lines.block(line, line + 1) for line, done in enumerate(covered) if not done)
    return tuple(sorted((block for block in blocks if block), key=lambda block: block.start))


def is_code_in_html(first_line: str) -> bool:
    """Whether an HTML block is code or data rather than text, by its first line."""
    return _CODE_TAG.match(first_line) is not None


def _html_blocks(lines: MarkdownLines, first: int, last: int) -> Iterator[Block | None]:
    """The text of an HTML block, cut at the tags of block elements; those tags, and all of it where it is code, are ``code``."""
    if is_code_in_html(lines[first]):
        yield lines.block(first, last, code=True)
        return
    start = lines.starts[first]
    source = lines.text[start : lines.starts[last]]
    pieces: list[tuple[int, int]] = []
    for span in text_spans(source):
        if pieces and span.syntax == "html" and not _BLOCK_TAG.search(source, pieces[-1][1], span.start):
            pieces[-1] = (pieces[-1][0], span.end)
        else:
            pieces.append((span.start, span.end))
    edges = [0, *(edge for piece in pieces for edge in piece), len(source)]
    for number, (begin, end) in enumerate(pairwise(edges)):
        inside = source[begin:end]
        if inside.strip():
            begin += len(inside) - len(inside.lstrip())  # noqa: PLW2901
            end = begin + len(inside.strip())  # noqa: PLW2901
            is_text = number % 2 == 1
            yield Block(start + begin, start + end, code=not is_text, wrapped=is_text)


def front_matter_lines(text: str) -> int:
    """How many lines at the top are YAML or TOML front matter."""
    if not text.startswith(("---", "+++")):
        return 0
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    match = _YAML_MATTER.match(normal) or _TOML_MATTER.match(normal)
    return match.group().rstrip("\n").count("\n") + 1 if match else 0


def leaves_of(text: str, first_line: int, environment: dict[str, Any]) -> Iterator[Leaf]:
    """The leaf blocks of a text that begins at ``first_line``; link definitions come into ``environment``, the parser's."""
    tokens: list[Token] = []
    normal = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    parser = _parser()
    parser.block.parse(normal, parser, environment, tokens)
    in_row = in_heading = False
    for token in tokens:
        kind: LeafKind
        if token.type in {"tr_open", "tr_close"}:
            in_row = token.type == "tr_open"
        in_heading = token.type == "heading_open" or (in_heading and token.type != "heading_close")
        if token.type == "tr_open":
            kind = "row"
        elif token.type == "inline" and not in_row:
            kind = "heading" if in_heading else "text"
        elif token.type in {"fence", "code_block"}:
            kind = "code"
        elif token.type == "html_block":
            kind = "html"
        else:
            continue
        if token.map:
            yield Leaf(first_line + token.map[0], first_line + token.map[1], kind, token.content)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def hard_break_of(line: str) -> str:
    """What at the end of a line makes a hard line break: two spaces or more, or a backslash; empty if nothing does."""
    match = _HARD_BREAK.search(line)
    return match.group() if match else ""


def _cut_at_hard_breaks(lines: MarkdownLines, first: int, last: int) -> Iterator[Block | None]:
    start = first
    for line in range(first, last):
        if line + 1 == last or hard_break_of(lines[line]) or divides(lines[line], lines[line + 1]):
            yield lines.block(start, line + 1, wrapped=True)
            start = line + 1


def divides(line: str, following: str) -> bool:
    """Whether two lines of a paragraph of CommonMark are more than that where Markdown is extended: a line of its own
    (``:::tip``, ``!!! note``, ``[!NOTE]``) stands beside another, or a definition (``: …``) begins."""
    return bool(own_line(line) or own_line(following) or _DEFINITION.match(following))


def own_line(line: str) -> re.Match[str] | None:
    """The ``mark`` and the ``title`` of a line that begins or ends a container of text."""
    return _OWN_LINE.fullmatch(line)


def cells_of(lines: MarkdownLines, line: int) -> Iterator[Block]:
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
