"""Sentences: the Chinese of a document, cut into the units that are translated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .detection.characters import HAN, has_han
from .detection.nonlanguage import mask_addresses
from .records import Block, Segment, Sentence
from .settings import SentenceSettings

_CLOSERS = "”’」』）)】》〉\"'］}〗〙*"
_end_mark = re.compile(
    # the first character stands alone, so that a search skips to it
    rf"[。！？!?｡…；;.](?:(?<=[。！？!?｡])[。！？!?｡]*|(?<=…)…*|(?<=\.)\.{{2,}}|(?<=；)|(?<=;)(?=\s|[{HAN}])"
    rf"|(?<=[{HAN}{_CLOSERS}A-Za-z]\.)(?=\s|$|[{HAN}])|(?<=\d{{3}}\.)(?=\s|$|[{HAN}]))"
    rf"[。！？!?…]*\s*[{re.escape(_CLOSERS)}]*"
)
_pause = re.compile(r"[，,、：:—–]|\s+|[)）」』”】]")
_opening_marks = re.compile(r"\s*(?>[|>#*+•·│┃–—=~-]++\s++|[|│┃>]++)++(?=\S)")
_CLOSING_MARKS = frozenset("|│┃#")
_closing_marks = re.compile(r"(?:\s*[|│┃]|\s+#+)+\s*\Z")
_SHORT = 4
"""A piece of at most this many characters before an ellipsis is a hesitation (我……不知道), not a sentence."""


def split_sentences(text: str, max_characters: int) -> list[tuple[int, int]]:
    """Start and end of each sentence of a Chinese text, outer white space left out.

    Sentences end at 。！？；…, at ASCII ``?!`` and at a full stop that ends a word, with the closing quotation marks
    and brackets behind them. Marks inside addresses, and the stop of a list's number (``1.``), end nothing. A piece without a Han
    character goes with the sentence before it. A sentence of more than ``max_characters`` is cut at its last pause.
    """
    masked = mask_addresses(text)
    cuts: list[int] = []
    start = 0
    for match in _end_mark.finditer(masked):
        mark = match.group()
        if mark[0] in "….." and match.start() - start <= _SHORT and match.end() < len(text) and not mark[-1:].isspace():
            continue
        end = match.start() + len(mark.rstrip()) if mark.rstrip()[-1:] not in _CLOSERS else match.end()
        trailing = mark[len(mark.rstrip()) :]
        if not trailing and mark[-1] in "\"'" and _opens(masked, match.end() - 1, start):
            end = match.end() - 1
        cuts.append(end)
        start = end
    spans: list[tuple[int, int]] = []
    chinese_before = False
    for first, last in zip([0, *cuts], [*cuts, len(text)], strict=True):
        span = _trimmed(text, first, last)
        if span is None:
            continue
        chinese = has_han(text[span[0] : span[1]]) is not None
        if spans and not (chinese and chinese_before):
            spans[-1] = (spans[-1][0], span[1])
            chinese_before = chinese or has_han(text[slice(*spans[-1])]) is not None
        else:
            spans.append(span)
            chinese_before = chinese
    return [piece for span in spans for piece in _capped(text, *span, max_characters)]


def _opens(text: str, index: int, start: int) -> bool:
    """Whether the straight quotation mark at ``index`` opens a quotation: an even number stands before it."""
    return text.count(text[index], start, index) % 2 == 0


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without outer white space and without the marks of a list, heading, quotation or table around it."""
    if start < end and not text[start].isalnum():
        marks = _opening_marks.match(text, start, end)
        start = marks.end() if marks else start
    last = end
    while last > start and text[last - 1].isspace():
        last -= 1
    if last > start and text[last - 1] in _CLOSING_MARKS:
        marks = _closing_marks.search(text, max(start, end - 20), end)
        if marks:
            last = marks.start()
            while last > start and text[last - 1].isspace():
                last -= 1
    while start < last and text[start].isspace():
        start += 1
    return (start, last) if start < last else None


def _capped(text: str, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    while end - start > most:
        cut = start + most
        for match in _pause.finditer(text, start + most // 3, start + most):
            cut = match.end()
        span = _trimmed(text, start, cut)
        if span is not None:
            yield span
        start = cut
    span = _trimmed(text, start, end)
    if span is not None:
        yield span


def sentences_of(
    text: str, segments: Sequence[Segment], blocks: Sequence[Block], settings: SentenceSettings
) -> list[Sentence]:
    """Every Chinese sentence, and every Chinese guest of a sentence in another language, in document order.

    In blocks whose line breaks are typesetting a sentence may run over them; it counts to the segment of its first
    character.
    """
    found: list[Sentence] = []
    index = 0
    while index < len(segments):
        segment = segments[index]
        if segment.lang != "zh":
            found += _guests(segment)
            index += 1
            continue
        last = index
        wrapped = segment.block < len(blocks) and blocks[segment.block].wrapped
        while (
            wrapped
            and last + 1 < len(segments)
            and segments[last + 1].lang == "zh"
            and segments[last + 1].block == segment.block
        ):
            last += 1
        found += _sentences(text, segments[index : last + 1], settings.max_characters)
        index = last + 1
    return found


def _sentences(text: str, run: Sequence[Segment], most: int) -> Iterator[Sentence]:
    first = run[0].start
    host = 0
    number = 0
    for start, end in split_sentences(text[first : run[-1].end], most):
        start, end = start + first, end + first  # noqa: PLW2901
        while start >= run[host].end:
            host, number = host + 1, 0
        if not has_han(text[start:end]):
            continue
        segment = run[host]
        yield Sentence("sentence", segment.block, segment.segment, number, start, end, text[start:end], segment.script)
        number += 1


def _guests(segment: Segment) -> Iterator[Sentence]:
    from .detection.script import script_of

    for guest in segment.embedded:
        if guest.lang != "zh":
            continue
        own = segment.text[guest.start - segment.start : guest.end - segment.start]
        before = segment.text[: guest.start - segment.start]
        number = len(re.findall(r"[.!?。！？]+[\"”')）]*\s", before))
        yield Sentence("embedded", segment.block, segment.segment, number, guest.start, guest.end, own, script_of(own))
