"""The child process in which documents are parsed: a document in on standard input, messages out on standard output.

Started by `isolation`, as ``python -m duiyi.processors.reading.parser_process``. It ends with its input.
"""

from __future__ import annotations

import base64
import io
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import UnreadableError
from ..settings import ReadingSettings
from .isolation import LENGTH_BYTES
from .parsed import Parsed, Row
from .parsers import parse

_ROWS = 256
_GRACE_SECONDS = 10
_OUT_OF_MEMORY = {"error": "parsing it takes more memory than reading.max_memory allows"}


def main() -> None:
    """Parses documents until there are no more."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing here has any business writing files
    with os.fdopen(0, "rb", closefd=False) as stream:
        while (header := _received(stream)) is not None:
            data = _received(stream)
            if data is None:
                return
            request = json.loads(header)
            settings = ReadingSettings(**request["settings"])
            _limit(settings)
            stays = True
            for message in _messages(request["kind"], data, settings):
                signal.alarm(0)  # who reads it may take any time
                _send(output, message)
                _watch(settings)
                stays = stays and message is not _OUT_OF_MEMORY
            signal.alarm(0)
            _send(output, {"stays": stays and _memory() < settings.max_memory // 2})


def _limit(settings: ReadingSettings) -> None:
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = settings.max_memory if hard == resource.RLIM_INFINITY else min(settings.max_memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    _watch(settings)


def _watch(settings: ReadingSettings) -> None:
    """Bounds the time, for the case that the parent is there no more to do so."""
    signal.alarm(int(settings.max_seconds) + _GRACE_SECONDS)


def _memory() -> int:
    """Bytes of address space in use; 0 where that is not known."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[0]) * resource.getpagesize() if pages.exists() else 0


def _messages(kind: Any, data: bytes, settings: ReadingSettings) -> Iterator[dict[str, Any]]:
    rows: list[tuple[dict[str, Any], str]] = []
    try:
        for item in parse(kind, io.BytesIO(data), settings):
            if isinstance(item, Row):
                rows.append((item.values, item.place))
            if rows and (len(rows) >= _ROWS or isinstance(item, Parsed)):
                yield {"rows": rows}
                rows = []
            if isinstance(item, Parsed):
                blocks = [(block.start, block.end, block.code, block.wrapped, block.lang) for block in item.blocks]
                attached = [(name, base64.b64encode(data).decode()) for name, data in item.attachments]
                yield {
                    "text": item.text,
                    "blocks": blocks,
                    "note": item.note,
                    "encoding": item.encoding,
                    "attachments": attached,
                }
        error = None
    except UnreadableError as failure:
        error = {"error": str(failure)}
    except MemoryError:
        error = _OUT_OF_MEMORY
    except RecursionError:
        error = {"error": "it nests too deeply"}
    except Exception as failure:  # whatever a library stumbles over is the document's fault, and no reason to stop
        error = {"error": f"broken, its parser gave up: {type(failure).__name__}: {' '.join(str(failure).split())}"}
    if rows:
        yield {"rows": rows}
    if error is not None:
        yield error


def _received(stream: BinaryIO) -> bytes | None:
    """The next message; None at the end of the input."""
    length = stream.read(LENGTH_BYTES)
    return stream.read(int.from_bytes(length, "big")) if len(length) == LENGTH_BYTES else None


def _send(output: BinaryIO, message: dict[str, Any]) -> None:
    data = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    output.write(len(data).to_bytes(LENGTH_BYTES, "big"))
    output.write(data)
    output.flush()


if __name__ == "__main__":
    main()
