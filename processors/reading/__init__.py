"""Reading: the inputs a user names become documents, typed text with blocks and where it came from.

`find_sources` finds files and URLs, `read_source` opens one. A reader per format makes the text and its blocks;
`encoding` finds out what bytes mean. Whatever cannot be read comes as `Unread` with its reason.
"""

from .documents import read_bytes, read_source
from .encoding import NotTextError, decode
from .sources import Source, find_sources
from .text import TEXT_FORMATS, read_text

__all__ = [
    "TEXT_FORMATS",
    "NotTextError",
    "Source",
    "decode",
    "find_sources",
    "read_bytes",
    "read_source",
    "read_text",
]
