"""Twin documents: ``guide.zh.md`` and ``guide.en.md``, or ``zh/guide.md`` and ``en/guide.md``."""

from __future__ import annotations

import re
from pathlib import Path

_ENGLISH = ("en", "en-us", "en_us", "en-US", "en_US", "en-gb", "en_gb", "en-GB", "en_GB", "eng", "english", "英文")
_CHINESE = r"(?:zh(?:[-_](?:cn|hans|tw|hk|sg|hant))?|cn|chs|cht|chinese|中文)"
_marked = re.compile(rf"(?<=[/\\]){_CHINESE}(?=[/\\])|(?<=[._-]){_CHINESE}(?=\.[^./\\]+\Z)", re.IGNORECASE)


def english_twin(path: Path) -> Path | None:
    """The file that by its name is the English version of a Chinese one, if there is exactly one.

    The names differ in one mark of the language only: a folder of its own, or the part of the name before its ending.
    """
    name = str(path)
    found: dict[Path, None] = {}
    for mark in _marked.finditer(name):
        for spelling in _ENGLISH:
            own = mark.group()
            cased = spelling.upper() if own.isupper() else spelling.title() if own.istitle() else spelling
            twin = Path(name[: mark.start()] + cased + name[mark.end() :])
            if twin.is_file() and not twin.is_symlink():
                found[twin.resolve()] = None
    return next(iter(found)) if len(found) == 1 else None
