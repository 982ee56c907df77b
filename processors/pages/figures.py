"""What a dataset holds, in figures. One pass over each table, a batch at a time."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..writing import Dataset

LISTED = 12
"""Most rows of a list of documents."""

_ZH_LENGTHS = (1, 6, 11, 16, 21, 31, 41, 61, 81, 121, 201)
_EN_LENGTHS = (1, 4, 7, 11, 16, 21, 31, 41, 61, 81, 121)


class Histogram:
    """Counts of values by intervals, and their median to the interval's precision."""

    def __init__(self, edges: Sequence[float], *, whole: bool = False) -> None:
        """Args:
        edges: the first value of each interval; the last one is open where ``whole``, else the last edge ends the last.
        whole: the values are whole numbers.
        """
        self._edges = np.array([*edges, np.inf] if whole else edges, float)
        self._whole = whole
        self.counts = np.zeros(len(self._edges) - 1, np.int64)

    def add(self, values: pa.Array) -> None:
        """Count values; nulls and what is not a number are left out."""
        known = values.drop_null().to_numpy(zero_copy_only=False).astype(float)
        known = known[np.isfinite(known)]
        self.counts += np.histogram(
            known if self._whole else np.clip(known, self._edges[0], self._edges[-1]), self._edges
        )[0]

    @property
    def total(self) -> int:
        """How many values were counted."""
        return int(self.counts.sum())

    def bars(self) -> list[tuple[str, int]]:
        """Each interval's name and count."""
        names = []
        for low, high in zip(self._edges, self._edges[1:], strict=False):
            if not self._whole:
                names.append(f"{low:g}–{high:g}" if low >= 0 else f"{low:g} to {high:g}".replace("-", "−"))
            elif np.isinf(high):
                names.append(f"{low:.0f}+")
            else:
                names.append(f"{low:.0f}" if high == low + 1 else f"{low:.0f}–{high - 1:.0f}")
        return list(zip(names, self.counts.tolist(), strict=True))


class Outcome(NamedTuple):
    """Documents that share a status and a reason."""

    status: str
    reason: str
    documents: int
    example: str


class RankedDocument(NamedTuple):
    """A document that stands high in some order, with the figures that tell why."""

    source_uri: str
    values: dict[str, Any]


@dataclass(slots=True)
class ModelUse:
    """What one model did."""

    engine: str
    model: str
    pairs: int = 0
    flagged: int = 0
    score_sum: float = 0.0
    scored: int = 0


@dataclass(slots=True)
class RunFigures:
    """The rows that one run left in the dataset; a later run of the same documents replaces them."""

    started: datetime
    documents: int = 0
    pairs: int = 0
    zh_characters: int = 0


@dataclass(slots=True)
class Figures:
    """Everything the report says, as numbers."""

    documents: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    outcomes: list[Outcome] = field(default_factory=list)
    more_outcomes: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    zh_characters: int = 0
    en_words: int = 0
    bytes: int = 0
    seconds: float = 0.0
    memory_hits: int = 0
    cmi: Histogram = field(default_factory=lambda: Histogram(range(0, 101, 10)))
    most_mixed: list[RankedDocument] = field(default_factory=list)
    slowest: list[RankedDocument] = field(default_factory=list)
    runs: dict[str, RunFigures] = field(default_factory=dict)
    language_characters: Counter[str] = field(default_factory=Counter)
    language_segments: Counter[str] = field(default_factory=Counter)
    guests: Counter[str] = field(default_factory=Counter)
    pairs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)
    scripts: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    flagged: int = 0
    """Pairs with a flag other than ``repaired``, which tells of a fault that is mended."""
    untranslated: int = 0
    models: dict[tuple[str, str], ModelUse] = field(default_factory=dict)
    zh_lengths: Histogram = field(default_factory=lambda: Histogram(_ZH_LENGTHS, whole=True))
    en_lengths: Histogram = field(default_factory=lambda: Histogram(_EN_LENGTHS, whole=True))
    scores: Histogram = field(default_factory=lambda: Histogram([-2, -1.5, -1, -0.75, -0.5, -0.25, 0]))
    quality: Histogram = field(default_factory=lambda: Histogram([round(step / 10, 1) for step in range(11)]))
    similarity: Histogram = field(default_factory=lambda: Histogram([round(step / 10, 1) for step in range(11)]))


def figures_of(dataset: Dataset) -> Figures:
    """Count everything."""
    figures = Figures()
    _count_documents(dataset, figures)
    _count_segments(dataset, figures)
    _count_pairs(dataset, figures)
    return figures


def _total(values: pa.Array) -> Any:
    return pc.sum(values).as_py() or 0


def _counts(values: pa.Array, missing: str | None = None) -> Counter[str]:
    """How often each value stands there; nulls count as ``missing``, or not at all."""
    plain = values.cast(pa.string())
    counted = (plain.drop_null() if missing is None else plain.fill_null(missing)).value_counts()
    return Counter(dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)))


_DOCUMENT_COLUMNS = (
    "source_uri format encoding bytes characters zh_characters en_words memory_hits seconds cmi m_index"
    " i_index status error run_id processed_at"
).split()


