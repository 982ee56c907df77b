"""`duiyi status`: last runs over a dataset, what is new, what failed and why. No server is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from duiyi.processors.writing import open_dataset

from .run_log import LoggedRun, logged_runs

RUNS, NEW, FAILED = 5, 10, 20
"""How many runs, new documents and failed ones are shown."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a dataset is."""

    out: Path
    statuses: Counter[str]
    pairs: int
    runs: list[LoggedRun]
    newest: list[dict[str, Any]]
    """The documents that were written last, all by one run."""
    failed: list[dict[str, Any]]

    def lines(self) -> Iterator[str]:
        """For a person."""
        counted = ", ".join(f"{number:,} {status}" for status, number in self.statuses.most_common())
        yield f"{self.out}: {self.statuses.total():,} documents ({counted}), {self.pairs:,} pairs"
        yield ""
        yield "last runs:" if self.runs else "last runs: none that this user's log knows of"
        for run in self.runs[-RUNS:]:
            yield f"  {_local(run.started)}  {run.outcome}: {_inputs(run.inputs)}"
            yield from (f"      {line}" for line in run.lines[:3])
        if self.newest:
            yield ""
            yield f"new: {_documents(len(self.newest))} written by the run of {_local(self.newest[0]['processed_at'])}"
            yield from (f"  {row['source_uri']}" for row in self.newest[:NEW])
            yield from _more(len(self.newest) - NEW)
        yield ""
        yield f"failed: {_documents(len(self.failed))}, tried again by each run" if self.failed else "failed: none"
        yield from (f"  {row['source_uri']}: {row['error']}" for row in self.failed[:FAILED])
        yield from _more(len(self.failed) - FAILED)

    def as_json(self) -> dict[str, Any]:
        """For a program: the same, whole."""
        return {
            "dataset": str(self.out),
            "documents": dict(self.statuses),
            "pairs": self.pairs,
            "runs": [
                {
                    "run_id": run.run_id,
                    "inputs": run.inputs,
                    "started": run.started.isoformat(),
                    "ended": run.ended.isoformat() if run.ended else None,
                    "outcome": run.outcome,
                    "lines": run.lines,
                }
                for run in self.runs
            ],
            "new": [row["source_uri"] for row in self.newest],
            "failed": [{"source_uri": row["source_uri"], "error": row["error"]} for row in self.failed],
        }


def status_of(out: Path) -> Status:
    """How the dataset in ``out`` is.

    Raises:
        UsageError: there is no dataset.
    """
    dataset = open_dataset(out)
    columns = ["source_uri", "status", "error", "run_id", "processed_at"]
    documents: pa.Table = dataset.documents.to_table(columns=columns).sort_by([("processed_at", "descending")])
    statuses = Counter(dict(zip(*_counted(documents.column("status")), strict=True)))
    ok = documents.filter(pc.equal(documents.column("status"), "ok"))
    newest = ok.filter(pc.equal(ok.column("run_id"), ok.column("run_id")[0])) if ok.num_rows else ok
    failed = documents.filter(pc.equal(documents.column("status"), "failed"))
    return Status(out, statuses, dataset.pairs.count_rows(), logged_runs(out), newest.to_pylist(), failed.to_pylist())


def _counted(column: pa.ChunkedArray) -> tuple[list[str], list[int]]:
    counts = pc.value_counts(column.cast(pa.string()).combine_chunks())
    return counts.field("values").to_pylist(), counts.field("counts").to_pylist()


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _inputs(inputs: list[str]) -> str:
    return inputs[0] if len(inputs) == 1 else f"{inputs[0]} and {len(inputs) - 1} more" if inputs else "?"


def _documents(number: int) -> str:
    return f"{number:,} document" if number == 1 else f"{number:,} documents"


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield f"  … and {number:,} more"
