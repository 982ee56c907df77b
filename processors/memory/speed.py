"""How fast this machine translates, by its own measurements."""

from __future__ import annotations

SENTENCE_LOAD = 12
"""What a sentence costs beside its characters (its prompt, its end, its share of a batch), in characters."""


def load_of(source: str) -> int:
    """The work of translating a sentence, in characters."""
    return len(source) + SENTENCE_LOAD


def duration(seconds: float) -> str:
    """A length of time for a person."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
