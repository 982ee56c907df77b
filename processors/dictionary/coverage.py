"""How much of a Chinese sentence a dictionary finds in its English: the adequacy that can be seen without a reference.

Counting the source words whose dictionary translations occur in the hypothesis is one of the oldest black-box features of
quality estimation (Blatz et al. 2004, "Confidence estimation for machine translation"; Specia et al. 2013, QuEst).
"""

from __future__ import annotations

import re

from ..detection.characters import HAN
from .lexicon import lexicon, plain_chinese
from .stems import content_stems

_han = re.compile(f"[{HAN}]+")
_INDIRECTLY = 0.5
"""What a word counts for of which only a part, a longer gloss or a paraphrase is found."""


def covered_share(chinese: str, english: str) -> float:
    """The share (0 to 1) of the content words of the Chinese whose dictionary English stands in ``english``; 1 where it has none."""
    words = [token for run in _han.findall(plain_chinese(chinese)) for token in lexicon().tokens(run)]
    if not words:
        return 1.0
    said = set(content_stems(english))
    return sum(
        1.0 if not word.strong.isdisjoint(said) else _INDIRECTLY if not word.weak.isdisjoint(said) else 0.0
        for word in words
    ) / len(words)
