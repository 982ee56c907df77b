"""The paragraphs of XML in which some elements are paragraphs: Word, PowerPoint and OpenDocument have this in common.

The XML is read as a stream, so that a document with a million cells needs no more memory than its text. Entities
that a file declares are refused and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, Protocol
from xml.parsers import expat

from ..errors import UnreadableError

_PIECE = 2**18
_MAX_SPACES = 1000
_PREFIXES = {
    # Files of "strict" Office Open XML have namespaces of their own.
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w",
    "http://purl.oclc.org/ooxml/wordprocessingml/main": "w",
    "http://schemas.openxmlformats.org/drawingml/2006/main": "a",
    "http://purl.oclc.org/ooxml/drawingml/main": "a",
    "http://schemas.openxmlformats.org/presentationml/2006/main": "p",
    "http://purl.oclc.org/ooxml/presentationml/main": "p",
    "http://schemas.openxmlformats.org/officeDocument/2006/math": "m",
    "http://purl.oclc.org/ooxml/officeDocument/math": "m",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "r",
    "http://purl.oclc.org/ooxml/officeDocument/relationships": "r",
    "http://schemas.openxmlformats.org/package/2006/relationships": "rel",
    "http://schemas.openxmlformats.org/package/2006/content-types": "types",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "urn:oasis:names:tc:opendocument:xmlns:text:1.0": "text",
    "urn:oasis:names:tc:opendocument:xmlns:table:1.0": "table",
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office",
    "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0": "draw",
    "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0": "presentation",
    "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0": "svg",
    "urn:oasis:names:tc:opendocument:xmlns:meta:1.0": "meta",
    "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0": "manifest",
    "http://purl.org/dc/elements/1.1/": "dc",
    "urn:oasis:names:tc:opendocument:xmlns:container": "container",
    "http://www.idpf.org/2007/opf": "opf",
    "http://www.w3.org/2001/04/xmlenc#": "enc",
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the elements of one format mean; names are ``prefix:name`` with the prefixes of this module."""

    paragraphs: frozenset[str]
    text: frozenset[str] | None
    """Elements whose characters are text; None: all characters in a paragraph are, and white space in them collapses."""

    stands_for: Mapping[str, str]
    """Elements that stand for characters."""

    skipped: frozenset[str]
    """Elements that count for nothing, with all in them."""

    rows: frozenset[str]
    cells: frozenset[str]
    titles: Mapping[str, str] = field(default_factory=dict)
    """Attributes that hold a title: element → attribute. The title is a paragraph of its own."""


class Piece(NamedTuple):
    """A part of a paragraph's text and, where it is what a text element holds, the offsets in the XML, in bytes, at
    which that element's start tag and its end tag begin."""

    text: str
    start: int | None = None
    end: int | None = None


@dataclass(slots=True, eq=False)
class Paragraph:
    """One paragraph with the table row and the cell that hold it, if any (numbers that differ between rows, cells)."""

    row: int | None
    cell: int | None
    pieces: list[Piece] = field(default_factory=list)
    ends_with_space: bool = True

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(piece.text for piece in self.pieces)


def paragraphs(stream: BinaryIO, vocabulary: Vocabulary) -> Iterator[Paragraph]:
    """The paragraphs in order of their beginnings; one inside another (a text box, a note) is not part of the outer.

    Raises:
        UnreadableError: not well-formed XML, or it declares entities.
    """
    walker = _Walker(vocabulary)
    for _ in _fed(stream, walker):
        yield from walker.take()


def elements(stream: BinaryIO) -> Iterator[tuple[str, dict[str, str]]]:
    """Name and attributes of each element, in order of the start tags, both with the prefixes of this module.

    Raises:
        UnreadableError: not well-formed XML, or it declares entities.
    """
    collector = _Collector()
    for _ in _fed(stream, collector):
        yield from collector.found
        collector.found.clear()


def refuse_entities(stream: BinaryIO) -> None:
    """Reads as far as the first element, before which alone entities can be declared.

    Raises:
        UnreadableError: not well-formed XML, or it declares entities.
    """
    for _ in elements(stream):
        return


def refuse_entity(*_: object) -> None:
    """What expat is to call for each entity that is declared."""
    raise UnreadableError("its XML declares entities, which no document of this kind needs (an entity bomb?)")


class _Handler(Protocol):
    def start(self, name: str, attributes: dict[str, str], offset: int) -> None: ...

    def end(self, name: str, offset: int) -> None: ...

    def characters(self, data: str) -> None: ...


