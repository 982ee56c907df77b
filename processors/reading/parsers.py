"""Which parser reads which kind of file. They run in a process of their own (see `isolation`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ..settings import ReadingSettings
from .kinds import Kind
from .parsed import Parsed, Row


def parse(kind: Kind, stream: BinaryIO, settings: ReadingSettings) -> Iterator[Parsed | Row]:
    """What the content of a file of ``kind`` (one of `kinds.RISKY`, a mail, or decoded text in UTF-8) holds.

    Raises:
        UnreadableError: it is broken, encrypted or over a limit.
    """
    if kind == "docx":
        from .docx import parse_docx

        yield parse_docx(stream, settings)
    elif kind == "pptx":
        from .pptx import parse_pptx

        yield parse_pptx(stream, settings)
    elif kind == "xlsx":
        from .xlsx import parse_xlsx

        yield from parse_xlsx(stream, settings)
    elif kind in {"odt", "odp", "ods"}:
        from .opendocument import parse_open_document

        yield parse_open_document(stream, settings, sheets=kind == "ods")
    elif kind == "epub":
        from .epub import parse_epub

        yield parse_epub(stream, settings)
    elif kind == "pdf":
        from .pdf import parse_pdf

        yield parse_pdf(stream, settings)
    elif kind == "eml":
        from .mail import parse_mail

        yield parse_mail(stream.read())
    else:
        from .text import text_and_blocks

        yield Parsed(*text_and_blocks(stream.read().decode("utf-8", "surrogatepass"), kind))
