"""How mixed a document is: the three usual figures of code-mixing, from counts of words by language.

All take the words of a document in order as runs ``(language, number of words)``; words of no language (numbers,
addresses, marks) are left out by the caller, as the papers do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Run = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Mixing:
    """Figures of one document; None where there are too few words to say."""

    cmi: float | None
    m_index: float | None
    i_index: float | None


def _counts(runs: Iterable[Run]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for language, words in runs:
        counts[language] += words
    return +counts


def code_mixing_index(runs: Sequence[Run]) -> float | None:
    """CMI of Gambäck & Das (2014), "On measuring the complexity of code-mixing": 0 (one language) to below 100.

    ``100 · (1 − max wᵢ / n)`` with ``wᵢ`` words of language i among ``n`` words that have a language. None without words.
    """
    counts = _counts(runs)
    total = counts.total()
    return 100.0 * (1.0 - max(counts.values()) / total) if total else None


def multilingual_index(runs: Sequence[Run], languages: int = 2) -> float | None:
    """M-index of Barnett et al. (2000) as given by Guzmán et al. (2017): 0 (one language) to 1 (equal shares).

    ``(1 − Σ pⱼ²) / ((k − 1) · Σ pⱼ²)`` over the k languages of the corpus, here Chinese and English, or more where the
    document has more. None without words.
    """
    counts = _counts(runs)
    total = counts.total()
    if not total:
        return None
    squares = sum((words / total) ** 2 for words in counts.values())
    return (1.0 - squares) / ((max(languages, len(counts)) - 1) * squares)


def integration_index(runs: Sequence[Run]) -> float | None:
    """I-index of Guzmán et al. (2017), "Metrics for modeling code-switching across corpora": 0 to 1.

    The share of places between two neighbouring words at which the language switches. None below two words.
    """
    present = [(language, words) for language, words in runs if words]
    total = sum(words for _, words in present)
    if total < 2:
        return None
    switches = sum(before[0] != after[0] for before, after in pairwise(present))
    return switches / (total - 1)


def mixing_of(runs: Sequence[Run]) -> Mixing:
    """All three figures."""
    return Mixing(code_mixing_index(runs), multilingual_index(runs), integration_index(runs))
