r"""TSV: a line a pair, tab between the columns, the columns' names first. For spreadsheets as well as for programs.

A field never holds a tab, a line break or another control character: those are written ``\t``, ``\n``, ``\r`` or
``\uXXXX``, and a backslash as two. A field that a spreadsheet might take for a formula or for a quoted field (it starts with
``=``, ``+``, ``-``, ``@``, one of their full-width forms, or a quotation mark) has an apostrophe in front, as has one that starts
with an apostrophe. `field_text` undoes both. Quotation marks mean nothing (``quoting=csv.QUOTE_NONE``, ``quote_char=None``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

COLUMNS = (
    "zh en kind origin engine model score similarity quality flags zh_script source_uri source_id doc_id zh_start zh_end pair_id"
).split()
HEADER = "\t".join(COLUMNS) + "\n"

_TO_ESCAPE = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_ESCAPED = re.compile(r"\\(?:u([0-9a-f]{4})|(.))")
_NAMES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_CHARACTERS = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}
_GUARDED = tuple("=+-@＝＋－＠\"'")
_NUMBERS = {"score", "similarity", "quality", "zh_start", "zh_end"}
"""Columns of numbers need no guard: ``-0.4`` is one."""


def text_field(text: str) -> str:
    """A text as a field that no spreadsheet computes."""
    escaped = _TO_ESCAPE.sub(lambda found: _NAMES.get(found[0]) or f"\\u{ord(found[0]):04x}", text)
    return f"'{escaped}" if escaped.startswith(_GUARDED) else escaped


def field_text(field: str) -> str:
    """The text that stands in a field, also where a person wrote an apostrophe or a backslash that is no mark."""
    unguarded = field[1:] if field[:1] == "'" and field[1:].startswith(_GUARDED) else field
    return _ESCAPED.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else _CHARACTERS.get(found[2], found[0]), unguarded
    )


def number_text(value: float) -> str:
    """A whole number, or the shortest decimal that is the same float32 (which is what the columns hold)."""
    return str(value if isinstance(value, int) else np.float32(value))


def tsv_line(row: dict[str, Any]) -> str:
    """A row of ``pairs``; flags have commas between them, what is null is an empty field."""
    return "\t".join(_field(name, row[name]) for name in COLUMNS) + "\n"


def tsv_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Rows of ``pairs`` as lines, without the header."""
    return map(tsv_line, rows)


def _field(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _NUMBERS:
        return number_text(value)
    return text_field(",".join(value) if isinstance(value, list | tuple) else str(value))
