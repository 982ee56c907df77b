"""Word documents (docx): paragraphs, headings and table cells, text boxes, notes, comments, headers and footers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ..settings import ReadingSettings
from .parsed import Parsed, TextBuilder
from .xml_text import Vocabulary
from .zips import Package, add_paragraphs

WORD = Vocabulary(
    paragraphs=frozenset({"w:p"}),
    text=frozenset({"w:t", "m:t"}),
    stands_for={"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "\u2011"},
    # Deleted and moved text, the pronunciation of ruby, and the second copy of a text box that old programs read.
    skipped=frozenset({"w:pPr", "w:rPr", "w:sdtPr", "w:del", "w:moveFrom", "w:rt", "mc:Fallback"}),
    rows=frozenset({"w:tr"}),
    cells=frozenset({"w:tc"}),
)


def parse_docx(stream: BinaryIO, settings: ReadingSettings) -> Parsed:
    """The text as Word shows it with all changes accepted.

    Every paragraph that has text is a block; cells of a table row are divided by tabs, all else by line breaks. After the body come footnotes,
    endnotes, comments, headers and footers. A text box follows the paragraph that it is anchored in.

    Raises:
        UnreadableError: broken, encrypted or over a limit.
    """
    package = Package(stream, settings)
    builder = TextBuilder(settings.max_cells)
    for part in docx_parts(package):
        add_paragraphs(builder, package, part, WORD)
    return builder.parsed()


def docx_parts(package: Package) -> Iterator[str]:
    """The parts that hold text, in the order in which they are read.

    Raises:
        UnreadableError: there is no main part.
    """
    main = package.main_part("document")
    yield main
    yield from package.related(main, "footnotes", "endnotes", "comments", "header", "footer")
