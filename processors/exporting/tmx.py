"""TMX 1.4b, the exchange format of translation memories (LISA OSCAR, 2005).

XML 1.0 holds no control characters. Each is written as TMX's own placeholder, ``<ph type="x-character">U+0007</ph>``, which
readers that do not know it leave out, and which `seg_text` undoes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from importlib.metadata import version
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from ..records import NOT_XML
from .tsv import number_text

COLUMNS = "pair_id zh en kind origin model similarity quality flags zh_script source_uri source_id created_at".split()
PLACEHOLDER = "x-character"
FOOTER = "</body></tmx>\n"

_RETURN = {"\r": "&#13;"}  # a parser makes a line feed of a carriage return that stands as such
_PROPERTIES = "kind origin zh_script similarity quality source_uri source_id".split()


def header() -> str:
    """What stands before the translation units."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header creationtool="duiyi" creationtoolversion={quoteattr(version("duiyi"))} segtype="sentence"
 o-tmf="duiyi" adminlang="en" srclang="zh" datatype="plaintext"/><body>
"""


def unit(chinese: str, english: str, attributes: str = "", properties: str = "") -> str:
    """One translation unit; ``attributes`` and ``properties`` are XML already."""
    return (
        f'<tu{attributes}>{properties}<tuv xml:lang="zh"><seg>{seg(chinese)}</seg></tuv>'
        f'<tuv xml:lang="en"><seg>{seg(english)}</seg></tuv></tu>\n'
    )


def tmx_unit(row: dict[str, Any]) -> str:
    """A row of ``pairs``: what it is and where it comes from stand in properties ``x-…``, its id in ``tuid``."""
    created = row["created_at"].astimezone(UTC)
    attributes = f" tuid={quoteattr(row['pair_id'])} creationdate={quoteattr(created.strftime('%Y%m%dT%H%M%SZ'))}"
    if row["model"] is not None:
        attributes += f" creationid={_attribute(row['model'])}"
    properties = [(name, row[name]) for name in _PROPERTIES if row[name] is not None]
    properties += [("flag", flag) for flag in row["flags"]]
    return unit(
        row["zh"],
        row["en"],
        attributes,
        "".join(
            f'<prop type="x-{name.replace("_", "-")}">{_plain(value if isinstance(value, str) else number_text(value))}</prop>'
            for name, value in properties
        ),
    )


def tmx_units(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Rows of ``pairs`` as translation units."""
    return map(tmx_unit, rows)


def seg(text: str) -> str:
    """Any text as the content of a ``<seg>``."""
    pieces = NOT_XML.split(text)
    lost = NOT_XML.findall(text)
    marks = (f'<ph type="{PLACEHOLDER}">U+{ord(character):04X}</ph>' for character in lost)
    return "".join(escape(piece, _RETURN) + next(marks, "") for piece in pieces)


def seg_text(element: ElementTree.Element) -> str:
    """The text of a ``<seg>`` as any XML library gives it, its placeholders made characters again."""
    text = element.text or ""
    for inner in element:
        if inner.tag == "ph" and inner.get("type") == PLACEHOLDER:
            text += chr(int((inner.text or "").removeprefix("U+"), 16))
        text += inner.tail or ""
    return text


def _plain(text: str) -> str:
    return escape(NOT_XML.sub("\ufffd", text), _RETURN)


def _attribute(text: str) -> str:
    return quoteattr(NOT_XML.sub("\ufffd", text))
