"""Checked translations: what a model sees of a sentence, and the better of its two tries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .checks import flags_of
from .detection.characters import HAN
from .detection.script import simplified
from .records import Hypothesis
from .settings import CheckSettings

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
    """A sentence's English with what is known of it. ``text`` is None where there is none (flag ``empty``).

    ``origin`` is ``memory`` where a person translated it; then there is no engine, model or score.
    """

    text: str | None
    score: float | None
    flags: tuple[str, ...]
    engine: str | None
    model: str | None
    origin: Literal["machine", "memory"] = "machine"
    remembered: bool = False
    """It was in the translation memory, from an earlier document."""


_break = re.compile(r"(?<![ \t])[ \t]*+[\r\n\v\f\u2028\u2029]\s*+(?:>[ \t]?)*+")
_break_in_chinese = re.compile(rf"(?<=[{HAN}，。！？；：、”」]){_break.pattern}(?=[{HAN}“「（])")


def model_input(chinese: str) -> str:
    """What the model sees of a sentence: simplified characters on one line.

    A line break of the typesetting (with the marks of a quoted line) between Chinese characters is nothing, elsewhere
    it is a space like any run of white space.
    """
    return simplified(" ".join(_break.sub(" ", _break_in_chinese.sub("", chinese)).split()))


def checked(
    source: str,
    first: Hypothesis,
    flags: tuple[str, ...],
    second: Hypothesis | None,
    settings: CheckSettings,
    *,
    engine: str,
    model: str,
) -> Translation:
    """The better of two tries at a sentence (as the model saw it), with its flags; ``flags`` are those of the first.

    The second is better where its faults weigh less; where it has none at all it is flagged ``repaired``.
    """
    hypothesis = first
    if flags and second is not None:
        again = flags_of(source, second, settings)
        if _badness(again) < _badness(flags):
            hypothesis = second
            flags = again or ("repaired",)
    empty = "empty" in flags
    return Translation(
        text=None if empty else hypothesis.text,
        score=None if empty else hypothesis.score,
        flags=flags,
        engine=engine,
        model=model,
    )


def _badness(flags: tuple[str, ...]) -> float:
    return sum(_WEIGHT.get(flag, 1.0) for flag in flags)
