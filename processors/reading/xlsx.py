"""Workbooks (xlsx): a sheet under a header that has the text column row by row, any other sheet cell by cell."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import UnreadableError
from ..settings import ReadingSettings
from .parsed import Parsed, Row, TextBuilder
from .rows import plain_value
from .xml_text import refuse_entities
from .zips import MEMBER_ERRORS, Package

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_LAST_ROW = 2**20
"""No workbook has more rows. A file that says so would have openpyxl count up to there."""


def parse_xlsx(stream: BinaryIO, settings: ReadingSettings) -> Iterator[Parsed | Row]:
    """The rows of the sheets whose first row with content names the text column; then all other sheets as one text.

    In that text the sheet's title is a block and so is every cell with content; cells of a row are divided by tabs,
    rows by line breaks. Formulas count with the value that was saved.

    Raises:
        UnreadableError: broken, encrypted or over a limit.
    """
    package = Package(stream, settings)
    for part in package:
        if part.lower().endswith((".xml", ".rels")):
            with package.open(part) as xml:
                refuse_entities(xml)
    stream.seek(0)
    # So that the same parser is at work wherever duiyi is installed: expat, with the entities refused above.
    os.environ["OPENPYXL_LXML"] = os.environ["OPENPYXL_DEFUSEDXML"] = "False"
    import openpyxl

    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        yield from _parse_book(book.worksheets, settings)
    except (*MEMBER_ERRORS, SyntaxError, KeyError, TypeError, AttributeError, IndexError) as error:
        # openpyxl has no exception of its own for a workbook that contradicts itself; ParseError is a SyntaxError.
        raise UnreadableError(f"broken: {type(error).__name__}: {error}") from error


def _parse_book(sheets: Sequence[ReadOnlyWorksheet], settings: ReadingSettings) -> Iterator[Parsed | Row]:
    builder = TextBuilder(settings.max_cells)
    has_rows = False
    for sheet in sheets:
        sheet.reset_dimensions()  # what a file says of them may be wrong, and cells beyond would be lost
        all_rows = enumerate(sheet.iter_rows(max_row=_LAST_ROW, values_only=True), 1)
        rows = ((number, row) for number, row in all_rows if _has_content(row))
        first_number, first = next(rows, (0, ()))
        header = [_shown(value).strip() for value in first]
        if settings.text_column in header:
            has_rows = True
            for number, row in rows:
                yield _row(header, row, f"sheet {sheet.title}, row {number}", settings)
            continue
        builder.add(sheet.title if first_number else "")
        if first_number:
            _add_cells(builder, first, (sheet.title, first_number))
        for number, row in rows:
            _add_cells(builder, row, (sheet.title, number))
    if not (has_rows and builder.is_empty):
        yield builder.parsed()


def _has_content(row: Sequence[Any]) -> bool:
    return any(value is not None and value != "" for value in row)


def _row(header: Sequence[str], row: Sequence[Any], place: str, settings: ReadingSettings) -> Row:
    # A name that stands twice in the header means its first column.
    named = {name: value for name, value in reversed(list(zip(header, row, strict=False))) if name}
    values = {name: plain_value(value) for name, value in named.items()}
    values.setdefault(settings.text_column, None)
    if values[settings.text_column] is not None:
        values[settings.text_column] = _shown(named[settings.text_column])
    return Row(values, place)


def _add_cells(builder: TextBuilder, row: Sequence[Any], place: tuple[str, int]) -> None:
    for column, value in enumerate(row):
        if value is not None and value != "":
            builder.add(_shown(value), row=place, cell=column)


def _shown(value: Any) -> str:
    """A cell's value as text: dates in ISO form, numbers without a needless fraction."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime):
        return str(value.date() if value.time() == datetime.time() else value.isoformat(" "))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
