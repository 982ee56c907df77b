"""Passages: the runs of one language between which pairs are sought, with the decoration around them taken off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..detection.characters import has_han
from ..records import Document, Segment

_LABEL = (
    r"(?:in english|english(?: version| translation)?|translation|translated|in chinese|chinese(?: version| translation)?|en|eng|zh|cn"
    r"|中文版?|英文版?|中译|英译|译文|翻译|原文)\s*[:：]"
)
_label = re.compile(_LABEL, re.IGNORECASE)
_lead = re.compile(
    r"(?:\s|:{3,}[ \t]*\w*|[>#*+•·-]+(?=\s)|[>•·]|[|│┃/／\\~=–—:：,，;；。]|(?:-{2,}|\.)(?=\s)|\(?\d{1,3}[.)、](?=\s)|[a-z]\)(?=\s)"
    rf"|{_LABEL}|[(（\[【](?=[^()（）\[\]【】]*$))+",
    re.IGNORECASE,
)
_tail = re.compile(r"(?:\s|[|│┃]|[(（\[【](?=\s*\Z)|\s#+)+\Z")
_separating_tail = re.compile(r"(?:\s|[|│┃/／\\~=–—-]|[(（\[【]|\s#+|[:：](?=\s*\Z))+\Z")
"""What stands between this and the rest of the line."""
_CLOSING = {")": "(（", "）": "(（", "]": "[【", "】": "[【"}

_blank_line = re.compile(r"\n\s*\n")
_address = re.compile(r"(?:https?://|www\.|mailto:)\S*")
_seam = re.compile(r"[ \t/|(（【\[—–](\d[\d.,:%]*[ \t]+)\Z")
"""A number at the end of the Chinese on a line: the English that follows begins with it (``… 面孔 100 most …``)."""
_name_seam = re.compile(r"(?<=\s)(?P<mark>[#@])[A-Za-z][\w-]{0,30}#?[ \t]*\Z")
"""So does a name or a topic in Latin letters, where the Chinese has one of its own (``@小明 生日快乐 @xiaoming happy …``)."""
_latin_word = re.compile(r"[A-Za-z]{2}")
_MOST_BRACKETS = 3
"""Pairs of brackets round a passage that are looked through."""
_MARKS = 4
"""Characters (marks) that may stand on either side of what fills a passage."""
Relation = Literal["line", "after", "before", "near", "between", "far"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of segments of one language in one block. ``start`` and ``end`` leave out white space, list marks and labels."""

    lang: Literal["zh", "en"]
    rank: int
    """Its place among the document's passages."""
    block: int
    line: int
    """Number of the line on which it begins."""
    start: int
    end: int
    labelled: bool = False
    """Whether a label in front says that it is a translation."""


def passages_of(
    document: Document, segments: Sequence[Segment], known: Sequence[tuple[int, int]] = ()
) -> list[Passage]:
    """The Chinese and English passages of a document in order; those that a span of ``known`` fills are left out."""
    text = document.text
    code = [block.code for block in document.blocks]
    runs: list[list[Segment]] = []
    for segment in segments:
        before = runs[-1][-1] if runs else None
        if (
            before is not None
            and before.lang == segment.lang
            and before.block == segment.block
            and not _blank_line.search(before.text, max(0, len(before.text) - 20))
        ):
            runs[-1].append(segment)
        else:
            runs.append([segment])
    found: list[Passage] = []
    taken = iter(sorted(known))
    span = next(taken, None)
    line, counted = 0, 0
    moved = None  # where the English of a line begins, if a number before it was left to the Chinese
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        first = run[0]
        line += text.count("\n", counted, first.start)
        counted = first.start
        if first.lang not in {"zh", "en"} or (first.block < len(code) and code[first.block]):
            continue
        raw_start, raw_end = first.start if moved is None else moved, run[-1].end
        moved = None
        if first.lang == "zh" and following is not None and following[0].lang == "en":
            number = _seam.search(text, max(raw_start, raw_end - 20), raw_end)
            name = _name_seam.search(text, max(raw_start, raw_end - 40), raw_end)
            if number is not None and number.start() > raw_start:
                raw_end = moved = number.start(1)
            elif name is not None and name["mark"] in text[raw_start : name.start()]:
                raw_end = moved = name.start()
        start, end = trimmed(text, raw_start, raw_end)
        if start >= end:
            continue
        while span is not None and span[1] <= start:
            span = next(taken, None)
        if span is not None and span[0] <= start + _MARKS and span[1] >= end - _MARKS:
            continue
        labelled = is_labelled(text, raw_start, raw_end)
        found.append(Passage("zh" if first.lang == "zh" else "en", len(found), first.block, line, start, end, labelled))
    return found


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without outer white space, the marks of lists, headings, quotations and tables, separators and labels."""
    lead = _lead.match(text, start, end)
    first = lead.end() if lead else start
    ends_line = end >= len(text) or text[end - 1] in "\r\n"
    tail = (_tail if ends_line else _separating_tail).search(text[max(first, end - 200) : end])
    last = end - (len(tail.group()) if tail else 0)
    for _ in range(_MOST_BRACKETS):
        if first >= last or text[last - 1] not in _CLOSING:
            break
        opened = _opened(text, first, last)
        if opened == first:  # brackets round the whole
            inner = _lead.match(text, first + 1, last - 1)
            first, last = inner.end() if inner else first + 1, last - 1
        elif (
            opened is None
            and text[max(first, last - 3) : last - 1].strip(":;-='^8xX") == text[max(first, last - 3) : last - 1]
        ):
            last -= 1  # that was opened before; but the mouth of :) closes nothing
        else:
            break
        while first < last and text[last - 1].isspace():
            last -= 1
    return first, last


def is_labelled(text: str, start: int, end: int) -> bool:
    """Whether a label (``In English:``, ``译文：``) at the start of the span says that it is a translation."""
    lead = _lead.match(text, start, end)
    return lead is not None and _label.search(lead.group()) is not None


def _opened(text: str, start: int, end: int) -> int | None:
    """Where in the span the bracket that closes at ``end`` was opened; None if before it."""
    opening = _CLOSING[text[end - 1]]
    depth = 0
    for place in range(end - 1, start - 1, -1):
        if _CLOSING.get(text[place]) == opening:
            depth += 1
        elif text[place] in opening:
            depth -= 1
            if depth == 0:
                return place
    return None


def bracketed_twin(text: str, start: int, end: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The Chinese and the English span of a text that is the one with the other in brackets behind it, else None."""
    last = end
    while last > start and text[last - 1] not in _CLOSING:
        if text[last - 1].isalnum():
            return None
        last -= 1
    place = _opened(text, start, last) if last > start else None
    if place is None:
        return None
    outer, inner = trimmed(text, start, place), trimmed(text, place + 1, last - 1)
    if outer[0] >= outer[1] or inner[0] >= inner[1]:
        return None
    has_chinese = [bool(has_han(text[span[0] : span[1]])) for span in (outer, inner)]
    if has_chinese == [True, False]:
        return (outer, inner) if _latin_word.search(_address.sub(" ", text[slice(*inner)])) else None
    return (inner, outer) if has_chinese == [False, True] else None
