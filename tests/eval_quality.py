"""Fits the weights of ``quality`` and shows how well they hold: ``python tests/eval_quality.py [LINES] [--known] [--write]``.

Lines of WMT22 zh→en (``DUIYI_EVAL_DIR/wmt22-zh-en``) are translated once by the installed language model (its memory is
used; ``--known``: only lines that it has) and compared with both references; every other line fits the weights, the rest
shows expected and real chrF. The weights of Argos are fitted on the published systems' answers beside the language model's, without
the log-probability.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from duiyi.processors.memory import open_memory
from duiyi.processors.memory.model import RememberedModel
from duiyi.processors.models import find_model
from duiyi.processors.quality import FEATURES, features_of
from duiyi.processors.records import Hypothesis
from duiyi.processors.repair import judged, model_input
from duiyi.processors.settings import Settings, load_settings

WEIGHTS = Path(__file__).parent.parent / "processors" / "quality.json"
RIDGE = 1.0
BINS = 5


class Judged(NamedTuple):
    """One line: its features and the chrF of its translation, 0 to 1."""

    features: tuple[float, ...]
    chrf: float


class Lines(NamedTuple):
    """The chosen lines of the set, each as a model sees it, with the references and the published systems' answers."""

    sources: list[str]
    references: list[list[str]]
    systems: dict[str, list[str]]


def chosen_lines(folder: Path, count: int) -> Lines:
    """``count`` lines, the same ones every time."""
    chinese = next(folder.glob("*.src.zh")).read_text("utf-8").removesuffix("\n").split("\n")
    chosen = sorted(random.Random(400).sample(range(len(chinese)), min(count, len(chinese))))  # noqa: S311 - a sample

    def read(path: Path) -> list[str]:
        lines = path.read_text("utf-8").split("\n")
        return [lines[number] for number in chosen]

    return Lines(
        [model_input(chinese[number]) for number in chosen],
        [read(path) for path in sorted(folder.glob("*.ref.*.en"))],
        {path.name.split(".hyp.")[1].removesuffix(".en"): read(path) for path in sorted(folder.glob("*.hyp.*.en"))},
    )


def of_the_model(lines: Lines, *, known: bool) -> list[Judged]:
    """The language model's first answers."""
    settings = load_settings(overrides={"translation": {"engine": "llm"}})
    with open_memory(settings.memory, print) as memory:
        installed = find_model("llm", settings.models)
        model = RememberedModel(installed, memory, settings.translation, since=0.0, say=print)
        wanted = dict.fromkeys(lines.sources, ())
        said = model.known(wanted) if known else model.first(wanted)
    return judged_lines(lines, said, settings)


def of_a_system(lines: Lines, system: str) -> list[Judged]:
    """A published system's answers, which have no log-probability."""
    answers = {
        source: Hypothesis(said, None) for source, said in zip(lines.sources, lines.systems[system], strict=True)
    }
    return judged_lines(lines, answers, load_settings())


def judged_lines(lines: Lines, said: Mapping[str, Hypothesis], settings: Settings) -> list[Judged]:
    """The lines that have an answer, with their features and chrF."""
    from sacrebleu.metrics import CHRF

    metric = CHRF()
    found = []
    for source, *references in zip(lines.sources, *lines.references, strict=True):
        if source not in said:
            continue
        one = judged(source, said[source], (), settings.checks, engine="llm", model="")
        best = max(metric.sentence_score(one.hypothesis.text, [reference]).score for reference in references)
        found.append(Judged(features_of(source, one.hypothesis, one.measures), best / 100))
    return found


def fit(lines: Sequence[Judged], left_out: frozenset[str] = frozenset()) -> dict[str, float]:
    """Intercept and weights by ridge regression (the intercept is free)."""
    names = [name for name in FEATURES if name not in left_out]
    inputs = inputs_of(lines, names)
    penalty = RIDGE * np.eye(inputs.shape[1])
    penalty[0, 0] = 0
    weights = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ np.array([line.chrf for line in lines]))
    return {name: round(float(weight), 5) for name, weight in zip(("intercept", *names), weights, strict=True)}


def inputs_of(lines: Sequence[Judged], names: Sequence[str]) -> npt.NDArray[np.float64]:
    """A row a line: 1, then its features of these names."""
    places = [FEATURES.index(name) for name in names]
    return np.array([(1.0, *(line.features[place] for place in places)) for line in lines])


def show(title: str, weights: dict[str, float], held: Sequence[Judged]) -> None:
    """Print expected and real chrF of lines that the weights were not fitted on."""
    _, *names = weights
    guess = np.clip(inputs_of(held, names) @ np.array(list(weights.values())), 0, 1)
    real = np.array([line.chrf for line in held])
    correlation = float(np.corrcoef(guess, real)[0, 1])
    order = np.argsort(guess)
    print(f"\n{title}\n\n| expected chrF | lines | mean expected | mean real |\n| --- | --- | --- | --- |")
    error = 0.0
    for part in np.array_split(order, BINS):
        low, high, mean, truth = guess[part].min(), guess[part].max(), guess[part].mean(), real[part].mean()
        error += abs(mean - truth) * len(part) / len(order)
        print(f"| {low:.2f} to {high:.2f} | {len(part)} | {mean:.3f} | {truth:.3f} |")
    print(
        f"\nshown on {len(held)} answers: correlation {correlation:.2f}, mean calibration error "
        f"{error:.3f}, mean absolute error {np.abs(guess - real).mean():.3f} (always saying the mean: "
        f"{np.abs(real - real.mean()).mean():.3f})"
    )


def main() -> None:
    """Fit on one half of the lines, show the other, and with ``--write`` keep the weights."""
    counts = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    lines = chosen_lines(Path(os.environ["DUIYI_EVAL_DIR"]) / "wmt22-zh-en", counts[0] if counts else 400)
    model = of_the_model(lines, known="--known" in sys.argv)
    systems = {name: of_a_system(lines, name) for name in lines.systems}
    own = fit(model[::2])
    other = fit([*model[::2], *(line for found in systems.values() for line in found[::2])], frozenset({"score"}))
    show("the language model", own, model[1::2])
    show("the language model, by the weights of Argos", other, model[1::2])
    for name, found in systems.items():
        show(f"{name}, by the weights of Argos", other, found[1::2])
    if "--write" in sys.argv:
        content = {
            "meaning": "expected chrF (0 to 1) against the nearer of two references; see quality.py",
            "fitted": f"by tests/eval_quality.py on {len(model[::2])} lines of WMT22 zh-en",
            "weights": {"llm": own, "argos": other},
        }
        WEIGHTS.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
