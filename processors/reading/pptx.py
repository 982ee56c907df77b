"""Slides (pptx): paragraphs of shapes, groups, tables, charts and diagrams, and the notes to each slide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ..errors import UnreadableError
from ..settings import ReadingSettings
from .parsed import Parsed, TextBuilder
from .xml_text import Vocabulary, elements
from .zips import Package, add_paragraphs

_SLIDES = Vocabulary(
    paragraphs=frozenset({"a:p", "p:text"}),  # p:text is a comment
    text=frozenset({"a:t", "p:text", "m:t"}),
    stands_for={"a:br": "\n", "a:tab": "\t"},
    skipped=frozenset({"a:pPr", "a:rPr", "a:endParaRPr", "a:tblPr", "mc:Fallback"}),
    rows=frozenset({"a:tr"}),
    cells=frozenset({"a:tc"}),
)


def parse_pptx(stream: BinaryIO, settings: ReadingSettings) -> Parsed:
    """The text of the slides in their order, each with its diagrams, charts, notes and comments after it.

    Every paragraph that has text is a block; cells of a table row are divided by tabs, all else by line breaks.

    Raises:
        UnreadableError: broken, encrypted or over a limit.
    """
    package = Package(stream, settings)
    main = package.main_part("presentation")
    slides = list(_slides(package, main))
    if len(slides) > settings.max_pages:
        raise UnreadableError(f"{len(slides):,} slides, more than reading.max_pages = {settings.max_pages:,}")
    builder = TextBuilder(settings.max_cells)
    for slide in slides:
        for part in (slide, *package.related(slide, "diagramData", "chart", "notesSlide", "comments")):
            add_paragraphs(builder, package, part, _SLIDES)
    return builder.parsed()


def _slides(package: Package, main: str) -> Iterator[str]:
    targets = package.relation(main)
    with package.open(main) as xml:
        for element, attributes in elements(xml):
            if element == "p:sldId":
                yield targets.get(attributes.get("r:id", ""), "")
