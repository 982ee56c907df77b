"""Weights of a GGUF as variables of a CTranslate2 specification, one tensor in memory at a time.

They are read, quantised and written while CTranslate2 saves its specification, so that the process never holds the
model.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from ctranslate2.specs import model_spec
from gguf.quants import dequantize

from ..progress import ByteProgress

CHUNK_VALUES = 2**21
"""Weights dequantised at once by one thread: 8 MB of float32."""


class Int8Rows(model_spec.Variable):  # type: ignore[misc]
    """A weight matrix, stacked from GGUF tensors, that is quantised row by row only when it is written."""

    dtype = "int8"
    shape: tuple[int, int] = (0, 0)

    def __init__(self, tensors: Sequence[Any], writer: Quantiser) -> None:
        widths = {int(tensor.shape[0]) for tensor in tensors}
        if len(widths) != 1 or any(len(tensor.shape) != 2 for tensor in tensors):
            raise ValueError(f"the shapes of {', '.join(tensor.name for tensor in tensors)} do not fit together")
        self.tensors = tuple(tensors)
        # GGUF writes the fastest dimension first
        self.shape = (sum(int(tensor.shape[1]) for tensor in tensors), widths.pop())
        self.scale = np.zeros(self.shape[0], np.float32)
        self._writer = writer

    def num_bytes(self) -> int:
        """Size once written."""
        return self.shape[0] * self.shape[1]

    def to_bytes(self) -> memoryview:
        """Read and quantise the weights, row after row."""
        weight = np.empty(self.shape, np.int8)
        first = 0
        for tensor in self.tensors:
            last = first + int(tensor.shape[1])
            self._writer.quantise(tensor, weight[first:last], self.scale[first:last])
            first = last
        return weight.data.cast("B")

    def numpy(self) -> npt.NDArray[np.int8]:
        """The quantised weights."""
        return np.frombuffer(self.to_bytes(), np.int8).reshape(self.shape)

    def _to(self, dtype: str) -> Int8Rows:
        raise TypeError(f"an int8 weight was asked for as {dtype}")

    def _equal(self, other: Int8Rows) -> bool:
        return self.tensors == other.tensors


class RowScales(model_spec.Variable):  # type: ignore[misc]
    """The scales of an `Int8Rows`, which CTranslate2 writes right after it (names are sorted)."""

    dtype = "float32"
    shape: tuple[int] = (0,)

    def __init__(self, rows: Int8Rows) -> None:
        self.rows = rows
        self.shape = (rows.shape[0],)

    def num_bytes(self) -> int:
        """Size once written."""
        return 4 * self.shape[0]

    def to_bytes(self) -> bytes:
        """The scales, once the weights have been written."""
        if not self.rows.scale.all():
            raise RuntimeError("a weight's scales were asked for before the weight")
        return self.rows.scale.tobytes()

    def numpy(self) -> npt.NDArray[np.float32]:
        """The scales."""
        return self.rows.scale

    def _to(self, dtype: str) -> RowScales:
        raise TypeError(f"a float32 scale was asked for as {dtype}")

    def _equal(self, other: RowScales) -> bool:
        return self.rows.equal(other.rows)  # type: ignore[no-any-return]


class Quantiser:
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
