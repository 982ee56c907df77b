"""Checks: the faults of a translation that can be seen without a reference.

Score and decision are apart (as in OpusFilter, Aulamo et al. 2020): `measure` gives the figures, `decide` compares them
with the thresholds of the settings. What each flag means stands in `flags`; where its check comes from, at its function.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from .answers import is_refusal
from .detection.characters import BOPOMOFO, HAN
from .detection.guests import guests_of
from .glossary import Term, missed_terms
from .numbers import invented_numbers, missing_numbers
from .protection import lost_spans, without_spans
from .records import Hypothesis
from .settings import CheckSettings

FLAGS = (
    "empty",
    "untranslated_han",
    "repetition",
    "length_ratio",
    "number_mismatch",
    "guest_missing",
    "term_missed",
    "echo",
    "meta_answer",
    "truncated",
    "low_score",
    "repaired",
)
"""The flags that this version sets."""
FAULTS = frozenset(FLAGS) - {"low_score", "repaired"}
"""Those that a repair tries to get rid of. A low score is a doubt: another decoding has another score, and is not better for it."""

_han = re.compile(f"[{HAN}{BOPOMOFO}]")
_latin_word = re.compile("[A-Za-zÀ-ɏ]+")
_PARTICLES = frozenset(
    "lah leh lor la meh liao hor ah oh ok okay haha lol wow hi hello hey bye yes no hmm ta mm gg dd rm usd hkd rmb cny sgd vs plus".split()
)
"""Guests that a good translation may leave out or say otherwise."""
_WORDS_PER_CHARACTER = 0.736
_VARIANCE = 0.871
_SHORT = 6
"""Shorter sources, idioms among them, vary as much as one of so many characters."""
_word = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")


def han_left(english: str) -> int:
    """How many Chinese characters stand in the English."""
    return len(_han.findall(english))


def word_count(english: str) -> int:
    """Words and numbers of a text in Latin letters."""
    return len(_word.findall(english))


def longest_loop(english: str) -> int:
    """How often the most repeated n-gram of words (n up to 6) is said on end; 1 where nothing repeats.

    The usual sign of a decoder caught in a loop (Holtzman et al. 2020, "The curious case of neural text degeneration").
    A longer piece (7 to 20 words) said twice on end counts as three times: people do not speak so.
    """
    words = _word.findall(english.lower())
    most = 1
    for size in range(1, min(21, len(words))):
        run = 0
        for index in range(size, len(words)):
            run = run + 1 if words[index] == words[index - size] else 0
            if run >= size:
                times = (run + (size > 3)) // size + 1  # the last time a word may lack
                most = max(most, times if size < 7 else 3)
    return most


def length_deviation(chinese: str, english: str) -> float:
    """How far the number of English words is from what the Chinese lets expect, in standard deviations.

    Lengths of translations differ by a variance that grows with the length (Gale & Church 1993, "A program for aligning
    sentences in bilingual corpora"). Mean and variance were measured on the two references of WMT22 zh→en (3,750 pairs):
    0.736 words a Han character, variance 0.871; a Latin-letter word or a number in the Chinese is one word.
    """
    characters = len(_han.findall(chinese)) + len(_word.findall(_han.sub(" ", chinese))) / _WORDS_PER_CHARACTER
    words = word_count(english)
    return (words - characters * _WORDS_PER_CHARACTER) / math.sqrt(max(characters, _SHORT) * _VARIANCE)


def echoed_share(chinese: str, english: str) -> float:
    """The share of the Chinese characters of the source that stand, in a row of four at least, in the English too."""
    source = "".join(_han.findall(chinese))
    if len(source) < 4:
        return float(bool(source) and english.strip() == chinese.strip())
    there = "".join(_han.findall(english))
    rows = {there[i : i + 4] for i in range(len(there) - 3)}
    return sum(source[i : i + 4] in rows for i in range(len(source) - 3)) / (len(source) - 3)


def missing_guests(chinese: str, english: str) -> set[str]:
    """Names and English words of the Chinese sentence that its English lost, in any inflection.

    Particles (``lah``) and single letters are not asked for, and a number within a guest is `missing_numbers`' business.
    """
    said_there = _latin_word.findall(unicodedata.normalize("NFKC", english))
    there = {word.lower() for word in said_there}
    initials = "".join(word[0].lower() for word in said_there)
    lost: set[str] = set()
    for guest in guests_of(chinese, 0, "zh"):
        said = unicodedata.normalize("NFKC", chinese[guest.start : guest.end])
        words = [word.lower() for word in _latin_word.findall(said) if len(word) > 1]
        if words and not any(
            word in _PARTICLES or _inflected(word, there) or _spelt_out(word, initials) for word in words
        ):
            lost.add(said)
    return lost


def _inflected(word: str, there: set[str]) -> bool:
    stem = word[: max(3, len(word) - 3)]
    return word in there or any(other.startswith(stem) for other in there)


def _spelt_out(word: str, initials: str) -> bool:
    """An acronym in full: GDP as gross domestic product."""
    return 3 <= len(word) <= 5 and word in initials


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures of one hypothesis, before any threshold."""

    empty: bool
    han: int
    """Chinese characters in the English."""
    loops: int
    """How often it says the same on end (`longest_loop`)."""
    source_loops: int
    length: float
    """`length_deviation`."""
    numbers: frozenset[str]
    """Numbers that are missing, or invented."""
    guests: frozenset[str]
    """Guests and protected spans that are gone."""
    terms: frozenset[str]
    """Terms of the glossary whose English is not there."""
    echoed: float
    """`echoed_share`."""
    meta: bool
    truncated: bool
    score: float | None


def measure(chinese: str, hypothesis: Hypothesis, terms: Sequence[Term] = ()) -> Measures:
    """The figures of a hypothesis, ``terms`` being those of the glossary that the sentence has."""
    english = hypothesis.text
    unprotected_zh, unprotected_en = without_spans(chinese, chinese), without_spans(chinese, english)
    return Measures(
        empty=not any(map(str.isalnum, english)) and any(map(str.isalnum, chinese)),
        han=han_left(english),
        loops=longest_loop(english),
        source_loops=longest_loop(_han.sub(r" \g<0> ", chinese)),
        length=length_deviation(chinese, english),
        numbers=frozenset(
            missing_numbers(unprotected_zh, unprotected_en) | invented_numbers(unprotected_zh, unprotected_en)
        ),
        guests=frozenset(missing_guests(chinese, english) | lost_spans(chinese, english)),
        terms=frozenset(missed_terms(terms, english)),
        echoed=echoed_share(chinese, english),
        meta=is_refusal(chinese, english),
        truncated=hypothesis.truncated,
        score=hypothesis.score,
    )


def decide(found: Measures, settings: CheckSettings) -> tuple[str, ...]:
    """The flags that these figures mean, in the order of `FLAGS`."""
    if found.empty:
        return ("empty",)
    decisions = {
        "untranslated_han": found.han > 0,
        "repetition": found.loops >= settings.repetition_max_loops > found.source_loops,
        "length_ratio": not settings.length_deviation_min <= found.length <= settings.length_deviation_max,
        "number_mismatch": bool(found.numbers),
        "guest_missing": bool(found.guests),
        "term_missed": bool(found.terms),
        "echo": found.echoed >= settings.echo_share,
        "meta_answer": found.meta,
        "truncated": found.truncated,
        "low_score": found.score is not None and found.score < settings.low_score,
    }
    return tuple(flag for flag in FLAGS if decisions.get(flag))


def flags_of(
    chinese: str, hypothesis: Hypothesis, settings: CheckSettings, terms: Sequence[Term] = ()
) -> tuple[str, ...]:
    """The flags that one hypothesis carries, in the order of `FLAGS`."""
    return decide(measure(chinese, hypothesis, terms), settings)
