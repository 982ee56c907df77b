"""How much a Chinese word and an English word look like each other's translation.

What may connect two words is a key that both have: a form (a word of grammar, a mark), a stem, a spelling, a name in pinyin. A Chinese
token says what a match by each of its keys is worth, about as a log-likelihood ratio in nats.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ..detection.characters import has_han
from ..dictionary.lexicon import lexicon, plain_chinese
from ..dictionary.parts import meanings_of_parts
from ..dictionary.stems import STOP_WORDS, content_stems
from ..numbers import english_values, missing_numbers
from .grammar import GRAMMAR

IDENTICAL, NAME, SHORT_NAME, MARK = 9.0, 6.0, 4.0, 4.0
STRONG, WEAK, PARAPHRASE, GRAMMATICAL = 6.0, 3.0, 2.5, 4.0
PART_STRONG, PART_GRAMMATICAL = 4.5, 2.5
LIKELY_PART, LEAST_PART = 5.0, 1.0
"""A stem that a part means with probability p is worth ``LIKELY_PART`` + ln p, or nothing where that is below the other."""
PART_OF_KNOWN = 1.5
"""What a part's meaning loses where the dictionary has the whole word."""
LONGEST_PART = 6
"""Characters of a part at most."""
CACHED = 8_192
"""Words of each language that are kept; a Chinese one takes about 7 kB."""

_FORM, _SAME, _NAME, _SYLLABLE = "=", "==", "@", "@@"
"""What keys that are no stems begin with."""
_contraction = re.compile(r"(?<=\w)(n't|'(?:s|m|re|ve|ll|d))$")


class English(NamedTuple):
    """An English token as matching sees it."""

    keys: frozenset[str]
    is_number: bool
    is_content: bool


class Chinese(NamedTuple):
    """A Chinese token as matching sees it."""

    plain: str
    """In simplified characters."""
    keys: dict[str, float]
    """What a match is worth."""
    has_number: bool
    is_content: bool


@lru_cache(maxsize=CACHED)
def english(token: str, first: bool) -> English:
    """What is known of an English token by itself; where it is the ``first``, its capital tells little."""
    plain = token.lower().replace("’", "'")
    keys = {_FORM + plain, _SAME + plain}
    short = _contraction.search(plain)
    if short is not None:  # don't is also n't and do
        keys |= {_FORM + short[0], _FORM + plain[: short.start()]}
    if token[:1].isupper() and plain not in STOP_WORDS:
        name = plain.removesuffix("'s")
        keys |= {_NAME + name} if first else {_NAME + name, _SYLLABLE + name}
    stems = content_stems(token)
    is_number = plain != "a" and any(map(str.isalnum, plain)) and bool(english_values(token))
    return English(frozenset(keys.union(stems)), is_number, bool(stems) or is_number)


@lru_cache(maxsize=CACHED)
def chinese(token: str) -> Chinese:
    """What is known of a Chinese token by itself."""
    plain = plain_chinese(token)
    is_word = any(map(str.isalnum, plain))
    keys = {_FORM + form: GRAMMATICAL if is_word else MARK for form in GRAMMAR.get(plain, ())}
    keys[_SAME + plain.lower()] = IDENTICAL if is_word else MARK
    if has_han(plain):
        _add(keys, _names(plain))
        _add(keys, _meanings(plain) if len(plain) > 1 or plain not in GRAMMAR else _less_than_grammar(plain))
    return Chinese(plain, keys, is_word and bool(missing_numbers(plain, "")), is_word and plain not in GRAMMAR)


def _less_than_grammar(word: str) -> dict[str, float]:
    return dict.fromkeys(lexicon().strong.get(word, ()), WEAK)


def _meanings(word: str) -> dict[str, float]:
    """Stems and forms that a word may be in English, by itself and by its parts."""
    words = lexicon()
    strong = words.strong.get(word, ())
    keys: dict[str, float] = {}
    for stem in strong:
        _add(keys, dict.fromkeys(words.paraphrases.get(stem, ()), PARAPHRASE))
    _add(keys, dict.fromkeys(words.weak.get(word, ()), WEAK))
    _add(keys, dict.fromkeys(strong, STRONG))
    less = PART_OF_KNOWN if strong or word in GRAMMAR else 0.0
    for part in _parts(word):
        likely = {stem: LIKELY_PART + logarithm - less for stem, logarithm in meanings_of_parts().get(part, ())}
        _add(keys, {stem: value for stem, value in likely.items() if value >= LEAST_PART})
        if len(part) > 1:
            _add(keys, dict.fromkeys(words.strong.get(part, ()), PART_STRONG - less))
        if word not in GRAMMAR and (len(part) > 1 or not strong):
            _add(keys, {_FORM + form: PART_GRAMMATICAL for form in GRAMMAR.get(part, ())})
    return keys


def _names(word: str) -> dict[str, float]:
    """What runs of a word's syllables spell in pinyin without tones."""
    readings = [lexicon().readings.get(character, "") for character in word[: 2 * LONGEST_PART]]
    if not all(readings):
        return {}
    kind = _NAME if len(word) > 1 else _SYLLABLE
    spelled = (
        "".join(readings[first:last])
        for first in range(len(readings))
        for last in range(first + 1, min(len(readings), first + LONGEST_PART) + 1)
    )
    return {kind + name: NAME if len(name) > 2 else SHORT_NAME for name in spelled}


def _parts(word: str) -> list[str]:
    """The shorter strings inside a word; a character is its own part."""
    return [
        word[first:last]
        for first in range(len(word))
        for last in range(first + 1, min(len(word), first + LONGEST_PART) + 1)
        if last - first < len(word) or len(word) == 1
    ]


def _add(keys: dict[str, float], more: dict[str, float]) -> None:
    for key, value in more.items():
        if value > keys.get(key, 0.0):
            keys[key] = value
