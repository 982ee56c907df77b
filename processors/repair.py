"""Repair: what a model sees of a sentence, how a sentence is taken apart for another try, and which of several tries is the best.

The ladder itself, rung by rung, is climbed by `memory.ladder`, which asks the memory and the models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Literal, NamedTuple
from unicodedata import normalize

from .answers import plain_answer
from .checks import FAULTS, Measures, decide, han_left, length_deviation, measure, word_count
from .detection.characters import BOPOMOFO, HAN, has_han
from .detection.script import simplified
from .dictionary.coverage import lost_names, name_alone
from .glossary import Found, Term, is_in_terms
from .numbers import english_numbers, plain_digits, with_plain_years
from .protection import protected_spans
from .quality import quality_of
from .records import Hypothesis
from .settings import CheckSettings

_WEIGHT = {
    "empty": 10.0,
    "echo": 6.0,
    "untranslated_han": 5.0,
    "repetition": 5.0,
    "meta_answer": 6.0,
    "truncated": 4.0,
    "term_missed": 2.0,
    "guest_missing": 1.5,
    "length_ratio": 2.0,
    "low_score": 0.1,
}
"""How bad a flag is when two hypotheses are compared; 1 for those not named."""
_WORTH = 0.06
"""How much quality (expected chrF) may be lost to get rid of a flag of badness 1: no invented date is mended by another story."""
_NAME = 0.02
"""How much more may be lost for a name that the dictionary knows (0.03 chrF more on WMT22; 0.04 would be none). That it is lacking is no
fault: a pronoun may stand for it."""
_FULLNESS = 0.2
"""What the logarithm of an answer's length is worth beside others with the same faults: models of this size leave out more than they add
(measured when choosing between two prompts' answers on 400 lines of WMT22: 0.2 chrF more, and 0.2 on the other lines; BLEU the same)."""
_AVERAGE = 0.47
"""The quality of a candidate that has no estimate, when it is compared with one that has."""


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
    """It was in the translation memory before this run began, or a person said it."""
    mended: tuple[str, ...] = ()
    """Flags of the first try that this one no longer has."""
    quality: float | None = None
    """The expected chrF, 0 to 1 (`quality.quality_of`); None where it is not estimated, as for what a person translated."""


_break = re.compile(r"(?<![ \t])[ \t]*+[\r\n\v\f\u2028\u2029]\s*+(?:>[ \t]?)*+")
_break_in_chinese = re.compile(rf"(?<=[{HAN}，。！？；：、”」]){_break.pattern}(?=[{HAN}“「（])")


def model_input(chinese: str) -> str:
    """What the model sees of a sentence: simplified characters on one line.

    A line break of the typesetting (with the marks of a quoted line) between Chinese characters is nothing, elsewhere
    it is a space like any run of white space.
    """
    return simplified(" ".join(_break.sub(" ", _break_in_chinese.sub("", chinese)).split()))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One try at a sentence, freed of what is not translation, with its figures and flags."""

    hypothesis: Hypothesis
    measures: Measures
    flags: tuple[str, ...]
    engine: str
    model: str
    quality: float | None
    lost_names: int = 0
    """Names that the dictionary knows, and no term of the user's, and the hypothesis lacks."""

    @property
    def faults(self) -> frozenset[str]:
        """The flags that another try may lack."""
        return FAULTS.intersection(self.flags)

    @property
    def faulty(self) -> bool:
        """Whether it has any."""
        return bool(self.faults)

    @property
    def badness(self) -> float:
        """How bad its flags are together."""
        return sum(_WEIGHT.get(flag, 1.0) for flag in self.flags)

    @property
    def worth(self) -> float:
        """What the estimator thinks of it: its quality, less what its flags and lost names take away."""
        quality = _AVERAGE if self.quality is None else self.quality
        return quality - _WORTH * self.badness - _NAME * self.lost_names


def judged(
    source: str, hypothesis: Hypothesis, terms: Sequence[Term], settings: CheckSettings, *, engine: str, model: str
) -> Candidate:
    """A hypothesis as a candidate for the sentence (as the model saw it)."""
    plain = replace(hypothesis, text=with_plain_years(source, plain_answer(source, hypothesis.text)))
    found = measure(source, plain, terms)
    quality = quality_of(source, plain, found, engine)
    lost = [name for name, _ in lost_names(source, plain.text) if not is_in_terms(name, terms)]
    return Candidate(plain, found, decide(found, settings), engine, model, quality, len(lost))


def best(source: str, candidates: Sequence[Candidate]) -> Candidate:
    """The best of several tries, the first of which is the first try: that of the highest worth, where fuller ones with the same
    faults are worth more; of equals the earlier.

    One that merely leaves out what was wrong with the first is none. Of a name alone it is one that says it, if any does.
    """
    if any(one.lost_names for one in candidates) and name_alone(source):
        candidates = [one for one in candidates if not one.lost_names] or candidates
    first, *others = candidates
    if not others:
        return first
    fit = [one for one in others if not merely_deletes(source, first.hypothesis.text, one.hypothesis.text)]
    likely = max([first, *fit], key=lambda one: one.worth)
    alike = [one for one in (first, *fit) if one.faults == likely.faults]
    return max(alike, key=lambda one: one.worth + _FULLNESS * log(1 + len(one.hypothesis.text)))


def merely_deletes(source: str, first: str, other: str) -> bool:
    """Whether another try has got rid of a fault by saying less.

    That is: it is the first with its Chinese (or other words) left out, or it is three tenths shorter than the first and also shorter
    than the source lets expect.
    """
    words, before = _words(other), _words(first)
    if not words:
        return True
    if han_left(first) and len(words) <= len(before) and _is_part_of(words, before):
        return True
    said = word_count(_chinese.sub(" ", first)) + han_left(first) / 1.5
    return word_count(other) < 0.7 * said and length_deviation(source, other) < -1.5


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _chinese.sub(" ", text.casefold()))


