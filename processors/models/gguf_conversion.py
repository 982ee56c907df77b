"""From a Qwen2 model in a GGUF file to a CTranslate2 folder with int8 weights, one tensor in memory at a time.

The layout is that of CTranslate2's own Qwen2 loader. GGUF stores the query and key rows of Qwen2 as the published
checkpoint does (only Llama's are permuted), so rotary embeddings act on the two halves of a head. The weights are
read, quantised and written while CTranslate2 saves its specification, so that the process never holds the model.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ctranslate2.specs import common_spec, model_spec, transformer_spec
from gguf import GGUFReader
from gguf.quants import dequantize

from ..errors import ModelInstallError
from .gguf_tokenizer import build_tokenizer
from .progress import ByteProgress, Report, heartbeat

TOKENIZER_FILE = "tokenizer.json"
CHUNK_VALUES = 2**21
"""Weights dequantised at once by one thread: 8 MB of float32."""


class _PlainReader(GGUFReader):  # type: ignore[misc]
    """A `GGUFReader` over a plain array: slicing a `numpy.memmap` 600,000 times takes 20 s, this takes 6."""

    @property
    def data(self) -> npt.NDArray[np.uint8]:
        return self._plain

    @data.setter
    def data(self, mapped: npt.NDArray[np.uint8]) -> None:
        self._plain = mapped.view(np.ndarray)


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """What the conversion needs of a GGUF: its scalars, its vocabulary and its (memory-mapped) tensors by name."""

    scalars: dict[str, Any]
    tokens: list[str]
    token_types: list[int]
    merges: list[str]
    tensors: dict[str, Any]

    def scalar(self, name: str) -> Any:
        if name not in self.scalars:
            raise ValueError(f"no {name} in its metadata")
        return self.scalars[name]

    def tensor(self, name: str) -> Any:
        if name not in self.tensors:
            raise ValueError(f"no tensor {name}")
        return self.tensors[name]

    def vector(self, name: str) -> npt.NDArray[np.float32]:
        tensor = self.tensor(name)
        return np.array(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)


class _Int8Rows(model_spec.Variable):  # type: ignore[misc]
    """A weight matrix, stacked from GGUF tensors, that is quantised row by row only when it is written."""

    dtype = "int8"
    shape: tuple[int, int] = (0, 0)

    def __init__(self, tensors: Sequence[Any], writer: _Quantiser) -> None:
        widths = {int(tensor.shape[0]) for tensor in tensors}
        if len(widths) != 1 or any(len(tensor.shape) != 2 for tensor in tensors):
            raise ValueError(f"the shapes of {', '.join(tensor.name for tensor in tensors)} do not fit together")
        self.tensors = tuple(tensors)
        # GGUF writes the fastest dimension first
        self.shape = (sum(int(tensor.shape[1]) for tensor in tensors), widths.pop())
        self.scale = np.zeros(self.shape[0], np.float32)
        self._writer = writer

    def num_bytes(self) -> int:
        return self.shape[0] * self.shape[1]

    def to_bytes(self) -> memoryview:
        weight = np.empty(self.shape, np.int8)
        first = 0
        for tensor in self.tensors:
            last = first + int(tensor.shape[1])
            self._writer.quantise(tensor, weight[first:last], self.scale[first:last])
            first = last
        return weight.data.cast("B")

    def numpy(self) -> npt.NDArray[np.int8]:
        return np.frombuffer(self.to_bytes(), np.int8).reshape(self.shape)

    def _to(self, dtype: str) -> _Int8Rows:
        raise TypeError(f"an int8 weight was asked for as {dtype}")

    def _equal(self, other: _Int8Rows) -> bool:
        return self.tensors == other.tensors


class _RowScales(model_spec.Variable):  # type: ignore[misc]
    """The scales of an `_Int8Rows`, which CTranslate2 writes right after it (names are sorted)."""

    dtype = "float32"
    shape: tuple[int] = (0,)

    def __init__(self, rows: _Int8Rows) -> None:
        self.rows = rows
        self.shape = (rows.shape[0],)

    def num_bytes(self) -> int:
        return 4 * self.shape[0]

    def to_bytes(self) -> bytes:
        if not self.rows.scale.all():
            raise RuntimeError("a weight's scales were asked for before the weight")
        return self.rows.scale.tobytes()

    def numpy(self) -> npt.NDArray[np.float32]:
        return self.rows.scale

    def _to(self, dtype: str) -> _RowScales:
        raise TypeError(f"a float32 scale was asked for as {dtype}")

    def _equal(self, other: _RowScales) -> bool:
        return self.rows.equal(other.rows)  # type: ignore[no-any-return]


class _Quantiser:
    """Turns GGUF tensors into int8 rows, a few chunks at a time on all cores."""

    def __init__(self, pool: ThreadPoolExecutor, progress: ByteProgress) -> None:
        self._pool = pool
        self._progress = progress

    def quantise(self, tensor: Any, weight: npt.NDArray[np.int8], scale: npt.NDArray[np.float32]) -> None:
        """Fill ``weight`` and ``scale`` (one for each row) from ``tensor``."""
        rows, width = weight.shape
        step = max(1, CHUNK_VALUES // width)
        starts = range(0, rows, step)

        def work(start: int) -> int:
            chunk = slice(start, start + step)
            values = dequantize(tensor.data[chunk], tensor.tensor_type)
            weight[chunk], scale[chunk] = quantise_rows(values)
            return int(values.size)

        for count in self._pool.map(work, starts):
            self._progress.add(count)


def quantise_rows(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Symmetric int8 rows and their scales (int8 = value × scale), the way CTranslate2 quantises.

    Raises:
        ValueError: a value is not a finite number.
    """
    largest = np.maximum(values.max(axis=1), -values.min(axis=1)).astype(np.float32)
    if not np.isfinite(largest).all():
        raise ValueError("its weights hold values that are not numbers")
    largest[largest == 0] = 127.0
    # a row of denormals must not get an infinite scale
    largest = np.maximum(largest, np.float32(127) / np.finfo(np.float32).max)
    scale = np.float32(127) / largest
    scaled = values * scale[:, None]
    return np.rint(scaled, out=scaled).astype(np.int8), scale


