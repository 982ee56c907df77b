"""Mail (.eml): the subject and the body are the document, attachments are documents beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidBase64LengthDefect,
    MessageError,
    StartBoundaryNotFoundDefect,
)
from email.message import EmailMessage, Message
from itertools import count
from mimetypes import guess_extension

from ..errors import UnreadableError
from ..lines import line_blocks, lines_of
from ..records import Block, well_formed
from .encoding import decode
from .parsed import Attachment, Parsed
from .webpage import declared_charset, page_text

_FIELD = re.compile(
    r"^(?:(From|To|Cc|Subject|Date)|(Message-ID|MIME-Version|Received|Return-Path|Delivered-To)):", re.I | re.M
)

_CUT = (CloseBoundaryNotFoundDefect, InvalidBase64LengthDefect, StartBoundaryNotFoundDefect)
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})


def begins_as_mail(head: str, *, named_so: bool) -> bool:
    """Whether a file that begins so is a mail; of one that is not ``named_so``, more is asked."""
    fields, _, _ = head.replace("\r\n", "\n").partition("\n\n")
    if not re.match(r"[A-Za-z][A-Za-z0-9-]*:", fields):
        return False
    found = {tuple(map(str.lower, match)) for match in _FIELD.findall(fields)}
    technical = any(name for _, name in found)
    return bool(found) if named_so else technical and len(found) >= 3


def parse_mail(data: bytes) -> Parsed:
    """A mail's subject, a block, and its body: the plain text where there is one, else the text of the page.

    A line of plain text is a block; of one in ``format=flowed`` (RFC 3676) a paragraph is. What else is in the mail is
    attached to it; other versions of the body, pictures in a page and signatures are left out.

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
        bodies = _bodies(message)
        body, blocks, encoding = _text_of(bodies[-1]) if bodies else ("", (), None)
        attachments = tuple(_with_names_of_their_own(map(_attachment, count(1), _others(message, bodies))))
        is_cut = any(isinstance(defect, _CUT) for part in message.walk() for defect in part.defects)
    except (MessageError, LookupError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise UnreadableError(f"a damaged mail: {type(error).__name__}: {error}") from error
    note = "the mail is cut off or damaged: some of its parts have no end" if is_cut else None
    if subject:
        start = len(subject) + 1
        shifted = (replace(block, start=block.start + start, end=block.end + start) for block in blocks)
        body, blocks = f"{subject}\n{body}", (Block(0, len(subject)), *shifted)
    return Parsed(body, blocks, note, encoding, attachments)


def _bodies(message: EmailMessage) -> list[EmailMessage]:
    """The part that is the body, the last; before it a plain text without content."""
    part = message.get_body(("plain", "html"))
    if not isinstance(part, EmailMessage):
        return []
    page = message.get_body(("html",))
    if isinstance(page, EmailMessage) and page is not part and not _bytes_of(part).strip():
        return [part, page]
    return [part]


def _text_of(part: EmailMessage) -> tuple[str, tuple[Block, ...], str | None]:
    data = _bytes_of(part)
    is_page = part.get_content_type() == "text/html"
    text, encoding = decode(data, part.get_content_charset() or (declared_charset(data) if is_page else None))
    text = well_formed(text)
    if is_page:
        return *page_text(text), encoding
    flowed = str(part.get_param("format", "")).lower() == "flowed"
    return text, _flowed_blocks(text) if flowed else line_blocks(text), encoding


def _bytes_of(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


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


def _others(part: Message, done: Sequence[Message], *, is_version: bool = False) -> Iterator[EmailMessage]:
    """The parts in ``part`` beside those ``done``; ``is_version`` tells that texts in it are versions of one of those."""
    content_type = part.get_content_type()
    if not isinstance(part, EmailMessage) or any(part is other for other in done) or content_type in _SIGNATURES:
        return
    if content_type == "message/rfc822" or not part.is_multipart():
        if not (is_version and part.get_content_maintype() == "text"):
            yield part
        return
    inner = list(part.iter_parts())
    if content_type == "multipart/related":
        inner = [one for one in inner if one.get_content_maintype() != "image"]
    if content_type == "multipart/alternative":
        if not any(one is other for one in part.walk() for other in done):
            best = part.get_body(("plain", "html"))
            yield from (best,) if isinstance(best, EmailMessage) else ()
            done = (*done, best) if isinstance(best, EmailMessage) else done
        is_version = True
    for one in inner:
        yield from _others(one, done, is_version=is_version)


def _attachment(number: int, part: EmailMessage) -> Attachment:
    """A part as a file; one without a name is called by its number."""
    name = well_formed(part.get_filename() or "")
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        return Attachment(name or f"part-{number}.eml", inner.as_bytes() if isinstance(inner, EmailMessage) else b"")
    suffix = guess_extension(part.get_content_type()) or ""
    return Attachment(name or f"part-{number}{suffix}", _bytes_of(part))
