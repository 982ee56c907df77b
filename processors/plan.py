"""What is to be done: which documents are new, changed, done already, made by other settings, or gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from .detection.characters import chinese_characters
from .errors import NoModelError, UsageError
from .models import find_models
from .pruning import Pruning
from .reading import Source, file_sha256, find_sources, named_roots, read_source
from .records import Document, Unread, document_id
from .settings import FlowSettings, Settings
from .writing import Stored, StoredDocuments, stored_uris
from .writing.schema import SCHEMA_VERSION

Decision = Literal["new", "changed", "redone", "retried", "unchanged", "stale"]
Prune = Literal["no", "yes", "force"]
SETTLED = {"unchanged", "stale"}
"""Decisions that leave a document as it is stored."""


_RECORDS = 10
"""What is only to be recorded, as unread or gone, takes about so many times less work than a document."""


@dataclass(slots=True)
class Shard:
    """Documents that are worked on together. ``unread`` are inputs met on the way that gave none, not yet recorded."""

    documents: list[Document] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Stored documents to be dropped: records of what could not be read in a file that was now read to its end without them,
    and what is pruned."""

    characters: int = 0
    chinese: int = 0
    """Chinese characters of all its documents."""

    def add(self, item: Document | Unread | str) -> None:
        """Take something in: a document, an input that gave none, or the id of one that is gone."""
        if isinstance(item, str):
            self.gone.append(item)
        elif isinstance(item, Unread):
            self.unread.append(item)
        else:
            self.documents.append(item)
            self.characters += len(item.text)
            self.chinese += len(chinese_characters(item.text))

    def __len__(self) -> int:
        return len(self.documents) + len(self.unread) + len(self.gone)

    def is_full(self, limits: FlowSettings, *, translates: bool) -> bool:
        """Whether it is as large as a shard may be."""
        return (
            len(self.documents) >= limits.shard_documents
            or len(self) >= _RECORDS * limits.shard_documents
            or self.characters >= limits.shard_characters
            or (translates and self.chinese >= limits.shard_chinese)
        )


class EndedError(Exception):
    """The planning was ended from another thread (`Tally.ended`)."""


