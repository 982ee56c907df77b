"""The memory and the datasets: corrections of single pairs, the documents that they change, what no dataset has any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.dataset as pads

from ..records import Sentence, pair_id
from ..repair import Translation, model_input
from ..writing import has_documents, open_dataset
from .store import TranslationMemory
from .translator import by_a_person

ORIGINS = ("machine", "memory")
"""A pair that was corrected has another id than before; a correction may name either."""
_NOTHING = object()


def corrected(
    doc_id: str,
    sentences: Sequence[Sentence],
    occurrences: Sequence[int],
    translations: Sequence[Translation],
    memory: TranslationMemory,
) -> list[Translation]:
    """The translations of a document's sentences, those of pairs that a person corrected by their id replaced."""
    if not memory.has_corrections():
        return list(translations)
    ids = [
        tuple(pair_id(doc_id, sentence.kind, origin, sentence.text, occurrence) for origin in ORIGINS)
        for sentence, occurrence in zip(sentences, occurrences, strict=True)
    ]
    said = memory.corrections(one for both in ids for one in both)
    return [
        next((by_a_person(said[one]) for one in both if one in said), translation)
        for both, translation in zip(ids, translations, strict=True)
    ]


def documents_to_redo(memory: TranslationMemory, out: Path, *, noting: bool = True) -> frozenset[str]:
    """Stored documents of the dataset in ``out`` that are to be done anew, because a person has spoken since.

    The pairs are looked through once after each import; what is found is remembered until it is done (``noting``: unless
    nothing may be written).
    """
    known, revision = memory.dataset_revision(out), memory.revision()
    if known is None or revision > known:
        found = set(_differing(memory, out, known or 0)) if revision and has_documents(out) else set()
        if not noting:
            return frozenset(memory.awaited(out) | found)
        memory.await_documents(out, revision, found)
    return frozenset(memory.awaited(out))


def clear_unused(memory: TranslationMemory) -> tuple[int, list[Path]]:
    """Remove what models said of sentences that no dataset has any more.

    Returns:
        How many sentences were removed, and the datasets that are not there: what only they have is removed too.
    """
    used: set[int] = set()  # hashes: a fraction of the memory
    missing = []
    for dataset in memory.datasets():
        if not has_documents(dataset):
            missing.append(dataset)
            continue
        for rows in open_dataset(dataset).pairs.to_batches(columns=["zh"]):
            used.update(hash(model_input(zh)) for zh in rows.column("zh").to_pylist())
    return memory.clear(unless=lambda source: hash(source) in used), missing


def _differing(memory: TranslationMemory, out: Path, since: int) -> Iterator[str]:
    """Documents with a pair whose English is not what a person said of it (more than once, if there are several)."""
    sentences, pairs = memory.imported_since(since)
    columns = ["doc_id", "kind", "origin", "zh", "en"]
    wanted = pads.field("origin").cast("string").isin(list(ORIGINS))
    for file in open_dataset(out).pairs.get_fragments():  # in each, a document's rows stand together and in order
        doc_id, seen = "", Counter[tuple[str, str]]()
        for rows in file.to_batches(columns=columns, filter=wanted):
            for row in rows.to_pylist():
                if row["doc_id"] != doc_id:
                    doc_id, seen = row["doc_id"], Counter()
                said = _said(row, seen[row["kind"], row["zh"]], sentences, pairs)
                seen[row["kind"], row["zh"]] += 1
                if said is not _NOTHING and (said != row["en"] if said is not None else row["origin"] == "memory"):
                    yield doc_id


def _said(
    row: dict[str, Any], occurrence: int, sentences: dict[str, str | None], pairs: dict[str, str | None]
) -> object:
    """What a person said of a pair; None: that the correction is taken back."""
    for origin in ORIGINS if pairs else ():
        named = pair_id(row["doc_id"], row["kind"], origin, row["zh"], occurrence)
        if named in pairs:
            return pairs[named]
    return sentences.get(model_input(row["zh"]), _NOTHING) if sentences else _NOTHING
