"""Alignment: the best monotone chain of scored beads, with skips; of passages in a document, of sentences in a passage.

Dynamic programming over beads of one to several units is Gale & Church's (1993), with dictionary scores as in Champollion (Ma 2006) and
Bleualign (Sennrich & Volk 2010). Sparse candidates and a Fenwick tree over prefix maxima keep the cost linear but for
a logarithm, where vecalign (Thompson & Koehn 2019) narrows a full table step by step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from .profiles import ChinesePassage, Commonness, EnglishPassage, join_chinese, join_english
from .rare_words import sharing_rare_words
from .scoring import CHARACTERS_RATIO, length_deviation, log_odds


@dataclass(frozen=True, slots=True)
class Bead:
    """Consecutive units of either side (numbers, end exclusive) and the log-odds that they say the same."""

    zh_first: int
    zh_last: int
    en_first: int
    en_last: int
    odds: float


class _PrefixMaxima:
    """A Fenwick tree: the greatest value stored at any place before one."""

    def __init__(self, size: int) -> None:
        self._values: list[tuple[float, int]] = [(0.0, -1)] * (size + 1)

    def store(self, place: int, value: tuple[float, int]) -> None:
        place += 1
        while place < len(self._values):
            self._values[place] = max(self._values[place], value)
            place += place & -place

    def before(self, place: int) -> tuple[float, int]:
        best = (0.0, -1)
        while place > 0:
            best = max(best, self._values[place])
            place -= place & -place
        return best


def best_chain(beads: Iterable[Bead], en_units: int) -> list[Bead]:
    """The beads of greatest total log-odds of which each begins behind the one before it on both sides."""
    ordered = sorted((bead for bead in beads if bead.odds > 0), key=lambda bead: (bead.zh_first, bead.en_first))
    maxima = _PrefixMaxima(en_units + 1)
    waiting: dict[int, list[int]] = defaultdict(list)  # Chinese end → beads whose total may be used from there on
    totals: list[float] = []
    previous: list[int] = []
    position = 0
    for number, bead in enumerate(ordered):
        while position <= bead.zh_first:
            for done in waiting.pop(position, ()):
                maxima.store(ordered[done].en_last, (totals[done], done))
            position += 1
        total, best = maxima.before(bead.en_first + 1)
        totals.append(total + bead.odds)
        previous.append(best)
        waiting[bead.zh_last].append(number)
    if not totals:
        return []
    number = max(range(len(totals)), key=totals.__getitem__)
    chain: list[Bead] = []
    while number >= 0:
        chain.append(ordered[number])
        number = previous[number]
    return chain[::-1]


BEADS = {
    (1, 1): 1.0, (1, 2): -0.5, (2, 1): -0.5, (1, 3): -1.5, (3, 1): -1.5, (1, 4): -2.5, (4, 1): -2.5,
    (2, 2): -4.0, (2, 3): -5.5, (3, 2): -5.5, (3, 3): -9.0,
}  # fmt: skip
"""Log-odds that each kind of bead adds, falling as Gale & Church (1993) found. One of several against several scores well
wherever its parts do, so that it must win by something."""
SKIP = -2.5
"""Of a sentence that the other side leaves out."""
MOST_ODDS = 12.0
"""Log-odds beyond which a bead counts no more, either way."""
LONG_PASSAGE = 20
"""Sentences from which on a passage is cut first; half as many lie between two cuts at least."""
ANCHOR = 3.0
"""Log-odds of sentences between which may be cut."""
LEAST_PART = -2.0
"""Log-odds that one sentence of either side of a bead must have with one of the other."""
SURE = 0.5
"""Log-odds that all beads of the plain alignment one by one must have for it to be taken without a search."""
MOST_DEVIATION = 3.0
"""Standard deviations of the length beyond which a bead isn't looked at."""
MOST_ASIDE = 0.25
"""Or share of the passage by which its sides stand apart."""
BAND = 12
"""How far from the diagonal the alignment may stray, in sentences."""


