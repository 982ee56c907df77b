"""The translation memory: no sentence is translated twice, and what people said of one comes first.

`store` keeps it in one SQLite file; `model` is a model behind it, `ladder` how a flagged sentence is tried again, `translator` both
for a run; `exchange` reads and
writes it as TMX and TSV; `datasets` finds the stored documents that a person's word changes; `speed` measures the machine.
"""

from __future__ import annotations

from .datasets import clear_unused, corrected, documents_to_redo
from .exchange import Imported, export_tmx, import_file
from .speed import duration, load_of
from .store import TranslationMemory, memory_path, open_memory
from .translator import Begun, Translator, Wanted

__all__ = [
    "Begun",
    "Imported",
    "TranslationMemory",
    "Translator",
    "Wanted",
    "clear_unused",
    "corrected",
    "documents_to_redo",
    "duration",
    "export_tmx",
    "import_file",
    "load_of",
    "memory_path",
    "open_memory",
]
