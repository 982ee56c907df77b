"""How mixed a document is: the three usual figures of code-mixing, from counts of words by language.

All take the words of a document in order as runs ``(language, number of words)``; words of no language (numbers,
addresses, marks) are left out by the caller, as the papers do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Run = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Mixing:
    """Figures of one document; None where there are too few words to say."""

    cmi: float | None
    m_index: float | None
    i_index: float | None


class WordRuns:
    """Counts the words of a document in order, run by run: all that the figures need of them."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self.switches = 0
        """How often two neighbouring words are of different languages."""
        self._last: str | None = None
        self.add(runs)

    def add(self, runs: Iterable[Run]) -> None:
        """Count the next words."""
        for language, words in runs:
            if words:
                self.switches += self._last not in {None, language}
                self._last = language
                self.counts[language] += words

    def mixing(self) -> Mixing:
        """All three figures."""
        return Mixing(_code_mixing(self.counts), _multilingual(self.counts, 2), _integration(self))


def code_mixing_index(runs: Sequence[Run]) -> float | None:
    """CMI of Gambäck & Das (2014), "On measuring the complexity of code-mixing": 0 (one language) to below 100.

    ``100 · (1 − max wᵢ / n)`` with ``wᵢ`` words of language i among ``n`` words that have a language. None without words.
    """
    return _code_mixing(WordRuns(runs).counts)


def multilingual_index(runs: Sequence[Run], languages: int = 2) -> float | None:
    """M-index of Barnett et al. (2000) as given by Guzmán et al. (2017): 0 (one language) to 1 (equal shares).

    ``(1 − Σ pⱼ²) / ((k − 1) · Σ pⱼ²)`` over the k languages of the corpus, here Chinese and English, or more where the
    document has more. None without words.
    """
    return _multilingual(WordRuns(runs).counts, languages)


def integration_index(runs: Sequence[Run]) -> float | None:
    """I-index of Guzmán et al. (2017), "Metrics for modeling code-switching across corpora": 0 to 1.

    The share of places between two neighbouring words at which the language switches. None below two words.
    """
    return _integration(WordRuns(runs))


def mixing_of(runs: Sequence[Run]) -> Mixing:
    """All three figures."""
    return WordRuns(runs).mixing()


def _code_mixing(counts: Counter[str]) -> float | None:
    total = counts.total()
    return 100.0 * (1.0 - max(counts.values()) / total) if total else None


def _multilingual(counts: Counter[str], languages: int) -> float | None:
    total = counts.total()
    if not total:
        return None
    squares = sum((words / total) ** 2 for words in counts.values())
    return (1.0 - squares) / ((max(languages, len(counts)) - 1) * squares)


def _integration(runs: WordRuns) -> float | None:
    total = runs.counts.total()
    return runs.switches / (total - 1) if total >= 2 else None
