"""What the inputs of a command line stand for: the files in folders and patterns, and URLs, each once."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from ..errors import UsageError
from ..records import Unread
from .twins import english_twin

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Source:
    """One file or URL that was found and not yet opened.

    ``named`` tells that the command line names it itself; a kind of file that is not read is then ``failed``, while
    one met in a folder or through a pattern is ``skipped``.
    """

    path: Path | None
    uri: str
    named: bool
    url: str | None = None
    twin: Path | None = None
    """Its English version, told by the names."""


class Met(str):
    """An input that is a file which a program met in a folder: it is read as one met there, and left out when it has gone."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Start:
    """An input that is known to exist: a URL, or paths (several for a pattern) and the folder they may not leave."""

    paths: tuple[Path, ...] = ()
    root: Path | None = None
    url: str | None = None
    named: bool = True


@dataclass(frozen=True, slots=True)
class Root:
    """What one input of the command line stands for, what is no more there too; of a pattern, the folder before it."""

    named: str
    uri: str
    is_folder: bool
    pattern: tuple[str, ...] = ()

    def covers(self, source_uri: str) -> bool:
        """Whether a document of this URI, if there still is one, is found through this input."""
        if not self.is_folder:
            return source_uri == self.uri or source_uri.startswith((f"{self.uri}#", f"{self.uri}!"))
        folder = f"{self.uri.rstrip('/')}/"
        if not source_uri.startswith(folder):
            return False
        inside = re.split("[#!]", source_uri.removeprefix(folder), maxsplit=1)[0]
        return _fits([unquote(part) for part in inside.split("/")], self.pattern)


def named_roots(inputs: Sequence[str]) -> list[Root]:
    """What the inputs stand for, one by one.

    Raises:
        UsageError: as `find_sources`.
    """
    roots: list[Root] = []
    for text in inputs:
        start = _start(text, None)
        if start.url is not None:
            roots.append(Root(text, _without_secrets(start.url), is_folder=False))
        elif start.root is None:
            roots.append(Root(text, start.paths[0].as_uri(), is_folder=False))
        else:
            is_folder = start.paths == (start.root,)
            pattern = () if is_folder else Path(text).parts[_first_magic(text) :]
            roots.append(Root(text, start.root.as_uri(), is_folder=True, pattern=pattern))
    return roots


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path is what the pattern matches, or lies below that."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _first_magic(pattern: str) -> int:
    return next(index for index, part in enumerate(Path(pattern).parts) if _MAGIC.search(part))


def find_sources(inputs: Sequence[str], *, exclude: Path | None) -> Iterator[Source | Unread]:
    """The files and URLs that ``inputs`` name: files, folders with all below them, patterns (``**`` too), URLs.

    The order depends on names only, and what is named twice, by links too, comes once. Hidden files and folders in a
    folder, and ``exclude`` (where the output goes), are left out. A link that leads out of its folder, a folder that
    cannot be listed and the like come as `Unread`.

    Raises:
        UsageError: at once, before anything is read: an input does not exist (unless it is one `Met`), a pattern matches nothing, or an input
            lies in ``exclude``.
    """
    if not inputs:
        raise UsageError("no input: name files, folders, patterns or URLs")
    excluded = exclude.resolve() if exclude is not None else None
    starts = [_start(text, excluded) for text in inputs if not isinstance(text, Met) or Path(text).exists()]
    return _distinct(starts, excluded)


def _distinct(starts: Sequence[_Start], excluded: Path | None) -> Iterator[Source | Unread]:
    named = {path for start in starts if start.root is None and start.named for path in start.paths}
    seen: set[str] = set()
    for start in starts:
        for found in _expanded(start, named, excluded):
            uri = found.uri if isinstance(found, Source) else found.source_uri
            if uri not in seen:
                seen.add(uri)
                yield _with_twin(found) if isinstance(found, Source) else found


def _with_twin(source: Source) -> Source:
    """The source with its twin, be that among the inputs or not: else what a document is would depend on what else is named."""
    twin = english_twin(source.path) if source.path is not None else None
    return source if twin is None else replace(source, twin=twin)


def _expanded(start: _Start, named: set[Path], excluded: Path | None) -> Iterator[Source | Unread]:
    if start.url is not None:
        yield Source(None, _without_secrets(start.url), named=True, url=start.url)
    elif start.root is None:
        yield from (Source(path, path.as_uri(), named=path in named) for path in start.paths)
    else:
        for path in start.paths:
            yield from _below(path, start.root, named, excluded)


