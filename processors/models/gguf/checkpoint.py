"""Reading a GGUF: its metadata, its vocabulary and its tensors, from one file or from the parts it was split into."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGUFReader
from gguf.quants import dequantize

VOCABULARY = "tokenizer.ggml."
LISTS = tuple(f"{VOCABULARY}{name}" for name in ("tokens", "token_type", "merges", "scores"))
PART = re.compile(r"-(\d{5})-of-(\d{5})(?=\.gguf$)", re.IGNORECASE)
"""How the parts of a model are named that was split (``gguf-split`` of llama.cpp)."""

# ``tokenizer.ggml.token_type`` of the GGUF specification
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5

FAULTS = (ValueError, LookupError, ArithmeticError, TypeError, NotImplementedError)
"""What a broken GGUF, or one of another kind, makes its readers raise (a TypeError: metadata of an unexpected type)."""


class _PlainReader(GGUFReader):  # type: ignore[misc]
    """A `GGUFReader` over a plain array: slicing a `numpy.memmap` 600,000 times takes 20 s, this takes 6."""

    @property
    def data(self) -> npt.NDArray[np.uint8]:
        return self._plain

    @data.setter
    def data(self, mapped: npt.NDArray[np.uint8]) -> None:
        self._plain = mapped.view(np.ndarray)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the conversion needs of a GGUF: its scalars, its vocabulary and its (memory-mapped) tensors by name.

    ``used`` collects the names of the tensors that were asked for.
    """

    scalars: dict[str, Any]
    tokens: list[str]
    token_types: list[int]
    merges: list[str]
    scores: list[float]
    tensors: dict[str, Any]
    used: set[str] = field(default_factory=set)

    @property
    def architecture(self) -> str:
        """What llama.cpp calls the model's family; its metadata begin with this word."""
        return str(self.scalar("general.architecture"))

    def scalar(self, name: str) -> Any:
        """One value of the metadata.

        Raises:
            ValueError: there is none.
        """
        if name not in self.scalars:
            raise ValueError(f"no {name} in its metadata")
        return self.scalars[name]

    def own(self, name: str, default: Any = None) -> Any:
        """One value of the architecture's own metadata, or ``default``.

        Raises:
            ValueError: there is neither, or it is another one for each layer.
        """
        name = f"{self.architecture}.{name}"
        value = self.scalar(name) if default is None else self.scalars.get(name, default)
        if isinstance(value, list):
            raise ValueError(f"its {name} differs between layers")  # noqa: TRY004
        return value

    def tensor(self, name: str) -> Any:
        """A tensor as the file holds it.

        Raises:
            ValueError: there is none of this name.
        """
        if name not in self.tensors:
            raise ValueError(f"no tensor {name}")
        self.used.add(name)
        return self.tensors[name]

    def vector(self, name: str) -> npt.NDArray[np.float32]:
        """A small tensor's values."""
        tensor = self.tensor(name)
        return np.array(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)

    def special_token(self, name: str) -> str | None:
        """The token that the metadata call ``name`` (bos, eos, eot …), if they name one."""
        number = self.scalars.get(f"{VOCABULARY}{name}_token_id")
        return None if number is None or not 0 <= number < len(self.tokens) else self.tokens[number]


def parts_of(path: Path) -> list[Path]:
    """The files that make up the model of which ``path`` is one: itself, or every part of a split one in order.

    Raises:
        ValueError: a part is missing.
    """
    named = PART.search(path.name)
    if named is None:
        return [path]
    count = int(named[2])
    parts = [path.with_name(PART.sub(f"-{number:05d}-of-{named[2]}", path.name)) for number in range(1, count + 1)]
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        raise ValueError(f"it is one of {count} parts, of which {', '.join(missing)} must lie beside it")
    return parts


def read_checkpoint(parts: Sequence[Path]) -> Checkpoint:
    """Read the metadata and the vocabulary of a GGUF; tensors stay in the file until they are used.

    Raises:
        ValueError, or another of `FAULTS`: it is no GGUF, is broken, or lacks a vocabulary.
    """
    for part in parts:
        with part.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ValueError(f"{part.name} does not begin as one does")
    readers = [_PlainReader(part) for part in parts]
    fields = readers[0].fields
    count = fields["split.count"].contents() if "split.count" in fields else 1
    if count not in (0, 1, len(readers)):
        raise ValueError(f"it is one of {count} parts; give the part whose name ends with -00001-of-{count:05d}.gguf")
    missing = [name for name in LISTS[:2] if name not in fields]
    if missing:
        raise ValueError(f"no {', '.join(missing)} in its metadata")

    def listed(name: str) -> list[Any]:
        return list(fields[name].contents()) if name in fields else []

    tokens, token_types, merges, scores = (listed(name) for name in LISTS)
    if len(tokens) != len(token_types):
        raise ValueError(f"{len(tokens)} tokens but {len(token_types)} token types")
    return Checkpoint(
        scalars={name: field.contents() for name, field in fields.items() if name not in LISTS},
        tokens=tokens,
        token_types=token_types,
        merges=merges,
        scores=scores,
        tensors={tensor.name: tensor for reader in readers for tensor in reader.tensors},
    )
