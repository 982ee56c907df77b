"""``duiyi-model.json``: what stands in a model's folder, with hashes to check it by."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .progress import ByteProgress, Report

MANIFEST_FILE = "duiyi-model.json"
HASH_BLOCK = 2**22
NAMED_TURNS = {
    "chatml": {
        "turn_before": "<|im_start|>user\n",
        "turn_after": "<|im_end|>\n<|im_start|>assistant\n",
        "turn_between": "<|im_end|>\n<|im_start|>user\n",
    }
}
"""Frames of a user's turn that manifests used to call by name (``chat_template``)."""


class StoredFile(BaseModel):
    """One file of a model: SHA-256 (hex) and size in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """What duiyi knows of a model that it installed.

    ``turn_before`` and ``turn_after`` (what stands around the user's text in the model's chat format, up to where its
    answer begins), ``turn_between`` (what stands between an answer and the user's next text) and ``end_tokens`` (any of them
    ends an answer) are given for language models only; ``source`` and ``source_sha256`` are the file that the model was made
    from, ``converter`` the version of what made it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest: int = 1
    engine: Literal["argos", "llm"]
    name: str
    version: str
    source: str
    source_sha256: str
    licence: str | None = None
    converter: str | None = None
    turn_before: str | None = None
    turn_after: str | None = None
    turn_between: str | None = None
    end_tokens: tuple[str, ...] = ()
    files: dict[str, StoredFile]

    @model_validator(mode="before")
    @classmethod
    def _name_to_turn(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "chat_template" not in data:
            return data
        name = str(data["chat_template"])
        if name not in NAMED_TURNS:
            raise ValueError(f"chat template {name!r} is not known")
        return {**{key: value for key, value in data.items() if key != "chat_template"}, **NAMED_TURNS[name]}

    @model_validator(mode="after")
    def _talks(self) -> Manifest:
        if self.engine == "llm" and None in (self.turn_before, self.turn_after, self.turn_between):
            raise ValueError("it does not say what stands around a user's text")
        return self

    @property
    def turn(self) -> tuple[str, str]:
        """What stands before and after the user's text; nothing for a model that is not talked to."""
        return self.turn_before or "", self.turn_after or ""

    @property
    def turn_name(self) -> str | None:
        """What the frame of the user's turn is called, if it has a name."""
        turns = {name: (named["turn_before"], named["turn_after"]) for name, named in NAMED_TURNS.items()}
        return next((name for name, turn in turns.items() if turn == self.turn), None)

    def write(self, folder: Path) -> None:
        """Write the manifest into the model's folder."""
        (folder / MANIFEST_FILE).write_text(self.model_dump_json(indent=2, exclude_none=True) + "\n", "utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the model in ``folder``.

    Raises:
        ValueError: it is missing, or is not a manifest; one line says which.
    """
    path = folder / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from error
    except ValidationError as error:
        raise ValueError(f"{path} is not a model's manifest: {error.errors()[0]['msg']}") from error


def hash_files(folder: Path, report: Report) -> dict[str, StoredFile]:
    """SHA-256 and size of every file under ``folder``, by its path there (the manifest itself left out)."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE)
    progress = ByteProgress(report, "hashed", sum(path.stat().st_size for path in paths))
    return {
        path.relative_to(folder).as_posix(): StoredFile(
            sha256=sha256_of(path, progress=progress), bytes=path.stat().st_size
        )
        for path in paths
    }


def sha256_of(*paths: Path, progress: ByteProgress | None = None) -> str:
    """Hex SHA-256 of a file, or of several as if they were one."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(HASH_BLOCK):
                digest.update(block)
                if progress is not None:
                    progress.add(len(block))
    return digest.hexdigest()
