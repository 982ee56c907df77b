"""Sentences to checked translations: what a person said first, then the memory, then the model, each sentence once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TypeVar

from ..checks import flags_of
from ..errors import UsageError
from ..models import InstalledModel, find_model
from ..records import Hypothesis
from ..repair import Translation, checked, model_input
from ..settings import Settings
from ..translation import Engine, Identity, Keep, Progress, identity_of, load_engine
from ..translation.turn import llm_turn
from .speed import load_of
from .store import Remembered, TranslationMemory

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is still to be translated: how many sentences, and about how many seconds that takes (None: not known)."""

    sentences: int
    load: int
    seconds: float | None


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
        self._since = time.time() if force else 0.0
        self._installed: tuple[InstalledModel, Identity] | None = None
        self._engine: Engine | None = None
        self.translated = 0
        """Sentences that the model translated."""
        self.seconds = 0.0
        """How long it took for them."""

    def translate(
        self,
        sentences: Sequence[str],
        progress: Progress | None = None,
        expect: Callable[[Wanted], None] = lambda wanted: None,
    ) -> list[Translation]:
        """A translation for each sentence, in the same order; identical sentences are translated once.

        Each is checked. What is flagged gets one second try, where the engine has one, and the better of the two stays.

        Args:
            sentences: Chinese, as it stands in the documents.
            progress: called with each sentence just finished.
            expect: called once with what there is to do for the model.

        Raises:
            NoModelError: the memory does not have all, and no model is installed.
        """
        sources = [model_input(sentence) for sentence in sentences]
        wanted = dict.fromkeys(sources)
        people = self.memory.people(wanted)
        found = {source: by_a_person(english) for source, english in people.items()}
        rest = [source for source in wanted if source not in found]
        if rest:
            found |= self._by_the_model(rest, progress, expect)
        return [found[source] for source in sources]

    def new(self, sentences: Iterable[str]) -> list[str]:
        """Those of the sentences, as the model would see them and each once, for which a model would be needed.

        Raises:
            NoModelError: no model is installed.
        """
        wanted = dict.fromkeys(map(model_input, sentences))
        people = self.memory.people(wanted)
        rest = [source for source in wanted if source not in people]
        known = self.memory.lookup(self.identity, rest, self._since) if rest else {}
        return [source for source in rest if source not in known]

    @property
    def identity(self) -> Identity:
        """Engine, model and all that changes an answer, without loading the model.

        Raises:
            NoModelError: no model is installed.
        """
        return self._found()[1]

    def _found(self) -> tuple[InstalledModel, Identity]:
        if self._installed is None:
            wanted = self._settings.translation.engine
            if wanted == "none":
                raise UsageError("the engine none does not translate; choose auto, argos or llm")
            installed = find_model(wanted, self._settings.models)
            self._installed = installed, identity_of(installed, self._settings.translation)
        return self._installed

    def _by_the_model(
        self, sources: list[str], progress: Progress | None, expect: Callable[[Wanted], None]
    ) -> dict[str, Translation]:
        identity = self.identity
        known = self.memory.lookup(identity, sources, self._since)
        remembered = known.keys() & set(sources)
        new = [source for source in sources if source not in known]
        load = sum(map(load_of, new))
        rate = self.memory.rate(identity)
        expect(Wanted(len(new), load, None if rate is None else load / rate))
        if new:
            known |= self._first_tries(new, progress)
        checks = self._settings.checks
        flags = {source: flags_of(source, known[source].first, checks) for source in sources}
        faulty = [source for source in sources if flags[source] and not known[source].tried]
        if faulty:
            known |= self._second_tries({source: known[source] for source in faulty})
        return {
            source: replace(
                checked(
                    source,
                    known[source].first,
                    flags[source],
                    known[source].second,
                    checks,
                    engine=identity.engine,
                    model=identity.model,
                ),
                remembered=source in remembered,
            )
            for source in sources
        }

    def _first_tries(self, sources: list[str], progress: Progress | None) -> dict[str, Remembered]:
        identity = self.identity
        made: dict[str, Remembered] = {}

        def keep(answers: Mapping[str, Hypothesis]) -> None:
            fresh = {source: Remembered(hypothesis) for source, hypothesis in answers.items()}
            made.update(fresh)
            self.memory.store(identity, fresh, self._since)

        self._work(sum(map(load_of, sources)), lambda engine, kept: engine.translate(sources, progress, kept), keep)
        self.translated += len(sources)
        # another process may have been first: what is stored is what everybody has
        return made | self.memory.lookup(identity, sources, self._since)

    def _second_tries(self, answers: Mapping[str, Remembered]) -> dict[str, Remembered]:
        identity = self.identity
        made: dict[str, Remembered] = {}

        def keep(seconds: Mapping[str, Hypothesis | None]) -> None:
            made.update({s: replace(answers[s], tried=True, second=second) for s, second in seconds.items()})
            self.memory.store_second(identity, seconds)

        if self._work(0, lambda engine, kept: engine.retry(list(answers), keep=kept), keep) is None:
            keep(dict.fromkeys(answers))
        return made | self.memory.lookup(identity, answers, self._since)

    def _work(self, load: int, job: Callable[[Engine, Keep], T], keep: Keep) -> T:
        """Have the engine do something when it is this process's turn, and measure how long it takes."""
        installed, identity = self._found()

        def wake() -> Engine:
            if self._engine is None:
                self._say("loading the translation model")
                self._engine = load_engine(installed, self._settings.translation)
                self._say(f"translating with {identity.model}")
            self._engine.wake()
            return self._engine

        def rest() -> None:
            if self._engine is not None:
                self._engine.rest()

        with llm_turn(self._say, rest, wake) if identity.engine == "llm" else nullcontext() as offer:
            engine = wake()
            waited = 0.0

            def kept(answers: Mapping[str, Hypothesis]) -> None:
                nonlocal waited
                keep(answers)
                if offer is not None:
                    offered = time.monotonic()
                    offer()
                    waited += time.monotonic() - offered

            started = time.monotonic()
            result = job(engine, kept)
            seconds = time.monotonic() - started - waited
        self.seconds += seconds
        self.memory.measured(identity, load, seconds)
        return result


def by_a_person(english: str) -> Translation:
    """A person's translation is taken as it is: no flags, and no engine, model or score."""
    return Translation(english, None, (), None, None, origin="memory", remembered=True)
