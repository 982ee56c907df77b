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
    zh_words: dict[int, list[int]] = {}  # segment → offsets of its Chinese words
    by_start = sorted(segments, key=lambda segment: segment.start)
    for sentence, words in zip(sentences, tokens, strict=True):
        position = sentence.start
        number = sentence.segment
        for word in words:
            while number + 1 < len(by_start) and position >= by_start[number].end:
                number += 1
            if has_han(word):
                zh_words.setdefault(number, []).append(position)
            position += len(word)
    runs: list[Run] = []
    for segment in by_start:
        here = zh_words.get(segment.segment, [])
        guests = [guest for guest in segment.embedded if guest.lang == "en"] if segment.lang == "zh" else []
        if segment.lang == "none":
            continue
        if segment.lang == "zh" and not guests:
            _extend(runs, "zh", len(here))
        elif segment.lang != "zh" and not here:
            _extend(runs, segment.lang, len(word_pattern.findall(segment.text)))
        else:
            marks: list[tuple[int, str]] = [(position, "zh") for position in here]
            for start, end in [(guest.start, guest.end) for guest in guests] or [(segment.start, segment.end)]:
                own = segment.text[start - segment.start : end - segment.start]
                language = "en" if segment.lang == "zh" else segment.lang
                marks += [(start + found.start(), language) for found in word_pattern.finditer(own)]
            for _, language in sorted(marks):
                _extend(runs, language, 1)
    return runs


def _extend(runs: list[Run], language: str, words: int) -> None:
    if runs and runs[-1][0] == language:
        runs[-1] = (language, runs[-1][1] + words)
    elif words:
        runs.append((language, words))
