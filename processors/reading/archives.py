"""Archives (zip, tar) and compressed files (gz, bz2, xz, zst): their members, one after the other.

A member is unpacked to memory, a large one to a temporary file without a name: no member chooses where it goes.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, cast
from urllib.parse import quote

from ..errors import UnreadableError
from ..records import Unread
from ..settings import ReadingSettings
from .encoding import decode
from .kinds import COMPRESSED, HEAD_BYTES, Kind, begins_as_tar
from .zips import MEMBER_ERRORS, Budget, member_error, open_zip

_IN_MEMORY = 2**24
_STEP = 2**16
_SMALL_STEP = 2**12
"""Bytes asked of bz2 and lzma members of a ZIP file: `zipfile` unpacks all that it has read of those."""

_LARGEST_HEADER = 2**20
_COMPRESSED_SUFFIXES = frozenset({".gz", ".bz2", ".xz", ".zst"})
_COMPRESSED_TAR_SUFFIXES = frozenset({".tgz", ".tbz2", ".txz", ".tzst"})
_UTF8_NAME = 0x800


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive, unpacked. ``is_only`` tells that the archive can hold no other."""

    name: str
    uri: str
    stream: BinaryIO
    is_only: bool = False


def members(
    stream: BinaryIO, uri: str, settings: ReadingSettings, *, kind: Kind, name: str, budget: Budget
) -> Iterator[Member | Unread]:
    """The files in the archive ``stream`` of ``kind``, in its order, each to be read before the next one is asked for.

    A compressed tar is one archive. Folders, and what is hidden (as in folders on disk, also ``__MACOSX``), are left
    out. Links, names that lead out of the archive and the like come as `Unread`; so do broken and encrypted members.

    Raises:
        UnreadableError: the archive is broken or over a limit; members before that stand.
    """
    if kind in COMPRESSED:
        with _uncompressed(stream, kind, budget) as content:
            if begins_as_tar(_head(content)):
                yield from _Collected(uri, settings).tar(content, None)
            else:
                own = _without_suffix(name)
                yield Member(own, member_uri(uri, own), content, is_only=True)
    elif kind == "tar":
        yield from _Collected(uri, settings).tar(stream, budget)
    else:
        yield from _Collected(uri, settings).zip(stream, budget)


def member_uri(uri: str, name: str) -> str:
    """The URI of the member ``name`` of the archive ``uri``."""
    return f"{uri}!{quote(name, safe='/', errors='surrogateescape')}"


class _Collected:
    """The members of one archive: which names there were, and how many."""

    def __init__(self, uri: str, settings: ReadingSettings) -> None:
        self._uri = uri
        self._settings = settings
        self._seen: set[str] = set()
        self._count = 0

    def zip(self, stream: BinaryIO, budget: Budget) -> Iterator[Member | Unread]:
        with open_zip(stream, self._settings, budget) as archive:
            infos = archive.infolist()
            for info, name in zip(infos, _names(infos), strict=True):
                is_link = stat.S_ISLNK(info.external_attr >> 16)
                if info.is_dir() or not (found := self._named(name, is_link)):
                    continue
                if isinstance(found, Unread):
                    yield found
                    continue
                step = _STEP if info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} else _SMALL_STEP
                try:
                    with archive.open(info) as member, _spooled(member.read, step) as content:
                        yield Member(found, member_uri(self._uri, found), content)
                except (*MEMBER_ERRORS, lzma.LZMAError) as error:
                    yield self._unread(found, "failed", member_error(error))

    def tar(self, stream: BinaryIO, budget: Budget | None) -> Iterator[Member | Unread]:
        """``budget`` is None where the bytes of the tar itself are paid for already; sparse files are unpacked even so."""
        stream.seek(0)
        try:
            with tarfile.open(fileobj=_Cautious(stream), mode="r:") as archive:
                while (info := archive.next()) is not None:
                    archive.members = []  # type: ignore[attr-defined]  # else it remembers all
                    is_link = info.issym() or info.islnk()
                    if info.isdir() or not (found := self._named(_tar_name(info.name), is_link)):
                        continue
                    if isinstance(found, Unread):
                        yield found
                    elif not info.isreg():
                        yield self._unread(found, "skipped", "not a regular file")
                    elif info.sparse is not None:
                        yield self._unread(found, "skipped", "a sparse file")
                    else:
                        member = archive.extractfile(info)
                        assert member is not None  # noqa: S101 - it is a regular file
                        with _spooled(member.read, _STEP, budget) as content:
                            yield Member(found, member_uri(self._uri, found), content)
        except (tarfile.TarError, ValueError, EOFError, OverflowError) as error:
            raise UnreadableError(f"a broken tar file (truncated?): {error}") from error
        except RecursionError as error:
            raise UnreadableError("a broken tar file: its headers nest too deeply") from error

    def _named(self, name: str, is_link: bool) -> str | Unread | None:
        """The name in its plain form; None where it is hidden, `Unread` where it is not to be read.

        Raises:
            UnreadableError: there are more members than there may be.
        """
        self._count += 1
        if self._count > self._settings.max_members:
            raise UnreadableError(f"more than reading.max_members = {self._settings.max_members:,} members")
        parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
        if name.startswith(("/", "\\")) or ".." in parts or (parts and parts[0][1:2] == ":"):
            return self._unread(name, "skipped", "a name that leads out of the archive")
        if not parts or any(part.startswith(".") for part in parts) or "__MACOSX" in parts:
            return None
        plain = "/".join(parts)
        if is_link:
            return self._unread(plain, "skipped", "a link, which is not followed in an archive")
        if plain in self._seen:
            return self._unread(plain, "failed", "a second member of the same name; the first one is read")
        self._seen.add(plain)
        return plain

    def _unread(self, name: str, status: Literal["skipped", "failed"], reason: str) -> Unread:
        again = f"#member={self._count}" if name in self._seen and "second member" in reason else ""
        return Unread(member_uri(self._uri, name) + again, status, reason)


