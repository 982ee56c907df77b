"""English as it has to be written at some place of a document, so that it is read there as text and nothing else."""

from __future__ import annotations

import html
import re

from ..reading.placed import Syntax
from ..records import NOT_XML

_MARKDOWN_MARK = re.compile(r"[\\`*_\[\]]|~(?=~)|<(?=[A-Za-z/!?])|&(?=#?\w+;)")
_MARKDOWN_START = re.compile(r"(\d{1,9})(?=[.)](?:\s|$))|(?=[-+](?:\s|$)|#{1,6}(?:\s|$)|>|=+\s*$|-+\s*$)")


def escaped(text: str, syntax: Syntax, *, at_line_start: bool = False) -> str:
    """``text`` written in ``syntax``; ``at_line_start`` tells that nothing but a container's marks stands before it."""
    if syntax == "html":
        return html.escape(text, quote=False)
    if syntax == "attribute":
        return html.escape(text)
    if syntax == "unquoted":
        return re.sub(r"[\s=`]", lambda match: f"&#{ord(match.group())};", html.escape(text))
    if syntax == "xml":
        # the XML is held as Latin-1, a character a byte (see `word`)
        return html.escape(NOT_XML.sub("\ufffd", text), quote=False).encode().decode("latin-1")
    if syntax == "vtt":
        return html.escape(text, quote=False)
    if syntax == "srt":
        return text.replace("-->", "→")
    if syntax == "quoted":
        return re.sub(r'["\\]', lambda match: "\\" + match.group(), text)
    if syntax == "single":
        return text.replace("'", "''")
    if syntax in {"markdown", "cell"}:
        return _markdown(text, syntax, at_line_start)
    return text


def _markdown(text: str, syntax: Syntax, at_line_start: bool) -> str:
    marked = _MARKDOWN_MARK.sub(lambda match: "\\" + match.group(), text)
    if syntax == "cell":
        return marked.replace("|", "\\|")
    start = _MARKDOWN_START.match(marked) if at_line_start else None
    if start is not None:
        marked = f"{start.group()}\\{marked[start.end() :]}"
    return marked


def over_lines(text: str, breaks: int, line_break: str) -> str:
    """``text`` with as many line breaks between its words as what it replaces had, in lines of about one length."""
    words = text.split(" ")
    if not breaks or len(words) <= breaks:
        return text
    lines: list[str] = []
    rest = len(text)
    for remaining in range(breaks + 1, 1, -1):
        line = words.pop(0)
        while len(words) >= remaining and len(line) + len(words[0]) / 2 < rest / remaining:
            line += " " + words.pop(0)
        lines.append(line)
        rest -= len(line) + 1
    return line_break.join((*lines, " ".join(words)))
