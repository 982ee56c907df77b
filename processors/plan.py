"""What is to be done: which documents are new, changed, done already or made by other settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .detection.characters import chinese_characters
from .errors import NoModelError
from .models import find_model
from .reading import find_sources, read_source
from .records import Document, Unread
from .settings import FlowSettings, Settings
from .writing import Stored
from .writing.schema import SCHEMA_VERSION

Decision = Literal["new", "changed", "redone", "retried", "unchanged", "stale"]


@dataclass(slots=True)
class Shard:
    """Documents that are worked on together. ``unread`` are inputs met on the way that gave none, not yet recorded."""

    documents: list[Document] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Stored failures that are no more: the file was read to its end without them."""

    characters: int = 0
    chinese: int = 0
    """Chinese characters of all its documents."""

    def add(self, document: Document) -> None:
        """Take a document in."""
        self.documents.append(document)
        self.characters += len(document.text)
        self.chinese += len(chinese_characters(document.text))

    def is_full(self, limits: FlowSettings) -> bool:
        """Whether it is as large as a shard may be."""
        return (
            len(self.documents) >= limits.shard_documents
            or self.characters >= limits.shard_characters
            or self.chinese >= limits.shard_chinese
        )


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
    """What ``config_sha256`` is without a model: documents without Chinese, and those that still lack their translation."""
    translates: bool
    force: bool = False
    refresh: bool = False
    limit: int | None = None


def choose(settings: Settings, *, force: bool = False, refresh: bool = False, limit: int | None = None) -> Choice:
    """The choice of a run under these settings and the model that is installed now, without loading it."""
    untranslated = settings.sha256(schema=str(SCHEMA_VERSION), model=None)
    if settings.translation.engine == "none":
        return Choice(untranslated, untranslated, False, force=force, refresh=refresh, limit=limit)
    try:
        found = find_model(settings.translation.engine, settings.models)
        model = f"{found.label} {found.digest}"
    except NoModelError:
        model = "none installed"  # which is an error only when there is something to translate
    made_by = settings.sha256(schema=str(SCHEMA_VERSION), model=model)
    return Choice(made_by, untranslated, True, force=force, refresh=refresh, limit=limit)


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
    if stored.config_sha256 == choice.untranslated_sha256:
        return "redone" if choice.translates and stored.zh_characters else "unchanged"
    if choice.refresh:
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
    failures: dict[str, set[str]] = {}  # file → ids of its stored failures
    for doc_id, known in stored.items():
        if known.status == "failed":
            failures.setdefault(_file_of(known.source_uri), set()).add(doc_id)
    for found in find_sources(inputs, exclude=out):
        met: set[str] = set()
        for item in [found] if isinstance(found, Unread) else read_source(found, settings.reading):
            met.add(item.doc_id)
            if isinstance(item, Unread):
                tally.unread.append(item)
                if _is_news(item, stored.get(item.doc_id)):
                    shard.unread.append(item)
                continue
            decision = decide(item, stored.get(item.doc_id), choice)
            tally.count(decision)
            if decision in {"unchanged", "stale"}:
                continue
            shard.add(item)
            taken += 1
            if choice.limit is not None and taken >= choice.limit:
                yield shard
                return
            if shard.is_full(settings.flows):
                yield shard
                shard = Shard()
        if not isinstance(found, Unread):
            shard.gone += sorted(failures.get(found.uri, set()) - met)
    if shard.documents or shard.unread or shard.gone:
        yield shard


def _file_of(source_uri: str) -> str:
    return source_uri.partition("#")[0]


def _is_news(unread: Unread, known: Stored | None) -> bool:
    """Whether an input that gave no document is to be recorded.

    Not what is recorded already, nor what was read before and can't be read now: its rows stay as they are.
    """
    if known is None:
        return True
    return known.status != "ok" and (known.status, known.error) != (unread.status, unread.error)
