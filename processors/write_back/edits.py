"""The edits of the original that put a document's English in its Chinese's place, or beside it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from ..detection.characters import has_han
from ..lines import lines_of
from ..reading.placed import Companion, Edit, PlacedText, Run
from ..records import Block, Sentence
from ..rendering import Found, replaced_text, replacements
from .escaping import escaped, over_lines
from .sharing import Part, parts_of, piecewise, whole

Translate = Callable[[list[str]], Sequence[str | None]]
"""Texts in, their English out, None for what cannot be translated."""


def replacing_edits(placed: PlacedText, found: Found, translate: Translate) -> tuple[list[Edit], int]:
    """Edits that put the English of each sentence (in order) in its place, and how many sentences stay Chinese.

    A sentence of several elements (text, a link, text) is translated as a whole and shared out; where that cannot be
    done without losing code or an element, its parts are translated each by itself.
    """
    translated = [
        (english, parts_of(placed, sentence.start, sentence.end))
        for sentence, english in replacements(placed.text, 0, len(placed.text), found)
    ]
    known: dict[str, str | None] = {}
    _learn((part for _, parts in translated if len(parts) > 1 for part in parts if part.mark), known, translate)
    shared = [whole(english, parts, known) for english, parts in translated]
    _learn(
        (part for (_, parts), shares in zip(translated, shared, strict=True) if shares is None for part in parts),
        known,
        translate,
    )
    edits: list[Edit] = []
    changed: list[tuple[int, int]] = []
    staying = len(found) - len(translated)
    for (english, parts), shares in zip(translated, shared, strict=True):
        shares = shares or _spaced(english, piecewise(parts, known))  # noqa: PLW2901
        if not shares:
            staying += 1
            continue
        for part, share in zip(parts, shares, strict=True):
            if part.free and share != part.text:
                edits += _edits_of(placed, part, share)
                changed.append((part.start, part.end))
    return edits + _companions_of(placed.companions, changed), staying


def _spaced(english: str, shares: list[str] | None) -> list[str]:
    """The shares with the outer spaces of ``english``; none where there are none."""
    if not shares:
        return []
    first, last = english[:1].isspace(), english[-1:].isspace()
    return [
        (" " if first and number == 0 else "") + share + (" " if last and number + 1 == len(shares) else "")
        for number, share in enumerate(shares)
    ]


def _learn(parts: Iterable[Part], known: dict[str, str | None], translate: Translate) -> None:
    """Adds the English of parts by themselves to ``known``."""
    texts = dict.fromkeys(part.text.strip() for part in parts if part.free and has_han(part.text))
    new = [text for text in texts if text not in known]
    if new:
        known.update(zip(new, translate(new), strict=True))


def _edits_of(placed: PlacedText, part: Part, share: str) -> list[Edit]:
    """The share in the first stretch of the part; the others are empty, but for a space that divides from what follows."""
    text = placed.text
    share = " ".join(share.split("\n"))
    outside: list[Edit] = []
    if text[part.start - 1 : part.start].isspace() or not part.start:
        share = share.lstrip()
    if text[part.end : part.end + 1].isspace() or part.end == len(text):
        share = share.rstrip()
    if part.mark and share[:1] == " " and (before := _run_at(placed, part.start, ends=True)) and before.mark == 0:
        outside.append(Edit(before.origins[-1], before.origins[-1], " "))
        share = share.lstrip()
    if part.mark and share[-1:] == " " and (after := _run_at(placed, part.end, ends=False)) and after.mark == 0:
        outside.append(Edit(after.origins[0], after.origins[0], " "))
        share = share.rstrip()
    at_line_start = text[part.start - 1 : part.start] in {"", "\n"}
    (start, end), *others = part.spans
    tail = " " if others and share.endswith(" ") else ""
    written = escaped(share.rstrip() if others else share, part.syntax, at_line_start=at_line_start)
    if part.syntax in {"srt", "vtt"}:
        own = text[part.start : part.end]
        begins = own.startswith("\n")
        written = (placed.line_break if begins else "") + over_lines(
            written.lstrip() if begins else written, own.count("\n") - begins, placed.line_break
        )
    emptied = [Edit(first, last, tail if (first, last) == others[-1] else "") for first, last in others]
    return [Edit(start, end, written), *emptied, *outside]


def _run_at(placed: PlacedText, position: int, *, ends: bool) -> Run | None:
    """The run that ends, or begins, at a place of the text."""
    at = bisect_left(placed.runs, position, key=lambda run: run.start)
    if ends:
        before = placed.runs[at - 1] if at else None
        return before if before is not None and before.end == position else None
    return placed.runs[at] if at < len(placed.runs) and placed.runs[at].start == position else None


def _companions_of(companions: Sequence[Companion], changed: Sequence[tuple[int, int]]) -> list[Edit]:
    edits: dict[Edit, None] = {}
    ends = [end for _, end in changed]
    for companion in companions:
        at = bisect_left(ends, companion.start + 1)
        if at < len(changed) and changed[at][0] < companion.end:
            edits[companion.edit] = None
    return list(edits)


def adding_edits(placed: PlacedText, found: Found) -> list[Edit]:
    """Edits that put the English of each block with Chinese behind it."""
    edits: list[Edit] = []
    remaining = sorted(found, key=lambda item: item[0].start)
    starts = [sentence.start for sentence, _ in remaining]
    for block, addition in zip(placed.blocks, placed.additions, strict=True):
        here = remaining[bisect_left(starts, block.start) : bisect_left(starts, block.end)]
        lines = _english_lines(placed.text, block, here)
        if addition is None or not lines:
            continue
        own_line = "\n" in addition.before
        written = (escaped(line, addition.syntax, at_line_start=own_line) for line in lines)
        text = addition.before + addition.line_break.join(written) + addition.after
        edits.append(Edit(addition.position, addition.position, text))
    return edits


def _english_lines(text: str, block: Block, found: Sequence[tuple[Sentence, str | None]]) -> list[str]:
    """The lines of a block in which Chinese begins, in English; one where its line breaks are typesetting."""
    if all(english is None for _, english in found):
        return []
    own = text[block.start : block.end]
    spans = [(0, len(own))] if block.wrapped else list(lines_of(own))
    lines: list[str] = []
    for start, end in spans:
        here = [item for item in found if start <= item[0].start - block.start < end]
        if any(english is not None for _, english in here):
            english = replaced_text(text, block.start + start, block.start + end, here)
            lines.append(" ".join(english.split()))
    return lines
