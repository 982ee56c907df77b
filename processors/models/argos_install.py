"""Installing the Argos package for Chinese to English into Argos' own folder.

Argos' installer, its index and its clean-up need libraries that duiyi leaves out, trust any archive and know no
timeout; so the fetching and unpacking is done here, and what results is the same folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelInstallError, UsageError
from ..settings import ModelSettings
from .argos_archive import MAX_EXPANDED_BYTES, expanded_size, unpack
from .argos_package import (
    argos_workplace,
    check_package,
    comparable,
    is_from_chinese_to_english,
    package_name,
    package_version,
)
from .fetch import download, fetch_json
from .installed import InstalledModel, read_argos
from .manifest import Manifest, hash_files, sha256_of
from .progress import Report, heartbeat
from .workplace import put_in_place, require_space

MAX_DOWNLOAD_BYTES = 2 * 2**30


@dataclass(frozen=True, slots=True)
class ArgosRelease:
    """One package of the index."""

    version: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Archive:
    """A package's file: where it is now, where it came from, its hex SHA-256."""

    path: Path
    origin: str
    sha256: str


def newest_release(settings: ModelSettings, report: Report) -> ArgosRelease:
    """The newest package from zh to en in the Argos index.

    The index is where Argos' own settings (``ARGOS_PACKAGE_INDEX``) say.

    Raises:
        ModelInstallError: the index did not answer in time, or lists no such package.
    """
    from argostranslate import settings as argos_settings

    base = str(argos_settings.package_index)
    url = base if base.endswith(".json") else f"{base.rstrip('/')}/index.json"
    with heartbeat(report, f"asking the Argos index {url}"):
        index = fetch_json(url, settings.index_timeout)
    if not isinstance(index, list):
        raise ModelInstallError(f"{url} is not an Argos index: a JSON list is expected")
    releases = [release for entry in index if (release := _release(entry)) is not None]
    if not releases:
        raise ModelInstallError(f"the Argos index {url} lists no package from zh to en")
    return max(releases, key=lambda release: comparable(release.version))


def install_argos(
    settings: ModelSettings, source: Path | None, report: Report, release: ArgosRelease | None = None
) -> InstalledModel:
    """Install the Argos package from zh to en: the file ``source``, else ``release``, else the newest of the index.

    Raises:
        UsageError: ``source`` is no file.
        ModelInstallError: it could not be installed; nothing is left behind, and a package that was there stays.
    """
    from argostranslate import settings as argos_settings

    if source is not None and not source.is_file():
        raise UsageError(f"no such file: {source}")
    packages = Path(argos_settings.package_data_dir)
    with argos_workplace(packages, report) as temporary:
        if source is not None:
            archive = _Archive(source, str(source), sha256_of(source))
        else:
            archive = _fetch(release or newest_release(settings, report), temporary, settings, report)
        require_space(packages, min(expanded_size(archive.path), MAX_EXPANDED_BYTES), "ARGOS_PACKAGES_DIR")
        ready = _make_ready(archive, temporary / "unpacked", report)
        final = packages / ready.name
        put_in_place(ready, final, temporary)
    report(f"installed the Argos package in {final}")
    return read_argos(final)


def _release(entry: Any) -> ArgosRelease | None:
    if not isinstance(entry, dict) or not is_from_chinese_to_english(entry):
        return None
    links = [link for link in entry.get("links") or () if str(link).startswith(("http://", "https://"))]
    return ArgosRelease(package_version(entry), tuple(links)) if links else None


def _fetch(release: ArgosRelease, folder: Path, settings: ModelSettings, report: Report) -> _Archive:
    path = folder / "package.argosmodel"
    report(f"fetching the Argos package zh to en, version {release.version}")
    reasons: list[str] = []
    for link in release.links:
        try:
            sha256 = download(
                link, path, seconds=settings.download_timeout, size=None, limit=MAX_DOWNLOAD_BYTES, report=report
            )
        except ModelInstallError as error:
            reasons.append(str(error))
            report(str(error))
        else:
            report(f"its SHA-256 is {sha256} (Argos publishes none to compare it with)")
            return _Archive(path, link, sha256)
    raise ModelInstallError(
        f"the Argos package could not be fetched: {'; '.join(reasons)}. "
        "Another way: fetch it elsewhere and give it with --from, or run: duiyi models install llm"
    )


def _make_ready(archive: _Archive, folder: Path, report: Report) -> Path:
    """Unpack into ``folder``, check, add the manifest; the package's own folder."""
    with heartbeat(report, f"unpacking {archive.path.name}"):
        ready = unpack(archive.path, folder)
    try:
        metadata = check_package(ready)
        with heartbeat(report, "translating a word, as a trial"):
            _try_to_translate(ready)
    except ValueError as error:
        raise ModelInstallError(f"{archive.origin} is not a usable Argos package: {error}") from error
    Manifest(
        engine="argos",
        name=package_name(metadata),
        version=package_version(metadata),
        source=archive.origin,
        source_sha256=archive.sha256,
        files=hash_files(ready, report),
    ).write(ready)
    return ready


def _try_to_translate(folder: Path) -> None:
    import ctranslate2
    from argostranslate.package import Package

    try:
        translator = ctranslate2.Translator(str(folder / "model"), device="cpu", intra_threads=1)
        translator.translate_batch([Package(folder).tokenizer.encode("你好")], max_decoding_length=4)
    except (RuntimeError, OSError) as error:
        raise ValueError(f"it does not translate: {str(error).splitlines()[0]}") from error
