"""JSON Lines: the rows of the table ``pairs``, one JSON object a line, all columns in the table's order."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from ..writing.schema import PAIRS

COLUMNS = tuple(PAIRS.names)
_LINE_BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def jsonl_line(row: dict[str, Any]) -> str:
    """A row of ``pairs`` as one line. Nothing in it is a line break to any reader; what is not a number is null."""
    complete = {name: row.get(name) for name in COLUMNS}
    for name, value in complete.items():
        if isinstance(value, float) and not math.isfinite(value):
            complete[name] = None
    text = json.dumps(complete, ensure_ascii=False, default=str, allow_nan=False)
    return text.translate(_LINE_BREAKS) + "\n"


def jsonl_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Rows of ``pairs`` as lines."""
    return map(jsonl_line, rows)
