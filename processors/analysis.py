"""What is known of a document before translation: its segments, Chinese sentences, tokens and code-mixing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .detection.characters import BOPOMOFO, HAN, chinese_characters, has_han
from .detection.latin import word_pattern, words_in
from .detection.segments import segments_of
from .mixing import Mixing, Run, WordRuns
from .records import Document, Segment, Sentence
from .sentences import sentences_of
from .settings import Settings
from .tokens import tokens_of


@dataclass(frozen=True, slots=True)
class Totals:
    """What is counted over a whole document."""

    sentences: int
    zh_characters: int
    en_words: int
    mixing: Mixing


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a document that ends where a block does; ``tokens[i]`` are those of ``sentences[i]``.

    Segments are numbered through the document, offsets are the document's. The last part has the ``totals``.
    """

    document: Document
    segments: tuple[Segment, ...]
    sentences: tuple[Sentence, ...]
    tokens: tuple[tuple[str, ...], ...]
    characters: int
    totals: Totals | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """A document with everything that needs no model; ``tokens[i]`` are those of ``sentences[i]``."""

    document: Document
    segments: tuple[Segment, ...]
    sentences: tuple[Sentence, ...]
    tokens: tuple[tuple[str, ...], ...]
    totals: Totals


def analyse(document: Document, settings: Settings) -> Analysis:
    """Detect the segments, cut the Chinese into sentences and those into tokens."""
    parts = list(analyse_in_parts(document, settings, len(document.text) + 1))
    totals = parts[-1].totals
    if len(parts) != 1 or totals is None:
        raise RuntimeError("a document was cut that should not be")
    return Analysis(document, parts[0].segments, parts[0].sentences, parts[0].tokens, totals)


def analyse_in_parts(document: Document, settings: Settings, characters: int) -> Iterator[Part]:
    """The same, part by part, for a document that had better not be in memory as objects all at once.

    Args:
        document: its parts are cut where blocks end, so one long block is one part.
        settings: all of them.
        characters: how long a part is, about.
    """
    runs = WordRuns()
    sentence_count = zh_characters = 0
    found = segments_of(document.text, document.blocks, settings.detection.langid_min_words)
    upcoming = _stretches(found, characters)
    segments = next(upcoming, [])
    while True:
        sentences = sentences_of(document.text, segments, document.blocks, settings.sentences)
        tokens = tuple(tuple(tokens_of(sentence.text, settings.tokens)) for sentence in sentences)
        runs.add(_runs(segments, sentences, tokens))
        sentence_count += len(sentences)
        zh_characters += sum(len(chinese_characters(sentence.text)) for sentence in sentences)
        following = next(upcoming, None)
        totals = Totals(sentence_count, zh_characters, runs.counts["en"], runs.mixing()) if following is None else None
        length = segments[-1].end - segments[0].start if segments else 0
        yield Part(document, tuple(segments), tuple(sentences), tokens, length, totals)
        if following is None:
            return
        segments = following


def _stretches(segments: Iterable[Segment], characters: int) -> Iterator[list[Segment]]:
    """Runs of segments of about so many characters, each of whole blocks: no sentence reaches over a block's end."""
    stretch: list[Segment] = []
    for segment in segments:
        if stretch and segment.block != stretch[-1].block and segment.start - stretch[0].start >= characters:
            yield stretch
            stretch = []
        stretch.append(segment)
    if stretch:
        yield stretch


def _runs(segments: list[Segment], sentences: list[Sentence], tokens: tuple[tuple[str, ...], ...]) -> list[Run]:
    """The document's words in order as runs of one language; Chinese words are jieba's."""
    first = segments[0].segment if segments else 0
    mixed = {segment.segment for segment in segments if segment.embedded}
    counts: dict[int, int] = {}  # segment in one language → its Chinese words
    places: dict[int, list[int]] = {}  # segment with guests → offsets of its Chinese words
    for sentence, words in zip(sentences, tokens, strict=True):
        number = sentence.segment
        if number not in mixed and sentence.end <= segments[number - first].end:
            counts[number] = counts.get(number, 0) + _chinese_words(words)
            continue
        position = sentence.start
        for word in words:
            while position >= segments[number - first].end:
                number += 1
            if has_han(word):
                places.setdefault(number, []).append(position)
            position += len(word)
    runs: list[Run] = []
    for segment in segments:
        number = segment.segment
        if segment.lang == "none":
            continue
        if segment.lang == "zh":
            english = [(guest.start, guest.end) for guest in segment.embedded if guest.lang == "en"]
        else:
            english = [(segment.start, segment.end)]
        language = "en" if segment.lang == "zh" else segment.lang
        if number not in mixed:
            here = counts.get(number, 0) + len(places.get(number, ()))
            _extend(runs, segment.lang, here if segment.lang == "zh" else len(words_in(segment.text)))
            continue
        marks: list[tuple[int, str]] = [(position, "zh") for position in places.get(number, ())]
        for start, end in english:
            own = segment.text[start - segment.start : end - segment.start]
            marks += [(start + found.start(), language) for found in word_pattern.finditer(own)]
        for _, name in sorted(marks):
            _extend(runs, name, 1)
    return runs


_chinese_word = re.compile(f"[{HAN}{BOPOMOFO}][^\n]*").findall


def _chinese_words(words: Sequence[str]) -> int:
    """How many of the tokens hold a Chinese character; none of those holds a line break."""
    return len(_chinese_word("\n".join(words)))


def _extend(runs: list[Run], language: str, words: int) -> None:
    if runs and runs[-1][0] == language:
        runs[-1] = (language, runs[-1][1] + words)
    elif words:
        runs.append((language, words))
