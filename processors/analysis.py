"""What is known of a document before translation: its segments, Chinese sentences, tokens and code-mixing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from .author_pairs import Findings, to_translate
from .detection.characters import BOPOMOFO, HAN, chinese_characters, has_han
from .detection.latin import word_pattern, words_in
from .mixing import Mixing, Run, WordRuns
from .records import Document, Segment, Sentence
from .settings import Settings
from .stretches import stretches_of
from .tokens import tokens_of


@dataclass(frozen=True, slots=True)
class Totals:
    """What is counted over a whole document."""

    wanted: int
    """Sentences and guests for which a model is needed."""
    zh_characters: int
    en_words: int
    mixing: Mixing


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a document that ends where a block does; ``tokens[i]`` are those of ``sentences[i]``.

    Segments are numbered through the document, offsets are the document's; what the author ``findings`` cover are places in
    ``sentences``, and ``wanted`` are the places of those that are to be translated. The last part has the ``totals``.
    """

    document: Document
    segments: tuple[Segment, ...]
    sentences: tuple[Sentence, ...]
    tokens: tuple[tuple[str, ...], ...]
    findings: Findings
    wanted: tuple[int, ...]
    characters: int
    totals: Totals | None

    @property
    def wanted_texts(self) -> list[str]:
        """The Chinese that is to be translated."""
        return [self.sentences[number].text for number in self.wanted]

    @property
    def wanted_follows(self) -> list[bool]:
        """Of each of them, whether no other Chinese sentence of this part stands between it and the one before it in the list."""
        return [before + 1 == number for before, number in zip((-2, *self.wanted), self.wanted, strict=False)]


@dataclass(frozen=True, slots=True)
class Analysis(Part):
    """A whole document with everything that needs no model: its only part."""

    totals: Totals


def analyse(document: Document, settings: Settings) -> Analysis:
    """Detect the segments, cut the Chinese into sentences and those into tokens, find what the author says in both languages."""
    parts = list(
        analyse_in_parts(document, settings, len(document.text) + 1)
    )  # several where it is longer than a window
    starts = [0, *accumulate(len(part.sentences) for part in parts)]
    *_, totals = (part.totals for part in parts)
    if totals is None:
        raise RuntimeError("the last part of a document has no totals")
    return Analysis(
        document=document,
        segments=tuple(one for part in parts for one in part.segments),
        sentences=tuple(one for part in parts for one in part.sentences),
        tokens=tuple(one for part in parts for one in part.tokens),
        findings=Findings(
            tuple(
                pair.moved(start) for part, start in zip(parts, starts, strict=False) for pair in part.findings.pairs
            ),
            tuple(
                pair.moved(start) for part, start in zip(parts, starts, strict=False) for pair in part.findings.doubtful
            ),
        ),
        wanted=tuple(number + start for part, start in zip(parts, starts, strict=False) for number in part.wanted),
        characters=len(document.text),
        totals=totals,
    )


def analyse_in_parts(document: Document, settings: Settings, characters: int) -> Iterator[Part]:
    """The same, part by part, for a document that had better not be in memory as objects all at once.

    Args:
        document: its parts are cut where blocks end, so one long block is one part, and never inside the Chinese of an author pair.
        settings: all of them.
        characters: how long a part is, about.
    """
    runs = WordRuns()
    wanted_count = zh_characters = 0
    upcoming = stretches_of(document, settings, characters)
    stretch = next(upcoming)
    while True:
        segments, sentences = stretch.segments, stretch.sentences
        tokens = tuple(tuple(tokens_of(sentence.text, settings.tokens)) for sentence in sentences)
        runs.add(_runs(segments, sentences, tokens))
        wanted = tuple(to_translate(stretch.findings.pairs, range(len(sentences)), settings.author_pairs))
        wanted_count += len(wanted)
        zh_characters += sum(len(chinese_characters(sentence.text)) for sentence in sentences)
        following = next(upcoming, None)
        totals = Totals(wanted_count, zh_characters, runs.counts["en"], runs.mixing()) if following is None else None
        yield Part(
            document=document,
            segments=tuple(segments),
            sentences=tuple(sentences),
            tokens=tokens,
            findings=stretch.findings,
            wanted=wanted,
            characters=segments[-1].end - segments[0].start if segments else 0,
            totals=totals,
        )
        if following is None:
            return
        stretch = following


def _runs(segments: Sequence[Segment], sentences: Sequence[Sentence], tokens: tuple[tuple[str, ...], ...]) -> list[Run]:
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
