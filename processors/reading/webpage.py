"""HTML: its text as a browser shows it, each block element a block on lines of its own."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from ..records import Block

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_BLOCK_TAGS = frozenset(
    """address article aside blockquote body button caption center col colgroup dd details dialog dir div dl dt
    fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li
    listing main menu nav ol optgroup option p plaintext pre search section select summary table tbody td
    textarea tfoot th thead title tr ul xmp""".split()
)
_UNSEEN_TAGS = frozenset(
    """annotation annotation-xml audio canvas datalist iframe noembed noframes noscript object rp rt rtc script style
    svg template video""".split()
)
_PRE_TAGS = frozenset({"listing", "plaintext", "pre", "textarea", "xmp"})
_META_CHARSET = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"\s*<\?xml\s[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})[\"']", re.IGNORECASE)
_SPACE = " \t\n\r\f"
_LINE_BREAK_IN_SOURCE = re.compile(r"[ \t\r\f]*\n[ \t\n\r\f]*")
_SPACES = re.compile(r"[ \t\r\f]+")

# A tag with "<" among its attributes is left alone, so that no scan goes on beyond the next "<".
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*+)(?>[^\"'<>]++|\"[^\"<]*+\"|'[^'<]*+')*+>")
_TEXT_TAGS = frozenset({"script", "style", "textarea", "title", "template", "xmp", "iframe", "noembed", "noframes"})
_SELF_CLOSING_TAGS = frozenset(
    """area base br col embed hr img input link meta param source track wbr p li dt dd tr td th tbody thead tfoot
    option optgroup colgroup rt rp html head body""".split()
)
_MAX_DEPTH = 512


def declared_charset(data: bytes) -> str | None:
    """The charset that a page names in its first 4096 bytes."""
    head = data[:4096]
    match = _XML_ENCODING.match(head) or _META_CHARSET.search(head)
    return match.group(1).decode("ascii") if match else None


def page_text(source: str) -> tuple[str, tuple[Block, ...]]:
    """The text of a page, its title first, and the blocks of that text.

    Every block element (paragraph, heading, list item, table cell …) is a block on a line of its own; ``<br>`` is a
    line break inside it. White space collapses as CSS Text 3, 4.1 has it, so a line break of the source disappears
    between two Chinese characters; ``<pre>`` keeps it and is ``code``. Scripts, styles, templates, SVG, comments and
    the pronunciations of ruby are left out.
    """
    from selectolax.lexbor import LexborHTMLParser

    root = LexborHTMLParser(_flattened(source)).root
    page = _Page()
    if root is not None:
        _walk(root, page)
    page.end_block()
    return "\n".join(page.texts), tuple(page.blocks)


class _Page:
    """Collects blocks in order."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.blocks: list[Block] = []
        self.pre: list[str] = []
        self._length = 0
        self._lines: list[list[str]] = [[]]

    def add(self, text: str) -> None:
        self._lines[-1].append(text)

    def break_line(self) -> None:
        self._lines.append([])

    def end_block(self) -> None:
        """Closes the block under way, if it has any text."""
        lines = ["".join(pieces) for pieces in self._lines]
        self._lines = [[]]
        text = "\n".join(lines).rstrip() if self.pre else "\n".join(map(_collapsed, lines)).strip("\n")
        if not text or text.isspace():
            return
        code = bool(self.pre) and self.pre[-1] != "textarea"
        self.blocks.append(Block(self._length, self._length + len(text), code=code))
        self.texts.append(text)
        self._length += len(text) + 1


def _walk(root: LexborNode, page: _Page) -> None:
    """Goes through the tree in document order, without recursion: pages nest as deep as they like."""
    stack: list[tuple[LexborNode, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        tag = node.tag or ""
        if leaving:
            _leave(tag, page)
            continue
        if node.next is not None:
            stack.append((node.next, False))
        if tag == "-text":
            page.add(node.text_content or "")
        elif tag == "br":
            page.break_line()
        elif tag not in _UNSEEN_TAGS and not tag.startswith(("-", "!")):
            _enter(tag, page)
            stack.append((node, True))
            if node.child is not None:
                stack.append((node.child, False))


def _enter(tag: str, page: _Page) -> None:
    if tag in _BLOCK_TAGS:
        page.end_block()
    if tag in _PRE_TAGS:
        page.pre.append(tag)


def _leave(tag: str, page: _Page) -> None:
    if tag in _BLOCK_TAGS:
        page.end_block()
    if tag in _PRE_TAGS:
        page.pre.pop()


def _collapsed(line: str) -> str:
    without_breaks = _LINE_BREAK_IN_SOURCE.sub(_space_for_break, line.strip(_SPACE))
    return _SPACES.sub(" ", without_breaks)


def _space_for_break(match: re.Match[str]) -> str:
    before, after = match.string[match.start() - 1], match.string[match.end()]
    return "" if _is_wide(before) and _is_wide(after) else " "


def _is_wide(character: str) -> bool:
    hangul = "\u1100" <= character <= "\u11ff" or "\u3130" <= character <= "\u318f" or "\uac00" <= character <= "\ud7ff"
    return unicodedata.east_asian_width(character) in "FWH" and not hangul


def _flattened(source: str) -> str:
    """``source``, or where its elements nest more than `_MAX_DEPTH` deep, the same with the deeper ones flattened.

    The parser looks through all open elements at many a tag, so without this 60,000 nested lists take minutes. Beyond
    that depth a tag that makes a block becomes a rule (``<hr>``) and any other tag goes, which leaves text and blocks
    as they are.
    """
    if source.count("<") <= _MAX_DEPTH:
        return source
    depth = 0
    too_deep = False
    pieces: list[str] = []
    end = 0
    for match in _TAG.finditer(source):
        closing, tag = match.group(1), match.group(2).lower()
        if closing and tag not in _SELF_CLOSING_TAGS:
            depth = max(0, depth - 1)
        deep = depth >= _MAX_DEPTH
        if not closing and tag not in _SELF_CLOSING_TAGS:
            depth += 1
        if deep and tag not in _TEXT_TAGS and tag not in _UNSEEN_TAGS and tag != "br":
            too_deep = True
            pieces += source[end : match.start()], "<hr>" if tag in _BLOCK_TAGS else ""
            end = match.end()
    return "".join((*pieces, source[end:])) if too_deep else source
