"""What both languages write alike: numbers, dates, Latin-letter names and code, and names in pinyin.

Such tokens as evidence for a pair go back to cognates in Simard et al. (1992) and to Ling et al. (2013).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..detection.characters import HAN
from ..dictionary.stems import STOP_WORDS

_digits = re.compile(
    r"(\d+(?:[,，]\d{3})*(?:\.\d+)?)\s*(万亿|十亿|百万|千万|万|亿|trillion|billion|million|thousand|[kKmM](?![A-Za-z]))?"
)
_SCALES = {
    "万亿": 1e12, "十亿": 1e9, "百万": 1e6, "千万": 1e7, "万": 1e4, "亿": 1e8,
    "trillion": 1e12, "billion": 1e9, "million": 1e6, "thousand": 1e3, "k": 1e3, "m": 1e6,
}  # fmt: skip
_HAN_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_han_number = re.compile(r"[零〇一二两三四五六七八九十百千]+[万亿]?")
_WORDS = {
    name: value
    for value, names in {
        1: "one first january once monday", 2: "two second february twice both tuesday", 3: "three third march wednesday",
        4: "four fourth april thursday", 5: "five fifth may friday", 6: "six sixth june saturday", 7: "seven seventh july",
        8: "eight eighth august", 9: "nine ninth september", 10: "ten tenth october", 11: "eleven eleventh november",
        12: "twelve twelfth december dozen", 13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen", 17: "seventeen",
        18: "eighteen", 19: "nineteen", 20: "twenty twentieth", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty",
        70: "seventy", 80: "eighty", 90: "ninety", 100: "hundred hundreds", 1000: "thousand thousands", 10000: "myriad",
        1000000: "million millions", 1000000000: "billion billions",
    }.items()
    for name in names.split()
}  # fmt: skip
_latin = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[.+_/:#-][A-Za-z0-9]+)*[+#]*")
_capitalised = re.compile(r"\b[A-Z][a-z]{1,11}\b")
_han = re.compile(f"[{HAN}]+")
_syllable = (
    "(?:[zcs]h?|[bpmfdtnlgkhjqxryw])?(?:iang|iong|uang|ueng|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an|en|in|un|"
    "ia|ie|iu|ua|uo|ue|ui|ve|er|a|o|e|i|u|v)"
)
_pinyin = re.compile(rf"(?:{_syllable}){{1,3}}").fullmatch


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a text: ``written`` in digits, and ``said`` in words, which a translation may leave out."""

    written: frozenset[float]
    said: frozenset[float]

    def __or__(self, other: Numbers) -> Numbers:
        return Numbers(self.written | other.written, self.said | other.said)


def numbers_of(text: str) -> Numbers:
    """The values of the numbers in a Chinese or English text: ``1.5万`` is 15000, ``三十五`` 35, ``March`` 3."""
    written: set[float] = set()
    said: set[float] = set()
    for match in _digits.finditer(text):
        value = float(match[1].replace(",", "").replace("，", ""))
        scale = _SCALES.get((match[2] or "").lower())
        written.add(round(value * scale, 6) if scale else value)
        if scale:
            said.add(value)
        elif 13 <= value <= 23:
            said.add(value - 12)  # 17:00 and 5 pm
    for match in _han_number.finditer(text):
        said.update(_han_values(match.group()))
    for word in re.findall(r"[a-z]{3,10}", text.lower()):
        if word in _WORDS:
            said.add(float(_WORDS[word]))
    return Numbers(frozenset(written), frozenset(said))


def _han_values(text: str) -> set[float]:
    scale = {"万": 1e4, "亿": 1e8}.get(text[-1], 1.0)
    body = text.rstrip("万亿")
    if not any(character in _HAN_UNITS for character in body):
        digits = "".join(str(_HAN_DIGITS[character]) for character in body)
        return {float(digits) * scale} if digits else set()
    total, digit = 0, 0
    for character in body:
        if character in _HAN_UNITS:
            total += (digit or 1) * _HAN_UNITS[character]
            digit = 0
        else:
            digit = _HAN_DIGITS[character]
    return {(total + digit) * scale}


def latin_words(text: str) -> list[str]:
    """The words in Latin letters of a text, in small letters; those with inner marks (``Qt.labs``) also in their parts."""
    found: list[str] = []
    for match in _latin.finditer(text):
        whole = match.group().lower()
        found.append(whole)
        parts = re.findall(r"[a-z0-9]+", whole)
        if len(parts) > 1:
            found += [part for part in parts if len(part) > 1]
    return found


def pinyin_names(text: str) -> frozenset[str]:
    """Capitalised words that may be Chinese names written in pinyin, in small letters."""
    return frozenset(
        name
        for name in map(str.lower, _capitalised.findall(text))
        if len(name) > 2 and name not in STOP_WORDS and _pinyin(name)
    )


def readings_of(text: str, readings: dict[str, str]) -> frozenset[str]:
    """The pinyin of each run of one to three characters of a simplified Chinese text."""
    found: set[str] = set()
    for run in _han.findall(text):
        syllables = [readings.get(character, "") for character in run]
        for index in range(len(syllables)):
            for width in (1, 2, 3):
                found.add("".join(syllables[index : index + width]))
    found.discard("")
    return frozenset(found)
