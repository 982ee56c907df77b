"""Documents that the user named by their URL. This is the only part of reading that opens a connection."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

from ..errors import UnreadableError

_TIMEOUT = 30.0
_MAX_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server gave: the bytes, the file's name in the URL, and what the server says they are."""

    data: bytes
    name: str
    content_type: str | None
    charset: str | None


def fetch(url: str, *, max_bytes: int) -> Fetched:
    """The content of an http or https URL; redirections are followed.

    Raises:
        UnreadableError: no connection, an answer that is no success, more than ``max_bytes``, or slower than 30
            seconds without a byte or 10 minutes in all.
    """
    import httpx

    pieces: list[bytes] = []
    size = 0
    deadline = time.monotonic() + _MAX_SECONDS
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT) as answer:
            if not answer.is_success:
                raise UnreadableError(f"the server answers {answer.status_code} {answer.reason_phrase}".rstrip())
            for piece in answer.iter_bytes(2**16):
                size += len(piece)
                if size > max_bytes:
                    raise UnreadableError(f"more than reading.max_bytes = {max_bytes:,} bytes")
                if time.monotonic() > deadline:
                    raise UnreadableError(f"not complete after {_MAX_SECONDS:.0f} seconds")
                pieces.append(piece)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreadableError(f"cannot be fetched: {error or type(error).__name__}") from error
    return Fetched(
        data=b"".join(pieces),
        name=PurePosixPath(unquote(answer.url.path)).name,
        content_type=answer.headers.get("content-type"),
        charset=answer.charset_encoding,
    )
