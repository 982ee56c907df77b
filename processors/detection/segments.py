"""Segments: the languages of a document's lines, put together so that they tile its text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..records import Block, Lang, Segment
from .characters import has_han, has_letter, has_other_than_han, has_other_than_latin
from .guests import guests_of
from .latin import any_foreign, english_function_words, judge, words_in
from .nonlanguage import fence_mark, has_words, is_code_line, is_comment_line, mask_addresses
from .script import script_of
from .switching import clauses_of, surely_chinese

Verdict = Literal["zh", "en", "xx", "ja", "none"]

_DECLARED: dict[str, Verdict] = {
    "zh": "zh",
    "cmn": "zh",
    "yue": "zh",
    "nan": "zh",
    "wuu": "zh",
    "hak": "zh",
    "en": "en",
    "ja": "ja",
}
"""What a block's declared language says of it; any other is a language of no concern here."""
_SAYING_NOTHING = {"", "und", "mul", "zxx", "mis"}

REACH = 12
"""How many clauses away a neighbour may stand that decides a clause which alone can't be told."""
_WINDOW = 4096
"""Clauses that are settled at once."""


@dataclass(slots=True)
class _Span:
    """One clause with its language while it is still open to its neighbours' evidence."""

    start: int
    block: int
    opens: bool
    """Whether a line, or a block, begins with it."""
    verdict: Verdict | None
    certain: bool


@dataclass(slots=True)
class _Line:
    """One line with text: its first character that is no white space, its end (line break included), its block."""

    begin: int
    """Where its indentation begins."""
    start: int
    end: int
    text: str
    block: int
    code: bool = False
    opens: bool = True


def segments_of(text: str, blocks: Sequence[Block] | None, min_words: int) -> Iterator[Segment]:
    """The segments that tile ``text``, one by one; ``blocks`` are its reader's, by default its lines."""
    if not text:
        return iter(())
    spans = (
        _spans_of_lines(_lines(text, 0, 0), min_words) if blocks is None else _spans_of_blocks(text, blocks, min_words)
    )
    declared = {
        number: _DECLARED.get(block.lang, "xx")
        for number, block in enumerate(blocks or ())
        if block.lang is not None and block.lang not in _SAYING_NOTHING
    }
    return _tiles([text], spans, declared)


def segments_of_windows(windows: Iterable[str], min_words: int) -> Iterator[Segment]:
    """The segments of a plain text that comes piece by piece, each cut at a line's end; the same as those of the whole."""
    seen: list[str] = []

    def lines() -> Iterator[_Line]:
        position = block = 0
        for window in windows:
            seen.append(window)
            for line in _lines(window, position, block):
                yield line
                block = line.block + 1
            position += len(window)

    return _tiles(seen, _spans_of_lines(lines(), min_words), {})


def _tiles(windows: list[str], spans: Iterator[_Span], declared: Mapping[int, Verdict]) -> Iterator[Segment]:
    """Cuts the text at the spans that begin a segment. ``windows`` grows while ``spans`` are drawn; what is done is dropped."""
    start = 0  # of the segment that is open
    offset = 0  # of the first window
    number = 0
    current: _Span | None = None
    for span in _settled(spans, declared):
        if current is None:
            current = span
            continue
        if not span.opens and current.block == span.block and _lang(current.verdict) == _lang(span.verdict):
            continue
        own = _slice(windows, start - offset, span.start - offset)
        yield _segment(own, start, number, current)
        while len(windows) > 1 and offset + len(windows[0]) <= span.start:
            offset += len(windows.pop(0))
        start, current, number = span.start, span, number + 1
    rest = _slice(windows, start - offset, None)
    if current is not None:
        yield _segment(rest, start, number, current)
    elif rest:
        yield Segment(0, 0, 0, len(rest), "none", None, rest)


def _slice(windows: list[str], start: int, end: int | None) -> str:
    if end is not None and end <= len(windows[0]):
        return windows[0][start:end]
    return "".join(windows)[start:end]


