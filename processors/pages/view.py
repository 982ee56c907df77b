"""The parallel text of a dataset side by side, as one page that can be searched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from ..flags import FLAGS
from ..output import new_files
from ..records import ORIGINS
from ..writing import open_dataset
from .page import page, short_names

_COLUMNS = (
    "doc_id pair_id kind origin zh zh_start zh_end zh_script zh_tokens en en_tokens engine model score similarity"
    " quality flags word_alignment"
).split()
_BATCH_ROWS = 8192

_text_and_digits = re.compile(r"([^0-9]*)([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Viewed:
    """What the page shows."""

    out: Path
    pairs: int
    all_pairs: int
    documents: int
    all_documents: int

    def line(self) -> str:
        """What a person should know of it: how much it shows, and what it leaves out."""
        if self.pairs == self.all_pairs:
            return f"all {self.pairs:,} pairs of {self.documents:,} documents"
        return (
            f"the first {self.pairs:,} of {self.all_pairs:,} pairs, from {self.documents:,} of {self.all_documents:,} "
            "documents; show more with --limit"
        )


def write_view(folder: str | Path, out: Path, limit: int = 20_000) -> Viewed:
    """Write the page: the pairs of the dataset in ``folder``, document by document in the order of their names.

    Args:
        folder: of the dataset.
        out: the page; replaced when the new one is complete.
        limit: most pairs on it; a line on the page and `Viewed.line` say what is left out.

    Raises:
        UsageError: there is no dataset in the folder, or ``out`` cannot be written.
        StoppedError: the disk is full.
    """
    dataset = open_dataset(folder)
    all_pairs = dataset.pairs.count_rows()
    listed = dataset.documents.to_table(columns=["doc_id", "source_uri"])
    # the counts of a document are of the machine's and the author's pairs, not of those that people corrected
    paired: set[str] = set()
    for batch in dataset.pairs.scanner(columns=["doc_id"]).to_batches():
        paired.update(batch["doc_id"].unique().to_pylist())
    documents = sorted(
        ((row["source_uri"], row["doc_id"]) for row in listed.to_pylist() if row["doc_id"] in paired),
        key=lambda document: natural(document[0]),
    )
    shown: list[tuple[str, str]] = []
    columns = _Columns()
    for uri, rows in _in_order(dataset.pairs, documents, limit):
        columns.add(len(shown), rows)
        shown.append((uri, rows[0]["doc_id"]))
    viewed = Viewed(out, len(columns.zh), all_pairs, len(shown), len(documents))
    data = {
        "documents": [
            {"name": name, "uri": uri}
            for name, (uri, _) in zip(short_names([uri for uri, _ in shown]), shown, strict=True)
        ],
        "flags": list(FLAGS.items()),
        "origins": ORIGINS,
        "models": list(columns.models),
        "rows": columns.as_json(),
    }
    text = page(
        "view.html",
        {
            "name": Path(folder).resolve().name,
            "viewed": viewed,
            "has_quality": any(value is not None for value in columns.quality),
        },
        styles=["common.css", "view.css"],
        scripts=["theme.js", "view.js"],
        data=data,
    )
    with new_files(out) as (file,):
        file.write(text)
    return viewed


def natural(name: str) -> list[tuple[str, int]]:
    """A key that sorts ``post 9`` before ``post 10``."""
    return [(text, int(digits or -1)) for text, digits in _text_and_digits.findall(name)]


def _in_order(
    pairs: pads.Dataset, documents: Sequence[tuple[str, str]], limit: int
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The pairs of each document in turn, ``limit`` in all. Reads the whole rows of no more documents than it gives."""
    count: Counter[str] = Counter()
    for batch in pairs.scanner(columns=["doc_id"]).to_batches():
        numbers = batch.column("doc_id").value_counts()
        count.update(dict(zip(numbers.field("values").to_pylist(), numbers.field("counts").to_pylist(), strict=True)))
    wanted: list[str] = []
    left = limit
    for _, doc_id in documents:
        if left <= 0:
            break
        wanted.append(doc_id)
        left -= count[doc_id]
    chosen = pc.field("doc_id").isin(pa.array(wanted, pa.string()))
    found: dict[str, list[dict[str, Any]]] = {}
    for batch in pairs.scanner(columns=_COLUMNS, filter=chosen, batch_size=_BATCH_ROWS).to_batches():
        for row in batch.to_pylist():
            found.setdefault(row["doc_id"], []).append(row)
    left = limit
    for uri, doc_id in documents[: len(wanted)]:
        rows = found.get(doc_id, [])[:left]
        left -= len(rows)
        if rows:
            yield uri, rows


class _Columns:
    """The page's rows, column by column, as small as they go: the page has twenty thousand."""

    def __init__(self) -> None:
        self.models: dict[str, int] = {}
        self.zh: list[str] = []
        self.quality: list[float | None] = []
        self._bits = {flag: 1 << number for number, flag in enumerate(FLAGS)}
        self._others: dict[str, list[Any]] = {
            name: []
            for name in "doc en id embedded origin script zt et align flags model score similarity start end".split()
        }

    def add(self, document: int, rows: Sequence[dict[str, Any]]) -> None:
        """Add a document's rows."""
        for row in rows:
            chinese, english = row["zh"], row["en"]
            self.zh.append(chinese)
            self.quality.append(_rounded(row["quality"]))
            model = None if row["model"] is None else self.models.setdefault(row["model"], len(self.models))
            values = {
                "doc": document,
                "en": english,
                "id": row["pair_id"],
                "embedded": int(row["kind"] == "embedded"),
                "origin": ORIGINS.index(row["origin"]),
                "script": row["zh_script"],
                "zt": _spans(chinese, row["zh_tokens"]),
                "et": _spans(english, row["en_tokens"]),
                "align": " ".join(f"{link['zh']} {link['en']}" for link in row["word_alignment"] or ()),
                "flags": sum(self._bits.get(flag, 0) for flag in set(row["flags"])),
                "model": model,
                "score": _rounded(row["score"]),
                "similarity": _rounded(row["similarity"]),
                "start": row["zh_start"],
                "end": row["zh_end"],
            }
            for name, value in values.items():
                self._others[name].append(value)

    def as_json(self) -> dict[str, list[Any]]:
        """The columns; one in which nothing is known is left out."""
        columns: dict[str, list[Any]] = {"zh": self.zh, "quality": self.quality, **self._others}
        return {name: values for name, values in columns.items() if any(value not in {None, ""} for value in values)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _spans(text: str | None, tokens: Sequence[str] | None) -> str:
    """Where the tokens stand in the text, as a browser counts: how many UTF-16 units to skip, how many to take, and so on.

    Empty where they don't stand there.
    """
    numbers: list[int] = []
    at = 0
    for token in tokens or ():
        found = (text or "").find(token, at)
        if found < 0:
            return ""
        numbers += _units((text or "")[at:found]), _units(token)
        at = found + len(token)
    return " ".join(map(str, numbers))


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
