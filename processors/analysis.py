"""What is known of a document before translation: its segments, Chinese sentences, tokens and code-mixing."""

from __future__ import annotations

from dataclasses import dataclass

from .detection import detect
from .detection.characters import chinese_characters, has_han
from .detection.latin import word_pattern
from .mixing import Mixing, Run, mixing_of
from .records import Document, Segment, Sentence
from .sentences import sentences_of
from .settings import Settings
from .tokens import tokens_of


@dataclass(frozen=True, slots=True)
class Analysis:
    """A document with everything that needs no model; ``tokens[i]`` are those of ``sentences[i]``."""

    document: Document
    segments: tuple[Segment, ...]
    sentences: tuple[Sentence, ...]
    tokens: tuple[tuple[str, ...], ...]
    zh_characters: int
    en_words: int
    mixing: Mixing


def analyse(document: Document, settings: Settings) -> Analysis:
    """Detect the segments, cut the Chinese into sentences and those into tokens."""
    segments = detect(document.text, document.blocks, settings.detection)
    sentences = sentences_of(document.text, segments, document.blocks, settings.sentences)
    tokens = tuple(tuple(tokens_of(sentence.text, settings.tokens)) for sentence in sentences)
    runs = _runs(segments, sentences, tokens)
    return Analysis(
        document=document,
        segments=tuple(segments),
        sentences=tuple(sentences),
        tokens=tokens,
        zh_characters=sum(len(chinese_characters(sentence.text)) for sentence in sentences),
        en_words=sum(words for language, words in runs if language == "en"),
        mixing=mixing_of(runs),
    )


def _runs(segments: list[Segment], sentences: list[Sentence], tokens: tuple[tuple[str, ...], ...]) -> list[Run]:
    """The document's words in order as runs of one language; Chinese words are jieba's."""
    mixed = {segment.segment for segment in segments if segment.embedded}
    counts: dict[int, int] = {}  # segment in one language → its Chinese words
    places: dict[int, list[int]] = {}  # segment with guests → offsets of its Chinese words
    for sentence, words in zip(sentences, tokens, strict=True):
        number = sentence.segment
        if number not in mixed and sentence.end <= segments[number].end:
            counts[number] = counts.get(number, 0) + sum(1 for word in words if has_han(word))
            continue
        position = sentence.start
        for word in words:
            while position >= segments[number].end:
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
            _extend(runs, segment.lang, here if segment.lang == "zh" else len(word_pattern.findall(segment.text)))
            continue
        marks: list[tuple[int, str]] = [(position, "zh") for position in places.get(number, ())]
        for start, end in english:
            own = segment.text[start - segment.start : end - segment.start]
            marks += [(start + found.start(), language) for found in word_pattern.finditer(own)]
        for _, name in sorted(marks):
            _extend(runs, name, 1)
    return runs


def _extend(runs: list[Run], language: str, words: int) -> None:
    if runs and runs[-1][0] == language:
        runs[-1] = (language, runs[-1][1] + words)
    elif words:
        runs.append((language, words))