def _lang(verdict: Verdict | None) -> Lang:
    return "other" if verdict == "xx" or verdict == "ja" else verdict or "en"  # noqa: PLR1714 - mypy narrows this only


def _segment(text: str, start: int, number: int, span: _Span) -> Segment:
    lang = _lang(span.verdict)
    return Segment(
        span.block,
        number,
        start,
        start + len(text),
        lang,
        script_of(text) if lang == "zh" else None,
        text,
        () if lang == "none" or text.isascii() else guests_of(text, start, lang, japanese=span.verdict == "ja"),
    )


def _lines(text: str, offset: int, block: int) -> Iterator[_Line]:
    """The lines with text of a plain text, each a block; ``offset`` and ``block`` are what to count from."""
    position = offset
    for line in text.splitlines(keepends=True):
        end = position + len(line)
        content = line.lstrip()
        if content:
            yield _Line(position, end - len(content), end, content, block)
            block += 1
        position = end


def _pieces(text: str, start: int, end: int, block: int, code: bool = False) -> Iterator[_Line]:
    """The lines with text between two offsets."""
    for line in text[start:end].splitlines(keepends=True):
        end = start + len(line)
        content = line.lstrip()
        if content:
            yield _Line(start, end - len(content), end, content, block, code)
        start = end


def _spans_of_blocks(text: str, blocks: Sequence[Block], min_words: int) -> Iterator[_Span]:
    """The clauses of all blocks in order; each line with text begins with one."""
    numbered = enumerate(blocks)
    position = 0
    wrapped: list[_Line] | None = []

    def lines_before_wrapped() -> Iterator[_Line]:
        """The lines up to the next block whose line breaks are typesetting."""
        nonlocal position, wrapped
        for index, block in numbered:
            if block.start > position:
                yield from _between(text, position, block.start, max(0, index - 1))
            position = max(position, block.end)
            lines = _pieces(text, block.start, block.end, index, block.code)
            if block.wrapped and not block.code:
                wrapped = list(lines)
                return
            yield from lines
        yield from _between(text, position, len(text), max(0, len(blocks) - 1))
        wrapped = None

    while wrapped is not None:
        yield from _spans_of_lines(lines_before_wrapped(), min_words)
        if wrapped is not None:
            yield from _wrapped_spans(text, wrapped, min_words)


def _between(text: str, first: int, last: int, block: int) -> Iterator[_Line]:
    """Text that no block holds; marks between two cells of a row belong to the cell before."""
    for line in _pieces(text, first, last, block):
        line.opens = _at_line_start(text, line.start)
        if line.opens or has_letter(line.text):
            yield line


def _at_line_start(text: str, start: int) -> bool:
    before = text[max(0, start - 200) : start].rstrip(" \t\u3000")
    return not before or before[-1] in "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def _spans_of_lines(lines: Iterator[_Line], min_words: int) -> Iterator[_Span]:
    """The clauses of lines; what stands in a fence, or before a line of code as its comment, is code."""
    fence: str | None = None
    line = next(lines, None)
    while line is not None:
        upcoming = next(lines, None)
        mark = fence_mark(line.text) if line.text[0] in "`~" and not line.code else None
        if fence is None and mark is None and not line.code:
            if upcoming is not None and upcoming.begin == line.end and is_comment_line(line.text, upcoming.text):
                yield _Span(line.start, line.block, line.opens, "none", True)
            else:
                yield from _line_spans(line, min_words)
        else:
            yield _Span(line.start, line.block, line.opens, "none", True)
            if fence is None:
                fence = mark
            elif mark is not None and mark.startswith(fence) and line.text.strip() == mark:
                fence = None
        line = upcoming


