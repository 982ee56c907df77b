"""HTML: its text as a browser shows it, each block element a block on lines of its own."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UnreadableError
from ..records import Block
from .placed import Addition, Companion, Edit, PlacedText, Run, Syntax

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

BLOCK_TAGS = frozenset(
    """address article aside blockquote body button caption center col colgroup dd details dialog dir div dl dt
    fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li
    listing main menu nav ol optgroup option p plaintext pre search section select summary table tbody td
    textarea tfoot th thead title tr ul xmp""".split()
)
"""Elements that stand on lines of their own."""

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

_ALTERNATIVE_TAGS = frozenset({"area", "img"})
FIXED_TAGS = frozenset({"code", "kbd", "samp", "tt", "var"})
"""Inline elements whose text stays as it is in a translation."""
_ONE_LINE_TAGS = frozenset({"option", "title"})
_RAW_TEXT_TAGS = _TEXT_TAGS - {"textarea", "title", "template"} | {"plaintext"}
_START_OF_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*+)")
_END_OF_TAG = re.compile(r"(?:[\s/]++|=?[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])[^\s>]*+))?|=)*+>")
_ALTERNATIVE = re.compile(r"[\s/\"']alt\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>][^\s>]*))", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(?:-?>|(?s:.*?)(?:--!?>|\Z))|<(?:[!?]|/(?![a-zA-Z]))[^>]*(?:>|\Z)")
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]*;?)")
_CLOSING_TAGS = re.compile(r"(?:</([a-zA-Z][^\s/>]*)\s*>)")
_REST_OF_RUBY = re.compile(r"\s*<r[pt]\b[^<]{0,200}(?:<(?!/ruby\b)[^<]{0,200}){0,20}(?=</ruby\b)", re.IGNORECASE)


def declared_charset(data: bytes) -> str | None:
    """The charset that a page names in its first 4096 bytes."""
    head = data[:4096]
    match = _XML_ENCODING.match(head) or _META_CHARSET.search(head)
    return match.group(1).decode("ascii") if match else None


def page_text(source: str) -> tuple[str, tuple[Block, ...]]:
    """The text of a page, its title first, and the blocks of that text.

    Every block element (paragraph, heading, list item, table cell …) is a block on a line of its own; ``<br>`` is a
    line break inside it. White space collapses as CSS Text 3, 4.1 has it, so a line break of the source disappears
    between two Chinese characters; ``<pre>`` keeps it and is ``code``. The alternative text of an image is a block
    after the one the image stands in; other attributes are not text. Scripts, styles, templates, SVG, comments and the
    pronunciations of ruby are left out.
    """
    page = _page(source, None)
    return "\n".join(page.texts), tuple(page.blocks)


def placed_page(source: str) -> PlacedText:
    """The text and blocks of `page_text`, and where in ``source`` they stand.

    Raises:
        UnreadableError: the page is put together so oddly that some of its text cannot be found again.
    """
    spans = _Spans(source)
    page = _page(spans.marked(), spans)
    text = "\n".join(page.texts)
    if (text, tuple(page.blocks)) != page_text(source):
        raise UnreadableError("the places of its text cannot be told (unusual nesting of tags?)")
    return _placed(text, page, spans)


@dataclass(frozen=True, slots=True)
class _Place:
    """A piece of text as it comes: the span of the source it stands in and its inline element; ``seen`` is it in ruby not."""

    text: str
    span: int | None
    mark: int = 0
    fixed: bool = False
    seen: bool = True


def _page(source: str, spans: _Spans | None) -> _Page:
    from selectolax.lexbor import LexborHTMLParser

    root = LexborHTMLParser(_flattened(source)).root
    page = _Page(spans)
    if root is not None:
        _walk(root, page)
    page.end_block()
    return page


class _Element(NamedTuple):
    """What is known of an open element: its mark (0 for a block), whether its text is to stay, its declared language."""

    mark: int = 0
    fixed: bool = False
    lang: str | None = None


class _Page:
    """Collects blocks in order and, where there are ``spans``, the places of their text."""

    def __init__(self, spans: _Spans | None) -> None:
        self.texts: list[str] = []
        self.blocks: list[Block] = []
        self.pre: list[str] = []
        self.places: list[_Place] = []
        self.tags: list[str] = []  # of each block
        self._elements: list[_Element] = []  # those that are open
        self._langs: set[str | None] = set()  # of the text of the block under way
        self._spans = spans
        self._marks = 0
        self._length = 0
        self._lines: list[list[str]] = [[]]
        self._pending: list[_Place] = []
        self._alternatives: list[tuple[str, str | None]] = []
        self._open_blocks: list[str] = []

    def add(self, text: str) -> None:
        own = self._without_marks(text, seen=True)
        self._lines[-1].append(own)
        if own and not own.isspace():
            self._langs.add(self._lang)

    @property
    def _lang(self) -> str | None:
        return self._elements[-1].lang if self._elements else None

    def add_unseen(self, text: str) -> None:
        """Text beside the text, which goes where that goes: the pronunciation of ruby."""
        self._without_marks(text, seen=False)

    def add_alternative(self, text: str, lang: str | None) -> None:
        """The alternative text of an image: a block after the one under way."""
        self._alternatives.append((text, self._lang if lang is None else lang))

    def break_line(self) -> None:
        self._lines.append([])

    def enter(self, tag: str, *, fixed: bool, lang: str | None) -> None:
        if tag in BLOCK_TAGS:
            self.end_block()
            self._open_blocks.append(tag)
        else:
            self._marks += 1
        outer = self._elements[-1] if self._elements else _Element()
        mark = 0 if tag in BLOCK_TAGS else self._marks
        self._elements.append(_Element(mark, fixed or outer.fixed, outer.lang if lang is None else lang))
        if tag in _PRE_TAGS:
            self.pre.append(tag)

    def leave(self, tag: str) -> None:
        if tag in BLOCK_TAGS:
            self.end_block()
            self._open_blocks.pop()
        self._elements.pop()
        if tag in _PRE_TAGS:
            self.pre.pop()

    def end_block(self) -> None:
        """Closes the block under way, if it has any text."""
        lines = ["".join(pieces) for pieces in self._lines]
        self._lines = [[]]
        text = "\n".join(lines).rstrip() if self.pre else "\n".join(map(_collapsed, lines)).strip("\n")
        langs, self._langs = self._langs, set()
        lang = langs.pop() if len(langs) == 1 else None
        self._close(text, code=bool(self.pre) and self.pre[-1] != "textarea", lang=lang)
        alternatives, self._alternatives = self._alternatives, []
        for alternative, lang in alternatives:
            self._close(_collapsed(self._without_marks(alternative, seen=True)), code=False, lang=lang)

    def _close(self, text: str, *, code: bool, lang: str | None) -> None:
        pending, self._pending = self._pending, []
        if not text or text.isspace():
            return
        self.blocks.append(Block(self._length, self._length + len(text), code=code, lang=lang or None))
        self.texts.append(text)
        self.places += pending
        self.tags.append(self._open_blocks[-1] if self._open_blocks else "")
        self._length += len(text) + 1

    def _without_marks(self, text: str, *, seen: bool) -> str:
        if self._spans is None:
            return text
        pieces = self._spans.split(text)
        inside = self._elements[-1] if self._elements else _Element()
        self._pending += (_Place(piece, span, inside.mark, inside.fixed, seen) for span, piece in pieces)
        return "".join(piece for _, piece in pieces)


def _walk(root: LexborNode, page: _Page) -> None:
    """Goes through the tree in document order, without recursion: pages nest as deep as they like."""
    stack: list[tuple[LexborNode, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        tag = node.tag or ""
        if leaving:
            page.leave(tag)
            continue
        if node.next is not None:
            stack.append((node.next, False))
        if tag == "-text":
            page.add(node.text_content or "")
        elif tag == "br":
            page.break_line()
        elif tag in {"rt", "rp"}:
            page.add_unseen(node.text())
        elif tag not in _UNSEEN_TAGS and not tag.startswith(("-", "!")):
            attributes = node.attributes
            if tag in _ALTERNATIVE_TAGS and attributes.get("alt"):
                page.add_alternative(attributes["alt"] or "", _declared(tag, attributes))
            stays = attributes.get("translate") == "no" or "notranslate" in (attributes.get("class") or "").split()
            page.enter(tag, fixed=tag in FIXED_TAGS or stays, lang=_declared(tag, attributes))
            stack.append((node, True))
            if node.child is not None:
                stack.append((node.child, False))


def _declared(tag: str, attributes: Mapping[str, str | None]) -> str | None:
    """The primary subtag of an element's ``lang``; None: it has none, empty: its language is said to be unknown.

    Of whole pages ``en`` and ``zh`` are what templates say, whatever is on the page.
    """
    value = attributes.get("lang", attributes.get("xml:lang"))
    lang = None if value is None else re.split("[-_]", value.strip().lower(), maxsplit=1)[0]
    return None if tag in {"html", "body"} and lang in {"en", "zh"} else lang


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
            pieces += source[end : match.start()], "<hr>" if tag in BLOCK_TAGS else ""
            end = match.end()
    return "".join((*pieces, source[end:])) if too_deep else source


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the source with text: between two tags, or the value of an attribute."""

    start: int
    end: int
    syntax: Syntax


