"""Parquet: each row a document, read in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from ..errors import UnreadableError
from ..records import Document, Unread
from ..settings import ReadingSettings
from .rows import RowMaker, require_text_column

_BATCH_ROWS = 1024


def read_parquet(stream: BinaryIO, uri: str, settings: ReadingSettings) -> Iterator[Document | Unread]:
    """A document for each row.

    Raises:
        UnreadableError: the file is corrupt or encrypted, or has no text column of strings.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(stream)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise UnreadableError(f"not a Parquet file that can be read: {_one_line(error)}") from error
    require_text_column(schema.names, settings)
    _require_strings(schema.field(settings.text_column).type, settings)
    columns = [
        name
        for name in dict.fromkeys((settings.text_column, settings.id_column, *settings.keep))
        if name in schema.names
    ]
    maker = RowMaker(uri, settings, "parquet", has_ids=settings.id_column in columns)
    batches = file.iter_batches(batch_size=_BATCH_ROWS, columns=columns)
    number = 0
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError) as error:
            raise UnreadableError(f"corrupt after row {number}: {_one_line(error)}") from error
        if batch is None:
            return
        for row in _rows(batch):
            place = f"row {number}"
            yield (
                maker.document(row, number, place) if isinstance(row, dict) else maker.unread(number, f"{place}: {row}")
            )
            number += 1


def _require_strings(kind: Any, settings: ReadingSettings) -> None:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not any(
        test(inner)
        for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    ):
        raise UnreadableError(
            f"its column {settings.text_column!r} holds {kind}, not strings (choose with --text-column)"
        )


def _rows(batch: Any) -> Iterator[dict[str, Any] | str]:
    """The batch's rows as Python values, or for a row that holds none the reason."""
    batch = _without_nanoseconds(batch)
    try:
        yield from batch.to_pylist()
    except ValueError:  # one bad value spoils the batch: strings that are not UTF-8, dates beyond Python's
        for index in range(batch.num_rows):
            yield _row(batch.slice(index, 1))


def _row(batch: Any) -> dict[str, Any] | str:
    try:
        return dict(batch.to_pylist()[0])
    except ValueError as error:
        return _one_line(error)


def _without_nanoseconds(batch: Any) -> Any:
    """Times in microseconds: Python has no finer ones, and pyarrow would want pandas for them."""
    import pyarrow as pa

    coarse = {pa.duration("ns"): pa.duration("us"), pa.time64("ns"): pa.time64("us")}
    for index, field in enumerate(batch.schema):
        kind = field.type
        target = pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) and kind.unit == "ns" else coarse.get(kind)
        if target is not None:
            batch = batch.set_column(index, field.name, batch.column(index).cast(target, safe=False))
    return batch


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
