"""`duiyi run --dry-run`: what a run would do, without a model and without writing anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from duiyi.processors.analysis import analyse
from duiyi.processors.errors import NoModelError
from duiyi.processors.models import find_model
from duiyi.processors.plan import Prune, Tally, choose, shards
from duiyi.processors.repair import model_input
from duiyi.processors.settings import Settings
from duiyi.processors.writing import stored_documents

SECONDS_PER_CHARACTER = {"llm": 0.06, "argos": 0.003}
"""About how long a Chinese character takes on two cores; a run's own figures are in documents.seconds."""

MOST_UNREAD = 1000


def dry_run_lines(
    inputs: Sequence[str],
    out: Path,
    settings: Settings,
    *,
    force: bool,
    refresh: bool,
    limit: int | None,
    prune: Prune,
) -> Iterator[str]:
    """Lines for a person: documents by decision, new sentences, about how long they take."""
    choice = choose(settings, force=force, refresh=refresh, limit=limit, prune=prune)
    tally = Tally()
    sentences: set[str] = set()
    documents = 0
    stored = stored_documents(out)
    for shard in shards(inputs, out, lambda: stored, choice, settings, tally):
        for document in shard.documents:
            documents += 1
            sentences.update(model_input(sentence.text) for sentence in analyse(document, settings).sentences)
    yield ", ".join(f"{number} {decision}" for decision, number in tally.decisions.items()) or "no documents"
    yield from tally.unread_lines(MOST_UNREAD)
    yield from tally.notes
    if tally.pruned:
        yield f"would drop {tally.pruned} documents that are gone"
    if settings.translation.engine == "none":
        yield f"would write {documents} documents, without translating"
        return
    try:
        engine = find_model(settings.translation.engine, settings.models).engine
    except NoModelError as missing:
        yield f"would write {documents} documents and translate {len(sentences)} different sentences, but {missing}"
        return
    seconds = sum(map(len, sentences)) * SECONDS_PER_CHARACTER[engine]
    yield f"would write {documents} documents and translate {len(sentences)} different sentences, in about {_duration(seconds)} with {engine}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
