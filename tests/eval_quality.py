"""Fits the weights of ``quality`` and shows how well they hold: ``python tests/eval_quality.py [LINES] [--known] [--write]``.

Lines of WMT22 zh→en (``DUIYI_EVAL_DIR/wmt22-zh-en``) are translated once by the installed language model (its memory is
used; ``--known``: only lines that it has) and compared with both references; every other line fits the weights, the rest
shows expected and real chrF. Needs ``pip install sacrebleu``, which is no dependency.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from duiyi.processors.memory import open_memory
from duiyi.processors.memory.model import RememberedModel
from duiyi.processors.models import find_model
from duiyi.processors.quality import FEATURES, features_of
from duiyi.processors.repair import judged, model_input
from duiyi.processors.settings import load_settings

WEIGHTS = Path(__file__).parent.parent / "processors" / "quality.json"
RIDGE = 1.0
BINS = 5


class Judged(NamedTuple):
    """One line: its features and the chrF of its translation, 0 to 1."""

    features: tuple[float, ...]
    chrf: float


def judged_lines(folder: Path, count: int, *, known: bool) -> list[Judged]:
    """Translations of ``count`` lines (the same ones every time) with their features and chrF."""
    from sacrebleu.metrics import CHRF

    sources, *references = (
        next(folder.glob(pattern)).read_text("utf-8").split("\n")
        for pattern in ("*.src.zh", "*.ref.A.en", "*.ref.B.en")
    )
    chosen = sorted(random.Random(400).sample(range(len(sources) - 1), 400))[:count]  # noqa: S311 - a sample
    settings = load_settings(overrides={"translation": {"engine": "llm"}})
    metric = CHRF()
    found = []
    with open_memory(settings.memory, print) as memory:
        installed = find_model("llm", settings.models)
        model = RememberedModel(installed, memory, settings.translation, since=0.0, say=print)
        inputs = {number: model_input(sources[number]) for number in chosen}
        wanted = dict.fromkeys(inputs.values(), ())
        said = model.known(wanted) if known else model.first(wanted)
        for number, source in inputs.items():
            if source not in said:
                continue
            one = judged(source, said[source], (), settings.checks, engine="llm", model=model.identity.model)
            best = max(metric.sentence_score(one.hypothesis.text, [lines[number]]).score for lines in references)
            found.append(Judged(features_of(source, one.hypothesis, one.measures), best / 100))
    return found


def fit(lines: list[Judged]) -> npt.NDArray[np.float64]:
    """Intercept and weights by ridge regression (the intercept is free)."""
    inputs = np.array([(1.0, *line.features) for line in lines])
    penalty = RIDGE * np.eye(inputs.shape[1])
    penalty[0, 0] = 0
    return np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ np.array([line.chrf for line in lines]))


def expected(lines: list[Judged], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The chrF that the weights expect of each line."""
    return np.clip(np.array([(1.0, *line.features) for line in lines]) @ weights, 0, 1)


def main() -> None:
    """Fit on one half, show the other, and with ``--write`` keep weights fitted on the first half."""
    counts = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    lines = judged_lines(
        Path(os.environ["DUIYI_EVAL_DIR"]) / "wmt22-zh-en", counts[0] if counts else 400, known="--known" in sys.argv
    )
    fitted_on, held = lines[::2], lines[1::2]
    weights = fit(fitted_on)
    guess, real = expected(held, weights), np.array([line.chrf for line in held])
    correlation = float(np.corrcoef(guess, real)[0, 1])
    order = np.argsort(guess)
    print("| expected chrF | lines | mean expected | mean real |\n| --- | --- | --- | --- |")
    error = 0.0
    for part in np.array_split(order, BINS):
        low, high, mean, truth = guess[part].min(), guess[part].max(), guess[part].mean(), real[part].mean()
        error += abs(mean - truth) * len(part) / len(order)
        print(f"| {low:.2f} to {high:.2f} | {len(part)} | {mean:.3f} | {truth:.3f} |")
    print(
        f"\nfitted on {len(fitted_on)} lines, shown on {len(held)}: correlation {correlation:.2f}, mean calibration error "
        f"{error:.3f}, mean absolute error {np.abs(guess - real).mean():.3f} (always saying the mean: "
        f"{np.abs(real - real.mean()).mean():.3f})"
    )
    if "--write" in sys.argv:
        kept = {name: round(float(weight), 5) for name, weight in zip(("intercept", *FEATURES), weights, strict=True)}
        content = {
            "meaning": "expected chrF (0 to 1) against the nearer of two references; see quality.py",
            "fitted": f"by tests/eval_quality.py on {len(fitted_on)} lines of WMT22 zh-en",
            "weights": {"llm": kept},
        }
        WEIGHTS.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
