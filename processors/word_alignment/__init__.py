"""Word alignment: which English word says which Chinese word of a pair, by what dictionaries say of both. No model, no training.

`association` is what speaks for two words, `grammar` the words and marks that no dictionary translates.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .association import NUMBER, Chinese, English, association, chinese, english, same_number

Link = tuple[int, int]
"""Places of a Chinese and of an English token."""

DIAGONAL = 4.0
"""What a link loses for each sentence length that its ends lie apart (the prior of fast_align, Dyer et al. 2013)."""
NEIGHBOUR = 1.0
"""What a link gains where one next to it is likely."""
LEAST = 1.5
"""Links worth less are not made."""
LEAST_ALSO = 2.5
"""So much must a link be worth that gives a linked word another partner."""
REACH = 2
"""How far from a partner that a word has another may stand."""
MOST_FILLING = 2
"""Most words that a gap between links is filled with."""


def align_words(zh_tokens: Sequence[str], en_tokens: Sequence[str]) -> tuple[Link, ...]:
    """The links between the words of a pair, in order; depends on nothing but the pair.

    Links compete: the best goes first, and a linked word gets another partner only beside the one it has (competitive
    linking, Melamed 2000; growing as in Och & Ney 2003). What a link is worth is what the words say of each other, less
    what its ends lie apart, first on the diagonal of the sentence and then beside the links found.

    Args:
        zh_tokens: as `tokens.tokens_of` gives them, white space and all.
        en_tokens: as `tokens.english_tokens` gives them.

    Returns:
        Places in the two lists.
    """
    zh, en = [chinese(token) for token in zh_tokens], [english(token) for token in en_tokens]
    worth: dict[Link, float] = {}
    for i, one in enumerate(zh):
        if not one.plain.isspace():
            for j, two in enumerate(en):
                value = association(one, two, j == 0)
                if value > 0:
                    worth[i, j] = value
    worth |= _numbers(zh, en)
    if not worth:
        return ()
    expected = [(i + 0.5) / len(zh) * len(en) - 0.5 for i in range(len(zh))]
    links = _linked(_placed(worth, expected, len(en)))
    links = _linked(_placed(worth, _expected(links, worth, expected), len(en)))
    return tuple(sorted(links | _between(links, zh, en)))


def _numbers(zh: Sequence[Chinese], en: Sequence[English]) -> dict[Link, float]:
    """Links between runs of tokens that say the same number: 5 万 and 50,000, 三十五 and thirty five."""
    found: dict[Link, float] = {}
    spans = [span for span in _runs([one.is_number for one in en]) if span[1] - span[0] <= 6]
    if not spans:
        return found
    for i, one in enumerate(zh):
        if not one.has_number:
            continue
        scale = i + 1 < len(zh) and zh[i + 1].plain[:1] in "万亿百千" and one.plain.isascii()
        said = one.plain + zh[i + 1].plain if scale else one.plain
        for start, end in spans:
            if same_number(said, " ".join(two.plain for two in en[start:end])):
                for j in range(start, end):
                    found[i, j] = NUMBER
                    if scale:
                        found[i + 1, j] = NUMBER
    return found


def _runs(marked: Sequence[bool]) -> list[tuple[int, int]]:
    """Start and end of each run of what is marked."""
    edges = [i for i, (a, b) in enumerate(pairwise([False, *marked, False])) if a != b]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _placed(worth: dict[Link, float], expected: Sequence[float], length: int) -> dict[Link, float]:
    """What links are worth in their places."""
    placed: dict[Link, float] = {}
    for (i, j), value in worth.items():
        near = max(
            (worth.get((i + a, j + b), 0.0) for a, b in ((-1, -1), (1, 1), (-1, 0), (1, 0), (0, -1), (0, 1))), default=0.0
        )
        placed[i, j] = value - DIAGONAL * abs(j - expected[i]) / length + (NEIGHBOUR if near >= 4 else 0.0)
    return placed


def _linked(placed: dict[Link, float]) -> set[Link]:
    """The links that win."""
    partners_zh: dict[int, list[int]] = {}
    partners_en: dict[int, list[int]] = {}
    links: set[Link] = set()
    for (i, j), value in sorted(placed.items(), key=lambda item: (-item[1], item[0])):
        if value < LEAST:
            break
        mine, theirs = partners_zh.get(i), partners_en.get(j)
        if mine and theirs:
            continue
        if mine and (value < LEAST_ALSO or min(abs(j - other) for other in mine) > REACH):
            continue
        if theirs and (value < LEAST_ALSO or min(abs(i - other) for other in theirs) > REACH):
            continue
        links.add((i, j))
        partners_zh.setdefault(i, []).append(j)
        partners_en.setdefault(j, []).append(i)
    return links


def _expected(links: set[Link], worth: dict[Link, float], diagonal: Sequence[float]) -> list[float]:
    """Where the partner of each Chinese token is expected: as its neighbours' partners lie."""
    anchors: dict[int, list[int]] = {}
    for i, j in links:
        if worth[i, j] >= 4:
            anchors.setdefault(i, []).append(j)
    middle = {i: sum(js) / len(js) for i, js in anchors.items()}
    found: list[float] = []
    for i, there in enumerate(diagonal):
        near = [(abs(i - k), middle[k] + (i - k)) for k in middle if k != i and abs(i - k) <= 3]
        total = sum(1 / distance for distance, _ in near)
        found.append((sum(place / distance for distance, place in near) + there * 0.5) / (total + 0.5))
    return found


def _between(links: set[Link], zh: Sequence[Chinese], en: Sequence[English]) -> set[Link]:
    """Links for words that the dictionaries don't connect, where what stands around them is: they fill the same gap.

    A gap is what lies between two links that follow each other in both languages (or the sentence's ends). As many words
    are linked in their order, a word alone with up to `MOST_FILLING` that stand together.
    """
    first: dict[int, list[int]] = {-1: [-1], len(zh): [len(en)]}
    for i, j in links:
        first.setdefault(i, []).append(j)
    linked_en = {j for _, j in links}
    more: set[Link] = set()
    for before, after in pairwise(sorted(first)):
        low, high = max(first[before]), min(first[after])
        if low >= high:
            continue
        mine = [i for i in range(before + 1, after) if zh[i].is_content]
        theirs = [j for j in range(low + 1, high) if j not in linked_en and en[j].is_content]
        if len(mine) == len(theirs) <= MOST_FILLING:
            more.update(zip(mine, theirs, strict=True))
        elif len(mine) == 1 and 0 < len(theirs) <= MOST_FILLING and theirs[-1] - theirs[0] < len(theirs):
            more.update((mine[0], j) for j in theirs)
    return more
