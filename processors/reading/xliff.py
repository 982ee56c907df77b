"""XLIFF 1.2 and 2.x: of each unit the source and then the target, each a block."""

from __future__ import annotations

import re
from xml.parsers import expat

from ..errors import UnreadableError
from .parsed import Parsed, TextBuilder
from .xml_text import refuse_entity

_BEGINNING = re.compile(
    r"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s[^>\[]*(?:\[[^\]]*\]\s*)?>)*+<(?:\w+:)?xliff[\s/>]", re.DOTALL
)
_SKIPPED = frozenset(
    "seg-source alt-trans matches glossary originalData note notes skl skeleton header bin-unit".split()
)
_CODE = frozenset("ph bpt ept it".split())


def begins_as_xliff(head: str) -> bool:
    """Whether a file that begins so is XLIFF."""
    return _BEGINNING.match(head.lstrip("\ufeff")) is not None


def parse_xliff(source: str) -> Parsed:
    """The texts of all units, source before target, the markup in them taken out.

    What stands for code of the original format (``<ph>`` and the like) is left out, so are notes, glossaries and
    proposals. White space around a text is not part of it; a line break inside is typesetting, except where
    ``xml:space`` preserves it.

    Raises:
        UnreadableError: its XML is damaged or declares entities.
    """
    if not source.strip():
        return Parsed("", ())
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.EntityDeclHandler = refuse_entity
    try:
        parser.Parse(source.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise UnreadableError(f"not well-formed XML: {error}") from error
    return reader.builder.parsed()


class _Reader:
    """Takes the texts as the XML goes by."""

    def __init__(self) -> None:
        self.builder = TextBuilder(max_cells=0)
        self._path: list[str] = []
        self._preserve: list[bool] = [False]
        self._skipped = 0
        self._text: list[str] | None = None
        self._hidden: list[bool] = []  # of each open element inside a text: whether what it holds is code

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        self._preserve.append(attributes.get("xml:space", "preserve" if self._preserve[-1] else "") == "preserve")
        if self._skipped or local in _SKIPPED:
            self._skipped += 1
        elif self._text is not None:
            self._hidden.append(local != "sub" and (local in _CODE or self._hides))
        elif local in {"source", "target"}:
            self._text = []

    def end(self, name: str) -> None:
        preserve = self._preserve.pop()
        if self._skipped:
            self._skipped -= 1
        elif self._hidden:
            self._hidden.pop()
        elif self._text is not None and name.rpartition(":")[2] in {"source", "target"}:
            text = "".join(self._text).strip()
            self._text = None
            self.builder.add(text, wrapped="\n" in text and not preserve)

    def characters(self, data: str) -> None:
        if self._text is not None and not self._skipped and not self._hides:
            self._text.append(data)

    @property
    def _hides(self) -> bool:
        return bool(self._hidden) and self._hidden[-1]