def _uncompressed(stream: BinaryIO, kind: Kind, budget: Budget) -> BinaryIO:
    try:
        return _spooled(_decompressor(stream, kind), _STEP, budget)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise UnreadableError(f"a broken {kind} file (truncated?): {error}") from error


def _decompressor(stream: BinaryIO, kind: Kind) -> Callable[[int], bytes]:
    if kind == "gz":
        return gzip.GzipFile(fileobj=stream, mode="rb").read
    if kind == "bz2":
        return bz2.BZ2File(stream).read
    if kind == "xz":
        return lzma.LZMAFile(stream).read
    import pyarrow as pa

    return cast("Callable[[int], bytes]", pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd").read)


def _spooled(read: Callable[[int], bytes], step: int, budget: Budget | None = None) -> BinaryIO:
    """What ``read`` gives, in memory or in a temporary file, wound back."""
    content = cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - the caller closes it
    try:
        while data := read(step):
            if budget is not None:
                budget.spend(len(data))
            content.write(data)
    except BaseException:
        content.close()
        raise
    content.seek(0)
    return content


def _head(content: BinaryIO) -> bytes:
    head = content.read(HEAD_BYTES)
    content.seek(0)
    return head


def _without_suffix(name: str) -> str:
    path = PurePosixPath(name)
    if path.suffix.lower() in _COMPRESSED_TAR_SUFFIXES:
        return f"{path.stem}.tar"
    return path.stem if path.suffix.lower() in _COMPRESSED_SUFFIXES and path.stem else path.name or "content"


def _names(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The members' names. Where a name does not say that it is UTF-8, its bytes are judged together with the others."""
    unsaid = [
        index for index, info in enumerate(infos) if not info.flag_bits & _UTF8_NAME and not info.filename.isascii()
    ]
    names = [info.filename for info in infos]
    try:
        raw = b"\n".join(names[index].encode("cp437") for index in unsaid)
        decoded = decode(raw)[0].split("\n")
    except (UnicodeEncodeError, UnreadableError):
        return names
    if unsaid and len(decoded) == len(unsaid):
        for index, name in zip(unsaid, decoded, strict=True):
            names[index] = name
    return names


def _tar_name(name: str) -> str:
    """The name of a member; where it is not UTF-8, its bytes are judged."""
    if name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name):
        return name
    try:
        return decode(name.encode("utf-8", "surrogateescape"))[0]
    except (UnicodeEncodeError, UnreadableError):
        return name


class _Cautious(io.RawIOBase):
    """A tar as `tarfile` may read it: it takes a header's word for how much to read at once."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError("a header of more than a megabyte")
        return self._stream.read(size)
