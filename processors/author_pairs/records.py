"""What this room hands on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..records import PairKind, Script, Sentence


@dataclass(frozen=True, slots=True)
class AuthorPair:
    """Chinese with the English that the document itself gives for it. Both texts are exact slices, without outer white space.

    ``block``, ``segment`` and ``sentence`` are those of the first Chinese sentence. ``covered`` numbers, in the list of sentences that was
    given, those that the pair translates and that so need no machine. ``passage`` is the same for the pairs of one pair of passages.
    """

    kind: PairKind
    block: int
    segment: int
    sentence: int
    zh_start: int
    zh_end: int
    zh: str
    zh_script: Script | None
    en_start: int
    en_end: int
    en: str
    similarity: float
    """How sure the match is, 0 to 1."""
    covered: tuple[int, ...]
    passage: int
    en_doc_id: str | None = None
    """The document that holds the English, where it is another one."""

    @property
    def chinese(self) -> Sentence:
        """Its Chinese, as one sentence (or one guest)."""
        return Sentence(
            self.kind, self.block, self.segment, self.sentence, self.zh_start, self.zh_end, self.zh, self.zh_script
        )

    def moved(self, by: int) -> AuthorPair:
        """The same pair in a list of sentences in which those that it covers stand so many places later."""
        return replace(self, covered=tuple(number + by for number in self.covered))


@dataclass(frozen=True, slots=True)
class Findings:
    """The author's pairs of a document in the order of the Chinese, and the candidates that only a translation can decide."""

    pairs: tuple[AuthorPair, ...]
    doubtful: tuple[AuthorPair, ...] = ()
