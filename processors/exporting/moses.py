"""Moses: two plain texts, line by line each other's translation, and a third with the pairs' ids (as OPUS has it).

A line is one sentence, so line breaks in a sentence become spaces, tabs and other control characters too; all else is exact. The
id leads to the exact text in the dataset.
"""

from __future__ import annotations

import re
from typing import Any

COLUMNS = ("zh", "en", "pair_id")
SUFFIXES = (".zh", ".en", ".ids")

_BREAK = re.compile("\r\n|[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def moses_lines(row: dict[str, Any]) -> tuple[str, str, str]:
    """A row of ``pairs`` as a line of each of the three files."""
    return _line(row["zh"]), _line(row["en"]), f"{row['pair_id']}\n"


def _line(text: str) -> str:
    return _BREAK.sub(" ", text) + "\n"
