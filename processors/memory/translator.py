"""Sentences to checked translations: what a person said first, then the memory, then the model, each sentence once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..errors import NoModelError, UsageError
from ..glossary import read_glossary
from ..models import find_models
from ..quotation import with_quotes
from ..repair import Candidate, Translation, best, chosen, model_input
from ..settings import Settings
from ..translation import Context, Identity, Progress
from .ladder import Ladder, Tries
from .model import RememberedModel
from .speed import load_of
from .store import TranslationMemory


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is still to be translated: how many sentences, and about how many seconds that takes (None: not known)."""

    sentences: int
    load: int
    seconds: float | None


class Begun(NamedTuple):
    """Sentences that had their first tries (`Translator.begin`)."""

    sources: list[str]
    """As the model sees them, in order."""
    found: dict[str, Translation]
    """What people said."""
    remembered: frozenset[str]
    """Of the others, those that the memory had before the run began."""
    tries: Tries
    """The first try at each of the others."""
    ladder: Ladder | None
    """What mends them; None where there are none."""


class Translator:
    """Translates for one run. The model is found at the first sentence that the memory lacks, and loaded then."""

    def __init__(
        self,
        memory: TranslationMemory,
        settings: Settings,
        *,
        force: bool = False,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """A translator of the engine that the settings name (not ``none``).

        Args:
            memory: where translations are kept.
            settings: which engine, how it decodes, and the checks.
            force: use nothing that a model said before now; what people said is used nevertheless.
            say: gets a line when the model is loaded, and when it is waited for.
        """
        self.memory = memory
        self._settings = settings
        self._say = say
        self._began = time.time()
        self._since = self._began if force else 0.0
        self._glossary = read_glossary(settings.translation.glossary)
        self._found: tuple[RememberedModel, ...] = ()

    def translate(
        self,
        sentences: Sequence[str],
        progress: Progress | None = None,
        expect: Callable[[Wanted], None] = lambda wanted: None,
        follows: Sequence[bool] = (),
    ) -> list[Translation]:
        """A translation for each sentence, in the same order; identical sentences are translated once.

        Each is checked. What has a fault is tried again (`ladder`), by the second engine too where there are two, and the best
        try stays.

        Args:
            sentences: Chinese, as it stands in the documents.
            progress: called with each sentence just finished.
            expect: called once with what there is to do for the model.
            follows: whether each stands right behind the one before it in the list, in the same document; where it does and every
                other try had a fault, it is tried again with that one as context.

        Raises:
            NoModelError: the memory does not have all, and no model is installed.
        """
        return self.finish(self.begin(sentences, progress, expect), follows)

    def begin(
        self,
        sentences: Sequence[str],
        progress: Progress | None = None,
        expect: Callable[[Wanted], None] = lambda wanted: None,
    ) -> Begun:
        """The first half of `translate`: what is known, and the model's first tries at the rest.

        Others may be begun in a thread while these are finished, where `overlaps`.
        """
        sources = [model_input(sentence) for sentence in sentences]
        wanted = dict.fromkeys(sources)
        people = self.memory.people(wanted)
        found = {source: by_a_person(english) for source, english in people.items()}
        rest = [source for source in wanted if source not in found]
        if not rest:
            return Begun(sources, found, frozenset(), {}, None)
        first = self._models()[0]
        ladder = self._ladder(first)
        known = first.known({source: ladder.hints(source) for source in rest})
        new = [source for source in rest if source not in known]
        remembered = first.known({source: ladder.hints(source) for source in known}, before=self._began)
        load = sum(map(load_of, new))
        rate = self.memory.rate(first.identity)
        expect(Wanted(len(new), load, None if rate is None else load / rate))
        tries: Tries = {source: [] for source in rest}
        ladder.begin(tries, progress, known)
        return Begun(sources, found, frozenset(remembered), tries, ladder)

    def finish(self, begun: Begun, follows: Sequence[bool] = ()) -> list[Translation]:
        """The second half of `translate`: what has a fault is mended."""
        if begun.ladder is None:
            return [begun.found[source] for source in begun.sources]
        tries = begun.tries
        begun.ladder.mend(tries)
        for model in self._models()[1:]:
            faulty = {source: tried for source, tried in tries.items() if best(source, tried).faulty}
            if faulty:
                self._ladder(model).climb(faulty)
        made = {
            source: replace(self._chosen(source, tried), remembered=source in begun.remembered)
            for source, tried in tries.items()
        }
        return self._in_context(begun.sources, begun.found | made, tries, follows)

    def new(self, sentences: Iterable[str]) -> list[str]:
        """Those of the sentences, as the model would see them and each once, for which a model would be needed.

        Raises:
            NoModelError: no model is installed.
        """
        wanted = dict.fromkeys(map(model_input, sentences))
        people = self.memory.people(wanted)
        rest = [source for source in wanted if source not in people]
        if not rest:
            return []
        model = self._models()[0]
        ladder = self._ladder(model)
        known = model.known({source: ladder.hints(source) for source in rest})
        return [source for source in rest if source not in known]

    @property
    def overlaps(self) -> bool:
        """Whether sentences may be begun while others are finished: with a light model, which works on several things at once."""
        try:
            return [model.identity.engine for model in self._models()] == ["argos"]
        except NoModelError:  # it is no matter before there is Chinese
            return False

    @property
    def identity(self) -> Identity:
        """Engine, model and all that changes an answer, without loading the model: of the one that reads all sentences.

        Raises:
            NoModelError: no model is installed.
        """
        return self._models()[0].identity

    @property
    def translated(self) -> int:
        """Sentences (and pieces of some) that models translated."""
        return sum(model.translated for model in self._found)

    @property
    def seconds(self) -> float:
        """How long it took for them."""
        return sum(model.seconds for model in self._found)

    def _models(self) -> tuple[RememberedModel, ...]:
        if not self._found:
            wanted = self._settings.translation.engine
            if wanted == "none":
                raise UsageError("the engine none does not translate; choose auto, argos, llm or cascade")
            self._found = tuple(
                RememberedModel(one, self.memory, self._settings.translation, since=self._since, say=self._say)
                for one in find_models(wanted, self._settings.models)
            )
        return self._found

    def _ladder(self, model: RememberedModel) -> Ladder:
        return Ladder(model, self._glossary, self._settings)

    def _chosen(self, source: str, tried: Sequence[Candidate]) -> Translation:
        """The best of all tries, written as the settings want it."""
        found = chosen(source, tried)
        if found.text is None:
            return found
        terms = [term.english for term in self._glossary.terms_of(source)]
        return replace(found, text=with_quotes(source, found.text, self._settings.translation.quotes, terms))

    def _in_context(
        self, sources: Sequence[str], found: Mapping[str, Translation], tries: Tries, follows: Sequence[bool]
    ) -> list[Translation]:
        """The translation of each, those tried again whose tries all have faults and that stand behind another."""
        contexts: dict[int, Context] = {}
        for place, following in enumerate(follows):
            source = sources[place]
            if not following or source not in tries or not best(source, tries[source]).faulty:
                continue
            before = sources[place - 1]
            if (english := found[before].text) is not None:
                contexts[place] = (before, english)
        told: dict[tuple[str, Context], list[Candidate]] = {}
        for model in self._models() if contexts else ():
            wanted = [(sources[place], context) for place, context in contexts.items()]
            told |= self._ladder(model).in_context(tries, wanted)
        here = {
            place: self._chosen(sources[place], told[sources[place], context])
            for place, context in contexts.items()
            if (sources[place], context) in told
        }
        return [
            replace(here[place], remembered=found[source].remembered) if place in here else found[source]
            for place, source in enumerate(sources)
        ]


def by_a_person(english: str) -> Translation:
    """A person's translation is taken as it is: no flags, and no engine, model or score."""
    return Translation(english, None, (), None, None, origin="memory", remembered=True)
