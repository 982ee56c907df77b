"""The light engine: an Argos Translate package, its own tokenizer and its CTranslate2 model.

Argos' own ``translate`` joins the sentences of a paragraph and fetches sentence splitters; here one sentence is one
unit and all of a call go to CTranslate2 in batches, several at once. A batch holds sentences of one length in tokens: nothing is padded,
and so nothing depends on what shares a batch (with padding, int8 arithmetic gives some scores and now and then a word otherwise).
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from ..errors import UsageError
from ..models import InstalledModel
from ..records import Hypothesis
from ..settings import TranslationSettings
from ..word_alignment.attention import Attention
from .engine import Hints, Keep, Progress, Request
from .layout import layout_of

BATCHES_AHEAD = 3
"""Batches queued for each worker before more are posted: none runs dry, and what another thread asks for comes in between."""
KEPT_AT_ONCE = 64
"""Finished sentences that are handed on together."""


class ArgosEngine:
    """Translates with an installed zh→en package."""

    name: Literal["argos", "llm"] = "argos"

    def __init__(self, installed: InstalledModel, settings: TranslationSettings) -> None:
        import ctranslate2
        from argostranslate.package import Package

        self.model = installed.label
        self._settings = settings
        self.layout = layout_of(installed, settings)
        package = Package(installed.path)
        self._tokenizer = package.tokenizer
        self._prefix = package.target_prefix
        try:
            self._translator = ctranslate2.Translator(
                str(installed.path / "model"),
                device=settings.device,
                compute_type=settings.compute_type,
                inter_threads=self.layout.workers,
                max_queued_batches=-1,  # or posting a shard would block, deaf to signals
                intra_threads=self.layout.threads_each,
            )
        except (RuntimeError, ValueError) as error:
            raise UsageError(f"the model in {installed.path} cannot be loaded: {error}") from error

    @property
    def compute_type(self) -> str:
        """CTranslate2's name of the arithmetic that it uses."""
        return str(self._translator.compute_type)

    def translate(
        self, requests: Sequence[Request], progress: Progress | None = None, keep: Keep | None = None
    ) -> list[Hypothesis]:
        """One hypothesis a request; beam search, mean log-probability of the tokens as score.

        Hints stand in place of their Chinese: such models copy Latin letters, mostly. A wider search is twice as wide, and no three
        tokens recur in it. These models read one sentence and have no prompt to change: there are no other second tries.
        """
        found: dict[Request, Hypothesis] = {}
        for wide, options in (
            (False, {}),
            (True, {"beam_size": 2 * self._settings.argos_beam, "no_repeat_ngram_size": 3}),
        ):
            asked = list(dict.fromkeys(one for one in requests if one.wide == wide))
            found |= zip(asked, self._translate(asked, progress, keep, **options), strict=True)
        return [found[one] for one in requests]

    def _translate(
        self,
        requests: Sequence[Request],
        progress: Progress | None,
        keep: Keep | None,
        **options: Any,
    ) -> list[Hypothesis]:
        tokens = [self._tokenizer.encode(_with_english(one.sentence, one.hints)) for one in requests]
        found: list[Hypothesis | None] = [None] * len(tokens)
        fresh: dict[Request, Hypothesis] = {}
        # several lengths are under way at once, so that no worker waits for the end of another's; long ones first, so that
        # what is left at the end is short
        order = deque(self._batches(tokens))
        posted: deque[tuple[list[int], int, list[Any]]] = deque()
        while order or posted:
            while order and len(posted) < BATCHES_AHEAD * self.layout.workers:
                batch = order.popleft()
                limit = int(self._settings.max_length_ratio * len(tokens[batch[0]])) + 24
                posted.append((batch, limit, self._post([tokens[index] for index in batch], limit, options)))
            batch, limit, pending = posted.popleft()
            for index, future in zip(batch, pending, strict=True):
                while not future.done():  # waiting in steps lets a signal through
                    time.sleep(0.005)
                result = future.result()
                pieces = result.hypotheses[0]
                text = self._tokenizer.decode(pieces[1:] if self._prefix and pieces[:1] == [self._prefix] else pieces)
                hypothesis = Hypothesis(text.strip(), float(result.scores[0]), truncated=len(pieces) >= limit)
                found[index] = fresh[requests[index]] = hypothesis
                if progress is not None:
                    progress(requests[index].sentence)
                if keep is not None and len(fresh) >= KEPT_AT_ONCE:
                    keep(fresh)
                    fresh = {}
        if keep is not None and fresh:
            keep(fresh)
        return [hypothesis for hypothesis in found if hypothesis is not None]

    def _batches(self, tokens: list[list[str]]) -> Iterator[list[int]]:
        """Sentences of one length in batches of about one size, long ones first."""
        groups: dict[int, list[int]] = {}
        for index, pieces in enumerate(tokens):
            groups.setdefault(len(pieces), []).append(index)
        for length, members in sorted(groups.items(), reverse=True):
            most = max(1, self.layout.batch // max(1, length))
            size = -(-len(members) // -(-len(members) // most))
            for first in range(0, len(members), size):
                yield members[first : first + size]

    def _post(self, tokens: list[list[str]], limit: int, options: dict[str, Any]) -> list[Any]:
        """Queue a batch."""
        posted: list[Any] = self._translator.translate_batch(
            tokens,
            **{"beam_size": self._settings.argos_beam, **options},
            target_prefix=[[self._prefix]] * len(tokens) if self._prefix else None,
            max_input_length=0,
            max_decoding_length=limit,
            length_penalty=1.0,
            replace_unknowns=True,
            return_scores=True,
            asynchronous=True,
        )
        return posted

    def attention(self, pairs: Sequence[tuple[str, str]]) -> list[Attention]:
        """What the model looks at when it is made to translate each first text as the second."""
        sources = [self._tokenizer.encode(source) for source, _ in pairs]
        targets = [self._tokenizer.encode(english) for _, english in pairs]
        opening = [self._prefix] if self._prefix else []
        found: list[Attention] = []
        # a batch of its own for each: what is forced on some decoding must not lengthen that of others
        for source, target in zip(sources, targets, strict=True):
            (result,) = self._translator.translate_batch(
                [source],
                target_prefix=[[*opening, *target]],
                beam_size=1,
                max_input_length=0,
                max_decoding_length=len(opening) + len(target) + 1,
                return_attention=True,
            )
            found.append(Attention(source, target, result.attention[0][len(opening) : len(opening) + len(target)]))
        return found

    def rest(self) -> None:
        """A small model stays where it is."""

    def wake(self) -> None:
        """It is there."""


def _with_english(sentence: str, hints: Hints) -> str:
    if not hints:
        return sentence
    for chinese, english in hints:
        whole = rf"(?<!\d){re.escape(chinese)}" if chinese[:1].isdigit() else re.escape(chinese)
        sentence = f" {english} ".join(re.split(whole, sentence))
    return " ".join(sentence.split())
