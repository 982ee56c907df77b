"""Quality estimation without a reference: how near a translation probably is to what a professional would write.

``quality`` is the chrF (Popović 2015; 0 to 1 here) that a translation is expected to reach against the nearer of two
references: a linear model over cheap figures, after the black-box and glass-box features of Specia et al. 2018 ("Quality
Estimation for Machine Translation"). Most is told by the mean log-probability (Fomicheva et al. 2020, "Unsupervised
quality estimation for neural machine translation") and by how many of the source's words the dictionary finds in the English. It
says how good translations *like this one* were on average; two translations of 0.45 and 0.50 may well be the other way
round. Flags are decisions of their own and not part of it.

The weights stand in ``quality.json``; ``tests/eval_quality.py`` fits them and shows how well they hold on lines they
were not fitted on. Those of the language model are fitted on its own answers; those of Argos, whose packages differ and whose
log-probabilities are another scale, on the answers of other systems and without the log-probability.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from importlib import resources

from .checks import Measures
from .detection.characters import HAN
from .dictionary.coverage import covered_share
from .records import Hypothesis

FEATURES = ("score", "log_length", "latin_share", "length_off", "untranslated", "no_answer", "covered")
_han = re.compile(f"[{HAN}]")
_latin = re.compile("[A-Za-z0-9]")


def features_of(source: str, hypothesis: Hypothesis, found: Measures) -> tuple[float, ...]:
    """The figures that the estimate is made of, in the order of `FEATURES`.

    The mean log-probability; the logarithm of the source's length in characters; the share of its characters that are
    Latin letters and digits; by how many standard deviations the length is not as expected; the share of the source's Chinese
    that is left; whether there is no answer at all; the share of the source's words that the dictionary finds in the answer.
    """
    score = -2.0 if hypothesis.score is None else max(hypothesis.score, -2.0)
    chinese = max(len(_han.findall(source)), 1)
    return (
        score,
        math.log(max(len(source), 1)),
        len(_latin.findall(source)) / max(len(source), 1),
        min(abs(found.length), 6.0),
        min(found.han / chinese, 1.0),
        float(found.meta or found.empty),
        covered_share(source, hypothesis.text),
    )


@cache
def _weights() -> dict[str, dict[str, float]]:
    packaged = resources.files(__package__) / "quality.json"
    found: dict[str, dict[str, float]] = json.loads(packaged.read_text("utf-8"))["weights"]
    return found


def quality_of(source: str, hypothesis: Hypothesis, found: Measures, engine: str) -> float | None:
    """The expected chrF of a machine translation, 0 to 1; None for an engine whose weights were not fitted, and for what no model scored."""
    weights = _weights().get(engine)
    if weights is None or hypothesis.score is None:
        return None
    figures = dict(zip(FEATURES, features_of(source, hypothesis, found), strict=True))
    estimate = sum(weight * figures.get(name, 1.0) for name, weight in weights.items())  # the intercept is no feature
    return min(max(estimate, 0.0), 1.0)
