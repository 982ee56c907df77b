"""`duiyi serve`: the scheduled and the on-demand deployment of a dataset, kept alive until SIGTERM."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from duiyi.processors.errors import NoModelError, StoppedError, UsageError
from duiyi.processors.models import find_models
from duiyi.processors.plan import Prune, choose
from duiyi.processors.reading import find_sources
from duiyi.processors.settings import Settings
from duiyi.processors.writing import DatasetWriter
from filelock import FileLock, Timeout
from tzlocal import get_localzone_name

from . import prefect_home
from .run import absolute
from .run_log import key_of
from .speaking import tell

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.schedules import Schedule

    from .dispatch import Dispatcher

LOG_BYTES = 4 * 2**20
"""When the server's log is larger than this, the older half goes."""

HOUSEKEEPING_SECONDS = 60.0
GIVE_UP_SECONDS = 20.0
"""A server of our own that did not answer for so long is started anew."""


@dataclass(frozen=True)
class Timetable:
    """When the corpus is translated: by a cron line in a time zone, every so many seconds, or only on demand."""

    cron: str | None = None
    timezone: str | None = None
    interval: float | None = None

    def check(self) -> None:
        """See whether it can be kept, by Prefect's own judgement, whose environment must be prepared.

        Raises:
            UsageError: the cron line or the time zone is wrong, or both kinds are given.
        """
        if self.cron is not None and self.interval is not None:
            raise UsageError("--cron and --interval don't go together: leave one of them out")
        if self.timezone is not None and self.cron is None:
            raise UsageError("--timezone is for --cron, which is missing")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UsageError(f"there is no time zone {self.zone!r}; they are called like Asia/Kuala_Lumpur") from error
        try:
            timedelta(seconds=self.interval or 0)
        except (ValueError, OverflowError) as error:
            raise UsageError(
                f"--interval {self.interval} cannot be kept: give a number of seconds, as in 3600"
            ) from error
        try:
            self.schedules()
        except ValueError as error:
            raise UsageError(
                f"--cron {self.cron!r} cannot be kept: five fields, minute hour day month weekday ({error})"
            ) from error

    def schedules(self) -> list[Schedule]:
        """The timetable as Prefect keeps it."""
        from prefect.schedules import Cron, Interval

        if self.cron is not None:
            return [Cron(self.cron, timezone=self.zone)]
        return [] if self.interval is None else [Interval(timedelta(seconds=self.interval))]

    @property
    def zone(self) -> str:
        """The time zone: the one given, else this machine's."""
        return self.timezone or get_localzone_name() or "UTC"

    def __str__(self) -> str:
        if self.cron is not None:
            return f"at {self.cron!r} ({self.zone})"
        return (
            f"every {self.interval:g} s" if self.interval is not None else "on demand only (no --cron, no --interval)"
        )


@dataclass(frozen=True)
class Served:
    """What is served: the inputs and the dataset, and what every run is told."""

    inputs: tuple[str, ...]
    out: Path
    config: Path | None
    overrides: Mapping[str, Mapping[str, Any]]
    prune: Prune
    watched: Path | None
    timetable: Timetable
    name: str | None
    port: int | None

    @property
    def home(self) -> Path:
        """Where the Prefect of this dataset keeps what it keeps."""
        return prefect_home.prefect_home() / "served" / key_of(self.out)

    @property
    def deployment(self) -> str:
        """The name of both deployments."""
        return self.name or "".join("-" if sign in "/%&<>" else sign for sign in self.out.name) or "corpus"

    def check(self, settings: Settings) -> None:
        """See whether it can be served.

        Raises:
            UsageError: an input or the watched folder does not exist, the choices don't go together, or the dataset cannot be written.
        """
        choose(settings, prune=self.prune)
        next(find_sources(self.inputs, exclude=self.out), None)
        if self.watched is not None:
            if not self.watched.is_dir():
                raise UsageError(f"cannot watch {self.watched}: no such folder")
            find_sources([str(self.watched)], exclude=self.out)
        DatasetWriter(self.out, settings.writing)
        if settings.translation.engine != "none":
            try:
                find_models(settings.translation.engine, settings.models)
            except NoModelError as error:  # which it may get until it is needed
                tell(f"nothing can be translated yet: {error}", level="warning")


class _Ending(BaseException):
    """The end is asked for while nothing runs yet."""


