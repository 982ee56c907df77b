"""Whole runs with a translating engine. See `make bench-memory` and `make bench-idle`.

`bench_run.py memory SENTENCES DISTINCT [ENGINE]`: the memory of the process tree (proportional set size, each second) while so many
sentences, so many of them distinct, go through. It must be flat after warming up. With ``argos`` (the default) by the tests' small package,
with ``llm`` by the installed model.

`bench_run.py idle DOCUMENTS`: how much of the wall time of a run, from the start of its process to its end, the model was not working, and
what is allowed (12 s and 50 ms a shard). Small package, each sentence new, new dataset; a run of one document before it made the memory and the
database of Prefect's temporary server, which each run starts.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent
WORDS = ["the", "library", "meeting", "tomorrow", "river", "seldom", "brought", "paper", "lantern", "of", "to"]
PLACES = "北京 上海 广州 深圳 南京 杭州 成都 武汉 西安 天津 苏州 青岛 长沙 昆明 厦门".split()
WHO = "老师 学生 医生 司机 记者 厨师 邻居 店主 同事 客人 编辑 演员 作家 律师 经理 渔民 工人 画家 歌手 警察".split()
WHEN = "昨天上午 昨天下午 前天晚上 今天早上 今天中午 明天上午 明天晚上 后天下午 上周末 下周末 去年夏天 明年春天".split()
SAID = (
    "{when}{who}在{place}开会。",
    "{who}{when}去{place}看朋友。",
    "{place}的{who}{when}休息。",
    "{when}我在{place}见到了那位{who}。",
    "{who}说{place}{when}会下雨。",
    "我们{when}请{place}的{who}吃饭。",
)
"""Without numbers: the small package gets those wrong, and most sentences would be tried four times."""
PER_DOCUMENT = 10


def sentence(number: int) -> str:
    """A Chinese sentence; another one for each number below 21,600."""
    rest, said = divmod(number, len(SAID))
    rest, place = divmod(rest, len(PLACES))
    rest, who = divmod(rest, len(WHO))
    return SAID[said].format(place=PLACES[place], who=WHO[who], when=WHEN[rest % len(WHEN)])


def write_documents(path: Path, documents: int, distinct: int) -> None:
    """JSON Lines of documents with ten Chinese sentences and five English lines each, by turns of so many distinct sentences."""
    chance = random.Random(1)  # noqa: S311
    order = list(range(distinct))
    number = 0
    with path.open("w", encoding="utf-8") as file:
        for document in range(documents):
            lines: list[str] = []
            for line in range(PER_DOCUMENT):
                if number % distinct == 0:
                    chance.shuffle(order)
                lines.append(sentence(order[number % distinct]))
                number += 1
                if line % 2:
                    lines.append(" ".join(chance.choices(WORDS, k=8)).capitalize() + ".")
            file.write(json.dumps({"id": document, "text": "\n".join(lines)}, ensure_ascii=False) + "\n")


def run(source: Path, out: Path, engine: str) -> None:
    """One run as `duiyi run` does it; its summary as JSON on standard output. In a process of its own."""
    from duiyi.flows.run import run_flow
    from duiyi.processors.settings import load_settings

    overrides: dict[str, dict[str, Any]] = {"translation": {"engine": engine}}
    summary = run_flow([str(source)], out, None, overrides, load_settings(overrides=overrides))
    told = ("commits", "documents", "pairs", "sentences", "remembered", "translating", "seconds")
    print(json.dumps({name: getattr(summary, name) for name in told}), flush=True)
    os._exit(0)  # as the command line does


def tree(pid: int) -> list[int]:
    """The process and all below it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except FileNotFoundError:
            continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def memory_of(pid: int) -> int:
    """Bytes of memory of a process, what it shares with others divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def measured(documents: int, distinct: int, engine: str) -> tuple[float, dict[str, Any], list[float]]:
    """Wall seconds of a run, its summary, and its memory in MB each second."""
    with tempfile.TemporaryDirectory(prefix="duiyi-bench-") as made:
        home = Path(made)
        source = home / "in.jsonl"
        write_documents(source, documents, distinct)
        with zipfile.ZipFile(TESTS / "models" / "translate-zh_en-tiny.argosmodel") as archive:
            archive.extractall(home / "argos")
        from duiyi.processors.models import models_folder
        from duiyi.processors.settings import load_settings

        environment = {
            **os.environ,
            **{f"XDG_{name}_HOME": str(home / name) for name in ("DATA", "CONFIG", "CACHE")},
            "ARGOS_PACKAGES_DIR": str(home / "argos"),
            "DUIYI_MODELS_DIR": str(models_folder(load_settings().models)),
        }
        write_documents(home / "first.jsonl", 1, 1)
        command = [sys.executable, __file__, "run", str(home / "first.jsonl"), str(home / "first"), engine]
        subprocess.run(command, check=True, capture_output=True, env=environment)
        command = [sys.executable, __file__, "run", str(source), str(home / "out"), engine]
        samples: list[float] = []
        started = time.monotonic()
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        ) as process:
            while process.poll() is None:
                samples.append(sum(map(memory_of, tree(process.pid))) / 2**20)
                time.sleep(1)
            seconds = time.monotonic() - started
            assert process.stdout is not None
            summary: dict[str, Any] = json.loads(process.stdout.read())
    return seconds, summary, samples


def main(what: str, *arguments: str) -> None:
    """Measure and print."""
    if what == "run":
        run(Path(arguments[0]), Path(arguments[1]), arguments[2])
    elif what == "memory":
        sentences, distinct = int(arguments[0]), int(arguments[1])
        seconds, summary, samples = measured(sentences // PER_DOCUMENT, distinct, *(arguments[2:] or ("argos",)))
        print(f"{sentences:,} sentences, {distinct:,} distinct, {seconds:.0f} s: {summary}")
        tenths = [samples[len(samples) * tenth // 10 : len(samples) * (tenth + 1) // 10] for tenth in range(10)]
        print("most MB in each tenth of the time:", *(f"{max(some):.0f}" for some in tenths if some))
    else:
        documents = int(arguments[0])
        seconds, summary, _ = measured(documents, documents * PER_DOCUMENT, "argos")
        idle = seconds - summary["translating"]
        allowed = 12 + 0.05 * summary["commits"]
        print(
            f"{documents:,} documents: {seconds:.1f} s, of which no translation ran for {idle:.1f} s ({idle / seconds:.0%}); "
            f"12 s and 50 ms for each of {summary['commits']} shards are {allowed:.1f} s: {summary}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
