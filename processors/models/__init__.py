"""Translation models: what is installed, installing one, checking and removing it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ..errors import ModelInstallError, UsageError
from ..settings import ModelSettings
from .catalogue import QWEN_CODER, LlmSource
from .installed import Engine, InstalledModel, find_model, find_models, installed_models, models_folder, remove, verify
from .manifest import Manifest, read_manifest
from .progress import Report

__all__ = [
    "QWEN_CODER",
    "Engine",
    "InstalledModel",
    "LlmSource",
    "Manifest",
    "find_model",
    "find_models",
    "install",
    "installed_models",
    "models_folder",
    "read_manifest",
    "remove",
    "verify",
]


def install(
    engine: Literal["argos", "llm"] | None,
    settings: ModelSettings,
    source: Path | None,
    report: Report,
    llm: LlmSource = QWEN_CODER,
) -> InstalledModel:
    """Install a translation model.

    Args:
        engine: None takes what ``source`` is by its name; without one, argos where its index answers in time and lists
            a package, else llm.
        settings: where models live, and the time limits.
        source: a ``.argosmodel`` or ``.gguf`` file to install instead of fetching one.
        report: gets a line for a person every few seconds (from another thread too).
        llm: the language model that the engine llm means.

    Raises:
        UsageError: ``source`` is missing or of no known kind.
        ModelInstallError: the model could not be installed; nothing is left behind, and what was there stays.
    """
    # the converters and Argos are slow to import, and listing models needs neither
    from .argos_install import install_argos, newest_release
    from .llm_install import install_llm

    if engine is None and source is not None:
        engine = _engine_of(source)
        report(f"installing {engine}, as {source.name} is its kind of file")
    if engine == "argos":
        return install_argos(settings, source, report)
    if engine == "llm":
        return install_llm(settings, source, report, llm)
    try:
        release = newest_release(settings, report)
    except ModelInstallError as error:
        report(f"installing llm, as Argos cannot be had: {error}")
        return install_llm(settings, None, report, llm)
    report(f"installing argos, as its index answered (version {release.version}): it is the faster engine")
    return install_argos(settings, None, report, release)


def _engine_of(source: Path) -> Engine:
    kinds: dict[str, Engine] = {".argosmodel": "argos", ".gguf": "llm"}
    if source.suffix.lower() not in kinds:
        raise UsageError(f"{source} is neither a .argosmodel nor a .gguf file; name the engine: argos or llm")
    return kinds[source.suffix.lower()]
