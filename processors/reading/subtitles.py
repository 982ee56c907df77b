"""Subtitles, SubRip (.srt) and WebVTT (.vtt): each cue a block; numbers, timings, settings and tags are not text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal

from ..records import Block
from .placed import Addition, PlacedText, Run

SubtitleKind = Literal["srt", "vtt"]

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|$)")
_TIME = r"(?:\d+:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t].*)?")
_SRT_MARKUP = re.compile(r"</?(?:[biu]|s|font|ruby|rt|c|v|lang)\b[^<>\n]*>|\{\\[^{}\n]*\}", re.IGNORECASE)
_VTT_MARKUP = re.compile(r"<[^<>]*>|&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_TAG_NAME = re.compile(r"<(/?)([A-Za-z]+)")
_VTT_SECTION = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_DIALOGUE = re.compile(r"[ \t]*[-–—‐•]")


def begins_as_subtitles(head: str) -> SubtitleKind | None:
    """Which subtitles a file is that begins with ``head``, if any."""
    lines = [line.strip() for line in head.lstrip("\ufeff\r\n\t ").splitlines()[:3]]
    if lines and re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        return "vtt"
    if len(lines) > 1 and lines[0].isdecimal() and _TIMING.fullmatch(lines[1]):
        return "srt"
    return "srt" if lines and _TIMING.fullmatch(lines[0]) else None


def has_timings(head: str) -> bool:
    """Whether some line of ``head`` is the timing of a cue."""
    return any(_TIMING.fullmatch(line) for line in head.splitlines())


class _Line:
    """One line of the file: its offsets without and with the line break, and its content."""

    __slots__ = ("content", "end", "start")

    def __init__(self, match: re.Match[str]) -> None:
        self.start, self.end = match.span(1)
        self.content = match.group(1)

    @property
    def blank(self) -> bool:
        return not self.content.strip()


def subtitle_text(source: str, kind: SubtitleKind) -> PlacedText:
    """The cues of a subtitle file, each a block on lines of its own, and where they stand in it.

    Two lines of one cue are one ``wrapped`` block, except where they are turns of a dialogue or one of them is in
    Chinese and the other not. Lines that belong to no cue of a damaged file are blocks too, so that nothing is lost;
    WebVTT's notes, styles and regions are not text.
    """
    breaks = re.search(r"\r\n|\r|\n", source)
    builder = _Builder(source, kind, breaks.group() if breaks else "\n")
    for cue in _cues(source, kind):
        builder.add(cue)
    return builder.finished()


def _cues(source: str, kind: SubtitleKind) -> Iterator[list[_Line]]:
    """The lines of text of each cue."""
    lines = [_Line(match) for match in _LINE.finditer(source) if match.group() or match.start() == 0]
    position = 0
    if kind == "vtt" and lines and lines[0].content.lstrip("\ufeff").startswith("WEBVTT"):
        position = _after_blank(lines, 0)
    while position < len(lines):
        line = lines[position]
        if line.blank:
            position += 1
            continue
        if kind == "vtt" and _VTT_SECTION.fullmatch(line.content) and not _timed(lines, position + 1):
            position = _after_blank(lines, position)
            continue
        if _timed(lines, position):
            position += 1
        elif _timed(lines, position + 1):
            position += 2
        first = position
        position = _cue_end(lines, first, kind)
        if position > first:
            yield lines[first:position]


def _timed(lines: list[_Line], number: int) -> bool:
    return number < len(lines) and _TIMING.fullmatch(lines[number].content) is not None


def _after_blank(lines: list[_Line], number: int) -> int:
    while number < len(lines) and not lines[number].blank:
        number += 1
    return number


def _cue_end(lines: list[_Line], number: int, kind: SubtitleKind) -> int:
    """Where the text ends that begins at a line: at a blank line or, where that is missing, the next cue's head."""
    while number < len(lines) and not lines[number].blank:
        numbered = kind == "vtt" or lines[number].content.strip().isdecimal()
        if _timed(lines, number) or (numbered and _timed(lines, number + 1)):
            break
        number += 1
    return number


class _Builder:
    def __init__(self, source: str, kind: SubtitleKind, line_break: str) -> None:
        self._source = source
        self._kind: SubtitleKind = kind
        self._break = line_break
        self._length = 0
        self._texts: list[str] = []
        self._blocks: list[Block] = []
        self._runs: list[Run] = []
        self._additions: list[Addition | None] = []
        self._marks = 0

    def add(self, cue: list[_Line]) -> None:
        texts: list[str] = []
        runs: list[Run] = []
        breaks: list[Run] = []  # where they are typesetting they are text, so that a sentence may run over them
        length = self._length
        last: _Line | None = None
        for line in cue:
            text, line_runs = self._line(line, length + (1 if texts else 0))
            if not text.strip():
                continue
            if last is not None:
                breaks.append(Run(length, (last.end, line.start), self._kind))
                length += 1
            last = line
            texts.append(text)
            runs += line_runs
            length += len(text)
        if not texts:
            return
        from ..detection.characters import has_han  # it brings much that telling kinds does not need

        wrapped = len({bool(has_han(text)) for text in texts}) == 1 and not any(map(_DIALOGUE.match, texts))
        self._blocks.append(Block(self._length, length, wrapped=wrapped and len(texts) > 1))
        self._texts.append("\n".join(texts))
        self._runs += sorted([*runs, *breaks], key=lambda run: run.start) if wrapped else runs
        self._additions.append(Addition(cue[-1].end, self._break, "", self._break, self._kind))
        self._length = length + 1

    def _line(self, line: _Line, start: int) -> tuple[str, list[Run]]:
        """The visible text of one line and its runs."""
        pattern = _SRT_MARKUP if self._kind == "srt" else _VTT_MARKUP
        text: list[str] = []
        runs: list[Run] = []
        length = start
        open_marks: list[int] = []
        hidden = 0  # inside <rt>, the pronunciation of ruby
        position = line.start

        def put(piece: str, origins: range | tuple[int, ...]) -> None:
            nonlocal length
            if piece and not hidden:
                runs.append(Run(length, origins, self._kind, open_marks[-1] if open_marks else 0))
                text.append(piece)
                length += len(piece)

        for match in pattern.finditer(self._source, line.start, line.end):
            put(self._source[position : match.start()], range(position, match.start() + 1))
            position = match.end()
            markup = match.group()
            if markup.startswith("&"):
                decoded = html.unescape(markup)
                if decoded in {"\u200e", "\u200f"}:
                    continue
                put(decoded, (match.start(), *[match.end()] * len(decoded)))
                continue
            tag = _TAG_NAME.match(markup)
            if tag is None:
                continue
            closing, name = bool(tag.group(1)), tag.group(2).lower()
            if name == "rt":
                hidden = 0 if closing else 1
            elif closing:
                del open_marks[-1:]
            else:
                self._marks += 1
                open_marks.append(self._marks)
        put(self._source[position : line.end], range(position, line.end + 1))
        return "".join(text), runs

    def finished(self) -> PlacedText:
        return PlacedText(
            "\n".join(self._texts),
            tuple(self._blocks),
            tuple(self._runs),
            tuple(self._additions),
            line_break=self._break,
        )
