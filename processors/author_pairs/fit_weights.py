"""Fits ``weights.json`` to labelled examples: ``python -m duiyi.processors.author_pairs.fit_weights FILE.tsv...``.

A line of such a file is ``genre<TAB>Chinese<TAB>its English<TAB>a text of like length and topic that is not``, the last two
being a pair and a hard non-pair; a file with two columns (Chinese, English) gives pairs. More examples are made of them:
passages of two and three sentences, the English of another example of the genre, and pairs with a number (of a list, a
year) on one side only. Both classes count the same, so that the intercept is for even odds.
Logistic regression with a ridge, by Newton's method.
"""

from __future__ import annotations

import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..dictionary.lexicon import lexicon
from .concepts import NAMES
from .profiles import Commonness, chinese_passage, english_passage
from .scoring import FEATURES, features

Example = tuple[str, str, bool]
RIDGE = 50.0
SMOOTHING = 3.0
SOFTENING, FREEDOM = 1.0, 2.4
"""The examples are truer to the word than most authors are: the odds are drawn together and raised by so much, which makes
them probabilities on text of others (two numbers, set on one half of a development set and checked on the other)."""


def labelled(paths: Sequence[Path]) -> dict[str, list[tuple[str, str, str | None]]]:
    """Genre → (Chinese, English, non-pair)."""
    genres: dict[str, list[tuple[str, str, str | None]]] = defaultdict(list)
    for path in paths:
        genre = path.stem
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("#"):
                genre = line
                continue
            cells = line.split("\t")
            if len(cells) == 2:
                genres[genre].append((cells[0], cells[1], None))
            else:
                genres[cells[0]].append((cells[1], cells[2], cells[3]))
    return genres


def examples(rows: Sequence[tuple[str, str, str | None]], chosen: random.Random) -> Iterator[Example]:
    """The pairs and non-pairs that a genre's rows give."""
    for index, (zh, en, near) in enumerate(rows):
        yield zh, en, True
        if index % 15 == 0:
            yield f"{index % 9 + 1}. {zh}", en, True
        if index % 20 == 0:
            yield zh, f"{en} ({2000 + index})", True
        others = [other[1] for place, other in enumerate(rows) if place != index]
        for other in chosen.sample(others, min(3, len(others))):
            yield zh, other, False
        if near is not None:
            yield zh, near, False
    for width in (2, 3):
        for first in range(0, len(rows) - width, width):
            group = rows[first : first + width]
            zh = "".join(row[0] for row in group)
            yield zh, " ".join(row[1] for row in group), True
            wrong = rows[(first + 2 * width) % (len(rows) - width) :][:width]
            if not set(wrong) & set(group):
                yield zh, " ".join(row[1] for row in wrong), False


def fit(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights, the intercept first."""
    mass = np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum()) * len(labels)
    design = np.hstack([np.ones((len(rows), 1)), rows])
    found = np.zeros(design.shape[1])
    ridge = RIDGE * np.eye(len(found))
    ridge[0, 0] = 1e-6
    for _ in range(50):
        chance = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (mass * (labels - chance)) - ridge @ found
        curvature = (design.T * (mass * chance * (1 - chance))) @ design + ridge
        found += np.linalg.solve(curvature, gradient)
    return found


def concept_ratios(pairs: Sequence[tuple[int, int]]) -> tuple[tuple[float, float, float], ...]:
    """What each concept tells, counted on pairs (bit masks of either side) against chance, smoothed."""
    found = []
    for place in range(len(NAMES)):
        sides = [(zh >> place & 1, en >> place & 1) for zh, en in pairs]
        zh_share = (sum(zh for zh, _ in sides) + 1) / (len(sides) + 2)
        en_share = (sum(en for _, en in sides) + 1) / (len(sides) + 2)
        ratios = []
        for cell, expected in (
            ((1, 1), zh_share * en_share),
            ((1, 0), zh_share * (1 - en_share)),
            ((0, 1), (1 - zh_share) * en_share),
        ):
            by_chance = expected * len(sides)
            ratios.append(round(float(np.log((sides.count(cell) + SMOOTHING) / (by_chance + SMOOTHING))), 3))
        found.append((ratios[0], ratios[1], ratios[2]))
    return tuple(found)


def feature_rows(
    paths: Sequence[Path],
) -> tuple[np.ndarray, np.ndarray, tuple[tuple[float, float, float], ...]]:
    """Features and labels of all examples; each once as a document of its own and once inside one of its genre."""
    chosen = random.Random(1)  # noqa: S311 - examples, not secrets
    words = lexicon()
    rows: list[tuple[float, ...]] = []
    labels: list[bool] = []
    genres = labelled(paths)
    told = concept_ratios(
        [
            (chinese_passage(zh, words).concepts, english_passage(en).concepts)
            for genre in genres.values()
            for zh, en, _ in genre
        ]
    )
    for genre in genres.values():
        together = Commonness(
            [chinese_passage(row[0], words) for row in genre], [english_passage(row[1]) for row in genre], words
        )
        for zh, en, label in examples(genre, chosen):
            sides = chinese_passage(zh, words), english_passage(en)
            for common in (together, Commonness(sides[:1], sides[1:], words)):
                rows.append(features(*sides, common, told))
                labels.append(label)
    return np.array(rows), np.array(labels), told


def main(paths: Sequence[Path]) -> None:
    """Write the file beside this one, and say how well the examples are told apart."""
    rows, labels, told = feature_rows(paths)
    found = fit(rows, labels)
    odds = found[0] + rows @ found[1:]
    print(f"{len(labels)} examples, {labels.sum()} pairs; right at even odds: {np.mean((odds > 0) == labels):.3f}")
    stored = {
        "intercept": round(SOFTENING * float(found[0]) + FREEDOM, 4),
        "weights": {
            name: round(SOFTENING * float(weight), 4) for name, weight in zip(FEATURES, found[1:], strict=True)
        },
        "concepts": dict(zip(NAMES, told, strict=True)),
    }
    Path(__file__).with_name("weights.json").write_text(json.dumps(stored) + "\n", "utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
