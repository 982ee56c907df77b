"""A model behind the translation memory: what it was once asked, and in which manner, it is not asked again."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from ..models import InstalledModel
from ..records import Hypothesis
from ..settings import TranslationSettings
from ..translation import Engine, Hints, Identity, Keep, Progress, Request, identity_of, load_engine
from ..translation.turn import llm_turn
from .speed import load_of
from .store import Remembered, TranslationMemory

T = TypeVar("T")

BEAM = "beam"
HINTED = "hinted"
HINTED_AGAIN = "strict hinted"
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
        found = self._recalled([Request(source, hints) for source, hints in wanted.items()], before)
        return {request.sentence: said for request, said in found.items()}

    def first(
        self,
        wanted: Mapping[str, Hints],
        progress: Progress | None = None,
        known: Mapping[str, Hypothesis] | None = None,
    ) -> dict[str, Hypothesis]:
        """First tries at sentences, those with hints told them; what is not ``known`` (by default: remembered) is asked."""
        found = self.known(wanted) if known is None else dict(known)
        new = [Request(source, hints) for source, hints in wanted.items() if source not in found]
        said = self._asked(new, sum(load_of(request.sentence) for request in new), progress)
        with self._lock:
            self.translated += len(new)
        return found | {request.sentence: one for request, one in said.items()}

    def other(self, wanted: Iterable[Request]) -> dict[Request, Hypothesis]:
        """Other tries, and tries at pieces of sentences, all together, those that are remembered from there; none where the engine has no
        such tries. They are not counted as sentences, their time is.
        """
        asked = [request for request in dict.fromkeys(wanted) if self._has(request)]
        found = self._recalled(asked)
        return found | self._asked([request for request in asked if request not in found], 0, None)

    def _has(self, request: Request) -> bool:
        """Whether the engine does something else for a request than for a first try: argos reads one sentence, and has no prompt to change."""
        if self.identity.engine == "llm":
            return True
        return request.context is None and bool(request.hints or request.wide or not request.again)

    def keep_made(self, manner: str, made: Mapping[str, Hypothesis]) -> None:
        """Note what was put together from several answers, so that it is known as this model's."""
        if made:
            answers = {source: Remembered(hypothesis) for source, hypothesis in made.items()}
            self._memory.store(
                self.identity.varied(manner), answers, since=math.inf
            )  # in place of what was made before

    def _identity_of(self, request: Request) -> Identity:
        """Under what an answer is kept; a retry that is told nothing stands beside the first try."""
        if request.hints:
            said = (word for hint in request.hints for word in hint)
            manner = HINTED_AGAIN if request.again else HINTED
            return self.identity.varied(manner, self._settings.llm_hint_prompt, *said)
        if request.context is not None:
            return self.identity.varied(CONTEXT, *request.context)
        if request.wide:
            return self.identity.varied(BEAM, self._settings.llm_retry_beam if self.identity.engine == "llm" else 0)
        return self.identity

    def _recalled(self, requests: Sequence[Request], before: float = math.inf) -> dict[Request, Hypothesis]:
        """What is remembered of them, made ``before`` then."""
        found: dict[Request, Hypothesis] = {}
        for identity, some in self._by_identity(requests).items():
            stored = self._memory.lookup(identity, [request.sentence for request in some], self._since, before)
            for request in some:
                one = stored.get(request.sentence)
                said = one and (one.second if _is_retry(request) else one.first)
                if said:
                    found[request] = said
        return found

    def _asked(self, requests: Sequence[Request], load: int, progress: Progress | None) -> dict[Request, Hypothesis]:
        """The model's answers, remembered as they come."""
        if not requests:
            return {}
        made: dict[Request, Hypothesis] = {}

        def keep(answers: Mapping[Request, Hypothesis]) -> None:
            made.update(answers)
            for identity, some in self._by_identity(answers).items():
                seconds = {request.sentence: answers[request] for request in some if _is_retry(request)}
                firsts = {request.sentence: Remembered(answers[request]) for request in some if not _is_retry(request)}
                self._memory.store(identity, firsts, self._since)
                self._memory.store_second(identity, seconds)

        self._work(load, lambda engine, kept: engine.translate(requests, progress, kept), keep)
        return made | self._recalled(
            requests
        )  # another process may have been first: what is stored is what everybody has

    def _by_identity(self, requests: Iterable[Request]) -> dict[Identity, list[Request]]:
        found: dict[Identity, list[Request]] = {}
        for request in requests:
            found.setdefault(self._identity_of(request), []).append(request)
        return found

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

            def kept(answers: Mapping[Request, Hypothesis]) -> None:
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


def _is_retry(request: Request) -> bool:
    """Whether it is the one second try that is kept in the row of the first."""
    return request.again and not (request.hints or request.context or request.wide)