class _End:
    """Remembers that SIGTERM or another signal asked for the end; a wait for the next look ends at once."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.interrupts = True
        """Whether the signal may break off what goes on: starting up, not the handling of runs."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self)

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked.is_set():
            tell("stopping")
        self.asked.set()
        if self.interrupts:
            raise _Ending


def serve(served: Served, settings: Settings) -> None:
    """Keep the deployments of a dataset alive until SIGTERM.

    Raises:
        UsageError: something named does not exist or does not fit, before anything is started.
        StoppedError: the dataset is served already, or no server can be had.
    """
    end = _End()
    try:
        served.check(settings)
        with _alone(served):
            prefect_home.prepare(served.home)
            _serve(served, settings, end)
    except _Ending:
        return


@contextmanager
def _alone(served: Served) -> Iterator[None]:
    served.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(served.home / "serve.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoppedError(f"{served.out} is served already by another process; stop that one first") from error
    try:
        yield
    finally:
        lock.release()


def _serve(served: Served, settings: Settings, end: _End) -> None:
    with ExitStack() as stack:
        server: prefect_home.OwnServer | None = None
        url = os.environ.get("PREFECT_API_URL")
        if not url:
            server = own_server(served, settings)
            os.environ["PREFECT_API_URL"] = server.url  # Prefect reads it when it is imported
        served.timetable.check()
        if server is not None:
            stack.callback(server.stop)
            start(server)
            tell(f"Prefect's pages: {server.url.removesuffix('/api')}")
        elif url:
            tell(f"using the Prefect API at {url}")
            if not prefect_home.answers(url):
                raise StoppedError(f"there is no Prefect API at {url}, which PREFECT_API_URL names")
        _Service(served, settings, server, end).run()


def own_server(served: Served, settings: Settings) -> prefect_home.OwnServer:
    """The server for a dataset: its pages for this machine only, finished runs deleted after a while.

    Raises:
        StoppedError: the port that is wanted is in use.
    """
    port = served.port or prefect_home.free_port()
    if served.port and not prefect_home.is_free(served.port):
        raise StoppedError(f"port {served.port} is in use by another program; name another with --port, or none")
    days = settings.serve.keep_days
    environment = {
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(served.home / "pages"),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_UI_API_URL": f"http://127.0.0.1:{port}/api",
        # a page of the web that the user's browser shows must not reach this API
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(days * 24 * 3600),
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{min(days, 7)}D",
        "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "10",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "10",
    }
    return prefect_home.OwnServer(served.home, port, environment)


def start(server: prefect_home.OwnServer) -> None:
    """Start the server; a database that is broken is put aside, for it holds nothing but what runs there were.

    Raises:
        StoppedError: the server does not start.
    """
    tell("starting Prefect's server")
    try:
        server.start(tell)
    except StoppedError:
        database = server.home / "prefect.db"
        if _is_sound(database):
            raise
        aside = database.with_name(f"prefect.db.broken-{time.time_ns()}")
        database.replace(aside)
        for suffix in ("-wal", "-shm"):
            database.with_name(f"prefect.db{suffix}").unlink(missing_ok=True)
        tell(f"Prefect's database was broken; it is put aside as {aside}, and a new one is made", level="warning")
        server.start(tell)


def _is_sound(database: Path) -> bool:
    if not database.exists():
        return True
    try:
        with closing(sqlite3.connect(database, timeout=5)) as connection:
            return bool(connection.execute("pragma quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        return isinstance(error, sqlite3.OperationalError)  # locked by another program, say


class _Service:
    """Both deployments and what sees to their runs, over a server that may end and come again."""

    def __init__(self, served: Served, settings: Settings, server: prefect_home.OwnServer | None, end: _End) -> None:
        self._served, self._settings, self._server, self._end = served, settings, server, end

    def run(self) -> None:
        """Go on until the end is asked for."""
        from prefect.client.orchestration import get_client

        from .dispatch import Dispatcher
        from .watching import Watcher

        with ExitStack() as stack:
            watcher = None
            if self._served.watched is not None:
                watcher = Watcher(self._served.watched, self._served.out, self._settings.serve.settle_seconds, tell)
                stack.callback(watcher.stop)
            client = stack.enter_context(get_client(sync_client=True))
            corpus, files = deploy(self._served, client)
            dispatcher = Dispatcher(client, corpus, files, self._settings.serve, watcher)
            name = self._served.deployment
            tell(f"translate-corpus/{name} translates {', '.join(self._served.inputs)} {self._served.timetable}")
            tell(
                f"translate-files/{name} translates on demand, also with: prefect deployment run translate-files/{name}"
            )
            if watcher is not None:
                tell(f"files that arrive in {watcher.folder} are translated once they are complete")
            tell("ready")
            self._end.interrupts = False
            if self._end.asked.is_set():
                return
            try:
                self._look_until_the_end(client, dispatcher)
            finally:
                self._patiently(dispatcher.stop)

    def _look_until_the_end(self, client: SyncPrefectClient, dispatcher: Dispatcher) -> None:
        tidied = 0.0
        deployed, made_good = True, False
        failing_since: float | None = None
        while not self._end.asked.is_set():
            try:
                if self._server is not None and not self._server.is_alive:
                    deployed = made_good = False
                    tell("Prefect's server has ended; starting it again", level="warning")
                    start(self._server)
                if not deployed:
                    dispatcher.take_over(*deploy(self._served, client))
                    deployed = True
                if not made_good:
                    dispatcher.make_good()
                    made_good = True
                dispatcher.tick()
                if time.monotonic() - tidied > HOUSEKEEPING_SECONDS:
                    tidied = time.monotonic()
                    self._tidy(dispatcher)
                failing_since = None
            except _api_errors() as error:
                now = time.monotonic()
                if failing_since is None:
                    failing_since = now
                    tell(f"Prefect's API does not answer as it should; trying again ({_said(error)})", level="warning")
                elif now - failing_since > GIVE_UP_SECONDS:
                    failing_since = None
                    if _is_outage(error) and self._server is not None:
                        self._server.stop()
                    else:  # it is well, but perhaps somebody has deleted a deployment
                        deployed = False
            self._end.asked.wait(self._settings.serve.poll_seconds)

    def _tidy(self, dispatcher: Dispatcher) -> None:
        if self._server is not None:
            dispatcher.forget_old()
            halve(self._server.log, LOG_BYTES)

    def _patiently(self, stop: Callable[[], None]) -> None:
        """Stop the runs, also where the server is gone that would note it down."""
        try:
            stop()
        except _api_errors() as error:
            tell(f"Prefect's API could not be told how the runs ended ({_said(error)})", level="warning")


def _api_errors() -> tuple[type[Exception], ...]:
    import httpx
    from prefect.exceptions import PrefectException

    return httpx.HTTPError, PrefectException, StoppedError, RuntimeError


def _is_outage(error: Exception) -> bool:
    """Whether the server is gone or broken. One that refuses a request (404, 409) is well."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return isinstance(error, httpx.TransportError)


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def deploy(served: Served, client: SyncPrefectClient) -> tuple[UUID, UUID]:
    """Register both deployments, or bring them up to date; their ids, that of the scheduled one first.

    Raises:
        UsageError: there is a deployment of that name, for another dataset.
    """
    from prefect.exceptions import ObjectNotFound
    from prefect.types.entrypoint import EntrypointType

    from .translate import translate_corpus, translate_files

    common = {
        "out": str(served.out),
        "config": str(served.config.resolve()) if served.config else None,
        "overrides": served.overrides,
    }
    ids: list[UUID] = []
    for flow, parameters, scheduled in (
        (translate_corpus, {"inputs": list(served.inputs), "prune": served.prune}, served.timetable.schedules()),
        (translate_files, {}, []),
    ):
        try:
            known = client.read_deployment_by_name(f"{flow.name}/{served.deployment}")
        except ObjectNotFound:
            pass
        else:
            if known.parameters.get("out") != str(served.out):
                raise UsageError(
                    f"this Prefect has a deployment {flow.name}/{served.deployment} for another dataset,"
                    f" {known.parameters.get('out')}; give this one a name of its own with --name"
                )
        made: Any = flow.to_deployment(
            served.deployment,
            schedules=scheduled,
            parameters={**common, **parameters},
            entrypoint_type=EntrypointType.MODULE_PATH,
            tags=["duiyi"],
        )
        ids.append(made.apply())
    return ids[0], ids[1]


def halve(log: Path, most: int) -> None:
    """Where a log has more than ``most`` bytes, keep the latter half of them. Who writes to it appends."""
    if log.stat().st_size > most:
        kept = log.read_bytes()[-most // 2 :]
        with log.open("r+b") as stream:
            stream.truncate(0)
            stream.write(kept)


def prepared(inputs: Sequence[str]) -> tuple[str, ...]:
    """The inputs as they can be named from anywhere."""
    return tuple(absolute(named) for named in inputs)