def align_sentences(zh: list[ChinesePassage], en: list[EnglishPassage], common: Commonness) -> list[Bead]:
    """The beads of sentences of two passages that are each other's translation; what no bead holds was skipped.

    Long passages are cut first between sentences that are sure to be twins.
    """
    cuts = [(0, 0), *_cuts(zh, en, common), (len(zh), len(en))]
    return [
        Bead(
            first[0] + bead.zh_first,
            first[0] + bead.zh_last,
            first[1] + bead.en_first,
            first[1] + bead.en_last,
            bead.odds,
        )
        for first, last in pairwise(cuts)
        for bead in _aligned(zh[first[0] : last[0]], en[first[1] : last[1]], common)
    ]


def _cuts(zh: list[ChinesePassage], en: list[EnglishPassage], common: Commonness) -> list[tuple[int, int]]:
    """Where two sentences in a row are sure twins of two in a row: places (Chinese, English) between them."""
    if min(len(zh), len(en)) < LONG_PASSAGE:
        return []
    beads = (Bead(i, i + 1, j, j + 1, log_odds(zh[i], en[j], common)) for i, j in sharing_rare_words(zh, en))
    found: list[tuple[int, int]] = []
    for one, two in pairwise(best_chain((bead for bead in beads if bead.odds > ANCHOR), len(en))):
        place = (two.zh_first, two.en_first)
        if (one.zh_last, one.en_last) == place and (not found or place[0] - found[-1][0] >= LONG_PASSAGE // 2):
            found.append(place)
    return found


def _aligned(zh: list[ChinesePassage], en: list[EnglishPassage], common: Commonness) -> list[Bead]:
    """The beads of sentences by dynamic programming near the diagonal."""
    rows, columns = len(zh), len(en)
    score = _Scores(zh, en, common)
    if rows == columns:
        diagonal = [Bead(place, place + 1, place, place + 1, score(place, place, 1, 1)) for place in range(rows)]
        if all(bead.odds > SURE for bead in diagonal):
            return diagonal
    band = BAND + 2 * columns // max(1, rows)
    best: dict[tuple[int, int], tuple[float, tuple[int, int] | None, float]] = {(0, 0): (0.0, None, 0.0)}
    for row in range(rows + 1):
        middle = row * columns // max(1, rows)
        for column in range(max(0, middle - band), min(columns, middle + band) + 1):
            here = best.get((row, column))
            if here is None:
                continue
            for down, right in ((0, 1), (1, 0), *BEADS):
                there = (row + down, column + right)
                if there[0] > rows or there[1] > columns:
                    continue
                odds = 0.0
                if down and right:
                    if not score.fits(row, column, down, right):
                        continue
                    odds = score(row, column, down, right)
                gain = odds * min(down, right) + BEADS[down, right] if down and right else SKIP
                total = here[0] + gain
                known = best.get(there)
                if known is None or total > known[0]:
                    best[there] = (total, (row, column), odds)
    beads: list[Bead] = []
    place: tuple[int, int] = (rows, columns)
    while place != (0, 0):
        _, before, odds = best[place]
        if before is None:
            break
        if before[0] < place[0] and before[1] < place[1]:
            beads.append(Bead(before[0], place[0], before[1], place[1], odds))
        place = before
    return beads[::-1]


class _Scores:
    """Log-odds of beads of sentences."""

    def __init__(self, zh: list[ChinesePassage], en: list[EnglishPassage], common: Commonness) -> None:
        self._zh, self._en, self._common = zh, en, common
        self._singles: dict[tuple[int, int], float] = {}
        self._zh_joined: dict[tuple[int, int], ChinesePassage] = {}
        self._en_joined: dict[tuple[int, int], EnglishPassage] = {}
        self._zh_ends = [0.0, *accumulate(one.length for one in zh)]
        self._en_ends = [0.0, *accumulate(float(one.length) for one in en)]

    def fits(self, row: int, column: int, down: int, right: int) -> bool:
        """Whether the lengths allow the bead: those of its sides, and of what stands before it."""
        zh, en = self._zh_ends, self._en_ends
        one, two = zh[row + down] - zh[row], en[column + right] - en[column]
        if abs(length_deviation(one, two)) > MOST_DEVIATION:
            return False
        aside = abs((zh[row] + one / 2) / (zh[-1] or 1) - (en[column] + two / 2) / (en[-1] or 1))
        return aside < MOST_ASIDE or aside * min(len(self._zh), len(self._en)) < 2

    def __call__(self, row: int, column: int, down: int, right: int) -> float:
        """The log-odds of a bead, within bounds; of one none of whose parts fit, the least."""
        if down == right == 1:
            return self._single(row, column)
        singles = (self._single(i, j) for i in range(row, row + down) for j in range(column, column + right))
        if max(singles) < LEAST_PART:
            return -MOST_ODDS
        odds = log_odds(self._chinese(row, row + down), self._english(column, column + right), self._common)
        return max(-MOST_ODDS, min(MOST_ODDS, odds))

    def _chinese(self, first: int, last: int) -> ChinesePassage:
        known = self._zh_joined.get((first, last))
        if known is None:
            known = self._zh_joined[first, last] = join_chinese(self._zh[first:last])
        return known

    def _english(self, first: int, last: int) -> EnglishPassage:
        known = self._en_joined.get((first, last))
        if known is None:
            known = self._en_joined[first, last] = join_english(self._en[first:last])
        return known

    def _single(self, row: int, column: int) -> float:
        known = self._singles.get((row, column))
        if known is None:
            odds = log_odds(self._zh[row], self._en[column], self._common)
            known = self._singles[row, column] = max(-MOST_ODDS, min(MOST_ODDS, odds))
        return known


def mended(beads: list[Bead], least: float, score: Callable[[Bead], float]) -> list[Bead]:
    """Beads in which each doubtful one (log-odds below ``least``) is joined with the neighbour it touches, or dropped."""
    found = list(beads)
    index = 0
    while index < len(found):
        if found[index].odds >= least:
            index += 1
            continue
        bead = found[index]
        choices = []
        for other in (index - 1, index + 1):
            if 0 <= other < len(found):
                first, second = sorted((bead, found[other]), key=lambda one: one.zh_first)
                if first.zh_last == second.zh_first and first.en_last == second.en_first:
                    joined = Bead(first.zh_first, second.zh_last, first.en_first, second.en_last, 0.0)
                    choices.append((score(joined), min(index, other), joined))
        if not choices:
            del found[index]
            continue
        odds, place, joined = max(choices, key=lambda choice: choice[0])
        found[place : place + 2] = [Bead(joined.zh_first, joined.zh_last, joined.en_first, joined.en_last, odds)]
        index = place
    return found


_TINY = 10
"""Letters, or three Han characters, that a greeting or a name at the edge of a passage has at most."""


def with_edges(beads: list[Bead], zh_lengths: Sequence[float], en_lengths: Sequence[float]) -> list[Bead]:
    """Beads of twin passages to whose first and last is added what one side alone has before and behind them.

    It is added where the lengths agree better with it (Gale & Church 1993), or where it is tiny: a name, a greeting.
    """
    if not beads:
        return beads
    found = list(beads)
    first = found[0]
    found[0] = _better(first, replace(first, zh_first=0, en_first=0), zh_lengths, en_lengths)
    last = found[-1]
    end = replace(last, zh_last=len(zh_lengths), en_last=len(en_lengths))
    found[-1] = _better(last, end, zh_lengths, en_lengths)
    return found


def _better(bead: Bead, wider: Bead, zh_lengths: Sequence[float], en_lengths: Sequence[float]) -> Bead:
    """The wider of two beads, if only one side of it is wider and the lengths are for it."""
    zh, en = sum(zh_lengths[bead.zh_first : bead.zh_last]), sum(en_lengths[bead.en_first : bead.en_last])
    wider_zh = sum(zh_lengths[wider.zh_first : wider.zh_last])
    wider_en = sum(en_lengths[wider.en_first : wider.en_last])
    if wider_zh > zh and wider_en > en:
        return bead
    tiny = (wider_zh - zh) * CHARACTERS_RATIO + wider_en - en <= _TINY
    if tiny or abs(length_deviation(wider_zh, wider_en)) < abs(length_deviation(zh, en)):
        return wider
    return bead
