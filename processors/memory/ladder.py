"""The repair ladder: how a flagged translation is tried again, one rung after the other, until a try has no fault.

0. Second opinions on answers of the language model, flagged or not. Where one lacks a name that the dictionary knows, or is of low quality
   and lacks any rare word of its sentence: a try that is told what the dictionary calls it (as Ghazvininejad et al. 2023,
   "Dictionary-based phrase-level prompting", who tell all words, always). Where one is of low quality but lacks nothing: rung 1.
   Then, wherever numbers are at fault: the best try with those put right of which only the scale is wrong (`numbers_mended`), for which
   no model is asked; once more at the end.
1. The engine's own retry (another prompt, no Han in the answer, no recurring n-grams; the language model has one).
2. A try that is told how to say what was lost: terms, numbers, names, rare words (the language model in its prompt; Argos finds the
   English of the first three in the sentence).
3. The clauses of the sentence, each as a sentence of its own.
4. A wider search.
5. The sentence cut around what must come through; these pieces are put back as they are, so none can be lost.

6. Where there is a sentence before it in its document: a try that has read that one (the language model). What comes of it holds
   for this place only, `Ladder.in_context`; the rungs above know no context, so identical sentences stay identical.

Each rung does all sentences that still need it together, and everything that is said goes to the memory: a killed run
repeats nothing. A low score alone is no fault: no rung but the second opinion is for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain

from ..dictionary.coverage import is_name, lacking_words
from ..glossary import Glossary
from ..numbers import numbers_mended
from ..records import Hypothesis
from ..repair import Candidate, best, clauses_of, hints_for, joined, judged, pieces_of
from ..settings import Settings
from ..tokens import tokens_of
from ..translation import Context, Hints, Progress
from .model import RememberedModel

Tries = dict[str, list[Candidate]]
"""All tries at each sentence, in order."""

MOST_REMINDERS = 4
"""Words that a sentence's second try is told from the dictionary: each costs tokens, and distracts."""
CLAUSES = "clauses"
CUT = "cut"
NUMBERS = "numbers"
"""How what is put together is noted in the memory."""


