"""From a document's analysis and translations to the rows of the three tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from ..analysis import Analysis, Part, Totals
from ..author_pairs import AuthorPair
from ..flags import FLAGS
from ..pairing import Paired
from ..records import Document, Origin, Sentence, Unread, pair_id
from ..repair import Translation
from ..tokens import english_tokens
from ..word_alignment.aligner import Align, Unlinked, align_by_words
from .schema import TABLES

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What all rows of one run share."""

    run_id: str
    config_sha256: str
    modelless_sha256: str
    """``config_sha256`` of a document in which there is nothing to translate: no model has a part in it."""
    started: datetime


COMPACT_ROWS = 10_000
"""So many rows of a long document become Arrow's, in a tenth of the memory that Python's objects take."""


class Columns:
    """Rows of one table while they are made: a list for each column, a fraction of the memory of a dict for each row."""

    def __init__(self, table: str) -> None:
        self._schema = TABLES[table]
        self._columns: dict[str, list[Any]] = {name: [] for name in self._schema.names}
        self._compact: list[pa.RecordBatch] = []

    def add(self, **row: Any) -> None:
        """Add a row; columns that are not named are null."""
        if not row.keys() <= self._columns.keys():
            raise KeyError(f"no such column: {', '.join(sorted(row.keys() - self._columns.keys()))}")
        for name, column in self._columns.items():
            column.append(row.get(name))
        if len(self._columns["doc_id"]) >= COMPACT_ROWS:
            self._compact.append(self._batch())
            for column in self._columns.values():
                column.clear()

    def extend(self, other: Columns) -> None:
        """Add the rows of another."""
        if other._compact:
            self._compact += [self._batch(), *other._compact]
            for column in self._columns.values():
                column.clear()
        for name, column in self._columns.items():
            column.extend(other._columns[name])

    def table(self) -> pa.Table:
        """The rows in the table's schema."""
        return pa.Table.from_batches([*self._compact, self._batch()], self._schema)

    def values(self, name: str) -> Iterator[Any]:
        """The values of one column."""
        for batch in self._compact:
            yield from batch.column(name).to_pylist()
        yield from self._columns[name]

    def _batch(self) -> pa.RecordBatch:
        return pa.RecordBatch.from_pydict(self._columns, schema=self._schema)

    def __getitem__(self, name: str) -> list[Any]:
        return list(self.values(name)) if self._compact else self._columns[name]

    def __len__(self) -> int:
        return len(self._columns["doc_id"]) + sum(len(batch) for batch in self._compact)

    def __iter__(self) -> Iterator[Row]:
        for batch in self._compact:
            yield from batch.to_pylist()
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


