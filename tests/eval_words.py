"""``make eval-words``: word alignment on our gold set, beside the diagonal and, where the tests' Argos package knows the pairs, attention.

Figures as in Och & Ney 2003 ("A Systematic Comparison of Various Statistical Alignment Models"): precision over sure and possible
links, recall over the sure ones, and the alignment error rate. The half ``held`` was not looked at while tuning.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from duiyi.processors.word_alignment import align_words
from duiyi.processors.word_alignment.attention import Link, links_from_attention

GOLD = Path(__file__).parent / "gold" / "word_alignment.jsonl"
Aligner = Callable[[list[str], list[str]], Iterable[Link]]


class Figures(NamedTuple):
    """Shares from 0 to 1."""

    error_rate: float
    precision: float
    recall: float


def gold(split: str | None = None) -> list[dict[str, Any]]:
    """The labelled pairs, all or those of one part: ``dev``, ``held``, or ``tiny`` (what the tests' Argos package was taught)."""
    rows = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()]
    return [row for row in rows if split in {None, row["split"]}]


def attention_of_tiny_package(rows: list[dict[str, Any]]) -> Aligner:
    """The aligner by the attention of the tests' Argos package, over these pairs."""
    with tempfile.TemporaryDirectory(prefix="duiyi-eval-words-") as folder:
        # Argos makes its folders where these say, at its import
        os.environ |= {f"XDG_{name}_HOME": f"{folder}/{name.lower()}" for name in ("DATA", "CONFIG", "CACHE")}
        os.environ["ARGOS_PACKAGES_DIR"] = f"{folder}/packages"
        with zipfile.ZipFile(GOLD.parents[1] / "models" / "translate-zh_en-tiny.argosmodel") as archive:
            archive.extractall(f"{folder}/packages")
        from duiyi.processors.models import find_model
        from duiyi.processors.settings import Settings
        from duiyi.processors.translation.argos import ArgosEngine

        settings = Settings()
        engine = ArgosEngine(find_model("argos", settings.models), settings.translation)
        found = engine.attention([(row["zh"], row["en"]) for row in rows])
    looked = {row["zh"]: one for row, one in zip(rows, found, strict=True)}
    return lambda zh, en: links_from_attention(zh, en, looked["".join(zh)]) or ()


def diagonal(zh: list[str], en: list[str]) -> list[Link]:
    """Each Chinese token with the English one as far into the sentence."""
    return [(i, min(len(en) - 1, int((i + 0.5) / len(zh) * len(en)))) for i in range(len(zh))] if en else []


def figures(rows: Iterable[dict[str, Any]], aligner: Aligner) -> Figures:
    """Over all links of the pairs together."""
    made = sure = right_sure = right = 0
    for row in rows:
        wanted = {(i, j) for i, j in row["sure"]}
        allowed = wanted | {(i, j) for i, j in row["possible"]}
        links = set(aligner(row["zh_tokens"], row["en_tokens"]))
        made += len(links)
        sure += len(wanted)
        right_sure += len(links & wanted)
        right += len(links & allowed)
    return Figures(1 - (right_sure + right) / (made + sure), right / made, right_sure / sure)


def main(split: str | None) -> None:
    """Print the table."""
    print(f"{'pairs':<20}{'':>6}  {'aligner':<10}{'AER':>7}{'precision':>11}{'recall':>8}")
    for name, rows in {
        "all": [row for row in gold(split) if row["split"] != "tiny"],
        "literal English": [row for row in gold(split) if row["english"] == "literal"],
        "free English": [row for row in gold(split) if row["english"] == "free" and row["split"] != "tiny"],
        "tests' package": [row for row in gold(split) if row["split"] == "tiny"],
    }.items():
        if not rows:
            continue
        aligners: dict[str, Aligner] = {"ours": align_words, "diagonal": diagonal}
        if name.startswith("tests"):
            aligners["attention"] = attention_of_tiny_package(rows)
        for label, aligner in aligners.items():
            found = figures(rows, aligner)
            print(
                f"{name:<20}{len(rows):>6}  {label:<10}{found.error_rate:>7.3f}{found.precision:>11.3f}{found.recall:>8.3f}"
            )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
