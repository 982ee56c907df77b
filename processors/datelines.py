"""Datelines: what a news report begins with (新华社北京12月11日电（记者张莺）), said in English by the dictionary.

Small language models take them for news: asked for one alone, ours told of missiles.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .detection.characters import HAN
from .dictionary.lexicon import lexicon, plain_chinese
from .numbers import english_date, plain_digits

_SURNAMES = "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 端木 百里 南宫".split()
_dateline = re.compile(
    rf"^[（(【]?\s*(?P<who>[{HAN}]{{2,14}})\s*(?P<date>(?:(?:19|20)\d\d年)?(?:\d{{1,2}}月)?\d{{1,2}}日)\s*(?:专|综合)?(?:电|讯)(?=[\s（(）)】，,：:—-])\s*[）)】]?"
    rf"(?:\s*[（(](?:全媒体|见习|实习|特派|本报)?(?:记者|通讯员)\s*(?P<names>[{HAN}、，,\s]{{2,40}})[）)])?[\s，,：:]*"
)


class Dateline(NamedTuple):
    """The dateline of a sentence: where it ends, and its English."""

    end: int
    english: str


def dateline_of(chinese: str) -> Dateline | None:
    """The dateline that a sentence begins with; None where it has none, or one with a name that the dictionary lacks."""
    plain = plain_digits(plain_chinese(chinese))
    found = _dateline.match(plain)
    if found is None:
        return None
    who, names = _names_in(found["who"]), _people(found["names"] or "")
    if who is None or names is None:
        return None
    said = ", ".join([*who, english_date(found["date"])])
    if names:
        said += f" (reporter{'s' if len(names) > 1 else ''} {' and '.join([', '.join(names[:-1]), names[-1]] if names[1:] else names)})"
    return Dateline(found.end(), f"{said} –")


def _names_in(run: str) -> list[str] | None:
    """The English of a run of names (agency, place), longest words first; None where one is not known."""
    known = lexicon().glosses
    found: list[str] = []
    while run:
        word = next((run[:end] for end in range(len(run), 1, -1) if known.get(run[:end], "")[:1].isupper()), None)
        if word is None:
            if not found or not 2 <= len(run) <= 3:  # a place of two or three characters is said as it is read
                return None
            word, english = run, _read(run)
        else:
            english = known[word].split(" or ")[0]
        if not english:
            return None
        found.append(english)
        run = run[len(word) :]
    return found


def _people(names: str) -> list[str] | None:
    """Chinese names as they are read, surname first; None where one is no such name."""
    found = []
    for name in re.split(r"[、，,\s]+", names.strip()) if names.strip() else []:
        surname = name[:2] if name[:2] in _SURNAMES else name[:1]
        parts = [_read(surname), _read(name[len(surname) :])]
        if not all(parts) or len(name) > 4:
            return None
        found.append(" ".join(parts))
    return found


def _read(run: str) -> str:
    """How characters are read, as one word with a capital; empty where one of them is not known."""
    readings = [lexicon().readings.get(character, "") for character in run]
    return "".join(readings).capitalize() if all(readings) else ""
