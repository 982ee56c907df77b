"""What every translation engine offers: a list of sentences in, a list of hypotheses out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ..records import Hypothesis

Progress = Callable[[str], None]
"""Called with each sentence just finished, maybe from another thread."""

Hints = tuple[tuple[str, str], ...]
"""What a translation is told to say: words of the sentence, each with its English."""

Context = tuple[str, str]
"""The sentence before one in its document, as a model sees it, and what it was translated as."""


@dataclass(frozen=True, slots=True)
class Request:
    """A try that a model is asked for. Without anything else it is a first try at the sentence."""

    sentence: str
    hints: Hints = ()
    """What it is told to say."""
    again: bool = False
    """A second try, by other means and without recurring n-grams; of the language model without hints: by another prompt."""
    context: Context | None = None
    """What the model has read and said before, of a second try."""
    wide: bool = False
    """A second try by a wider search."""


Keep = Callable[[Mapping[Request, Hypothesis]], None]
"""Called with the answers of each batch as soon as it is done."""


class Engine(Protocol):
    """A loaded model that translates Chinese sentences into English."""

    name: Literal["argos", "llm"]
    model: str
    """``name@version`` of the model, as it stands in every row made by it."""

    def translate(
        self, requests: Sequence[Request], progress: Progress | None = None, keep: Keep | None = None
    ) -> list[Hypothesis]:
        """One hypothesis a request, in the same order. Whatever can share a batch does."""
        ...

    def rest(self) -> None:
        """Give back a large model's memory, while another process needs it."""
        ...

    def wake(self) -> None:
        """Have the model in memory again."""
        ...
