"""What every translation engine offers: a list of sentences in, a list of hypotheses out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from ..records import Hypothesis

Progress = Callable[[str], None]
"""Called with each sentence just finished, maybe from another thread."""

Hints = tuple[tuple[str, str], ...]
"""What a translation is told to say: words of the sentence, each with its English."""

Context = tuple[str, str]
"""The sentence before one in its document, as a model sees it, and what it was translated as."""

Keep = Callable[[Mapping[str, Hypothesis]], None]
"""Called with the answers of each batch as soon as it is done."""


class Engine(Protocol):
    """A loaded model that translates Chinese sentences into English."""

    name: Literal["argos", "llm"]
    model: str
    """``name@version`` of the model, as it stands in every row made by it."""

    def translate(
        self, sentences: Sequence[str], progress: Progress | None = None, keep: Keep | None = None
    ) -> list[Hypothesis]:
        """One hypothesis a sentence, in the same order."""
        ...

    def retry(
        self, sentences: Sequence[str], progress: Progress | None = None, keep: Keep | None = None
    ) -> list[Hypothesis] | None:
        """A second try by other means for sentences whose first hypothesis is faulty; None: the engine has none."""
        ...

    def hinted(
        self,
        sentences: Sequence[str],
        hints: Sequence[Hints],
        progress: Progress | None = None,
        keep: Keep | None = None,
        *,
        strict: bool,
    ) -> list[Hypothesis]:
        """A try that is told how to say some words of each sentence; ``strict``: in the manner of a retry."""
        ...

    def beam(self, sentences: Sequence[str], keep: Keep | None = None) -> list[Hypothesis]:
        """A try by a wider search without recurring n-grams."""
        ...

    def in_context(
        self, sentences: Sequence[str], contexts: Sequence[Context], keep: Keep | None = None
    ) -> list[Hypothesis] | None:
        """A try that has read the sentence before each; None: the engine reads only one sentence at a time."""
        ...

    def rest(self) -> None:
        """Give back a large model's memory, while another process needs it."""
        ...

    def wake(self) -> None:
        """Have the model in memory again."""
        ...
