"""What the tests of the dataset share: documents, and whole runs of the library without Prefect."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from duiyi.processors.analysis import analyse
from duiyi.processors.pairing import pair_up
from duiyi.processors.plan import Prune, Tally, choose, shards
from duiyi.processors.reading import read_text
from duiyi.processors.repair import Translation
from duiyi.processors.settings import Settings, load_settings
from duiyi.processors.writing import DatasetWriter, Rows, Run, document_rows, open_dataset, unread_rows

ARGOS = load_settings(overrides={"translation": {"engine": "argos"}})
NO_ENGINE = load_settings(overrides={"translation": {"engine": "none"}})
RUN = Run("run-1", "f" * 64, "e" * 64, datetime(2026, 11, 21, tzinfo=UTC))
OF_A_RUN = {"run_id", "created_at", "processed_at", "seconds"}
"""Columns in which the same rows of two runs differ."""


def rows_of(uri: str, text: str, english: str | None = "English.", run: Run = RUN) -> Rows:
    """The rows of a text, each Chinese sentence translated the same."""
    analysis = analyse(read_text(text, uri), Settings())
    flags = ("empty",) if english is None else ("number_mismatch",)
    made = Translation(english, None if english is None else -0.5, flags, "argos", "tiny@1")
    return document_rows(analysis, pair_up(analysis, [made] * len(analysis.wanted), Settings()), run, 0.5)


def run_library(
    inputs: Sequence[str | Path],
    out: Path,
    settings: Settings = NO_ENGINE,
    *,
    prune: Prune = "no",
    force: bool = False,
    refresh: bool = False,
) -> Tally:
    """A run as the flow does it, without Prefect and with a made-up translation; what it met."""
    choice = choose(settings, prune=prune, force=force, refresh=refresh)
    run = Run(str(uuid.uuid4()), choice.config_sha256, choice.modelless_sha256, datetime.now(UTC))
    writer = DatasetWriter(out, settings.writing)
    writer.merge()
    tally = Tally()
    for shard in shards([str(named) for named in inputs], out, writer.stored, choice, settings, tally):
        rows = Rows(gone=shard.gone)
        for document in shard.documents:
            analysis = analyse(document, settings)
            translations = [
                Translation(f"English of {analysis.sentences[number].text!a}.", -0.5, (), "argos", "tiny@1")
                for number in analysis.wanted
            ]
            pairs = pair_up(analysis, translations if choice.translates else None, settings)
            rows.extend(document_rows(analysis, pairs, run, 0.1))
        rows.extend(unread_rows(shard.unread, run))
        writer.commit(rows)
    writer.merge()
    return tally


def same_rows(out: Path) -> dict[str, pa.Table]:
    """The rows of a dataset but for what tells one run from another, in one order."""
    found = {}
    for name, table in zip(("pairs", "segments", "documents"), open_dataset(out), strict=True):
        kept = [column for column in table.schema.names if column not in OF_A_RUN]
        rows = table.to_table(columns=kept)
        order = [column for column in ("doc_id", "segment", "pair_id") if column in kept and name != "documents"]
        found[name] = rows.sort_by([(column, "ascending") for column in order or ["doc_id"]])
    return found


def files_of(out: Path) -> dict[str, tuple[int, int, bytes]]:
    """All files of a dataset with inode, time and content: equal where nothing was written at all."""
    return {
        str(path.relative_to(out)): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
