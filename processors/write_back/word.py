"""Word documents (.docx): the parts that hold text, and where in their XML it stands."""

from __future__ import annotations

import html
import io
import re
import zipfile
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from xml.parsers import expat

from ..detection.characters import has_han
from ..errors import UnreadableError
from ..reading.docx import WORD, docx_parts
from ..reading.placed import Addition, Companion, Edit, PlacedText, Run
from ..reading.xml_text import Paragraph, Piece, paragraphs
from ..reading.zips import Package
from ..records import Block
from ..settings import ReadingSettings

# Here a text box has both its copies, or old programs would show the Chinese.
_ALL_COPIES = replace(WORD, skipped=WORD.skipped - {"mc:Fallback"})
_MARKED = frozenset({"hyperlink", "fldSimple", "sdt"})
# what a paragraph has only once: its number in a list, a new page or section, the records of its changes
_ONCE = re.compile(
    r"<(?:\w+:)?(numPr|pageBreakBefore|sectPr|pPrChange|ins|del|moveFrom|moveTo|rPrChange)\b(?:[^>]*/>|.*?</(?:\w+:)?\1>)",
    re.DOTALL,
)
_BEFORE_NUMBER = re.compile(
    r"\A<(?:\w+:)?pPr\b[^>]*(?<!/)>(?:<(?:\w+:)?(?:pStyle|keepNext|keepLines|framePr|widowControl)\b[^>]*/>)*"
)
_EMPHASIS = re.compile(
    r"<(?:\w+:)?(b|i|u|strike|dstrike|em|color|highlight|shd|vertAlign|rStyle)\b(?:[^>]*?\bval=[\"']([^\"']*))?[^>]*>"
)
_NO_EMPHASIS = frozenset({"0", "false", "off", "none", "auto", "clear", "baseline", "000000"})
_TEXT_TAG = re.compile(r"<((?:\w+:)?)t\b([^>]*)>")
_CHARACTER = re.compile(r"&[^;&<]*;|\r\n|[^\x80-\xff]|[\xc0-\xff][\x80-\xbf]*", re.DOTALL)


class WordFile:
    """A .docx as the XML of its parts with text, which may be changed, in ``parts``; all others are kept.

    The XML is held as Latin-1, a character a byte, since the parser tells places in bytes.

    Raises:
        UnreadableError: it is no Word file, damaged, encrypted, signed, with macros or over a limit.
    """

    def __init__(self, data: bytes, settings: ReadingSettings) -> None:
        stream = io.BytesIO(data)
        package = Package(stream, settings)
        if any(name.startswith("_xmlsignatures/") for name in package):
            raise UnreadableError("it is signed, and no change would leave the signature valid")
        if any(name.lower().endswith("/vbaproject.bin") for name in package):
            raise UnreadableError("it holds macros (a .docm), which no .docx may")
        self._data = data
        self.parts: dict[str, str] = {}
        for name in docx_parts(package):
            with package.open(name) as part:
                self.parts[name] = part.read().decode("latin-1")

    @staticmethod
    def placed(part: str) -> PlacedText:
        """The paragraphs of one part's XML, each a block, and where their text stands.

        Raises:
            UnreadableError: the XML is damaged or not in UTF-8.
        """
        return _placed(part)

    def saved(self) -> bytes:
        """The file again, its members in the same order."""
        parts = {name.lower(): part for name, part in self.parts.items()}
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive, zipfile.ZipFile(out, "w") as new:
            new.comment = archive.comment
            for member in archive.infolist():
                part = parts.get(member.filename.lower())
                content = archive.read(member) if part is None else part.encode("latin-1")
                new.writestr(member, content, member.compress_type)
        return out.getvalue()


@dataclass(slots=True)
class _Shell:
    """A paragraph's element: its span in the XML, the prefix of its name, its properties and those of its first text."""

    start: int
    prefix: str
    end: int = 0
    properties: str = ""
    character_properties: str | None = None


class _Structure:
    """What there is in a part beside its text: the elements of its paragraphs, and those whose text belongs together."""

    def __init__(self, part: str) -> None:
        self.shells: list[_Shell] = []
        self.looks: dict[int, frozenset[tuple[str, str]]] = {}
        """How the text elements look, by where they begin: what emphasises them."""
        self._part = part
        self._open: list[_Shell] = []
        self._path: list[tuple[str, int]] = []
        self._changes: list[tuple[int, int]] = [(0, 0)]  # from where on which mark holds
        self._marks = [0]
        self._count = 0
        self._run_properties = ""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.XmlDeclHandler = _declared
        self._parser.Parse(part.encode("latin-1"), True)

    def mark_at(self, place: int) -> int:
        """The mark of the innermost link, field or content control at a place."""
        return self._changes[bisect_right(self._changes, (place, self._count)) - 1][1]

    def shell_at(self, place: int) -> _Shell:
        """The innermost paragraph at a place."""
        at = bisect_right(self.shells, place, key=lambda shell: shell.start) - 1
        while self.shells[at].end <= place:
            at -= 1
        return self.shells[at]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        prefix, colon, local = name.rpartition(":")
        self._path.append((local, at))
        if local == "p":
            self._open.append(_Shell(at, prefix + colon))
            self.shells.append(self._open[-1])
        elif local == "r":
            self._run_properties = ""
        elif local in _MARKED:
            self._enter(at)
        elif local == "fldChar":
            kind = next((value for key, value in attributes.items() if key.endswith("fldCharType")), "")
            if kind == "begin":
                self._enter(at)
            elif kind == "end":
                self._leave(at)
        elif local == "t" and self._open:
            self.looks[at] = _look(self._run_properties)
            if self._open[-1].character_properties is None:
                self._open[-1].character_properties = self._run_properties

    def _end(self, name: str) -> None:
        at = self._parser.CurrentByteIndex
        local, start = self._path.pop()
        parent = self._path[-1][0] if self._path else ""
        end = self._part.find(">", at) + 1
        if local == "p" and self._open:
            self._open.pop().end = end
        elif local in _MARKED:
            self._leave(at)
        elif local == "pPr" and parent == "p" and self._open:
            self._open[-1].properties = self._part[start:end]
        elif local == "rPr" and parent == "r":
            self._run_properties = self._part[start:end]

    def _enter(self, at: int) -> None:
        self._count += 1
        self._marks.append(self._count)
        self._changes.append((at, self._count))

    def _leave(self, at: int) -> None:
        if len(self._marks) > 1:
            self._marks.pop()
        self._changes.append((at, self._marks[-1]))


