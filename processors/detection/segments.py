"""Segments: the languages of a document's lines, put together so that they tile its text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..lines import line_blocks, lines_of
from ..records import Block, Lang, Segment
from .characters import has_letter, has_other_than_han, has_other_than_latin
from .guests import guests_of
from .latin import any_foreign, english_function_words, judge, word_pattern
from .nonlanguage import fence_mark, has_words, is_code_line, is_comment_line
from .script import script_of
from .switching import Clause, clauses_of, mask_addresses, surely_chinese

Verdict = Literal["zh", "en", "xx", "ja", "none"]

REACH = 12
"""How many clauses away a neighbour may stand that decides a clause which alone can't be told."""


@dataclass(slots=True)
class _Span:
    """One clause with its language while it is still open to its neighbours' evidence."""

    start: int
    block: int
    verdict: Verdict | None
    certain: bool


def segments_of(text: str, blocks: Sequence[Block] | None, min_words: int) -> list[Segment]:
    """The segments that tile ``text``; ``blocks`` are its reader's, by default its lines."""
    spans = list(_spans(text, line_blocks(text) if blocks is None else blocks, min_words))
    if not spans:
        return [Segment(0, 0, 0, len(text), "none", None, text)] if text else []
    _settle(spans)
    spans[0].start = 0
    merged: list[_Span] = []
    line_start = -1
    line_end = -1
    for span in spans:
        if span.start >= line_end:
            line_start = span.start
            line_end = _line_end(text, span.start)
        elif (
            merged
            and merged[-1].start >= line_start
            and merged[-1].block == span.block
            and (_lang(merged[-1].verdict) == _lang(span.verdict))
        ):
            continue
        merged.append(span)
    ends = [*(span.start for span in merged[1:]), len(text)]
    return [_segment(text, span, number, end) for number, (span, end) in enumerate(zip(merged, ends, strict=True))]


def _line_end(text: str, start: int) -> int:
    """Where the line that holds the first word at or after ``start`` ends, its line break included."""
    position = start
    while position < len(text) and text[position].isspace():
        position += 1
    # splitlines has breaks of its own beside \n; asking it for growing pieces keeps this linear.
    size = 256
    while True:
        first = text[position : position + size].splitlines(keepends=True)[:2]
        if len(first) > 1:
            return position + len(first[0])
        if position + size >= len(text):
            return len(text)
        size *= 4


def _lang(verdict: Verdict | None) -> Lang:
    if verdict in {"xx", "ja"}:
        return "other"
    return verdict or "en"  # type: ignore[return-value]


def _segment(text: str, span: _Span, number: int, end: int) -> Segment:
    lang = _lang(span.verdict)
    own = text[span.start : end]
    return Segment(
        block=span.block,
        segment=number,
        start=span.start,
        end=end,
        lang=lang,
        script=script_of(own) if lang == "zh" else None,
        text=own,
        embedded=() if span.verdict == "ja" else guests_of(own, span.start, lang),
    )


def _spans(text: str, blocks: Sequence[Block], min_words: int) -> Iterator[_Span]:
    """The clauses of all blocks in order; each line with text begins with one."""
    fence: str | None = None
    position = 0
    for index, block in enumerate(blocks):
        yield from _between(text, position, block.start, max(0, index - 1), min_words)
        position = max(position, block.end)
        if block.code:
            yield from (_Span(start, index, "none", True) for start, _ in _pieces(text, block.start, block.end))
        elif block.wrapped:
            yield from _wrapped_spans(text, block, index, min_words)
        else:
            for start, end in _pieces(text, block.start, block.end):
                mark = fence_mark(text[start:end])
                if fence is None and mark is None:
                    if is_comment_line(text[start:end], _next_line(text, end)):
                        yield _Span(start, index, "none", True)
                        continue
                    yield from _line_spans(text, start, end, index, min_words)
                    continue
                yield _Span(start, index, "none", True)
                if fence is None:
                    fence = mark
                elif mark is not None and mark.startswith(fence) and text[start:end].strip() == mark:
                    fence = None
    yield from _between(text, position, len(text), max(0, len(blocks) - 1), min_words)


