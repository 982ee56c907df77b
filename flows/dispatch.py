"""Takes flow runs that are due from a Prefect API and runs each in a process of its own.

Prefect decides what is due; here it is decided what comes first. One run of the dataset at a time, those that somebody asked for
before scheduled ones, and of the scheduled ones never more than one waits: a time that comes while the corpus is still being
translated is skipped, and so are all but the last of those that went by while nobody was there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO
from uuid import UUID

from duiyi.processors.settings import ServeSettings
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateName as StateNames
from prefect.client.schemas.filters import FlowRunFilterStateType as StateTypes
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import FlowRunResponse, SetStateStatus
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import AwaitingRetry, Cancelled, Crashed, Pending

from .speaking import pass_on, tell
from .watching import Watcher

FILES_AT_ONCE = 500
"""Most files sent in one run, their twins not counted: Prefect's API takes parameters of half a megabyte."""

ARRIVED = "arrived"
"""Tag of the runs for files that arrived in the watched folder."""

TRANSLATE_CORPUS, TRANSLATE_FILES = "translate-corpus", "translate-files"

WENT_ON = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
FINISHED = [StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED]

STOPPED = "serve was stopped; what was written is whole, the next run goes on"

SKIPPED = "Skipped"
SKIPPED_KEPT = 50
"""So many times that were left out are shown; they don't count among the runs that are kept."""

AnyRun = FlowRun | FlowRunResponse


@dataclass
class Active:
    """A flow run that has a process now."""

    run: AnyRun
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    cancelled: str | None = None
    """Why it was told to stop, if it was."""
    kill_at: float = float("inf")
    cleared: bool = False
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=5))

    def tell_to_stop(self, why: str, seconds: float) -> None:
        """Ask it to stop; it is killed if it is still there after so many seconds."""
        if self.cancelled is None:
            self.cancelled = why
            self.process.terminate()
        self.kill_at = min(self.kill_at, time.monotonic() + seconds)

    def clear_up(self) -> None:
        """Kill, once, what its process may have left when it ended: a parser of a document."""
        if not self.cleared:
            self.cleared = True  # later the number may be that of another process
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def kill_if_late(self) -> None:
        """Kill it if its time to stop is over."""
        if time.monotonic() >= self.kill_at and self.process.poll() is None:
            self.process.kill()


