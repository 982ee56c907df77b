"""What is in a dataset and how good it is, as one page of pictures and tables."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from ..flags import FLAGS
from ..output import new_files
from ..writing import open_dataset
from .charts import Bars, bars, columns
from .figures import Figures, Histogram, figures_of
from .page import page, short_names

_LANGUAGES = {
    "zh": "Chinese",
    "en": "English",
    "other": "other languages",
    "none": "no language (numbers, code, addresses)",
}
_SCRIPTS = {"Hans": "simplified", "Hant": "traditional", "either": "either (the characters don't tell)"}
_KINDS = {"sentence": "Chinese sentences", "embedded": "Chinese words in other text"}
_RUNS = 30


class Drawn(NamedTuple):
    """A chart with what a reader of the page who does not see it gets."""

    title: str
    note: str
    unit: str
    chart: Markup
    rows: list[tuple[str, int, float]]


def write_report(folder: str | Path, out: Path) -> Figures:
    """Write the report on the dataset in ``folder``.

    Args:
        folder: of the dataset.
        out: the page; replaced when the new one is complete.

    Raises:
        UsageError: there is no dataset in the folder, or ``out`` cannot be written.
        StoppedError: the disk is full.
    """
    figures = figures_of(open_dataset(folder))
    text = page(
        "report.html",
        {
            "name": Path(folder).resolve().name,
            "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            **_context(figures),
        },
        styles=["common.css", "report.css"],
        scripts=["theme.js"],
    )
    with new_files(out) as (file,):
        file.write(text)
    return figures


def _context(figures: Figures) -> dict[str, Any]:
    runs = sorted(figures.runs.items(), key=lambda item: (item[1].started, item[0]))
    ranked = [*figures.slowest, *figures.most_mixed]
    uris = [one.source_uri for one in ranked] + [one.example for one in figures.outcomes]
    names = dict(zip(uris, short_names(uris), strict=True))
    return {
        "figures": figures,
        "tiles": _tiles(figures),
        "statuses": _named("Documents by status", "", "documents", figures.statuses),
        "formats": _named("Formats", "", "documents", figures.formats),
        "encodings": _named("Encodings", "As found in the documents, not assumed.", "documents", figures.encodings),
        "languages": _named(
            "Language mix",
            "Characters by the language of their sentence.",
            "characters",
            figures.language_characters,
            _LANGUAGES,
        ),
        "scripts": _named("Script of the Chinese", "", "pairs", figures.scripts, _SCRIPTS),
        "cmi": _intervals(
            "Code-mixing of the documents",
            "CMI (Gambäck & Das 2014): 0 is one language only; 50 is half and half.",
            "documents",
            figures.cmi,
        ),
        "zh_lengths": _intervals("Chinese sentences by length", "In characters.", "sentences", figures.zh_lengths),
        "en_lengths": _intervals("Their English by length", "In tokens.", "sentences", figures.en_lengths),
        "flags": _named(
            "Flags",
            "A pair can carry several.",
            "pairs",
            figures.flags,
            {name: name.replace("_", " ") for name in FLAGS},
            figures.pairs,
        ),
        "meanings": {name.replace("_", " "): meaning for name, meaning in FLAGS.items()},
        "quality": _intervals("Estimated quality", "0 to 1.", "pairs", figures.quality),
        "scores": _intervals(
            "The model's own score",
            "Mean log-probability of its tokens; near 0 it was sure. Lower than −2 counts as −2.",
            "pairs",
            figures.scores,
        ),
        "similarity": _intervals("How sure the author pairs are", "0 to 1.", "pairs", figures.similarity),
        "origins": _named("Where the English comes from", "", "pairs", figures.origins),
        "kinds": _named("Kinds of pairs", "", "pairs", figures.kinds, _KINDS),
        "models": sorted(figures.models.values(), key=lambda use: -use.pairs),
        "runs": [
            (started.started.astimezone(UTC).strftime("%Y-%m-%d %H:%M"), run_id, started)
            for run_id, started in runs[-_RUNS:]
        ],
        "more_runs": max(0, len(runs) - _RUNS),
        "names": names,
    }


def _tiles(figures: Figures) -> list[tuple[str, str, str]]:
    """The figures at the top: number, what it counts, a remark."""
    failed = figures.statuses.get("failed", 0)
    translated = figures.pairs - figures.untranslated
    looked_up = figures.memory_hits / figures.pairs if figures.pairs else 0.0
    return [
        (f"{figures.documents:,}", "documents", f"{failed:,} failed" if failed else "none failed"),
        (f"{figures.zh_characters:,}", "Chinese characters", f"{figures.en_words:,} English words beside them"),
        (f"{figures.pairs:,}", "pairs", f"{translated:,} with English"),
        (_percent(figures.flagged, figures.pairs), "flagged", f"{figures.flagged:,} pairs with a doubt, {figures.flags['repaired']:,} mended"),
        (f"{figures.origins['author']:,}", "author pairs", "English the documents had already"),
        (f"{figures.memory_hits:,}", "memory hits", f"{looked_up:.0%} of the pairs came from it"),
    ]  # fmt: skip


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _named(
    title: str,
    note: str,
    unit: str,
    counts: Counter[str],
    names: dict[str, str] | None = None,
    whole: int | None = None,
) -> Drawn | None:
    known = names or {}
    data = [(known.get(name, name), count) for name, count in counts.most_common()]
    return _drawn(title, note, unit, data, whole, lying=True)


def _intervals(title: str, note: str, unit: str, histogram: Histogram) -> Drawn | None:
    return _drawn(title, note, unit, histogram.bars(), None, lying=False)


def _drawn(title: str, note: str, unit: str, data: Bars, whole: int | None, *, lying: bool) -> Drawn | None:
    """A chart; None where there is nothing to draw."""
    total = sum(count for _, count in data) if whole is None else whole
    if not any(count for _, count in data):
        return None
    chart = (bars if lying else columns)(data)
    return Drawn(title, note, unit, chart, [(name, count, count / total) for name, count in data])
