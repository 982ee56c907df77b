"""Prefect kept to itself: a home of its own, no telemetry, no cloud profile, and a server that stays quiet.

Import nothing of Prefect before `prepare` has run: it reads its environment when it is imported.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from duiyi.processors.errors import StoppedError, UsageError
from platformdirs import user_data_path

STARTUP_SECONDS = 180
_FOR_ONE_RUN = {"PREFECT_SERVER_UI_ENABLED": "false"} | {
    f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false"
    for service in (
        "SCHEDULER",
        "LATE_RUNS",
        "CANCELLATION_CLEANUP",
        "PAUSE_EXPIRATIONS",
        "FOREMAN",
        "REPOSSESSOR",
    )
}
"""What a server for one run does without: its pages, and all that looks after other runs."""


def prefect_home() -> Path:
    """Where duiyi's Prefect keeps its database, apart from a Prefect of the user's own."""
    return user_data_path("duiyi") / "prefect"


def prepare(home: Path | None = None) -> None:
    """Set Prefect's environment: telemetry off, nothing on the terminal, no profile of the user's.

    A Prefect API is used only where `PREFECT_API_URL` names one. ``home`` is where Prefect keeps what it keeps; by default
    `prefect_home`.
    """
    if "prefect" in sys.modules:
        raise RuntimeError("Prefect was imported before its environment was prepared")
    home = home or prefect_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make {home} for Prefect's database: {error.strerror}; set XDG_DATA_HOME to a folder you may write"
        ) from error
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["PREFECT_HOME"] = str(home)
    os.environ["PREFECT_PROFILES_PATH"] = str(home / "profiles.toml")
    os.environ.pop("PREFECT_PROFILE", None)
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")


@contextmanager
def prefect_api() -> Iterator[Callable[[Callable[[str], None]], None]]:
    """A Prefect API for one run: the one the user named, else a server of our own on loopback, which starts while the caller goes on.

    Gives a function to call when it is needed: it waits until there is one, and has a line for a person while that takes long. Prefect may
    be imported before.

    Raises:
        StoppedError: by that function: our server did not start; the text names its log.
    """
    if os.environ.get("PREFECT_API_URL"):
        yield lambda report: None
        return
    server = OwnServer(prefect_home(), free_port(), _FOR_ONE_RUN)
    with _ended(server), ExitStack() as settings:
        server.begin()
        # Prefect reads these when it is imported; it need not ask what this server is and has
        os.environ["PREFECT_API_URL"] = server.url
        os.environ["PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED"] = "false"
        os.environ["PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"] = "false"

        def wait(report: Callable[[str], None]) -> None:
            report("waiting for a temporary Prefect server")
            settings.enter_context(_without_heartbeat())
            server.wait(report)

        yield wait


@contextmanager
def _without_heartbeat() -> Iterator[None]:
    """No thread tells the server that the run goes on: nobody listens, and a flow waits up to a second for it to end.

    That it is optional cannot be said in the environment.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@contextmanager
def _ended(server: OwnServer) -> Iterator[None]:
    """At the end, send what is left to the server, stop it, and name it no more."""
    try:
        yield
    finally:
        try:
            if os.environ.pop("PREFECT_API_URL", None):
                flush_client()
        finally:
            server.stop()


class OwnServer:
    """A process that serves Prefect's API, and its pages if so wished, on loopback."""

    def __init__(self, home: Path, port: int, environment: Mapping[str, str]) -> None:
        self.home, self.port = home, port
        self.log = home / "server.log"
        self.url = f"http://127.0.0.1:{port}/api"
        self._environment = environment
        self._had_database = False
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, report: Callable[[str], None]) -> None:
        """Start its process and wait until it answers, as `wait` does."""
        self.begin()
        self.wait(report)

    def begin(self) -> None:
        """Start its process."""
        environment = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
        environment |= {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING", **self._environment}
        self._had_database = (self.home / "prefect.db").exists()
        self.log.write_bytes(b"")
        with self.log.open("ab") as stream:  # each write goes to the file's end, wherever that is by then
            self._process = subprocess.Popen(
                [sys.executable, "-m", "duiyi.flows.server_process", str(self.port)],
                env=environment,
                cwd=self.home,  # a folder of the user's may hold settings of another Prefect
                stdin=subprocess.PIPE,  # closed when this process ends, however it ends
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # Ctrl-C is for the run; the server is stopped when the run is done with it
            )

    def wait(self, report: Callable[[str], None]) -> None:
        """Wait until it answers.

        Raises:
            StoppedError: it did not start; the text names its log.
        """
        started = said = time.monotonic()
        while not answers(self.url):
            now = time.monotonic()
            if not self.is_alive or now - started > STARTUP_SECONDS:
                raise StoppedError(f"Prefect's server did not start; its log is {self.log}")
            if now - said > 8:
                said = now
                first = "" if self._had_database else "; the first time it sets up its database"
                report(f"waiting for Prefect's server ({now - started:.0f} s{first})")
            time.sleep(0.02)

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it, if it is there."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]


def answers(url: str) -> bool:
    """Whether there is a Prefect API at this address and it is well."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/health", timeout=2):
            return True
    except (urllib.error.URLError, OSError, ValueError):
        return False


def flush_client() -> None:
    """Send what Prefect's client still holds of logs and events, as long as there is a server to take it."""
    if "prefect.flows" not in sys.modules:
        return
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=5)
    EventsWorker.drain_all(timeout=5)


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether nobody uses this port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
