"""Checks: the faults of a translation that can be seen without a reference.

Each check gives a figure, `flags_of` compares it with the thresholds of the settings (score and decision apart, as in
OpusFilter, Aulamo et al. 2020).
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from .detection.characters import BOPOMOFO, HAN
from .records import Hypothesis
from .settings import CheckSettings

FLAGS = ("empty", "untranslated_han", "repetition", "length_ratio", "number_mismatch", "echo", "truncated", "repaired")
"""The flags that this version sets."""

_han = re.compile(f"[{HAN}{BOPOMOFO}]")
_word = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_NUMBER = r"(?<!\d)\d{1,40}(?:[.,]\d{1,40}){0,8}"
_number = re.compile(_NUMBER)
_zh_numeral = re.compile("[一二三四五六七八九十百千万萬亿億两兩几幾半零〇双雙]")
_ONES = (
    "zero one|first two|second|twice|both three|third four|fourth five|fifth six|sixth seven|seventh eight|eighth"
    " nine|ninth ten|tenth eleven|eleventh twelve|twelfth thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty|twenties thirty|thirties forty|forties fifty|fifties sixty|sixties seventy|seventies eighty|eighties ninety|nineties".split()
_spelled = {word: str(value) for value, words in enumerate(_ONES) for word in words.split("|")}
_spelled |= {word: str(10 * value) for value, words in enumerate(_TENS, 2) for word in words.split("|")}
_spelled |= {"once": "1", "hundred": "100", "thousand": "1000", "dozen": "12", "half": "50", "doubled": "100"}
_months = ("january february march april may june july august september october november december").split()
_spelled |= {name: str(month) for month, name in enumerate(_months, 1)}
_spelled |= {name[:3]: str(month) for month, name in enumerate(_months, 1)} | {"sept": "9"}
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "萬": 10_000, "亿": 10**8, "億": 10**8}
_EN_SCALES = {"hundred": 100, "thousand": 1000, "k": 1000, "million": 10**6, "m": 10**6, "billion": 10**9, "b": 10**9}
_scaled = re.compile(rf"({_NUMBER})\s?([{''.join(_SCALES)}]{{1,4}})")
_en_scaled = re.compile(rf"({_NUMBER})[\s-]?(hundred|thousand|million|billion|[kmb])\b", re.IGNORECASE)
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


def _plain_digits(text: str) -> str:
    """Full-width and circled digits as ordinary ones."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(c)) if not c.isascii() and _is_digit(c) else c for c in text.translate(_full_width)
    )


def _is_digit(character: str) -> bool:
    return unicodedata.digit(character, None) is not None


def _digits(text: str) -> set[str]:
    """Values of the numbers in digits of a text, and of their parts (of dates, times, decimals)."""
    numbers = _number.findall(text)
    return {_value(number) for number in numbers} | {
        _value(part) for number in numbers for part in re.split("[.,]", number)
    }


def _spelled_out(text: str) -> set[str]:
    """Values of the numbers in words of an English text, up to ninety-nine."""
    words = re.findall("[a-z]+", text.lower())
    found = {_spelled[word] for word in words if word in _spelled}
    for tens, ones in pairwise(words):
        if (
            tens in _spelled
            and ones in _spelled
            and int(_spelled[tens]) in range(20, 91, 10)
            and int(_spelled[ones]) < 10
        ):
            found.add(str(int(_spelled[tens]) + int(_spelled[ones])))
    return found


def _other_forms(value: str) -> set[str]:
    """How else a number may be said: hours on a 12-hour clock, years in two digits."""
    if not value.isdigit() or len(value) > 2:
        return {value}
    forms = {value, f"19{value:0>2}", f"20{value:0>2}"}
    return forms | ({str(int(value) - 12)} if 12 < int(value) < 24 else {str(int(value) + 12)})


def missing_numbers(chinese: str, english: str) -> set[str]:
    """Numbers in digits of the Chinese that the English has neither in digits nor in words.

    Scales such as 5万 and "1.2 million" are worked out, hours may be said on a 12-hour clock.
    """
    source, target = _plain_digits(chinese), _plain_digits(english)
    wanted: dict[str, set[str]] = {}
    for number, scale in _scaled.findall(source):
        factor = 1
        for character in scale:
            factor *= _SCALES[character]
        wanted[_value(number)] = {_times(number, factor), _value(number)}
    for number in _number.findall(source):
        wanted.setdefault(_value(number), _other_forms(_value(number)))
    there = _digits(target) | _spelled_out(target)
    there |= {_times(number, _EN_SCALES[scale.lower()]) for number, scale in _en_scaled.findall(target)}
    return {number for number, forms in wanted.items() if not forms & there and number != "0"}


def invented_numbers(chinese: str, english: str) -> set[str]:
    """Numbers in digits of the English that the Chinese, having no numerals in characters, cannot account for."""
    if _zh_numeral.search(chinese):
        return set()
    known = {form for value in _digits(_plain_digits(chinese)) for form in _other_forms(value)} | {"0"}
    return {_value(number) for number in _number.findall(_plain_digits(english))} - known


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
