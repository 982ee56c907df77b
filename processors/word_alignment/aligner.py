"""The aligner that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..models import find_model
from ..repair import model_input
from ..settings import Settings
from ..translation import load_engine
from ..translation.argos import ArgosEngine
from . import align_words
from .attention import Link, links_from_attention


class Unlinked(NamedTuple):
    """A pair whose words are to be linked; ``engine`` is the one that wrote the English, None where a person did."""

    zh: str
    zh_tokens: Sequence[str]
    en: str
    en_tokens: Sequence[str]
    engine: str | None


Align = Callable[[Sequence[Unlinked]], list[tuple[Link, ...]]]
"""Pairs in, the links of each out."""


def align_by_words(pairs: Sequence[Unlinked]) -> list[tuple[Link, ...]]:
    """By what the dictionary says of the words, whoever wrote the English."""
    return [align_words(pair.zh_tokens, pair.en_tokens) for pair in pairs]


def aligner(settings: Settings) -> Align:
    """What links the words of pairs under these settings."""
    if settings.alignment.argos == "words":
        return align_by_words

    def align(pairs: Sequence[Unlinked]) -> list[tuple[Link, ...]]:
        by_argos = [pair for pair in pairs if pair.engine == "argos"]
        looked = iter(_by_attention(by_argos, settings) if by_argos else ())
        found = [next(looked) if pair.engine == "argos" else None for pair in pairs]
        return [
            align_words(pair.zh_tokens, pair.en_tokens) if links is None else links
            for pair, links in zip(pairs, found, strict=True)
        ]

    return align


def _by_attention(pairs: Sequence[Unlinked], settings: Settings) -> list[tuple[Link, ...] | None]:
    """The links of pairs that the Argos model wrote; None for one whose tokens its pieces don't spell.

    Raises:
        NoModelError: the package is no longer installed.
    """
    engine = load_engine(find_model("argos", settings.models), settings.translation)
    if not isinstance(engine, ArgosEngine):
        raise TypeError(f"{engine.model} is no Argos package")
    looked = engine.attention([(model_input(pair.zh), pair.en) for pair in pairs])
    return [
        links_from_attention(pair.zh_tokens, pair.en_tokens, attention)
        for pair, attention in zip(pairs, looked, strict=True)
    ]
