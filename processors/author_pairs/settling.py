"""Settling doubts: a candidate is judged again by a machine translation of its Chinese.

Comparing a machine translation of one side with the other side is Bleualign's way (Sennrich & Volk 2010). Only
candidates between the two thresholds need it, and where one is refused, the translation is what the machine pair wants anyway.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import log

from ..dictionary.stems import content_stems
from ..settings import AuthorPairSettings
from .records import AuthorPair, Findings
from .scoring import probability

_LIKE, _SCALE = 0.28, 9.0
"""Share of common content words at which the translation says nothing either way, and log-odds per unit above it."""


def _asks(text: str) -> bool:
    return "?" in text or "？" in text


def likeness(translation: str, english: str) -> float:
    """F1 of the content words (stems) of two English texts, 0 to 1."""
    one, two = Counter(content_stems(translation)), Counter(content_stems(english))
    if not one or not two:
        return 0.0
    return 2 * (one & two).total() / (one.total() + two.total())


def to_translate(pairs: Iterable[AuthorPair], numbers: Iterable[int], settings: AuthorPairSettings) -> list[int]:
    """Those of the sentences (by number) that are to be in a machine pair: the ones that no author pair covers, or all."""
    covered = set() if settings.also_machine else {number for pair in pairs for number in pair.covered}
    return [number for number in numbers if number not in covered]


def settle(findings: Findings, translations: Mapping[int, str], settings: AuthorPairSettings) -> tuple[AuthorPair, ...]:
    """All pairs that hold: the sure ones, and those in doubt that a translation bears out.

    Args:
        findings: of `find_author_pairs`.
        translations: by the number of the Chinese sentence (`AuthorPair.covered`) its machine translation. A candidate of
            which a sentence is missing stays refused, and so does one of which only one side is a question.
        settings: thresholds.
    """
    held = list(findings.pairs)
    for pair in findings.doubtful:
        parts = [translations.get(number) for number in pair.covered]
        if None in parts or _asks(pair.zh) != _asks(pair.en):  # an answer shares its question's words
            continue
        like = likeness(" ".join(part for part in parts if part), pair.en)
        before = min(max(pair.similarity, 1e-6), 1 - 1e-6)
        after = probability(log(before / (1 - before)) + _SCALE * (like - _LIKE))
        if after >= settings.accept:
            held.append(replace(pair, similarity=round(after, 4)))
    return tuple(sorted(held, key=lambda pair: pair.zh_start))
