"""A row of a JSON Lines, CSV or Parquet file as a document."""

from __future__ import annotations

import base64
import datetime
import decimal
import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..errors import UnreadableError
from ..lines import line_blocks
from ..records import Document, Unread, well_formed
from ..settings import ReadingSettings

_MAX_NESTING = 100


class RowMaker:
    """Makes documents of the rows of one file, and keeps rows with the same id apart.

    ``has_ids`` tells that the file has an id column. Without one a row goes by its number, from 0.
    """

    def __init__(self, uri: str, settings: ReadingSettings, kind: str, *, has_ids: bool) -> None:
        self.uri = uri
        self.settings = settings
        self.kind = kind
        self.has_ids = has_ids
        self._seen: set[int] = set()  # of hashes, which take a fraction of the ids' memory
        self._numbered = 0  # how many rows went by their number before the file turned out to have ids

    def document(
        self, row: Mapping[str, Any], number: int, place: str, encoding: str | None = "utf-8"
    ) -> Document | Unread:
        """The document of row ``number``; ``place`` (``line 7``) is what a reason says of where it is."""
        try:
            source_id = self._source_id(row)
            name = str(number) if source_id is None else source_id
            if source_id is not None and not self.has_ids:
                self.has_ids, self._numbered = True, number
            if self.has_ids and not self._is_new(name):
                return self.unread_repeat(name, number, place, had_id=source_id is not None)
            text = self._text(row)
            metadata = {column: plain_value(row[column]) for column in self.settings.keep if column in row}
        except UnreadableError as error:
            return self.unread(number, f"{place}: {error}")
        encoded = text.encode()
        digest = hashlib.sha256(encoded)
        if metadata:
            digest.update(b"\0" + json.dumps(metadata, ensure_ascii=False, sort_keys=True).encode())
        return Document(
            source_uri=f"{self.uri}#id={quote(name, safe='')}",
            text=text,
            blocks=line_blocks(text),
            format=self.kind,
            encoding=encoding,
            bytes=len(encoded),
            content_sha256=digest.hexdigest(),
            source_id=source_id,
            metadata=metadata,
        )

    def unread(self, number: int, reason: str) -> Unread:
        """Row ``number`` failed. In a file with ids its number could be another row's id, so it goes by ``#row=``."""
        return Unread(f"{self.uri}#{'row' if self.has_ids else 'id'}={number}", "failed", reason, format=self.kind)

    def unread_repeat(self, name: str, number: int, place: str, *, had_id: bool) -> Unread:
        """Row ``number`` failed because another row goes by its name already."""
        reason = (
            f"id {name} occurs a second time" if had_id else f"it has no id, and its number {name} is another row's id"
        )
        return Unread(
            f"{self.uri}#row={number}",
            "failed",
            f"{place}: {reason}",
            format=self.kind,
            source_id=name if had_id else None,
        )

    def _is_new(self, name: str) -> bool:
        key = hash(name)
        if key in self._seen or (name.isdecimal() and len(name) < 20 and int(name) < self._numbered):
            return False
        self._seen.add(key)
        return True

    def _source_id(self, row: Mapping[str, Any]) -> str | None:
        value = row.get(self.settings.id_column)
        if value is None or value == "":
            return None
        if isinstance(value, (list, dict)):
            raise UnreadableError(f"its id ({self.settings.id_column}) is {_called(value)}, not a string or a number")
        plain = plain_value(value)
        return plain if isinstance(plain, str) else json.dumps(plain)

    def _text(self, row: Mapping[str, Any]) -> str:
        column = self.settings.text_column
        if column not in row:
            raise UnreadableError(f"no column {column!r}; it has {listed(row)}")
        value = row[column]
        if value is None:
            return ""
        if not isinstance(value, str):
            raise UnreadableError(f"its text ({column}) is {_called(value)}, not a string")
        return well_formed(value)


def require_text_column(columns: Collection[str], settings: ReadingSettings) -> None:
    """Checks that a file has the text column.

    Raises:
        UnreadableError: it has not; the text names the columns there are.
    """
    if settings.text_column not in columns:
        there_are = listed(columns) if columns else "none"
        raise UnreadableError(
            f"no column {settings.text_column!r} for the text; its columns: {there_are} (choose with --text-column)"
        )


def listed(columns: Collection[str]) -> str:
    """The columns' names for a message, the first twenty of them."""
    names = [column if len(column) <= 40 else column[:40] + "…" for column in list(columns)[:20]]
    return ", ".join(names) + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")


def plain_value(value: Any, depth: int = 0) -> Any:
    """``value`` as JSON can hold it: dates as ISO strings, decimals as strings, bytes as Base64, NaN as null.

    Raises:
        UnreadableError: it nests too deeply.
    """
    if isinstance(value, str):
        return well_formed(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime.date, datetime.time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if depth >= _MAX_NESTING:
        raise UnreadableError(f"a kept column nests more than {_MAX_NESTING} deep")
    if isinstance(value, Mapping):
        return {well_formed(str(key)): plain_value(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [plain_value(inner, depth + 1) for inner in value]
    return str(value)


def _called(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    return {"list": "a list", "dict": "an object"}.get(type(value).__name__, f"of type {type(value).__name__}")
