"""PO and POT, the files of gettext: each string a block, that of the source and then those of the translation."""

from __future__ import annotations

import re

from ..errors import UnreadableError
from .parsed import Parsed, TextBuilder

_BEGINNING = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*+[ \t]*(?:msgctxt|msgid)[ \t]+\"")
_CHARSET = re.compile(rb"\"Content-Type:[^\"\n]*charset=([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_LINE = re.compile(r'(?:(msgctxt|msgid|msgid_plural|msgstr(?:\[\d{1,3}\])?)[ \t]*)?"((?:[^"\\]|\\.)*+)"')
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "v": "\v", "f": "\f"}


def begins_as_po(head: str) -> bool:
    """Whether a file that begins so is one of gettext."""
    return _BEGINNING.match(head.lstrip("\ufeff")) is not None


def declared_charset_of_po(data: bytes) -> str | None:
    """The charset that the header of a PO file names."""
    match = _CHARSET.search(data[: 2**16])
    return match.group(1).decode("ascii") if match else None


def parse_po(source: str) -> Parsed:
    """Every string of the file: of each entry ``msgid``, ``msgid_plural`` and the ``msgstr`` there are.

    The header, contexts, comments and entries marked obsolete are left out. A string is one block, however its line is
    cut in the file; line breaks in it are its own.

    Raises:
        UnreadableError: a line is damaged.
    """
    strings: list[tuple[str, list[str]]] = []  # keyword and pieces
    for number, line in enumerate(re.split(r"\r\n|\r|\n", source), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        match = _LINE.fullmatch(content)
        if match is None or (match.group(1) is None and not strings):
            raise UnreadableError(f"a damaged PO file: line {number} is no string of an entry")
        if match.group(1) is not None:
            strings.append((match.group(1), []))
        strings[-1][1].append(_ESCAPE.sub(_unescaped, match.group(2)))
    builder = TextBuilder(max_cells=0)
    before = ""
    in_header = False
    for keyword, pieces in strings:
        text = "".join(pieces)
        if keyword == "msgid":
            in_header = not text and before != "msgctxt"
        if keyword != "msgctxt" and not in_header:
            builder.add(text)
        before = keyword
    return builder.parsed()


def _unescaped(match: re.Match[str]) -> str:
    octal, hexadecimal, other = match.groups()
    if octal or hexadecimal:
        return chr(int(octal, 8) & 0xFF if octal else int(hexadecimal, 16))
    return _ESCAPED.get(other, other)
