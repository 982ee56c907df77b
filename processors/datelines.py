"""Datelines: what a news report begins with (新华社北京12月11日电（记者张莺）), said in English by the dictionary.

Small language models take them for news: asked for one alone, ours told of missiles.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .detection.characters import HAN, has_han
from .dictionary.lexicon import lexicon, plain_chinese
from .dictionary.stems import stem
from .numbers import english_date, plain_digits

_SURNAMES = "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 端木 百里 南宫".split()
_ROLES = re.compile("记者|通讯员|实习|摄影|编辑|见习|报道")
_SAID = {"路透社": "Reuters", "法新社": "AFP", "美联社": "AP", "广州": "Guangzhou"}
"""Names that reports are headed with otherwise than the dictionary has them."""
_dateline = re.compile(
    rf"^[（(【]?\s*(?P<who>[{HAN}]{{2,14}})\s*(?P<date>(?:(?:19|20)\d\d年)?(?:\d{{1,2}}月)?\d{{1,2}}日)\s*(?:专|综合)?(?:电|讯)(?=[\s（(）)】，,：:—-])\s*[）)】]?"
    rf"(?:\s*[（(](?:全媒体|见习|实习|特派|本报)?(?:记者|通讯员)\s*(?P<names>[{HAN}、，,\s]{{2,40}})[）)])?[\s，,：:—–-]*"
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
    date = english_date(found["date"])
    if has_han(date):  # no such day
        return None
    said = ", ".join([*who, date])
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
            if not found or not _may_be_a_place(run):
                return None
            word, english = run, _read(run)
        else:
            english = _SAID.get(word) or re.sub(" [Cc]ity$", "", known[word].split(" or ")[0])
        if not english:
            return None
        found.append(english)
        run = run[len(word) :]
    return found


def _may_be_a_place(run: str) -> bool:
    """Whether two or three characters may be a place that is said as it is read: no word that means something else."""
    return 2 <= len(run) <= 3 and set(lexicon().strong.get(run, ())) <= {stem(_read(run).lower())}


def _people(names: str) -> list[str] | None:
    """Chinese names as they are read, surname first; None where one is no such name."""
    found: list[str] = []
    if _ROLES.search(names):
        return None
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
