"""One source opened and parsed: its documents, or why there are none."""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from ..errors import UnreadableError
from ..records import Block, Document, Unread
from ..settings import ReadingSettings
from .archives import member_uri, members
from .delimited import read_delimited
from .encoding import NotTextError, decode, find_encoding
from .fetch import fetch
from .gettext import declared_charset_of_po
from .isolation import parse_apart
from .jsonlines import read_json_lines
from .kinds import ARCHIVES, HEAD_BYTES, RISKY, Kind, find_kind, kind_of_zip, misnamed
from .mail import parse_mail
from .parquet import read_parquet
from .parsed import Parsed, Row
from .rows import RowMaker
from .sources import Source
from .text import text_and_blocks
from .webpage import declared_charset
from .zips import Budget

_HARMLESS_BYTES = 2**16
"""A smaller page, Markdown file or mail is parsed here, whatever is in it; a larger one in a process of its own."""


def read_source(source: Source, settings: ReadingSettings) -> Iterator[Document | Unread]:
    """Opens and parses one source; the rows of a big file come one by one.

    Whatever is wrong with it is not raised but comes as an `Unread` with the reason: ``failed``, or ``skipped`` for
    a kind of file that is not read and that was met in a folder. A file that is one document comes with its twin, where
    that is one as well.
    """
    for item in _read(source, settings):
        if source.twin is None or isinstance(item, Unread) or item.source_uri != source.uri:
            yield item
            continue
        found = list(islice(_read(Source(source.twin, source.twin.as_uri(), named=False), settings), 2))
        twin = found[0] if len(found) == 1 and isinstance(found[0], Document) else None
        if twin is None or twin.source_uri != source.twin.as_uri():
            yield item
        else:
            yield replace(item, twin=twin, content_sha256=_sha256_with_twin(item.content_sha256, twin.content_sha256))


def _read(source: Source, settings: ReadingSettings) -> Iterator[Document | Unread]:
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


def file_sha256(source: Source) -> str | None:
    """The `Document.content_sha256` of a file that is one document, without parsing it; None where it can't be read, and for URLs."""
    own = _sha256(source.path)
    return own if own is None or source.twin is None else _sha256_with_twin(own, _sha256(source.twin))


def _sha256_with_twin(own: str, twin: str | None) -> str:
    """The rows of a document come from its twin as well: it is another where that is another."""
    return own if twin is None else hashlib.sha256(f"{own} {twin}".encode()).hexdigest()


def _sha256(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        with _opened(path) as stream:
            digest = hashlib.sha256()
            while piece := stream.read(2**20):
                digest.update(piece)
            return digest.hexdigest()
    except (OSError, NotTextError):
        return None  # `read_source` says why


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
    budget: Budget | None = None,
    depth: int = 0,
) -> Iterator[Document | Unread]:
    """The documents of an open file that can be wound back; ``budget`` and ``depth`` are those of the archive it is in."""
    kind: Kind | None = None
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    try:
        kind = find_kind(name, stream.read(HEAD_BYTES), named=named, content_type=content_type)
        if kind == "zip":
            kind = kind_of_zip(stream, name, settings, named=named)
        stream.seek(0)
        budget = budget or Budget(size, settings)
        found = _of_kind(
            kind, stream, uri, settings, name=name, named=named, charset=charset, budget=budget, depth=depth
        )
        note = misnamed(name, kind)
        yield from found if note is None else (_noted(item, note) for item in found)
    except NotTextError as error:
        yield Unread(uri, "failed" if named else "skipped", str(error), format=kind, bytes=size)
    except UnreadableError as error:
        yield Unread(uri, "failed", str(error), format=kind, bytes=size)


def _noted(item: Document | Unread, note: str) -> Document | Unread:
    """A document with ``note`` before what else is noted of it."""
    if isinstance(item, Unread):
        return item
    return replace(item, note=note if item.note is None else f"{note}; {item.note}")


def _of_kind(
    kind: Kind,
    stream: BinaryIO,
    uri: str,
    settings: ReadingSettings,
    *,
    name: str,
    named: bool,
    charset: str | None,
    budget: Budget,
    depth: int,
) -> Iterator[Document | Unread]:
    """The documents of a file of ``kind``.

    Raises:
        NotTextError, UnreadableError: see `_read_stream`.
    """
    if kind == "jsonl":
        yield from read_json_lines(stream, uri, settings)
    elif kind in {"csv", "tsv"}:
        yield from read_delimited(stream, uri, settings, kind)
    elif kind == "parquet":
        yield from read_parquet(stream, uri, settings)
    elif kind in ARCHIVES:
        yield from _read_archive(kind, stream, uri, settings, name=name, named=named, budget=budget, depth=depth)
    elif kind == "eml":
        yield from _read_mail(stream, uri, settings, budget, depth)
    elif kind in RISKY:
        yield from _read_apart(stream, uri, settings, kind)
    else:
        yield _read_whole(stream, uri, settings, kind, charset)


