"""Many scheduled runs in a row under one `duiyi serve`: memory, files and database after 10, 30 and 60 of them.

Each night one document is new and one has changed. ``python tests/benchmarks/bench_serve_nights.py [RUNS]``
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from serving import Serving, command_of

TINY = Path(__file__).parent.parent / "models" / "translate-zh_en-tiny.argosmodel"


def megabytes(count: int) -> str:
    return f"{count / 2**20:.1f} MB"


def resident(pid: int) -> int:
    """Bytes of memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def size_of(folder: Path) -> tuple[int, int]:
    """Number and bytes of the files below."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files)


def main(runs: int) -> None:
    """Run so many nights."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        with zipfile.ZipFile(TINY) as package:
            package.extractall(place / "argos")
        homes = {"XDG_DATA_HOME": str(place / "data"), "XDG_CACHE_HOME": str(place / "cache")}
        os.environ.update(homes, ARGOS_PACKAGES_DIR=str(place / "argos"), DUIYI_MODELS_DIR=str(place / "models"))
        inputs, out = place / "in", place / "corpus"
        inputs.mkdir()
        (inputs / "changing.txt").write_text("今天是第零天。\n", "utf-8")
        serving = Serving(inputs, "--out", out, "--interval", 1, "--engine", "argos").ready()
        (server,) = serving.descendants("server_process")
        started = time.monotonic()
        seen = line = 0
        while seen < runs:
            line = serving.wait_for_line("run in completed", line)
            seen += 1
            (inputs / f"{seen}.txt").write_text(f"第{seen}天的新文件。\n", "utf-8")
            (inputs / "changing.txt").write_text(f"今天是第{seen}天。\n", "utf-8")
            if seen in {10, 30, 60, runs}:
                home = next((place / "data" / "duiyi" / "prefect" / "served").iterdir())
                database = sum(path.stat().st_size for path in home.glob("prefect.db*"))
                log = (home / "server.log").stat().st_size
                files, size = size_of(out)
                print(
                    f"{seen:3} runs, {time.monotonic() - started:5.0f} s: "
                    f"serve {megabytes(resident(serving.process.pid))} {open_files(serving.process.pid)} open files, "
                    f"server {megabytes(resident(server))} {open_files(server)} open files, "
                    f"database {megabytes(database)}, server.log {megabytes(log)}, dataset {files} files {megabytes(size)}",
                    flush=True,
                )
        children = serving.descendants()
        started = time.monotonic()
        print(f"ended with {serving.terminate()} after {time.monotonic() - started:.0f} s")
        print(f"left: {[command_of(pid) for pid in children if 'duiyi' in command_of(pid)]}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
