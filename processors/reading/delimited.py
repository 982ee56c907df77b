"""CSV and TSV: each row under the header a document."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from ..errors import UnreadableError
from ..records import Document, Unread
from ..settings import ReadingSettings
from .lines import Lines
from .rows import RowMaker, require_text_column

_SNIFFED_CHARACTERS = 2**16
_DELIMITERS = {"csv": ",;\t|", "tsv": "\t,;|"}
_QUOTED: dict[str, Any] = {"quoting": csv.QUOTE_MINIMAL, "doublequote": True}
_ESCAPED: dict[str, Any] = {"quoting": csv.QUOTE_MINIMAL, "doublequote": False, "escapechar": "\\"}
_UNQUOTED: dict[str, Any] = {"quoting": csv.QUOTE_NONE}


@dataclass(frozen=True, slots=True)
class _Record:
    """One record: its fields, or why it has none, and the line it began on."""

    line: int
    encoding: str
    fields: list[str] | None
    error: str = ""


def read_delimited(stream: BinaryIO, uri: str, settings: ReadingSettings, kind: str) -> Iterator[Document | Unread]:
    """A document for each row; the first row names the columns, the dialect is found from the first 64 K characters.

    A row whose fields don't fit the header is `Unread` and the others go on.

    Raises:
        UnreadableError: there is no header, or it lacks the text column.
    """
    # The module's limit on a field is global, and by default a novel in a field exceeds it.
    csv.field_size_limit(max(csv.field_size_limit(), settings.max_bytes))
    dialect = _dialect(_beginning(Lines(stream, max_bytes=settings.max_bytes)), kind, settings)
    stream.seek(0)
    lines = Lines(stream, max_bytes=settings.max_bytes)
    records = _records(lines, dialect)
    first = next(records, None)
    if first is None or first.fields is None:
        raise UnreadableError(f"no header line{': ' + first.error if first else ', it is empty'}")
    header = [name.strip() for name in first.fields]
    require_text_column([name for name in header if name], settings)
    maker = RowMaker(uri, settings, kind, has_ids=settings.id_column in header)
    for number, record in enumerate(records):
        place = f"line {record.line}"
        if record.fields is None:
            yield maker.unread(number, f"{place}: {record.error}")
        elif (misfit := _misfit(record.fields, header, settings)) is not None:
            yield maker.unread(number, f"{place}: {misfit}")
        else:
            # A name that stands twice in the header means its first column.
            row = dict(reversed(list(zip(header, record.fields, strict=False))))
            yield maker.document(row, number, place, record.encoding)


def _misfit(fields: list[str], header: list[str], settings: ReadingSettings) -> str | None:
    """Why a row cannot be trusted: it would lose text, or has none."""
    too_many = any(fields[len(header) :])
    too_few = len(fields) <= header.index(settings.text_column)
    if too_many or too_few:
        return (
            f"{len(fields)} fields where the header has {len(header)} (a delimiter or line break that is not quoted?)"
        )
    return None


def _records(lines: Lines, dialect: dict[str, Any]) -> Iterator[_Record]:
    reader = csv.reader(lines, strict=True, **dialect)
    while True:
        line = lines.number + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = f", read up to line {lines.number}" if lines.number > line else ""
            yield _Record(line, lines.encoding, None, f"not valid CSV: {error}{last}")
        except UnreadableError as error:
            yield _Record(line, lines.encoding, None, str(error))
        else:
            if fields:
                yield _Record(line, lines.last_encoding, fields)


def _beginning(lines: Lines) -> list[str]:
    beginning: list[str] = []
    characters = 0
    while characters < _SNIFFED_CHARACTERS:
        try:
            line = next(lines)
        except StopIteration:
            break
        except UnreadableError:  # reported when the rows are read
            continue
        beginning.append(line)
        characters += len(line)
    return beginning


def _dialect(beginning: list[str], kind: str, settings: ReadingSettings) -> dict[str, Any]:
    """Delimiter and quoting under which the header has the text column and most rows as many fields as the header.

    `csv.Sniffer` is not used: it guesses from frequencies, prose between the delimiters leads it astray.
    """
    escapes = any('\\"' in line for line in beginning)
    quotings = (_QUOTED, _ESCAPED, _UNQUOTED) if escapes else (_QUOTED, _UNQUOTED)
    candidates = [{"delimiter": delimiter, **quoting} for quoting in quotings for delimiter in _DELIMITERS[kind]]
    return max(candidates, key=lambda dialect: _fit(beginning, dialect, settings))


def _fit(beginning: list[str], dialect: dict[str, Any], settings: ReadingSettings) -> tuple[bool, bool, float, int]:
    reader = csv.reader(beginning, strict=True, **dialect)
    records: list[list[str]] = []
    errors = 0
    while True:
        try:
            record = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            errors += "unexpected end of data" not in str(error)  # the beginning may end inside a field
            continue
        if record:
            records.append(record)
    if not records:
        return False, False, 0.0, 0
    if dialect["quoting"] == csv.QUOTE_NONE and _looks_quoted(records):
        return False, False, 0.0, 0
    width = len(records[0])
    share = sum(len(record) == width for record in records) / (len(records) + errors)
    names = [name.strip() for name in records[0]]
    return settings.text_column in names, width > 1 and share > 0.8, share, width


def _looks_quoted(records: list[list[str]]) -> bool:
    """Whether most fields that begin with a quotation mark also end with one: then the marks are not part of them."""
    opened = [field for record in records for field in record if field.startswith('"')]
    return 2 * sum(len(field) > 1 and field.endswith('"') for field in opened) > len(opened)
