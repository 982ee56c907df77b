"""What is to be done: which documents are new, changed, done already or made by other settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .errors import NoModelError
from .models import find_model
from .reading import find_sources, read_source
from .records import Document, Unread
from .settings import Settings
from .writing import Stored
from .writing.schema import SCHEMA_VERSION

Decision = Literal["new", "changed", "redone", "retried", "unchanged", "stale"]


@dataclass(slots=True)
class Shard:
    """Documents that are worked on together. ``unread`` are inputs met on the way that gave none, not yet recorded."""

    documents: list[Document] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    @property
    def characters(self) -> int:
        """Characters of all its documents."""
        return sum(len(document.text) for document in self.documents)


@dataclass(slots=True)
class Tally:
    """How many documents were met, by what was decided of them, and all inputs that gave none."""

    decisions: dict[Decision, int] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def count(self, decision: Decision) -> None:
        """Note one document."""
        self.decisions[decision] = self.decisions.get(decision, 0) + 1

    def of(self, decision: Decision) -> int:
        """How many documents got this decision."""
        return self.decisions.get(decision, 0)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which documents a run works on beside the new and the changed ones."""

    config_sha256: str
    untranslated_sha256: str
    """What ``config_sha256`` is without an engine: such documents still lack their translation."""
    force: bool = False
    refresh: bool = False
    limit: int | None = None


def choose(settings: Settings, *, force: bool = False, refresh: bool = False, limit: int | None = None) -> Choice:
    """The choice of a run under these settings and the model that is installed now, without loading it."""
    untranslated = settings.sha256(schema=str(SCHEMA_VERSION), model=None)
    if settings.translation.engine == "none":
        return Choice(untranslated, "", force=force, refresh=refresh, limit=limit)
    try:
        model = find_model(settings.translation.engine, settings.models).label
    except NoModelError:
        model = "none installed"  # which is an error only when there is something to translate
    made_by = settings.sha256(schema=str(SCHEMA_VERSION), model=model)
    return Choice(made_by, untranslated, force=force, refresh=refresh, limit=limit)


def decide(document: Document, stored: Stored | None, choice: Choice) -> Decision:
    """What to do with a document. Known by content and settings, never by file time."""
    if stored is None:
        return "new"
    if stored.status != "ok":
        return "retried"
    if stored.content_sha256 != document.content_sha256:
        return "changed"
    if choice.force:
        return "redone"
    if stored.config_sha256 == choice.config_sha256:
        return "unchanged"
    if choice.refresh or stored.config_sha256 == choice.untranslated_sha256:
        return "redone"
    return "stale"


def shards(
    inputs: Sequence[str],
    out: Path | None,
    stored: Mapping[str, Stored],
    choice: Choice,
    settings: Settings,
    tally: Tally,
) -> Iterator[Shard]:
    """The documents to work on, in shards of bounded size, in the order of the inputs.

    Raises:
        UsageError: an input does not exist (before anything is read).
    """
    shard = Shard()
    taken = 0
    for found in find_sources(inputs, exclude=out):
        for item in [found] if isinstance(found, Unread) else read_source(found, settings.reading):
            if isinstance(item, Unread):
                tally.unread.append(item)
                known = stored.get(item.doc_id)
                if known is None or (known.status, known.error) != (item.status, item.error):
                    shard.unread.append(item)
                continue
            decision = decide(item, stored.get(item.doc_id), choice)
            tally.count(decision)
            if decision in {"unchanged", "stale"}:
                continue
            shard.documents.append(item)
            taken += 1
            if choice.limit is not None and taken >= choice.limit:
                yield shard
                return
            if (
                len(shard.documents) >= settings.flows.shard_documents
                or shard.characters >= settings.flows.shard_characters
            ):
                yield shard
                shard = Shard()
    if shard.documents or shard.unread:
        yield shard
