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
from contextlib import contextmanager, suppress
from pathlib import Path

from duiyi.processors.errors import StoppedError, UsageError
from platformdirs import user_data_path

STARTUP_SECONDS = 180


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
def prefect_api(report: Callable[[str], None], meanwhile: Callable[[], None] = lambda: None) -> Iterator[str]:
    """The address of a Prefect API for one run: the one the user named, else a server of our own on loopback.

    ``meanwhile`` is done while a server of our own starts; it may import Prefect.

    Raises:
        StoppedError: our server did not start; the text names its log.
    """
    named = os.environ.get("PREFECT_API_URL")
    if named:
        yield named
        return
    report("starting a temporary Prefect server")
    server = OwnServer(prefect_home(), free_port(), {"PREFECT_SERVER_UI_ENABLED": "false"}, report)
    with _ended(server):
        os.environ["PREFECT_API_URL"] = server.url  # Prefect reads it when it is imported
        server.start(meanwhile)
        yield server.url


@contextmanager
def _ended(server: OwnServer) -> Iterator[None]:
    """At the end, send what is left to the server, stop it, and name it no more."""
    try:
        yield
    finally:
        if os.environ.pop("PREFECT_API_URL", None):
            flush_client()
        server.stop()


class OwnServer:
    """A process that serves Prefect's API, and its pages if so wished, on loopback."""

    def __init__(self, home: Path, port: int, environment: Mapping[str, str], report: Callable[[str], None]) -> None:
        self.home, self.port = home, port
        self.log = home / "server.log"
        self.url = f"http://127.0.0.1:{port}/api"
        self._environment = environment
        self._report = report
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Start it, do something else ``meanwhile``, and wait until it answers.

        Raises:
            StoppedError: it did not start; the text names its log.
        """
        environment = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
        environment |= {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING", **self._environment}
        had_database = (self.home / "prefect.db").exists()
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
        meanwhile()
        self._wait_until_healthy(self._process, had_database)

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

    def _wait_until_healthy(self, process: subprocess.Popen[bytes], had_database: bool) -> None:
        started = said = time.monotonic()
        while not answers(self.url):
            now = time.monotonic()
            if process.poll() is not None or now - started > STARTUP_SECONDS:
                raise StoppedError(f"Prefect's server did not start; its log is {self.log}")
            if now - said > 8:
                said = now
                first = "" if had_database else "; the first time it sets up its database"
                self._report(f"waiting for Prefect's server ({now - started:.0f} s{first})")
            time.sleep(0.1)


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