def _read_archive(
    kind: Kind,
    stream: BinaryIO,
    uri: str,
    settings: ReadingSettings,
    *,
    name: str,
    named: bool,
    budget: Budget,
    depth: int,
) -> Iterator[Document | Unread]:
    """The documents of an archive's members; an archive in which there is nothing to read is accounted for as well.

    Raises:
        UnreadableError: it is broken or over a limit; what was read before stands.
    """
    if depth > settings.max_nesting:
        raise UnreadableError(f"archives nest deeper than reading.max_nesting = {settings.max_nesting}")
    is_empty = True
    for member in members(stream, uri, settings, kind=kind, name=name, budget=budget):
        is_empty = False
        if isinstance(member, Unread):
            yield member
        else:
            is_named = named and member.is_only
            inner, deeper = member.stream, depth + 1
            yield from _read_stream(
                inner, member.uri, settings, name=member.name, named=is_named, budget=budget, depth=deeper
            )
    if is_empty:
        yield Unread(uri, "skipped", "an archive with no file in it that could be read", format=kind)


def _read_mail(
    stream: BinaryIO, uri: str, settings: ReadingSettings, budget: Budget, depth: int
) -> Iterator[Document | Unread]:
    """A mail, and the files attached to it as the members of an archive are.

    Raises:
        UnreadableError: it is damaged, encrypted or over a limit.
    """
    if depth > settings.max_nesting:
        raise UnreadableError(f"mails nest deeper than reading.max_nesting = {settings.max_nesting}")
    data = _content(stream, settings)
    mail = parse_mail(data) if len(data) <= _HARMLESS_BYTES else _parsed_apart(data, settings, "eml")
    yield Document(
        source_uri=uri,
        text=mail.text,
        blocks=mail.blocks,
        format="eml",
        encoding=mail.encoding,
        bytes=len(data),
        # With attachments it is a part of the file: the file's hash would say that there is nothing else in it.
        content_sha256=hashlib.sha256(mail.text.encode() if mail.attachments else data).hexdigest(),
        note=mail.note,
    )
    for name, attachment in mail.attachments:
        budget.spend(len(attachment))
        inner = member_uri(uri, name)
        content = io.BytesIO(attachment)
        yield from _read_stream(content, inner, settings, name=name, named=False, budget=budget, depth=depth + 1)


def _read_apart(stream: BinaryIO, uri: str, settings: ReadingSettings, kind: Kind) -> Iterator[Document | Unread]:
    """The document, or the rows, of a file whose parser runs in a process of its own.

    Raises:
        UnreadableError: it is broken, encrypted, or over a limit.
    """
    data = _content(stream, settings)
    rows: RowMaker | None = None
    for number, item in enumerate(parse_apart(kind, data, settings)):
        if isinstance(item, Row):
            rows = rows or RowMaker(uri, settings, kind, has_ids=settings.id_column in item.values)
            yield rows.document(item.values, number, item.place, encoding=None)
        else:
            yield Document(
                source_uri=uri,
                text=item.text,
                blocks=item.blocks,
                format=kind,
                bytes=len(data),
                # Beside rows it is a part of the file: the file's hash would say that there is nothing else in it.
                content_sha256=hashlib.sha256(item.text.encode() if rows else data).hexdigest(),
                note=item.note,
            )


def _content(stream: BinaryIO, settings: ReadingSettings) -> bytes:
    """All of a file that is one document.

    Raises:
        UnreadableError: it is too large.
    """
    size = stream.seek(0, io.SEEK_END)
    if size > settings.max_bytes:
        raise UnreadableError(
            f"{size:,} bytes, more than reading.max_bytes = {settings.max_bytes:,} for one document; "
            "raise it or split the file"
        )
    stream.seek(0)
    return stream.read(size)


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
    data = _content(stream, settings)
    declared = charset or _declared_charset(data, kind)
    decoded, encoding = decode(data, declared)
    if kind == "text" or len(data) <= _HARMLESS_BYTES:
        text, blocks = text_and_blocks(decoded, kind)
    else:
        text, blocks = _text_and_blocks_apart(decoded, kind, settings)
    return Document(
        source_uri=uri,
        text=text,
        blocks=blocks,
        format=kind,
        encoding=encoding,
        bytes=len(data),
        content_sha256=hashlib.sha256(data).hexdigest(),
    )


def _declared_charset(data: bytes, kind: Kind) -> str | None:
    """The charset that a file of ``kind`` says it is in."""
    if kind in {"html", "xliff"}:
        return declared_charset(data)
    return declared_charset_of_po(data) if kind == "po" else None


def _text_and_blocks_apart(decoded: str, kind: Kind, settings: ReadingSettings) -> tuple[str, tuple[Block, ...]]:
    """The same as `text_and_blocks`, made in a process of its own.

    Raises:
        UnreadableError: it takes too much time or memory.
    """
    parsed = _parsed_apart(decoded.encode("utf-8", "surrogatepass"), settings, kind)
    return parsed.text, parsed.blocks


def _parsed_apart(data: bytes, settings: ReadingSettings, kind: Kind) -> Parsed:
    """The one document that ``data`` is, parsed in a process of its own.

    Raises:
        UnreadableError: it is broken, or takes too much time or memory.
    """
    return next(item for item in list(parse_apart(kind, data, settings)) if isinstance(item, Parsed))
