"""The translation memory's store: one SQLite file in the user's data folder, shared by all runs and processes.

What a model said is kept raw, both tries of it, under everything that changes the answer; flags are worked out anew by
whoever reads it. What a person said is kept apart and is never evicted. Each batch is committed at once, so a killed run
loses only the batch under way (write-ahead log; a power cut may cost the last commits).
"""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_data_path

from ..records import Hypothesis
from ..settings import MemorySettings
from ..translation import Identity

VERSION = 1
"""Of the tables; a file with another one is left alone."""
BUSY_SECONDS = 60.0
IN_PROCESS_BYTES = 256 * 2**20
"""Most bytes of a memory that lasts only as long as its process."""
_CHECK_EVERY = 2_000
_AT_ONCE = 500
"""Sources in one query."""
_DAY = 86_400
_SPEED_SECONDS = 600.0
"""Older measurements count half, once there are so many seconds of newer ones."""

_TABLES = """
create table if not exists origin (id integer primary key, signature text not null unique, engine text not null, model text not null);
create table if not exists machine (
    origin integer not null, source text not null,
    first text not null, first_score real, first_truncated integer not null,
    tried integer not null, second text, second_score real, second_truncated integer,
    made real not null, used integer not null,
    primary key (origin, source)
) without rowid;
create table if not exists person (source text primary key, english text, revision integer not null) without rowid;
create table if not exists correction (pair_id text primary key, english text, revision integer not null) without rowid;
create table if not exists dataset (path text primary key, revision integer not null) without rowid;
create table if not exists waiting (dataset text not null, doc_id text not null, primary key (dataset, doc_id)) without rowid;
create table if not exists speed (engine text not null, model text not null, load real not null, seconds real not null,
    primary key (engine, model)) without rowid;
"""

_SAID = "first, first_score, first_truncated, tried, second, second_score, second_truncated"

Warn = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a model said of a sentence: its first try and, where it was asked for one (``tried``), its second."""

    first: Hypothesis
    tried: bool = False
    second: Hypothesis | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What one model has in the memory."""

    engine: str
    model: str
    sentences: int
    rate: float | None
    """Load per second that was measured on this machine (see `memory.speed`)."""