class _Spans:
    """The stretches of a page's source that hold text.

    The parser does not tell where its text stood. So each stretch gets a mark, its number between two characters that
    are not in the page, and the parser is given the marked page: whatever becomes of a stretch, it can be told.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.spans = tuple(text_spans(source))
        unused = (chr(code) for code in range(0x10FFFD, 0xF0000, -1))
        self._delimiter = next(character for character in unused if character not in source)
        self._mark = re.compile(f"{self._delimiter}(\\d+){self._delimiter}")

    def marked(self) -> str:
        """The source with the marks."""
        pieces: list[str] = []
        position = 0
        for number, span in enumerate(self.spans):
            # Behind the white space: before the text of the body, in tables and in <pre>, it is not like other text.
            start = (
                span.start + len(self.source[span.start : span.end]) - len(self.source[span.start : span.end].lstrip())
            )
            pieces += self.source[position:start], f"{self._delimiter}{number}{self._delimiter}"
            position = start
        return "".join((*pieces, self.source[position:]))

    def split(self, text: str) -> list[tuple[int | None, str]]:
        """The pieces of a marked text with the number of the stretch that each comes from."""
        pieces = self._mark.split(text)
        found: list[tuple[int | None, str]] = [(None, pieces[0])] if pieces[0] else []
        found += ((int(number), piece) for number, piece in zip(pieces[1::2], pieces[2::2], strict=True))
        return found

    def characters(self, number: int) -> list[tuple[str, int, int]]:
        """The characters of a stretch that are no white space, as they are read, each with its place in the source."""
        span = self.spans[number]
        found: list[tuple[str, int, int]] = []
        position = span.start
        while position < span.end:
            match = _REFERENCE.match(self.source, position, span.end)
            decoded = html.unescape(match.group()) if match else self.source[position]
            end = match.end() if match else position + 1
            if match and decoded == match.group():
                decoded, end = "&", position + 1
            found += ((character, position, end) for character in decoded if not character.isspace())
            position = end
        return found


def text_spans(source: str) -> Iterator[Span]:
    """The stretches of a page's source that hold text, scripts and the like left out."""
    position = start = 0
    while (position := source.find("<", position)) >= 0:
        match = _START_OF_TAG.match(source, position)
        if match is None:
            comment = _COMMENT.match(source, position)
            if comment is None:
                position += 1
                continue
            yield from _text_span(source, start, position)
            start = position = comment.end()
            continue
        yield from _text_span(source, start, position)
        closed = _END_OF_TAG.match(source, match.end())
        if closed is None:
            return
        position = start = closed.end()
        if source.startswith("</", match.start()):
            continue
        tag = match.group(1).lower()
        if tag in _ALTERNATIVE_TAGS:
            yield from _alternative_span(source, match.end(), closed.end())
        elif tag in _RAW_TEXT_TAGS | {"textarea", "title"}:
            end = re.compile(f"</{tag}(?=[\\s/>])", re.IGNORECASE).search(source, start)
            position = end.start() if end else len(source)
            if tag in _RAW_TEXT_TAGS:
                start = position
    yield from _text_span(source, start, len(source))


