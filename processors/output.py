"""Files for users, written whole: each has its name only once it is complete, and replaces the old one in one rename."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from .errors import DISK_FULL, StoppedError, UsageError


@contextmanager
def new_files(*paths: Path) -> Iterator[list[TextIO]]:
    """Text files (UTF-8, line ends as written) that get their names together when the block ends well, else not at all.

    Raises:
        UsageError: one of them cannot be written.
        StoppedError: the disk is full; what had these names is as it was.
    """
    partial = [path.with_name(f".{path.name}.{os.getpid()}.partial") for path in paths]
    try:
        with ExitStack() as opened:
            files = [opened.enter_context(_opened(path, hidden)) for path, hidden in zip(paths, partial, strict=True)]
            yield files
        for path, hidden in zip(paths, partial, strict=True):
            hidden.replace(path)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise StoppedError(f"no space left to write {paths[0]}; free some and run again") from error
        raise
    finally:
        for hidden in partial:
            hidden.unlink(missing_ok=True)


def _opened(path: Path, hidden: Path) -> TextIO:
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file with --out")
    try:
        return hidden.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