def _count_documents(dataset: Dataset, figures: Figures) -> None:
    outcomes: dict[tuple[str, str], tuple[int, str]] = {}
    slowest: list[tuple[float, str, dict[str, Any]]] = []
    mixed: list[tuple[float, str, dict[str, Any]]] = []
    for batch in dataset.documents.scanner(columns=_DOCUMENT_COLUMNS).to_batches():
        figures.documents += batch.num_rows
        figures.statuses += _counts(batch["status"])
        figures.formats += _counts(batch["format"], "unknown")
        figures.encodings += _counts(batch["encoding"])
        for name in ("characters", "zh_characters", "en_words", "bytes", "seconds", "memory_hits"):
            setattr(figures, name, getattr(figures, name) + _total(batch[name]))
        figures.cmi.add(batch["cmi"])
        for row in batch.to_pylist():
            uri = row["source_uri"]
            run = figures.runs.setdefault(row["run_id"], RunFigures(row["processed_at"]))
            run.started = min(run.started, row["processed_at"])
            run.documents += 1
            run.zh_characters += row["zh_characters"] or 0
            if row["status"] != "ok" or row["error"]:
                key = row["status"], row["error"] or ""
                number, example = outcomes.get(key, (0, uri))
                outcomes[key] = number + 1, min(example, uri)
            if row["seconds"]:
                _keep(slowest, row["seconds"], uri, row)
            if row["cmi"] and (row["characters"] or 0) >= 40:
                _keep(mixed, row["cmi"], uri, row)
    figures.slowest = _ranked(slowest)
    figures.most_mixed = _ranked(mixed)
    ordered = sorted(outcomes.items(), key=lambda item: (item[0][0], -item[1][0], item[0][1]))
    figures.outcomes = [Outcome(status, reason, *found) for (status, reason), found in ordered[:50]]
    figures.more_outcomes = len(ordered) - len(figures.outcomes)


def _keep(best: list[tuple[float, str, dict[str, Any]]], value: float, uri: str, row: dict[str, Any]) -> None:
    """Keep the highest values."""
    if len(best) < LISTED:
        heapq.heappush(best, (value, uri, row))
    elif (value, uri) > best[0][:2]:
        heapq.heapreplace(best, (value, uri, row))


def _ranked(best: list[tuple[float, str, dict[str, Any]]]) -> list[RankedDocument]:
    ordered = sorted(best, key=lambda item: (-item[0], item[1]))
    return [RankedDocument(uri, row) for _, uri, row in ordered]


def _count_segments(dataset: Dataset, figures: Figures) -> None:
    for batch in dataset.segments.scanner(columns=["lang", "start", "end", "embedded"]).to_batches():
        lengths = pc.subtract(batch["end"], batch["start"])
        grouped = (
            pa.table({"lang": batch["lang"], "length": lengths})
            .group_by("lang")
            .aggregate([("length", "sum"), ("length", "count")])
        )
        for row in grouped.to_pylist():
            figures.language_characters[row["lang"]] += row["length_sum"]
            figures.language_segments[row["lang"]] += row["length_count"]
        figures.guests += _counts(pc.struct_field(batch["embedded"].flatten(), "lang"))


_PAIR_COLUMNS = "run_id kind origin zh zh_script en en_tokens engine model score similarity quality flags".split()


def _count_pairs(dataset: Dataset, figures: Figures) -> None:
    for batch in dataset.pairs.scanner(columns=_PAIR_COLUMNS).to_batches():
        figures.pairs += batch.num_rows
        figures.kinds += _counts(batch["kind"])
        figures.origins += _counts(batch["origin"])
        for run_id, pairs in _counts(batch["run_id"]).items():
            if run_id in figures.runs:  # a run that writes now may have put its pairs there, and not yet its documents
                figures.runs[run_id].pairs += pairs
        figures.scripts += _counts(batch["zh_script"], "either")
        figures.untranslated += batch["en"].null_count
        sentences = pc.equal(batch["kind"].cast(pa.string()), "sentence")
        figures.zh_lengths.add(pc.utf8_length(batch["zh"]).filter(sentences))
        figures.en_lengths.add(pc.list_value_length(batch["en_tokens"]).filter(sentences))
        for name, histogram in (
            ("score", figures.scores),
            ("quality", figures.quality),
            ("similarity", figures.similarity),
        ):
            histogram.add(batch[name])
        figures.flags += _counts(batch["flags"].flatten())
        faulty = np.zeros(batch.num_rows, bool)
        kept = pc.not_equal(batch["flags"].flatten(), "repaired").to_numpy(zero_copy_only=False)
        faulty[pc.list_parent_indices(batch["flags"]).to_numpy()[kept]] = True
        figures.flagged += int(faulty.sum())
        _count_models(batch, faulty, figures.models)


def _count_models(batch: pa.RecordBatch, faulty: np.ndarray[Any, Any], models: dict[tuple[str, str], ModelUse]) -> None:
    table = pa.table(
        {
            "engine": batch["engine"],
            "model": batch["model"],
            "score": batch["score"],
            "faulty": pa.array(faulty).cast(pa.int64()),
        }
    ).filter(batch["engine"].is_valid())
    grouped = table.group_by(["engine", "model"]).aggregate(
        [("score", "sum"), ("score", "count"), ("faulty", "sum"), ("faulty", "count")]
    )
    for row in grouped.to_pylist():
        use = models.setdefault((row["engine"], row["model"] or ""), ModelUse(row["engine"], row["model"] or ""))
        use.pairs += row["faulty_count"]
        use.flagged += row["faulty_sum"]
        use.score_sum += row["score_sum"] or 0.0
        use.scored += row["score_count"]
