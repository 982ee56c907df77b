"""`duiyi view`, `duiyi report` and `duiyi export`: a dataset for people and for other tools."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from duiyi.processors.errors import UsageError
from duiyi.processors.exporting import Format, Selection, export_pairs
from duiyi.processors.pages import write_report, write_view


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """What Arrow says of a broken file is one line for the user."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None):  # not Arrow's own, which have no number
            raise
        what = " ".join(str(error).split())
        raise UsageError(f"cannot read the dataset in {folder}, a file is broken: {what[:300]}") from error


def view_line(folder: Path, out: Path, limit: int) -> str:
    """Write the page; what a person should know of it."""
    with reading(folder):
        viewed = write_view(folder, out, limit)
    return f"{out} shows {viewed.line()}"


def report_line(folder: Path, out: Path) -> str:
    """Write the page; what a person should know of it."""
    with reading(folder):
        figures = write_report(folder, out)
    return f"{out} reports on {figures.pairs:,} pairs of {figures.documents:,} documents"


def export_line(folder: Path, format_: Format, out: Path, selection: Selection) -> str:
    """Export to a file, or to standard output where ``out`` is ``-``; what a person should know of it."""
    with reading(folder):
        target = sys.stdout if str(out) == "-" else out
        return export_pairs(folder, format_, target, selection).line()


def names(given: str | None) -> frozenset[str]:
    """The names in a list with commas."""
    return frozenset(name.strip() for name in (given or "").split(",") if name.strip())