class Dispatcher:
    """Runs what is due of two deployments, `corpus` (scheduled) and `files` (on demand)."""

    def __init__(
        self,
        client: SyncPrefectClient,
        corpus: UUID,
        files: UUID,
        settings: ServeSettings,
        watcher: Watcher | None,
    ) -> None:
        self._client = client
        self._corpus, self._files = corpus, files
        self._settings = settings
        self._watcher = watcher
        self._active: list[Active] = []

    def tick(self) -> None:
        """See to what has ended, what is to be cancelled, what has arrived and what is due."""
        self._reap()
        for active in self._active:
            try:
                state = self._client.read_flow_run(active.run.id).state
            except ObjectNotFound:
                active.tell_to_stop("its run was deleted", self._settings.stop_seconds)
            else:
                if state is not None and state.type in {StateType.CANCELLING, StateType.CANCELLED}:
                    active.tell_to_stop("cancelled by request", self._settings.stop_seconds)
            active.kill_if_late()
        self._send_arrived()
        self._start_due()

    def take_over(self, corpus: UUID, files: UUID) -> None:
        """Serve these deployments from now on. Others than before mean a new database, which knows nothing of what was sent."""
        if (corpus, files) != (self._corpus, self._files):
            self._corpus, self._files = corpus, files
            if self._watcher is not None:
                self._watcher.forget()

    def make_good(self) -> None:
        """See to the runs of a serve that was killed: those it was at are taken up again."""
        mine = {active.run.id for active in self._active}
        for run in self._runs(WENT_ON, limit=200):
            if run.id in mine:
                continue
            if run.state is not None and run.state.type == StateType.CANCELLING:
                self._set(run, Cancelled(message="cancelled by request"))
            else:
                self._try_again(run, "serve ended in the middle of it")

    def stop(self) -> None:
        """Stop what runs: each run has its time to stop in, then it is killed."""
        for active in self._active:
            active.tell_to_stop(STOPPED, self._settings.stop_seconds)
        while self._active:
            self._reap()
            for active in self._active:
                active.kill_if_late()
            time.sleep(0.1)

    def forget_old(self) -> None:
        """Delete finished runs beyond the number that is kept."""
        left_out = StateNames(any_=[SKIPPED])
        old = self._runs(FINISHED, 200, self._settings.keep_runs, StateNames(not_any_=[SKIPPED]))
        for run in [*old, *self._runs(FINISHED, 200, SKIPPED_KEPT, left_out)]:
            self._client.delete_flow_run(run.id)

    def _runs(
        self, types: list[StateType], limit: int, offset: int = 0, names: StateNames | None = None
    ) -> list[FlowRun]:
        return self._client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=StateTypes(any_=types), name=names),
                deployment_id=FlowRunFilterDeploymentId(any_=[self._corpus, self._files]),
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=limit,
            offset=offset,
        )

    def _send_arrived(self) -> None:
        if self._watcher is None:
            return
        arrived = self._watcher.arrived()
        for first in range(0, len(arrived), FILES_AT_ONCE):
            batch = arrived[first : first + FILES_AT_ONCE]
            self._client.create_flow_run_from_deployment(
                self._files,
                parameters={"files": [str(path) for path in self._watcher.with_twins(batch)], "arrived": True},
                tags=[ARRIVED],
            )
            self._watcher.take(batch)
            tell(f"{_files(batch)} arrived")

    def _start_due(self) -> None:
        due = self._client.get_scheduled_flow_runs_for_deployments([self._corpus, self._files], datetime.now(UTC))
        asked = [run for run in due if not run.auto_scheduled]
        scheduled = [run for run in due if run.auto_scheduled]
        going_on = any(active.run.deployment_id == self._corpus for active in self._active)
        for run in scheduled if going_on else scheduled[:-1]:
            self._set(
                run,
                Cancelled(
                    name=SKIPPED, message="the run before it was still going on" if going_on else "a later one is due"
                ),
            )
        for run in [*asked, *([] if going_on else scheduled[-1:])]:
            if len(self._active) >= self._settings.runs_at_once:
                return
            self._start(run)

    def _start(self, run: AnyRun) -> None:
        # Prefect may refuse: somebody has cancelled it meanwhile, or another process has taken it
        if self._client.set_flow_run_state(run.id, Pending()).status != SetStateStatus.ACCEPT:
            return
        scheduled = run.auto_scheduled
        nice = self._settings.nice if scheduled else 0
        process = subprocess.Popen(
            [sys.executable, "-m", "duiyi.flows.flow_process", str(run.id), str(nice), str(self._settings.max_memory)],
            stdin=subprocess.PIPE,  # closed when this process ends, however it ends
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a group of its own, so that nothing it started is left
        )
        active = Active(run, process)
        self._active.append(active)
        flow = TRANSLATE_CORPUS if run.deployment_id == self._corpus else TRANSLATE_FILES
        tell(f"{flow} begins, {'by schedule' if scheduled else 'on demand'}")
        if process.stderr is not None:
            threading.Thread(target=self._relay, args=(process.stderr, active), daemon=True).start()

    def _relay(self, lines: IO[bytes], active: Active) -> None:
        for line in lines:
            text = line.decode("utf-8", "backslashreplace").strip()
            active.last_lines.append(text.removeprefix("duiyi: "))
            pass_on(text)

    def _reap(self) -> None:
        for active in [one for one in self._active if one.process.poll() is not None]:
            active.clear_up()
            try:
                self._finish(active)
            except ObjectNotFound:
                tell(f"run {active.run.name} ended: it was deleted", level="warning")
            self._active.remove(active)  # last: what the API could not be told is told it at the next look

    def _finish(self, active: Active) -> None:
        run = self._client.read_flow_run(active.run.id)
        code = active.process.returncode
        seconds = time.monotonic() - active.started
        if run.state is None or not run.state.is_final():
            if active.cancelled is not None:
                self._set(run, Cancelled(message=active.cancelled))
                tell(f"run {run.name} cancelled after {seconds:.0f} s: {active.cancelled}")
            else:
                last = f"; it said last: {active.last_lines[-1]}" if active.last_lines else ""
                self._try_again(run, f"its process ended by {_ending(code)}{last}")
        else:
            why = " ".join((run.state.message or "").split())
            message = f": {why}" if why and not run.state.is_completed() else ""
            bad = run.state.is_failed() or run.state.is_crashed()
            name = (run.state.name or "").lower()
            tell(f"run {run.name} {name} after {seconds:.0f} s{message}", level="error" if bad else "info")
            if bad:
                self._give_back(run)

    def _try_again(self, run: FlowRun, why: str) -> None:
        """Take a run up again after a while, which is longer each time; after so many times it has crashed for good."""
        tries = max(1, run.run_count)
        if tries > self._settings.retries:
            self._set(run, Crashed(message=f"{why}, for the {tries}th time"))
            tell(f"run {run.name} crashed: {why}", level="error")
            self._give_back(run)
            return
        delay = self._settings.retry_seconds * 2 ** (tries - 1)
        self._set(run, AwaitingRetry(scheduled_time=datetime.now(UTC) + timedelta(seconds=delay), message=why))
        tell(f"run {run.name} is taken up again in {delay:.0f} s: {why}", level="warning")

    def _give_back(self, run: FlowRun) -> None:
        """Files that arrived and whose run failed are sent again after a while, as long as they are there."""
        if self._watcher is not None and ARRIVED in run.tags:
            self._watcher.give_back(
                [Path(file) for file in run.parameters.get("files", [])], self._settings.retry_seconds
            )

    def _set(self, run: AnyRun, state: object) -> None:
        self._client.set_flow_run_state(run.id, state, force=True)  # type: ignore[arg-type]


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _files(paths: Sequence[Path]) -> str:
    return paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more files"
