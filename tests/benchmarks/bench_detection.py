"""``make bench-detect``: speed of detection and of the whole analysis, beside peers, on one text in one run.

The text is named by the command line (files, one after another). By default it is all texts in the folder that
``DUIYI_EVAL_DIR`` names; without one, the demo's samples followed by the detection gold set, which is far denser in switches than
documents are. Every part of the table is timed in turn,
several rounds, by process time, and the best round counts; lingua, which is slow, sees every twentieth line.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))


def default_text() -> str:
    from detection_scoring import gold
    from duiyi.processors.reading import find_sources, read_source
    from duiyi.processors.records import Document
    from duiyi.processors.settings import ReadingSettings

    found = (
        item
        for source in find_sources([str(ROOT / "data" / "samples")], exclude=None)
        for item in read_source(source, ReadingSettings())
    )
    samples = [item.text for item in found if isinstance(item, Document)]
    return "\n".join([*samples, *(document["text"] for document in gold(None))])


def best_seconds(work: Callable[[], object], rounds: int) -> float:
    def once() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    work()  # models and caches are loaded
    return min(once() for _ in range(rounds))


def drain(values: Iterable[object]) -> None:
    for _ in values:
        pass


def main() -> None:
    import jieba
    from duiyi.processors.analysis import analyse
    from duiyi.processors.detection import detect
    from duiyi.processors.reading import read_text
    from duiyi.processors.sentences import sentences_of
    from duiyi.processors.settings import load_settings
    from eval_detection import langid_classifier, lingua_detector

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    folder = os.environ.get("DUIYI_EVAL_DIR")
    if folder and not chosen.files:
        suffixes = {".txt", ".md", ".zh", ".en", ".zh-en"}
        chosen.files = sorted(path for path in Path(folder).rglob("*") if path.suffix in suffixes)
    text = "\n".join(path.read_text("utf-8") for path in chosen.files) if chosen.files else default_text()
    settings = load_settings(None, {})
    document = read_text(text, "bench:")
    lines = [line for line in text.splitlines() if line.strip()]
    few = lines[::20]
    size = len(text.encode()) / 1e6
    few_size = sum(len(line.encode()) + 1 for line in few) / 1e6
    segments = detect(text, document.blocks)
    chinese = [sentence.text for sentence in sentences_of(text, segments, document.blocks, settings.sentences)]
    jieba.setLogLevel(60)
    seconds = {
        "detect": best_seconds(lambda: detect(text), chosen.rounds) / size,
        "whole analysis": best_seconds(lambda: analyse(document, settings), chosen.rounds) / size,
        "bare jieba.cut over the Chinese": best_seconds(
            lambda: [drain(jieba.cut(line)) for line in chinese], chosen.rounds
        )
        / size,
        "langid by line": best_seconds(lambda: [langid_classifier().classify(line) for line in few], 1) / few_size,
        "lingua, multiple, whole text": best_seconds(
            lambda: lingua_detector().detect_multiple_languages_of("\n".join(few)), 1
        )
        / few_size,
        "lingua, multiple, by line": best_seconds(
            lambda: [lingua_detector().detect_multiple_languages_of(line) for line in few], 1
        )
        / few_size,
    }
    named = f"{len(chosen.files)} files ({chosen.files[0].name} …)" if chosen.files else "data/samples and the gold set"
    print(f"{named}: {size:.2f} MB, {len(lines)} lines, {len(segments)} segments\n")
    print("| what | s/MB | MB/s | detect is faster by |\n| --- | --- | --- | --- |")
    for name, each in seconds.items():
        print(f"| {name} | {each:.3f} | {1 / each:.2f} | {each / seconds['detect']:.1f} |")
    beyond = seconds["whole analysis"] - seconds["bare jieba.cut over the Chinese"]
    print(f"\nwhole analysis beyond bare jieba: {beyond:.2f} s/MB")


if __name__ == "__main__":
    main()
