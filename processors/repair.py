"""From sentences to checked translations: translate, check, and give a flagged answer its second try."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .checks import FLAGS, flags_of
from .detection.characters import HAN
from .detection.script import simplified
from .records import Hypothesis
from .settings import CheckSettings
from .translation import Engine, Progress

_WEIGHT = {
    "empty": 10.0,
    "echo": 6.0,
    "untranslated_han": 5.0,
    "repetition": 5.0,
    "truncated": 4.0,
    "length_ratio": 2.0,
}
"""How bad a flag is when two hypotheses are compared; 1 for those not named."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A sentence's English with what is known of it. ``text`` is None where there is none (flag ``empty``)."""

    text: str | None
    score: float | None
    flags: tuple[str, ...]
    engine: str
    model: str


_break = re.compile(r"(?<![ \t])[ \t]*+[\r\n\v\f\u2028\u2029]\s*+(?:>[ \t]?)*+")
_break_in_chinese = re.compile(rf"(?<=[{HAN}，。！？；：、”」]){_break.pattern}(?=[{HAN}“「（])")


def model_input(chinese: str) -> str:
    """What the model sees of a sentence: simplified characters on one line.

    A line break of the typesetting (with the marks of a quoted line) between Chinese characters is nothing, elsewhere
    it is a space like any run of white space.
    """
    return simplified(" ".join(_break.sub(" ", _break_in_chinese.sub("", chinese)).split()))


def translate_checked(
    sentences: Sequence[str], engine: Engine, settings: CheckSettings, progress: Progress | None = None
) -> list[Translation]:
    """A translation for each sentence, in the same order; identical sentences are translated once.

    Each is checked. What is flagged gets one second try, where the engine has one, and the better of the two stays;
    a second try that mends all faults is flagged ``repaired``.
    """
    sources = list(dict.fromkeys(model_input(sentence) for sentence in sentences))
    first = dict(zip(sources, engine.translate(sources, progress), strict=True))
    flags = {source: flags_of(source, hypothesis, settings) for source, hypothesis in first.items()}
    faulty = [source for source in sources if flags[source]]
    second = engine.retry(faulty) if faulty else None
    best = {source: _translation(first[source], flags[source], engine) for source in sources}
    for source, hypothesis in zip(faulty, second or (), strict=second is not None):
        again = flags_of(source, hypothesis, settings)
        if _badness(again) < _badness(flags[source]):
            marked = tuple(flag for flag in FLAGS if flag in again or (flag == "repaired" and not again))
            best[source] = _translation(hypothesis, marked, engine)
    return [best[model_input(sentence)] for sentence in sentences]


def _badness(flags: tuple[str, ...]) -> float:
    return sum(_WEIGHT.get(flag, 1.0) for flag in flags)


def _translation(hypothesis: Hypothesis, flags: tuple[str, ...], engine: Engine) -> Translation:
    empty = "empty" in flags
    return Translation(
        text=None if empty else hypothesis.text,
        score=None if empty else hypothesis.score,
        flags=flags,
        engine=engine.name,
        model=engine.model,
    )
