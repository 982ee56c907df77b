"""The two flows: `translate-corpus` (scheduled, folders and all) and `translate-files` (on demand).

Both do the same to each shard of documents, in three tasks: analyse, translate, write. `prefect_home.prepare` must have run
before this module is imported.
"""

from __future__ import annotations

import errno
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from duiyi.processors.analysis import Analysis, analyse
from duiyi.processors.plan import Prune, Shard, Tally, choose, shards
from duiyi.processors.repair import Translation, model_input, translate_checked
from duiyi.processors.run_summary import RunSummary
from duiyi.processors.settings import Settings, load_settings
from duiyi.processors.translation import Engine, open_engine
from duiyi.processors.writing import DatasetWriter, Rows, Run, document_rows, unread_rows
from prefect import State, Task, flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import TaskRun
from prefect.runtime import flow_run
from prefect.utilities.annotations import quote

from .progress import RunProgress, run_progress

Overrides = dict[str, dict[str, Any]]
ARTIFACT_DOCUMENTS = 500
"""Most documents listed in a run's table artifact; the dataset has them all."""

REMEMBERED_SENTENCES = 200_000
"""With more translations at hand than this a run begins anew to collect them: memory has bounds, inputs have not."""


T = TypeVar("T")


def _whole(value: T) -> T:
    """A task's argument that Prefect passes on as it is, instead of looking for futures in each of its parts."""
    return cast(T, quote(value))


def _storage_may_recover(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry a commit after an error of the storage, not after one that a retry can't help."""
    try:
        state.result()
    except OSError as error:
        return error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}
    except Exception:
        return False
    return False


class Analyses(NamedTuple):
    """The analyses of a shard. Not a plain list, each element of which Prefect would note down for the rest of the run."""

    found: list[Analysis]


@task(name="analyse-shard", cache_policy=NO_CACHE, persist_result=False)
def analyse_shard(shard: Shard, settings: Settings) -> Analyses:
    """Segments, sentences and tokens of every document of a shard."""
    return Analyses([analyse(document, settings) for document in shard.documents])


@task(name="translate-shard", cache_policy=NO_CACHE, persist_result=False)
def translate_shard(
    analyses: list[Analysis],
    engine: Engine,
    settings: Settings,
    known: dict[str, Translation],
    progress: RunProgress,
) -> None:
    """Translate the sentences of a shard that are not in ``known`` yet, and put them there."""
    wanted = dict.fromkeys(model_input(sentence.text) for found in analyses for sentence in found.sentences)
    new = [source for source in wanted if source not in known]
    progress.expect(len(new))
    known.update(zip(new, translate_checked(new, engine, settings.checks, progress.translated), strict=True))


@task(name="write-shard", cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=_storage_may_recover)
def write_shard(writer: DatasetWriter, rows: Rows) -> None:
    """Commit a shard's rows to the dataset."""
    writer.commit(rows)


@task(name="merge-dataset", cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=_storage_may_recover)
def merge_dataset(writer: DatasetWriter) -> None:
    """Put what the run committed in its place in the dataset."""
    writer.merge()


def _shard_rows(
    shard: Shard, analyses: Sequence[Analysis], known: dict[str, Translation] | None, run: Run, seconds: float
) -> Rows:
    rows = Rows(gone=list(shard.gone))
    characters = max(1, shard.characters)
    for found in analyses:
        translations = None if known is None else [known[model_input(sentence.text)] for sentence in found.sentences]
        rows.extend(document_rows(found, translations, run, seconds * len(found.document.text) / characters))
    for unread in shard.unread:
        rows.extend(unread_rows(unread, run))
    return rows


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
    """The body of both flows: read, analyse, translate and write, shard by shard. Call it inside a flow."""
    started = time.monotonic()
    choice = choose(settings, force=force, refresh=refresh, limit=limit, prune=prune)
    writer = DatasetWriter(out, settings.writing)
    writer.merge()  # what a killed run left
    run = Run(
        str(flow_run.get_id() or uuid.uuid4()), choice.config_sha256, choice.untranslated_sha256, datetime.now(UTC)
    )
    tally = Tally()
    summary = RunSummary(str(out), run.run_id, tally)
    known: dict[str, Translation] | None = None if settings.translation.engine == "none" else {}
    retries, delay = settings.flows.write_retries, settings.flows.write_retry_seconds
    write = write_shard.with_options(retries=retries, retry_delay_seconds=delay)
    merge = merge_dataset.with_options(retries=retries, retry_delay_seconds=delay)
    listed: list[dict[str, Any]] = []
    progress.say("reading")
    try:
        for shard in shards(inputs, out, writer.stored, choice, settings, tally):
            shard_started = time.monotonic()
            analyses = analyse_shard(_whole(shard), _whole(settings)).found if shard.documents else []
            if known is not None and any(found.sentences for found in analyses):
                engine = _engine(settings, progress)
                before = len(known)
                progress.say(f"translating with {engine.model}")
                translate_shard(_whole(analyses), _whole(engine), _whole(settings), _whole(known), _whole(progress))
                summary.sentences += len(known) - before
            rows = _shard_rows(shard, analyses, known, run, time.monotonic() - shard_started)
            progress.say("writing")
            write(_whole(writer), _whole(rows))
            summary.add(rows)
            listed += islice(rows.documents, ARTIFACT_DOCUMENTS - len(listed))
            if known is not None and len(known) > REMEMBERED_SENTENCES:
                known.clear()
            progress.say("reading")
    except BaseException:
        writer.merge(only_if_quick=True)
        raise
    if writer.has_staged:
        progress.say("putting all in its place")
        merge(_whole(writer))
    summary.seconds = time.monotonic() - started
    _leave_artifacts(summary, listed)
    return summary


def _engine(settings: Settings, progress: RunProgress) -> Engine:
    progress.say("loading the translation model")
    engine = open_engine(settings.translation, settings.models)
    if engine is None:
        raise RuntimeError("asked for an engine where none is wanted")
    return engine


def _leave_artifacts(summary: RunSummary, listed: list[dict[str, Any]]) -> None:
    create_markdown_artifact(summary.markdown(), key="duiyi-run", description="What the run did")
    columns = ("status", "source_uri", "characters", "zh_characters", "pairs_machine", "error")
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


@flow(name="translate-corpus", flow_run_name=_run_name, validate_parameters=False, persist_result=False)
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
    with run_progress() as progress:
        return run_corpus(
            inputs, Path(out), settings, force=force, refresh=refresh, limit=limit, prune=prune, progress=progress
        )


@flow(name="translate-files", flow_run_name=_run_name, validate_parameters=False, persist_result=False)
def translate_files(
    files: list[str], out: str, config: str | None = None, overrides: Overrides | None = None
) -> RunSummary:
    """Translate the named files on demand, into the dataset in ``out``; each is done anew only if it changed."""
    settings = load_settings(Path(config) if config else None, overrides)
    with run_progress() as progress:
        return run_corpus(files, Path(out), settings, progress=progress)
