"""The models that are installed: finding, checking and removing them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from ..errors import NoModelError, UsageError
from ..settings import ModelSettings
from .argos_package import (
    argos_workplace,
    check_package,
    comparable,
    is_from_chinese_to_english,
    package_name,
    package_version,
    read_metadata,
)
from .manifest import MANIFEST_FILE, Manifest, read_manifest, sha256_of
from .progress import ByteProgress, Report
from .workplace import workplace

Engine = Literal["argos", "llm"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """One translation model in its folder.

    ``digest`` is the hex SHA-256 of its weights (``model.bin``), ``bytes`` the size of all its files.
    """

    engine: Engine
    name: str
    version: str
    path: Path
    digest: str
    bytes: int

    @property
    def label(self) -> str:
        """What a pair's ``model`` column says: name@version."""
        return f"{self.name}@{self.version}"


def models_folder(settings: ModelSettings) -> Path:
    """Where language models are installed: the setting, else the user's data folder. It need not exist."""
    if settings.dir is not None:
        return settings.dir.expanduser()
    return platformdirs.user_data_path("duiyi") / "models"


def installed_models(settings: ModelSettings) -> list[InstalledModel]:
    """Every model that can translate: Argos packages from zh to en (newest first), then language models by name.

    A folder that is not a whole model is left out, with a warning in the log.
    """
    return [*_argos_models(), *_llm_models(models_folder(settings))]


def find_model(engine: Literal["auto", "argos", "llm"], settings: ModelSettings) -> InstalledModel:
    """The model that ``engine`` means; ``auto`` is argos where its package is installed, else llm.

    Of several language models it is the one that the settings name, else the first by name.

    Raises:
        NoModelError: there is none; the text names the command that installs one.
    """
    if engine in ("auto", "argos") and (argos := _argos_models()):
        return argos[0]
    if engine in ("auto", "llm") and (llm := _llm_models(models_folder(settings))):
        wanted = [model for model in llm if settings.llm in (None, model.name, model.label)]
        if wanted:
            return wanted[0]
        names = ", ".join(model.label for model in llm)
        raise NoModelError(f"no language model called {settings.llm} is installed (models.llm); installed: {names}")
    if engine == "auto":
        raise NoModelError("no translation model is installed; run: duiyi models install")
    raise NoModelError(f"no model of the engine {engine} is installed; run: duiyi models install {engine}")


def find_models(
    engine: Literal["auto", "argos", "llm", "cascade"], settings: ModelSettings
) -> tuple[InstalledModel, ...]:
    """The models that ``engine`` means, the one for all sentences first: one, or argos and llm for ``cascade``.

    Raises:
        NoModelError: one is missing; the text names the command that installs it.
    """
    if engine == "cascade":
        return find_model("argos", settings), find_model("llm", settings)
    return (find_model(engine, settings),)


def verify(model: InstalledModel, report: Report = lambda line: None) -> list[str]:
    """What is wrong with a model, a line for each problem: files missing, or changed since they were installed.

    Argos packages that another tool installed have no hashes to compare with; they are only checked to be complete.
    """
    problems: list[str] = []
    manifest: Manifest | None = None
    if model.engine == "argos":
        try:
            metadata = check_package(model.path)
            # another tool may have unpacked a newer package over ours
            manifest = _manifest_of_version(model.path, package_version(metadata))
        except (ValueError, OSError) as error:
            problems.append(f"{model.path}: {error}")
    else:
        try:
            manifest = read_manifest(model.path)
        except ValueError as error:
            problems.append(str(error))
    return problems if manifest is None else problems + _compare(model.path, manifest, report)


def remove(name: str, settings: ModelSettings) -> Path:
    """Delete the model called ``name`` (or name@version); the folder that is gone.

    Raises:
        UsageError: no such model, or several; the text names what is installed.
    """
    models = installed_models(settings)
    chosen = [model for model in models if name in (model.name, model.label)]
    if len(chosen) != 1:
        names = ", ".join(model.label for model in models) or "none"
        what = "no model is" if not chosen else "more than one model is"
        raise UsageError(f"{what} called {name}; installed: {names}")
    path = chosen[0].path
    # renamed first: nobody meets a model half deleted
    place = argos_workplace if chosen[0].engine == "argos" else workplace
    with place(path.parent, lambda line: None) as temporary:
        path.rename(temporary / "removed")
    return path