def _wrapped_spans(text: str, lines: list[_Line], min_words: int) -> Iterator[_Span]:
    """A block whose line breaks are typesetting is judged as a whole and then cut into its lines."""
    if len(lines) < 2:
        for line in lines:
            yield from _line_spans(line, min_words)
        return
    start, end = lines[0].start, lines[-1].end
    whole = list(_line_spans(_Line(start, start, end, text[start:end], lines[0].block), min_words))
    current = whole[0]
    rest = iter(whole[1:])
    upcoming = next(rest, None)
    for line in lines:
        opens = True
        while upcoming is not None and upcoming.start < line.end:
            if upcoming.start > line.start and opens:
                yield _Span(line.start, line.block, True, current.verdict, current.certain)
                opens = False
            current = upcoming
            yield _Span(current.start, line.block, opens, current.verdict, current.certain)
            opens = False
            upcoming = next(rest, None)
        if opens:
            yield _Span(line.start, line.block, True, current.verdict, current.certain)


def _line_spans(line: _Line, min_words: int) -> list[_Span]:
    """The clauses of one line (or one wrapped block); the first begins where its text does."""
    text, start, block, opens = line.text, line.start, line.block, line.opens
    masked = mask_addresses(text)
    if not has_other_than_latin(masked):
        words = words_in(masked.lower())
        if not words:
            return [_Span(start, block, opens, "none", True)]
        known = sum(map(english_function_words().__contains__, words))
        if len(words) > 3 and known * 4 >= len(words) and any_foreign().isdisjoint(words):
            return [_Span(start, block, opens, "none" if is_code_line(text) else "en", True)]
    elif not has_other_than_han(text) and not is_code_line(text):
        return [_Span(start, block, opens, "zh", surely_chinese(text))]
    if is_code_line(text) or not (has_han(masked) or has_words(masked)):
        return [_Span(start, block, opens, "none", True)]
    spans: list[_Span] = []
    for clause in clauses_of(masked):
        verdict: Verdict | None
        if clause.state == "han":
            verdict, certain = "zh", not clause.plain_han
        elif clause.state == "xx":
            verdict, certain = ("ja" if clause.japanese else "xx"), True
        else:
            verdict, certain = judge(clause.words, min_words, label=clause.label)
        spans.append(_Span(start + clause.start if spans else start, block, opens and not spans, verdict, certain))
    return spans or [_Span(start, block, opens, "none", True)]  # a letter of no script (²) is no word


def _settled(spans: Iterator[_Span], declared: Mapping[int, Verdict]) -> Iterator[_Span]:
    """Decides what alone can't be told, Han that may be kanji and a few Latin-letter words: by what is declared of
    their block, else by their neighbours."""
    window: list[_Span] = []
    done = 0
    for span in spans:
        window.append(span)
        if len(window) >= _WINDOW + 2 * REACH:
            _settle(window, done, len(window) - REACH, declared)
            yield from window[done : len(window) - REACH]
            del window[: len(window) - 2 * REACH]
            done = REACH
    _settle(window, done, len(window), declared)
    yield from window[done:]


def _settle(spans: list[_Span], first: int, last: int, declared: Mapping[int, Verdict]) -> None:
    for index in range(first, last):
        span = spans[index]
        if span.certain:
            continue
        said = declared.get(span.block)
        if said is not None and (said in {"zh", "ja"}) == (span.verdict == "zh"):
            span.verdict = said
            continue
        if span.verdict == "zh":
            near = _neighbours(spans, index, {"zh", "ja"})
            if near and all(verdict == "ja" for verdict in near):
                span.verdict = "ja"
            continue
        near = _neighbours(spans, index, {"en", "xx"})
        if near and all(verdict == near[0] for verdict in near):
            span.verdict = near[0]
        elif span.verdict is None:
            span.verdict = "en"


def _neighbours(spans: list[_Span], index: int, among: Collection[Verdict]) -> list[Verdict]:
    """The nearest certain verdicts before and after a clause."""
    before = spans[max(0, index - REACH) : index]
    after = spans[index + 1 : index + 1 + REACH]
    return [
        verdict
        for side in (reversed(before), after)
        if (verdict := next((s.verdict for s in side if s.certain and s.verdict in among), None)) is not None
    ]