def convert(gguf: Path, folder: Path, report: Report) -> None:
    """Write the Qwen2 model in ``gguf`` into ``folder`` as CTranslate2 int8 (weights, vocabulary, `TOKENIZER_FILE`).

    Raises:
        ModelInstallError: the file is no GGUF, is broken, or is not a Qwen2 model.
    """
    try:
        with heartbeat(report, "reading the model's vocabulary"):
            checkpoint = _read(gguf)
            tokenizer = build_tokenizer(checkpoint.tokens, checkpoint.token_types, checkpoint.merges)
        tokenizer.save(str(folder / TOKENIZER_FILE))
        _write_model(checkpoint, folder, report)
    except (ValueError, LookupError, ArithmeticError, NotImplementedError) as error:
        raise ModelInstallError(f"{gguf} is not a Qwen2 model that can be converted: {error}") from error


def _read(gguf: Path) -> _Checkpoint:
    reader = _PlainReader(gguf)
    lists = {"tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges"}
    missing = lists - reader.fields.keys()
    if missing:
        raise ValueError(f"no {', '.join(sorted(missing))} in its metadata")
    return _Checkpoint(
        scalars={name: field.contents() for name, field in reader.fields.items() if name not in lists},
        tokens=reader.fields["tokenizer.ggml.tokens"].contents(),
        token_types=reader.fields["tokenizer.ggml.token_type"].contents(),
        merges=reader.fields["tokenizer.ggml.merges"].contents(),
        tensors={tensor.name: tensor for tensor in reader.tensors},
    )


def _write_model(checkpoint: _Checkpoint, folder: Path, report: Report) -> None:
    _check_architecture(checkpoint)
    spec = _empty_spec(checkpoint)
    weights = [tensor for tensor in checkpoint.tensors.values() if len(tensor.shape) == 2]
    progress = ByteProgress(report, "converted", sum(int(tensor.n_elements) for tensor in weights))
    pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="duiyi-convert")
    try:
        _fill(spec, checkpoint, _Quantiser(pool, progress))
        spec.register_vocabulary(checkpoint.tokens)
        spec.config.bos_token = checkpoint.tokens[checkpoint.scalar("tokenizer.ggml.bos_token_id")]
        spec.config.eos_token = checkpoint.tokens[checkpoint.scalar("tokenizer.ggml.eos_token_id")]
        spec.config.unk_token = spec.config.bos_token
        spec.config.layer_norm_epsilon = float(checkpoint.scalar("qwen2.attention.layer_norm_rms_epsilon"))
        spec.validate()
        spec.optimize()  # without a quantization it only writes equal weights (tied embeddings) once
        spec.save(str(folder))
    finally:
        pool.shutdown(cancel_futures=True)


def _check_architecture(checkpoint: _Checkpoint) -> None:
    expected = {"general.architecture": "qwen2", "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2"}
    for name, value in expected.items():
        if checkpoint.scalar(name) != value:
            raise ValueError(f"{name} is {checkpoint.scalar(name)!r} where {value!r} is needed")
    if checkpoint.scalars.get("qwen2.rope.scaling.type", "none") != "none":
        raise ValueError("it scales its rotary embeddings, which this conversion does not know")


def _empty_spec(checkpoint: _Checkpoint) -> Any:
    heads, kv_heads = (int(checkpoint.scalar(f"qwen2.attention.head_count{suffix}")) for suffix in ("", "_kv"))
    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        num_layers=int(checkpoint.scalar("qwen2.block_count")),
        num_heads=heads,
        activation=common_spec.Activation.SWISH,
        pre_norm=True,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=0,
        rotary_interleave=False,
        rotary_base=float(checkpoint.scalar("qwen2.rope.freq_base")),
        num_heads_kv=None if kv_heads == heads else kv_heads,
    )
    spec.decoder.scale_embeddings = False
    return spec


def _fill(spec: Any, checkpoint: _Checkpoint, quantiser: _Quantiser) -> None:
    def matrix(target: Any, *names: str) -> None:
        rows = _Int8Rows([checkpoint.tensor(f"{name}.weight") for name in names], quantiser)
        target.weight, target.weight_scale = rows, _RowScales(rows)

    decoder = spec.decoder
    matrix(decoder.embeddings, "token_embd")
    matrix(decoder.projection, "output" if "output.weight" in checkpoint.tensors else "token_embd")
    decoder.layer_norm.gamma = checkpoint.vector("output_norm.weight")
    for number, layer in enumerate(decoder.layer):
        block = f"blk.{number}"
        attention, feed_forward = layer.self_attention, layer.ffn
        queries_keys_values = [f"{block}.attn_{part}" for part in "qkv"]
        matrix(attention.linear[0], *queries_keys_values)
        attention.linear[0].bias = np.concatenate([checkpoint.vector(f"{part}.bias") for part in queries_keys_values])
        matrix(attention.linear[1], f"{block}.attn_output")
        matrix(feed_forward.linear_0, f"{block}.ffn_gate")
        matrix(feed_forward.linear_0_noact, f"{block}.ffn_up")
        matrix(feed_forward.linear_1, f"{block}.ffn_down")
        attention.layer_norm.gamma = checkpoint.vector(f"{block}.attn_norm.weight")
        feed_forward.layer_norm.gamma = checkpoint.vector(f"{block}.ffn_norm.weight")
