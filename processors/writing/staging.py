"""Where a run puts what it has finished, until that is merged into the dataset's buckets.

Rewriting buckets for each shard would cost the square of the dataset's size. So a shard's rows first become a small *set*: three
files of their own in ``DIR/.staging``, numbered in the order of commits. A set counts from the moment its ``documents`` file has
its name, and no more once that is gone; everything else found here is left over from a killed run and is cleared away.
Only who holds the dataset's lock changes anything here; what is being merged stays until that is done.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ..settings import WritingSettings
from . import files
from .layout import Layout
from .schema import TABLES, upgraded, version_of

FOLDER = ".staging"
GONE = "gone"
"""Status of a row of a set's ``documents`` that stands for a document to be dropped."""

_NAME = re.compile(r"(\d{12})\.documents\.parquet")


class StagedSet(NamedTuple):
    """The rows of one commit. The document of a later set replaces that of an earlier one."""

    folder: Path
    number: int

    def path(self, table: str) -> Path:
        """The file of its rows of one table."""
        return self.folder / f"{self.number:012d}.{table}.parquet"

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Its rows of one table, in this version's schema.

        Raises:
            UsageError: a later version of duiyi wrote it.
            FileNotFoundError: it was merged meanwhile.
        """
        path = self.path(table)
        with pq.ParquetFile(path) as file:
            rows = upgraded(table, file.read(), version_of(file.schema_arrow.metadata, path))
        return rows.select(columns) if columns else rows


class Staging:
    """The staged sets of the dataset in ``root``."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER

    def sets(self) -> list[StagedSet]:
        """The staged sets, oldest first."""
        if not self.folder.is_dir():
            return []
        names = map(_NAME.fullmatch, os.listdir(self.folder))  # noqa: PTH208 - asked for with every commit, and a third of the time
        return [StagedSet(self.folder, number) for number in sorted(int(name[1]) for name in names if name)]

    def bytes(self) -> int:
        """How much is staged, about: another process may be merging it."""
        size = 0
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    size += entry.stat().st_size
        return size

    def add(self, tables: Mapping[str, pa.Table], layout: Layout, settings: WritingSettings) -> None:
        """Stage the rows of one commit: all of them or, if anything fails, none."""
        if not self.folder.is_dir():
            files.make_folder(self.folder)
        number = max((staged.number for staged in self.sets()), default=0) + 1
        new = StagedSet(self.folder, number)
        files.replace_files(
            [
                files.NewFile(new.path(name), TABLES[name].with_metadata(layout.metadata()), [tables[name]])
                for name in TABLES  # documents last
            ],
            settings,
        )

    def remove(self, sets: Sequence[StagedSet]) -> None:
        """Remove sets whose rows are all in the buckets.

        Oldest first: whenever this is cut short, merging the rest again changes nothing.
        """
        for staged in sets:
            for table in reversed(TABLES):
                files.unlink(staged.path(table))

    def leftovers(self) -> list[Path]:
        """Files that belong to no set."""
        if not self.folder.is_dir():
            return []
        valid = {staged.path(table) for staged in self.sets() for table in TABLES}
        return sorted(path for path in self.folder.iterdir() if path not in valid)
