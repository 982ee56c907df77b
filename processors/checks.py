"""Checks: the faults of a translation that can be seen without a reference.

Each check gives a figure, `flags_of` compares it with the thresholds of the settings (score and decision apart, as in
OpusFilter, Aulamo et al. 2020).
"""

from __future__ import annotations

import re
import unicodedata

from .detection.characters import BOPOMOFO, HAN
from .detection.guests import guests_of
from .numbers import invented_numbers, missing_numbers
from .records import Hypothesis
from .settings import CheckSettings

FLAGS = (
    "empty",
    "untranslated_han",
    "repetition",
    "length_ratio",
    "number_mismatch",
    "guest_missing",
    "echo",
    "truncated",
    "repaired",
)
"""The flags that this version sets."""

_han = re.compile(f"[{HAN}{BOPOMOFO}]")
_latin_word = re.compile("[A-Za-zÀ-ɏ]+")
_PARTICLES = frozenset(
    "lah leh lor la meh liao hor ah oh ok okay haha lol wow hi hello hey bye yes no hmm rm usd hkd rmb cny sgd vs plus".split()
)
"""Guests that a good translation may leave out or say otherwise."""
_word = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")


def han_left(english: str) -> int:
    """How many Chinese characters stand in the English."""
    return len(_han.findall(english))


def longest_loop(english: str) -> int:
    """How often the most repeated n-gram of words (n up to 6) is said on end; 1 where nothing repeats.

    The usual sign of a decoder caught in a loop (Holtzman et al. 2020, "The curious case of neural text degeneration").
    """
    words = _word.findall(english.lower())
    most = 1
    for size in range(1, 7):
        run = 0
        for index in range(size, len(words)):
            run = run + 1 if words[index] == words[index - size] else 0
            most = max(most, run // size + 1)
    return most


def words_per_character(chinese: str, english: str) -> float:
    """English words for each Chinese character (Latin-letter words in the Chinese count as two characters)."""
    characters = len(_han.findall(chinese)) + 2 * len(_word.findall(_han.sub(" ", chinese)))
    return len(_word.findall(english)) / max(characters, 1)


def missing_guests(chinese: str, english: str) -> set[str]:
    """Names and English words of the Chinese sentence that its English lost, in any inflection.

    Particles (``lah``) and single letters are not asked for, and a number within a guest is `missing_numbers`' business.
    """
    there = {word.lower() for word in _latin_word.findall(unicodedata.normalize("NFKC", english))}
    lost: set[str] = set()
    for guest in guests_of(chinese, 0, "zh"):
        said = unicodedata.normalize("NFKC", chinese[guest.start : guest.end])
        words = [word.lower() for word in _latin_word.findall(said) if len(word) > 1]
        if words and not any(word in _PARTICLES or _inflected(word, there) for word in words):
            lost.add(said)
    return lost


def _inflected(word: str, there: set[str]) -> bool:
    stem = word[: max(3, len(word) - 3)]
    return word in there or any(other.startswith(stem) for other in there)


def flags_of(chinese: str, hypothesis: Hypothesis, settings: CheckSettings) -> tuple[str, ...]:
    """The flags that one hypothesis carries, in the order of `FLAGS`."""
    english = hypothesis.text
    if not english.strip():
        return ("empty",)
    found: set[str] = set()
    if han_left(english):
        found.add("untranslated_han")
    if longest_loop(english) >= settings.repetition_max_loops > longest_loop(_han.sub(r" \g<0> ", chinese)):
        found.add("repetition")
    ratio = words_per_character(chinese, english)
    long_enough = len(chinese) >= settings.length_ratio_min_characters
    most = settings.length_ratio_max if long_enough else 3 * settings.length_ratio_max
    if ratio > most or (long_enough and ratio < settings.length_ratio_min):
        found.add("length_ratio")
    if missing_numbers(chinese, english) or invented_numbers(chinese, english):
        found.add("number_mismatch")
    if missing_guests(chinese, english):
        found.add("guest_missing")
    if english.strip() == chinese.strip():
        found.add("echo")
    if hypothesis.truncated:
        found.add("truncated")
    return tuple(flag for flag in FLAGS if flag in found)