def _text_span(source: str, start: int, end: int) -> Iterator[Span]:
    if source[start:end].strip():
        yield Span(start, end, "html")


def _alternative_span(source: str, start: int, end: int) -> Iterator[Span]:
    match = _ALTERNATIVE.search(source, start, end)
    if match is not None and (value := match.group(match.lastindex or 0)).strip():
        first, last = match.span(match.lastindex or 0)
        quoted = source[first - 1] in "\"'" and value != source[first - 1]
        yield Span(first, last, "attribute" if quoted else "unquoted")


def _placed(text: str, page: _Page, spans: _Spans) -> PlacedText:
    """The runs of a page: the characters that are no white space come in the same order in its text and in its places."""
    solid = [index for index, character in enumerate(text) if not character.isspace()]
    runs: list[Run] = []
    companions: list[Companion] = []
    used: dict[int, int] = {}  # how many characters of a stretch have come
    count = 0
    for place in page.places:
        wanted = [character for character in place.text if not character.isspace()]
        if not wanted:
            continue
        if place.span is None:
            count += len(wanted) if place.seen else 0
            continue
        characters = spans.characters(place.span)[used.get(place.span, 0) :][: len(wanted)]
        used[place.span] = used.get(place.span, 0) + len(wanted)
        if [character for character, _, _ in characters] != wanted:
            raise UnreadableError("the places of its text cannot be told (unusual character references?)")
        if not place.seen:
            at = solid[count - 1] if count else 0
            companions.append(Companion(at, at + 1, Edit(characters[0][1], characters[-1][2], "")))
            continue
        indexes = solid[count : count + len(wanted)]
        count += len(wanted)
        if "".join(text[index] for index in indexes) != "".join(wanted):
            raise UnreadableError("the places of its text cannot be told")
        span = spans.spans[place.span]
        start, origins = indexes[0], _origins(indexes, characters)
        # One space between this and its neighbour belongs to the one that has it in the source.
        before, after = _white_space(spans.source, span, origins)
        if before < origins[0] and text[start - 1 : start] == " " and (not runs or runs[-1].end < start):
            start, origins = start - 1, (before, *origins)
        if after > origins[-1] and text[indexes[-1] + 1 : indexes[-1] + 2] == " ":
            origins = (*origins, after)
        runs.append(Run(start, origins, span.syntax, place.mark, place.fixed))
    return PlacedText(
        text, tuple(page.blocks), tuple(runs), tuple(_additions(page, runs, spans.source)), tuple(companions)
    )


