"""What the characters and the shorter words inside Chinese words mean, with probabilities."""

from __future__ import annotations

import lzma
from functools import cache
from importlib import resources


@cache
def meanings_of_parts() -> dict[str, tuple[tuple[str, float], ...]]:
    """Part of a word → the stems that it may mean, likeliest first, with their natural log-probability.

    Learnt from CC-CEDICT by IBM Model 1 (``make learn-words``); read in a fifth of a second, and kept.
    """
    packed = resources.files("duiyi.processors.dictionary").joinpath("parts.tsv.xz").read_bytes()
    found: dict[str, tuple[tuple[str, float], ...]] = {}
    for line in lzma.decompress(packed).decode("utf-8").split("\n"):
        part, said = line.split("\t")
        pairs = (one.rpartition(":") for one in said.split(" "))
        found[part] = tuple((stem, -int(level) / 10) for stem, _, level in pairs)
    return found
