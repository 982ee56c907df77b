"""`duiyi serve` as a process of its own, and what tests ask of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 240.0
"""Seconds until a test gives up: a busy machine needs a minute for a new server."""


def without_prefect() -> dict[str, str]:
    """This process's environment, without the Prefect API that other tests may have started in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}


class Serving:
    """A `duiyi serve` that was started; keyword arguments are environment variables."""

    def __init__(self, *arguments: object, **environment: str) -> None:
        quick = {
            "DUIYI_SERVE__POLL_SECONDS": "0.3",
            "DUIYI_SERVE__SETTLE_SECONDS": "1",
            "DUIYI_SERVE__RETRY_SECONDS": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "duiyi.flows", "serve", *map(str, arguments)],
            stderr=subprocess.PIPE,
            text=True,
            env={**without_prefect(), **quick, **environment},
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def said(self, words: str, after: int = 0) -> int | None:
        """The number of the first line from ``after`` on that has these words."""
        return next((number for number, line in enumerate(self.lines) if number >= after and words in line), None)

    def wait_for_line(self, words: str, after: int = 0) -> int:
        """Wait until it says so; the number of the line after that."""
        return wait_for(lambda: self.said(words, after), f"{words!r} in {self.lines}", self.process) + 1

    def ready(self) -> Serving:
        """Wait until it is."""
        self.wait_for_line("duiyi: ready")
        return self

    @property
    def pages(self) -> str:
        line = self.lines[self.wait_for_line("Prefect's pages: ") - 1]
        return line.split("pages: ")[1]

    def api(self, method: str, path: str, **parts: Any) -> Any:
        """An answer of the API. It is asked again, as Prefect's own client does, while its database is busy (503)."""
        until = time.monotonic() + PATIENCE
        while True:
            answer = httpx.request(method, f"{self.pages}/api{path}", timeout=60, trust_env=False, **parts)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > until:
                break
            time.sleep(0.5)
        answer.raise_for_status()
        return answer.json()

    def runs(self, flow: str) -> list[dict[str, Any]]:
        """All flow runs of a flow that have begun, oldest first."""
        body = {"flows": {"name": {"any_": [flow]}}, "sort": "START_TIME_ASC"}
        return [run for run in self.api("POST", "/flow_runs/filter", json=body) if run["start_time"]]

    def run_now(self, deployment: str, **parameters: Any) -> str:
        """Ask for a run through the API; its id."""
        found = self.api("GET", f"/deployments/name/{deployment}")
        created = self.api("POST", f"/deployments/{found['id']}/create_flow_run", json={"parameters": parameters})
        return str(created["id"])

    def wait_for_run(self, run_id: str, *states: str) -> dict[str, Any]:
        """Wait until a run is in one of these states."""

        def seen() -> dict[str, Any] | None:
            run = self.api("GET", f"/flow_runs/{run_id}")
            assert run["state_name"] in states or run["state_type"] not in {"FAILED", "CRASHED"}, (run, self.lines)
            return run if run["state_name"] in states else None

        return wait_for(seen, f"{states} of {run_id}", self.process)

    def descendants(self, having: str = "") -> list[int]:
        """The processes that it started, and those started by them, whose command line has these words."""
        parents = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        found, heads = [], {self.process.pid}
        while heads:
            heads = {pid for pid, parent in parents.items() if parent in heads}
            found += heads
        return [pid for pid in found if having in command_of(pid)]

    def terminate(self) -> int:
        """Ask it to stop with SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self._reader.join(10)
        return code


def command_of(pid: int) -> str:
    """The command line of a process, empty where there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def wait_for(look: Callable[[], Any], what: str, process: subprocess.Popen[str]) -> Any:
    """Wait until there is something to be seen, as long as the process is there."""
    until = time.monotonic() + PATIENCE
    while (found := look()) is None:
        assert process.poll() is None, f"ended before {what}"
        assert time.monotonic() < until, what
        time.sleep(0.1)
    return found
