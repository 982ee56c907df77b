"""Bracketed twins: ``快速开始(Quick Start)``, ``Quick Start(快速开始)``, ``a hawker centre (小贩中心)``, ``缘分 (fate)``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import log

from ..dictionary.lexicon import Lexicon
from ..dictionary.stems import word
from ..records import Segment, Sentence
from ..settings import AuthorPairSettings
from .passages import bracketed_twin, trimmed
from .profiles import Commonness, chinese_passage, english_passage
from .records import AuthorPair
from .scoring import log_odds, probability

_BRACKETED = 0.6
"""Log-odds that what stands in brackets behind words of the other language says the same."""
_WHOLE = 0.6
"""And more where nothing else stands on the line, as in a heading."""
_MOST_WORDS = 6
_MOST_LEAD = 120
"""Characters before a bracket among which the English for what is in it is sought."""
_MARKS = 3
"""Characters (quotation marks, signs) that may stand before the first Chinese sentence of a twin."""
Span = tuple[int, int]
_pause = re.compile(r"[.!?;,:]\s")
_opens = re.compile(r"\s*[(（\[【]\s*[\"“']?\Z")
_closes = re.compile(r"[\"”']?\s*[)）\]】]")
_behind = re.compile(r"[\"”'*]*\s*[(（\[【]\s*(?P<en>[^()（）\[\]【】\n]{2,80}?)\s*[)）\]】]")


def bracketed_pairs(
    text: str,
    segments: Sequence[Segment],
    sentences: Sequence[Sentence],
    lexicon: Lexicon,
    settings: AuthorPairSettings,
) -> list[AuthorPair]:
    """The pairs of which one side stands in brackets behind the other; their spans don't overlap."""
    common = Commonness((), (), lexicon)
    least = log(settings.accept / (1 - settings.accept))
    found: list[AuthorPair] = []
    taken = 0  # where the spans found so far end
    seen, whole = None, None  # the segment looked at last, and its spans if it is a twin
    for number, sentence in enumerate(sentences):
        segment = segments[sentence.segment - segments[0].segment]
        if segment is not seen:
            seen, whole = segment, bracketed_twin(text, segment.start, segment.end)
        best: tuple[float, Span, Span] | None = None
        for zh, en, prior in _candidates(text, segment, sentence, whole):
            if min(zh[0], en[0]) < taken:
                continue
            odds = prior + log_odds(
                chinese_passage(text[zh[0] : zh[1]], lexicon), english_passage(text[en[0] : en[1]]), common
            )
            if best is None or odds > best[0]:
                best = (odds, zh, en)
        if best is None or best[0] < least:
            continue
        odds, zh, en = best
        taken = max(zh[1], en[1])
        last = number + 1
        while last < len(sentences) and sentences[last].start < zh[1]:
            last += 1
        found.append(
            AuthorPair(
                kind=sentence.kind,
                block=sentence.block,
                segment=sentence.segment,
                sentence=sentence.sentence,
                zh_start=zh[0],
                zh_end=zh[1],
                zh=text[zh[0] : zh[1]],
                zh_script=sentence.script,
                en_start=en[0],
                en_end=en[1],
                en=text[en[0] : en[1]],
                similarity=round(probability(odds), 4),
                covered=tuple(range(number, last)),
                passage=0,
            )
        )
    return found


def _candidates(
    text: str, segment: Segment, sentence: Sentence, whole: tuple[Span, Span] | None
) -> Iterator[tuple[Span, Span, float]]:
    """Spans of the Chinese and of the English, and the prior log-odds; ``whole`` are those if the segment is nothing else."""
    if whole is not None and abs(sentence.start - whole[0][0]) <= _MARKS:
        yield *whole, _BRACKETED + _WHOLE
    if sentence.kind == "sentence":
        twin = bracketed_twin(text, sentence.start, sentence.end)
        if twin is not None:
            yield *twin, _BRACKETED
        return
    zh = (sentence.start, sentence.end)
    behind = _behind.match(text, sentence.end, segment.end)
    if behind is not None and word.search(behind["en"]):
        yield zh, behind.span("en"), _BRACKETED
    before = max(segment.start, sentence.start - _MOST_LEAD)
    opens = _opens.search(text[before : sentence.start])
    if opens is None or _closes.match(text, sentence.end, segment.end) is None:
        return
    lead_start, lead_end = trimmed(text, before, before + opens.start())
    words = list(word.finditer(text, lead_start, lead_end))
    if not words or words[-1].end() < lead_end - 1:
        return
    for first in words[-_MOST_WORDS:]:
        if not _pause.search(text, first.start(), lead_end):
            yield zh, (first.start(), lead_end), _BRACKETED
