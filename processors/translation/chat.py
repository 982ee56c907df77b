"""The frame that a language model expects around a user's text, as tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class TurnTokens(NamedTuple):
    """What stands around a user's text: ``before`` + tokens of (``lead`` + text + ``tail``) + ``after``.

    ``lead`` and ``tail`` touch the text, so that they are cut into tokens together with it.
    """

    before: list[str]
    lead: str
    tail: str
    after: list[str]


def turn_tokens(tokenizer: Tokenizer, before: str, after: str) -> TurnTokens:
    """Cut the frame of a user's turn at the first and the last of the model's special tokens.

    Args:
        tokenizer: the model's; special tokens are known by its list of them, whatever it does with text.
        before: what stands before the user's text.
        after: what stands after it, up to where the answer begins.
    """
    special = {token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special}
    pattern = re.compile(f"({'|'.join(map(re.escape, sorted(special, key=len, reverse=True)))})") if special else None

    def cut(text: str) -> list[str]:
        return pattern.split(text) if pattern else [text]

    def tokens(parts: list[str]) -> list[str]:
        return [token for part in parts for token in ([part] if part in special else tokenizer.encode(part).tokens)]

    *opening, lead = cut(before)
    tail, *closing = cut(after)
    return TurnTokens(tokens(opening), lead, tail, tokens(closing))
