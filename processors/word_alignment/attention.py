"""Word alignment by what an Argos model looked at while it wrote: the attention of its decoder over the pieces of the source.

The model is made to say the English again, each piece given, so that stored translations can be aligned too. The piece looked
at most is taken as in Garg et al. 2019 ("Jointly Learning to Align and Translate with Transformer Models", section 2), summed over the pieces
of a word. Transformers look at more than what they translate, so this is the poorer of the two ways (``make eval-words``).
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

Link = tuple[int, int]
"""Places of a Chinese and of an English token."""

LEAST_SHARE = 0.25
"""Of what an English word looked at, the Chinese word that was looked at most must have had so much."""


class Attention(NamedTuple):
    """What a model looked at: ``weights[t][s]`` for target piece t and source piece s; a row's sum is about 1."""

    source: Sequence[str]
    target: Sequence[str]
    weights: Sequence[Sequence[float]]


def links_from_attention(
    zh_tokens: Sequence[str], en_tokens: Sequence[str], attention: Attention
) -> tuple[Link, ...] | None:
    """The Chinese word that each English word looked at most; None where the pieces don't spell the tokens.

    Args:
        zh_tokens: of the sentence.
        en_tokens: of its English.
        attention: of the model that wrote this English, or was made to.
    """
    zh_places, en_places = _places(attention.source, zh_tokens), _places(attention.target, en_tokens)
    if zh_places is None or en_places is None:
        return None
    looked: dict[int, dict[int, float]] = {}
    for target, row in zip(en_places, attention.weights, strict=False):
        for source, weight in zip(zh_places, row, strict=False):  # one more weight: that of the end of the sentence
            for i, zh_part in source:
                for j, en_part in target:
                    seen = looked.setdefault(j, {})
                    seen[i] = seen.get(i, 0.0) + weight * zh_part * en_part
    links = []
    for j, seen in looked.items():
        best = min(seen, key=lambda i: (-seen[i], i))
        if seen[best] >= LEAST_SHARE * sum(seen.values()):
            links.append((best, j))
    return tuple(sorted(links))


def _places(pieces: Sequence[str], tokens: Sequence[str]) -> list[list[tuple[int, float]]] | None:
    """Of each piece the tokens that it stands in, with its share in each; None where pieces and tokens are not the same text.

    They are compared by how many characters they have, white space left out, in the compatibility form that pieces are in.
    """
    ends: list[int] = []
    total = 0
    for token in tokens:
        total += _length(token)
        ends.append(total)
    found: list[list[tuple[int, float]]] = []
    at = 0
    for piece in pieces:
        length = _length(piece.replace("▁", " ").removesuffix("@@"))
        inside = [bisect_right(ends, place) for place in range(at, at + length)]
        at += length
        found.append([(token, inside.count(token) / length) for token in dict.fromkeys(inside)])
    return found if at == total else None


def _length(text: str) -> int:
    return sum(not character.isspace() for character in unicodedata.normalize("NFKC", text))
