"""JSON Lines: each line an object, each object a document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from ..errors import UnreadableError
from ..records import Document, Unread
from ..settings import ReadingSettings
from .lines import Lines
from .rows import RowMaker, require_text_column

_PEEK_ROWS = 1000
_PEEK_CHARACTERS = 2**20
_HOPELESS_ROWS = 10


@dataclass(frozen=True, slots=True)
class _Row:
    """One line that is not blank: its object, or why it has none."""

    line: int
    encoding: str
    values: dict[str, Any] | None
    error: str = ""


def read_json_lines(stream: BinaryIO, uri: str, settings: ReadingSettings) -> Iterator[Document | Unread]:
    """A document for each object; a line that is no object is `Unread` and the others go on.

    Raises:
        UnreadableError: none of the first lines is an object, or none has the text column.
    """
    rows = _rows(Lines(stream, max_bytes=settings.max_bytes))
    first = list(_peeked(rows))
    objects = [row.values for row in first if row.values is not None]
    if not objects and len(first) >= _HOPELESS_ROWS:
        raise UnreadableError(f"none of its first {len(first)} lines is a JSON object; {first[0].error}")
    columns = dict.fromkeys(column for values in objects for column in values)
    if objects:
        require_text_column(columns, settings)
    maker = RowMaker(uri, settings, "jsonl", has_ids=settings.id_column in columns)
    for number, row in enumerate(chain(first, rows)):
        if row.values is None:
            yield maker.unread(number, row.error)
        else:
            yield maker.document(row.values, number, f"line {row.line}", row.encoding)


def _peeked(rows: Iterator[_Row]) -> Iterator[_Row]:
    """The first rows, as many as tell which columns there are."""
    characters = 0
    for count, row in enumerate(rows, start=1):
        yield row
        characters += sum(len(value) for value in (row.values or {}).values() if isinstance(value, str))
        if count >= _PEEK_ROWS or characters > _PEEK_CHARACTERS:
            return


def _rows(lines: Lines) -> Iterator[_Row]:
    while True:
        try:
            text = next(lines)
        except StopIteration:
            return
        except UnreadableError as error:
            yield _Row(lines.number, lines.encoding, None, f"line {lines.number}: {error}")
            continue
        if text.strip():
            yield _parsed(text, lines)


def _parsed(text: str, lines: Lines) -> _Row:
    try:
        value = json.loads(text)
    except RecursionError:
        reason = "it nests too deeply"
    except json.JSONDecodeError as error:
        reason = f"not valid JSON: {error.msg} (column {error.colno})"
    except ValueError as error:  # a number with thousands of digits
        reason = f"not valid JSON: {error}"
    else:
        if isinstance(value, dict):
            return _Row(lines.number, lines.last_encoding, value)
        reason = f"a JSON {type(value).__name__}, not an object"
    return _Row(lines.number, lines.last_encoding, None, f"line {lines.number}: {reason}")
