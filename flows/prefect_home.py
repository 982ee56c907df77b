"""Prefect kept to itself: a home of its own, no telemetry, no cloud profile, and a temporary server that stays quiet.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from duiyi.processors.errors import StoppedError, UsageError
from platformdirs import user_data_path

STARTUP_SECONDS = 180


def prefect_home() -> Path:
    """Where duiyi's Prefect keeps its database, apart from a Prefect of the user's own."""
    return user_data_path("duiyi") / "prefect"


def prepare() -> None:
    """Set Prefect's environment: telemetry off, nothing on the terminal, no profile of the user's.

    A Prefect API is used only where `PREFECT_API_URL` names one.
    """
    if "prefect" in sys.modules:
        raise RuntimeError("Prefect was imported before its environment was prepared")
    home = prefect_home()
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
def prefect_api(report: Callable[[str], None]) -> Iterator[str]:
    """The address of a Prefect API for one run: the one the user named, else a server of our own on loopback.

    Raises:
        StoppedError: our server did not start; the text names its log.
    """
    named = os.environ.get("PREFECT_API_URL")
    if named:
        yield named
        return
    report("starting a temporary Prefect server")
    log = prefect_home() / "server.log"
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
    environment |= {"PREFECT_SERVER_UI_ENABLED": "false", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING"}
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", "duiyi.flows.temporary_server", str(port)],
            env=environment,
            stdin=subprocess.PIPE,  # closed when this process ends, however it ends
            stdout=stream,
            stderr=stream,
            start_new_session=True,  # Ctrl-C is for the run; the server is stopped when the run is done with it
        )
    try:
        _wait_until_healthy(server, url, log, report)
        os.environ["PREFECT_API_URL"] = url
        yield url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        _flush_client()
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _flush_client() -> None:
    """Send what Prefect's client still holds of logs and events, as long as there is a server to take it."""
    if "prefect.flows" not in sys.modules:
        return
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=5)
    EventsWorker.drain_all(timeout=5)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str, log: Path, report: Callable[[str], None]) -> None:
    started = said = time.monotonic()
    had_database = (prefect_home() / "prefect.db").exists()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(f"{url}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            pass
        now = time.monotonic()
        if server.poll() is not None or now - started > STARTUP_SECONDS:
            raise StoppedError(f"Prefect's temporary server did not start; its log is {log}")
        if now - said > 8:
            said = now
            first = "" if had_database else "; the first time it sets up its database"
            report(f"waiting for Prefect's server ({now - started:.0f} s{first})")
        time.sleep(0.1)
