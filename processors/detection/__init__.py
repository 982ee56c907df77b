"""Detection: which language each part of a document is in.

`detect` is a pure function of its text. The files, in the order of the work: `characters` (scripts), `nonlanguage`
(addresses, dates, code), `latin` (English or another language in Latin letters), `switching` (the matrix language of
each clause of a mixed line), `guests` (words of another language inside it), `script` (simplified or traditional),
`segments` (all of it put together so that it tiles the text).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..records import Block, Segment
from ..settings import DetectionSettings
from .segments import segments_of, segments_of_windows

__all__ = ["detect", "detect_windows"]


def detect(
    text: str, blocks: Sequence[Block] | None = None, settings: DetectionSettings | None = None
) -> list[Segment]:
    """The segments of a text, in order; joined, their texts give the text back.

    Args:
        text: any Unicode text.
        blocks: its units as a reader found them; by default each line is one.
        settings: thresholds.

    Returns:
        One segment for each run of sentences in one language on one line, with its guests. Offsets count code points.
    """
    return list(segments_of(text, blocks, (settings or DetectionSettings()).langid_min_words))


def detect_windows(windows: Iterable[str], settings: DetectionSettings | None = None) -> Iterator[Segment]:
    """The segments of a plain text that comes in windows, each cut behind a line feed; the same as `detect` gives for the whole.

    Memory is bounded by the windows, not by the text.
    """
    return segments_of_windows(windows, (settings or DetectionSettings()).langid_min_words)
