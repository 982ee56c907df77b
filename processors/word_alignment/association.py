"""How much a Chinese word and an English word look like each other's translation."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from ..detection.characters import has_han
from ..dictionary.lexicon import lexicon, plain_chinese
from ..dictionary.parts import meanings_of_parts
from ..dictionary.stems import STOP_WORDS, content_stems
from ..numbers import english_values, missing_numbers
from .grammar import GRAMMAR

IDENTICAL, NUMBER, NAME, MARK = 9.0, 7.0, 6.0, 4.0
STRONG, WEAK, PARAPHRASE, GRAMMATICAL = 6.0, 3.0, 2.5, 4.0
PART_STRONG, PART_GRAMMATICAL = 4.5, 2.5
LIKELY_PART, LEAST_PART = 5.0, 1.0
"""A stem that a part means with probability p is worth ``LIKELY_PART`` + ln p, unless that is less than the other."""
PART_OF_KNOWN = 1.5
"""What a part's meaning loses where the dictionary has the whole word."""

_wordlike = re.compile(r"\w").search
_contraction = re.compile(r"(?<=\w)(n['’]t|['’](?:s|m|re|ve|ll|d))$")


class English(NamedTuple):
    """An English token as matching sees it."""

    plain: str
    """In small letters, with straight apostrophes."""
    forms: frozenset[str]
    """Those words of it that may be words of grammar: ``don't`` is also ``n't`` and ``do``."""
    stems: frozenset[str]
    """Stems of its content words."""
    capitalised: bool
    is_number: bool
    is_content: bool


class Chinese(NamedTuple):
    """A Chinese token as matching sees it."""

    plain: str
    forms: dict[str, float]
    """English words of grammar and marks that it may be, with what a match is worth."""
    stems: dict[str, float]
    """Stems of English words that it may be."""
    readings: tuple[str, ...]
    """Pinyin of its characters, without tones; empty where one has none."""
    has_number: bool
    is_content: bool


@lru_cache(maxsize=50_000)
def english(token: str) -> English:
    """What is known of an English token by itself."""
    plain = token.lower().replace("’", "'")
    forms = {plain}
    short = _contraction.search(plain)
    if short is not None:
        forms |= {short[0], plain[: short.start()]}
    stems = frozenset(content_stems(token))
    is_number = plain not in {"a", "an"} and any(map(str.isalnum, plain)) and bool(english_values(token))
    return English(
        plain, frozenset(forms), stems, token[:1].isupper() and plain not in STOP_WORDS, is_number, bool(stems) or is_number
    )


@lru_cache(maxsize=50_000)
def chinese(token: str) -> Chinese:
    """What is known of a Chinese token by itself."""
    plain = plain_chinese(token)
    forms = dict.fromkeys(GRAMMAR.get(plain, ()), MARK if not _wordlike(plain) else GRAMMATICAL)
    stems: dict[str, float] = {}
    words = lexicon()
    readings: tuple[str, ...] = ()
    if has_han(plain):
        read = [words.readings.get(character, "") for character in plain]
        readings = tuple(read) if all(read) else ()
        if plain not in GRAMMAR or len(plain) > 1:
            known = plain in words.strong
            _add(stems, {stem: STRONG for stem in words.strong.get(plain, ())})
            _add(stems, {stem: WEAK for stem in words.weak.get(plain, ())})
            _add(stems, {near: PARAPHRASE for stem in words.strong.get(plain, ()) for near in words.paraphrases.get(stem, ())})
            less = PART_OF_KNOWN if known or plain in GRAMMAR else 0.0
            for part in _inside(plain):
                likely = {stem: LIKELY_PART + logarithm for stem, logarithm in meanings_of_parts().get(part, ())}
                _add(stems, {stem: value - less for stem, value in likely.items() if value - less >= LEAST_PART})
                if len(part) > 1:
                    _add(stems, {stem: PART_STRONG - less for stem in words.strong.get(part, ())})
                if plain not in GRAMMAR and (len(part) > 1 or not known):
                    for form in GRAMMAR.get(part, ()):
                        forms[form] = max(forms.get(form, 0.0), PART_GRAMMATICAL)
        else:
            _add(stems, {stem: WEAK for stem in words.strong.get(plain, ())})
    return Chinese(
        plain, forms, stems, readings, bool(missing_numbers(plain, "")), bool(_wordlike(plain)) and plain not in GRAMMAR
    )


def association(zh: Chinese, en: English, first: bool) -> float:
    """What speaks for the two being each other's translation, about as a log-likelihood ratio in nats; 0 where nothing does.

    Args:
        zh: a Chinese token.
        en: an English token.
        first: whether the English token begins its sentence, where a capital tells nothing.
    """
    if zh.plain.lower() == en.plain:
        return IDENTICAL if any(map(str.isalnum, en.plain)) else MARK
    best = 0.0
    for form in en.forms:
        best = max(best, zh.forms.get(form, 0.0))
    for stem in en.stems:
        best = max(best, zh.stems.get(stem, 0.0))
    if best < NAME and en.capitalised and zh.readings and (not first or len(zh.readings) > 1):
        best = max(best, _as_name(zh.readings, en.plain))
    return best


def same_number(zh: str, en: str) -> bool:
    """Whether the English says each number that the Chinese says (`numbers.missing_numbers`)."""
    return not missing_numbers(zh, en)


@cache
def _pinyin(readings: tuple[str, ...]) -> frozenset[str]:
    """All that runs of the syllables spell."""
    return frozenset(
        "".join(readings[first:last])
        for first in range(len(readings))
        for last in range(first + 1, len(readings) + 1)
    )


def _as_name(readings: tuple[str, ...], word: str) -> float:
    """What it is worth that an English word spells syllables of a name in pinyin."""
    return (NAME if len(word) > 2 else MARK) if word.removesuffix("'s") in _pinyin(readings) else 0.0


def _inside(word: str) -> list[str]:
    """All shorter strings inside a word, without the word."""
    if len(word) == 1:
        return [word]
    return [
        word[first:last]
        for first in range(len(word))
        for last in range(first + 1, min(len(word), first + 6) + 1)
        if last - first < len(word)
    ]


def _add(stems: dict[str, float], more: dict[str, float]) -> None:
    for stem, value in more.items():
        if value > stems.get(stem, 0.0):
            stems[stem] = value