def _white_space(source: str, span: Span, origins: Sequence[int]) -> tuple[int, int]:
    """From where to where the white space of the source around some of its text reaches, inside ``span``."""
    before, after = source[span.start : origins[0]], source[origins[-1] : span.end]
    return origins[0] - (len(before) - len(before.rstrip(_SPACE))), origins[-1] + len(after) - len(after.lstrip(_SPACE))


def _origins(indexes: Sequence[int], characters: Sequence[tuple[str, int, int]]) -> tuple[int, ...]:
    """The origins of a run: white space between two characters stands between their places."""
    origins: list[int] = []
    for number, (index, (_, start, end)) in enumerate(zip(indexes, characters, strict=True)):
        origins.append(start)
        following = indexes[number + 1] if number + 1 < len(indexes) else index + 1
        origins += [end] * (following - index - 1)
    return (*origins, characters[-1][2])


def _additions(page: _Page, runs: Sequence[Run], source: str) -> Iterator[Addition | None]:
    remaining = iter(runs)
    run = next(remaining, None)
    for block, tag in zip(page.blocks, page.tags, strict=True):
        last: Run | None = None
        while run is not None and run.start < block.end:
            last, run = run, next(remaining, None)
        if last is None or block.code:
            yield None
        elif last.syntax != "html" or tag in _ONE_LINE_TAGS:
            yield Addition(last.origins[-1], " / ", "", " / ", last.syntax)
        elif tag == "textarea":
            yield Addition(last.origins[-1], "\n", "", "\n", "html")
        else:
            position = last.origins[-1]
            if pronunciation := _REST_OF_RUBY.match(source, position):
                position = pronunciation.end()
            while (match := _CLOSING_TAGS.match(source, position)) and match.group(1).lower() not in BLOCK_TAGS:
                position = match.end()
            yield Addition(position, '<br><span lang="en">', "</span>", "<br>", "html")