def _fed(stream: BinaryIO, handler: _Handler) -> Iterator[None]:
    """Parses the stream piece by piece."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.buffer_size = _PIECE
    names = _Names()

    def start(name: str, attributes: dict[str, str]) -> None:
        named = {names[key]: value for key, value in attributes.items()}
        handler.start(names[name], named, parser.CurrentByteIndex)

    def end(name: str) -> None:
        handler.end(names[name], parser.CurrentByteIndex)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.characters
    parser.EntityDeclHandler = refuse_entity
    try:
        while data := stream.read(_PIECE):
            parser.Parse(data, False)
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnreadableError(f"not well-formed XML: {error}") from error
    except (LookupError, ValueError) as error:
        raise UnreadableError(f"XML in an encoding that is not supported: {error}") from error
    yield


class _Names(dict[str, str]):
    """Names as the parser gives them (``namespace name``) → with the prefixes of this module."""

    def __missing__(self, name: str) -> str:
        uri, _, local = name.rpartition(" ")
        self[name] = prefixed = f"{_PREFIXES.get(uri, '?')}:{local}" if uri else local
        return prefixed


class _Collector:
    def __init__(self) -> None:
        self.found: list[tuple[str, dict[str, str]]] = []

    def start(self, name: str, attributes: dict[str, str], _offset: int) -> None:
        self.found.append((name, attributes))

    def end(self, name: str, offset: int) -> None:
        pass

    def characters(self, data: str) -> None:
        pass


class _Walker:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._open: list[Paragraph] = []
        self._begun: list[Paragraph] = []
        self._skipping = 0
        self._in_text = False
        self._text_start = 0
        self._data: list[str] = []
        self._rows: list[int] = []
        self._cells: list[int] = []
        self._count = 0

    def take(self) -> Iterator[Paragraph]:
        """The paragraphs that are complete, and so are those that began before them."""
        complete = self._begun if not self._open else self._begun[: self._begun.index(self._open[0])]
        self._begun = self._begun[len(complete) :]
        yield from complete

    def start(self, name: str, attributes: dict[str, str], offset: int) -> None:
        vocabulary = self._vocabulary
        if self._skipping or name in vocabulary.skipped:
            self._skipping += 1
            return
        if name in vocabulary.paragraphs:
            self._open.append(self._paragraph())
            self._begun.append(self._open[-1])
        elif name in vocabulary.rows:
            self._count += 1
            self._rows.append(self._count)
        elif name in vocabulary.cells:
            self._count += 1
            self._cells.append(self._count)
        elif name in vocabulary.titles:
            title = self._paragraph()
            title.pieces.append(Piece(attributes.get(vocabulary.titles[name], "")))
            self._begun.append(title)
        elif self._open and name in vocabulary.stands_for:
            times = attributes.get("text:c", "1")
            count = min(int(times), _MAX_SPACES) if times.isdecimal() and len(times) < 9 else 1
            self._open[-1].pieces.append(Piece(vocabulary.stands_for[name] * count))
            self._open[-1].ends_with_space = False
        if vocabulary.text is not None and name in vocabulary.text:
            self._in_text = True
            self._data.clear()
            self._text_start = offset

    def end(self, name: str, offset: int) -> None:
        vocabulary = self._vocabulary
        if self._skipping:
            self._skipping -= 1
            return
        if self._in_text and vocabulary.text is not None and name in vocabulary.text:
            self._in_text = False
            if self._open:
                self._open[-1].pieces.append(Piece("".join(self._data), self._text_start, offset))
        if name in vocabulary.paragraphs:
            self._open.pop()
        elif name in vocabulary.rows:
            self._rows.pop()
        elif name in vocabulary.cells:
            self._cells.pop()

    def characters(self, data: str) -> None:
        if self._skipping or not self._open:
            return
        if self._vocabulary.text is None:
            _add_collapsed(self._open[-1], data)
        elif self._in_text:
            self._data.append(data)

    def _paragraph(self) -> Paragraph:
        in_cell = bool(self._rows and self._cells)
        return Paragraph(self._rows[-1] if in_cell else None, self._cells[-1] if in_cell else None)


_SPACES = re.compile(r"[ \t\r\n]+")


def _add_collapsed(paragraph: Paragraph, data: str) -> None:
    text = _SPACES.sub(" ", data)
    if paragraph.ends_with_space:
        text = text.removeprefix(" ")
    if text:
        paragraph.pieces.append(Piece(text))
        paragraph.ends_with_space = text.endswith(" ")
