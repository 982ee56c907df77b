"""Scores: the evidence that two passages say the same, and its logistic combination.

The features: dictionary matches as log-likelihood ratios against chance, from either side (Ma 2006, Champollion; Varga et al. 2005,
hunalign), numbers and Latin-letter words common to both (Ling et al. 2013), lengths (Gale & Church 1993). Their weights
are fitted to labelled examples by ``fit_weights``; the result is the logarithm of the odds that the pair is a translation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import exp, log, sqrt

from .anchors import Numbers
from .concepts import NAMES, agreement
from .profiles import ChinesePassage, Commonness, EnglishPassage, chance

FEATURES = (
    "zh_mean", "en_mean", "zh_sum", "en_sum", "latin", "number_hits", "number_misses", "length", "length_excess", "size", "concepts",
)  # fmt: skip

STRONG, WEAK = 0.55, 0.15
"""Share of the words of a translation that a short gloss finds, and of the others that a long gloss or a part finds."""
_EN_STRONG, _EN_WEAK = 0.55, 0.22
_CONFLICT, _NOTHING_AGREES = -1.5, -4.0
"""Log-odds of a number in digits that stands against another (7.5% and 3.2%), and the most there can be where both sides have
numbers and none agrees: of two sentences of one pattern one is not the other's translation, however many words they share."""
_TOO_LONG, _MOST_DEVIATION = 2.0, 3.5
"""Log-odds that each standard deviation of the length beyond the most of the examples takes away."""
_UNSUPPORTED = -2.0
"""Log-odds of a pair of at most two words for which none speaks: in short cells the examples' mean is no evidence."""
_ZH_SUM, _EN_SUM, _LATIN_PLACE, _HITS, _SIZE, _CONCEPTS = map(
    FEATURES.index, ("zh_sum", "en_sum", "latin", "number_hits", "size", "concepts")
)
_FEW = log(3.5)
_LATIN, _NAME = 0.85, 0.02
CHARACTERS_RATIO = 3.2
"""English letters and digits per Han character (mean of the labelled examples)."""
SPREAD = 0.3
"""Standard deviation of the logarithm of that ratio in long passages: translators differ."""
GRAIN = 3.0
"""And its variance in short ones, per Han character."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted weights: one per feature, in the order of `FEATURES`, and the intercept for even prior odds."""

    values: tuple[float, ...]
    intercept: float
    concepts: tuple[tuple[float, float, float], ...]
    """For each of `concepts.NAMES` the log-likelihood ratio of being on both sides, in Chinese alone, in English alone."""


@cache
def weights() -> Weights:
    """The packaged weights."""
    text = resources.files("duiyi.processors.author_pairs").joinpath("weights.json").read_text("utf-8")
    stored = json.loads(text)
    return Weights(
        tuple(stored["weights"][name] for name in FEATURES),
        stored["intercept"],
        tuple(tuple(stored["concepts"][name]) for name in NAMES),
    )


def features(
    zh: ChinesePassage, en: EnglishPassage, common: Commonness, told: tuple[tuple[float, float, float], ...]
) -> tuple[float, ...]:
    """The evidence for a pair, in the order of `FEATURES`; ``told`` is what the concepts tell (`Weights.concepts`)."""
    stems, count = en.stems, len(en.stems)
    zh_sum = 0.0
    zh_words = 0
    for token in zh.tokens:
        strong, weak = token.strong, token.weak
        if not strong and not weak:
            continue
        zh_words += 1
        if strong and not strong.isdisjoint(stems):
            zh_sum += log(STRONG / chance(common.token(token)[0], count) + 1 - STRONG)
            continue
        if strong:
            zh_sum += _MISSED_STRONG
        if not weak.isdisjoint(stems):
            zh_sum += log(WEAK / chance(common.token(token)[1], count) + 1 - WEAK)
        else:
            zh_sum += _MISSED_WEAK
    latin, found_names = _latin(zh, en, common)
    meanings, vague = zh.meanings
    zh_count = len(zh.tokens)
    en_sum = 0.0
    en_words = 0
    for one in stems:
        if one in zh.latin_stems or one in found_names:
            continue
        en_words += 1
        if one in meanings:
            en_sum += log(_EN_STRONG / chance(common.stem(one)[0], zh_count) + 1 - _EN_STRONG)
        elif one in vague:
            en_sum += _EN_MISSED_STRONG + log(_EN_WEAK / chance(common.stem(one)[1], zh_count) + 1 - _EN_WEAK)
        else:
            en_sum += _EN_MISSED_STRONG + _EN_MISSED_WEAK
    hits, misses, _ = _numbers(zh.numbers, en.numbers)
    length = abs(length_deviation(zh.length, en.length))
    return (
        zh_sum / max(1, zh_words),
        en_sum / max(1, en_words),
        zh_sum / sqrt(zh_words + 1),
        en_sum / sqrt(en_words + 1),
        max(-4.0, min(6.0, latin)),
        min(3.0, hits),
        min(2.0, misses),
        min(length, 2.0),
        min(max(0.0, length - 2.0), 3.0),
        log(1 + min(zh_words, en_words)),
        agreement(zh.concepts, en.concepts, told),
    )


