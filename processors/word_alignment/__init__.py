"""Word alignment: which English word says which Chinese word of a pair, by what dictionaries say of both. No model, no training.

`association` is what speaks for two words, `grammar` the words and marks that no dictionary translates. `attention` is the other
way, for what an Argos model wrote; `aligner` takes the one that the settings ask for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ..numbers import missing_numbers
from .association import Chinese, English, chinese, english
from .attention import Link

NUMBER = 7.0
"""What it is worth that two words say the same number."""
SCALES = frozenset("百千万亿")
LONGEST_NUMBER = 6
"""Tokens of an English number at most."""
MOST_PLACES = 8
"""So many of a word's like are looked at, those nearest."""
DIAGONAL = 4.0
"""What a link loses for each sentence length that its ends lie apart (the prior of fast_align, Dyer et al. 2013)."""
NEIGHBOUR = 1.0
"""What a link gains where one next to it is likely."""
BESIDE = ((-1, -1), (1, 1), (-1, 0), (1, 0), (0, -1), (0, 1))
SURE = 4.0
"""A link worth this tells where its neighbours are."""
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
    zh = [chinese(token) for token in zh_tokens]
    en = [english(token, j == 0) for j, token in enumerate(en_tokens)]
    diagonal = [(i + 0.5) / len(zh) * len(en) - 0.5 for i in range(len(zh))]
    worth = _by_keys(zh, en, diagonal)
    for link in _by_numbers(zh, en, en_tokens, diagonal):
        worth[link] = max(NUMBER, worth.get(link, 0.0))
    links = _linked(_placed(worth, diagonal, len(en)))
    links = _linked(_placed(worth, _expected(links, worth, diagonal), len(en)))
    return tuple(sorted(links | _between(links, zh, en)))


def _by_keys(zh: Sequence[Chinese], en: Sequence[English], diagonal: Sequence[float]) -> dict[Link, float]:
    """What links between words that have a key in common are worth."""
    places: dict[str, list[int]] = {}
    for j, two in enumerate(en):
        for key in two.keys:
            places.setdefault(key, []).append(j)
    worth: dict[Link, float] = {}
    for i, one in enumerate(zh):
        for key in one.keys.keys() & places.keys():
            value = one.keys[key]
            for j in _nearest(places[key], diagonal[i]):
                if value > worth.get((i, j), 0.0):
                    worth[i, j] = value
    return worth


def _nearest(places: list[int], here: float) -> list[int]:
    """Those of the places (in order) that are nearest, so that the work grows with the sentence and not with its square."""
    if len(places) <= MOST_PLACES:
        return places
    first = max(0, min(bisect_left(places, here) - MOST_PLACES // 2, len(places) - MOST_PLACES))
    return places[first : first + MOST_PLACES]


def _by_numbers(
    zh: Sequence[Chinese], en: Sequence[English], en_tokens: Sequence[str], diagonal: Sequence[float]
) -> Iterator[Link]:
    """Links between tokens that say the same number: 5 万 and 50,000, 三十五 and thirty five (`numbers.missing_numbers`)."""
    runs = dict(_runs([two.is_number for two in en]))
    starts = list(runs)
    for i, one in enumerate(zh):
        if not one.has_number:
            continue
        following = zh[i + 1].plain if i + 1 < len(zh) else ""
        scaled = one.plain.isascii() and following[:1] in SCALES
        said = one.plain + following if scaled else one.plain
        for start in _nearest(starts, diagonal[i]):
            end = min(runs[start], start + LONGEST_NUMBER)
            if not missing_numbers(said, " ".join(en_tokens[start:end])):
                for j in range(start, end):
                    yield i, j
                    if scaled:
                        yield i + 1, j


def _runs(marked: Sequence[bool]) -> list[tuple[int, int]]:
    """Start and end of each run of what is marked."""
    edges = [i for i, (a, b) in enumerate(pairwise([False, *marked, False])) if a != b]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _placed(worth: dict[Link, float], expected: Sequence[float], length: int) -> dict[Link, float]:
    """What links are worth in their places."""
    placed: dict[Link, float] = {}
    for (i, j), value in worth.items():
        supported = any(worth.get((i + a, j + b), 0.0) >= SURE for a, b in BESIDE)
        placed[i, j] = value - DIAGONAL * abs(j - expected[i]) / length + (NEIGHBOUR if supported else 0.0)
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
    """Where the partner of each Chinese token is expected: beside its neighbours' partners, the nearer the more."""
    anchors: dict[int, list[int]] = {}
    for i, j in links:
        if worth[i, j] >= SURE:
            anchors.setdefault(i, []).append(j)
    middle = {i: sum(places) / len(places) for i, places in anchors.items()}
    found: list[float] = []
    for i, here in enumerate(diagonal):
        total = weight = 0.5
        total *= here
        for step in (-3, -2, -1, 1, 2, 3):
            if i + step in middle:
                total += (middle[i + step] - step) / abs(step)
                weight += 1 / abs(step)
        found.append(total / weight)
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
