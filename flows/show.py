"""A few pairs of a dataset as a table for the terminal."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from duiyi.processors.writing import open_dataset
from rich.console import Console
from rich.table import Table


def pairs_table(out: Path, number: int) -> str:
    """The first pairs of each document in turn, ``number`` in all."""
    columns = ["doc_id", "source_uri", "zh", "en", "flags"]
    found = open_dataset(out).pairs.to_table(columns=columns).to_pylist()
    turn: dict[str, int] = {}
    ranked = []
    for row in found:
        turn[row["doc_id"]] = turn.get(row["doc_id"], -1) + 1
        ranked.append((turn[row["doc_id"]], row["source_uri"], row))
    chosen = [row for _, _, row in sorted(ranked, key=lambda item: item[:2])][:number]
    table = Table(show_lines=True)
    table.add_column("document", overflow="fold", max_width=24, ratio=2)
    table.add_column("Chinese", overflow="fold", ratio=4)
    table.add_column("English", overflow="fold", ratio=5)
    table.add_column("flags", overflow="fold", max_width=18, ratio=2)
    for row in sorted(chosen, key=lambda row: row["source_uri"]):
        name = row["source_uri"].rsplit("/", 1)[-1]
        table.add_row(name, row["zh"], row["en"] or "—", ", ".join(row["flags"]))
    stream = io.StringIO()
    width = min(150, max(80, shutil.get_terminal_size((150, 24)).columns))
    Console(file=stream, width=width, no_color=True).print(table)
    return stream.getvalue().rstrip()