_MISSED_STRONG, _MISSED_WEAK = log(1 - STRONG), log(1 - WEAK)
_EN_MISSED_STRONG, _EN_MISSED_WEAK = log(1 - _EN_STRONG), log(1 - _EN_WEAK)


def length_deviation(zh: float, en: float) -> float:
    """How far the English length is from that expected, in standard deviations.

    After Gale & Church (1993), but of the ratio's logarithm, with a spread that does not vanish in long passages.
    """
    expected = CHARACTERS_RATIO * max(zh, 1)
    return log(max(en, 1) / expected) / sqrt(SPREAD**2 + GRAIN / max(zh, en / CHARACTERS_RATIO, 1))


def _latin(zh: ChinesePassage, en: EnglishPassage, common: Commonness) -> tuple[float, frozenset[str]]:
    """Log-likelihood ratio of the words in Latin letters, and the stems of names found by their pinyin."""
    total = 0.0
    for word in zh.latin:
        if word in en.words:
            total += log(_LATIN / common.latin(word) + 1 - _LATIN)
        else:
            total += log(1 - _LATIN)
    unmatched = en.names - zh.latin
    if not unmatched:
        return total, frozenset()
    names = frozenset(name for name in unmatched if name in zh.readings)
    return total + sum(log(0.6 / _NAME) / 2 for _ in names), names


def _numbers(zh: Numbers, en: Numbers) -> tuple[float, float, float]:
    """Numbers in digits that both sides have, that one has alone, and that stand against one another; small whole ones count half."""
    hits = zh_alone = en_alone = 0.0
    for number in zh.written | en.written:
        weight = 0.5 if number < 13 and number == int(number) else 1.0
        in_zh = number in zh.written or number in zh.said
        in_en = number in en.written or number in en.said
        if in_zh and in_en:
            hits += weight
        elif in_zh:
            zh_alone += weight
        else:
            en_alone += weight
    return hits, zh_alone + en_alone, min(zh_alone, en_alone)


def log_odds(zh: ChinesePassage, en: EnglishPassage, common: Commonness) -> float:
    """The logarithm of the odds that the passages are translations of each other, both being as likely beforehand."""
    fitted = weights()
    values = features(zh, en, common, fitted.concepts)
    odds = fitted.intercept + sum(weight * value for weight, value in zip(fitted.values, values, strict=True))
    bare = (
        values[_SIZE] < _FEW
        and values[_ZH_SUM] <= 0
        and values[_EN_SUM] <= 0
        and values[_LATIN_PLACE] <= 0
        and not values[_HITS]
    )
    if bare:
        odds += _UNSUPPORTED
    odds -= _TOO_LONG * max(0.0, abs(length_deviation(zh.length, en.length)) - _MOST_DEVIATION)
    if not en.stems and not values[_HITS] and max(values[_LATIN_PLACE], values[_CONCEPTS]) <= 0:
        odds = min(odds, _NOTHING_AGREES)  # English without a word that could
    if zh.numbers.written and en.numbers.written:
        hits, _, conflicts = _numbers(zh.numbers, en.numbers)
        odds += _CONFLICT * min(2.0, conflicts)
        if conflicts >= 1 and not hits:
            odds = min(odds, _NOTHING_AGREES)
    return odds


def probability(odds: float) -> float:
    """The probability that goes with log-odds."""
    return 1 / (1 + exp(-odds)) if odds > -500 else 0.0
