"""Precision, recall and F1 of language detection against the gold set, by character, by switch point and by guest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

GOLD = Path(__file__).parent / "gold" / "detection.jsonl"
LANGUAGES = ("zh", "en", "other", "none")

Span = tuple[int, int, str]
"""Start, end and language of a segment or a guest."""
Detector = Callable[[str], tuple[list[Span], list[Span]]]
"""Text in; segments and guests out."""


@dataclass(slots=True)
class Score:
    """Counts of one thing: found and right, found and wrong, missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 0.0

    @property
    def recall(self) -> float:
        """Share of what there is that was found."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(slots=True)
class Scores:
    """All figures of one detector."""

    languages: dict[str, Score] = field(default_factory=lambda: {name: Score() for name in LANGUAGES})
    switches: Score = field(default_factory=Score)
    guests: Score = field(default_factory=Score)


def gold(split: str | None = None) -> list[dict[str, Any]]:
    """The documents of the gold set, or of one split of it (``dev``, ``held``)."""
    with GOLD.open(encoding="utf-8", newline="\n") as file:
        documents = [json.loads(line) for line in file]
    return [document for document in documents if split is None or document["split"] == split]


def spans_of(document: dict[str, Any]) -> tuple[list[Span], list[Span]]:
    """Segments and guests of a gold document."""
    segments = [(s["start"], s["end"], s["lang"]) for s in document["segments"]]
    guests = [(g["start"], g["end"], g["lang"]) for s in document["segments"] for g in s["embedded"]]
    return segments, guests


def switch_points(segments: Iterable[Span]) -> set[tuple[int, str, str]]:
    """Where the language changes from one segment to the next: offset, language before, language after."""
    ordered = sorted(segments)
    return {(after[0], before[2], after[2]) for before, after in pairwise(ordered) if before[2] != after[2]}


def _count(score: Score, found: set[Any], there: set[Any]) -> None:
    score.right += len(found & there)
    score.wrong += len(found - there)
    score.missed += len(there - found)


def score(documents: Iterable[dict[str, Any]], detector: Detector) -> Scores:
    """Score a detector. Characters that are white space count for no language."""
    scores = Scores()
    for document in documents:
        text = document["text"]
        gold_segments, gold_guests = spans_of(document)
        segments, guests = detector(text)
        pairs: Counter[tuple[str, str]] = Counter()
        wanted = _by_character(text, gold_segments)
        got = _by_character(text, segments)
        pairs.update((a, b) for a, b, c in zip(wanted, got, text, strict=True) if not c.isspace())
        for (want, have), number in pairs.items():
            if want == have:
                scores.languages[want].right += number
            else:
                scores.languages[want].missed += number
                scores.languages[have].wrong += number
        _count(scores.switches, switch_points(segments), switch_points(gold_segments))
        _count(scores.guests, set(guests), set(gold_guests))
    return scores


def _by_character(text: str, segments: Iterable[Span]) -> list[str]:
    languages = ["none"] * len(text)
    for start, end, language in segments:
        languages[start:end] = [language] * (end - start)
    return languages


def duiyi_detector(text: str) -> tuple[list[Span], list[Span]]:
    """Our own detector."""
    from duiyi.processors.detection import detect

    segments = detect(text)
    return (
        [(s.start, s.end, s.lang) for s in segments],
        [(g.start, g.end, g.lang) for s in segments for g in s.embedded],
    )
