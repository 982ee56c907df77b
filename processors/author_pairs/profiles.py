"""What scoring needs to know of a passage, found once and added up when passages are joined."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from math import exp
from operator import or_

from ..detection.characters import HAN
from ..dictionary.lexicon import UNKNOWN, Lexicon, Token, plain_chinese
from ..dictionary.stems import content_stems, stem
from .anchors import Numbers, latin_words, numbers_of, pinyin_names, readings_of
from .concepts import chinese_concepts, english_concepts

_han = re.compile(f"[{HAN}]+")
_LATIN_WORD = 2.0
"""Han characters that a word in Latin letters inside Chinese is worth when lengths are compared."""
_BACKGROUND_WORDS = 400.0
"""A document of this many words counts as much as the dictionary's background in telling how common a word is."""


@dataclass(eq=False)
class ChinesePassage:
    """The Chinese side: its distinct words, and what it writes as English does."""

    text: str
    tokens: frozenset[Token]
    length: float
    numbers: Numbers
    latin: frozenset[str]
    concepts: int
    readings_table: dict[str, str]
    parts: tuple[ChinesePassage, ...] = ()
    """The passages that were joined to this one: what was found for them is not found again."""

    @cached_property
    def readings(self) -> frozenset[str]:
        """Pinyin of its runs of one to three characters."""
        if self.parts:
            return frozenset().union(*(part.readings for part in self.parts))
        return readings_of(self.text, self.readings_table)

    @cached_property
    def meanings(self) -> tuple[frozenset[str], frozenset[str]]:
        """All that its words may mean, by short glosses and by long ones or parts."""
        sides: list[tuple[frozenset[str], frozenset[str]]] = [one.meanings for one in self.parts] or [
            (token.strong, token.weak) for token in self.tokens
        ]
        strong = frozenset[str]().union(*(short for short, _ in sides))
        return strong, frozenset[str]().union(*(long for _, long in sides)) - strong

    @cached_property
    def latin_stems(self) -> frozenset[str]:
        """The stems of its Latin-letter words."""
        return frozenset(map(stem, self.latin))


@dataclass(eq=False)
class EnglishPassage:
    """The English side: its distinct content words as stems."""

    text: str
    stems: frozenset[str]
    length: int
    numbers: Numbers
    words: frozenset[str]
    names: frozenset[str]
    concepts: int


def chinese_passage(text: str, lexicon: Lexicon) -> ChinesePassage:
    """The profile of a Chinese text."""
    plain = plain_chinese(text)
    runs = _han.findall(plain)
    latin = latin_words(plain)
    return ChinesePassage(
        text=plain,
        tokens=frozenset(token for run in runs for token in lexicon.tokens(run)),
        length=sum(map(len, runs)) + _LATIN_WORD * len(latin),
        numbers=numbers_of(plain),
        latin=frozenset(latin),
        concepts=chinese_concepts(plain),
        readings_table=lexicon.readings,
    )


def english_passage(text: str) -> EnglishPassage:
    """The profile of an English text."""
    return EnglishPassage(
        text=text,
        stems=frozenset(content_stems(text)),
        length=sum(map(str.isalnum, text)),
        numbers=numbers_of(text),
        words=frozenset(latin_words(text)),
        names=pinyin_names(text),
        concepts=english_concepts(text),
    )


def join_chinese(passages: Iterable[ChinesePassage]) -> ChinesePassage:
    """The profile of passages that stand after one another."""
    parts = list(passages)
    if len(parts) == 1:
        return parts[0]
    return ChinesePassage(
        text="\n".join(part.text for part in parts),
        tokens=frozenset().union(*(part.tokens for part in parts)),
        length=sum(part.length for part in parts),
        numbers=_all_numbers(part.numbers for part in parts),
        latin=frozenset().union(*(part.latin for part in parts)),
        concepts=reduce(or_, (part.concepts for part in parts)),
        readings_table=parts[0].readings_table,
        parts=tuple(parts),
    )


def join_english(passages: Iterable[EnglishPassage]) -> EnglishPassage:
    """The profile of passages that stand after one another."""
    parts = list(passages)
    if len(parts) == 1:
        return parts[0]
    return EnglishPassage(
        text="\n".join(part.text for part in parts),
        stems=frozenset().union(*(part.stems for part in parts)),
        length=sum(part.length for part in parts),
        numbers=_all_numbers(part.numbers for part in parts),
        words=frozenset().union(*(part.words for part in parts)),
        names=frozenset().union(*(part.names for part in parts)),
        concepts=reduce(or_, (part.concepts for part in parts)),
    )


def _all_numbers(numbers: Iterable[Numbers]) -> Numbers:
    found = Numbers(frozenset(), frozenset())
    for one in numbers:
        found |= one
    return found


class Commonness:
    """How likely words match by chance: the dictionary's background mixed with the document's own words.

    In a book on windows every passage says *window*, and sharing it tells little.
    """

    def __init__(self, chinese: Iterable[ChinesePassage], english: Iterable[EnglishPassage], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        said = Counter(stem for passage in english for stem in passage.stems)
        heard = Counter(token for passage in chinese for token in passage.tokens)
        self._english_words = max(1, said.total())
        chinese_words = max(1, heard.total())
        self._said = said
        meant: Counter[str] = Counter()
        vaguely: Counter[str] = Counter()
        for token, count in heard.items():
            for one in token.strong & said.keys():
                meant[one] += count
            for one in token.weak & said.keys():
                vaguely[one] += count
        self._meant = {one: count / chinese_words for one, count in meant.items()}
        self._vaguely = {one: count / chinese_words for one, count in vaguely.items()}
        self._own = self._english_words / (self._english_words + _BACKGROUND_WORDS)
        self._own_chinese = chinese_words / (chinese_words + _BACKGROUND_WORDS)
        self._tokens: dict[Token, tuple[float, float]] = {}
        self._stems: dict[str, tuple[float, float]] = {}
        self._passages = 0
        self._containing: Counter[str] = Counter()
        for passage in english:
            self._passages += 1
            self._containing.update(passage.words)

    def token(self, token: Token) -> tuple[float, float]:
        """Chance per English content word that it is a short gloss of the token, and that it is another."""
        known = self._tokens.get(token)
        if known is None:
            said, total, own = self._said, self._english_words, self._own
            strong = sum(said[one] for one in token.strong if one in said) / total
            weak = sum(said[one] for one in token.weak if one in said) / total
            known = self._tokens[token] = (
                max(UNKNOWN, own * strong + (1 - own) * token.strong_share),
                max(UNKNOWN, own * weak + (1 - own) * token.weak_share),
            )
        return known

    def stem(self, stem: str) -> tuple[float, float]:
        """Chance per Chinese word that a short gloss of it is the stem, and that another gloss is."""
        known = self._stems.get(stem)
        if known is None:
            own = self._own_chinese
            background = self._lexicon.meant.get(stem, UNKNOWN)
            known = self._stems[stem] = (
                max(UNKNOWN, own * self._meant.get(stem, 0.0) + (1 - own) * background),
                max(UNKNOWN, own * self._vaguely.get(stem, 0.0) + (1 - own) * min(0.05, 4 * background)),
            )
        return known

    def latin(self, word: str) -> float:
        """Chance that an English passage holds this word of Latin letters."""
        return (self._containing[word] + 0.3) / (self._passages + 6)


def chance(share: float, words: int) -> float:
    """Chance that at least one of so many words is of a kind that has this share."""
    return 1 - exp(-share * words)
