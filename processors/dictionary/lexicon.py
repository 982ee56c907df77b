"""The dictionary: what a Chinese word may be in English, from CC-CEDICT, and how common the words are.

Matching words by a bilingual dictionary, weighted by how much a match tells, is the idea of Champollion (Ma 2006) and, with a
realigned dictionary, of hunalign (Varga et al. 2005).
"""

from __future__ import annotations

import lzma
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from math import exp

from ..detection.script import simplified

MOST_CHARACTERS = 8
"""Longer dictionary words (proverbs, titles) are found by their parts."""
UNKNOWN = exp(-9.5)
"""Share of a stem among English words, and among what Chinese words mean, where the dictionary doesn't have it."""
_FUNCTION_WORDS = frozenset(
    "的 了 是 在 有 和 与 及 或 就 都 也 而 但 不 没 没有 这 那 这个 那个 这些 那些 之 其 所 以 于 为 被"
    " 把 将 对 从 到 向 由 着 过 地 得 们 我 你 他 她 它 我们 你们 他们 她们 它们 您 自己 什么 怎么 哪"
    " 哪里 吗 呢 吧 啊 呀 啦 嘛 个 些 种 一 一个 一些 上 下 里 中 很 太 更 最 又 再 还 还是 只 会 能 可以"
    " 可 要 想 该 应该 因为 所以 如果 虽然 但是 然后 而且 并 并且 以及 等 来 去 说 让 给 用 跟 比 像 那么"
    " 这么 这样 那样 是的 不是 就是 也是 都是 已 已经 曾 正在".split()
)
"""Words of grammar: what the dictionary says of them is seldom what a translation has."""


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """A Chinese word as matching sees it."""

    word: str
    strong: frozenset[str]
    """Stems of short glosses."""
    weak: frozenset[str]
    """Stems of long glosses, of the glosses of its parts, and of what often means the same."""
    strong_share: float
    """How likely a content word of any English text is one of ``strong``."""
    weak_share: float


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """CC-CEDICT by simplified word."""

    strong: dict[str, tuple[str, ...]]
    weak: dict[str, tuple[str, ...]]
    glosses: dict[str, str]
    """How rare words are said in English."""
    english: dict[str, float]
    """Share of a stem among the content words of English, as estimated from the frequencies of what means it."""
    meant: dict[str, float]
    """Share of Chinese words that may mean the stem."""
    paraphrases: dict[str, tuple[str, ...]]
    """Stems that share many Chinese words with a stem."""
    readings: dict[str, str]
    """Pinyin of a character, without tones."""
    _tokens: dict[str, Token | None] = field(default_factory=dict)

    def tokens(self, han: str) -> list[Token]:
        """The words of a run of Han characters, longest first from the left; words of grammar are left out."""
        found: list[Token] = []
        start = 0
        while start < len(han):
            word = self.word_at(han, start)
            if word not in self._tokens:
                self._tokens[word] = self._token(word)
            token = self._tokens[word]
            if token is not None:
                found.append(token)
            start += len(word)
        return found

    def word_at(self, han: str, start: int) -> str:
        """The longest word of the dictionary that begins there; the character where there is none."""
        for end in range(min(len(han), start + MOST_CHARACTERS), start + 1, -1):
            if han[start:end] in self.strong:
                return han[start:end]
        return han[start]

    def _token(self, word: str) -> Token | None:
        if word in _FUNCTION_WORDS:
            return None
        strong = frozenset(self.strong.get(word, ()))
        weak = set(self.weak.get(word, ()))
        if len(word) > 1:
            parts = {word[first:last] for first in range(len(word)) for last in range(first + 1, len(word) + 1)} - {
                word
            }
            for part in parts - _FUNCTION_WORDS:
                weak.update(self.strong.get(part, ()))
        for stem in strong:
            weak.update(self.paraphrases.get(stem, ()))
        weak -= strong
        share = self.english.get
        return Token(
            word,
            strong,
            frozenset(weak),
            sum(share(stem, UNKNOWN) for stem in strong),
            sum(share(stem, UNKNOWN) for stem in weak),
        )


@cache
def lexicon() -> Lexicon:
    """The packaged dictionary (half a second to read, kept)."""
    packed = resources.files("duiyi.processors.dictionary").joinpath("cedict.tsv.xz").read_bytes()
    strong: dict[str, tuple[str, ...]] = {}
    weak: dict[str, tuple[str, ...]] = {}
    glosses: dict[str, str] = {}
    english: dict[str, float] = {}
    meant: dict[str, float] = {}
    paraphrases: dict[str, tuple[str, ...]] = {}
    readings: dict[str, str] = {}
    for line in lzma.decompress(packed).decode("utf-8").split("\n"):
        first, *rest = line.split("\t")
        if first[0] == "=":
            english[first[1:]] = exp(-int(rest[0]) / 10)
            meant[first[1:]] = exp(-int(rest[1]) / 10)
        elif first[0] == "+":
            paraphrases[first[1:]] = tuple(rest[0].split())
        elif first[0] == "~":
            readings[first[1:]] = rest[0]
        else:
            strong[first] = tuple(rest[0].split())
            if rest[1]:
                weak[first] = tuple(rest[1].split())
            if len(rest) > 2:
                glosses[first] = rest[2]
    return Lexicon(strong, weak, glosses, english, meant, paraphrases, readings)


def plain_chinese(text: str) -> str:
    """``text`` in simplified characters, as long as before."""
    plain = simplified(text)
    return plain if len(plain) == len(text) else text
