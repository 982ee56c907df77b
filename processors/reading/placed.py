"""Text that knows where it stands in its original, so that a translation can be put in its place.

Only what stands in a `Run` can be replaced; a reader makes no run of what must stay (code, addresses, tags), or one
that is ``fixed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from ..records import Block

Syntax = Literal["text", "html", "attribute", "unquoted", "xml", "markdown", "cell", "quoted", "single", "srt", "vtt"]
"""What the original is written in at some place, which decides how text is escaped there; ``quoted`` and ``single`` are values between
double and single quotation marks in front matter."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of the text that stands in one place of the original, in one style.

    ``origins`` has the offset in the original of each of its characters and, at the end, the offset behind the last.
    Runs of one inline element (link, emphasis) share their ``mark``; 0 is none. A ``fixed`` run belongs to the text,
    but stays as it is (inline code).
    """

    start: int
    origins: Sequence[int]
    syntax: Syntax
    mark: int = 0
    fixed: bool = False

    @property
    def end(self) -> int:
        """Where the run ends in the text."""
        return self.start + len(self.origins) - 1


@dataclass(frozen=True, slots=True)
class Edit:
    """Puts ``text`` in the place of the original's characters from ``start`` to ``end``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Companion:
    """An edit that goes with any change of the text from ``start`` to ``end``: what said the same in another way."""

    start: int
    end: int
    edit: Edit


@dataclass(frozen=True, slots=True)
class Addition:
    """Where a block's translation goes when both stay: at ``position`` of the original, between ``before`` and ``after``."""

    position: int
    before: str
    after: str
    line_break: str
    syntax: Syntax


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A document's text and blocks, the runs they are made of (in order) and, for each block, its `Addition`.

    ``line_break`` is what the original has for one.
    """

    text: str
    blocks: tuple[Block, ...]
    runs: tuple[Run, ...]
    additions: tuple[Addition | None, ...]
    companions: tuple[Companion, ...] = ()
    line_break: str = "\n"


def applied(original: str, edits: Sequence[Edit]) -> str:
    """``original`` with the edits, which do not overlap, made; those at one place in the order given."""
    pieces: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < position:
            raise ValueError(f"edits overlap at {edit.start}")
        pieces += original[position : edit.start], edit.text
        position = edit.end
    return "".join((*pieces, original[position:]))


def with_fixed(placed: PlacedText, spans: Sequence[tuple[int, int]]) -> PlacedText:
    """The same, with the text in ``spans`` (in order, apart) fixed."""
    if not spans:
        return placed
    runs: list[Run] = []
    first = 0
    for run in placed.runs:
        while first < len(spans) and spans[first][1] <= run.start:
            first += 1
        cuts = {run.start, run.end}
        inside = []
        for start, end in spans[first:]:
            if start >= run.end:
                break
            inside.append((max(start, run.start), min(end, run.end)))
            cuts.update(inside[-1])
        edges = sorted(cuts)
        for start, end in pairwise(edges):
            fixed = run.fixed or any(a <= start and end <= b for a, b in inside)
            origins = run.origins[start - run.start : end - run.start + 1]
            runs.append(Run(start, origins, run.syntax, run.mark, fixed))
    return replace(placed, runs=tuple(runs))