def _is_part_of(words: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(word in rest for word in words)


_chinese = re.compile(f"[{HAN}{BOPOMOFO}]")


def chosen(source: str, candidates: Sequence[Candidate]) -> Translation:
    """The translation that all tries at a sentence together give; ``repaired`` where the first had a fault and the best has none."""
    winner = best(source, candidates)
    flags = winner.flags
    if candidates[0].faulty and not winner.faulty:
        flags = (*flags, "repaired")
    empty = "empty" in flags
    return Translation(
        text=None if empty else winner.hypothesis.text,
        score=None if empty else winner.hypothesis.score,
        flags=flags,
        engine=winner.engine,
        model=winner.model,
        mended=tuple(flag for flag in candidates[0].flags if flag in FAULTS and flag not in flags),
        quality=None if empty else winner.quality,
    )


# What a try is told, and how a sentence is taken apart


def hints_for(found: Measures, source: str, terms: Sequence[Term]) -> tuple[tuple[str, str], ...]:
    """What another try at a sentence, or at a part of it, should be told to say: its terms, and those of its numbers and guests that were
    lost before, each with its English.
    """
    hints = [(term.chinese, term.english) for term in terms]
    hints += english_numbers(source, found.numbers).items()
    hints += [(said, said) for said in sorted(found.guests) if said in normalize("NFKC", source)]
    return tuple(dict.fromkeys(hints))


_clause_end = re.compile(
    rf"(?<!\d)[，、；：,;:](?!\d)[”’」』）)]?|(?<=[{HAN}])\s+(?=[{HAN}【（(])|[。！？!?…]+[”’」』）)]?|[】」』）)](?=[{HAN}])"
)
_in_brackets = re.compile(r"[（(][^（()）]{1,40}[）)]")
_LEAST = 5
"""Chinese characters that a clause must have, to be translated by itself."""


def clauses_of(source: str) -> list[str]:
    """The clauses of a sentence, each with its mark; the sentence itself where it has but one."""
    protected = [(span.start, span.end) for span in protected_spans(source)]
    protected += [(found.start(), found.end() - 1) for found in _in_brackets.finditer(source)]
    pieces: list[str] = []
    start = 0
    for mark in _clause_end.finditer(source):
        if any(first < mark.end() and mark.start() < last for first, last in protected):
            continue
        if (
            len(_chinese.findall(source[start : mark.end()])) < _LEAST
            or len(_chinese.findall(source[mark.end() :])) < _LEAST
        ):
            continue
        pieces.append(source[start : mark.end()].strip())
        start = mark.end()
    return [*pieces, source[start:].strip()]


class Piece(NamedTuple):
    """A piece of a sentence: Chinese to be translated, or something that stays as it is given."""

    text: str
    translate: bool


def pieces_of(source: str, terms: Sequence[Found], also: Mapping[str, str]) -> list[Piece]:
    """A sentence cut around its protected spans, its terms (in English) and the words in ``also`` (guests, numbers), which become what they
    are there.
    """
    cuts = [(span.start, span.end, span.text) for span in protected_spans(source)]
    cuts += [(found.start, found.end, found.term.english) for found in terms]
    plain = plain_digits(source)
    cuts += [
        (match.start(), match.end(), english)
        for said, english in sorted(also.items())
        for match in re.finditer(rf"(?<!\d){re.escape(said)}" if said[0].isdigit() else re.escape(said), plain)
    ]
    pieces: list[Piece] = []
    position = 0
    for start, end, text in sorted(cuts, key=lambda cut: (cut[0], -cut[1])):
        if start < position:
            continue
        pieces += _between(source[position:start])
        pieces.append(Piece(text, translate=False))
        position = end
    return [*pieces, *_between(source[position:])]


_MARKS = str.maketrans("，。、；：！？（）【】“”‘’「」『』《》", ',.,;:!?()[]""\'\'""""""')


def _between(text: str) -> list[Piece]:
    if not text.strip():
        return []
    return [
        Piece(text.strip(), translate=True) if has_han(text) else Piece(text.strip().translate(_MARKS), translate=False)
    ]


_FUNCTION_WORDS = frozenset(
    "The A An It He She They We You This That These Those There In On At And But Or If When As For With To Of By From Then So".split()
)


def joined(hypotheses: Sequence[Hypothesis], *, clauses: bool) -> Hypothesis:
    """The translations of the pieces of a sentence as one: clauses with commas between, else words side by side.

    Its score is the mean of the pieces', weighted by their lengths.
    """
    text = ""
    for hypothesis in hypotheses:
        said = hypothesis.text.strip()
        if not said:
            continue
        if text:
            bare = text.rstrip(".。,，")
            ends = bare[-1:] in "!?;:"
            word = said.split(" ", 1)[0]
            if word in _FUNCTION_WORDS and not (clauses and ends and bare[-1:] in "!?"):
                said = said[:1].lower() + said[1:]
            if clauses:
                text = f"{bare}{'' if ends else ','} {said}"
            elif said[0] in ",.;:!?)]":
                text = f"{bare}{said}"
            else:
                text = f"{text.rstrip('.。')}{'' if text.endswith(('(', '[')) else ' '}{said}"
        else:
            text = said
    scores = [(one.score, len(one.text)) for one in hypotheses if one.score is not None and one.text]
    weight = sum(length for _, length in scores)
    score = sum(score * length for score, length in scores) / weight if weight else None
    return Hypothesis(text, score, any(one.truncated for one in hypotheses))