def _start(text: str, excluded: Path | None) -> _Start:
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme.group(1).lower() in {"http", "https"}:
        return _Start(url=_checked_url(text))
    if scheme is not None and scheme.group(1).lower() == "file":
        text = unquote(urlsplit(text).path)
    elif scheme is not None:
        raise UsageError(f"cannot read {text}: only http and https URLs, files and folders can be inputs")
    if not text:
        raise UsageError("an input is empty: name a file, a folder, a pattern or a URL")
    try:
        path = Path(text).resolve(strict=True)
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (OSError, RuntimeError, ValueError) as error:
        if _MAGIC.search(text) and "\0" not in text:
            return _pattern_start(text, excluded)
        reason = "no such file or folder" if isinstance(error, FileNotFoundError) else _reason(error)
        raise UsageError(f"cannot read input {text!r}: {reason}") from error
    if excluded is not None and path.is_relative_to(excluded):
        raise UsageError(f"input {text!r} lies in the output folder {excluded}, which is never read")
    return _Start((path,), root=path if is_folder else None, named=not isinstance(text, Met))


def _checked_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"not a valid URL: {text}")
    return urlunsplit(parts._replace(fragment=""))


def _without_secrets(url: str) -> str:
    """The URL without a user name and password, which have no place in a dataset."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _pattern_start(pattern: str, excluded: Path | None) -> _Start:
    parts, first = Path(pattern).parts, _first_magic(pattern)
    base = Path(*parts[:first]).resolve()
    matches = [path for path in _matches(base, parts[first:]) if excluded is None or not path.is_relative_to(excluded)]
    if not matches:
        raise UsageError(f"the pattern {pattern!r} matches nothing")
    return _Start(tuple(dict.fromkeys(matches)), root=base)


def _matches(folder: Path, patterns: Sequence[str]) -> Iterator[Path]:
    """What matches below ``folder``, in order; unlike `glob`, no link to a folder is followed, so none is a loop."""
    if not patterns:
        yield folder
        return
    pattern, rest = patterns[0], patterns[1:]
    if pattern == "**":
        # At the end of a pattern the folder stands for all below it.
        for inner in _folders(folder) if rest else (folder,):
            yield from _matches(inner, rest)
        return
    if not _MAGIC.search(pattern):
        inner = folder / pattern
        if os.path.lexists(inner) and (not rest or (inner.is_dir() and not inner.is_symlink())):
            yield from _matches(inner, rest)
        return
    for entry in _entries(folder):
        hidden = entry.name.startswith(".") and not pattern.startswith(".")
        if (
            not hidden
            and fnmatch.fnmatchcase(entry.name, pattern)
            and (not rest or entry.is_dir(follow_symlinks=False))
        ):
            yield from _matches(folder / entry.name, rest)


def _folders(folder: Path) -> Iterator[Path]:
    """``folder`` and all folders below it that are not hidden."""
    stack = [folder]
    while stack:
        inner = stack.pop()
        yield inner
        stack += [
            inner / entry.name
            for entry in reversed(_entries(inner))
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        ]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """The folder's entries by name; none where it cannot be listed."""
    try:
        return _listed(folder)
    except OSError:
        return []


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _below(start: Path, root: Path, named: set[Path], excluded: Path | None) -> Iterator[Source | Unread]:
    """The files at and below ``start``: those of a folder by name, then its folders by name."""
    stack = [start]
    while stack:
        path = stack.pop()
        if path == excluded:
            continue
        try:
            mode = path.lstat().st_mode
            entries = _listed(path) if stat.S_ISDIR(mode) else []
        except OSError as error:
            yield Unread(path.as_uri(), "failed", f"cannot be read: {_reason(error)}")
            continue
        if not stat.S_ISDIR(mode):
            yield from _file(path, mode, root, named, excluded)
            continue
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        seen.sort(key=lambda entry: entry.is_dir(follow_symlinks=False))
        stack += (path / entry.name for entry in reversed(seen))


def _file(path: Path, mode: int, root: Path, named: set[Path], excluded: Path | None) -> Iterator[Source | Unread]:
    target = path
    if stat.S_ISLNK(mode):
        try:
            target = path.resolve(strict=True)
            mode = target.stat().st_mode
        except (OSError, RuntimeError) as error:
            reason = (
                "leads nowhere" if isinstance(error, FileNotFoundError) else f"cannot be followed: {_reason(error)}"
            )
            yield Unread(path.as_uri(), "skipped", f"a link that {reason}")
            return
        if excluded is not None and target.is_relative_to(excluded):
            return
        if not target.is_relative_to(root):
            yield Unread(path.as_uri(), "skipped", f"a link that leaves the folder {root}: it leads to {target}")
            return
        if any(part.startswith(".") for part in target.relative_to(root).parts):
            yield Unread(path.as_uri(), "skipped", f"a link to something hidden: it leads to {target}")
            return
        if stat.S_ISDIR(mode):  # it comes by itself, being in the folder
            return
    if stat.S_ISREG(mode):
        yield Source(target, target.as_uri(), named=target in named)
    else:
        yield Unread(path.as_uri(), "skipped", "not a regular file")


def _reason(error: Exception) -> str:
    if isinstance(error, RuntimeError):
        return "the link leads to itself"
    return getattr(error, "strerror", None) or str(error)
