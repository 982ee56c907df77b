"""How much of the machine translation gets: ours beside the bare CTranslate2 call and a loop over Argos Translate. See `make bench`.

In rounds that take turns, as ratios of one round: same package, beam of 4, cores and compute type (that of the package, int8).

- *ours* is what a run does with sentences: `Translator.translate` with a new translation memory in a file, its checks and (for the few
  answers that are flagged) its other tries included, with the default layout or what `duiyi models tune` found.
- *the bare call* is one `ctranslate2.Translator.translate_batch` over all sentences, tokenised and sorted by length, in batches of 2,048
  tokens; once with one worker that has all cores, as in CTranslate2's examples, once with our workers and threads.
- *the loop* is `argostranslate.translate.translate`, a sentence a call, in an environment of its own (`argos_peer`, which says what stands
  in for what).

Packages: that of the tests, on sentences which it was taught; and one of the real shape of Argos' (`real_shape`).
`bench_translation.py SENTENCES ROUNDS`; `bench_translation.py --llm SENTENCES`:
the language model in batches beside one sentence at a time, same prompt.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import real_shape

LOOPED = 8
"""One sentence in so many is for the loop."""
BARE_TOKENS = 2048
TESTS = Path(__file__).parent.parent
PEER = TESTS.parent / "build" / "argos-peer" / "bin" / "python"


def main(count: int, rounds: int) -> None:
    """Print the figures of both packages."""
    with tempfile.TemporaryDirectory(prefix="duiyi-bench-") as made:
        home = Path(made)
        apart(home)
        with zipfile.ZipFile(TESTS / "models" / "translate-zh_en-tiny.argosmodel") as archive:
            archive.extractall(home / "small")
        real_shape.write_package(home / "real" / "translate-zh_en-1_0")
        lines = (TESTS / "models" / "pairs.tsv").read_text("utf-8").splitlines()
        taught = [line.split("\t")[0] for line in lines if "\t" in line and not line.startswith("#")]
        compare("the tests' package", home / "small", taught, rounds)
        compare("Argos' real shape", home / "real", real_shape.sentences(count), rounds)


def apart(home: Path) -> None:
    """Keep what Argos and we write out of the user's folders; a choice of `duiyi models tune` is used."""
    from duiyi.processors.translation.layout import tuning_path

    tuned = tuning_path().read_bytes() if tuning_path().exists() else None
    for name in ("DATA", "CONFIG", "CACHE"):
        os.environ[f"XDG_{name}_HOME"] = str(home / name.lower())
    if tuned is not None:
        tuning_path().parent.mkdir(parents=True)
        tuning_path().write_bytes(tuned)