@dataclass(slots=True)
class Tally:
    """How many documents were met, by what was decided of them, and the inputs that gave none."""

    decisions: Counter[Decision] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    """How many inputs gave no document: ``skipped``, ``failed``."""

    unread: list[Unread] = field(default_factory=list)
    """Those inputs, the first thousand of them."""

    stale_pairs: int = 0
    """How many pairs the stale documents have."""

    sources: int = 0
    """How many files and URLs were taken up."""

    pruned: int = 0
    notes: list[str] = field(default_factory=list)
    """What else a person should know, a line each."""

    ended: bool = False
    """Set from another thread when nobody waits for more."""

    noted: int = 0
    """How many documents have something to be said of how they were read; the first twenty are among the notes."""

    def count_unread(self, item: Unread) -> None:
        """Note an input that gave no document."""
        self.statuses[item.status] += 1
        if len(self.unread) < 1000:
            self.unread.append(item)

    def count_note(self, document: Document) -> None:
        """Note what a person should know of how a document was read."""
        self.noted += document.note is not None
        if document.note is not None and self.noted <= 20:
            self.notes.append(f"note: {document.source_uri}: {document.note}")

    def unread_lines(self, most: int) -> list[str]:
        """A line for each input that gave no document, for a person: the first so many."""
        lines = [f"{item.status}: {item.source_uri}: {item.error}" for item in self.unread[:most]]
        more = self.statuses.total() - len(lines)
        return [*lines, *([f"… and {more} more; all stand in the documents table"] if more else [])]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which documents a run works on beside the new and the changed ones."""

    config_sha256: str
    untranslated_sha256: str
    """What ``config_sha256`` is of documents that still lack their translation."""
    modelless_sha256: str
    """And of those that need none: without Chinese, or all of whose Chinese the author says in English as well."""
    translates: bool
    force: bool = False
    refresh: bool = False
    limit: int | None = None
    prune: Prune = "no"
    """Whether documents that are gone from the inputs are dropped; ``force``: however many."""
    corrected: frozenset[str] = frozenset()
    """Stored documents that are done anew, because a person has translated or corrected something in them."""


def choose(
    settings: Settings,
    *,
    force: bool = False,
    refresh: bool = False,
    limit: int | None = None,
    prune: Prune = "no",
) -> Choice:
    """The choice of a run under these settings and the model that is installed now, without loading it.

    Raises:
        UsageError: the choices don't go together.
    """
    if prune != "no" and limit is not None:
        raise UsageError("--prune has to see all of the inputs, so it does not go with --limit; leave one of them out")
    untranslated = settings.sha256(schema=str(SCHEMA_VERSION), model=None)
    modelless = settings.sha256(schema=str(SCHEMA_VERSION), model="no need of one")
    if settings.translation.engine == "none":
        return Choice(
            untranslated, untranslated, modelless, False, force=force, refresh=refresh, limit=limit, prune=prune
        )
    try:
        found = find_models(settings.translation.engine, settings.models)
        model = " ".join(f"{one.label} {one.digest}" for one in found)
    except NoModelError:
        model = "none installed"  # which is an error only when there is something to translate
    made_by = settings.sha256(schema=str(SCHEMA_VERSION), model=model)
    return Choice(made_by, untranslated, modelless, True, force=force, refresh=refresh, limit=limit, prune=prune)


def decide(doc_id: str, content_sha256: str, stored: Stored | None, choice: Choice) -> Decision:
    """What to do with a document of this content. Known by content and settings, never by file time."""
    if stored is None:
        return "new"
    if stored.status != "ok":
        return "retried"
    if stored.content_sha256 != content_sha256:
        return "changed"
    if choice.force or (choice.translates and doc_id in choice.corrected):
        return "redone"
    if stored.config_sha256 in {choice.config_sha256, choice.modelless_sha256}:
        return "unchanged"
    if not choice.translates and stored.pairs_machine:
        return "unchanged"  # it has more than is asked for; only --force drops translations
    if stored.config_sha256 == choice.untranslated_sha256:
        return "redone"
    if choice.refresh:
        return "redone"
    return "stale"


def is_news(item: Unread, known: Stored | None) -> bool:
    """Whether an input that gave no document is to be recorded: not where that is done already, nor over a document's rows."""
    return known is None or (known.status != "ok" and (known.status, known.error) != (item.status, item.error))


def shards(
    inputs: Sequence[str],
    out: Path,
    stored: Callable[[], StoredDocuments],
    choice: Choice,
    settings: Settings,
    tally: Tally,
) -> Iterator[Shard]:
    """The documents to work on, in shards of bounded size, in the order of the inputs; last, what is pruned.

    ``stored`` gives what the dataset in ``out`` holds. It is asked for each shard: what another run has done meanwhile
    is not done again.

    Raises:
        UsageError: an input does not exist (before anything is read).
    """
    planner = _Planner(inputs, out, stored, choice, settings, tally)
    shard = Shard()
    taken = 0
    for item in planner.items():
        shard.add(item)
        done = choice.limit is not None and taken + len(shard.documents) >= choice.limit
        if done or shard.is_full(settings.flows, translates=choice.translates):
            shard = planner.confirmed(shard)
            taken += len(shard.documents)
            if shard:
                yield shard
            shard = Shard()
            if choice.limit is not None and taken >= choice.limit:
                return
    shard = planner.confirmed(shard)
    if shard:
        yield shard


