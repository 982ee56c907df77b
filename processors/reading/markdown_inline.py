"""Markdown as its reader sees it: text without marks, addresses and tags, and where that stands in the source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import UnreadableError
from ..records import Block
from .markdown import (
    Leaf,
    MarkdownLines,
    cells_of,
    divides,
    front_matter_lines,
    hard_break_of,
    is_code_in_html,
    leaves_of,
    own_line,
)
from .placed import Addition, Companion, Edit, PlacedText, Run, Syntax, with_fixed
from .webpage import FIXED_TAGS, placed_page

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline.state_inline import StateInline
    from markdown_it.token import Token

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_CELL_MARKS = re.compile(r"(?:[\s>]|[*+-]\s|\d{1,9}[.)]\s)*+\|?\s*")
_DEFINITION_MARK = re.compile(r":[ \t]+")
_TASK = re.compile(r"\[[ xX]\][ \t]+")
_FOOTNOTE = re.compile(r"[ \t]{0,3}\[\^[^\]\s]+\]:[ \t]+(?=\S)")
_FIXED = re.compile(
    r"\[\^[^\]\s]+\]|\$\$[^$\n]+\$\$|\$(?!\s)[^$\n]+(?<!\s)\$(?!\d)|\{\{[^{}\n]*\}\}|\{%[^%\n]*%\}|\{:?[ \t]*[#.][^{}\n]*\}"
)
_MATTER = re.compile(
    r"[ \t]*(?:- +)?([\"']?)(?:title|subtitle|short_?title|link_?title|sidebar_label|description|summary|excerpt|abstract|"
    r"tagline|headline|caption)\1[ \t]*[:=][ \t]+"
    r"(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'|(?P<plain>[^\s\"'\[\]{}&*!|>%@`#\\-](?:[^\"\\#]{0,2000}[^\s\"\\#])?))[ \t]*",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)[^>]*?(/?)>")
_VOID_TAGS = frozenset("area br col embed hr img input link meta source track wbr".split())


def placed_markdown(text: str) -> PlacedText:
    """What a Markdown text shows its reader, and where in ``text`` it stands.

    Paragraphs (cut at hard line breaks), headings, table cells, footnotes, alternative texts of images and the text of
    HTML are blocks, and so are the values of front matter that are there to be read (title, description …). All else in
    front matter, code blocks, addresses, link definitions and titles are not part of it; inline code, formulas and
    template marks are and stay as they are.

    Raises:
        UnreadableError: some of the text cannot be found again in the source.
    """
    builder = _Builder(text)
    builder.read()
    return builder.finished()


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from markdown_it.parser_inline import ParserInline

    class PlacingParser(ParserInline):
        """Notes in ``token.meta["at"]`` the span of its text that each token was made of; literal text is never joined."""

        def tokenize(self, state: StateInline) -> None:
            rules = self.ruler.getRules("")
            end = state.posMax
            while state.pos < end:
                start, first = state.pos, len(state.tokens)
                may_nest = state.level < state.md.options["maxNesting"]
                if not (may_nest and any(rule(state, False) for rule in rules)):
                    state.pending += state.src[state.pos]
                    state.pos += 1
                if state.pending:
                    state.pushPending()
                position = start
                for token in state.tokens[first:]:
                    if "at" in token.meta:
                        continue
                    literal = token.type == "text"
                    token.meta["at"] = (position, position + len(token.content)) if literal else (start, state.pos)
                    position += len(token.content) if literal else 0

    parser = MarkdownIt("commonmark", {"store_labels": True}).enable(["table", "strikethrough"])
    rules = parser.get_active_rules()
    parser.inline = PlacingParser()
    parser.inline.ruler.enableOnly(rules["inline"])
    parser.inline.ruler2.enableOnly([rule for rule in rules["inline2"] if rule != "fragments_join"])
    return parser


class _Inline:
    """Inline content with the place in the source of each of its characters."""

    def __init__(self) -> None:
        self.text = ""
        self.origins: list[int] = []

    def add(self, text: str, start: int) -> None:
        self.text += text
        self.origins += range(start, start + len(text))

    def origin(self, position: int) -> int:
        """Where the character at ``position`` stands."""
        return self.origins[position]

    def origin_behind(self, position: int) -> int:
        """Where the character before ``position`` ends."""
        return self.origins[position - 1] + 1 if position else self.origins[0]


class _Builder:
    def __init__(self, source: str) -> None:
        self._source = source
        self._lines = MarkdownLines(source)
        found = _LINE_BREAK.search(source)
        self._break = found.group() if found else "\n"
        self._environment: dict[str, Any] = {}
        self._length = 0
        self._marks = 0
        self._texts: list[str] = []
        self._blocks: list[Block] = []
        self._runs: list[Run] = []
        self._additions: list[Addition | None] = []
        self._companions: list[Companion] = []
        # the block under way
        self._position = 0
        self._pieces: list[str] = []
        self._pending: list[Run] = []
        self._open: list[tuple[int, bool]] = []  # mark, and whether it is fixed

    def read(self) -> None:
        matter = front_matter_lines(self._source)
        leaves = list(leaves_of(self._source[self._lines.starts[matter] :], matter, self._environment))
        covered = bytearray(len(self._lines))
        covered[:matter] = b"\1" * matter
        for line in range(matter):
            self._matter(line)
        for leaf in leaves:
            last = min(leaf.last, len(self._lines))
            covered[leaf.first : last] = b"\1" * (last - leaf.first)
        notes = (
            Leaf(line, line + 1, "note")
            for line, done in enumerate(covered)
            if not done and _FOOTNOTE.match(self._lines[line])
        )
        for leaf in sorted([*leaves, *notes], key=lambda leaf: leaf.first):
            if leaf.kind == "note":
                self._footnote(leaf.first)
            elif leaf.kind == "row":
                self._row(leaf.first)
            elif leaf.kind == "html":
                self._html(leaf)
            elif leaf.kind != "code":
                self._paragraph(leaf)

    def finished(self) -> PlacedText:
        text = "\n".join(self._texts)
        placed = PlacedText(
            text, tuple(self._blocks), tuple(self._runs), tuple(self._additions), tuple(self._companions)
        )
        return with_fixed(placed, [match.span() for match in _FIXED.finditer(text)])

    def _matter(self, line: int) -> None:
        """The value in a line of front matter, where it is one for people and on one line."""
        match = _MATTER.fullmatch(self._lines[line])
        if match is None or match.lastgroup is None or "\\" in match.group(match.lastgroup):
            return
        value, kind = match.group(match.lastgroup), match.lastgroup
        first, last = (self._lines.starts[line] + place for place in match.span(kind))
        self._put(value, range(first, last), last, "single" if kind == "single" else "quoted", 0, False)
        start, end = self._length, self._position
        if kind == "plain":  # in other words it may need the quotation marks that it did without
            for place in (first, last):
                self._companions.append(Companion(start, end, Edit(place, place, '"')))
        self._close_block(last, Addition(0, " / ", "", " / ", "single" if kind == "single" else "quoted"))
        if kind == "plain" and self._additions:
            self._additions[-1] = None

    def _paragraph(self, leaf: Leaf) -> None:
        contents = leaf.content.split("\n")
        first = 0
        for number in range(1, len(contents) + 1):
            if number == len(contents) or divides(contents[number - 1], contents[number]):
                self._part_of_paragraph(leaf, first, contents[first:number])
                first = number

    def _part_of_paragraph(self, leaf: Leaf, first: int, contents: Sequence[str]) -> None:
        inline = _Inline()
        prefix: str | None = None
        title = own_line(contents[0])
        for number, content in enumerate(contents):
            line = leaf.first + first + number
            raw = self._lines[line].replace("\0", "\ufffd")
            stripped = content.lstrip(" \t")
            column = raw.rfind(stripped)
            if column < 0:
                raise UnreadableError(f"line {line + 1}: the place of its text cannot be told")
            if prefix is None:
                prefix = "".join(mark if mark in ">\t" else " " for mark in raw[:column])
                if title is not None:
                    column += title.start("title") - (len(content) - len(stripped))
                    stripped = title.group("title")
                elif mark := (_TASK if first == 0 else _DEFINITION_MARK).match(stripped):
                    stripped, column = stripped[mark.end() :], column + mark.end()
            else:
                inline.text += "\n"
                inline.origins.append(self._lines.starts[line - 1] + len(self._lines[line - 1]))
            inline.add(stripped, self._lines.starts[line] + column)
        if leaf.kind == "heading" or title is not None:
            self._inline(inline, "markdown", " / ", " / ")
        else:
            self._inline(inline, "markdown", "  " + self._break + (prefix or ""), "  " + self._break + (prefix or ""))

    def _footnote(self, line: int) -> None:
        raw = self._lines[line]
        marks = _FOOTNOTE.match(raw)
        inline = _Inline()
        start = marks.end() if marks else 0
        inline.add(raw[start:].rstrip(), self._lines.starts[line] + start)
        self._inline(inline, "markdown", " / ", " / ")

    def _row(self, line: int) -> None:
        for cell in cells_of(self._lines, line):
            raw = self._source[cell.start : cell.end]
            marks = _CELL_MARKS.match(raw)
            start = marks.end() if marks else 0
            inline = _Inline()
            inline.add(raw[start:], cell.start + start)
            self._inline(inline, "cell", "<br>", "<br>")

    def _html(self, leaf: Leaf) -> None:
        if is_code_in_html(self._lines[leaf.first]):
            return
        start, end = self._lines.starts[leaf.first], self._lines.starts[min(leaf.last, len(self._lines))]
        page = placed_page(self._source[start:end])
        if not page.text:
            return
        self._blocks += (
            replace(block, start=block.start + self._length, end=block.end + self._length) for block in page.blocks
        )
        self._texts.append(page.text)
        for run in page.runs:
            origins = [origin + start for origin in run.origins]
            self._runs.append(
                Run(run.start + self._length, origins, run.syntax, run.mark and run.mark + self._marks, run.fixed)
            )
        self._marks += max((run.mark for run in page.runs), default=0)
        self._additions += (
            a and Addition(a.position + start, a.before, a.after, a.line_break, a.syntax) for a in page.additions
        )
        self._companions += (
            Companion(
                c.start + self._length,
                c.end + self._length,
                Edit(c.edit.start + start, c.edit.end + start, c.edit.text),
            )
            for c in page.companions
        )
        self._length += len(page.text) + 1
        self._position = self._length

    def _inline(self, inline: _Inline, syntax: Syntax, before: str, line_break: str) -> None:
        """The blocks of inline content: one, and more where it has hard line breaks and images."""
        if not inline.text.strip():
            return
        parser = _parser()
        tokens = parser.inline.parse(inline.text, parser, self._environment, [])
        template = Addition(0, before, "", line_break, syntax)
        images: list[tuple[Token, int]] = []
        self._open = []
        self._walk(tokens, inline, 0, syntax, images, template)
        self._close_block(inline.origin_behind(len(inline.text)), template)
        while images:
            token, offset = images.pop(0)
            self._open = []
            self._walk(token.children or (), inline, offset, syntax, images, template)
            alone = Addition(0, " / ", "", " / ", syntax)
            self._close_block(inline.origin_behind(offset + len(token.content)), alone)

    def _walk(
        self,
        tokens: Sequence[Token],
        inline: _Inline,
        offset: int,
        syntax: Syntax,
        images: list[tuple[Token, int]],
        template: Addition,
    ) -> None:
        """Takes the text of ``tokens``, whose places count from ``offset`` in ``inline``."""
        link_texts: list[tuple[Token, int]] = []
        label_end = 0
        for token in tokens:
            start, end = (position + offset for position in token.meta["at"])
            mark, fixed = self._open[-1] if self._open else (0, False)
            if token.type == "text":
                self._put(token.content, inline.origins[start:end], inline.origin_behind(end), syntax, mark, fixed)
                label_end = end
            elif token.type in {"text_special", "code_inline"}:
                whole = [inline.origin(start), *[inline.origin_behind(end)] * (len(token.content) - 1)]
                is_code = token.type == "code_inline"
                self._put(token.content, whole, inline.origin_behind(end), syntax, mark, fixed or is_code)
                label_end = end
            elif token.type in {"softbreak", "hardbreak"}:
                line_end = inline.text.rfind("\n", 0, end)
                content = inline.text[:line_end]
                hard = hard_break_of(content[content.rfind("\n") + 1 :])
                if hard or token.type == "hardbreak":
                    self._close_block(inline.origin_behind(line_end - len(hard)), template)
                else:
                    behind = inline.origin(end) if end < len(inline.text) else inline.origin_behind(end)
                    self._put("\n", [inline.origin(line_end)], behind, syntax, mark, False)
            elif token.type == "image":
                images.append((token, start + 2))
            elif token.type == "html_inline":
                self._tag(token.content, inline.origin(start), template)
            elif token.nesting == 1:
                self._marks += 1
                self._open.append((self._marks, fixed or token.info == "auto"))
                if token.type == "link_open":
                    link_texts.append((token, self._position))
            elif token.nesting == -1 and self._open:
                self._open.pop()
                if token.type == "link_close" and link_texts:
                    self._keep_label(*link_texts.pop(), inline, start, end, label_end)

    def _put(self, text: str, origins: Sequence[int], behind: int, syntax: Syntax, mark: int, fixed: bool) -> None:
        if text:
            self._pending.append(Run(self._position, (*origins, behind), syntax, mark, fixed))
            self._pieces.append(text)
            self._position += len(text)

    def _tag(self, tag: str, place: int, template: Addition) -> None:
        match = _TAG.fullmatch(tag)
        if match is None:
            return
        name = match.group(2).lower()
        if name == "br":
            self._close_block(place, template)
        elif match.group(1):
            del self._open[-1:]
        elif name not in _VOID_TAGS and not match.group(3):
            self._marks += 1
            self._open.append((self._marks, name in FIXED_TAGS))

    def _keep_label(self, token: Token, text_start: int, inline: _Inline, start: int, end: int, label_end: int) -> None:
        """``[label]`` and ``[label][]`` name a definition by their text, so with another text they must name it apart."""
        closing = inline.text[label_end:end]
        label = inline.text[start + 1 : label_end]
        text_end = self._position
        if "label" not in token.meta or closing not in {"]", "][]"} or text_end <= text_start:
            return
        if closing == "]":
            edit = Edit(inline.origin_behind(end), inline.origin_behind(end), f"[{label}]")
        else:
            edit = Edit(inline.origin(end - 1), inline.origin(end - 1), label)
        self._companions.append(Companion(text_start, text_end, edit))

    def _close_block(self, position: int, template: Addition) -> None:
        text = "".join(self._pieces)
        runs, self._pending, self._pieces = self._pending, [], []
        if not text.strip():
            self._position = self._length
            return
        self._blocks.append(Block(self._length, self._length + len(text), wrapped="\n" in text))
        self._texts.append(text)
        self._runs += runs
        self._additions.append(
            Addition(position, template.before, template.after, template.line_break, template.syntax)
        )
        self._length += len(text) + 1
        self._position = self._length