@contextmanager
def peer(packages: Path, cores: int) -> Iterator[Callable[[list[str]], dict[str, Any]]]:
    """Argos Translate in its own process; it waits while it is not asked."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "PATH": os.environ["PATH"],
            **{f"XDG_{name}_HOME": f"{home}/{name}" for name in ("DATA", "CONFIG", "CACHE")},
            "ARGOS_PACKAGES_DIR": str(packages),
            "ARGOS_CHUNK_TYPE": "SPACY",
            "ARGOS_COMPUTE_TYPE": "default",
            "ARGOS_BEAM_SIZE": "4",
            "ARGOS_INTER_THREADS": "1",
            "ARGOS_INTRA_THREADS": str(cores),
        }
        script = Path(__file__).parent / "argos_peer.py"
        with subprocess.Popen(
            [PEER, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            to, answers = process.stdin, process.stdout
            assert to is not None
            assert answers is not None

            def ask(texts: list[str]) -> dict[str, Any]:
                to.write(json.dumps(texts) + "\n")
                to.flush()
                found: dict[str, Any] = json.loads(answers.readline())
                return found

            yield ask
            to.close()


def compare(name: str, packages: Path, texts: list[str], rounds: int) -> None:
    """Time all of them on one package."""
    import ctranslate2
    from duiyi.processors.memory import Translator, open_memory
    from duiyi.processors.models import find_model
    from duiyi.processors.settings import load_settings
    from duiyi.processors.translation.layout import cores, layout_of

    point_argos_at(packages)
    settings = load_settings(overrides={"translation": {"engine": "argos"}})
    installed = find_model("argos", settings.models)
    layout = layout_of(installed, settings.translation)
    from argostranslate.package import Package

    tokenizer = Package(installed.path).tokenizer

    def bare(workers: int, threads: int) -> Callable[[list[str]], float]:
        translator = ctranslate2.Translator(
            str(installed.path / "model"), inter_threads=workers, intra_threads=threads, max_queued_batches=-1
        )

        def work(some: list[str]) -> float:
            tokens = sorted(map(tokenizer.encode, some), key=len)
            started = time.perf_counter()
            translator.translate_batch(tokens, beam_size=4, max_batch_size=BARE_TOKENS, batch_type="tokens")
            return time.perf_counter() - started

        return work

    flagged: list[int] = []

    def ours(some: list[str]) -> float:
        path = packages.parent / f"{packages.name}-{len(flagged)}.sqlite"
        memory_settings = settings.memory.model_copy(update={"path": path})
        with open_memory(memory_settings, print) as memory:
            translator = Translator(memory, settings)
            started = time.perf_counter()
            found = translator.translate(some)
            seconds = time.perf_counter() - started
        flagged.append(sum(bool(one.flags) for one in found))
        return seconds

    with peer(packages, cores()) as ask:

        def loop(some: list[str]) -> float:
            looped = some[::LOOPED]
            answer = ask(looped)
            assert all(answer["english"])
            seconds: float = answer["seconds"]
            return seconds * len(some) / len(looped)

        works = {
            "ours": ours,
            "bare": bare(1, cores()),
            "bare, our layout": bare(layout.workers, layout.threads_each),
            "loop": loop,
        }
        for work in works.values():
            work(texts[:8])  # loads the model
        rates: dict[str, list[float]] = {kind: [] for kind in works}
        for _ in range(rounds):
            for kind, work in works.items():
                rates[kind].append(len(texts) / work(texts))
    pieces = sum(len(tokenizer.encode(text)) for text in texts)
    print(
        f"{name}: {len(texts)} sentences of {pieces / len(texts):.0f} tokens, {cores()} cores, workers {layout.workers} of"
        f" {layout.threads_each} thread(s), batches of {layout.batch} tokens; {flagged[-1]} of ours flagged"
    )
    for kind, found in rates.items():
        ratios = [mine / other for mine, other in zip(rates["ours"], found, strict=True)]
        print(
            f"  {kind}: {statistics.median(found):.1f} sentences/s"
            + (
                ""
                if kind == "ours"
                else f"; ours is {statistics.median(ratios):.2f} times as fast (rounds: {', '.join(f'{one:.2f}' for one in ratios)})"
            ),
            flush=True,
        )


def point_argos_at(packages: Path) -> None:
    """Let Argos find its packages there."""
    from argostranslate import settings as argos_settings

    argos_settings.package_dirs = [packages]


def compare_llm(count: int) -> None:
    """The installed language model in its batches, beside one sentence at a time."""
    from duiyi.processors.models import find_model
    from duiyi.processors.settings import load_settings
    from duiyi.processors.translation import Request
    from duiyi.processors.translation.llm import LlmEngine

    settings = load_settings()
    engine = LlmEngine(find_model("llm", settings.models), settings.translation)
    texts = [Request(text) for text in real_shape.sentences(count)]
    engine.translate(texts[:1])
    started = time.perf_counter()
    engine.translate(texts)
    batched = count / (time.perf_counter() - started)
    started = time.perf_counter()
    for text in texts[::LOOPED]:
        engine.translate([text])
    alone = len(texts[::LOOPED]) / (time.perf_counter() - started)
    print(
        f"{engine.model}: {batched:.2f} sentences/s in batches of {engine.layout.batch}, {batched / alone:.1f} times as many as one at a time"
    )


if __name__ == "__main__":
    if sys.argv[1] == "--llm":
        compare_llm(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
