"""Unpacking a ``.argosmodel`` file, which anybody may have made, without trusting it.

Argos' own installer extracts whatever the archive holds into its folder.
"""

from __future__ import annotations

import lzma
import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ..errors import ModelInstallError

MAX_EXPANDED_BYTES = 4 * 2**30
MAX_MEMBERS = 10_000

_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError)


def expanded_size(archive: Path) -> int:
    """Bytes that the archive says it holds.

    Raises:
        ModelInstallError: it is not a whole zip archive.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return sum(member.file_size for member in opened.infolist())
    except _BROKEN as error:
        raise ModelInstallError(f"{archive} is not an Argos package (a whole zip archive): {error}") from error


def unpack(archive: Path, folder: Path, max_bytes: int = MAX_EXPANDED_BYTES) -> Path:
    """Extract an Argos package into ``folder``; the one folder that it holds.

    Refused are names that lead elsewhere (absolute, ``..``, drive letters), links, encrypted members, more than one
    folder at the top, more than `MAX_MEMBERS` members and more than ``max_bytes`` in all.

    Raises:
        ModelInstallError: it is no zip archive, truncated, or unsafe. What was extracted so far is then in ``folder``.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [(member, _safe_path(member, archive)) for member in opened.infolist()]
            _check_together([path for _, path in members], archive)
            left = max_bytes
            for member, path in members:
                target = folder.joinpath(*path.parts)
                if member.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as packed, target.open("xb") as file:
                    while block := packed.read(2**20):
                        left -= len(block)
                        if left < 0:
                            raise ModelInstallError(f"{archive} unpacks to more than {max_bytes} bytes")
                        file.write(block)
    except (FileExistsError, NotADirectoryError) as error:
        raise ModelInstallError(f"{archive} holds the same name twice: {error.filename}") from error
    except _BROKEN as error:
        raise ModelInstallError(f"{archive} is not an Argos package (a whole zip archive): {error}") from error
    return folder / members[0][1].parts[0]


def _safe_path(member: zipfile.ZipInfo, archive: Path) -> PurePosixPath:
    # orig_filename is the name before zipfile cuts it at a null byte
    name = member.orig_filename
    parts = name.removesuffix("/").split("/")
    if (
        any(part in ("", ".", "..") for part in parts)
        or re.search(r"[\\\0-\x1f]", name)
        or re.match(r"[A-Za-z]:", name)
        or parts[0].startswith(".")
    ):
        raise ModelInstallError(f"{archive} is unsafe and was refused: it names a member {name!r}")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ModelInstallError(f"{archive} is unsafe and was refused: {name!r} is a link or a special file")
    return PurePosixPath(*parts)


def _check_together(paths: list[PurePosixPath], archive: Path) -> None:
    if not paths:
        raise ModelInstallError(f"{archive} is empty")
    if len(paths) > MAX_MEMBERS:
        raise ModelInstallError(f"{archive} is unsafe and was refused: it holds {len(paths)} members")
    tops = {path.parts[0] for path in paths}
    if len(tops) != 1:
        raise ModelInstallError(
            f"{archive} is not an Argos package: it holds {len(tops)} things at its top, not one folder"
        )
