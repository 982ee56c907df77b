"""Mail (.eml): the subject and the body are the document, attachments are documents beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from mimetypes import guess_extension
from typing import NamedTuple

from ..errors import UnreadableError
from ..lines import line_blocks, lines_of
from ..records import Block, well_formed
from .encoding import decode
from .webpage import declared_charset, page_text

_FIELD = re.compile(
    r"^(?:(From|To|Cc|Subject|Date)|(Message-ID|MIME-Version|Received|Return-Path|Delivered-To)):", re.I | re.M
)


def begins_as_mail(head: str, *, named_so: bool) -> bool:
    """Whether a file that begins so is a mail; of one that is not ``named_so``, more is asked."""
    fields, _, _ = head.replace("\r\n", "\n").partition("\n\n")
    if not re.match(r"[A-Za-z][A-Za-z0-9-]*:", fields):
        return False
    found = {tuple(map(str.lower, match)) for match in _FIELD.findall(fields)}
    technical = any(name for _, name in found)
    return bool(found) if named_so else technical and len(found) >= 3


class Attachment(NamedTuple):
    """A file that came with a mail."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail: its text (subject, then body), blocks, the encoding of the body and what is attached to it."""

    text: str
    blocks: tuple[Block, ...]
    encoding: str | None
    attachments: tuple[Attachment, ...]


def parse_mail(data: bytes) -> Mail:
    """A mail's subject, a block, and its body: the plain text where there is one, else the text of the page.

    A line of plain text is a block; of one in ``format=flowed`` (RFC 3676) a paragraph is.

    Raises:
        UnreadableError: it is encrypted, or its parts are damaged beyond reading.
    """
    try:
        message = message_from_bytes(data, policy=policy.default)
        if not isinstance(message, EmailMessage):  # what the policy makes
            raise UnreadableError("not a mail")
        if message.get_content_type() in {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}:
            raise UnreadableError("encrypted: its text cannot be read without the key")
        subject = " ".join(well_formed(str(message.get("subject", ""))).split())
        body, blocks, encoding = _body(message)
        attachments = tuple(_with_names_of_their_own(_attachments(message)))
    except (MessageError, LookupError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise UnreadableError(f"a damaged mail: {type(error).__name__}: {error}") from error
    if not subject:
        return Mail(body, blocks, encoding, attachments)
    start = len(subject) + 1
    shifted = (Block(block.start + start, block.end + start, block.code, block.wrapped) for block in blocks)
    return Mail(f"{subject}\n{body}", (Block(0, len(subject)), *shifted), encoding, attachments)


def _body(message: EmailMessage) -> tuple[str, tuple[Block, ...], str | None]:
    part = message.get_body(("plain", "html"))
    if not isinstance(part, EmailMessage):
        return "", (), None
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data.strip():
        other = message.get_body(("html",))
        data = other.get_payload(decode=True) if isinstance(other, EmailMessage) else b""
        part = other if isinstance(other, EmailMessage) else part
    if not isinstance(data, bytes):
        return "", (), None
    is_page = part.get_content_type() == "text/html"
    text, encoding = decode(data, part.get_content_charset() or (declared_charset(data) if is_page else None))
    text = well_formed(text)
    if is_page:
        return *page_text(text), encoding
    flowed = str(part.get_param("format", "")).lower() == "flowed"
    return text, _flowed_blocks(text) if flowed else line_blocks(text), encoding


def _flowed_blocks(text: str) -> tuple[Block, ...]:
    """Paragraphs: a line that ends with a space goes on in the next (the signature's ``-- `` does not)."""
    blocks: list[Block] = []
    start: int | None = None
    lines = 0
    for first, last in lines_of(text):
        content = text[first:last].rstrip("\r\n")
        start = first if start is None else start
        lines += 1
        if content.endswith(" ") and content != "-- ":
            continue
        if text[start:last].strip():
            blocks.append(Block(start, last, wrapped=lines > 1))
        start, lines = None, 0
    if start is not None and text[start:].strip():
        blocks.append(Block(start, len(text), wrapped=lines > 1))
    return tuple(blocks)


def _with_names_of_their_own(attachments: Iterator[Attachment]) -> Iterator[Attachment]:
    """The attachments; one called like another before it has its number before its name."""
    names: set[str] = set()
    for number, (name, data) in enumerate(attachments, 1):
        own = name if name not in names else f"{number}-{name}"
        names.add(own)
        yield Attachment(own, data)


def _attachments(message: EmailMessage) -> Iterator[Attachment]:
    """The files of a mail; one without a name is called by its number."""
    for number, part in enumerate(message.iter_attachments(), 1):
        if not isinstance(part, EmailMessage):
            continue
        content_type = part.get_content_type()
        name = well_formed(part.get_filename() or "")
        if content_type == "message/rfc822":
            inner = part.get_payload(0)
            yield Attachment(name or f"part-{number}.eml", inner.as_bytes() if isinstance(inner, EmailMessage) else b"")
        elif part.is_multipart():
            yield from _attachments(part)
        else:
            data = part.get_payload(decode=True)
            suffix = guess_extension(content_type) or ""
            yield Attachment(name or f"part-{number}{suffix}", data if isinstance(data, bytes) else b"")
