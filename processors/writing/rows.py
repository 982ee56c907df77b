"""From a document's analysis and translations to the rows of the three tables."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from ..analysis import Analysis
from ..records import Unread
from ..repair import Translation
from ..tokens import english_tokens
from .schema import TABLES

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What all rows of one run share."""

    run_id: str
    config_sha256: str
    untranslated_sha256: str
    """``config_sha256`` of a document in which there is nothing to translate: no model has a part in it."""
    started: datetime


class Columns:
    """Rows of one table while they are made: a list for each column, a fraction of the memory of a dict for each row."""

    def __init__(self, table: str) -> None:
        self._schema = TABLES[table]
        self._columns: dict[str, list[Any]] = {name: [] for name in self._schema.names}

    def add(self, **row: Any) -> None:
        """Add a row; columns that are not named are null."""
        if not row.keys() <= self._columns.keys():
            raise KeyError(f"no such column: {', '.join(sorted(row.keys() - self._columns.keys()))}")
        for name, column in self._columns.items():
            column.append(row.get(name))

    def extend(self, other: Columns) -> None:
        """Add the rows of another."""
        for name, column in self._columns.items():
            column.extend(other[name])

    def table(self) -> pa.Table:
        """The rows in the table's schema."""
        return pa.Table.from_pydict(self._columns, schema=self._schema)

    def __getitem__(self, name: str) -> list[Any]:
        return self._columns[name]

    def __len__(self) -> int:
        return len(self._columns["doc_id"])

    def __iter__(self) -> Iterator[Row]:
        for values in zip(*self._columns.values(), strict=True):
            yield dict(zip(self._columns, values, strict=True))


@dataclass(slots=True)
class Rows:
    """Rows for the three tables. Those of ``documents`` say which documents' earlier rows they replace."""

    pairs: Columns = field(default_factory=lambda: Columns("pairs"))
    segments: Columns = field(default_factory=lambda: Columns("segments"))
    documents: Columns = field(default_factory=lambda: Columns("documents"))
    gone: list[str] = field(default_factory=list)
    """Ids of documents that are to be dropped."""

    def extend(self, other: Rows) -> None:
        """Add the rows of other documents."""
        self.pairs.extend(other.pairs)
        self.segments.extend(other.segments)
        self.documents.extend(other.documents)
        self.gone += other.gone


def pair_id(doc_id: str, kind: str, origin: str, zh: str, occurrence: int) -> str:
    """Stable name of a pair: 32 hex digits of the SHA-256 over where and what it is (the how-manieth of the same)."""
    key = "\0".join((doc_id, kind, origin, zh, str(occurrence)))
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def document_rows(analysis: Analysis, translations: Sequence[Translation] | None, run: Run, seconds: float) -> Rows:
    """The rows of a document; ``translations[i]`` is that of sentence i, None in all where nothing is translated."""
    document = analysis.document
    doc_id = document.doc_id
    rows = Rows()
    seen: Counter[tuple[str, str]] = Counter()
    for sentence, tokens, translation in zip(
        analysis.sentences, analysis.tokens, translations or (), strict=translations is not None
    ):
        occurrence = seen[sentence.kind, sentence.text]
        seen[sentence.kind, sentence.text] += 1
        rows.pairs.add(
            pair_id=pair_id(doc_id, sentence.kind, "machine", sentence.text, occurrence),
            doc_id=doc_id,
            source_uri=document.source_uri,
            source_id=document.source_id,
            kind=sentence.kind,
            origin="machine",
            block=sentence.block,
            segment=sentence.segment,
            sentence=sentence.sentence,
            zh=sentence.text,
            zh_start=sentence.start,
            zh_end=sentence.end,
            zh_script=sentence.script,
            zh_tokens=tokens,
            en=translation.text,
            en_tokens=None if translation.text is None else english_tokens(translation.text),
            engine=translation.engine,
            model=translation.model,
            score=translation.score,
            flags=translation.flags,
            run_id=run.run_id,
            created_at=run.started,
        )
    for segment in analysis.segments:
        rows.segments.add(
            doc_id=doc_id,
            block=segment.block,
            segment=segment.segment,
            lang=segment.lang,
            script=segment.script,
            start=segment.start,
            end=segment.end,
            text=segment.text,
            embedded=tuple({"start": guest.start, "end": guest.end, "lang": guest.lang} for guest in segment.embedded),
        )
    rows.documents.add(
        doc_id=doc_id,
        source_uri=document.source_uri,
        source_id=document.source_id,
        metadata=_json(document.metadata),
        content_sha256=document.content_sha256,
        format=document.format,
        encoding=document.encoding,
        bytes=document.bytes,
        characters=len(document.text),
        zh_characters=analysis.zh_characters,
        en_words=analysis.en_words,
        segments=len(rows.segments),
        pairs_machine=len(rows.pairs),
        pairs_author=0,
        memory_hits=0,
        seconds=seconds,
        cmi=analysis.mixing.cmi,
        m_index=analysis.mixing.m_index,
        i_index=analysis.mixing.i_index,
        status="ok",
        config_sha256=run.config_sha256 if analysis.sentences else run.untranslated_sha256,
        run_id=run.run_id,
        processed_at=run.started,
    )
    return rows


def unread_rows(unread: Unread, run: Run) -> Rows:
    """The one row of an input that gave no document."""
    rows = Rows()
    rows.documents.add(
        doc_id=unread.doc_id,
        source_uri=unread.source_uri,
        source_id=unread.source_id,
        content_sha256=unread.content_sha256,
        format=unread.format,
        bytes=unread.bytes,
        status=unread.status,
        error=unread.error,
        config_sha256=run.config_sha256,
        run_id=run.run_id,
        processed_at=run.started,
    )
    return rows


def _json(metadata: dict[str, Any]) -> str | None:
    return json.dumps(metadata, ensure_ascii=False, default=str) if metadata else None
