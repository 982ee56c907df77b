"""A document in stretches with their segments, sentences and author pairs, so that a long one is never there as objects all at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .author_pairs import AuthorPair, Findings, find_author_pairs, find_twin_pairs
from .detection.segments import segments_of
from .records import Document, Segment, Sentence
from .sentences import sentences_of
from .settings import Settings

CONTEXT = 20_000
"""Characters before and behind a window in which the other half of a pair is sought as well."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Segments of whole blocks that follow each other, their sentences, and the author pairs whose Chinese is in them.

    What pairs cover are places in ``sentences``.
    """

    segments: Sequence[Segment]
    sentences: Sequence[Sentence]
    findings: Findings


def stretches_of(document: Document, settings: Settings, characters: int) -> Iterator[Stretch]:
    """The document in stretches of about so many characters, at least one.

    They end where a block does, and never inside the Chinese of a pair. Pairs are sought in windows of ``author_pairs.window``
    characters, so that how long the stretches are makes no difference to them.
    """
    for window in _windows(document, settings):
        first = 0
        for end in _ends(window):
            start = window.segments[first].start
            if end == len(window.segments) or window.segments[end].start - start >= characters:
                yield _part(window, first, end)
                first = end
        if not window.segments:
            yield window


def _windows(document: Document, settings: Settings) -> Iterator[Stretch]:
    """Each window after the other; a pair is of the one in which its Chinese begins."""
    size = settings.author_pairs.window
    upcoming = segments_of(document.text, document.blocks, settings.detection.langid_min_words)
    segments: list[Segment] = []  # those of the window, and of what stands before and behind it
    start = 0  # of the window, in the text
    length = size
    taken: list[tuple[int, int]] = []  # spans of the earlier windows' pairs
    while True:
        following = None
        while not segments or segments[-1].end < start + length + CONTEXT:
            following = next(upcoming, None)
            if following is None:
                break
            segments.append(following)
        sentences = sentences_of(document.text, segments, document.blocks, settings.sentences)
        findings = find_author_pairs(document, segments, sentences, settings.author_pairs, taken)
        if document.twin is not None and following is None and not taken and segments and segments[0].start == 0:
            findings = _with_twin(findings, document, document.twin, segments, sentences, settings)
        found = Stretch(segments, sentences, findings)
        first = bisect_left(segments, start, key=lambda one: one.start)
        if following is None:
            yield _part(found, first, len(segments))
            return
        ends = _ends(found)[:-1]
        last = max((end for end in ends if segments[end].start <= start + length), default=first)
        if last <= first:
            length += size  # a long block
            continue
        window = _part(found, first, last)
        yield window
        start, length = segments[last].start, size
        taken = [span for span in (*taken, *_spans(window.findings)) if span[1] > start - CONTEXT]
        segments = segments[next(end for end in ends if segments[end].start >= start - CONTEXT) :]


def _with_twin(
    own: Findings,
    document: Document,
    twin: Document,
    segments: Sequence[Segment],
    sentences: Sequence[Sentence],
    settings: Settings,
) -> Findings:
    """The findings with what only the document's English version says; for a document that is one window."""
    if len(twin.text) > settings.author_pairs.window:
        return own
    english = list(segments_of(twin.text, twin.blocks, settings.detection.langid_min_words))
    between = find_twin_pairs(document, segments, sentences, twin, english, settings.author_pairs).pairs
    told = {number for pair in (*own.pairs, *own.doubtful) for number in pair.covered}
    more = [pair for pair in between if told.isdisjoint(pair.covered)]
    return Findings(tuple(sorted((*own.pairs, *more), key=lambda pair: pair.zh_start)), own.doubtful)


def _ends(stretch: Stretch) -> list[int]:
    """The places among its segments before which it may be cut, and its end: where a block begins, and outside of pairs."""
    chinese = sorted((pair.zh_start, pair.zh_end) for pair in (*stretch.findings.pairs, *stretch.findings.doubtful))
    found: list[int] = []
    upto = following = 0
    for place in range(1, len(stretch.segments)):
        start = stretch.segments[place].start
        while following < len(chinese) and chinese[following][0] < start:
            upto = max(upto, chinese[following][1])
            following += 1
        if stretch.segments[place].block != stretch.segments[place - 1].block and upto <= start:
            found.append(place)
    return [*found, len(stretch.segments)] if stretch.segments else []


def _part(stretch: Stretch, first: int, last: int) -> Stretch:
    """The part of a stretch from one of its segments up to another; a pair belongs to it if its Chinese begins there."""
    segments = stretch.segments[first:last]
    if len(segments) == len(stretch.segments):
        return stretch
    start, end = segments[0].start, segments[-1].end
    low, high = (bisect_left(stretch.sentences, place, key=lambda one: one.start) for place in (start, end))

    def own(pairs: Sequence[AuthorPair]) -> tuple[AuthorPair, ...]:
        a, b = (bisect_left(pairs, place, key=lambda pair: pair.zh_start) for place in (start, end))
        return tuple(pair.moved(-low) for pair in pairs[a:b])

    return Stretch(
        segments,
        stretch.sentences[low:high],
        Findings(own(stretch.findings.pairs), own(stretch.findings.doubtful)),
    )


def _spans(findings: Findings) -> Iterator[tuple[int, int]]:
    for pair in (*findings.pairs, *findings.doubtful):
        yield pair.zh_start, pair.zh_end
        if pair.en_doc_id is None:
            yield pair.en_start, pair.en_end
