"""A sentence's English shared out among the places its Chinese stood in: before, in and after a link, for instance."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..detection.characters import has_han
from ..reading.placed import PlacedText, Syntax

_WORD = re.compile(r"\s*\S+(?:\s+\Z)?")
_ENDS = " .,;:!?"
_ENGLISH_MARKS = str.maketrans(
    {"，": ", ", "。": ". ", "！": "! ", "？": "? ", "：": ": ", "；": "; ", "、": ", ", "（": " (", "）": ") "}
)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a sentence that stands in one inline element, from ``start`` to ``end`` in the text.

    ``spans`` are the stretches of the original that hold it. A part that is not ``free`` stays as it is: it is fixed,
    or an element without Chinese.
    """

    start: int
    end: int
    text: str
    spans: tuple[tuple[int, int], ...]
    syntax: Syntax
    mark: int
    free: bool


def parts_of(placed: PlacedText, start: int, end: int) -> list[Part]:
    """The parts of the text from ``start`` to ``end``, in order."""
    parts: list[Part] = []
    fixed_before = False
    first = max(0, bisect_right(placed.runs, start, key=lambda run: run.start) - 1)
    for run in placed.runs[first:]:
        if run.start >= end:
            break
        a, b = max(run.start, start), min(run.end, end)
        if a >= b:
            continue
        span = (run.origins[a - run.start], run.origins[b - run.start])
        last = parts[-1] if parts else None
        if last is not None and (last.mark, last.syntax, fixed_before) == (run.mark, run.syntax, run.fixed):
            joined = last.spans[-1][1] == span[0]
            spans = (*last.spans[:-1], (last.spans[-1][0], span[1])) if joined else (*last.spans, span)
            parts.pop()
            a = last.start
        else:
            spans = (span,)
        text = placed.text[a:b]
        free = not run.fixed and (run.mark == 0 or bool(has_han(text)))
        parts.append(Part(a, b, text, spans, run.syntax, run.mark, free))
        fixed_before = run.fixed
    return parts


def is_replaceable(placed: PlacedText, start: int, end: int) -> bool:
    """Whether there is Chinese from ``start`` to ``end`` that does not have to stay as it is, as code has to."""
    return any(part.free and has_han(part.text) for part in parts_of(placed, start, end))


def whole(english: str, parts: Sequence[Part], known: Mapping[str, str | None]) -> list[str] | None:
    """The English of a sentence shared out among its parts; None where that cannot be done without loss.

    ``known`` has the English of the text of each element by itself: where the sentence's English says it so, it goes
    there; else the element gets the words at its place. What stays as it is must be in the English, once.
    """
    if len(parts) == 1:
        return [english] if parts[0].free else None
    anchors: dict[int, tuple[int, int]] = {}
    cursor = 0
    for number, part in enumerate(parts):
        if part.free and part.mark == 0:
            continue
        wanted = (known.get(part.text.strip()) or "").strip(_ENDS) if part.free else part.text.strip()
        flags = re.IGNORECASE if part.free else 0
        found = list(re.finditer(rf"(?<!\w){re.escape(wanted)}(?!\w)", english[cursor:], flags)) if wanted else []
        if not part.free and len(found) != 1:
            return None
        if found:
            anchors[number] = (found[0].start() + cursor, found[0].end() + cursor)
            cursor = anchors[number][1]
    shares = [""] * len(parts)
    position = 0
    waiting: list[int] = []
    for number in range(len(parts) + 1):
        if number < len(parts) and number not in anchors:
            waiting.append(number)
            continue
        until = anchors[number][0] if number < len(parts) else len(english)
        stretch = english[position:until]
        shared = _proportional(stretch, [parts[index] for index in waiting])
        if shared is None:
            return None
        for index, share in zip(waiting, shared, strict=True):
            shares[index] = share
        if number < len(parts):
            shares[number] = english[slice(*anchors[number])]
            position = anchors[number][1]
        waiting = []
    _trim(shares, parts)
    return shares


def _proportional(stretch: str, parts: Sequence[Part]) -> list[str] | None:
    """The words of ``stretch`` over ``parts`` by their length, at least one for each element."""
    words: list[str] = _WORD.findall(stretch)
    if not parts:
        return None if words else []
    if not words:
        return None if any(part.mark for part in parts) else [stretch, *[""] * (len(parts) - 1)]
    total = sum(len(part.text.strip()) or 1 for part in parts)
    shares: list[str] = []
    used = done = 0
    for number, part in enumerate(parts):
        done += len(part.text.strip()) or 1
        least = used + (1 if part.mark else 0)
        most = len(words) - sum(1 for later in parts[number + 1 :] if later.mark)
        if least > most:
            return None
        until = len(words) if number + 1 == len(parts) else min(max(round(len(words) * done / total), least), most)
        shares.append("".join(words[used:until]))
        used = until
    return shares


def _trim(shares: list[str], parts: Sequence[Part]) -> None:
    """Moves the white space at the edges of elements out of them, where there is text beside them."""
    for number, part in enumerate(parts):
        if part.mark == 0 and part.free:
            continue
        share = shares[number]
        core = share.strip()
        before, after = share[: len(share) - len(share.lstrip())], share[len(share.rstrip()) :]
        shares[number] = core
        if before and number and parts[number - 1].mark == 0:
            shares[number - 1] += before
        elif before and number and part.syntax not in {"markdown", "cell"}:
            shares[number] = before + shares[number]
        if after and number + 1 < len(parts) and parts[number + 1].mark == 0:
            shares[number + 1] = after + shares[number + 1]


def piecewise(parts: Sequence[Part], known: Mapping[str, str | None]) -> list[str] | None:
    """Each part translated by itself, for a sentence that cannot be shared out; None where a part has no English."""
    shares: list[str] = []
    for number, part in enumerate(parts):
        english: str | None = part.text
        if part.free and part.text.strip():
            english = known.get(part.text.strip()) if has_han(part.text) else part.text.translate(_ENGLISH_MARKS)
        if english is None:
            return None
        if part.free and part.mark == 0 and part.text.strip():
            core = " ".join(english.split())
            before = number > 0 and core[:1].isalnum()
            after = number + 1 < len(parts) and bool(core) and core[-1] not in "([{“‘\"'"
            english = f"{' ' if before else ''}{core}{' ' if after else ''}"
        shares.append(english)
    return shares
