"""The report that a run leaves in its dataset, and the link to it among the run's artifacts."""

from __future__ import annotations

from pathlib import Path

from duiyi.processors.pages import write_report
from duiyi.processors.writing import open_dataset
from prefect.artifacts import create_link_artifact

REPORT = "report.html"


def leave_report(out: Path, most_pairs: int) -> None:
    """Write ``report.html`` into the dataset ``out`` and link to it. Call it inside a flow.

    Nothing is written where the dataset has not changed since the last report, nor where it holds more than ``most_pairs``
    pairs: there a run of one new document would spend its time on this.
    """
    documents = list((out / "documents").glob("*.parquet"))
    if not most_pairs or not documents or open_dataset(out).pairs.count_rows() > most_pairs:
        return
    page = (out / REPORT).resolve()
    if not page.exists() or page.stat().st_mtime_ns < max(path.stat().st_mtime_ns for path in documents):
        write_report(out, page)
    create_link_artifact(page.as_uri(), link_text=str(page), key="duiyi-report", description="What is in the dataset")
