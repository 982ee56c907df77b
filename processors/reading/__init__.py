"""Reading: the inputs a user names become documents, typed text with blocks and where it came from.

`find_sources` finds files and URLs, `read_source` opens one. A reader per format makes the text and its blocks;
`encoding` finds out what bytes mean. Formats whose parsers a hostile file could turn against us are parsed in a child
process (`isolation`, `parsers`). Whatever cannot be read comes as `Unread` with its reason.
"""

from .documents import file_sha256, read_bytes, read_source
from .encoding import NotTextError, decode
from .sources import Met, Root, Source, find_sources, named_roots
from .text import TEXT_FORMATS, read_text
from .windows import text_windows

__all__ = [
    "TEXT_FORMATS",
    "Met",
    "NotTextError",
    "Root",
    "Source",
    "decode",
    "file_sha256",
    "find_sources",
    "named_roots",
    "read_bytes",
    "read_source",
    "read_text",
    "text_windows",
]
