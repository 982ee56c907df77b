"""A temporary folder in which a model is made ready, and the rename that puts it in place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import DISK_FULL, ModelInstallError
from .progress import MEGABYTE, Report, heartbeat

TEMPORARY_PREFIX = ".duiyi-install-"
LOCK_FILE = ".duiyi-install.lock"


@contextmanager
def workplace(folder: Path, report: Report) -> Iterator[Path]:
    """A new temporary folder in ``folder``, which is removed at the end whatever happens.

    Only one process has one at a time, the next waits. What a killed process left is removed first.

    Raises:
        ModelInstallError: an `OSError` in here or in the body (disk full, no permission).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_process(folder, report):
            for stale in folder.glob(f"{TEMPORARY_PREFIX}*"):
                shutil.rmtree(stale)
            temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder))
            try:
                yield temporary
            finally:
                shutil.rmtree(temporary)
    except OSError as error:
        raise ModelInstallError(_in_words(error, folder)) from error


def put_in_place(ready: Path, final: Path, temporary: Path) -> None:
    """Rename the folder ``ready`` to ``final``; what stood there goes to ``temporary``, or back if that fails."""
    replaced = temporary / "replaced"
    if not final.exists():
        ready.rename(final)
        return
    final.rename(replaced)
    try:
        ready.rename(final)
    except BaseException:
        replaced.rename(final)
        raise


def require_space(folder: Path, needed: int, variable: str) -> None:
    """Check that ``needed`` bytes are free where ``folder`` is; ``variable`` is the setting that moves it.

    Raises:
        ModelInstallError: there is less.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelInstallError(
            f"{folder} has {free / MEGABYTE:,.0f} MB free where {needed / MEGABYTE:,.0f} MB are needed; "
            f"free some space, or set {variable} to a folder on another disk"
        )


@contextmanager
def _only_process(folder: Path, report: Report) -> Iterator[None]:
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with heartbeat(report, f"waiting until another process has done its work in {folder}"):
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _in_words(error: OSError, folder: Path) -> str:
    if error.errno in DISK_FULL:
        return f"the disk that holds {folder} is full; free some space and run the same command again"
    where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else str(folder)
    return f"cannot work in {folder}: {where}: {error.strerror or error}"
