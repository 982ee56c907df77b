"""The heavy engine: an instruction-tuned language model run by CTranslate2's generator, one short prompt a sentence.

No answer may hold Han: left free, one in eleven did, and had to be asked again. Forbidding it from the start and a line break before
the sentence gained 0.3 chrF on the 1,875 lines of WMT22 at no cost. On 150 of them everything else lost against it (chrF 51.2): the
instruction behind the sentence (45.9), the model's own system prompt (49.9), wordier prompts (48.6 to 50.2), a bare completion (49.0); four
examples changed nothing (51.3) at twice the cost, for CTranslate2 copies their state at every step; nor did a beam of two (51.7) at 1.8 times.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal

from ..detection.characters import BOPOMOFO, HAN
from ..errors import UsageError
from ..models import InstalledModel
from ..models.manifest import read_manifest
from ..records import Hypothesis
from ..settings import TranslationSettings
from .chat import TurnTokens, turn_tokens
from .engine import Keep, Progress, Request
from .layout import layout_of

if TYPE_CHECKING:
    from ctranslate2 import GenerationResult, GenerationStepResult


REFUSALS = ("I'm sorry", "I am sorry", "Sorry, but", "I can't", "I cannot", "As an AI", "The text")
"""How a model begins that talks of the text instead of translating it."""
TOKENS_AT_ONCE = 2048
"""Most tokens of the sentences of a batch, each taken as long as the longest: it bounds the memory of a batch. Up to 32 tokens a
sentence it is not reached by batches of 64."""


class LlmEngine:
    """Translates with the installed language model, greedily, many sentences to a batch."""

    name: Literal["argos", "llm"] = "llm"

    def __init__(self, installed: InstalledModel, settings: TranslationSettings) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        self.model = installed.label
        self._settings = settings
        self.layout = layout_of(installed, settings)
        try:
            self._manifest = read_manifest(installed.path)
            self._tokenizer = Tokenizer.from_file(str(installed.path / "tokenizer.json"))
            # A document that says "<|im_end|>" says these letters, not the mark that ends a turn.
            self._tokenizer.encode_special_tokens = True
            self._generator = ctranslate2.Generator(
                str(installed.path),
                device=settings.device,
                compute_type=settings.compute_type,
                inter_threads=self.layout.workers,
                intra_threads=self.layout.threads_each,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise UsageError(
                f"the model in {installed.path} cannot be loaded ({error}); run: duiyi models verify"
            ) from error

    @property
    def compute_type(self) -> str:
        """CTranslate2's name of the arithmetic that it uses."""
        return str(self._generator.compute_type)

    def translate(
        self, requests: Sequence[Request], progress: Progress | None = None, keep: Keep | None = None
    ) -> list[Hypothesis]:
        """One hypothesis a request: greedy, to the first line break.

        First tries share batches with each other, and so do second tries, whatever they are told: a step of a few sentences takes half as
        long as one of thirty. A wider search, which cannot be interrupted within a batch, is apart.
        """
        found: dict[Request, Hypothesis] = {}
        for again, wide in ((False, False), (True, False), (True, True)):
            asked = [one for one in dict.fromkeys(requests) if one.wide == wide and (one.again or wide) == again]
            found |= zip(asked, self._generate(asked, progress, keep, again=again, wide=wide), strict=True)
        return [found[one] for one in requests]

    def rest(self) -> None:
        """Give the model's memory back until `wake`."""
        self._generator.unload_model()

    def wake(self) -> None:
        """Have the model in memory again."""
        if not self._generator.model_is_loaded:
            self._generator.load_model()

    def _generate(
        self, requests: Sequence[Request], progress: Progress | None, keep: Keep | None, *, again: bool, wide: bool
    ) -> list[Hypothesis]:
        beam = self._settings.llm_retry_beam if wide else 1
        found: list[Hypothesis | None] = [None] * len(requests)
        lengths = [len(self._tokenizer.encode(one.sentence).ids) for one in requests]
        # Like lengths share a batch, so that little is padded; the order is the same whenever the requests are.
        order = sorted(
            range(len(requests)), key=lambda i: (lengths[i], requests[i].sentence, self._prompt(requests[i]))
        )
        for batch in _batches(order, lengths, max(1, self.layout.batch // beam), TOKENS_AT_ONCE // beam):
            opening = self._shared_opening([requests[i] for i in batch])
            results = self._interruptible(
                [requests[i].sentence for i in batch],
                [self._prompt_tokens(requests[i])[len(opening) :] for i in batch],
                beam_size=beam,
                static_prompt=opening,  # read once, its state is kept
                max_length=int(self._settings.max_length_ratio * max(lengths[i] for i in batch)) + 24,
                end_token=self._end_ids,
                return_end_token=True,
                include_prompt_in_result=False,
                return_scores=True,
                no_repeat_ngram_size=self._settings.llm_retry_no_repeat_ngram if again else 0,
                suppress_sequences=self._unwanted(refusals=wide),
                progress=progress,
            )
            for index, result in zip(batch, results, strict=True):
                ids = result.sequences_ids[0]
                ended = bool(ids) and ids[-1] in self._end_set
                text = self._tokenizer.decode(ids, skip_special_tokens=True).split("\n", 1)[0].strip()
                score = float(result.scores[0])
                found[index] = Hypothesis(text, score if math.isfinite(score) else None, truncated=not ended)
            if keep is not None:
                keep({requests[i]: hypothesis for i in batch if (hypothesis := found[i]) is not None})
        return [hypothesis for hypothesis in found if hypothesis is not None]

    def _interruptible(
        self, sentences: list[str], prompts: list[list[str]], progress: Progress | None, **options: Any
    ) -> list[GenerationResult]:
        """Generate in a thread, so that Ctrl-C or a signal ends it within a step or two instead of after the batch."""
        stopped = threading.Event()
        if options["beam_size"] > 1:  # CTranslate2 calls nobody back from a beam search
            return self._generator.generate_batch(prompts, **options)  # type: ignore[no-any-return]

        def step(result: GenerationStepResult) -> bool:
            if result.is_last and progress is not None:
                progress(sentences[result.batch_id])
            return stopped.is_set()

        with ThreadPoolExecutor(1) as worker:
            pending = worker.submit(self._generator.generate_batch, prompts, callback=step, **options)
            try:
                while True:
                    try:
                        return pending.result(timeout=0.2)  # type: ignore[no-any-return]
                    except TimeoutError:
                        if pending.done():
                            raise
            except BaseException:
                stopped.set()
                raise

    @cached_property
    def _turn(self) -> TurnTokens:
        """What the model expects around a user's text."""
        return turn_tokens(self._tokenizer, *self._manifest.turn)

    @cached_property
    def _between(self) -> TurnTokens:
        """What the model expects between an answer and the user's next text."""
        return turn_tokens(self._tokenizer, self._manifest.turn_between or "", "")

    def _prompt(self, request: Request) -> str:
        """The user turn that a request is made with."""
        if request.hints:
            return self._settings.llm_hint_prompt
        other = (request.again or request.wide) and request.context is None
        return self._settings.llm_retry_prompt if other else self._settings.llm_prompt

    def _prompt_tokens(self, request: Request) -> list[str]:
        """All that the model reads of a request: maybe a turn that has its answer, then the one that waits for it."""
        prompt, said = self._prompt(request), "; ".join(f"{chinese} = {english}" for chinese, english in request.hints)
        if request.context is None:
            return [*self._opening_tokens(prompt), *self._turn_tokens(prompt, request.sentence, said)]
        sentence, answer = request.context
        return [
            *self._opening_tokens(prompt),
            *self._turn_tokens(prompt, sentence),
            *self._tokenizer.encode(answer).tokens,
            *self._opening_tokens(prompt, self._between),
            *self._turn_tokens(prompt, request.sentence),
        ]

    def _shared_opening(self, requests: Sequence[Request]) -> list[str]:
        """What all of them begin with: their prompt as far as the sentence or, where they have several, what these have in common."""
        openings = [self._opening_tokens(prompt) for prompt in {self._prompt(one) for one in requests}]
        alike = takewhile(lambda tokens: len(set(tokens)) == 1, zip(*openings, strict=False))
        return [tokens[0] for tokens in alike]

    def _opening_tokens(self, prompt: str, frame: TurnTokens | None = None) -> list[str]:
        """What stands before the sentence in every such prompt, in the frame of a first turn or another."""
        frame = frame or self._turn
        return [*frame.before, *self._tokenizer.encode(frame.lead + _opening(prompt)).tokens]

    def _turn_tokens(self, prompt: str, sentence: str, hints: str = "") -> list[str]:
        """The sentence, the rest of the prompt, and the opening of the answer."""
        before, _, after = prompt.removeprefix(_opening(prompt)).partition("{source}")
        text = before.replace("{hints}", hints) + sentence + after + self._turn.tail
        return [*self._tokenizer.encode(text).tokens, *self._turn.after]

    @cached_property
    def _vocabulary(self) -> list[tuple[int, str, str]]:
        """Id, token and the text it stands for, of every token of the vocabulary."""
        vocabulary = sorted(self._tokenizer.get_vocab().items(), key=lambda item: item[1])
        texts = self._tokenizer.decode_batch([[index] for _, index in vocabulary], skip_special_tokens=False)
        return [(index, token, text) for (token, index), text in zip(vocabulary, texts, strict=True)]

    @cached_property
    def _end_ids(self) -> list[int]:
        """Tokens that end an answer: the model's own, and all that hold a line break (one sentence is one line)."""
        own = [self._tokenizer.token_to_id(token) for token in self._manifest.end_tokens]
        return [index for index in own if index is not None] + [i for i, _, text in self._vocabulary if "\n" in text]

    @cached_property
    def _end_set(self) -> frozenset[int]:
        return frozenset(self._end_ids)

    def _unwanted(self, *, refusals: bool) -> list[list[str]]:
        """Token sequences that no answer may have: Han, and on demand the beginnings of refusals."""
        if not refusals:
            return self._han_sequences
        return [*self._han_sequences, *(self._tokenizer.encode(said).tokens for said in REFUSALS)]

    @cached_property
    def _han_sequences(self) -> list[list[str]]:
        """Tokens that write Han: those whose text holds some, and the UTF-8 bytes that such characters begin with."""
        import re

        han = re.compile(f"[{HAN}{BOPOMOFO}]")
        leading = re.compile("[ã-é]|<0xE[3-9]>")  # as vocabularies write the bytes E3 to E9; emoji begin with F0
        return [
            [token]
            for _, token, text in self._vocabulary
            if (han.search(text) and not text.startswith("<|")) or ("\ufffd" in text and leading.search(token))
        ]


def _batches(order: list[int], lengths: list[int], size: int, tokens: int) -> Iterator[list[int]]:
    """Sentences in this order (of their lengths) in batches of at most so many, and of so many tokens if all were as long as the longest."""
    first = 0
    while first < len(order):
        batch = order[first : first + size]
        while len(batch) > 1 and len(batch) * lengths[batch[-1]] > tokens:
            batch.pop()
        first += len(batch)
        yield batch


def _opening(prompt: str) -> str:
    """What a prompt begins with, whatever the sentence; a space at its end would be a token, and belongs to what follows."""
    return prompt[: prompt.index("{")].rstrip(" ")
