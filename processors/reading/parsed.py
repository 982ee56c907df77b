"""What a parser makes of one file's content, before it is known as a document: text with blocks, or rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..errors import UnreadableError
from ..records import Block, well_formed


class Attachment(NamedTuple):
    """A file that came with a mail."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Parsed:
    """The text of one document and its blocks; ``note`` is what its reader should know of it.

    Of a mail also the encoding of its body, and what is attached to it.
    """

    text: str
    blocks: tuple[Block, ...]
    note: str | None = None
    encoding: str | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sheet: its values by column, and where it stands for a person (``sheet Posts, row 7``)."""

    values: dict[str, Any]
    place: str


@dataclass(slots=True)
class TextBuilder:
    """Puts the pieces of a document together: each piece with text is a block, pieces without text are left out.

    A block begins on a line of its own, except for a cell after the first of its row, which a tab divides from the
    cell before it.
    """

    max_cells: int
    _texts: list[str] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)
    _length: int = 0
    _row: object = None
    _cells: int = 0

    def add(
        self,
        text: str,
        *,
        row: object = None,
        cell: object = None,
        code: bool = False,
        wrapped: bool = False,
        lang: str | None = None,
    ) -> None:
        """Appends a block. ``row`` and ``cell`` name the table row and the cell that hold it, None outside tables.

        Raises:
            UnreadableError: it is one cell more than there may be.
        """
        if row is not None:
            self._cells += 1
            if self._cells > self.max_cells:
                raise UnreadableError(
                    f"more than reading.max_cells = {self.max_cells:,} cells; raise it or split the file"
                )
        if not text or text.isspace():
            return
        if self._texts:
            same_row = row is not None and isinstance(self._row, tuple) and self._row[0] == row
            separator = "\t" if same_row and self._row != (row, cell) else "\n"
            self._texts.append(separator)
            self._length += 1
        self._row = (row, cell) if row is not None else None
        own = well_formed(text)
        self._texts.append(own)
        self._blocks.append(Block(self._length, self._length + len(own), code=code, wrapped=wrapped, lang=lang))
        self._length += len(own)

    @property
    def is_empty(self) -> bool:
        """Whether there is no block yet."""
        return not self._blocks

    def parsed(self, note: str | None = None) -> Parsed:
        """All that was added."""
        return Parsed("".join(self._texts), tuple(self._blocks), note)
