"""What a GGUF says of its model: name, licence, and what it will need."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from gguf import LlamaFileType

from ..catalogue import ModelFile
from .checkpoint import PART, Checkpoint

TOKEN_BYTES = 150
"""Bytes of vocabulary and tokenizer files a token, rounded up."""
LONGEST = 120
"""Characters that are taken of a text in the metadata."""


def describe(checkpoint: Checkpoint, parts: Sequence[Path], sha256: str) -> ModelFile:
    """Name, version, licence and sizes of the model in ``parts``, of which ``sha256`` is the hash."""
    name = _said(checkpoint, "general.name") or PART.sub("", parts[0].name).removesuffix(".gguf")
    matrices = [tensor for tensor in checkpoint.tensors.values() if len(tensor.shape) == 2]
    size = sum(int(tensor.n_elements) + 4 * int(tensor.shape[1]) for tensor in matrices)
    size += sum(4 * int(tensor.n_elements) for tensor in checkpoint.tensors.values() if len(tensor.shape) != 2)
    return ModelFile(
        name=_slug(re.sub(r"[\s_-]*gguf$", "", name, flags=re.IGNORECASE)) or "model",
        version=f"{_file_type(checkpoint)}int8",
        origin=_origin(checkpoint, parts),
        licence=_licence(checkpoint),
        size=sum(part.stat().st_size for part in parts),
        sha256=sha256,
        converted_size=size + TOKEN_BYTES * len(checkpoint.tokens),
    )


def _said(checkpoint: Checkpoint, key: str) -> str:
    """A text of the metadata as one short line, safe to show in a terminal."""
    line = " ".join(str(checkpoint.scalars.get(key, "")).split())
    return "".join(character for character in line if character.isprintable())[:LONGEST]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")


def _file_type(checkpoint: Checkpoint) -> str:
    number = _said(checkpoint, "general.file_type")
    known = {str(int(member)): member.name for member in LlamaFileType}
    return f"{known[number].lower().removeprefix('mostly_').removeprefix('all_')}-" if number in known else ""


def _origin(checkpoint: Checkpoint, parts: Sequence[Path]) -> str:
    keys = ("general.source.url", "general.source.repo_url", "general.repo_url", "general.url")
    address = next((said for key in keys if (said := _said(checkpoint, key))), None)
    return parts[0].name if address is None else f"{parts[0].name} ({address})"


def _licence(checkpoint: Checkpoint) -> str | None:
    stated = [_said(checkpoint, f"general.license{part}") for part in ("", ".name", ".link")]
    return ", ".join(part for part in stated if part) or None
