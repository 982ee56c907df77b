"""The typed values that pass from one step to the next. All offsets count Unicode code points; ``end`` is exclusive."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Lang = Literal["zh", "en", "other", "none"]
Script = Literal["Hans", "Hant"]
PairKind = Literal["sentence", "embedded"]
Origin = Literal["machine", "author", "memory"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
"""Where the English of a pair comes from."""


_SURROGATE = re.compile("[\ud800-\udfff]")


NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that XML 1.0 cannot hold, not even as a reference."""


def well_formed(text: str) -> str:
    """``text`` with U+FFFD for each lone surrogate, which no UTF-8 and so no Parquet file can hold."""
    return _SURROGATE.sub("\ufffd", text)


def document_id(source_uri: str) -> str:
    """First 32 hex digits of the SHA-256 of ``source_uri``."""
    return hashlib.sha256(source_uri.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def pair_id(doc_id: str, kind: str, origin: str, zh: str, occurrence: int) -> str:
    """Stable name of a pair: 32 hex digits of the SHA-256 over where and what it is (the how-manieth of the same)."""
    key = "\0".join((doc_id, kind, origin, zh, str(occurrence)))
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def file_of(source_uri: str) -> str:
    """The URI of the file that a document is, or of which it is a row or a member (``#id=…``, ``!member``)."""
    return re.split("[#!]", source_uri, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class Block:
    """One unit of a document as its reader sees it (paragraph, line of a plain text, heading, table cell).

    Blocks come in order and do not overlap; text between two blocks belongs to the one before.
    ``code`` marks text that is code (a fenced or ``<pre>`` block) and so no language. ``wrapped`` tells that a line
    break inside the block is typesetting, so that a sentence may run over it. ``lang`` is the language that the
    document declares for it (``lang`` of HTML), as its primary subtag (BCP 47), lower case.
    """

    start: int
    end: int
    code: bool = False
    wrapped: bool = False
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What a reader made of one input: its text, cut into blocks, and where it came from."""

    source_uri: str
    text: str
    blocks: tuple[Block, ...]
    format: str
    encoding: str | None = None
    bytes: int = 0
    content_sha256: str = ""
    source_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
    """What a person should know of how it was read (a wrong extension, pages that could not be read)."""
    twin: Document | None = None
    """Its English version, a document of its own."""

    @property
    def doc_id(self) -> str:
        """First 32 hex digits of the SHA-256 of the source URI."""
        return document_id(self.source_uri)


@dataclass(frozen=True, slots=True)
class Unread:
    """An input that gave no document, with the reason: ``skipped`` (not of our kind) or ``failed`` (broken)."""

    source_uri: str
    status: Literal["skipped", "failed"]
    error: str
    format: str | None = None
    bytes: int = 0
    content_sha256: str | None = None
    source_id: str | None = None

    def __post_init__(self) -> None:
        # file names and quoted input may hold lone surrogates, which no UTF-8 can
        for name in ("source_uri", "error", "source_id"):
            text = getattr(self, name)
            if text is not None:
                object.__setattr__(self, name, well_formed(text))

    @property
    def doc_id(self) -> str:
        """First 32 hex digits of the SHA-256 of the source URI."""
        return document_id(self.source_uri)


@dataclass(frozen=True, slots=True)
class Guest:
    """A run of words in another language inside a segment (code-switching within a sentence)."""

    start: int
    end: int
    lang: Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of consecutive sentences in one language on one line. A document's segments tile its text."""

    block: int
    segment: int
    start: int
    end: int
    lang: Lang
    script: Script | None
    text: str
    embedded: tuple[Guest, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One Chinese sentence, or one Chinese guest of a sentence in another language, to be put into a pair.

    ``text`` is the exact slice of the document from ``start`` to ``end``, without outer white space.
    """

    kind: PairKind
    block: int
    segment: int
    sentence: int
    start: int
    end: int
    text: str
    script: Script | None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One translation as a model gave it. ``score`` is the mean log-probability of its tokens; None where not finite."""

    text: str
    score: float | None
    truncated: bool = False
