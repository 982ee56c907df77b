"""Which pairs of a dataset are exported."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from ..errors import UsageError
from ..flags import FLAGS
from ..records import ORIGINS

ANY = "any"
"""In place of a flag's name: whatever the flag."""

_BATCH_ROWS = 8192

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a pair must have to be selected; what is not given asks for nothing.

    Raises:
        UsageError: there is no such flag or origin.
    """

    origins: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    """At least one of these flags."""
    without_flags: frozenset[str] = frozenset()
    """None of these flags."""
    min_quality: float | None = None
    """At least this quality; pairs whose quality was not estimated are left out."""
    min_similarity: float | None = None
    """Author pairs at least this sure to be a match. Other pairs have no similarity, and stay."""
    unique: bool = False
    """Of pairs with the same Chinese and the same English only the first."""

    def __post_init__(self) -> None:
        for named, known in (
            (self.origins, ORIGINS),
            (self.flags, (*FLAGS, ANY)),
            (self.without_flags, (*FLAGS, ANY)),
        ):
            for name in sorted(named - set(known)):
                raise UsageError(f"there is no {name!r}; choose from {', '.join(known)}")


@dataclass(slots=True)
class Counts:
    """What became of the pairs of a dataset."""

    selected: int = 0
    unselected: int = field(default=0, metadata={"text": "by the filters"})
    untranslated: int = field(default=0, metadata={"text": "without English"})
    repeated: int = field(default=0, metadata={"text": "repeated"})


def selected_pairs(
    pairs: pads.Dataset, selection: Selection, columns: Iterable[str], counts: Counts
) -> Iterator[list[Row]]:
    """The selected pairs that have English, in the dataset's order (a document's together, as it is read), some at a time.

    Args:
        pairs: the table ``pairs``.
        selection: which of them.
        columns: which columns of each.
        counts: to which is added what became of each pair.
    """
    wanted = list(dict.fromkeys(columns))
    needed = list(dict.fromkeys([*wanted, "zh", "en", "origin", "flags", "quality", "similarity"]))
    seen: set[bytes] = set()
    for batch in pairs.scanner(columns=needed, batch_size=_BATCH_ROWS).to_batches():
        chosen = pa.Table.from_batches([batch]).filter(pa.array(_mask(batch, selection)))
        counts.unselected += batch.num_rows - chosen.num_rows
        rows: list[Row] = []
        for row in chosen.to_pylist():
            if not (row["en"] or "").strip():
                counts.untranslated += 1
                continue
            if selection.unique:
                key = hashlib.blake2b(f"{row['zh']}\0{row['en']}".encode(), digest_size=16).digest()
                if key in seen:
                    counts.repeated += 1
                    continue
                seen.add(key)
            rows.append({name: row[name] for name in wanted})
        counts.selected += len(rows)
        if rows:
            yield rows


def _mask(batch: pa.RecordBatch, selection: Selection) -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = np.ones(batch.num_rows, bool)
    if selection.origins:
        mask &= pc.is_in(batch["origin"].cast(pa.string()), pa.array(sorted(selection.origins))).to_numpy(False)
    if selection.flags:
        mask &= _flagged(batch["flags"], selection.flags)
    if selection.without_flags:
        mask &= ~_flagged(batch["flags"], selection.without_flags)
    if selection.min_quality is not None:
        mask &= _at_least(batch["quality"], selection.min_quality, missing=False)
    if selection.min_similarity is not None:
        mask &= _at_least(batch["similarity"], selection.min_similarity, missing=True)
    return mask


def _flagged(flags: pa.ListArray, named: frozenset[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    flat = flags.flatten()
    owners = pc.list_parent_indices(flags).to_numpy()
    if ANY not in named:
        owners = owners[pc.is_in(flat, pa.array(sorted(named))).to_numpy(False)]
    found = np.zeros(len(flags), bool)
    found[owners] = True
    return found


def _at_least(values: pa.Array, least: float, *, missing: bool) -> np.ndarray[Any, np.dtype[np.bool_]]:
    # compared as the float32 that they are, so that 0.7 is at least 0.7
    known = pc.greater_equal(values, pa.scalar(least, pa.float32()))
    return np.asarray(known.fill_null(missing).to_numpy(False), bool)
