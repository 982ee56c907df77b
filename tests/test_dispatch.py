"""What `duiyi serve` does where files vanish, runs are deleted, or its Prefect fails it: the dispatcher over a real server."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from duiyi.processors.settings import ServeSettings
from duiyi.processors.writing import open_dataset

QUICK = ServeSettings(settle_seconds=0, retry_seconds=0, stop_seconds=5)
SLEEPS = "import time; time.sleep(600)"


class Served:
    """A dispatcher of deployments of its own, with a watched folder. Its runs' processes are given by the test."""

    def __init__(self, client: object, folder: Path) -> None:
        from duiyi.flows.dispatch import Dispatcher
        from duiyi.flows.serve import Served, Timetable, deploy
        from duiyi.flows.watching import Watcher

        self.client = client
        self.inbox, self.out = folder / "inbox", folder / "out"
        self.inbox.mkdir()
        served = Served(
            (str(self.inbox),), self.out, None, {}, "no", self.inbox, Timetable(), f"of-{time.time_ns()}", None
        )
        self.watcher = Watcher(self.inbox, self.out, QUICK.settle_seconds, lambda line: None)
        self.deploy = lambda: deploy(served, client)
        self.corpus, self.files = self.deploy()
        self.dispatcher = Dispatcher(client, self.corpus, self.files, QUICK, self.watcher)

    def arrives(self, name: str) -> Path:
        path = self.inbox / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("渡轮每天早上七点开往岛上。\n", "utf-8")
        return path

    def send(self) -> list[list[str]]:
        """Let what has arrived be sent; the files of each run made now, by name."""
        before = {run.id for run in self.runs()}
        until = time.monotonic() + 1.2
        while time.monotonic() < until and {run.id for run in self.runs()} == before:
            self.dispatcher._send_arrived()
        sent = [run.parameters["files"] for run in self.runs() if run.id not in before]
        return [sorted(str(Path(file).relative_to(self.inbox)) for file in files) for files in sent]

    def runs(self) -> list:
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId

        chosen = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[self.files]))
        return self.client.read_flow_runs(flow_run_filter=chosen)

    def at_work(self, run_id: UUID, script: str = SLEEPS) -> subprocess.Popen[bytes]:
        """A run has a process, which does this."""
        from duiyi.flows.dispatch import Active

        process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
        self.dispatcher._active.append(Active(self.client.read_flow_run(run_id), process))
        return process


@pytest.fixture
def served(prefect_server: str, tmp_path: Path) -> Iterator[Served]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        one = Served(client, tmp_path)
        yield one
        one.watcher.stop()


def test_another_prefect_database_is_sent_all_files_again(served: Served) -> None:
    served.arrives("a.md")
    assert served.send() == [["a.md"]]
    served.dispatcher.take_over(*served.deploy())
    assert served.send() == [], "the same deployments"
    for deployment in (served.corpus, served.files):
        served.client.delete_deployment(deployment)
    served.corpus, served.files = served.deploy()
    served.dispatcher.take_over(served.corpus, served.files)
    assert served.send() == [["a.md"]]


@pytest.mark.parametrize("state", ["Failed", "Crashed"])
def test_files_whose_run_failed_are_sent_again(served: Served, state: str) -> None:
    from prefect import states

    served.arrives("a.md")
    assert served.send() == [["a.md"]]
    (run,) = served.runs()
    served.client.set_flow_run_state(run.id, getattr(states, state)(), force=True)
    served.at_work(run.id, "").wait()
    served.dispatcher._reap()
    assert served.send() == [["a.md"]]


def test_a_file_whose_run_fails_again_waits_longer_each_time(tmp_path: Path) -> None:
    from duiyi.flows.watching import Watcher

    path = tmp_path / "a.md"
    path.write_text("好。\n", "utf-8")
    watcher = Watcher(tmp_path, tmp_path / "out", 0, lambda line: None)
    waits = []
    for _ in range(3):
        watcher._taken.clear()
        watcher._next_look = 0
        watcher.take(watcher.arrived())
        watcher.give_back([path], 30)
        waits.append(watcher._returning[path].wait)
    watcher.stop()
    assert waits == [30, 60, 120]


def test_with_a_file_its_twin_is_sent(served: Served) -> None:
    for name in ("guide.zh.md", "guide.en.md", "zh/b.md", "en/b.md", "other.md"):
        served.arrives(name)
    assert served.send() == [["en/b.md", "guide.en.md", "guide.zh.md", "other.md", "zh/b.md"]]
    (served.inbox / "guide.en.md").write_text("The ferry leaves at eight.\n", "utf-8")
    assert served.send() == [["guide.en.md", "guide.zh.md"]]
    (served.inbox / "zh" / "b.md").write_text("八点开。\n", "utf-8")
    assert served.send() == [["en/b.md", "zh/b.md"]]


def wait_until(look: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not look():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_run_that_was_deleted_is_stopped_and_the_others_go_on(served: Served) -> None:
    served.arrives("a.md")
    served.send()
    (run,) = served.runs()
    process = served.at_work(run.id)
    served.client.delete_flow_run(run.id)
    served.dispatcher.tick()
    assert process.wait(60) == -signal.SIGTERM
    served.dispatcher.tick()
    assert served.dispatcher._active == []


def test_how_a_run_ended_is_told_once_the_api_is_back(served: Served) -> None:
    from prefect.client.orchestration import SyncPrefectClient

    served.arrives("a.md")
    served.send()
    (run,) = served.runs()
    served.at_work(run.id, "raise SystemExit(3)").wait()
    with SyncPrefectClient("http://127.0.0.1:9/api") as nobody:
        served.dispatcher._client = nobody
        with pytest.raises((httpx.HTTPError, RuntimeError)):
            served.dispatcher._reap()
    served.dispatcher._client = served.client
    served.dispatcher._reap()
    state = served.client.read_flow_run(run.id).state
    assert (state.name, state.message) == ("AwaitingRetry", "its process ended by exit code 3")
    assert served.dispatcher._active == []


@pytest.mark.parametrize(("status", "outage"), [(404, False), (409, False), (500, True), (503, True)])
def test_a_server_that_refuses_a_request_is_not_taken_for_dead(status: int, outage: bool) -> None:
    from duiyi.flows.serve import _is_outage

    request = httpx.Request("GET", "http://127.0.0.1/api")
    assert _is_outage(httpx.HTTPStatusError("", request=request, response=httpx.Response(status))) is outage
    assert _is_outage(httpx.ConnectError("refused"))


def test_of_arrived_files_the_vanished_are_left_out_and_the_unknown_skipped(
    prefect_server: str, tmp_path: Path
) -> None:
    from duiyi.flows.translate import translate_files

    good, binary, gone = tmp_path / "a.md", tmp_path / "b.bin", tmp_path / "gone.md"
    good.write_text("渡轮每天早上七点开往岛上。\n", "utf-8")
    binary.write_bytes(bytes(range(256)) * 16)
    out, overrides = tmp_path / "out", {"translation": {"engine": "none"}}
    translate_files([str(gone)], str(out), overrides=overrides, arrived=True)
    files = [str(path) for path in (gone, good, binary)]
    translate_files(files, str(out), overrides=overrides, arrived=True)
    rows = open_dataset(out).documents.to_table().to_pylist()
    assert {row["source_uri"].rsplit("/", 1)[1]: row["status"] for row in rows} == {"a.md": "ok", "b.bin": "skipped"}