def _next_line(text: str, start: int) -> str:
    return text[start : start + 500].split("\n", 1)[0]


def _between(text: str, first: int, last: int, block: int, min_words: int) -> Iterator[_Span]:
    """Text that no block holds; marks between two cells of a row belong to the cell before."""
    for start, end in _pieces(text, first, last):
        if _at_line_start(text, start) or has_letter(text[start:end]):
            yield from _line_spans(text, start, end, block, min_words)


def _at_line_start(text: str, start: int) -> bool:
    before = text[max(0, start - 200) : start].rstrip(" \t\u3000")
    return not before or before[-1] in "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The lines with text between two offsets, from their first character that is no white space."""
    if start >= end:
        return
    for first, last in lines_of(text[start:end]):
        piece = text[start + first : start + last]
        content = piece.lstrip()
        if content:
            yield start + last - len(content), start + last


def _wrapped_spans(text: str, block: Block, index: int, min_words: int) -> Iterator[_Span]:
    """A block whose line breaks are typesetting is judged as a whole and then cut into its lines."""
    pieces = list(_pieces(text, block.start, block.end))
    if len(pieces) < 2:
        for start, end in pieces:
            yield from _line_spans(text, start, end, index, min_words)
        return
    whole = list(_line_spans(text, pieces[0][0], pieces[-1][1], index, min_words))
    current = whole[0]
    rest = iter(whole[1:])
    upcoming = next(rest, None)
    for start, end in pieces:
        first = True
        while upcoming is not None and upcoming.start < end:
            if upcoming.start > start and first:
                yield _Span(start, index, current.verdict, current.certain)
            current, first = upcoming, False
            yield current
            upcoming = next(rest, None)
        if first:
            yield _Span(start, index, current.verdict, current.certain)


def _line_spans(text: str, start: int, end: int, block: int, min_words: int) -> Iterator[_Span]:
    """The clauses of one line (or one wrapped block); the first begins at ``start``."""
    line = text[start:end]
    if not has_letter(line):
        yield _Span(start, block, "none", True)
        return
    if not has_other_than_latin(line):
        words = word_pattern.findall(line.lower())
        english = english_function_words()
        known = sum(word in english for word in words)
        if len(words) > 3 and known * 4 >= len(words) and any_foreign().isdisjoint(words):
            yield _Span(start, block, "none" if is_code_line(line) else "en", True)
            return
    elif not has_other_than_han(line) and not is_code_line(line):
        yield _Span(start, block, "zh", surely_chinese(line))
        return
    if is_code_line(line) or not has_words(line):
        yield _Span(start, block, "none", True)
        return
    masked = mask_addresses(line)
    clauses = clauses_of(masked)
    if not clauses:
        yield _Span(start, block, "none", True)
        return
    for number, clause in enumerate(clauses):
        verdict, certain = _verdict(clause, min_words)
        yield _Span(start + (clause.start if number else 0), block, verdict, certain)


def _verdict(clause: Clause, min_words: int) -> tuple[Verdict | None, bool]:
    if clause.state == "han":
        return "zh", not clause.plain_han
    if clause.state == "xx":
        return ("ja" if clause.japanese else "xx"), True
    return judge(clause.words, min_words)


def _settle(spans: list[_Span]) -> None:
    """Decide by their neighbours what alone can't be told: Han that may be kanji, a few Latin-letter words."""
    for index, span in enumerate(spans):
        if span.certain:
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
    before = next(
        (
            s.verdict
            for s in reversed(spans[max(0, index - REACH) : index])
            if s.certain and s.verdict is not None and s.verdict in among
        ),
        None,
    )
    after = next(
        (
            s.verdict
            for s in spans[index + 1 : index + 1 + REACH]
            if s.certain and s.verdict is not None and s.verdict in among
        ),
        None,
    )
    return [verdict for verdict in (before, after) if verdict is not None]
