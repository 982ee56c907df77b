"""Documents with known author pairs, for measuring: corrupted copies of a bilingual book, posts of true and false pairs."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Span = tuple[int, int]
SEPARATORS = ("\n", " ", " / ", "\n\n", " | ", " （%s）", "\nIn English: ", " —— ", " 【%s】")
"""Between the sides of a post; with ``%s`` it goes round the second."""


@dataclass
class Marked:
    """A text with its marked paragraphs: key → span. Equal keys on both sides are each other's translation."""

    text: str
    zh: dict[str, Span] = field(default_factory=dict)
    en: dict[str, Span] = field(default_factory=dict)
    gold: set[tuple[str, str]] = field(default_factory=set)
    """Links (Chinese key, English key) that should be found."""
    neutral: set[tuple[str, str]] = field(default_factory=set)
    """Links that are right but not asked for."""


def book(folder: Path) -> list[tuple[str, str, list[tuple[Span, Span]]]]:
    """The files of the bilingual book: name, text, pairs (Chinese span, English span) in order."""
    pairs: dict[str, list[tuple[Span, Span]]] = {}
    for line in (folder / "gold.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        pairs.setdefault(row["file"], []).append(((row["zh_start"], row["zh_end"]), (row["en_start"], row["en_end"])))
    return [
        (name, (folder / "docs" / name).read_text("utf-8"), sorted(found, key=min)) for name, found in pairs.items()
    ]


def corrupted(folder: Path, share: float, seed: int) -> Iterator[Marked]:
    """Copies of the book's files: of their pairs ``share`` have the Chinese of another file, as many change places with another of the
    file, lose one side, change their order with the next pair, or have the English of two joined in one paragraph.
    """
    chosen = random.Random(seed)  # noqa: S311 - samples, not secrets
    files = book(folder)
    everything = [(name, text[zh[0] : zh[1]]) for name, text, pairs in files for zh, _ in pairs]
    for name, text, pairs in files:
        sides = {f"{number}": (text[zh[0] : zh[1]], text[en[0] : en[1]]) for number, (zh, en) in enumerate(pairs)}
        zh_text = {key: zh for key, (zh, _) in sides.items()}
        en_text = {key: en for key, (_, en) in sides.items()}
        slots = {key: [("en", key), ("zh", key)] for key in sides}
        keys = list(sides)
        neutral: set[tuple[str, str]] = set()
        joined: dict[str, list[str]] = {}
        for place, key in enumerate(keys):
            if slots[key] != [("en", key), ("zh", key)] or chosen.random() >= share:
                continue
            fresh = [other for other in keys if slots[other] == [("en", other), ("zh", other)] and other != key]
            following = keys[place + 1] if place + 1 < len(keys) and keys[place + 1] in fresh else None
            kind = chosen.choice(["foreign", "exchange", "drop_zh", "drop_en", "cross", "after", "join"])
            if kind == "foreign":
                strange = chosen.choice([one for other, one in everything if other != name])
                zh_text[f"x{key}"] = strange
                slots[key] = [("en", key), ("zh", f"x{key}")]
            elif kind == "exchange" and len(fresh) > 1:
                other = chosen.choice([one for one in fresh if one != following] or fresh)
                slots[key], slots[other] = [("en", key), ("zh", other)], [("en", other), ("zh", key)]
                neutral |= {(key, key), (other, other)}
            elif kind == "drop_zh":
                slots[key] = [("en", key)]
            elif kind == "drop_en":
                slots[key] = [("zh", key)]
            elif following is not None and kind == "cross":
                slots[key], slots[following] = [("en", key), ("en", following)], [("zh", following), ("zh", key)]
            elif following is not None and kind == "after":
                slots[key], slots[following] = [("en", key), ("en", following)], [("zh", key), ("zh", following)]
            elif following is not None and kind == "join":
                joined[key] = [key, following]
                slots[key], slots[following] = [("en", key)], [("zh", key), ("zh", following)]
        made = Marked("", neutral=neutral)
        position = 0
        for key, (zh, en) in zip(keys, pairs, strict=True):
            first, last = min(zh[0], en[0]), max(zh[1], en[1])
            made.text += text[position:first]
            marker = re.search(r"(?:^|\n)([ \t]*(?:[*+-]|\d+\.)?[ \t]*)\Z", text[max(0, first - 20) : first])
            item = marker[1] if marker else ""
            indent = " " * len(item) if item.strip() else item
            gap = f"\n{item}" if item.strip() else f"\n\n{indent}"
            for number, (side, one) in enumerate(slots[key]):
                made.text += gap if number else ""
                for again, part in enumerate(joined.get(one, [one]) if side == "en" else [one]):
                    made.text += " " if again else ""
                    words = (zh_text if side == "zh" else en_text)[part]
                    start = len(made.text)
                    made.text += words
                    (made.zh if side == "zh" else made.en)[part] = (start, len(made.text))
            position = last
        made.text += text[position:]
        made.gold = {(key, key) for key in made.zh.keys() & made.en.keys()} - neutral
        yield made


def microblog_pairs(path: Path) -> list[tuple[str, str]]:
    """The pairs (Chinese, English) of a file of ``zh ||| en`` lines."""
    found = []
    for line in path.read_text("utf-8").splitlines():
        zh, _, en = line.partition(" ||| ")
        found.append((zh.strip(), en.strip()))
    return found


def joined_post(zh: str, en: str, chosen: random.Random) -> tuple[str, Span, Span]:
    """A post of both texts in either order, with the spans of the Chinese and the English."""
    separator = chosen.choice(SEPARATORS)
    first, second = (zh, en) if chosen.random() < 0.7 or "English" in separator else (en, zh)
    before, _, after = separator.partition("%s")
    text = first + before + second + after
    spans = (0, len(first)), (len(first) + len(before), len(first) + len(before) + len(second))
    return text, *(spans if first is zh else spans[::-1])


def hard_decoy(pairs: Sequence[tuple[str, str]], index: int, chosen: random.Random) -> str:
    """An English text of like length that shares the most words with the true one, among two hundred."""

    def words(text: str) -> set[str]:
        return set(re.findall(r"[a-z]{4,}", text.lower()))

    own = words(pairs[index][1])
    length = len(pairs[index][1])
    others = [
        pairs[other][1]
        for other in chosen.sample(range(len(pairs)), min(200, len(pairs)))
        if other != index and 0.7 < len(pairs[other][1]) / length < 1.4
    ]
    return max(
        others or [pairs[index - 1][1]],
        key=lambda text: len(own & words(text)) / (len(own | words(text)) or 1),
    )
