"""Twin documents: ``guide.zh.md`` and ``guide.en.md``, or ``zh/guide.md`` and ``en/guide.md``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_ENGLISH = ("en", "en-us", "en_us", "en-US", "en_US", "en-gb", "en_gb", "en-GB", "en_GB", "eng", "english", "英文")
_REGIONS = ("cn", "hans", "tw", "hk", "sg", "hant", "CN", "Hans", "TW", "HK", "SG", "Hant")
_CHINESE = ("zh", *(f"zh{sign}{region}" for region in _REGIONS for sign in "-_"), "cn", "chs", "cht", "chinese", "中文")


def _marks(spellings: Iterable[str]) -> re.Pattern[str]:
    """Where a path says its language so: in a folder of its own, or before its ending."""
    mark = f"(?:{'|'.join(spellings)})"
    return re.compile(rf"(?<=[/\\]){mark}(?=[/\\])|(?<=[._-]){mark}(?=\.[^./\\]+\Z)", re.IGNORECASE)


_chinese_marks, _english_marks = _marks(_CHINESE), _marks(_ENGLISH)


def english_twin(path: Path) -> Path | None:
    """The file that by its name is the English version of a Chinese one, if there is exactly one.

    The names differ in one mark of the language only: a folder of its own, or the part of the name before its ending.
    """
    found = _respelled(path, _chinese_marks, _ENGLISH)
    return found[0] if len(found) == 1 else None


def chinese_twins(path: Path) -> list[Path]:
    """The files whose `english_twin` is this one."""
    english = path.resolve()
    return [twin for twin in _respelled(path, _english_marks, _CHINESE) if english_twin(twin) == english]


def _respelled(path: Path, marks: re.Pattern[str], spellings: Iterable[str]) -> list[Path]:
    """The files that differ from ``path`` in one mark of the language, each once."""
    name = str(path)
    found: dict[Path, None] = {}
    for mark in marks.finditer(name):
        for spelling in spellings:
            own = mark.group()
            cased = spelling.upper() if own.isupper() else spelling.title() if own.istitle() else spelling
            twin = Path(name[: mark.start()] + cased + name[mark.end() :])
            if twin.is_file() and not twin.is_symlink():
                found[twin.resolve()] = None
    return list(found)
