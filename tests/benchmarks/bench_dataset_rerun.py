"""How long nothing takes: reruns over unchanged documents through Prefect, beside an empty flow. See `make bench-dataset`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

DOCUMENTS = 10_000
OVERRIDES = {"translation": {"engine": "none"}}
TEXT = "Hello there, this is number {0}.\n今天是第{0}天，我们去图书馆。\n\nSee you 明天。\n"


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def write_inputs(folder: Path) -> dict[str, Path]:
    texts = folder / "texts"
    for number in range(DOCUMENTS):
        path = texts / f"{number % 100:02d}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT.format(number), "utf-8")
    rows = folder / "rows.jsonl"
    with rows.open("w", encoding="utf-8") as file:
        for number in range(DOCUMENTS):
            file.write(json.dumps({"id": number, "text": TEXT.format(number)}, ensure_ascii=False) + "\n")
    return {"files": texts, "rows of one JSONL": rows}


def state(out: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.rglob("*") if path.is_file()}


def main() -> None:
    """Print the figures; the first run of each input fills the dataset."""
    os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="duiyi-bench-")
    from duiyi.flows import prefect_home

    prefect_home.prepare()
    with tempfile.TemporaryDirectory() as name, prefect_home.prefect_api() as wait:
        wait(lambda line: None)
        from duiyi.flows.translate import translate_corpus
        from prefect import flow

        @flow(name="empty")
        def empty() -> None:
            """Nothing."""

        folder = Path(name)
        (folder / "nothing").mkdir()
        sys.stderr = (folder / "log").open("w")
        inputs = write_inputs(folder)
        empty()
        idle = min(seconds(empty) for _ in range(3))
        print(f"empty flow: {idle:.2f} s")
        for kind, source in inputs.items():
            out = folder / f"out-{source.name}"

            def run(source: Path = source, out: Path = out) -> None:
                translate_corpus([str(source)], str(out), overrides=OVERRIDES)

            first = seconds(run)
            before = state(out)
            again = [seconds(run) for _ in range(3)]
            untouched = state(out) == before
            if source.is_dir():
                (source / "one-more.txt").write_text("又来了一个。\n", "utf-8")
            else:
                with source.open("a", encoding="utf-8") as file:
                    file.write('{"id": "one more", "text": "又来了一个。"}\n')
            added = seconds(run)
            print(
                f"{DOCUMENTS:,} documents as {kind}: first {first:.1f} s; unchanged {min(again) - idle:.2f} s beyond the"
                f" empty flow (median {sorted(again)[1] - idle:.2f}), {'no' if untouched else 'SOME'} file changed;"
                f" one added: {added - min(again):.2f} s more"
            )


if __name__ == "__main__":
    main()
