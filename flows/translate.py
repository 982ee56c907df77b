"""The two flows: `translate-corpus` (scheduled, folders and all) and `translate-files` (on demand).

Both do the same to each shard of documents, in four tasks: analyse, translate, mend, write. `prefect_home.prepare` must have run
before this module is imported.
"""

from __future__ import annotations

import errno
import os
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

from duiyi.processors.analysis import Part, analyse_in_parts
from duiyi.processors.attempts import Attempts
from duiyi.processors.errors import DISK_FULL
from duiyi.processors.memory import Begun, TranslationMemory, Translator, corrected, documents_to_redo, open_memory
from duiyi.processors.pairing import Paired, pair_up
from duiyi.processors.plan import Choice, Prune, Shard, Tally, choose, is_news, shards
from duiyi.processors.reading import Met
from duiyi.processors.records import Document, Unread
from duiyi.processors.repair import Translation
from duiyi.processors.run_summary import RunSummary
from duiyi.processors.settings import FlowSettings, Settings, load_settings
from duiyi.processors.word_alignment.aligner import aligner
from duiyi.processors.writing import DatasetWriter, DocumentRows, Rows, Run, StoredDocuments, unread_rows
from prefect import State, Task, flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import TaskRun
from prefect.exceptions import TerminationSignal
from prefect.runtime import flow_run
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH
from prefect.states import Cancelled
from prefect.utilities.annotations import quote

from .child_process import SERVED
from .progress import RunProgress, run_progress
from .progress_meter import ProgressMeter
from .report_link import leave_report
from .run_log import logged, working_folder

Overrides = dict[str, dict[str, Any]]
ARTIFACT_DOCUMENTS = 500
"""Most documents listed in a run's table artifact; the dataset has them all."""

NOWHERE = PREFECT_LOCAL_STORAGE_PATH.value()
"""No result of these flows is persisted; a storage is named so that Prefect doesn't ask the server for one before it begins."""

T = TypeVar("T")
P = ParamSpec("P")


def _whole(value: T) -> T:
    """A task's argument that Prefect passes on as it is, instead of looking for futures in each of its parts."""
    return cast(T, quote(value))


