"""What runs there were over a dataset: a line when one begins, a line when it ends, so that one that was killed shows.

The log is in the user's data folder: a run that finds nothing new leaves the dataset as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from duiyi.processors.errors import DuiyiError
from duiyi.processors.run_summary import RunSummary
from platformdirs import user_data_path

MOST_BYTES = 2**20
"""When the log of a dataset is larger than this, its older half goes."""

Outcome = Literal["done", "stopped", "killed", "going on"]


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """A run over a dataset."""

    run_id: str
    inputs: list[str]
    started: datetime
    outcome: Outcome
    ended: datetime | None = None
    lines: list[str] = field(default_factory=list)
    """What it said of itself at its end."""


def key_of(out: Path) -> str:
    """A name for files about a dataset that are not in it: its folder's, and what tells it from others of that name."""
    out = out.resolve()
    return f"{out.name}-{hashlib.sha256(os.fsencode(out)).hexdigest()[:12]}"


def log_path(out: Path) -> Path:
    """The log of a dataset's runs."""
    return user_data_path("duiyi") / "runs" / f"{key_of(out)}.jsonl"


def working_folder(out: Path) -> Path:
    """Where runs over a dataset note what they are at."""
    return user_data_path("duiyi") / "runs" / f"{key_of(out)}.working"


@contextmanager
def logged(out: Path, run_id: str, inputs: list[str]) -> Iterator[list[RunSummary]]:
    """Log a run: that it begins, and how it ends. Its summary goes into the list that this gives."""
    path = log_path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    _shorten(path)
    pid = os.getpid()
    begun = {"began": _now(), "run_id": run_id, "pid": pid, "born": _born(pid), "inputs": inputs[:20]}
    _append(path, begun)
    summaries: list[RunSummary] = []
    try:
        yield summaries
    except BaseException as error:
        said = str(error) if isinstance(error, DuiyiError) else f"{type(error).__name__}: {error}"
        _append(
            path, {"ended": _now(), "run_id": run_id, "outcome": "stopped", "lines": [" ".join(said.split())[:500]]}
        )
        raise
    lines = [line for summary in summaries for line in summary.lines()]
    _append(path, {"ended": _now(), "run_id": run_id, "outcome": "done", "lines": lines})


def logged_runs(out: Path) -> list[LoggedRun]:
    """The runs over a dataset that this user's log knows of, oldest first."""
    path = log_path(out)
    if not path.exists():
        return []
    begun: dict[str, dict[str, Any]] = {}
    ended: dict[str, dict[str, Any]] = {}
    for line in path.read_text("utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:  # cut off by a kill or a full disk
            continue
        (begun if "began" in entry else ended)[entry["run_id"]] = entry
    return [_run(entry, ended.get(run_id)) for run_id, entry in begun.items()]


def _run(begun: dict[str, Any], ended: dict[str, Any] | None) -> LoggedRun:
    known = (begun["run_id"], begun["inputs"], datetime.fromisoformat(begun["began"]))
    if ended is None:
        return LoggedRun(*known, "going on" if _born(begun["pid"]) == begun["born"] else "killed")
    return LoggedRun(*known, ended["outcome"], datetime.fromisoformat(ended["ended"]), ended["lines"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _born(pid: int) -> str | None:
    """When a process began, None if there is none of this number; numbers are used again, but not with the same time."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[19]
    except FileNotFoundError:
        pass
    try:
        os.kill(pid, 0)
    except OSError:
        return None
    return "unknown"  # a system without /proc


def _append(path: Path, entry: dict[str, Any]) -> None:
    line = json.dumps(entry, ensure_ascii=False) + "\n"
    with path.open("ab") as stream:  # in one write, at the end whoever else writes
        stream.write(line.encode("utf-8", "backslashreplace"))


def _shorten(path: Path) -> None:
    if path.exists() and path.stat().st_size > MOST_BYTES:
        kept = path.read_bytes()[-MOST_BYTES // 2 :].partition(b"\n")[2]
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(kept)
        temporary.replace(path)
