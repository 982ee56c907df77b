"""Memory of a run over one big JSONL with ``--engine none``: it must not grow with the input. See `make bench-dataset`.

`bench_dataset_stream.py [MEGABYTES]` (default 20; 1000 takes hours of detection). It prints the memory of the process as the run goes on.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from duiyi.processors.writing import open_dataset

WORDS = ["the", "a", "library", "meeting", "tomorrow", "river", "seldom", "brought", "paper", "lantern", "of", "to"]
SENTENCES = [
    "我们明天在图书馆门口见面。",
    "这本书是去年出版的，现在很难买到。",
    "你们自己想想吧！",
    "今天的会议改到下午三点。",
]


def write_rows(path: Path, megabytes: int) -> int:
    chance = random.Random(1)  # noqa: S311 - chance makes figures here, not secrets
    rows = 0
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < megabytes * 1e6:
            lines = [
                chance.choice(SENTENCES) if chance.random() < 0.4 else " ".join(chance.choices(WORDS, k=12)) + "."
                for _ in range(30)
            ]
            file.write(json.dumps({"id": f"row-{rows}", "text": "\n".join(lines)}, ensure_ascii=False) + "\n")
            rows += 1
    return rows


def main(megabytes: int) -> None:
    """Run and sample."""
    with tempfile.TemporaryDirectory() as name:
        source, out = Path(name) / "rows.jsonl", Path(name) / "out"
        rows = write_rows(source, megabytes)
        print(f"{source.stat().st_size / 1e6:.0f} MB, {rows:,} rows", flush=True)
        command = [sys.executable, "-m", "duiyi.flows", "run", str(source), "--out", str(out), "--engine", "none"]
        started = time.monotonic()
        samples: list[int] = []
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "XDG_DATA_HOME": name}
        ) as run:
            while run.poll() is None:
                status = Path(f"/proc/{run.pid}/status").read_text()
                resident = [int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS")]
                samples += resident
                time.sleep(0.5)
        spent = time.monotonic() - started
        marks = " ".join(str(samples[(len(samples) - 1) * tenth // 10]) for tenth in range(11))
        print(
            f"exit {run.returncode} after {spent:.0f} s; memory in MB at each tenth of the time: {marks}; most {max(samples)}"
        )
        print(f"{open_dataset(out).documents.count_rows():,} documents stored")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
