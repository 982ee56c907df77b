"""OpenDocument text, slides and sheets (odt, odp, ods): paragraphs, headings, cells, text boxes and notes."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from ..errors import UnreadableError
from ..settings import ReadingSettings
from .parsed import Parsed, TextBuilder
from .xml_text import Vocabulary, elements
from .zips import Package, add_paragraphs

_OPEN_DOCUMENT = Vocabulary(
    paragraphs=frozenset({"text:p", "text:h"}),
    text=None,
    stands_for={"text:s": " ", "text:tab": "\t", "text:line-break": "\n"},
    # What was deleted, numbers of notes, pronunciations, and descriptions that are not on the page.
    skipped=frozenset(
        """text:tracked-changes text:note-citation text:ruby-text svg:title svg:desc dc:creator dc:date meta:date-string
        office:binary-data office:forms office:scripts""".split()
    ),
    rows=frozenset({"table:table-row"}),
    cells=frozenset({"table:table-cell"}),
)
_SHEETS = replace(_OPEN_DOCUMENT, titles={"table:table": "table:name"})


def parse_open_document(stream: BinaryIO, settings: ReadingSettings, *, sheets: bool = False) -> Parsed:
    """The text of the content, then of headers and footers (which stand in ``styles.xml``).

    Every paragraph that has text is a block; cells of a table row are divided by tabs, all else by line breaks. With
    ``sheets`` the name of each table is a block before it.

    Raises:
        UnreadableError: broken, encrypted or over a limit.
    """
    package = Package(stream, settings)
    manifest = "META-INF/manifest.xml"
    if manifest in package:
        with package.open(manifest) as xml:
            if any(name == "manifest:encryption-data" for name, _ in elements(xml)):
                raise UnreadableError("encrypted: it needs a password")
    builder = TextBuilder(settings.max_cells)
    for part in ("content.xml", "styles.xml"):
        if part == "styles.xml" and part not in package:
            continue
        add_paragraphs(builder, package, part, _SHEETS if sheets and part == "content.xml" else _OPEN_DOCUMENT)
    return builder.parsed()
