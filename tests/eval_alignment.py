"""``make eval-align``: author pairs found by us, by length alone and by taking the neighbour, on texts with known pairs.

The texts are those of the folder DUIYI_EVAL_DIR: ``bilingual-book`` (as it is, and corrupted copies) and ``microtopia`` (posts of true and
of false pairs; the half that nothing was tuned on, unless ``SPLIT=dev``).
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from alignment_sets import Marked, Span, book, corrupted, hard_decoy, joined_post, microblog_pairs
from duiyi.processors.author_pairs import AuthorPair, find_author_pairs
from duiyi.processors.author_pairs.passages import passages_of
from duiyi.processors.author_pairs.scoring import length_deviation
from duiyi.processors.detection import detect
from duiyi.processors.detection.characters import chinese_characters
from duiyi.processors.reading import read_text
from duiyi.processors.sentences import sentences_of
from duiyi.processors.settings import Settings

Finder = Callable[[str, str], list[tuple[Span, Span]]]
"""Text and format in, pairs of spans (Chinese, English) out."""
SETTINGS = Settings()


def author_pairs(text: str, format_: str) -> list[AuthorPair]:
    document = read_text(text, "file:///evaluated", format_)
    segments = detect(document.text, document.blocks, SETTINGS.detection)
    sentences = sentences_of(document.text, segments, document.blocks, SETTINGS.sentences)
    return list(find_author_pairs(document, segments, sentences, SETTINGS.author_pairs).pairs)


def ours(text: str, format_: str) -> list[tuple[Span, Span]]:
    return [((pair.zh_start, pair.zh_end), (pair.en_start, pair.en_end)) for pair in author_pairs(text, format_)]


def neighbour(text: str, format_: str) -> list[tuple[Span, Span]]:
    """Every passage with the next, where that is in the other language."""
    document = read_text(text, "file:///evaluated", format_)
    passages = passages_of(document, detect(document.text, document.blocks, SETTINGS.detection))
    found: list[tuple[Span, Span]] = []
    index = 0
    while index + 1 < len(passages):
        one, two = passages[index : index + 2]
        if one.lang != two.lang:
            zh, en = (one, two) if one.lang == "zh" else (two, one)
            found.append(((zh.start, zh.end), (en.start, en.end)))
            index += 1
        index += 1
    return found


def by_length(text: str, format_: str) -> list[tuple[Span, Span]]:
    """Those neighbours whose lengths fit (Gale & Church 1993)."""
    return [
        (zh, en)
        for zh, en in neighbour(text, format_)
        if abs(
            length_deviation(len(chinese_characters(text[zh[0] : zh[1]])), sum(map(str.isalnum, text[en[0] : en[1]])))
        )
        < 1
    ]


FINDERS: dict[str, Finder] = {"duiyi": ours, "length only": by_length, "neighbour": neighbour}


@dataclass
class Tally:
    right: int = 0
    claimed: int = 0
    wanted: int = 0
    found: int = 0

    def __str__(self) -> str:
        precision = self.right / max(1, self.claimed)
        recall = self.found / max(1, self.wanted)
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        return f"P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f}  ({self.claimed} claimed, {self.wanted} wanted)"


def covered(spans: dict[str, Span], start: int, end: int) -> set[str]:
    """The marked paragraphs of which the span holds something."""
    return {
        key
        for key, span in spans.items()
        if min(end, span[1]) - max(start, span[0]) > 0.2 * min(end - start, span[1] - span[0])
    }


def paragraphs(finder: Finder, documents: Iterable[Marked], tally: Tally, shown: list[str] | None = None) -> Tally:
    """Links between marked paragraphs. A claim between two unmarked ones is not judged: the marks are not complete."""
    for document in documents:
        links: set[tuple[str, str]] = set()
        for zh, en in finder(document.text, "markdown"):
            ones, others = covered(document.zh, *zh), covered(document.en, *en)
            if not ones and not others:
                continue
            made = {(one, other) for one in ones for other in others}
            good = made & (document.gold | document.neutral)
            links |= good or made or {(f"unmarked {zh}", f"unmarked {en}")}
            if shown is not None and not good:
                shown.append(f"{document.text[zh[0] : zh[1]]}\n    {document.text[en[0] : en[1]]}")
        links -= document.neutral
        tally.claimed += len(links)
        tally.right += len(links & document.gold)
        tally.found += len(links & document.gold)
        tally.wanted += len(document.gold)
    return tally


def as_marked(folder: Path) -> list[Marked]:
    found = []
    for _, text, pairs in book(folder):
        made = Marked(text)
        for number, (zh, en) in enumerate(pairs):
            made.zh[str(number)], made.en[str(number)] = zh, en
            made.gold.add((str(number), str(number)))
        found.append(made)
    return found


def posts(finder: Finder, made: Sequence[tuple[str, Span, Span, bool]]) -> tuple[Tally, float]:
    """Whether anything is claimed, and of the true posts found how many have exactly the right spans."""
    tally = Tally()
    exact = 0
    for text, zh, en, true in made:
        found = finder(text, "text")
        tally.wanted += true
        if found:
            tally.claimed += 1
            tally.right += true
            tally.found += true
        if found and true:
            hull = [(min(pair[side][0] for pair in found), max(pair[side][1] for pair in found)) for side in (0, 1)]
            exact += hull == [zh, en]
    return tally, exact / max(1, tally.wanted)


def made_posts(pairs: Sequence[tuple[str, str]], *, hard: bool, seed: int) -> list[tuple[str, Span, Span, bool]]:
    """As many false posts as true ones."""
    chosen = random.Random(seed)  # noqa: S311 - samples, not secrets
    made = [(*joined_post(zh, en, chosen), True) for zh, en in pairs]
    for index, (zh, _) in enumerate(pairs):
        en = (
            hard_decoy(pairs, index, chosen)
            if hard
            else pairs[(index + chosen.randrange(1, len(pairs))) % len(pairs)][1]
        )
        made.append((*joined_post(zh, en, chosen), False))
    return made


def main() -> None:
    if "DUIYI_EVAL_DIR" not in os.environ:
        sys.exit("DUIYI_EVAL_DIR names no folder of evaluation sets (bilingual-book, microtopia)")
    folder = Path(os.environ["DUIYI_EVAL_DIR"])
    verbose = "-v" in sys.argv
    pairs = microblog_pairs(folder / "microtopia" / "dev.zh-en")
    half = len(pairs) // 2
    pairs = pairs[:half] if "dev" in sys.argv else pairs[half:]
    seed = 1 if "dev" in sys.argv else 2
    for name, finder in FINDERS.items():
        print(f"\n{name}")
        wrong: list[str] = []
        print("  book as it is         ", paragraphs(finder, as_marked(folder / "bilingual-book"), Tally()))
        tally = Tally()
        for copy in range(3):
            paragraphs(finder, corrupted(folder / "bilingual-book", 0.4, 10 * seed + copy), tally, wrong)
        print("  book, three corrupted ", tally)
        for hard in (False, True):
            tally, exact = posts(finder, made_posts(pairs, hard=hard, seed=seed))
            print(f"  posts, {'hard decoys   ' if hard else 'random joins  '} ", tally, f" spans exact {exact:.3f}")
        if verbose and finder is ours:
            print("\n".join(wrong))


if __name__ == "__main__":
    main()
