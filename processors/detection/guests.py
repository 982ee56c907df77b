"""Guests: runs of words in another language inside a segment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..records import Guest, Lang
from .characters import BOPOMOFO, HAN, LATIN, MARKS, has_han, has_latin
from .nonlanguage import MASK, mask_addresses
from .script import simplified_only

_LATIN_WORD = rf"[{LATIN}][{LATIN}{MARKS}0-9０-９]*(?:['’&.+/_-][{LATIN}0-9０-９][{LATIN}{MARKS}0-9０-９]*)*(?:\++|(?<=(?<![A-Za-z0-9#])[A-Z])#)?"
_NUMBER = r"[0-9０-９]+(?:[.,][0-9０-９]+)*"
_COUNTED = "年月日天个個岁歲次台块塊元号號点點分秒小时時万萬亿億千百倍人位只隻款张張件条條位名页頁章节節米公斤"
"""What is counted: a number before one of these is the sentence's, not part of the name before it."""
latin_guest = re.compile(
    rf"(?:(?<![\d.:-])\d+(?:\.\d+)*[.-]?(?=[{LATIN}]))?{_LATIN_WORD}"
    rf"(?:(?:(?<=\b[DM]r)\. |(?<=\bM[rs]s)\. |(?<=\bMs)\. | +|-| & ){_LATIN_WORD}"
    rf"|[ -]{_NUMBER}(?:[{LATIN}]+|(?![\d:/%-]|\.\d|\s\d|\s*[{_COUNTED}])))*"
)
"""Latin-letter words with their inner spaces, hyphens and attached digits: ``GPT-4``, ``Python 3.12``, ``RM500``."""

_HAN_WORD = rf"[{HAN}{BOPOMOFO}]+"
han_guest = re.compile(
    rf"(?:[0-9０-９]+(?={_HAN_WORD}))?{_HAN_WORD}(?:[0-9０-９·•&-]*[ ]?{_HAN_WORD}|[0-9０-９]+(?=[{HAN}]))*"
)
_quoted = re.compile(r"[（(“\"「『《【\[]([^（）()“”\"「」『』《》【】\[\]]{2,})[）)”\"」』》】\]]")
"""What stands in brackets or quotation marks: words of one language there are one guest, inner punctuation included."""


def guests_of(text: str, start: int, lang: Lang, japanese: bool = False) -> tuple[Guest, ...]:
    """The guests of a segment's text; ``start`` is its offset in the document, which the guests' offsets count from.

    Chinese segments have ``en`` guests, all others ``zh`` ones; numbers, addresses and inline code are none. In a
    ``japanese`` one only Han with simplified forms that Japanese does not write is Chinese.
    """
    if lang == "zh":
        if not has_latin(text):
            return ()
        masked = mask_addresses(text)
        return tuple(Guest(start + first, start + last, "en") for first, last in _runs(masked, latin_guest, has_han))
    if lang == "none" or not has_han(text):
        return ()
    found = _runs(mask_addresses(text), han_guest, has_latin)
    if japanese:
        found = ((first, last) for first, last in found if not simplified_only().isdisjoint(text[first:last]))
    return tuple(Guest(start + first, start + last, "zh") for first, last in found)


def _runs(masked: str, guest: re.Pattern[str], has_others: Callable[[str], object]) -> Iterator[tuple[int, int]]:
    """Runs of words: those inside one pair of brackets or quotation marks whole, the others as they come."""
    covered = 0
    for quoted in _quoted.finditer(masked):
        inside = quoted.group(1)
        if MASK in inside or has_others(inside):
            continue
        found = [match.span() for match in guest.finditer(masked, *quoted.span(1))]
        if not found:
            continue
        yield from (match.span() for match in guest.finditer(masked, covered, quoted.start(1)))
        yield found[0][0], found[-1][1]
        covered = quoted.end(1)
    yield from (match.span() for match in guest.finditer(masked, covered))
