"""``make learn-words``: what the characters and parts of Chinese words mean, learnt from the packaged CC-CEDICT.

IBM Model 1 (Brown et al. 1993, "The Mathematics of Statistical Machine Translation") with the dictionary as its corpus: a
headword's characters and the shorter words in it are the source, the stems of its glosses the target. So a word that
no dictionary has (三千块, 配置文件) is understood by its parts, each with the share of its meanings.

The file made has a line a part: the part, then stems with their probability as a negative logarithm (nats, times ten).
"""

from __future__ import annotations

import lzma
import sys
from pathlib import Path

import numpy as np
from duiyi.processors.dictionary import lexicon as room
from duiyi.processors.dictionary.lexicon import lexicon

ITERATIONS = 8
LEAST_ENTRIES = 2
"""A part of fewer headwords than this has taught nothing."""
MOST_MEANINGS, LEAST_PROBABILITY = 10, 0.012
WEAK = 0.3
"""What a word of a long gloss counts, beside one of a short gloss."""
NOTHING = ""
"""The empty source word, which accounts for stems that no part explains."""


def parts_of(word: str, known: dict[str, tuple[str, ...]]) -> list[str]:
    """The characters of a headword and the dictionary's words inside it; a single character is its own part."""
    inside = {
        word[first:last]
        for first in range(len(word))
        for last in range(first + 2, len(word) + 1)
        if last - first < len(word)
    }
    return sorted(set(word) | {one for one in inside if one in known})


def learn() -> dict[str, list[tuple[str, float]]]:
    """Part → its likeliest stems with p(stem | part)."""
    words = lexicon()
    sources: dict[str, int] = {NOTHING: 0}
    targets: dict[str, int] = {}
    entries: list[tuple[list[int], list[int], list[float]]] = []
    held: dict[int, int] = {}
    for word in sorted(words.strong):
        stems = dict.fromkeys(words.strong[word], 1.0)
        stems |= {stem: WEAK for stem in words.weak.get(word, ()) if stem not in stems}
        if not stems or len(word) > room.MOST_CHARACTERS:
            continue
        parts = [sources.setdefault(part, len(sources)) for part in parts_of(word, words.strong)]
        for part in parts:
            held[part] = held.get(part, 0) + 1
        entries.append(([0, *parts], [targets.setdefault(stem, len(targets)) for stem in stems], list(stems.values())))
    # one cell for each (stem of an entry, part of that entry); `slot` numbers the stems of all entries
    source = np.concatenate([np.tile(parts, len(stems)) for parts, stems, _ in entries])
    target = np.concatenate([np.repeat(stems, len(parts)) for parts, stems, _ in entries])
    weight = np.concatenate([np.repeat(weights, len(parts)) for parts, _, weights in entries])
    counts = np.concatenate([np.full(len(stems), len(parts)) for parts, stems, _ in entries])
    slot = np.repeat(np.arange(len(counts)), counts)
    cells, cell = np.unique(source.astype(np.int64) * len(targets) + target, return_inverse=True)
    origin = cells // len(targets)
    probability = np.full(len(cells), 1.0)
    for _ in range(ITERATIONS):
        share = probability[cell]
        share = weight * share / np.bincount(slot, share)[slot]
        expected = np.bincount(cell, share, len(cells))
        probability = expected / np.bincount(origin, expected)[origin]
    names, stems_by_number = list(sources), list(targets)
    found: dict[str, list[tuple[str, float]]] = {}
    for number, value in zip(
        cells[probability >= LEAST_PROBABILITY], probability[probability >= LEAST_PROBABILITY], strict=True
    ):
        part, stem = divmod(int(number), len(targets))
        if part and held[part] >= LEAST_ENTRIES:
            found.setdefault(names[part], []).append((stems_by_number[stem], float(value)))
    return {part: sorted(said, key=lambda one: (-one[1], one[0]))[:MOST_MEANINGS] for part, said in found.items()}


def main(out: Path) -> None:
    """Write the file."""
    lines = [
        part + "\t" + " ".join(f"{stem}:{round(-10 * float(np.log(probability)))}" for stem, probability in said)
        for part, said in sorted(learn().items())
    ]
    packed = lzma.compress("\n".join(lines).encode("utf-8"), preset=9 | lzma.PRESET_EXTREME)
    out.write_bytes(packed)
    print(f"{out}: {len(lines):,} parts, {len(packed):,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(room.__file__).with_name("parts.tsv.xz"))
