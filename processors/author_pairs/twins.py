"""Twin documents: ``guide.zh.md`` and ``guide.en.md``, or ``zh/guide.md`` and ``en/guide.md``."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CHINESE = r"zh(?:[-_](?:cn|hans|tw|hk|sg|hant))?|cn|chs|cht|chinese|中文"
_ENGLISH = r"en(?:[-_](?:us|gb|uk))?|eng|english|英文"
_marked = re.compile(
    rf"(?:(?<=[/\\])(?:(?P<zh_folder>{_CHINESE})|(?P<en_folder>{_ENGLISH}))(?=[/\\])"
    rf"|(?<=[._-])(?:(?P<zh_name>{_CHINESE})|(?P<en_name>{_ENGLISH}))(?=\.[^./\\]+(?:[#!].*)?\Z))",
    re.IGNORECASE,
)


def twin_documents(source_uris: Iterable[str]) -> dict[str, str]:
    """Chinese document → the English one that by name is its translation, for those that have exactly one.

    The names differ in one mark of the language only: a folder of its own, or the part of the name before its ending.
    """
    english: dict[str, list[str]] = {}
    chinese: dict[str, list[str]] = {}
    for uri in dict.fromkeys(source_uris):
        for mark in _marked.finditer(uri):
            rest = uri[: mark.start()] + "\0" + uri[mark.end() :]
            side = chinese if mark["zh_folder"] or mark["zh_name"] else english
            side.setdefault(rest, []).append(uri)
    found: dict[str, str] = {}
    for rest, uris in chinese.items():
        twins = english.get(rest, [])
        if len(uris) == 1 and len(twins) == 1:
            found.setdefault(uris[0], twins[0])
    return found