class DocumentRows:
    """Adds a document's rows to those of a shard, part by part: a long document is never there as a whole."""

    def __init__(self, document: Document, run: Run, rows: Rows, align: Align = align_by_words) -> None:
        self._document = document
        self._align = align
        self._doc_id = document.doc_id
        self._run = run
        self._rows = rows
        self._seen: Counter[tuple[str, str]] = Counter()
        self._said: Counter[tuple[str, str]] = Counter()
        self._segments = self._machine = self._author = 0
        self._remembered = self._flagged = self._repaired = 0
        self._left: Counter[str] = Counter()
        self._mended: Counter[str] = Counter()

    def occurrences(self, sentences: Sequence[Sentence]) -> list[int]:
        """Of each of the next sentences without an author pair, how many like it stand before it in the document."""
        return _counted(self._seen, sentences)

    def add(self, part: Part, paired: Paired, occurrences: Sequence[int]) -> None:
        """Add a part with its pairs; ``occurrences`` are those of ``paired.sentences``."""
        author = zip(
            paired.author,
            paired.author_tokens,
            _counted(self._said, [pair.chinese for pair in paired.author]),
            strict=True,
        )
        machine = zip(
            paired.sentences,
            paired.tokens,
            paired.translations or (),
            occurrences,
            strict=paired.translations is not None,
        )
        rows = [*(self._author_row(*one) for one in author), *(self._row(*one) for one in machine)]
        self._link_words([row for row in rows if row["en"] is not None])
        for row in sorted(rows, key=lambda row: int(row["zh_start"])):
            self._rows.pairs.add(**row)
        for segment in part.segments:
            self._rows.segments.add(
                doc_id=self._doc_id,
                block=segment.block,
                segment=segment.segment,
                lang=segment.lang,
                script=segment.script,
                start=segment.start,
                end=segment.end,
                text=segment.text,
                embedded=tuple(
                    {"start": guest.start, "end": guest.end, "lang": guest.lang} for guest in segment.embedded
                ),
            )
        self._segments += len(part.segments)

    def _row(self, sentence: Sentence, tokens: Sequence[str], translation: Translation, occurrence: int) -> Row:
        """A pair whose English a machine or, for the memory, a person made."""
        self._machine += translation.origin == "machine"
        self._remembered += translation.remembered
        self._flagged += any(flag != "repaired" for flag in translation.flags)
        self._repaired += "repaired" in translation.flags
        self._left.update(flag for flag in translation.flags if flag != "repaired")
        self._mended.update(translation.mended)
        return {
            **self._chinese(sentence, tokens, translation.origin, occurrence),
            "en": translation.text,
            "en_tokens": None if translation.text is None else english_tokens(translation.text),
            "engine": translation.engine,
            "model": translation.model,
            "score": translation.score,
            "quality": translation.quality,
            "flags": translation.flags,
            "mended": translation.mended,
        }

    def _author_row(self, pair: AuthorPair, tokens: Sequence[str], occurrence: int) -> Row:
        """A pair whose English the author wrote."""
        self._author += 1
        return {
            **self._chinese(pair.chinese, tokens, "author", occurrence),
            "en": pair.en,
            "en_tokens": english_tokens(pair.en),
            "en_start": pair.en_start,
            "en_end": pair.en_end,
            "en_doc_id": pair.en_doc_id or self._doc_id,
            "similarity": pair.similarity,
            "flags": (),
        }

    def _chinese(self, sentence: Sentence, tokens: Sequence[str], origin: Origin, occurrence: int) -> Row:
        """What the rows of all pairs have."""
        return {
            "pair_id": pair_id(self._doc_id, sentence.kind, origin, sentence.text, occurrence),
            "doc_id": self._doc_id,
            "source_uri": self._document.source_uri,
            "source_id": self._document.source_id,
            "kind": sentence.kind,
            "origin": origin,
            "block": sentence.block,
            "segment": sentence.segment,
            "sentence": sentence.sentence,
            "zh": sentence.text,
            "zh_start": sentence.start,
            "zh_end": sentence.end,
            "zh_script": sentence.script,
            "zh_tokens": tokens,
            "run_id": self._run.run_id,
            "created_at": self._run.started,
        }

    def _link_words(self, rows: Sequence[Row]) -> None:
        """Say in rows with English which of its words say which of the Chinese ones."""
        unlinked = [
            Unlinked(row["zh"], row["zh_tokens"], row["en"], row["en_tokens"], row.get("engine")) for row in rows
        ]
        for row, links in zip(rows, self._align(unlinked), strict=True):
            row["word_alignment"] = [{"zh": zh, "en": en} for zh, en in links]

    def finish(self, totals: Totals, seconds: float) -> None:
        """Add the document's own row, when all its parts are there."""
        document, run = self._document, self._run
        self._rows.documents.add(
            doc_id=self._doc_id,
            source_uri=document.source_uri,
            source_id=document.source_id,
            metadata=_json(document.metadata),
            content_sha256=document.content_sha256,
            format=document.format,
            encoding=document.encoding,
            bytes=document.bytes,
            characters=len(document.text),
            zh_characters=totals.zh_characters,
            en_words=totals.en_words,
            segments=self._segments,
            pairs_machine=self._machine,
            pairs_author=self._author,
            pairs_flagged=self._flagged,
            pairs_repaired=self._repaired,
            flags=[
                {"flag": flag, "left": self._left[flag], "mended": self._mended[flag]}
                for flag in FLAGS
                if self._left[flag] or self._mended[flag]
            ],
            memory_hits=self._remembered,
            seconds=seconds,
            cmi=totals.mixing.cmi,
            m_index=totals.mixing.m_index,
            i_index=totals.mixing.i_index,
            status="ok",
            config_sha256=run.config_sha256 if totals.wanted else run.modelless_sha256,
            run_id=run.run_id,
            processed_at=run.started,
        )


def document_rows(analysis: Analysis, paired: Paired, run: Run, seconds: float, align: Align = align_by_words) -> Rows:
    """The rows of a document with its pairs."""
    rows = Rows()
    made = DocumentRows(analysis.document, run, rows, align)
    made.add(analysis, paired, made.occurrences(paired.sentences))
    made.finish(analysis.totals, seconds)
    return rows


def _counted(seen: Counter[tuple[str, str]], sentences: Sequence[Sentence]) -> list[int]:
    """Of each sentence, how many like it were ``seen`` before."""
    found = []
    for sentence in sentences:
        found.append(seen[sentence.kind, sentence.text])
        seen[sentence.kind, sentence.text] += 1
    return found


def unread_rows(items: Iterable[Unread], run: Run) -> Rows:
    """The rows of inputs that gave no document, one each."""
    rows = Rows()
    for unread in items:
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