def _look(properties: str) -> frozenset[tuple[str, str]]:
    found = _EMPHASIS.findall(_ONCE.sub("", properties))
    return frozenset((name, value) for name, value in found if value not in _NO_EMPHASIS)


def _declared(_version: str, encoding: str | None, _standalone: int) -> None:
    if (encoding or "utf-8").lower() not in {"utf-8", "us-ascii"}:
        raise UnreadableError(f"its XML is in {encoding}; only UTF-8 can be written back")


def _placed(part: str) -> PlacedText:
    found = list(paragraphs(io.BytesIO(part.encode("latin-1")), _ALL_COPIES))
    structure = _Structure(part)
    texts: list[str] = []
    blocks: list[Block] = []
    runs: list[Run] = []
    additions: list[Addition | None] = []
    companions: list[Companion] = []
    length = 0
    for paragraph in found:
        text = paragraph.text
        if not text.strip():
            continue
        position = length
        marks = _marks_of(paragraph, structure)
        for piece in paragraph.pieces:
            if piece.start is not None and piece.end is not None and piece.text:
                run, companion = _run(part, piece, position, marks[piece.start])
                runs += run
                companions += companion
            position += len(piece.text)
        texts.append(text)
        blocks.append(Block(length, length + len(text)))
        additions.append(_addition(paragraph, structure))
        length += len(text) + 1
    return PlacedText("\n".join(texts), tuple(blocks), tuple(runs), tuple(additions), tuple(companions))


def _marks_of(paragraph: Paragraph, structure: _Structure) -> dict[int, int]:
    """The mark of each text element: that of its link, field or control; else a negative one for each stretch with
    Chinese that looks unlike most of the paragraph."""
    lengths: Counter[frozenset[tuple[str, str]]] = Counter()
    for piece in paragraph.pieces:
        if piece.start is not None:
            lengths[structure.looks.get(piece.start, frozenset())] += len(piece.text)
    plain = lengths.most_common(1)[0][0] if lengths else frozenset()
    marks: dict[int, int] = {}
    before = plain
    count = 0
    for piece in paragraph.pieces:
        if piece.start is None:
            continue
        mark = structure.mark_at(piece.start)
        look = structure.looks.get(piece.start, plain) if not mark and has_han(piece.text) else plain
        count += look not in (plain, before)
        marks[piece.start] = mark if look == plain else -count
        before = look
    return marks


def _run(part: str, piece: Piece, position: int, mark: int) -> tuple[list[Run], list[Companion]]:
    """The run of one text element, and the attribute that it needs where its text may begin or end with a space."""
    start, end = piece.start or 0, piece.end or 0
    tag = _TEXT_TAG.match(part, start)
    if tag is None:
        raise UnreadableError("the places of its text cannot be told")
    origins = [tag.end()]
    text: list[str] = []
    for character in _CHARACTER.finditer(part, tag.end(), end):
        raw = character.group()
        decoded = html.unescape(raw) if raw[0] == "&" else raw.encode("latin-1").decode("utf-8", "replace")
        text.append(decoded.replace("\r\n", "\n"))
        origins.append(character.end())
    if "".join(text) != piece.text or len(text) != len(piece.text):
        raise UnreadableError(
            "its text stands in its XML in an unusual way (CDATA?), so it cannot be written back whole"
        )
    is_formula = tag.group(1) == "m:"
    run = Run(position, origins, "xml", mark, fixed=is_formula)
    if "space=" in tag.group(2):
        return [run], []
    name_end = tag.end(1) + 1
    space = Edit(name_end, name_end, ' xml:space="preserve"')
    return [run], [Companion(position, position + len(piece.text), space)]


def _addition(paragraph: Paragraph, structure: _Structure) -> Addition | None:
    """A paragraph after the paragraph, in its style and that of its first characters."""
    first = next((piece.start for piece in paragraph.pieces if piece.start is not None), None)
    if first is None:
        return None
    shell = structure.shell_at(first)
    p = shell.prefix
    # its style may number it too, so it says that it has no number
    properties = _BEFORE_NUMBER.sub(
        rf'\g<0><{p}numPr><{p}numId {p}val="0"/></{p}numPr>', _ONCE.sub("", shell.properties)
    )
    characters = _ONCE.sub("", shell.character_properties or "")
    before = f'<{p}p>{properties}<{p}r>{characters}<{p}t xml:space="preserve">'
    line_break = f'</{p}t><{p}br/><{p}t xml:space="preserve">'
    return Addition(shell.end, before, f"</{p}t></{p}r></{p}p>", line_break, "xml")
