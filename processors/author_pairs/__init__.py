"""Author pairs: the translations that people wrote themselves, found inside each document, before and without a model.

`find_author_pairs` gives those that are sure and those in doubt; `settle` decides the latter once their Chinese has been translated. The
files, in the order of the work: `passages` (what is compared), `bracketed` (`中文(English)`, `English (中文)`), `english`,
`anchors` and `concepts` (what words say), `profiles` and `scoring` (evidence), `search` and `alignment` (which with which), `twins`
(documents that are each other's translation), `fit_weights` (how the packaged weights were made). The words are those of `dictionary`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import log

from ..detection.characters import has_han
from ..dictionary.lexicon import Lexicon, lexicon
from ..records import Document, Segment, Sentence
from ..settings import AuthorPairSettings
from .alignment import Bead, align_sentences, mended, with_edges
from .bracketed import bracketed_pairs
from .english import split_english
from .passages import Passage, passages_of
from .profiles import chinese_passage, english_passage, join_chinese, join_english
from .records import AuthorPair, Findings
from .scoring import log_odds, probability
from .search import Search
from .settling import settle, to_translate

__all__ = [
    "AuthorPair",
    "Findings",
    "find_author_pairs",
    "find_twin_pairs",
    "settle",
    "to_translate",
]

_SENTENCE_LEAST = -1.5
"""Log-odds below which a bead of sentences inside twin passages is joined with its neighbour."""
_SENTENCE_PRIOR = 2.0
"""Log-odds that aligned sentences of twin passages belong together, before their words are looked at."""


def find_author_pairs(
    document: Document,
    segments: Sequence[Segment],
    sentences: Sequence[Sentence],
    settings: AuthorPairSettings,
    taken: Iterable[tuple[int, int]] = (),
) -> Findings:
    """The pairs in which the document says something in both languages.

    Args:
        document: the text and its blocks.
        segments: what `detect` found in it, or in a stretch of it.
        sentences: its Chinese sentences and guests (`sentences_of`).
        settings: thresholds and reach.
        taken: spans that belong to pairs already.

    Returns:
        Pairs whose spans don't overlap. Twin passages of several sentences are cut into as many pairs as can be told
        apart; a sentence that the other side leaves out is in none.
    """
    if not _both(segments):
        return Findings(())
    words = lexicon()
    bracketed = bracketed_pairs(document.text, segments, sentences, words, settings)
    known = [(min(pair.zh_start, pair.en_start), max(pair.zh_end, pair.en_end)) for pair in bracketed]
    passages = passages_of(document, segments, known)
    zh = [one for one in passages if one.lang == "zh"]
    en = [one for one in passages if one.lang == "en"]
    search = Search(zh, en, document.text, document.text, words, settings.reach)
    found = _Writer(document.text, document.text, sentences, search, words)
    least = log(settings.accept / (1 - settings.accept))
    twins = [bead for bead in search.twins() if bead.odds >= least]
    pairs = [pair for number, bead in enumerate(twins) for pair in found.pairs(bead, number)]
    claimed = _Claimed(document.text, taken)
    pairs = [pair for pair in pairs if claimed.claims(pair)]
    pairs += [
        replace(pair, passage=len(twins) + number) for number, pair in enumerate(bracketed) if claimed.claims(pair)
    ]
    doubt = log(settings.refuse / (1 - settings.refuse))
    doubtful = [
        pair
        for number, bead in enumerate(search.doubtful(doubt, twins))
        for pair in found.whole(bead, len(twins) + len(bracketed) + number)
        if claimed.claims(pair)
    ]
    return Findings(_ordered(pairs), _ordered(doubtful))


def find_twin_pairs(
    zh_document: Document,
    zh_segments: Sequence[Segment],
    zh_sentences: Sequence[Sentence],
    en_document: Document,
    en_segments: Sequence[Segment],
    settings: AuthorPairSettings,
) -> Findings:
    """The pairs between a Chinese document and the English document that is its twin; ``en_doc_id`` says which that is."""
    words = lexicon()
    zh = [one for one in passages_of(zh_document, zh_segments) if one.lang == "zh"]
    en = [one for one in passages_of(en_document, en_segments) if one.lang == "en"]
    search = Search(zh, en, zh_document.text, en_document.text, words, settings.reach)
    found = _Writer(zh_document.text, en_document.text, zh_sentences, search, words)
    least = log(settings.accept / (1 - settings.accept))
    twins = [bead for bead in search.twins() if bead.odds >= least]
    pairs = [pair for number, bead in enumerate(twins) for pair in found.pairs(bead, number)]
    return Findings(_ordered(replace(pair, en_doc_id=en_document.doc_id) for pair in pairs))


def _both(segments: Sequence[Segment]) -> bool:
    """Whether there is Chinese and English at all."""
    languages = {segment.lang for segment in segments} | {
        guest.lang for segment in segments for guest in segment.embedded
    }
    return {"zh", "en"} <= languages


class _Claimed:
    """The spans that belong to pairs. None of them touches another."""

    def __init__(self, text: str, spans: Iterable[tuple[int, int]]) -> None:
        self._text = text
        self._spans = sorted(spans)

    def claims(self, pair: AuthorPair) -> bool:
        """Whether both spans of the pair are free, of each other too, and no one sentence; they are no longer then."""
        spans = ((pair.zh_start, pair.zh_end), (pair.en_start, pair.en_end))
        if pair.zh_start < pair.en_end and pair.en_start < pair.zh_end:
            return False  # the English of two Chinese sentences stands between them
        if pair.en[:1].islower() and has_han(pair.en):
            between = min(pair.zh_end, pair.en_end), max(pair.zh_start, pair.en_start)
            if self._text.find("\n", *between) < 0:
                return False  # 馒头 is called 馒头 by all: a sentence that goes on in English
        places = [bisect_left(self._spans, start, key=lambda span: span[1] - 1) for start, _ in spans]
        for (_, end), place in zip(spans, places, strict=True):
            if place < len(self._spans) and self._spans[place][0] < end:
                return False
        for span in spans:
            insort(self._spans, span)
        return True


def _ordered(pairs: Iterable[AuthorPair]) -> tuple[AuthorPair, ...]:
    return tuple(sorted(pairs, key=lambda pair: pair.zh_start))


class _Writer:
    """Turns beads of passages into pairs of sentences with their spans."""

    def __init__(
        self, zh_text: str, en_text: str, sentences: Sequence[Sentence], search: Search, words: Lexicon
    ) -> None:
        self._zh_text, self._en_text = zh_text, en_text
        self._sentences = [(number, one) for number, one in enumerate(sentences) if one.kind == "sentence"]
        self._all = sentences
        self._search, self._words = search, words

    def pairs(self, bead: Bead, passage: int) -> list[AuthorPair]:
        """The pairs of sentences of twin passages."""
        zh = self._chinese(self._search.zh[bead.zh_first : bead.zh_last])
        en = self._english(self._search.en[bead.en_first : bead.en_last])
        if not zh or not en:
            return []
        whole = probability(bead.odds)
        if len(zh) == 1 or len(en) == 1:
            return [self._pair(zh, en, whole, passage)]
        common = self._search.common
        zh_profiles = [chinese_passage(self._zh_text[start:end], self._words) for start, end, _ in zh]
        en_profiles = [english_passage(self._en_text[start:end]) for start, end in en]

        def score(one: Bead) -> float:
            return log_odds(
                join_chinese(zh_profiles[one.zh_first : one.zh_last]),
                join_english(en_profiles[one.en_first : one.en_last]),
                common,
            )

        beads = mended(align_sentences(zh_profiles, en_profiles, common), _SENTENCE_LEAST, score)
        beads = with_edges(beads, [one.length for one in zh_profiles], [one.length for one in en_profiles])
        return [
            self._pair(
                zh[one.zh_first : one.zh_last],
                en[one.en_first : one.en_last],
                whole * probability(one.odds + _SENTENCE_PRIOR),
                passage,
            )
            for one in beads
        ]

    def whole(self, bead: Bead, passage: int) -> list[AuthorPair]:
        """The passages as one pair."""
        zh = self._chinese(self._search.zh[bead.zh_first : bead.zh_last])
        en = self._english(self._search.en[bead.en_first : bead.en_last])
        return [self._pair(zh, en, probability(bead.odds), passage)] if zh and en else []

    def _chinese(self, passages: Sequence[Passage]) -> list[tuple[int, int, int]]:
        """Start and end of the sentences of the passages, inside them, and their numbers."""
        found: list[tuple[int, int, int]] = []
        for one in passages:
            place = bisect_left(self._sentences, one.start, key=lambda entry: entry[1].end)
            while place < len(self._sentences) and self._sentences[place][1].start < one.end:
                number, sentence = self._sentences[place]
                start, end = max(one.start, sentence.start), min(one.end, sentence.end)
                if start < end:
                    found.append((start, end, number))
                place += 1
        return found

    def _english(self, passages: Sequence[Passage]) -> list[tuple[int, int]]:
        return [
            (one.start + start, one.start + end)
            for one in passages
            for start, end in split_english(self._en_text[one.start : one.end])
        ]

    def _pair(
        self,
        zh: Sequence[tuple[int, int, int]],
        en: Sequence[tuple[int, int]],
        similarity: float,
        passage: int,
    ) -> AuthorPair:
        first = self._all[zh[0][2]]
        zh_start, zh_end, en_start, en_end = zh[0][0], zh[-1][1], en[0][0], en[-1][1]
        return AuthorPair(
            kind="sentence",
            block=first.block,
            segment=first.segment,
            sentence=first.sentence,
            zh_start=zh_start,
            zh_end=zh_end,
            zh=self._zh_text[zh_start:zh_end],
            zh_script=first.script,
            en_start=en_start,
            en_end=en_end,
            en=self._en_text[en_start:en_end],
            similarity=round(similarity, 4),
            covered=tuple(number for _, _, number in zh),
            passage=passage,
        )
