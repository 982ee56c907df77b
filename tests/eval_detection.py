"""``make eval-detect``: our detection beside its peers on the gold set, as a table.

Peers: langid line by line over all its languages, lingua's ``detect_multiple_languages_of``, and a rule that calls a
line Chinese if it holds Han. None of them finds guests, so the Han rule is given the runs of the other script.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from detection_scoring import LANGUAGES, Detector, Scores, Span, duiyi_detector, gold, score

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
LATIN = re.compile("[A-Za-z][A-Za-z ]*[A-Za-z]|[A-Za-z]")


def lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line)
        start += len(line)


def han_rule(text: str) -> tuple[list[Span], list[Span]]:
    segments: list[Span] = []
    guests: list[Span] = []
    for start, end in lines(text):
        line = text[start:end]
        lang = "zh" if HAN.search(line) else "en" if LATIN.search(line) else "none"
        segments.append((start, end, lang))
        if lang == "zh":
            guests += [(start + m.start(), start + m.end(), "en") for m in LATIN.finditer(line)]
    return segments, guests


@cache
def langid_classifier() -> Any:
    from langid.langid import LanguageIdentifier, model

    return LanguageIdentifier.from_modelstring(model)


def langid_by_line(text: str) -> tuple[list[Span], list[Span]]:
    found = [(start, end, langid_classifier().classify(text[start:end])[0]) for start, end in lines(text)]
    return [(start, end, lang if lang in {"zh", "en"} else "other") for start, end, lang in found], []


@cache
def lingua_detector() -> Any:
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().build()


def lingua_multiple(text: str) -> tuple[list[Span], list[Span]]:
    names = {"CHINESE": "zh", "ENGLISH": "en"}
    found = lingua_detector().detect_multiple_languages_of(text)
    return [(r.start_index, r.end_index, names.get(r.language.name, "other")) for r in found], []


DETECTORS: dict[str, Detector] = {
    "duiyi": duiyi_detector,
    "lingua, multiple": lingua_multiple,
    "langid by line": langid_by_line,
    "Han or not": han_rule,
}


def rows(name: str, scores: Scores) -> Iterator[str]:
    for lang in LANGUAGES:
        one = scores.languages[lang]
        yield f"| {name} | {lang} | {one.precision:.4f} | {one.recall:.4f} | {one.f1:.4f} |"
    for what, one in (("switch points", scores.switches), ("guests", scores.guests)):
        yield f"| {name} | {what} | {one.precision:.4f} | {one.recall:.4f} | {one.f1:.4f} |"


def main(split: str | None) -> None:
    documents = gold(split)
    print(f"{len(documents)} documents of the gold set ({split or 'all'}), by character\n")
    print("| detector | what | precision | recall | F1 |\n| --- | --- | --- | --- | --- |")
    for name, detector in DETECTORS.items():
        print("\n".join(rows(name, score(documents, detector))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
