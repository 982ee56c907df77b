"""A model behind the translation memory: what it was once asked, and in which manner, it is not asked again."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TypeVar

from ..models import InstalledModel
from ..records import Hypothesis
from ..settings import TranslationSettings
from ..translation import Context, Engine, Hints, Identity, Keep, Progress, identity_of, load_engine
from ..translation.turn import llm_turn
from .speed import load_of
from .store import Remembered, TranslationMemory

T = TypeVar("T")

BEAM = "beam"
HINTED = "hinted"
HINTED_STRICT = "strict hinted"
CONTEXT = "context"
"""The manners of tries beside the first and its retry; a number behind one is raised when an engine does something else for it."""


class RememberedModel:
    """One installed model. It is loaded when it is first asked what the memory does not know."""

    def __init__(
        self,
        installed: InstalledModel,
        memory: TranslationMemory,
        settings: TranslationSettings,
        *,
        since: float,
        say: Callable[[str], None],
    ) -> None:
        """A model whose answers made before ``since`` (seconds of the epoch) are not used; ``say`` gets lines for a person."""
        self.identity = identity_of(installed, settings)
        self._installed, self._memory, self._settings = installed, memory, settings
        self._since, self._say = since, say
        self._engine: Engine | None = None
        self._own = threading.local()
        """Each thread has a listener of its own."""
        self._lock = threading.RLock()
        self._jobs = 0
        self._since_job = 0.0
        """When there was last a job that began alone or ended."""
        self.translated = 0
        self.seconds = 0.0
        """How long it has been at work, on however many jobs at once."""

    @contextmanager
    def heard_by(self, listener: Keep) -> Iterator[None]:
        """Let somebody have each batch of answers to this thread as soon as it is stored, while the model goes on with others."""
        self._own.listener = listener
        try:
            yield
        finally:
            self._own.listener = None

    def known(self, wanted: Mapping[str, Hints], before: float = math.inf) -> dict[str, Hypothesis]:
        """The first tries at these sentences that are remembered, made ``before`` then; what has hints (terms) is known under them."""
        plain = [source for source, hints in wanted.items() if not hints]
        stored = self._memory.lookup(self.identity, plain, self._since, before)
        found = {source: one.first for source, one in stored.items()}
        hinted = {source: hints for source, hints in wanted.items() if hints}
        return found | self._recalled(self._hinted_identities(HINTED, hinted), before)

    def first(
        self,
        wanted: Mapping[str, Hints],
        progress: Progress | None = None,
        known: Mapping[str, Hypothesis] | None = None,
        *,
        pieces: bool = False,
    ) -> dict[str, Hypothesis]:
        """First tries at sentences, those with hints told them; what is not ``known`` (by default: remembered) is asked.

        ``pieces`` of sentences that were counted already are not counted, their time is.
        """
        found = self.known(wanted) if known is None else dict(known)
        new = [source for source, hints in wanted.items() if source not in found and not hints]
        if new:

            def keep(answers: Mapping[str, Hypothesis]) -> None:
                found.update(answers)
                fresh = {source: Remembered(hypothesis) for source, hypothesis in answers.items()}
                self._memory.store(self.identity, fresh, self._since)

            self._work(
                0 if pieces else sum(map(load_of, new)),
                lambda engine, kept: engine.translate(new, progress, kept),
                keep,
            )
            # another process may have been first: what is stored is what everybody has
            stored = self._memory.lookup(self.identity, new, self._since)
            found |= {source: one.first for source, one in stored.items()}
        hinted = {source: hints for source, hints in wanted.items() if source not in found}
        if hinted:
            found |= self._ask_hinted(hinted, 0 if pieces else sum(map(load_of, hinted)), progress, strict=False)
        with self._lock:
            self.translated += 0 if pieces else len(new) + len(hinted)
        return found

    def again(self, sources: Iterable[str]) -> dict[str, Hypothesis]:
        """The engine's own retry of sentences whose first try (without hints) is remembered; none where it has no retry."""
        stored = self._memory.lookup(self.identity, sources, self._since)
        faulty = [source for source, one in stored.items() if not one.tried]
        if faulty and self.identity.engine == "llm":

            def keep(seconds: Mapping[str, Hypothesis]) -> None:
                stored.update({s: replace(stored[s], tried=True, second=second) for s, second in seconds.items()})
                self._memory.store_second(self.identity, seconds)

            self._work(0, lambda engine, kept: engine.retry(faulty, keep=kept), keep)
            stored |= self._memory.lookup(self.identity, faulty, self._since)
        return {source: one.second for source, one in stored.items() if one.second is not None}

    def hinted(self, wanted: Mapping[str, Hints], *, strict: bool) -> dict[str, Hypothesis]:
        """Tries that are told how to say some words; ``strict``: in the manner of a retry."""
        found = self._recalled(self._hinted_identities(HINTED_STRICT if strict else HINTED, wanted))
        new = {source: hints for source, hints in wanted.items() if source not in found}
        return found | self._ask_hinted(new, 0, None, strict=strict)

    def beam(self, sources: Iterable[str]) -> dict[str, Hypothesis]:
        """Tries by a wider search."""
        width = self._settings.llm_retry_beam if self.identity.engine == "llm" else 0
        identities = dict.fromkeys(sources, self.identity.varied(BEAM, width))
        found = self._recalled(identities)
        new = {source: identity for source, identity in identities.items() if source not in found}
        return found | self._asked(new, 0, lambda engine, kept: engine.beam(list(new), kept))

    def in_context(self, wanted: Iterable[tuple[str, Context]]) -> dict[tuple[str, Context], Hypothesis]:
        """Tries at sentences that have read the one before; none where the engine reads only one sentence at a time."""
        if self.identity.engine != "llm":
            return {}
        found: dict[tuple[str, Context], Hypothesis] = {}
        rest = list(dict.fromkeys(wanted))
        while rest:
            contexts: dict[str, Context] = {}  # a sentence with several has a round for each
            for source, context in rest:
                contexts.setdefault(source, context)
            rest = [(source, context) for source, context in rest if contexts[source] != context]
            found |= {(source, contexts[source]): said for source, said in self._said_in(contexts).items()}
        return found

    def _said_in(self, contexts: Mapping[str, Context]) -> dict[str, Hypothesis]:
        identities = {source: self.identity.varied(CONTEXT, *context) for source, context in contexts.items()}
        found = self._recalled(identities)
        new = {source: identity for source, identity in identities.items() if source not in found}
        told = [contexts[source] for source in new]
        return found | self._asked(new, 0, lambda engine, kept: engine.in_context(list(new), told, kept))

    def keep_made(self, manner: str, made: Mapping[str, Hypothesis]) -> None:
        """Note what was put together from several answers, so that it is known as this model's."""
        answers = {source: Remembered(hypothesis) for source, hypothesis in made.items()}
        self._memory.store(self.identity.varied(manner), answers, self._since)

    def _hinted_identities(self, manner: str, wanted: Mapping[str, Hints]) -> dict[str, Identity]:
        prompt = self._settings.llm_hint_prompt
        return {
            source: self.identity.varied(manner, prompt, *(word for hint in hints for word in hint))
            for source, hints in wanted.items()
        }

    def _ask_hinted(
        self, wanted: Mapping[str, Hints], load: int, progress: Progress | None, *, strict: bool
    ) -> dict[str, Hypothesis]:
        identities = self._hinted_identities(HINTED_STRICT if strict else HINTED, wanted)
        sources, hints = list(wanted), list(wanted.values())
        return self._asked(
            identities, load, lambda engine, kept: engine.hinted(sources, hints, progress, kept, strict=strict)
        )

    def _recalled(self, identities: Mapping[str, Identity], before: float = math.inf) -> dict[str, Hypothesis]:
        """What is remembered of sentences, each under an identity of its own, made ``before`` then."""
        found: dict[str, Hypothesis] = {}
        for identity, sources in _by_identity(identities).items():
            stored = self._memory.lookup(identity, sources, self._since, before)
            found |= {source: one.first for source, one in stored.items()}
        return found

    def _asked(
        self, identities: Mapping[str, Identity], load: int, job: Callable[[Engine, Keep], object]
    ) -> dict[str, Hypothesis]:
        """The answers to sentences, remembered as they come, each under an identity of its own."""
        made: dict[str, Hypothesis] = {}
        if not identities:
            return made

        def keep(answers: Mapping[str, Hypothesis]) -> None:
            made.update(answers)
            for identity, sources in _by_identity({source: identities[source] for source in answers}).items():
                fresh = {source: Remembered(answers[source]) for source in sources}
                self._memory.store(identity, fresh, self._since)

        self._work(load, job, keep)
        return made

    def _work(self, load: int, job: Callable[[Engine, Keep], T], keep: Keep) -> T:
        """Have the engine do something when it is this process's turn, and measure how long it takes."""

        def wake() -> Engine:
            with self._lock:
                if self._engine is None:
                    self._say("loading the translation model")
                    self._engine = load_engine(self._installed, self._settings)
                    self._say(f"translating with {self.identity.model}")
                self._engine.wake()
                return self._engine

        def rest() -> None:
            if self._engine is not None:
                self._engine.rest()

        with llm_turn(self._say, rest, wake) if self.identity.engine == "llm" else nullcontext() as offer:
            engine = wake()
            waited = 0.0

            def kept(answers: Mapping[str, Hypothesis]) -> None:
                nonlocal waited
                keep(answers)
                listener: Keep | None = getattr(self._own, "listener", None)
                if listener is not None:
                    listener(answers)
                if offer is not None:
                    offered = time.monotonic()
                    offer()
                    waited += time.monotonic() - offered

            self._begin_job()
            try:
                result = job(engine, kept)
            finally:
                seconds = self._end_job(waited)
        self._memory.measured(self.identity, load, seconds)
        return result

    def _begin_job(self) -> None:
        with self._lock:
            if not self._jobs:
                self._since_job = time.monotonic()
            self._jobs += 1

    def _end_job(self, waited: float) -> float:
        """End one of the jobs, which ``waited`` for so long; the seconds of work that no job before it has counted."""
        with self._lock:
            now = time.monotonic()
            seconds, self._since_job = now - self._since_job - waited, now
            self._jobs -= 1
            self.seconds += seconds
            return seconds


def _by_identity(identities: Mapping[str, Identity]) -> dict[Identity, list[str]]:
    found: dict[Identity, list[str]] = {}
    for source, identity in identities.items():
        found.setdefault(identity, []).append(source)
    return found