class Ladder:
    """Translates sentences with one model, and mends what is flagged."""

    def __init__(self, model: RememberedModel, glossary: Glossary, settings: Settings) -> None:
        """The ladder of a model, under a user's glossary and settings."""
        self._model, self._glossary, self._settings = model, glossary, settings
        self._heard: dict[tuple[str, Hypothesis], Candidate] = {}
        """What was judged already while the model was at other sentences."""

    def climb(self, tries: Tries, progress: Progress | None = None) -> None:
        """Add a first try at each of the sentences and, where it has faults, others until one has none."""
        self.begin(tries, progress)
        self.mend(tries)

    def begin(
        self, tries: Tries, progress: Progress | None = None, known: Mapping[str, Hypothesis] | None = None
    ) -> None:
        """Add a first try at each of the sentences; ``known`` are those that the memory has, where that was asked already."""
        with self._model.heard_by(self._hear):
            wanted = {source: self.hints(source) for source in tries}
            self._add(tries, self._model.first(wanted, progress, known))

    def mend(self, tries: Tries) -> None:
        """Add other tries at sentences that had their first."""
        rungs: tuple[Callable[[Tries], Mapping[str, Hypothesis]], ...] = (
            self._renumbered,
            self._again,
            self._hinted,
            self._clauses,
            self._beam,
            self._cut,
            self._renumbered,
        )
        with self._model.heard_by(self._hear):
            self._add(tries, self._second(tries))
            faulty = tries
            for rung in rungs:
                faulty = {source: tried for source, tried in faulty.items() if best(source, tried).faulty}
                if not faulty:
                    return
                self._add(tries, rung(faulty))

    def in_context(
        self, tries: Tries, wanted: Iterable[tuple[str, Context]]
    ) -> dict[tuple[str, Context], list[Candidate]]:
        """All tries at sentences with one more, which has read the sentence before."""
        said = self._model.in_context(wanted)
        return {
            (source, context): [*tries[source], self.judged(source, one)] for (source, context), one in said.items()
        }

    def hints(self, source: str) -> Hints:
        """What a first try at a sentence is told: the terms it has."""
        return tuple((term.chinese, term.english) for term in self._glossary.terms_of(source))

    def judged(self, source: str, hypothesis: Hypothesis) -> Candidate:
        """A hypothesis of this model as a candidate."""
        heard = self._heard.pop((source, hypothesis), None)
        if heard is not None:
            return heard
        terms = self._glossary.terms_of(source)
        made_by = self._model.identity
        return judged(source, hypothesis, terms, self._settings.checks, engine=made_by.engine, model=made_by.model)

    def _hear(self, answers: Mapping[str, Hypothesis]) -> None:
        """Judge what the model has just said, while it goes on."""
        self._heard |= {(source, said): self.judged(source, said) for source, said in answers.items()}

    def _add(self, tries: Tries, found: Mapping[str, Hypothesis]) -> None:
        for source, hypothesis in found.items():
            tries[source].append(self.judged(source, hypothesis))

    def _second(self, tries: Tries) -> Mapping[str, Hypothesis]:
        """Second opinions: tries that are told what the first lacks, and retries where it is doubtful for other reasons."""
        least = self._settings.translation.llm_doubtful
        if self._model.identity.engine != "llm" or not least:
            return {}
        wanted: dict[str, Hints] = {}
        doubtful: list[str] = []
        for source, tried in tries.items():
            one = best(source, tried)
            lacking = self._lacking(source, one)
            if one.worth >= least:
                lacking = tuple(hint for hint in lacking if is_name(*hint))
            elif not lacking and not self.hints(source):
                doubtful.append(source)
            if lacking:
                wanted[source] = (*self.hints(source), *lacking[:MOST_REMINDERS])
        return self._model.hinted(wanted, strict=False) | self._model.again(doubtful)

    def _lacking(self, source: str, one: Candidate) -> Hints:
        if self._model.identity.engine != "llm":  # unmeasured with Argos, in whose source the English would stand
            return ()
        words = tokens_of(source, self._settings.tokens)
        return tuple(lacking_words(words, one.hypothesis.text))

    def _renumbered(self, faulty: Tries) -> Mapping[str, Hypothesis]:
        made = {}
        for source, tried in faulty.items():
            said = best(source, tried).hypothesis
            if (english := numbers_mended(source, said.text)) != said.text:
                made[source] = replace(said, text=english)
        self._model.keep_made(NUMBERS, made)
        return made

    def _again(self, faulty: Tries) -> Mapping[str, Hypothesis]:
        return self._model.again([source for source in faulty if not self.hints(source)])

    def _hinted(self, faulty: Tries) -> Mapping[str, Hypothesis]:
        wanted: dict[str, Hints] = {}
        for source, tried in faulty.items():
            one = best(source, tried)
            hints = hints_for(one.measures, source, self._glossary.terms_of(source))
            if hints := (*hints, *self._lacking(source, one)[:MOST_REMINDERS]):
                wanted[source] = hints
        return self._model.hinted(wanted, strict=True)

    def _clauses(self, faulty: Tries) -> Mapping[str, Hypothesis]:
        parts = {source: clauses for source in faulty if len(clauses := clauses_of(source)) > 1}
        said = self._said(list(chain.from_iterable(parts.values())))
        made = {source: joined([said[one] for one in clauses], clauses=True) for source, clauses in parts.items()}
        self._model.keep_made(CLAUSES, made)
        return made

    def _beam(self, faulty: Tries) -> Mapping[str, Hypothesis]:
        return self._model.beam(faulty)

    def _cut(self, faulty: Tries) -> Mapping[str, Hypothesis]:
        cut = {}
        for source, tried in faulty.items():
            lost = best(source, tried).measures
            if lost.guests or lost.terms:
                cut[source] = pieces_of(source, self._glossary.found_in(source), lost.guests)
        said = self._said([piece.text for pieces in cut.values() for piece in pieces if piece.translate])
        made = {
            source: joined(
                [said[piece.text] if piece.translate else Hypothesis(piece.text, None) for piece in pieces],
                clauses=False,
            )
            for source, pieces in cut.items()
        }
        self._model.keep_made(CUT, made)
        return made

    def _said(self, pieces: list[str]) -> dict[str, Hypothesis]:
        """The better of a first try and a retry at each piece of sentences."""
        tries: Tries = {piece: [] for piece in pieces}
        self._add(tries, self._model.first({piece: self.hints(piece) for piece in tries}, pieces=True))
        faulty = [piece for piece, tried in tries.items() if tried[0].faulty and not self.hints(piece)]
        self._add(tries, self._model.again(faulty))
        return {piece: best(piece, tried).hypothesis for piece, tried in tries.items()}
