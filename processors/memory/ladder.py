"""The repair ladder: how a flagged translation is tried again, one rung after the other, until a try has no fault.

1. Wherever numbers are at fault: the best try with those put right of which only the scale is wrong (`numbers_mended`), for which
   no model is asked; again after the next rung and at the end.
2. Second opinions, all together. Of what has a fault: a try by another prompt (the language model), and one that is told how to say what was
   lost: terms, numbers, names, rare words (the language model in its prompt; Argos finds the English of the first three in the sentence).
   Of answers of the language model without a fault: where one lacks a name that the dictionary knows, or is of low quality and lacks any
   rare word of its sentence, a try that is told what the dictionary calls it (as Ghazvininejad et al. 2023, "Dictionary-based
   phrase-level prompting", who tell all words, always); where one is of low quality but lacks nothing, the other prompt.
   A name that stands alone and that no try gives as the dictionary does is said by the dictionary.
3. The clauses of the sentence, each as a sentence of its own; of a report with a dateline, that (`datelines`) and the rest as a whole.
4. A wider search.
5. The clauses again, those cut around what they lost (numbers, names, terms); that is put back as it should be, so none can be lost.

6. Where there is a sentence before it in its document: a try that has read that one (the language model). What comes of it holds
   for this place only, `Ladder.in_context`; the rungs above know no context, so identical sentences stay identical.

Each rung does all sentences that still need it together, and everything that is said goes to the memory: a killed run
repeats nothing. A low score alone is no fault: no rung but the second opinion is for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from ..datelines import dateline_of
from ..detection.characters import has_han
from ..dictionary.coverage import is_name, lacking_words, lost_names, name_alone
from ..glossary import Glossary, is_in_terms
from ..numbers import numbers_mended, plain_digits
from ..records import Hypothesis
from ..repair import Candidate, Piece, best, clauses_of, hints_for, joined, judged, pieces_of
from ..settings import Settings
from ..tokens import tokens_of
from ..translation import Context, Hints, Progress, Request
from .model import RememberedModel

Tries = dict[str, list[Candidate]]
"""All tries at each sentence, in order."""
Try = tuple[str, Hypothesis]
"""A sentence and what was said of it."""

MOST_REMINDERS = 4
"""Words that a sentence's second try is told from the dictionary: each costs tokens, and distracts."""
CLAUSES = "clauses"
CUT = "cut"
NUMBERS = "numbers"
NAMES = "names"
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
            self._add(tries, self._model.first(wanted, progress, known).items())

    def mend(self, tries: Tries) -> None:
        """Add other tries at sentences that had their first."""
        rungs: tuple[Callable[[Tries], Iterable[Try]], ...] = (
            self._renumbered,
            self._clauses,
            self._wider,
            self._cut,
            self._renumbered,
        )
        with self._model.heard_by(self._hear):
            self._add(tries, self._renumbered(_faulty(tries)))
            self._add(tries, self._second(tries))
            self._add(tries, self._by_dictionary(tries))
            for rung in rungs:
                self._add(tries, rung(_faulty(tries)))

    def in_context(
        self, tries: Tries, wanted: Iterable[tuple[str, Context]]
    ) -> dict[tuple[str, Context], list[Candidate]]:
        """All tries at sentences with one more, which has read the sentence before."""
        requests = {Request(source, again=True, context=context): (source, context) for source, context in wanted}
        return {
            requests[request]: [*tries[request.sentence], self.judged(request.sentence, said)]
            for request, said in self._model.other(requests).items()
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

    def _hear(self, answers: Mapping[Request, Hypothesis]) -> None:
        """Judge what the model has just said, while it goes on."""
        for request, said in answers.items():
            self._heard[request.sentence, said] = self.judged(request.sentence, said)

    def _add(self, tries: Tries, found: Iterable[Try]) -> None:
        for source, hypothesis in found:
            tries[source].append(self.judged(source, hypothesis))

    def _second(self, tries: Tries) -> Iterable[Try]:
        """Second opinions on what is faulty or doubtful."""
        least = self._settings.translation.llm_doubtful if self._model.identity.engine == "llm" else 0.0
        wanted: list[Request] = []
        for source, tried in tries.items():
            one, terms = best(source, tried), self._glossary.terms_of(source)
            if not one.faulty and not least:
                continue
            lost = hints_for(one.measures, source, terms) if one.faulty else self.hints(source)
            lacking = self._lacking(source, one.hypothesis.text)
            if not one.faulty and one.worth >= least:
                lacking = tuple(hint for hint in lacking if is_name(*hint))
            if lacking or (one.faulty and lost):
                wanted.append(Request(source, (*lost, *lacking[:MOST_REMINDERS]), again=True))
            if not terms and (one.faulty or (one.worth < least and not lacking)):
                wanted.append(Request(source, again=True))
        return self._other(wanted)

    def _other(self, wanted: Iterable[Request]) -> Iterable[Try]:
        return [(request.sentence, said) for request, said in self._model.other(wanted).items()]

    def _lacking(self, source: str, english: str) -> Hints:
        if self._model.identity.engine != "llm":  # unmeasured with Argos, in whose source the English would stand
            return ()
        words = tokens_of(source, self._settings.tokens)
        found = {**dict(lacking_words(words, english)), **dict(lost_names(source, english))}
        terms = self._glossary.terms_of(source)
        return tuple(hint for hint in found.items() if not is_in_terms(hint[0], terms))

    def _by_dictionary(self, tries: Tries) -> Iterable[Try]:
        made = {
            source: Hypothesis(english, None)
            for source, tried in tries.items()
            if all(one.lost_names for one in tried) and (english := name_alone(source))
        }
        self._model.keep_made(NAMES, made)
        return made.items()

    def _renumbered(self, faulty: Tries) -> Iterable[Try]:
        made = {}
        for source, tried in faulty.items():
            said = best(source, tried).hypothesis
            if (english := numbers_mended(source, said.text)) != said.text:
                made[source] = replace(said, text=english)
        self._model.keep_made(NUMBERS, made)
        return made.items()

    def _clauses(self, faulty: Tries) -> Iterable[Try]:
        parts = {}
        for source in faulty:
            opening, rest = _without_dateline(source)
            clauses = [rest] if opening else clauses_of(source)
            if opening or len(clauses) > 1:
                parts[source] = _clause_pieces(opening, [[Piece(one, bool(has_han(one)))] for one in clauses])
        return self._put_together(CLAUSES, parts, faulty)

    def _wider(self, faulty: Tries) -> Iterable[Try]:
        return self._other(Request(source, wide=True) for source in faulty)

    def _cut(self, faulty: Tries) -> Iterable[Try]:
        parts: dict[str, list[list[Piece]]] = {}
        for source, tried in faulty.items():
            lost = best(source, tried).measures
            also = dict(hints_for(lost, source, ()))
            gone = {*also, *lost.terms}
            if gone:
                opening, rest = _without_dateline(source)
                clauses = [
                    pieces_of(one, self._glossary.found_in(one), also)
                    if any(said in plain_digits(one) for said in gone)
                    else [Piece(one, bool(has_han(one)))]
                    for one in clauses_of(rest)
                ]
                parts[source] = _clause_pieces(opening, clauses)
        return self._put_together(CUT, parts, faulty)

    def _put_together(self, manner: str, parts: Mapping[str, list[list[Piece]]], tries: Tries) -> Iterable[Try]:
        """Tries that are put together from the clauses of a sentence, and these from pieces. A piece that has what the best try at the whole
        lacks, or a name, is also asked for with that told, and the better one taken: a clause alone says less of which place is meant.
        """
        asked: dict[tuple[str, str], list[Request]] = {}
        for source, clauses in parts.items():
            before = best(source, tries[source])
            names = [hint for hint in self._lacking(source, "") if is_name(*hint)]
            lacking = dict.fromkeys((*self._lacking(source, before.hypothesis.text), *names))
            for piece in chain.from_iterable(clauses):
                if piece.translate:
                    rare = [hint for hint in lacking if hint[0] in piece.text]
                    lost = hints_for(before.measures, piece.text, self._glossary.terms_of(piece.text))
                    hints = tuple(dict.fromkeys((*lost, *rare[:MOST_REMINDERS])))
                    asked[source, piece.text] = [
                        Request(piece.text, told) for told in dict.fromkeys((self.hints(piece.text), hints))
                    ]
        answers = self._model.other(chain.from_iterable(asked.values()))
        said = {
            (source, piece): _named(piece, [self.judged(piece, answers[request]) for request in requests]).hypothesis
            for (source, piece), requests in asked.items()
        }
        made = {
            source: joined(
                [
                    joined(
                        [said[source, one.text] if one.translate else Hypothesis(one.text, None) for one in pieces],
                        clauses=False,
                    )
                    for pieces in clauses
                ],
                clauses=True,
            )
            for source, clauses in parts.items()
        }
        self._model.keep_made(manner, made)
        return made.items()


def _without_dateline(source: str) -> tuple[str, str]:
    """The English of a sentence's dateline, empty where it has none that is known, and the rest of the sentence."""
    found = dateline_of(source)
    return ("", source) if found is None or not has_han(source[found.end :]) else (found.english, source[found.end :])


def _clause_pieces(opening: str, clauses: list[list[Piece]]) -> list[list[Piece]]:
    """The clauses, the first of them behind an opening that is English already."""
    return [[Piece(opening, translate=False), *clauses[0]], *clauses[1:]] if opening else clauses


def _named(piece: str, tried: Sequence[Candidate]) -> Candidate:
    """The best of the tries at a piece among those that have most of its names, of those without a fault if there are any."""
    fit = [one for one in tried if not one.faulty] or tried
    fewest = min(one.lost_names for one in fit)
    return best(piece, [one for one in fit if one.lost_names == fewest])


def _faulty(tries: Tries) -> Tries:
    """Those of the sentences whose best try has a fault; they share their lists."""
    return {source: tried for source, tried in tries.items() if best(source, tried).faulty}
