"""PDF: the text layer in the order of the file, its lines joined to paragraphs by where they stand on the page."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import UnreadableError
from ..settings import ReadingSettings
from .parsed import Parsed, TextBuilder

if TYPE_CHECKING:
    import pypdfium2

_HYPHENS = frozenset({0x02, 0xFFFE})
"""What PDFium gives for a hyphen that only parts a word at the end of a line."""

_ITEM = re.compile(
    r"\s*(?:[•●○▪■◦‣·*\-–—]\s|\d{1,3}[.)、．](?!\d)|[（(]\w{1,3}[)）]|第?[一二三四五六七八九十]{1,3}[、章节])"
)
_LETTERS = re.compile(r"[!-~]+")
_SAME_HEIGHT = 0.15
_MAX_PITCH = 2.2
_PITCH_TOLERANCE = 1.25
_NARROWEST = 12
"""A column of fewer heights of a character holds entries of a table or short lines, no text that wraps."""

_ENDINGS = frozenset('.!?:;。！？：；…”"」』)）')
_MAX_UNKNOWN = 0.3


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page; distances in points, y grows upwards.

    PDFium makes one of two lines where a hyphen parted a word: so it has a base line at its first and at its last
    character. ``height`` is that of a character.
    """

    text: str
    left: float
    right: float
    height: float
    first_base: float
    last_base: float


def parse_pdf(stream: BinaryIO, settings: ReadingSettings) -> Parsed:
    """Each paragraph a block, ``wrapped`` where it takes several lines. Pages of pictures without text are noted.

    Raises:
        UnreadableError: broken, encrypted, without any text, or over a limit.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(stream.read())
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) in {4, 5}:  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
            raise UnreadableError("encrypted: it needs a password") from error
        raise UnreadableError(f"not a PDF that can be read (truncated?): {error}") from error
    if len(document) > settings.max_pages:
        raise UnreadableError(f"{len(document):,} pages, more than reading.max_pages = {settings.max_pages:,}")
    builder = TextBuilder(settings.max_cells)
    pictures: list[int] = []
    unknown: list[int] = []
    broken: list[int] = []
    for number in range(1, len(document) + 1):
        try:
            page = document[number - 1]
            codes = _add_page(page, builder)
        except pypdfium2.PdfiumError:
            broken.append(number)
            continue
        if not codes and _has_pictures(page):
            pictures.append(number)
        if sum(code in {0, 0xFFFD} or 0xE000 <= code < 0xF900 for code in codes) > _MAX_UNKNOWN * len(codes):
            unknown.append(number)
        page.close()
    notes = [
        text
        for numbers, text in (
            (pictures, "pictures without a text layer (scanned?), not read: page {}"),
            (unknown, "fonts that do not say which characters they show: page {}"),
            (broken, "broken, not read: page {}"),
        )
        if numbers
        for text in (text.format(_ranges(numbers)),)
    ]
    if builder.is_empty:
        raise UnreadableError("; ".join(["it has no text", *notes]))
    return builder.parsed("; ".join(notes) or None)


def _add_page(page: pypdfium2.PdfPage, builder: TextBuilder) -> list[int]:
    """Adds the page's paragraphs; the code points of its characters that are no white space."""
    textpage = page.get_textpage()
    try:
        codes, lines = _lines(textpage.raw)
        for paragraph in _paragraphs(lines):
            builder.add("\n".join(line.text for line in paragraph), wrapped=len(paragraph) > 1)
    finally:
        textpage.close()
    return [code for code in codes if not chr(code).isspace()]


def _lines(textpage: Any) -> tuple[list[int], list[_Line]]:
    """The code points of a page, and its lines that have text."""
    from pypdfium2 import raw

    unicode_at = raw.FPDFText_GetUnicode
    codes = [unicode_at(textpage, index) for index in range(raw.FPDFText_CountChars(textpage))]
    codes = [code if code < 0x110000 else 0xFFFD for code in codes]
    lines: list[_Line] = []
    for is_break, group in groupby(range(len(codes)), key=lambda index: codes[index] in {10, 13}):
        indexes = list(group)
        shown = [index for index in indexes if codes[index] and not chr(codes[index]).isspace()]
        if is_break or not shown:
            continue
        kept = (codes[index] for index in indexes if codes[index] and codes[index] not in _HYPHENS)
        first, last = _box(textpage, shown[0]), _box(textpage, shown[-1])
        lines.append(
            _Line(
                text="".join(map(chr, kept)).strip(),
                left=first.left,
                right=last.right,
                # the mark of a list item may be larger than its text
                height=max(min(first.top - first.bottom, last.top - last.bottom), 0.1),
                first_base=_base(textpage, shown[0]),
                last_base=_base(textpage, shown[-1]),
            )
        )
    return codes, lines


def _box(textpage: Any, index: int) -> Any:
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(textpage, index, ctypes.byref(box))
    return box


def _base(textpage: Any, index: int) -> float:
    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(textpage, index, ctypes.byref(x), ctypes.byref(y))
    return y.value


def _paragraphs(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """The lines in groups that are a paragraph each."""
    pitches = Counter(
        round(_pitch(above, below), 1) for above, below in pairwise(lines) if 0.5 < _pitch(above, below) <= _MAX_PITCH
    )
    usual = pitches.most_common(1)[0][0] if pitches else _MAX_PITCH
    for column in _columns(lines):
        right = max(line.right for line in column)
        left = min(line.left for line in column)
        paragraph = [column[0]]
        for line in column[1:]:
            if _goes_on(paragraph, line, left, right, usual):
                paragraph.append(line)
            else:
                yield paragraph
                paragraph = [line]
        yield paragraph


def _columns(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Runs of lines that stand below each other in one size."""
    column: list[_Line] = []
    for line in lines:
        if column:
            above = column[-1]
            beside = line.left >= above.right or line.right <= above.left
            if beside or not 0.3 < _pitch(above, line) <= _MAX_PITCH or not _same_height(above, line):
                yield column
                column = []
        column.append(line)
    if column:
        yield column


def _pitch(above: _Line, below: _Line) -> float:
    """How far a line stands below another, in heights of a character."""
    return (above.last_base - below.first_base) / above.height


def _same_height(one: _Line, other: _Line) -> bool:
    return abs(one.height - other.height) <= _SAME_HEIGHT * max(one.height, other.height)


def _goes_on(paragraph: Sequence[_Line], line: _Line, left: float, right: float, usual: float) -> bool:
    """Whether ``line`` belongs to the paragraph above it, in a column from ``left`` to ``right``."""
    above = paragraph[-1]
    em = above.height
    if _ITEM.match(line.text) or _pitch(above, line) > usual * _PITCH_TOLERANCE:
        return False
    if right - left < _NARROWEST * em:
        return False
    hangs = len(paragraph) == 1 and (bool(_ITEM.match(above.text)) or above.text[-1] not in _ENDINGS)
    if line.left - above.left > 0.8 * em and not hangs:
        return False
    # A line that had room for the next one's first word was ended on purpose.
    return above.right + _first_word_width(line) > right - 0.5 * em


def _first_word_width(line: _Line) -> float:
    """About how wide the first word is: a Chinese character is its own word, others take half of a character's height."""
    letters = _LETTERS.match(line.text)
    return line.height * (0.5 * len(letters.group()) if letters else 1)


def _has_pictures(page: pypdfium2.PdfPage) -> bool:
    from pypdfium2 import raw

    return any(True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4))


def _ranges(numbers: Sequence[int]) -> str:
    """``1-3, 7``; at most ten ranges."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges[:10])
    return shown + (" …" if len(ranges) > 10 else "")
