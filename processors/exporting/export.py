"""The pairs of a dataset, selected, in one of the formats."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TextIO, get_args

from ..errors import UsageError
from ..output import new_files
from ..writing import open_dataset
from . import jsonl, moses, tmx, tsv
from .selection import Counts, Row, Selection, selected_pairs

Format = Literal["tmx", "tsv", "jsonl", "moses"]
FORMATS: tuple[Format, ...] = get_args(Format)


class _Lines(NamedTuple):
    """A format of one file."""

    columns: Sequence[str]
    header: Callable[[], str]
    lines: Callable[[Iterable[Row]], Iterator[str]]
    footer: str = ""


_LINES: dict[Any, _Lines] = {
    "tmx": _Lines(tmx.COLUMNS, tmx.header, tmx.tmx_units, tmx.FOOTER),
    "tsv": _Lines(tsv.COLUMNS, lambda: tsv.HEADER, tsv.tsv_lines),
    "jsonl": _Lines(jsonl.COLUMNS, str, jsonl.jsonl_lines),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Exported:
    """What an export did."""

    counts: Counts
    files: tuple[Path, ...]

    def line(self) -> str:
        """What a person should know of it: how many pairs, where, and what was left out."""
        where = f" to {' '.join(map(str, self.files))}" if self.files else ""
        left = [
            f"{number:,} {entry.metadata['text']}"
            for entry in dataclasses.fields(self.counts)
            if entry.metadata and (number := getattr(self.counts, entry.name))
        ]
        out = f"; left out: {', '.join(left)}" if left else ""
        return f"{self.counts.selected:,} pairs written{where}{out}"


def export_pairs(
    folder: str | Path, format_: Format, out: Path | TextIO, selection: Selection | None = None
) -> Exported:
    """Write the selected pairs of the dataset in ``folder`` that have English.

    Args:
        folder: of the dataset.
        format_: ``tmx``, ``tsv``, ``jsonl`` or ``moses``.
        out: the file, or an open stream; for ``moses`` the beginning of the names of three files (``.zh``, ``.en``,
            ``.ids``). A file is replaced when the new one is complete.
        selection: which pairs; by default all.

    Raises:
        UsageError: there is no dataset in the folder, or ``out`` cannot be written.
        StoppedError: the disk is full.
    """
    pairs = open_dataset(folder).pairs
    counts = Counts()
    chosen = selection or Selection()
    if format_ == "moses":
        if not isinstance(out, Path):
            raise UsageError("moses is three files: name the beginning of their names with --out")
        files = tuple(out.with_name(out.name + suffix) for suffix in moses.SUFFIXES)
        with new_files(*files) as written:
            for rows in selected_pairs(pairs, chosen, moses.COLUMNS, counts):
                for file, lines in zip(written, zip(*map(moses.moses_lines, rows), strict=True), strict=True):
                    file.writelines(lines)
        return Exported(counts, files)
    how = _LINES[format_]
    batches = selected_pairs(pairs, chosen, how.columns, counts)
    if not isinstance(out, Path):
        _write(out, how, batches)
        return Exported(counts, ())
    with new_files(out) as (file,):
        _write(file, how, batches)
    return Exported(counts, (out,))


def _write(file: TextIO, how: _Lines, batches: Iterable[list[Row]]) -> None:
    file.write(how.header())
    for rows in batches:
        file.writelines(how.lines(rows))
    file.write(how.footer)
