"""Checks: the faults of a translation that can be seen without a reference.

Each check gives a figure, `flags_of` compares it with the thresholds of the settings (score and decision apart, as in
OpusFilter, Aulamo et al. 2020).
"""

from __future__ import annotations

import re

from .detection.characters import BOPOMOFO, HAN
from .records import Hypothesis
from .settings import CheckSettings

FLAGS = ("empty", "untranslated_han", "repetition", "length_ratio", "number_mismatch", "echo", "truncated", "repaired")
"""The flags that this version sets."""

_han = re.compile(f"[{HAN}{BOPOMOFO}]")
_word = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_number = re.compile(r"\d+(?:[.,]\d+)*")
_zh_numeral = re.compile("[一二三四五六七八九十百千万萬亿億两兩几幾半零〇双雙]")
_spelled = {
    word: str(value)
    for value, words in enumerate(
        [
            "zero",
            "one|first",
            "two|second|twice|both",
            "three|third",
            "four|fourth",
            "five|fifth",
            "six|sixth",
            "seven|seventh",
            "eight|eighth",
            "nine|ninth",
            "ten|tenth",
            "eleven",
            "twelve",
        ]
    )
    for word in words.split("|")
} | {"once": "1", "hundred": "100", "thousand": "1000", "dozen": "12", "half": "0.5"}
_months = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_spelled |= {name: str(month) for month, name in enumerate(_months, 1)}
_spelled |= {name[:3]: str(month) for month, name in enumerate(_months, 1)} | {"sept": "9"}
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "萬": 10_000, "亿": 10**8, "億": 10**8}
_EN_SCALES = {"hundred": 100, "thousand": 1000, "k": 1000, "million": 10**6, "m": 10**6, "billion": 10**9, "b": 10**9}
_scaled = re.compile(rf"(\d+(?:[.,]\d+)*)\s*([{''.join(_SCALES)}]+)")
_en_scaled = re.compile(r"(\d+(?:[.,]\d+)*)[\s-]*(hundred|thousand|million|billion|[kmb])\b", re.IGNORECASE)
_full_width = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0E: ".", 0xFF0C: ",", 0xFF1A: ":"}


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


def _value(number: str) -> str:
    """A number's plain value: separators of thousands and outer zeros gone."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        number = number.replace(",", "")
    number = number.replace(",", ".")
    if number.count(".") == 1:
        number = number.rstrip("0").rstrip(".")
    return number.lstrip("0") or "0"


def _times(number: str, factor: int) -> str:
    try:
        value = float(_value(number)) * factor
    except ValueError:  # 1.2.3 is a version, not a quantity
        return _value(number)
    return f"{value:.6f}".rstrip("0").rstrip(".")


def missing_numbers(chinese: str, english: str) -> set[str]:
    """Numbers in digits of the Chinese that the English has neither in digits nor in words; scales such as 5万 are worked out."""
    source = chinese.translate(_full_width)
    wanted: dict[str, set[str]] = {}
    for number, scale in _scaled.findall(source):
        factor = 1
        for character in scale:
            factor *= _SCALES[character]
        wanted[_value(number)] = {_times(number, factor), _value(number)}
    for number in _number.findall(source):
        wanted.setdefault(_value(number), {_value(number)})
    target = english.translate(_full_width)
    there = {_value(number) for number in _number.findall(target)}
    there |= {part for number in _number.findall(target) for part in map(_value, re.split("[.,]", number))}
    there |= {_times(number, _EN_SCALES[scale.lower()]) for number, scale in _en_scaled.findall(target)}
    there |= {_spelled[word] for word in re.findall("[a-z]+", target.lower()) if word in _spelled}
    return {number for number, forms in wanted.items() if not forms & there}


def invented_numbers(chinese: str, english: str) -> set[str]:
    """Numbers in digits of the English that the Chinese, having no numerals in characters, cannot account for."""
    if _zh_numeral.search(chinese):
        return set()
    source = chinese.translate(_full_width)
    known = {_value(number) for number in _number.findall(source)}
    known |= {part for number in _number.findall(source) for part in map(_value, re.split("[.,]", number))}
    return {_value(number) for number in _number.findall(english.translate(_full_width))} - known


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
    if english.strip() == chinese.strip():
        found.add("echo")
    if hypothesis.truncated:
        found.add("truncated")
    return tuple(flag for flag in FLAGS if flag in found)