def _storage_may_recover(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry a commit after an error of the storage, not after one that a retry can't help."""
    try:
        state.result()
    except OSError as error:
        return error.errno not in DISK_FULL | {errno.EACCES, errno.EROFS}
    except Exception:
        return False
    return False


class Unit(NamedTuple):
    """What is translated together: the documents of a shard, or a part of it where they are long.

    Not a plain list, each element of which Prefect would note down for the rest of the run.
    """

    parts: list[Part]


class Translated(NamedTuple):
    """The translations of those sentences of a unit that want one, in order."""

    found: list[Translation]


@task(name="analyse-shard", cache_policy=NO_CACHE, persist_result=False)
def analyse_shard(parts: Iterator[Part], characters: int) -> Unit:
    """Segments, sentences, tokens and author pairs of the next parts of a shard's documents, about so many characters of them."""
    found: list[Part] = []
    size = 0
    for part in parts:
        found.append(part)
        size += part.characters
        if size >= characters:
            break
    return Unit(found)


@task(name="translate-shard", cache_policy=NO_CACHE, persist_result=False)
def translate_shard(unit: Unit, translator: Translator, progress: RunProgress, go_on: Callable[[], None]) -> Begun:
    """Translate the sentences of a unit that no author pair covers: each once, and only those that the memory does not have."""
    texts = [text for part in unit.parts for text in part.wanted_texts]

    def translated(source: str) -> None:
        go_on()
        progress.translated(source)

    return translator.begin(texts, translated, progress.expect)


@task(name="mend-shard", cache_policy=NO_CACHE, persist_result=False)
def mend_shard(unit: Unit, begun: Begun, translator: Translator) -> Translated:
    """Try again what is flagged in the translations of a unit."""
    follows = [one for part in unit.parts for one in part.wanted_follows]
    return Translated(translator.finish(begun, follows))


@task(name="write-shard", cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=_storage_may_recover)
def write_shard(writer: DatasetWriter, rows: Rows) -> None:
    """Commit a shard's rows to the dataset."""
    writer.commit(rows)


@task(name="merge-dataset", cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=_storage_may_recover)
def merge_dataset(writer: DatasetWriter, wait: bool) -> None:
    """Put what was committed in its place in the dataset; ``wait`` for another run that is doing so."""
    writer.merge(wait=wait)


class _FaultyError(Exception):
    """The analysis of a document failed."""

    def __init__(self, document: Document) -> None:
        self.document = document


def _parts(shard: Shard, settings: Settings) -> Iterator[Part]:
    for document in shard.documents:
        try:
            yield from analyse_in_parts(document, settings, settings.flows.part_characters)
        except Exception as error:
            raise _FaultyError(document) from error


def _without_poison(
    work: Iterator[Shard], attempts: Attempts, stored: Callable[[], StoredDocuments], tally: Tally
) -> Iterator[Shard]:
    """The shards, with documents that runs ended at each in a shard of its own, and without those that are set aside."""
    for shard in work:
        innocent = replace(shard, documents=[one for one in shard.documents if not attempts.is_suspect(one)])
        for document in shard.documents:
            if not attempts.is_suspect(document):
                continue
            why = attempts.why_set_aside(document)
            if why is None:
                alone = Shard([document])
                attempts.begin(alone.documents)
                yield alone
                continue
            unread = Unread(document.source_uri, "failed", why, source_id=document.source_id)
            tally.count_unread(unread)
            if is_news(unread, stored().get(document.doc_id)):
                innocent.unread.append(unread)
        if innocent:
            attempts.begin(innocent.documents)
            yield innocent


def _units(
    work: Iterator[Shard], settings: Settings, *, light: bool
) -> Generator[tuple[Unit, Shard | None], None, None]:
    """The units of all shards, analysed one by one; with the last of a shard comes the shard.

    A ``light`` model begins with a small one, and each after it is at most three times as large: what analyses is more than three times
    as fast as what translates, which has its next unit when it is done with one.
    """
    size = settings.flows.first_characters if light else settings.flows.part_characters
    for shard in work:
        parts = _parts(shard, settings)
        last = shard.documents[-1] if shard.documents else None
        while last is not None:
            unit = analyse_shard(_whole(parts), size)
            size = min(3 * size, settings.flows.part_characters)
            if unit.parts[-1].totals is not None and unit.parts[-1].document is last:
                yield unit, shard
                break
            yield unit, None
        else:
            yield Unit([]), shard


class _Ready(NamedTuple):
    """A unit whose sentences had their first tries; with the last of a shard comes the shard."""

    unit: Unit
    shard: Shard | None
    begun: Begun | None
    """None where nothing is translated."""


def _ready(
    units: Iterator[tuple[Unit, Shard | None]],
    translator: Translator | None,
    progress: RunProgress,
    go_on: Callable[[], None],
) -> Generator[_Ready, None, None]:
    """The units one by one, their sentences translated; ``go_on`` is asked often, and raises when it is not wanted any more."""
    for unit, shard in units:
        begun: Begun | None = None
        if translator is not None and any(part.wanted for part in unit.parts):  # nothing to do needs no task
            begun = translate_shard(_whole(unit), _whole(translator), _whole(progress), _whole(go_on))
        yield _Ready(unit, shard, begun)


def _ahead(items: Iterator[T], end: Callable[[], None]) -> Generator[T, None, None]:
    """The items, each of them made in a thread while the one before it is in use; ``end`` is called when no more are wanted."""
    context = copy_context()  # Prefect knows by it which flow a task belongs to
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as worker:

        def following() -> T | None:
            return context.run(lambda: next(items, None))

        try:
            pending = worker.submit(following)
            while (item := pending.result()) is not None:
                pending = worker.submit(following)
                yield item
        finally:
            end()


class _NotWantedError(Exception):
    """What a thread does ahead is not wanted any more: the run ends."""


@contextmanager
def _behind(*, at_once: bool) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Gives what does jobs one after the other, each in a thread while its caller goes on to the next, or (``at_once``) before it does.

    Whoever hands in a job waits until the one before it is done, and is told of its failure. In the end all are done.
    """
    if at_once:
        yield lambda job: job()
        return
    context = copy_context()
    pending: Future[None] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="behind") as worker:

        def do(job: Callable[[], None]) -> None:
            nonlocal pending
            if pending is not None:
                pending.result()
            pending = worker.submit(context.run, job)

        yield do
        if pending is not None:
            pending.result()


class _Laps:
    """The seconds since it was made or last asked."""

    def __init__(self) -> None:
        self._before = time.monotonic()

    def __call__(self) -> float:
        before, self._before = self._before, time.monotonic()
        return self._before - before


class _RowMaker:
    """Makes the rows of units, in the order in which they come; a document may run over several."""

    def __init__(self, run: Run, memory: TranslationMemory, settings: Settings) -> None:
        self._run, self._memory, self._settings = run, memory, settings
        self._align = aligner(settings)
        self._document: DocumentRows | None = None
        self._seconds = 0.0
        self.rows = Rows()

    def add(self, unit: Unit, translations: list[Translation] | None, seconds: float) -> None:
        """Add a unit's rows; ``seconds`` is its share of the run's time."""
        characters = max(1, sum(part.characters for part in unit.parts))
        rest = iter(translations or ())
        for part in unit.parts:
            if self._document is None:
                self._document, self._seconds = DocumentRows(part.document, self._run, self.rows, self._align), 0.0
            own = None if translations is None else list(islice(rest, len(part.wanted)))
            paired = pair_up(part, own, self._settings)
            occurrences = self._document.occurrences(paired.sentences)
            self._document.add(part, self._corrected(part, paired, occurrences), occurrences)
            self._seconds += seconds * part.characters / characters
            if part.totals is not None:
                self._document.finish(part.totals, self._seconds)
                self._document = None

    def _corrected(self, part: Part, paired: Paired, occurrences: list[int]) -> Paired:
        """The pairs with what people said of single ones of them."""
        if not paired.translations:
            return paired
        said = corrected(part.document.doc_id, paired.sentences, occurrences, paired.translations, self._memory)
        return replace(paired, translations=tuple(said))

    def finish(self, shard: Shard) -> Rows:
        """The rows of a shard whose units were all added."""
        rows, self.rows = self.rows, Rows()
        rows.gone += shard.gone
        rows.extend(unread_rows(shard.unread, self._run))
        return rows


@contextmanager
def _staged(
    work: Iterator[Shard],
    settings: Settings,
    translator: Translator | None,
    progress: RunProgress,
    tally: Tally,
    *,
    alone: bool,
) -> Iterator[Iterator[_Ready]]:
    """The units of all shards, translated: each ``alone``, or with each stage at work on the next while the caller has the one before."""
    light = translator is not None and translator.overlaps

    def end() -> None:
        tally.ended = True

    def go_on() -> None:
        if tally.ended:
            raise _NotWantedError

    analysed = _units(work, settings, light=light)
    with closing(analysed if alone else _ahead(analysed, end)) as units:
        ready = _ready(units, translator, progress, go_on)
        if not alone and light:
            ready = _ahead(ready, end)
        with closing(ready):
            yield ready


def _mended(unit: Unit, begun: Begun | None, translator: Translator | None) -> list[Translation] | None:
    """The translations that a unit wants, None where nothing is translated. Nothing to do needs no task."""
    if translator is None:
        return None
    if begun is None:
        return []
    translated: Translated = mend_shard(_whole(unit), _whole(begun), _whole(translator))
    return translated.found


def run_corpus(
    inputs: Sequence[str],
    out: Path,
    settings: Settings,
    *,
    force: bool = False,
    refresh: bool = False,
    limit: int | None = None,
    prune: Prune = "no",
    progress: RunProgress,
) -> RunSummary:
    """The body of both flows: read, analyse, translate and write, shard by shard. Call it inside a flow.

    While one shard is translated, the next is read and analysed, and the one before it is written; with a light model (Argos) the one
    between is mended at the same time.
    """
    choice = choose(settings, force=force, refresh=refresh, limit=limit, prune=prune)
    run_id = str(flow_run.get_id() or uuid.uuid4())
    with logged(out, run_id, list(inputs)) as summaries:
        with Attempts(working_folder(out), settings.flows.document_tries) as attempts:
            while True:
                try:
                    summary = _run_corpus(inputs, out, settings, choice, run_id, progress, attempts, force=force)
                except _FaultyError as faulty:  # from the documents before it all is kept; go on without it
                    why = " ".join(f"{type(faulty.__cause__).__name__}: {faulty.__cause__}".split())[:300]
                    progress.warn(f"cannot analyse {faulty.document.source_uri}: {why}")
                    attempts.fault(faulty.document, why)
                else:
                    break
        summaries.append(summary)
    return summary


def _run_corpus(
    inputs: Sequence[str],
    out: Path,
    settings: Settings,
    choice: Choice,
    run_id: str,
    progress: RunProgress,
    attempts: Attempts,
    *,
    force: bool,
) -> RunSummary:
    started = time.monotonic()
    writer = DatasetWriter(out, settings.writing)
    run = Run(run_id, choice.config_sha256, choice.modelless_sha256, datetime.now(UTC))
    tally = Tally()
    summary = RunSummary(str(out), run.run_id, tally)
    write, merge = _patient(write_shard, settings.flows), _patient(merge_dataset, settings.flows)
    listed: list[dict[str, Any]] = []
    meter = ProgressMeter(inputs, out)
    writing = threading.Lock()  # the thread that reads ahead asks the writer what is stored

    def stored() -> StoredDocuments:
        with writing:
            return writer.stored()

    progress.say("reading")
    with open_memory(settings.memory, progress.warn, make=choice.translates) as memory:
        translator = None
        if choice.translates:
            translator = Translator(memory, settings, force=force, say=progress.say)
            choice = replace(choice, corrected=documents_to_redo(memory, out))
        maker = _RowMaker(run, memory, settings)

        def write_rows(unit: Unit, found: list[Translation] | None, seconds: float, shard: Shard | None) -> None:
            maker.add(unit, found, seconds)
            if shard is None:
                return
            rows = maker.finish(shard)
            progress.say("writing")
            with writing:
                write(_whole(writer), _whole(rows))
            meter.show(tally.sources)
            attempts.finish(document.doc_id for document in shard.documents)
            summary.add(rows)
            if not choice.corrected.isdisjoint(rows.documents["doc_id"]):
                memory.arrived(out, rows.documents["doc_id"])
            listed.extend(islice(rows.documents, ARTIFACT_DOCUMENTS - len(listed)))

        try:
            # while there are suspects, one document at a time: else it would not be known which of two it was
            planned = shards(inputs, out, stored, choice, settings, tally)
            work = _without_poison(planned, attempts, stored, tally)
            lap = _Laps()
            with (
                _behind(at_once=attempts.has_suspects) as later,
                _staged(work, settings, translator, progress, tally, alone=attempts.has_suspects) as units,
            ):
                for unit, shard, begun in units:
                    found = _mended(unit, begun, translator)
                    later(partial(write_rows, unit, found, lap(), shard))
        except BaseException:
            writer.merge_if_quick()
            raise
        if not writer.is_merged:
            progress.say("putting all in its place")
            merge(_whole(writer), wait=summary.commits > 0)
        if translator is not None:
            summary.sentences, summary.translating = translator.translated, translator.seconds
    meter.complete()
    summary.seconds = time.monotonic() - started
    _leave_artifacts(summary, listed)
    leave_report(out, settings.flows.report_pairs)
    return summary


def _patient(storing: Task[P, None], limits: FlowSettings) -> Task[P, None]:
    """The task, tried again when the storage fails, after a delay that doubles each time."""
    delays = [limits.write_retry_seconds * 2**number for number in range(limits.write_retries)]
    return storing.with_options(retries=limits.write_retries, retry_delay_seconds=delays)


def _leave_artifacts(summary: RunSummary, listed: list[dict[str, Any]]) -> None:
    create_markdown_artifact(summary.markdown(), key="duiyi-run", description="What the run did")
    columns = (
        "status",
        "source_uri",
        "characters",
        "zh_characters",
        "pairs_machine",
        "pairs_author",
        "pairs_flagged",
        "pairs_repaired",
        "flags",
        "error",
    )
    create_table_artifact(
        [{name: row.get(name) for name in columns} for row in listed],
        key="duiyi-documents",
        description=f"The documents of the run (the first {ARTIFACT_DOCUMENTS})",
    )
    for line in summary.lines():
        get_run_logger().info(line)


def _run_name() -> str:
    parameters = flow_run.parameters
    named = parameters.get("inputs") or parameters.get("files") or ["?"]
    first = Path(str(named[0])).name or str(named[0])
    return first if len(named) == 1 else f"{first} and {len(named) - 1} more"


def _stoppable(work: Callable[[RunProgress], RunSummary]) -> RunSummary:
    """Do the work. A run that `duiyi serve` told to stop was cancelled by it, while elsewhere SIGTERM is for the command line."""
    with run_progress() as progress:
        try:
            return work(progress)
        except TerminationSignal:
            if SERVED not in os.environ:
                raise
            cancelled: Any = Cancelled(message="stopped; what was written is whole, the next run goes on")
            return cast(RunSummary, cancelled)  # Prefect takes a state that a flow gives for the run's own


@flow(
    name="translate-corpus",
    flow_run_name=_run_name,
    validate_parameters=False,
    persist_result=False,
    result_storage=NOWHERE,
)
def translate_corpus(
    inputs: list[str],
    out: str,
    config: str | None = None,
    overrides: Overrides | None = None,
    force: bool = False,
    refresh: bool = False,
    limit: int | None = None,
    prune: Prune = "no",
) -> RunSummary:
    """Find, translate and store the Chinese of files, folders, globs and URLs.

    Args:
        inputs: what to read; paths of a deployment had better be absolute.
        out: folder of the dataset.
        config: a settings file.
        overrides: settings that win over it, ``{section: {name: value}}``.
        force: redo everything.
        refresh: redo what other settings or another model made.
        limit: at most so many documents.
        prune: ``yes`` drops stored documents that are gone from the inputs, unless more than a fifth of an input's
            would go; ``force`` drops them however many.
    """
    settings = load_settings(Path(config) if config else None, overrides)
    return _stoppable(
        lambda progress: run_corpus(
            inputs, Path(out), settings, force=force, refresh=refresh, limit=limit, prune=prune, progress=progress
        )
    )


@flow(
    name="translate-files",
    flow_run_name=_run_name,
    validate_parameters=False,
    persist_result=False,
    result_storage=NOWHERE,
)
def translate_files(
    files: list[str],
    out: str,
    config: str | None = None,
    overrides: Overrides | None = None,
    arrived: bool = False,
) -> RunSummary:
    """Translate the named files on demand, into the dataset in ``out``; each is done anew only if it changed.

    Args:
        files: what to read.
        out: folder of the dataset.
        config: a settings file.
        overrides: settings that win over it, ``{section: {name: value}}``.
        arrived: nobody named the files, they were met in a folder: one that has gone again is left out, and one of a kind
            that is not read is skipped.
    """
    settings = load_settings(Path(config) if config else None, overrides)
    inputs: Sequence[str] = [Met(file) for file in files] if arrived else files
    return _stoppable(lambda progress: run_corpus(inputs, Path(out), settings, progress=progress))
