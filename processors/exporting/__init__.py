"""Exporting: the pairs of a dataset for other tools.

`selection` says which pairs go out. `tmx`, `tsv`, `jsonl` and `moses` each write them in one format, any text so that it
can be read back exactly.
"""

from __future__ import annotations

from .export import FORMATS, Exported, Format, export_pairs
from .selection import Selection

__all__ = ["FORMATS", "Exported", "Format", "Selection", "export_pairs"]
