"""One source opened and parsed: its documents, or why there are none."""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import UnreadableError
from ..records import Document, Unread
from ..settings import ReadingSettings
from .delimited import read_delimited
from .encoding import NotTextError, decode, find_encoding
from .fetch import fetch
from .jsonlines import read_json_lines
from .kinds import HEAD_BYTES, Kind, find_kind
from .parquet import read_parquet
from .sources import Source
from .text import text_and_blocks
from .webpage import declared_charset


def read_source(source: Source, settings: ReadingSettings) -> Iterator[Document | Unread]:
    """Opens and parses one source; the rows of a big file come one by one.

    Whatever is wrong with it is not raised but comes as an `Unread` with the reason: ``failed``, or ``skipped`` for
    a kind of file that is not read and that was met in a folder.
    """
    try:
        if source.url is not None:
            fetched = fetch(source.url, max_bytes=settings.max_bytes)
            yield from read_bytes(
                fetched.data,
                source.uri,
                settings,
                name=fetched.name,
                named=source.named,
                content_type=fetched.content_type,
                charset=fetched.charset,
            )
        elif source.path is not None:
            with _opened(source.path) as stream:
                yield from _read_stream(stream, source.uri, settings, name=source.path.name, named=source.named)
    except NotTextError as error:
        yield Unread(source.uri, "failed" if source.named else "skipped", str(error))
    except UnreadableError as error:
        yield Unread(source.uri, "failed", str(error))
    except FileNotFoundError:
        yield Unread(source.uri, "failed", "it vanished before it was read")
    except OSError as error:
        yield Unread(source.uri, "failed", f"cannot be read: {error.strerror or error}")


def _opened(path: Path) -> BinaryIO:
    """The file, open.

    Raises:
        NotTextError: it is a pipe, a device or the like, of which nobody knows when it ends.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotTextError("not a regular file")
    return path.open("rb")


def read_bytes(
    data: bytes,
    source_uri: str,
    settings: ReadingSettings,
    *,
    name: str,
    named: bool = True,
    content_type: str | None = None,
    charset: str | None = None,
) -> Iterator[Document | Unread]:
    """The documents in ``data``, the content of a file called ``name``.

    ``content_type`` and ``charset`` are what a server says of it. Nothing is raised for bad content (see
    `read_source`).
    """
    yield from _read_stream(
        io.BytesIO(data), source_uri, settings, name=name, named=named, content_type=content_type, charset=charset
    )


def _read_stream(
    stream: BinaryIO,
    uri: str,
    settings: ReadingSettings,
    *,
    name: str,
    named: bool,
    content_type: str | None = None,
    charset: str | None = None,
) -> Iterator[Document | Unread]:
    """The documents of an open file that can be wound back."""
    kind: Kind | None = None
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    try:
        kind = find_kind(name, stream.read(HEAD_BYTES), named=named, content_type=content_type)
        stream.seek(0)
        if kind == "jsonl":
            yield from read_json_lines(stream, uri, settings)
        elif kind in {"csv", "tsv"}:
            yield from read_delimited(stream, uri, settings, kind)
        elif kind == "parquet":
            yield from read_parquet(stream, uri, settings)
        else:
            yield _read_whole(stream, uri, settings, kind, charset)
    except NotTextError as error:
        yield Unread(uri, "failed" if named else "skipped", str(error), format=kind, bytes=size)
    except UnreadableError as error:
        yield Unread(uri, "failed", str(error), format=kind, bytes=size)


def _read_whole(stream: BinaryIO, uri: str, settings: ReadingSettings, kind: Kind, charset: str | None) -> Document:
    """The one document that a text, Markdown or HTML file is.

    Raises:
        UnreadableError: it is binary, too large, or fits no encoding.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size > HEAD_BYTES:
        find_encoding(stream.read(HEAD_BYTES), complete=False)  # most binary files need not be read to their end
        stream.seek(0)
    if size > settings.max_bytes:
        raise UnreadableError(
            f"{size:,} bytes, more than reading.max_bytes = {settings.max_bytes:,} for one document; "
            "raise it or split the file"
        )
    data = stream.read(size)
    declared = charset or (declared_charset(data) if kind == "html" else None)
    decoded, encoding = decode(data, declared)
    text, blocks = text_and_blocks(decoded, kind)
    return Document(
        source_uri=uri,
        text=text,
        blocks=blocks,
        format=kind,
        encoding=encoding,
        bytes=len(data),
        content_sha256=hashlib.sha256(data).hexdigest(),
    )