class _Planner:
    """Goes through the inputs and decides."""

    def __init__(
        self,
        inputs: Sequence[str],
        out: Path,
        stored: Callable[[], StoredDocuments],
        choice: Choice,
        settings: Settings,
        tally: Tally,
    ) -> None:
        self._sources = find_sources(inputs, exclude=out)
        pruned = [] if choice.prune == "no" else named_roots(inputs)
        self._pruning = Pruning(pruned, force=choice.prune == "force") if pruned else None
        self._out = out
        self._load = stored
        self._stored = stored()
        self._met = bytearray(len(self._stored))  # by position: a set of ids would take a hundred times the memory
        self._choice = choice
        self._settings = settings
        self._tally = tally

    def items(self) -> Iterator[Document | Unread | str]:
        """What there is to do: documents to work on, inputs to record that gave none, ids of documents to drop."""
        for found in self._sources:
            self._go_on()
            self._tally.sources += 1
            if isinstance(found, Unread):
                yield from self._news(found)
            elif not self._is_settled(found):
                yield from self._read(found)
        if self._pruning is not None:
            # as it stands now: what is loaded while these are written would only confuse
            for doc_id in self._pruning.gone(partial(self._stored_and_met, self._stored, self._met)):
                self._tally.pruned += 1
                yield doc_id
            self._tally.notes += self._pruning.notes

    def confirmed(self, shard: Shard) -> Shard:
        """The shard without what another run has done since it was decided on."""
        latest = self._load()
        if latest is self._stored:
            return shard
        before, self._stored = self._stored, latest
        met, self._met = self._met, bytearray(len(latest))
        if self._pruning is not None:
            for position in range(len(latest)):
                earlier = before.position(latest.doc_id(position))
                # what another run has stored since is not gone, though it was not there yet when its folder was listed
                self._met[position] = 1 if earlier is None else met[earlier]
        wanted = Shard(unread=[item for item in shard.unread if self._is_news(item)], gone=shard.gone)
        for document in shard.documents:
            self._tally.decisions[
                decide(document.doc_id, document.content_sha256, before.get(document.doc_id), self._choice)
            ] -= 1
            if self._decided(document.doc_id, document.content_sha256) not in SETTLED:
                wanted.add(document)
        return wanted

    def _go_on(self) -> None:
        if self._tally.ended:
            raise EndedError

    def _is_settled(self, source: Source) -> bool:
        """Whether a file is a document that is to stay as it is stored: told by its bytes, without parsing them."""
        doc_id = document_id(source.uri)
        stored = self._stored.get(doc_id)
        if stored is None or stored.content_sha256 is None:
            return False
        if decide(doc_id, stored.content_sha256, stored, self._choice) not in SETTLED:
            return False
        if file_sha256(source) != stored.content_sha256:
            return False
        self._decided(doc_id, stored.content_sha256)
        if self._pruning is not None:
            self._pruning.met(source, 1)
        return True

    def _read(self, source: Source) -> Iterator[Document | Unread | str]:
        failures = set(self._stored.failures.get(source.uri, ()))
        itself = document_id(source.uri)
        known = self._stored.get(itself)
        if known is not None and known.status == "skipped":
            failures.add(itself)
        whole = True
        documents = 0
        for item in read_source(source, self._settings.reading):
            self._go_on()
            failures.discard(item.doc_id)
            if isinstance(item, Unread):
                whole = whole and item.source_uri != source.uri
                yield from self._news(item)
                continue
            documents += 1
            self._tally.count_note(item)
            if self._decided(item.doc_id, item.content_sha256) not in SETTLED:
                yield item
        for doc_id in sorted(failures) if whole else ():
            self._meet(doc_id)
            yield doc_id
        if self._pruning is not None:
            self._pruning.met(source, documents)

    def _decided(self, doc_id: str, content_sha256: str) -> Decision:
        """Decide on a document and count it."""
        at = self._meet(doc_id)
        stored = None if at is None else self._stored.at(at)
        decision = decide(doc_id, content_sha256, stored, self._choice)
        self._tally.decisions[decision] += 1
        if stored is not None and decision == "stale":
            self._tally.stale_pairs += stored.pairs
        return decision

    def _news(self, item: Unread) -> Iterator[Unread]:
        """Count an input that gave no document; it is news where that is not recorded already."""
        self._meet(item.doc_id)
        self._tally.count_unread(item)
        if self._pruning is not None:
            self._pruning.met_unread(item)
        if self._is_news(item):
            yield item

    def _is_news(self, item: Unread) -> bool:
        """Not what is recorded already, nor what was read before and can't be read now: its rows stay as they are."""
        return is_news(item, self._stored.get(item.doc_id))

    def _meet(self, doc_id: str) -> int | None:
        at = self._stored.position(doc_id)
        if at is not None:
            self._met[at] = 1
        return at

    def _stored_and_met(self, stored: StoredDocuments, met: bytearray) -> Iterator[tuple[str, str, bool]]:
        """Every document in ``stored``, once, and whether it was met or stored by another run since this one began."""
        told = bytearray(len(stored))
        for doc_id, source_uri in stored_uris(self._out):
            at = stored.position(doc_id)
            if at is not None and not told[at]:
                told[at] = 1
                yield doc_id, source_uri, bool(met[at])