class TranslationMemory:
    """The store. Safe to use from several threads and processes at once.

    Where the file can no longer be written (disk full, folder gone) one warning is given, and from then on what is new
    is kept for this process only.
    """

    def __init__(self, path: Path | None, max_bytes: int, warn: Warn) -> None:
        """Open or make the store in ``path``; None: one that lasts as long as the process.

        Raises:
            OSError, sqlite3.Error: it cannot be made, or is not a translation memory.
        """
        self.path = path
        self._max_bytes = max_bytes
        self._warn = warn
        self._lock = threading.RLock()
        self._stored = 0
        self._origins: dict[str, int] = {}
        self._db = _connect(path)

    def close(self) -> None:
        """Evict what is too much and close the file."""
        with self._lock:
            if self._stored:
                self._changing(self._evict)
            self._db.close()

    def __enter__(self) -> TranslationMemory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What models said

    def lookup(
        self, identity: Identity, sources: Iterable[str], since: float = 0.0, before: float = math.inf
    ) -> dict[str, Remembered]:
        """What is known of these sentences under this identity, made from ``since`` on and ``before`` then (seconds of the epoch)."""
        today = int(time.time() // _DAY)
        found: dict[str, Remembered] = {}
        aged: list[str] = []
        with self._lock:
            origin = self._origin(identity, make=False)
            if origin is None:
                return {}
            for some in _batches(sources, _AT_ONCE):
                marks = ",".join("?" * len(some))
                for source, used, *said in self._read(
                    f"select source, used, {_SAID} from machine where origin = ? and made >= ? and made < ? and source in ({marks})",  # noqa: S608 - question marks
                    (origin, since, before, *some),
                ):
                    found[source] = _remembered(*said)
                    if used != today:
                        aged.append(source)
            if aged:
                touched = [(today, origin, source) for source in aged]
                self._changing(
                    lambda db: db.executemany("update machine set used = ? where origin = ? and source = ?", touched)
                )
        return found

    def store(self, identity: Identity, answers: Mapping[str, Remembered], since: float = 0.0) -> None:
        """Keep first tries. What is stored already stays, unless it was made before ``since``."""
        now = time.time()
        with self._lock:
            origin = self._origin(identity, make=True)
            rows = [
                (origin, source, *_columns(one.first), one.tried, *_columns(one.second), now, int(now // _DAY), since)
                for source, one in answers.items()
            ]
            self._changing(
                lambda db: db.executemany(
                    "insert into machine values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (origin, source) do update set"
                    " first = excluded.first, first_score = excluded.first_score, first_truncated = excluded.first_truncated,"
                    " tried = excluded.tried, second = excluded.second, second_score = excluded.second_score,"
                    " second_truncated = excluded.second_truncated, made = excluded.made, used = excluded.used"
                    " where machine.made < ?",
                    rows,
                )
            )
            self._stored += len(rows)
            if self._stored >= _CHECK_EVERY:
                self._stored = 0
                self._changing(self._evict)

    def store_second(self, identity: Identity, answers: Mapping[str, Hypothesis | None]) -> None:
        """Keep second tries (None: the engine has none) of sentences whose first is stored."""
        with self._lock:
            origin = self._origin(identity, make=True)
            rows = [(*_columns(second), origin, source) for source, second in answers.items()]
            self._changing(
                lambda db: db.executemany(
                    "update machine set tried = 1, second = ?, second_score = ?, second_truncated = ?"
                    " where origin = ? and source = ? and tried = 0",
                    rows,
                )
            )

    def said_by_models(self, source: str) -> list[str]:
        """All that our models gave for this sentence, first and second tries."""
        with self._lock:
            rows = self._read(
                "select first, second from origin join machine on machine.origin = origin.id where source = ?",
                (source,),
            )
        return [said for row in rows for said in row if said is not None]

    def machine(self) -> Iterator[tuple[Identity, str, Remembered]]:
        """All that models said."""
        for signature, engine, model, source, *said in self._read_all(
            f"select signature, engine, model, source, {_SAID} from origin join machine on machine.origin = origin.id"  # noqa: S608 - our own names
        ):
            yield Identity(engine, model, signature), source, _remembered(*said)

    # What people said

    def people(self, sources: Iterable[str]) -> dict[str, str]:
        """A person's English of those of these sentences that have one."""
        return self._english("person", "source", sources)

    def all_people(self) -> Iterator[tuple[str, str]]:
        """Every sentence that a person translated, with its English."""
        yield from self._read_all("select source, english from person where english is not null order by source")

    def corrections(self, pair_ids: Iterable[str]) -> dict[str, str]:
        """A person's English of those of these pairs that have one of their own."""
        return self._english("correction", "pair_id", pair_ids)

    def has_corrections(self) -> bool:
        """Whether any pair was ever corrected by its id."""
        with self._lock:
            return bool(self._read("select 1 from correction limit 1", ()))

    def import_people(self, sentences: Mapping[str, str | None], pairs: Mapping[str, str | None]) -> int:
        """Take in what a person said of sentences (as the model sees them) and of single pairs; None takes it back.

        Returns:
            How many of them are news.
        """
        with self._lock:
            revision = self.revision() + 1

            def change(db: sqlite3.Connection) -> int:
                before = db.total_changes
                for table, column, found in (("person", "source", sentences), ("correction", "pair_id", pairs)):
                    db.executemany(
                        f"insert into {table} values (?, ?, ?) on conflict ({column}) do update"  # noqa: S608 - our names
                        " set english = excluded.english, revision = excluded.revision"
                        " where english is not excluded.english",
                        [(key, english, revision) for key, english in found.items()],
                    )
                return db.total_changes - before

            return self._in_transaction(change)

    def revision(self) -> int:
        """A number that grows with every import."""
        with self._lock:
            rows = self._read(
                "select max(revision) from (select revision from person union all select revision from correction)", ()
            )
            return rows[0][0] or 0

    def imported_since(self, revision: int) -> tuple[dict[str, str | None], dict[str, str | None]]:
        """What people said since then: of sentences, and of pairs by id; None where something was taken back."""
        with self._lock:
            sentences = self._read("select source, english from person where revision > ?", (revision,))
            pairs = self._read("select pair_id, english from correction where revision > ?", (revision,))
            return dict(sentences), dict(pairs)

    def _english(self, table: str, column: str, keys: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        with self._lock:
            if not self._read(f"select 1 from {table} limit 1", ()):  # noqa: S608 - our own names
                return {}
            for some in _batches(keys, _AT_ONCE):
                marks = ",".join("?" * len(some))
                query = f"select {column}, english from {table} where english is not null and {column} in ({marks})"  # noqa: S608
                found |= dict(self._read(query, some))
        return found

    # Datasets: which of their documents are to be done anew because a person has spoken since

    def dataset_revision(self, dataset: Path) -> int | None:
        """The last import that was compared with a dataset; None where it is not known yet."""
        with self._lock:
            rows = self._read("select revision from dataset where path = ?", (str(dataset.resolve()),))
            return rows[0][0] if rows else None

    def await_documents(self, dataset: Path, revision: int, doc_ids: Iterable[str]) -> None:
        """Note documents that are to be done anew, and that the dataset was compared with all up to ``revision``."""
        path = str(dataset.resolve())

        def change(db: sqlite3.Connection) -> None:
            db.executemany("insert or ignore into waiting values (?, ?)", ((path, doc_id) for doc_id in doc_ids))
            db.execute("insert or replace into dataset values (?, ?)", (path, revision))

        self._changing(change)

    def awaited(self, dataset: Path) -> set[str]:
        """Documents of a dataset that are to be done anew."""
        with self._lock:
            return {
                row[0] for row in self._read("select doc_id from waiting where dataset = ?", (str(dataset.resolve()),))
            }

    def arrived(self, dataset: Path, doc_ids: Iterable[str]) -> None:
        """Those documents were done."""
        path = str(dataset.resolve())
        rows = [(path, doc_id) for doc_id in doc_ids]
        self._changing(lambda db: db.executemany("delete from waiting where dataset = ? and doc_id = ?", rows))

    def datasets(self) -> list[Path]:
        """The datasets that runs with this memory have written."""
        with self._lock:
            return [Path(row[0]) for row in self._read("select path from dataset", ())]

    # Housekeeping

    def measured(self, identity: Identity, load: float, seconds: float) -> None:
        """Add a measurement of how fast this machine translates."""

        def change(db: sqlite3.Connection) -> None:
            key = (identity.engine, identity.model)
            db.execute("insert or ignore into speed values (?, ?, 0, 0)", key)
            db.execute(
                f"update speed set load = load / 2, seconds = seconds / 2 where engine = ? and model = ? and seconds > {_SPEED_SECONDS}",  # noqa: S608
                key,
            )
            db.execute(
                "update speed set load = load + ?, seconds = seconds + ? where engine = ? and model = ?",
                (load, seconds, *key),
            )

        self._changing(change)

    def rate(self, identity: Identity) -> float | None:
        """Load per second that was measured on this machine, None where nothing was."""
        with self._lock:
            rows = self._read(
                "select load / seconds from speed where engine = ? and model = ? and seconds > 0 and load > 0",
                (identity.engine, identity.model),
            )
            return rows[0][0] if rows else None

    def held(self) -> list[Held]:
        """How much of each model is stored."""
        return [
            Held(*row)
            for row in self._read_all(
                "select origin.engine, origin.model, count(source), max(case when load > 0 then load / seconds end) from origin"
                " left join machine on machine.origin = origin.id"
                " left join speed on speed.engine = origin.engine and speed.model = origin.model"
                " group by 1, 2 order by 1, 2"
            )
        ]

    def imported(self) -> tuple[int, int]:
        """How many sentences, and how many single pairs, have a person's English."""
        with self._lock:
            counted = "select count(english) from "
            return self._read(counted + "person", ())[0][0], self._read(counted + "correction", ())[0][0]

    def bytes(self) -> int:
        """Bytes in use."""
        with self._lock:
            return _used_bytes(self._db)

    def clear(self, *, unless: Callable[[str], bool] | None = None, people: bool = False) -> int:
        """Remove what models said of all sentences, or of those for which ``unless`` is false; and what people said.

        The file shrinks, and nothing of what is removed is left in it.

        Returns:
            How many sentences of models, and of people where asked for, were removed.
        """
        with self._lock:
            if unless is None:
                removed: int = self._in_transaction(lambda db: db.execute("delete from machine").rowcount)
            else:
                sources = [
                    row[0] for row in self._read_all("select distinct source from machine") if not unless(row[0])
                ]
                removed = self._in_transaction(
                    lambda db: (
                        db.executemany("delete from machine where source = ?", ((one,) for one in sources)).rowcount
                    )
                )
            if people:
                for table in ("person", "correction", "waiting"):
                    removed += self._in_transaction(lambda db, table=table: db.execute(f"delete from {table}").rowcount)  # type: ignore[misc]  # noqa: S608
            self._db.execute("vacuum")
            self._db.execute("pragma wal_checkpoint(truncate)")
            return removed

    def _evict(self, db: sqlite3.Connection) -> None:
        """Make room: what was not used for the longest time goes, until a tenth of the limit is free."""
        size = _used_bytes(db)
        if size <= self._max_bytes:
            return
        count = db.execute("select count(*) from machine").fetchone()[0]
        surplus = -(-int(count * (size - 0.9 * self._max_bytes)) // size)
        db.execute(
            "delete from machine where (origin, source) in (select origin, source from machine order by used, made limit ?)",
            (surplus,),
        )

    def _origin(self, identity: Identity, *, make: bool) -> int | None:
        known = self._origins.get(identity.signature)
        if known is not None:
            return known
        query = "select id from origin where signature = ?"
        rows = self._read(query, (identity.signature,))
        if not rows and make:
            named = (identity.signature, identity.engine, identity.model)
            self._changing(
                lambda db: db.execute("insert or ignore into origin (signature, engine, model) values (?, ?, ?)", named)
            )
            rows = self._read(query, (identity.signature,))
        if rows:
            self._origins[identity.signature] = rows[0][0]
        return rows[0][0] if rows else None

    def _read(self, query: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._give_up(error)
            return self._db.execute(query, values).fetchall()

    def _read_all(self, query: str) -> Iterator[Any]:
        """Rows one by one, for listings that may be long."""
        with self._lock:
            yield from self._db.execute(query)

    def _changing(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """Make a change; where the file cannot be written, in a memory of this process from now on."""
        with self._lock:
            try:
                self._in_transaction(change)
            except (sqlite3.Error, OSError) as error:
                self._give_up(error)
                self._in_transaction(change)

    def _in_transaction(self, change: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            self._db.execute("begin immediate")
            try:
                result = change(self._db)
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise
            return result

    def _give_up(self, error: Exception) -> None:
        """Go on without the file, which failed. An error of a memory without a file is a fault of ours."""
        if self.path is None:
            raise error
        self._warn(f"the translation memory {self.path} is not used any more: {error}; the run goes on without it")
        with contextlib.suppress(sqlite3.Error):  # it is broken already
            self._db.close()
        self.path, self._db, self._origins = None, _connect(None), {}


def memory_path(settings: MemorySettings) -> Path:
    """Where the memory is kept: the setting, else the user's data folder."""
    return settings.path.expanduser() if settings.path is not None else user_data_path("duiyi") / "memory.sqlite"


def open_memory(settings: MemorySettings, warn: Warn, *, make: bool = True) -> TranslationMemory:
    """The translation memory; where it is turned off or cannot be used (``warn`` gets a line), one for this process.

    ``make`` is false where nothing may be written: then a memory that does not exist yet is not made.
    """
    path = memory_path(settings)
    if settings.enabled and (make or path.exists()):
        try:
            return TranslationMemory(path, settings.max_bytes, warn)
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            warn(f"no translation memory: cannot use {path}: {reason}; DUIYI_MEMORY=off turns it off")
    return TranslationMemory(None, min(settings.max_bytes, IN_PROCESS_BYTES), warn)


def _connect(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # made by us with its mode: SQLite gives the files beside it the same one
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(
        ":memory:" if path is None else path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        if path is not None:
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = normal")
            db.execute("pragma secure_delete = on")  # what is cleared is not to be found in the file
        version = db.execute("pragma user_version").fetchone()[0]
        if version not in {0, VERSION}:
            raise sqlite3.DatabaseError(f"it has version {version}, this duiyi uses {VERSION}")  # noqa: TRY301
        db.execute("begin immediate")  # also tells whether it can be written
        for statement in _TABLES.split(";"):
            db.execute(statement)
        db.execute(f"pragma user_version = {VERSION}")
        db.execute("commit")
    except BaseException:
        db.close()
        raise
    return db


def _used_bytes(db: sqlite3.Connection) -> int:
    pages, free, size = (
        db.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _columns(hypothesis: Hypothesis | None) -> tuple[str | None, float | None, bool | None]:
    if hypothesis is None:
        return None, None, None
    return hypothesis.text, hypothesis.score, hypothesis.truncated


def _remembered(
    first: str,
    first_score: float | None,
    first_truncated: int,
    tried: int,
    second: str | None,
    second_score: float | None,
    second_truncated: int,
) -> Remembered:
    """What the columns `_SAID` tell."""
    again = None if second is None else Hypothesis(second, second_score, bool(second_truncated))
    return Remembered(Hypothesis(first, first_score, bool(first_truncated)), bool(tried), again)


def _batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