def read_llm(folder: Path) -> InstalledModel:
    """The language model in ``folder``.

    Raises:
        ValueError: its manifest is missing or wrong.
    """
    manifest = read_manifest(folder)
    if manifest.engine != "llm" or "model.bin" not in manifest.files:
        raise ValueError(f"{folder / MANIFEST_FILE} does not describe a language model")
    return InstalledModel(
        engine="llm",
        name=manifest.name,
        version=manifest.version,
        path=folder,
        digest=manifest.files["model.bin"].sha256,
        bytes=_folder_size(folder),
    )


def read_argos(folder: Path) -> InstalledModel:
    """The Argos package in ``folder``.

    Raises:
        ValueError: it is incomplete, or does not translate zh to en.
    """
    metadata = check_package(folder)
    weights = folder / "model" / "model.bin"
    status = weights.stat()
    return InstalledModel(
        engine="argos",
        name=package_name(metadata),
        version=package_version(metadata),
        path=folder,
        digest=_digest(weights, status.st_size, status.st_mtime_ns),
        bytes=_folder_size(folder),
    )


def _argos_models() -> list[InstalledModel]:
    try:
        from argostranslate import settings as argos_settings  # creates Argos' folders in the user's home
    except OSError as error:
        _log.warning("Argos' own folders cannot be made, so its packages are not looked for: %s", error)
        return []
    found = [
        model
        for packages in argos_settings.package_dirs
        for folder in _model_folders(Path(packages), "metadata.json")
        if _is_from_chinese_to_english(folder) and (model := _read_or_warn(read_argos, folder)) is not None
    ]
    return sorted(found, key=lambda model: (comparable(model.version), str(model.path)), reverse=True)


def _llm_models(folder: Path) -> list[InstalledModel]:
    found = [_read_or_warn(read_llm, model) for model in _model_folders(folder, MANIFEST_FILE)]
    return sorted((model for model in found if model is not None), key=lambda model: model.label)


def _model_folders(folder: Path, described_by: str) -> list[Path]:
    """The folders in ``folder`` that hold the file ``described_by``; hidden ones are being installed or removed."""
    if not folder.is_dir():
        return []
    return sorted(path.parent for path in folder.glob(f"*/{described_by}") if not path.parent.name.startswith("."))


def _is_from_chinese_to_english(folder: Path) -> bool:
    """Whether an Argos package is for our languages; one that cannot be read counts, so that it is warned of."""
    try:
        metadata = read_metadata(folder)
    except (ValueError, OSError):
        return True
    return is_from_chinese_to_english(metadata)


def _read_or_warn(read: Callable[[Path], InstalledModel], folder: Path) -> InstalledModel | None:
    try:
        return read(folder)
    except (ValueError, OSError) as error:
        _log.warning("%s is left out, it is not a whole model: %s", folder, error)
        return None


@functools.lru_cache(maxsize=64)
def _digest(path: Path, size: int, changed: int) -> str:
    """SHA-256 of a file; ``size`` and ``changed`` are there so that a file that changes is read again."""
    return sha256_of(path)


def _folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _manifest_of_version(folder: Path, version: str) -> Manifest | None:
    if not (folder / MANIFEST_FILE).exists():
        return None
    manifest = read_manifest(folder)
    return manifest if manifest.version == version else None


def _compare(folder: Path, manifest: Manifest, report: Report) -> list[str]:
    problems: list[str] = []
    progress = ByteProgress(report, "checked", sum(file.bytes for file in manifest.files.values()))
    for name, expected in manifest.files.items():
        path = folder / name
        try:
            size = path.stat().st_size
            if size != expected.bytes:
                problems.append(f"{path} has {size} bytes where {expected.bytes} were installed")
            elif (found := sha256_of(path, progress=progress)) != expected.sha256:
                problems.append(f"{path} has changed: its SHA-256 is {found}, installed was {expected.sha256}")
        except OSError as error:
            problems.append(f"cannot read {path}: {error.strerror or error}")
    return problems
