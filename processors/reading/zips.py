"""ZIP files that can be trusted: no bomb, no password, nothing that would have to be unpacked to be known."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO

from ..errors import UnreadableError
from ..settings import ReadingSettings
from .parsed import TextBuilder
from .xml_text import Vocabulary, elements, paragraphs

_ENCRYPTED = 1
_FREE_BYTES = 32 * 2**20
_DIRECTORY_BYTES_PER_MEMBER = 160


class Budget:
    """How many bytes may still come out of a file of ``size`` bytes, all archives inside it together.

    Up to 32 MiB count as harmless whatever they came from.
    """

    def __init__(self, size: int, settings: ReadingSettings) -> None:
        by_ratio = max(_FREE_BYTES, size * settings.max_expansion)
        self._left = min(settings.max_expanded_bytes, by_ratio)
        self._reason = (
            f"more than reading.max_expanded_bytes = {settings.max_expanded_bytes:,} bytes"
            if by_ratio > settings.max_expanded_bytes
            else f"more than reading.max_expansion = {settings.max_expansion} times the file's size (a bomb?)"
        )

    def spend(self, count: int) -> None:
        """Counts bytes that come out.

        Raises:
            UnreadableError: they are too many.
        """
        if count > self._left:
            raise UnreadableError(f"it would unpack to {self._reason}")
        self._left -= count


def open_zip(
    stream: BinaryIO, settings: ReadingSettings, budget: Budget | None = None, *, check_expansion: bool = True
) -> zipfile.ZipFile:
    """The ZIP file in ``stream``. What all members say they unpack to is spent from ``budget`` (by default one of its own).

    No member gives more bytes than it says.

    Raises:
        UnreadableError: it is broken, or over a limit.
    """
    size = stream.seek(0, io.SEEK_END)
    _check_directory(stream, size, settings)
    stream.seek(0)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableError(f"a broken ZIP file (truncated?): {error}") from error
    if check_expansion:
        (budget or Budget(size, settings)).spend(sum(info.file_size for info in archive.infolist()))
    return archive


def _check_directory(stream: BinaryIO, size: int, settings: ReadingSettings) -> None:
    """Looks at the directory's size before it is read, as all of it goes into memory."""
    stream.seek(max(0, size - 2**16 - 22))
    tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 16 > len(tail):
        raise UnreadableError("a broken ZIP file (truncated?): it has no directory")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if directory == 0xFFFFFFFF:  # ZIP64 keeps it in a record of its own, directly before
        large = tail.rfind(b"PK\x06\x06", 0, end)
        directory = int.from_bytes(tail[large + 40 : large + 48], "little") if large >= 0 else size
    if directory > settings.max_members * _DIRECTORY_BYTES_PER_MEMBER:
        raise UnreadableError(f"more than reading.max_members = {settings.max_members:,} members")


def member_error(error: Exception) -> str:
    """Why a member could not be read, for a person."""
    text = str(error)
    if "password required" in text:
        return "encrypted: it needs a password"
    if isinstance(error, NotImplementedError):
        return "compressed or encrypted in a way that is not supported"
    return f"broken: {text or type(error).__name__}"


MEMBER_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError)
"""What `zipfile` raises for a member that cannot be read (lzma's errors are among them as EOFError and OSError)."""


class Package:
    """A ZIP file that is one document made of parts (Office Open XML, OpenDocument, EPUB)."""

    def __init__(self, stream: BinaryIO, settings: ReadingSettings) -> None:
        self._zip = open_zip(stream, settings)
        self._names = {name.lower(): name for name in self._zip.namelist()}
        if any(info.flag_bits & _ENCRYPTED for info in self._zip.infolist()):
            raise UnreadableError("encrypted: it needs a password")

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def open(self, part: str) -> BinaryIO:
        """A part as a stream that raises nothing but `UnreadableError`.

        Raises:
            UnreadableError: there is no such part, or it is broken.
        """
        name = self._names.get(part.lower())
        if name is None:
            raise UnreadableError(f"its part {part} is missing")
        try:
            return io.BufferedReader(_Part(self._zip.open(name), name), 2**16)
        except MEMBER_ERRORS as error:
            raise UnreadableError(f"its part {name} is {member_error(error)}") from error

    def main_part(self, called: str) -> str:
        """The part that is the document, the presentation or whatever it is ``called`` (Office Open XML).

        Raises:
            UnreadableError: there is none.
        """
        main = next(iter(self.related("", "officeDocument")), None)
        if main is None:
            raise UnreadableError(f"broken: it does not say which of its parts is the {called}")
        return main

    def related(self, part: str, *kinds: str) -> list[str]:
        """The parts that ``part`` is related to in one of these ways (last word of the relation's type), in that order."""
        found: dict[str, list[str]] = {kind: [] for kind in kinds}
        for kind, _, target in self._relations(part):
            if kind in found and target in self:
                found[kind].append(target)
        return [target for kind in kinds for target in dict.fromkeys(found[kind])]

    def relation(self, part: str) -> dict[str, str]:
        """The parts that ``part`` is related to, by the relation's id."""
        return {identifier: target for _, identifier, target in self._relations(part)}

    def _relations(self, part: str) -> list[tuple[str, str, str]]:
        folder, name = posixpath.split(part)
        sheet = posixpath.join(folder, "_rels", f"{name}.rels")
        if sheet not in self:
            return []
        found: list[tuple[str, str, str]] = []
        with self.open(sheet) as stream:
            for element, attributes in elements(stream):
                if element == "rel:Relationship" and attributes.get("TargetMode") != "External":
                    target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
                    kind = attributes.get("Type", "").rpartition("/")[2]
                    found.append((kind, attributes.get("Id", ""), target.lstrip("/")))
        return found


class _Part(io.RawIOBase):
    """A member of a ZIP file whose errors tell a person what is wrong."""

    def __init__(self, member: IO[bytes], name: str) -> None:
        super().__init__()
        self._member = member
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._member.read(len(buffer))
        except MEMBER_ERRORS as error:
            raise UnreadableError(f"its part {self._name} is {member_error(error)}") from error
        buffer[: len(data)] = data
        return len(data)


def add_paragraphs(builder: TextBuilder, package: Package, part: str, vocabulary: Vocabulary) -> None:
    """Adds the paragraphs of one of a package's parts to a text.

    Raises:
        UnreadableError: there is no such part, it is broken, or it has too many cells.
    """
    with package.open(part) as xml:
        for paragraph in paragraphs(xml, vocabulary):
            builder.add(paragraph.text, row=paragraph.row, cell=paragraph.cell)
