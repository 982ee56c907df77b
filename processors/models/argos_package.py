"""What a folder must hold to be the Argos package that we need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from .progress import Report
from .workplace import workplace

FROM_CODE, TO_CODE = "zh", "en"
TOKENIZERS = ("sentencepiece.model", "bpe.model")


def read_metadata(folder: Path) -> dict[str, Any]:
    """The ``metadata.json`` of the Argos package in ``folder``.

    Raises:
        ValueError: it is missing or no JSON object.
    """
    try:
        metadata = json.loads((folder / "metadata.json").read_bytes())
    except FileNotFoundError:
        raise ValueError("it has no metadata.json") from None
    except ValueError as error:
        raise ValueError(f"its metadata.json is not JSON: {error}") from error
    if not isinstance(metadata, dict):
        raise ValueError("its metadata.json is not a JSON object")  # noqa: TRY004  a fault of the file, not the type
    return metadata


def is_from_chinese_to_english(metadata: dict[str, Any]) -> bool:
    """Whether a package (or an entry of the index) translates zh to en."""
    return (
        metadata.get("type", "translate") == "translate"
        and metadata.get("from_code") == FROM_CODE
        and metadata.get("to_code") == TO_CODE
    )


def check_package(folder: Path) -> dict[str, Any]:
    """The metadata of the Argos package in ``folder``, which must translate zh to en and be complete.

    Raises:
        ValueError: it doesn't, or isn't; one line says what.
    """
    metadata = read_metadata(folder)
    if not is_from_chinese_to_english(metadata):
        pair = f"{metadata.get('from_code')} to {metadata.get('to_code')}"
        raise ValueError(f"it translates {pair} where {FROM_CODE} to {TO_CODE} is needed")
    if not (folder / "model" / "model.bin").is_file():
        raise ValueError("it has no model/model.bin")
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise ValueError(f"it has neither {' nor '.join(TOKENIZERS)}")
    return metadata


def package_name(metadata: dict[str, Any]) -> str:
    """What Argos calls the package: type-from_to."""
    return f"{metadata.get('type', 'translate')}-{metadata['from_code']}_{metadata['to_code']}"


def package_version(metadata: dict[str, Any]) -> str:
    """The package's version, ``unknown`` where it tells none."""
    return str(metadata.get("package_version") or "unknown")


def comparable(version: str) -> Version:
    """A package's version as something that can be compared; what is no version is older than any."""
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0.dev0")


@contextmanager
def argos_workplace(packages: Path, report: Report) -> Iterator[Path]:
    """A `workplace` in Argos' folder, where every folder must be a package or Argos itself fails on it.

    Raises:
        ModelInstallError: an `OSError` in here or in the body.
    """
    with workplace(packages, report) as temporary:
        (temporary / "metadata.json").write_text(json.dumps({"type": "temporary"}), "utf-8")
        yield temporary
