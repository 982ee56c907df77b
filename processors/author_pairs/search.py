"""Which passages of a document are each other's translation.

Candidates stand near each other (same line, neighbouring paragraphs, items, cells and cues, in either order); or, as in a document of two
halves, share rare words and lie on a chain. How much being neighbours counts is learned from the document: in a
book where nearly every paragraph is followed by its translation, the next one probably is too (expectation maximisation
over the three ways to be neighbours).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import log

from ..dictionary.lexicon import Lexicon
from .alignment import Bead, best_chain
from .passages import Passage, Relation
from .profiles import (
    ChinesePassage,
    Commonness,
    EnglishPassage,
    chinese_passage,
    english_passage,
    join_chinese,
    join_english,
)
from .rare_words import sharing_rare_words
from .scoring import length_deviation, log_odds, probability

_EXPECTED: dict[Relation, float] = {"line": 0.55, "after": 0.4, "before": 0.4}
"""Share of such neighbours that are twins, before the document has told its own."""
_STRENGTH = 4.0
"""How many neighbours that expectation counts for."""
_NEAR, _STEP = -1.2, -0.35
"""Log-odds of passages that are not neighbours, and for each passage more between them."""
_BETWEEN, _OFF_DIAGONAL = -0.7, -0.35
"""Log-odds between two links of a chain, and for each passage off its diagonal."""
_FAR = -4.5
_LABELLED = 1.2
"""Log-odds that a label such as *In English:* adds."""
_JOINED = -1.3
"""Log-odds of a bead of several passages, for each passage above one on either side."""
_MOST_DEVIATION = 5.0
"""Standard deviations by which English may be too short for passages that are not neighbours."""
_GAP = 10
"""Between two links of a chain, passages up to this many are compared all with all."""
_CROSSED = 1.0
"""Log-odds by which a pair that crosses the chain must be better."""


class Search:
    """The passages of one document (or of two that are twins) with their profiles and scores."""

    def __init__(
        self, zh: Sequence[Passage], en: Sequence[Passage], zh_text: str, en_text: str, lexicon: Lexicon, reach: int
    ) -> None:
        self.zh, self.en = zh, en
        self.zh_profiles = [chinese_passage(zh_text[one.start : one.end], lexicon) for one in zh]
        self.en_profiles = [english_passage(en_text[one.start : one.end]) for one in en]
        self.common = Commonness(self.zh_profiles, self.en_profiles, lexicon)
        self._apart = zh_text is not en_text
        self._reach = reach
        self._scores: dict[tuple[int, int, int, int], float] = {}
        self._neighbours = {} if self._apart else dict(self._near())
        self._placed = list(self._scored(self._neighbours, self._learned(self._neighbours)))

    def evidence(self, zh_first: int, zh_last: int, en_first: int, en_last: int) -> float:
        """Log-odds by content alone that these runs of passages say the same."""
        key = (zh_first, zh_last, en_first, en_last)
        known = self._scores.get(key)
        if known is None:
            known = self._scores[key] = log_odds(
                self._chinese(zh_first, zh_last), self._english(en_first, en_last), self.common
            )
        return known

    def _chinese(self, first: int, last: int) -> ChinesePassage:
        return join_chinese(self.zh_profiles[first:last])

    def _english(self, first: int, last: int) -> EnglishPassage:
        return join_english(self.en_profiles[first:last])

    def twins(self) -> list[Bead]:
        """The passages that probably are twins, in the order of the Chinese; their log-odds hold place and content."""
        near = self._neighbours
        beads = list(self._placed)
        sure = {bead.zh_first for bead in beads if bead.odds > 2}
        far = [pair for pair in sharing_rare_words(self.zh_profiles, self.en_profiles, sure) if pair not in near]
        beads += [Bead(i, i + 1, j, j + 1, self.evidence(i, i + 1, j, j + 1) + _FAR) for i, j in far]
        chain = best_chain(beads, len(self.en))
        if far or self._apart:
            between = dict(self._between(chain))
            beads = [
                bead
                for bead in beads
                if bead.zh_last - bead.zh_first + bead.en_last - bead.en_first > 2
                or (bead.zh_first, bead.en_first) not in between
            ]
            beads += self._joined([(i, j, prior) for (i, j), prior in between.items()])
            chain = best_chain(beads, len(self.en))
        return sorted([*chain, *self._crossing(beads, chain)], key=lambda bead: bead.zh_first)

    def doubtful(self, least: float, twins: Sequence[Bead]) -> list[Bead]:
        """Neighbours that no twin touches, with log-odds from ``least`` up, best first and none touching another."""
        return _apart_from(twins, [bead for bead in self._placed if bead.odds >= least])

    def _near(self) -> Iterator[tuple[tuple[int, int], Relation]]:
        """Pairs of passages within reach, by number, with how they stand to each other."""
        first = 0
        for i, zh in enumerate(self.zh):
            while first < len(self.en) and self.en[first].rank < zh.rank - self._reach:
                first += 1
            for j in range(first, len(self.en)):
                en = self.en[j]
                gap = en.rank - zh.rank
                if gap > self._reach:
                    break
                if abs(gap) > 1:
                    if self._may(i, j):
                        yield (i, j), "near"
                elif en.line == zh.line:
                    yield (i, j), "line"
                else:
                    yield (i, j), "before" if gap > 0 else "after"

    def _may(self, i: int, j: int) -> bool:
        """Whether anything speaks for passages that are not neighbours: cheaper to see than their score."""
        zh, en = self.zh_profiles[i], self.en_profiles[j]
        if length_deviation(zh.length, en.length) < -_MOST_DEVIATION:
            return False
        return not (
            zh.meanings[0].isdisjoint(en.stems)
            and zh.latin.isdisjoint(en.words)
            and zh.numbers.written.isdisjoint(en.numbers.written)
        )

    def _learned(self, near: dict[tuple[int, int], Relation]) -> dict[Relation, float]:
        """The prior log-odds of each way to be neighbours, learned from the document."""
        evidence: dict[Relation, list[float]] = defaultdict(list)
        for (i, j), relation in near.items():
            if relation != "near":
                evidence[relation].append(self.evidence(i, i + 1, j, j + 1))
        priors: dict[Relation, float] = {}
        for relation, expected in _EXPECTED.items():
            prior = log(expected / (1 - expected))
            found = evidence[relation]
            for _ in range(4):
                share = (sum(probability(odds + prior) for odds in found) + _STRENGTH * expected) / (
                    len(found) + _STRENGTH
                )
                prior = log(share / (1 - share))
            priors[relation] = max(-2.0, min(2.0, prior))
        return priors

    def _scored(self, near: dict[tuple[int, int], Relation], priors: dict[Relation, float]) -> Iterator[Bead]:
        placed = []
        for (i, j), relation in near.items():
            gap = abs(self.zh[i].rank - self.en[j].rank)
            prior = priors.get(relation, _NEAR + _STEP * (gap - 1))
            if relation != "near" and (self.zh[i].labelled or self.en[j].labelled):
                prior += _LABELLED
            placed.append((i, j, prior))
        yield from self._joined(placed)

    def _joined(self, placed: Iterable[tuple[int, int, float]]) -> Iterator[Bead]:
        """Beads of one passage on either side, and of two or three where one side alone is too short."""
        for i, j, prior in placed:
            odds = self.evidence(i, i + 1, j, j + 1)
            yield Bead(i, i + 1, j, j + 1, odds + prior)
            if odds + prior < -4:
                continue
            excess = length_deviation(self.zh_profiles[i].length, self.en_profiles[j].length)
            if excess > 0.6:
                runs = [(i - 1, i + 1), (i, i + 2), (i, i + 3), (i - 1, i + 2), (i - 2, i + 1)]
                for first, last in runs:
                    if self._together(self.zh, first, last):
                        more = _JOINED * (last - first - 1)
                        yield Bead(first, last, j, j + 1, self.evidence(first, last, j, j + 1) + prior + more)
            elif excess < -0.6:
                runs = [(j - 1, j + 1), (j, j + 2), (j, j + 3), (j - 1, j + 2), (j - 2, j + 1)]
                for first, last in runs:
                    if self._together(self.en, first, last):
                        more = _JOINED * (last - first - 1)
                        yield Bead(i, i + 1, first, last, self.evidence(i, i + 1, first, last) + prior + more)

    @staticmethod
    def _together(passages: Sequence[Passage], first: int, last: int) -> bool:
        """Whether there are such passages, with no more than one other between each and the next."""
        if first < 0 or last > len(passages):
            return False
        return all(two.rank - one.rank <= 2 for one, two in pairwise(passages[first:last]))

    def _between(self, chain: Sequence[Bead]) -> Iterator[tuple[tuple[int, int], float]]:
        """Pairs between two links of a chain, and its links, with the prior that their place gives."""
        ends = [
            Bead(-1, 0, -1, 0, 0.0),
            *chain,
            Bead(len(self.zh), len(self.zh) + 1, len(self.en), len(self.en) + 1, 0.0),
        ]
        for before, after in pairwise(ends):
            down, right = after.zh_first - before.zh_last, after.en_first - before.en_last
            if down == right == 0 and after.zh_first < len(self.zh):
                yield (after.zh_first, after.en_first), _BETWEEN
            if min(down, right) == 0 or max(down, right) > _GAP:
                continue
            for row in range(down):
                for column in range(right):
                    off = min(abs(row - column), abs((down - row) - (right - column)))
                    yield (before.zh_last + row, before.en_last + column), _BETWEEN + _OFF_DIAGONAL * off

    def _crossing(self, beads: Sequence[Bead], chain: Sequence[Bead]) -> list[Bead]:
        return _apart_from(chain, [bead for bead in beads if bead.odds > _CROSSED])


def _apart_from(taken: Sequence[Bead], beads: Iterable[Bead]) -> list[Bead]:
    """The beads that touch none of ``taken``, best first, nor one another."""
    zh = {number for bead in taken for number in range(bead.zh_first, bead.zh_last)}
    en = {number for bead in taken for number in range(bead.en_first, bead.en_last)}
    found = []
    for bead in sorted(beads, key=lambda one: (-one.odds, one.zh_first, one.en_first)):
        rows, columns = range(bead.zh_first, bead.zh_last), range(bead.en_first, bead.en_last)
        if zh.isdisjoint(rows) and en.isdisjoint(columns):
            zh.update(rows)
            en.update(columns)
            found.append(bead)
    return found
