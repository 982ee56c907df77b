"""Text that is already decoded, as a document of one format."""

from __future__ import annotations

import hashlib

from ..errors import UsageError
from ..lines import line_blocks
from ..records import Block, Document, well_formed
from .gettext import parse_po
from .markdown import markdown_blocks
from .subtitles import subtitle_text
from .webpage import page_text
from .xliff import parse_xliff

TEXT_FORMATS = ("text", "markdown", "html")
"""The formats that any text can be read as."""

_STRUCTURED_FORMATS = ("srt", "vtt", "po", "xliff")


def read_text(text: str, source_uri: str, format: str = "text") -> Document:  # noqa: A002 - the name of the record's field
    """A document from decoded text: ``format`` is one of `TEXT_FORMATS`, or srt, vtt, po, xliff.

    Its size and hash are those of the UTF-8.

    Raises:
        UsageError: there is no such format.
        UnreadableError: it is damaged.
    """
    whole = well_formed(text.removeprefix("\ufeff"))
    encoded = whole.encode()
    document_text, blocks = text_and_blocks(whole, format)
    return Document(
        source_uri=source_uri,
        text=document_text,
        blocks=blocks,
        format=format,
        bytes=len(encoded),
        content_sha256=hashlib.sha256(encoded).hexdigest(),
    )


def text_and_blocks(text: str, format: str) -> tuple[str, tuple[Block, ...]]:  # noqa: A002
    """The text that counts for the format (that of a page has no tags) and its blocks.

    Raises:
        UsageError: there is no such format.
        UnreadableError: it is damaged.
    """
    if format == "html":
        return page_text(text)
    if format in {"srt", "vtt"}:
        placed = subtitle_text(text, "srt" if format == "srt" else "vtt")
        return placed.text, placed.blocks
    if format in {"po", "xliff"}:
        parsed = parse_po(text) if format == "po" else parse_xliff(text)
        return parsed.text, parsed.blocks
    if format == "markdown":
        return text, markdown_blocks(text)
    if format == "text":
        return text, line_blocks(text)
    raise UsageError(f"no format {format!r}: use one of {', '.join((*TEXT_FORMATS, *_STRUCTURED_FORMATS))}")
