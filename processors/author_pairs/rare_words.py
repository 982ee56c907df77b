"""Candidates at any distance: passages or sentences that share words which few others have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from .profiles import ChinesePassage, EnglishPassage

_MOST_POSTINGS = 12
"""A word that more passages hold than this tells nothing of where its translation stands."""
_MOST_FOUND = 3


def sharing_rare_words(
    zh: Sequence[ChinesePassage], en: Sequence[EnglishPassage], without: Collection[int] = ()
) -> Iterator[tuple[int, int]]:
    """Number of the Chinese and of the English passage, for each Chinese one but those ``without`` its three likeliest.

    An inverted index of the English words keeps the cost linear in the text.
    """
    postings: dict[str, list[int]] = defaultdict(list)
    for j, passage in enumerate(en):
        for mark in passage.stems | passage.words | {str(number) for number in passage.numbers.written}:
            postings[mark].append(j)
    for i, one in enumerate(zh):
        if i in without:
            continue
        votes: dict[int, float] = defaultdict(float)
        marks = one.latin.union(map(str, one.numbers.written), *(token.strong for token in one.tokens))
        for mark in marks:
            there = postings.get(mark, ())
            if len(there) <= _MOST_POSTINGS:
                for j in there:
                    votes[j] += 1 / len(there)
        for j in sorted(votes, key=lambda j: (-votes[j], j))[:_MOST_FOUND]:
            yield i, j
