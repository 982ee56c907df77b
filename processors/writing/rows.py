"""From a document's analysis and translations to the rows of the three tables."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..analysis import Analysis
from ..records import Unread
from ..repair import Translation
from ..tokens import english_tokens

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What all rows of one run share."""

    run_id: str
    config_sha256: str
    untranslated_sha256: str
    """``config_sha256`` of a document in which there is nothing to translate: no model has a part in it."""
    started: datetime


@dataclass(slots=True)
class Rows:
    """Rows for the three tables. ``doc_ids`` are the documents whose earlier rows they replace."""

    pairs: list[Row] = field(default_factory=list)
    segments: list[Row] = field(default_factory=list)
    documents: list[Row] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Ids of documents that are to be dropped."""

    def extend(self, other: Rows) -> None:
        """Add the rows of another document."""
        self.pairs += other.pairs
        self.segments += other.segments
        self.documents += other.documents


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
        rows.pairs.append(
            {
                "pair_id": pair_id(doc_id, sentence.kind, "machine", sentence.text, occurrence),
                "doc_id": doc_id,
                "source_uri": document.source_uri,
                "source_id": document.source_id,
                "kind": sentence.kind,
                "origin": "machine",
                "block": sentence.block,
                "segment": sentence.segment,
                "sentence": sentence.sentence,
                "zh": sentence.text,
                "zh_start": sentence.start,
                "zh_end": sentence.end,
                "zh_script": sentence.script,
                "zh_tokens": tokens,
                "en": translation.text,
                "en_tokens": None if translation.text is None else english_tokens(translation.text),
                "engine": translation.engine,
                "model": translation.model,
                "score": translation.score,
                "flags": translation.flags,
                "run_id": run.run_id,
                "created_at": run.started,
            }
        )
    rows.segments = [
        {
            "doc_id": doc_id,
            "block": segment.block,
            "segment": segment.segment,
            "lang": segment.lang,
            "script": segment.script,
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
            "embedded": [{"start": guest.start, "end": guest.end, "lang": guest.lang} for guest in segment.embedded],
        }
        for segment in analysis.segments
    ]
    rows.documents.append(
        {
            "doc_id": doc_id,
            "source_uri": document.source_uri,
            "source_id": document.source_id,
            "metadata": _json(document.metadata),
            "content_sha256": document.content_sha256,
            "format": document.format,
            "encoding": document.encoding,
            "bytes": document.bytes,
            "characters": len(document.text),
            "zh_characters": analysis.zh_characters,
            "en_words": analysis.en_words,
            "segments": len(rows.segments),
            "pairs_machine": len(rows.pairs),
            "pairs_author": 0,
            "memory_hits": 0,
            "seconds": seconds,
            "cmi": analysis.mixing.cmi,
            "m_index": analysis.mixing.m_index,
            "i_index": analysis.mixing.i_index,
            "status": "ok",
            "config_sha256": run.config_sha256 if analysis.sentences else run.untranslated_sha256,
            "run_id": run.run_id,
            "processed_at": run.started,
        }
    )
    return rows


def unread_rows(unread: Unread, run: Run) -> Rows:
    """The one row of an input that gave no document."""
    return Rows(
        documents=[
            {
                "doc_id": unread.doc_id,
                "source_uri": unread.source_uri,
                "source_id": unread.source_id,
                "content_sha256": unread.content_sha256,
                "format": unread.format,
                "bytes": unread.bytes,
                "status": unread.status,
                "error": unread.error,
                "config_sha256": run.config_sha256,
                "run_id": run.run_id,
                "processed_at": run.started,
            }
        ]
    )


def _json(metadata: dict[str, Any]) -> str | None:
    return json.dumps(metadata, ensure_ascii=False, default=str) if metadata else None
