"""``make eval``: our translations of test sets beside published systems', on the same lines.

The sets are in the WMT text layout in the folder DUIYI_EVAL_DIR: ``NAME/SET.src.zh``, ``SET.ref.A.en`` (other references too) and
``SET.hyp.SYSTEM.en``, a segment a line. Each line is a document that goes the product's whole way, from detection to the
English that `duiyi translate` writes; the translation memory is bypassed. Figures are sacrebleu's, with its signatures, and the paired
bootstrap test (Koehn 2004) of each published system against ours. Each run adds a row to the table of results.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import platform
import random
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from duiyi.processors.analysis import analyse
from duiyi.processors.checks import flags_of
from duiyi.processors.detection.characters import has_han
from duiyi.processors.errors import DuiyiError, UsageError
from duiyi.processors.memory import Translator, open_memory
from duiyi.processors.models import find_model
from duiyi.processors.pairing import pair_up
from duiyi.processors.reading import read_text
from duiyi.processors.records import Hypothesis, Sentence
from duiyi.processors.rendering import as_english
from duiyi.processors.repair import Translation, model_input
from duiyi.processors.settings import Settings, load_settings
from duiyi.processors.translation import Request, identity_of, load_engine
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

RESULTS = Path(__file__).parent / "eval" / "RESULTS.md"
SEED = 400
"""Of the choice of lines: the same number of lines of a set are always the same lines."""
OURS = "duiyi"


class TestSet(NamedTuple):
    """Chosen lines of a test set."""

    __test__ = False  # its name is no test's
    name: str
    of: int
    """Lines of the whole set."""
    source: list[str]
    references: dict[str, list[str]]
    systems: dict[str, list[str]]


class Translated(NamedTuple):
    """What became of Chinese sentences, in their order, and how long it took."""

    translations: list[Translation]
    made: int
    """Sentences that the model translated."""
    seconds: float


Engine = Callable[[Sequence[str]], Translated]


class Row(NamedTuple):
    """One system's figures on a set; ``p`` are those of the paired bootstrap test against ours."""

    system: str
    bleu: float
    chrf: float
    p_bleu: float | None
    p_chrf: float | None


def read_sets(folder: Path, lines: int | None, references: Sequence[str]) -> list[TestSet]:
    """The test sets below a folder, each cut down to so many lines.

    Raises:
        UsageError: there is none, a reference is missing, or files of a set differ in their number of lines.
    """
    found = []
    for source in sorted(folder.glob("*/*.src.zh")):
        stem = source.name.removesuffix(".src.zh")
        chinese = read_lines(source)
        chosen = list(range(len(chinese)))
        if lines is not None and lines < len(chinese):
            chosen = sorted(random.Random(SEED).sample(chosen, lines))  # noqa: S311
        known = beside(source, "ref", len(chinese))
        missing = [name for name in references if name not in known]
        if missing:
            raise UsageError(
                f"{source.parent} has no {stem}.ref.{missing[0]}.en; name references with --references A,B"
            )
        found.append(
            TestSet(
                f"{source.parent.name}/{stem}",
                len(chinese),
                [chinese[number] for number in chosen],
                {name: [known[name][number] for number in chosen] for name in references},
                {
                    name: [content[number] for number in chosen]
                    for name, content in beside(source, "hyp", len(chinese)).items()
                },
            )
        )
    if not found:
        raise UsageError(f"no NAME/SET.src.zh in {folder}, which DUIYI_EVAL_DIR names")
    return found


def beside(source: Path, kind: str, length: int) -> dict[str, list[str]]:
    """The English files of a set by their names: its references (``ref``) or published systems (``hyp``).

    Raises:
        UsageError: one has another number of lines than the set.
    """
    start = f"{source.name.removesuffix('.src.zh')}.{kind}."
    found = {
        path.name.removeprefix(start).removesuffix(".en"): read_lines(path)
        for path in sorted(source.parent.glob(f"{start}*.en"))
    }
    for name, content in found.items():
        if len(content) != length:
            raise UsageError(f"{start}{name}.en has {len(content)} lines, {source.name} {length}")
    return found


def read_lines(path: Path) -> list[str]:
    """The lines of a file, which end at line feeds only."""
    return path.read_text("utf-8").removesuffix("\n").split("\n")


def product(settings: Settings) -> Engine:
    """The product: what is flagged is mended, the memory is this process's own unless the settings name a file."""

    def run(sentences: Sequence[str]) -> Translated:
        with open_memory(settings.memory, lambda line: print(line, file=sys.stderr)) as memory:
            translator = Translator(memory, settings)
            found = translator.translate(sentences)
        return Translated(found, translator.translated, translator.seconds)

    return run


def first_tries(settings: Settings) -> Engine:
    """The model's first answers, flagged but not mended."""

    def run(sentences: Sequence[str]) -> Translated:
        installed = find_model(settings.translation.engine, settings.models)
        engine = load_engine(installed, settings.translation)
        sources = list(dict.fromkeys(map(model_input, sentences)))
        started = time.monotonic()
        said = dict(zip(sources, engine.translate([Request(source) for source in sources]), strict=True))
        seconds = time.monotonic() - started
        return Translated(judged(sentences, said, settings, engine.name, engine.model), len(sources), seconds)

    return run


def stored_outputs(path: Path, settings: Settings) -> Engine:
    """Answers of a file of JSON Lines: ``src`` (as the model sees a sentence), ``out``, maybe ``score`` and ``trunc``."""

    def run(sentences: Sequence[str]) -> Translated:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        said = {row["src"]: Hypothesis(row["out"], row.get("score"), bool(row.get("trunc"))) for row in rows}
        lacking = [sentence for sentence in sentences if model_input(sentence) not in said]
        if lacking:
            raise UsageError(f"{path} lacks {len(lacking)} of {len(sentences)} sentences, first: {lacking[0]}")
        return Translated(judged(sentences, said, settings, "outputs", path.name), 0, 0.0)

    return run


def judged(
    sentences: Sequence[str], said: Mapping[str, Hypothesis], settings: Settings, engine: str, model: str
) -> list[Translation]:
    """First answers with their flags."""
    found = []
    for source in map(model_input, sentences):
        flags = flags_of(source, said[source], settings.checks)
        text = None if "empty" in flags else said[source].text
        found.append(Translation(text, said[source].score, flags, engine, model))
    return found


def by_sentences(lines: Sequence[str], run: Engine, settings: Settings) -> tuple[list[str], Translated]:
    """Each line as the product would write it: sentence by sentence, what is not Chinese untouched."""
    analyses = [
        analyse(read_text(line, f"file:///line/{number}", "text"), settings) for number, line in enumerate(lines)
    ]
    translated = run([text for one in analyses for text in one.wanted_texts])
    rest = iter(translated.translations)
    english = []
    for one in analyses:
        own = [next(rest) for _ in one.wanted]
        found: list[tuple[Sentence, str | None]] = pair_up(one, own, settings).english()
        english.append(" ".join(as_english(one.document.text, found).split()))
    return english, translated


def by_lines(lines: Sequence[str], run: Engine, settings: Settings) -> tuple[list[str], Translated]:
    """Each line as one sentence, whatever is in it."""
    translated = run(lines)
    return [one.text or "" for one in translated.translations], translated


def compared(test: TestSet, english: list[str]) -> tuple[list[Row], dict[str, str]]:
    """Figures of ours and of the published systems, and the signatures of BLEU and chrF."""
    references = list(test.references.values())
    metrics = {"BLEU": BLEU(references=references), "chrF": CHRF(references=references)}
    systems = [(OURS, english), *test.systems.items()]
    if not test.systems:
        bleu, chrf = (metric.corpus_score(english, None) for metric in metrics.values())
        signatures = {name: str(metric.get_signature()) for name, metric in metrics.items()}
        return [Row(OURS, bleu.score, chrf.score, None, None)], signatures
    signed, scores = PairedTest(systems, metrics, None, test_type="bs", n_samples=1000)()
    names = list(signed)
    rows = [
        Row(str(system), bleu.score, chrf.score, bleu.p_value, chrf.p_value)
        for system, bleu, chrf in zip(scores["System"], scores[names[0]], scores[names[1]], strict=True)
    ]
    return rows, {name: str(signature) for name, signature in zip(metrics, signed.values(), strict=True)}


def signature(settings: Settings, arguments: argparse.Namespace) -> str:
    """What a figure depends on, in the manner of sacrebleu's signatures: enough to tell two runs apart or to run one again."""
    parts = {"duiyi": version("duiyi"), "ctranslate2": version("ctranslate2"), "units": arguments.units}
    if arguments.outputs is not None:
        digest = hashlib.sha256(arguments.outputs.read_bytes()).hexdigest()
        parts |= {"outputs": arguments.outputs.name, "digest": digest[:12]}
    else:
        installed = find_model(settings.translation.engine, settings.models)
        identity = identity_of(installed, settings.translation)
        parts |= {
            "model": installed.label,
            "digest": installed.digest[:12],
            "answers": identity.signature[:12],
            "threads": str(settings.translation.threads or os.cpu_count()),
        }
        if installed.engine == "llm":
            parts["prompt"] = settings.translation.llm_prompt
    parts |= {"rows": settings.sha256()[:12], "mended": "no" if arguments.first or arguments.outputs else "yes"}
    if arguments.memory is not None:
        parts["memory"] = "reused"
    parts |= dict(setting.split("=", 1) for setting in arguments.set)
    return "|".join(f"{name}:{value}" for name, value in parts.items()).replace("\n", "\\n")


def share(count: int, of: int) -> str:
    """A share in percent."""
    return f"{100 * count / of:.1f} %" if of else "–"


def result_row(
    test: TestSet, rows: list[Row], english: list[str], done: Translated, signed: Sequence[str], *, timed: bool
) -> str:
    """A row of the table of results; where a memory had part of the answers, time says nothing."""
    ours, *published = rows
    beside = "; ".join(
        f"{row.system} {row.bleu:.1f} / {row.chrf:.1f} (p {row.p_bleu:.3f} / {row.p_chrf:.3f})" for row in published
    )
    flagged = sum(bool(set(one.flags) - {"repaired"}) for one in done.translations)
    cells = [
        datetime.datetime.now(datetime.UTC).date().isoformat(),
        test.name,
        f"{len(test.source)} of {test.of}" if len(test.source) < test.of else f"all {test.of}",
        "+".join(test.references),
        f"{ours.bleu:.1f}",
        f"{ours.chrf:.1f}",
        beside or "–",
        share(flagged, len(done.translations)),
        share(sum(bool(has_han(line)) for line in english), len(english)),
        f"{done.made / done.seconds:.2f}" if done.seconds and timed else "–",
        *(f"<code>{one.replace('|', '&#124;')}</code>" for one in signed),
    ]
    return f"| {' | '.join(cells)} |"


def arguments_of(given: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Our translations of test sets beside published systems', on the same lines."
    )
    parser.add_argument("--engine", default="auto", help="auto, argos, llm (or another that the settings know)")
    parser.add_argument("--lines", type=int, help="so many lines of each set, always the same ones; default: all")
    parser.add_argument("--references", default="A", help="names of the references, with commas")
    parser.add_argument(
        "--units", choices=["sentences", "lines"], default="sentences", help="what the model is given at once"
    )
    parser.add_argument("--first", action="store_true", help="the model's first answers, not mended")
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.NAME=VALUE", help="a setting; VALUE as in TOML, or text"
    )
    parser.add_argument("--memory", type=Path, help="a translation memory to use and to fill; default: none")
    parser.add_argument(
        "--outputs", type=Path, help="answers to judge, in place of an engine's (JSON Lines: src, out, score, trunc)"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="the table that gets a row for each set")
    return parser.parse_args(given)


def overrides_of(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The settings that the command line names.

    Raises:
        UsageError: one is not ``SECTION.NAME=VALUE``.
    """
    memory = {"enabled": arguments.memory is not None, "path": arguments.memory}
    found: dict[str, dict[str, Any]] = {"translation": {"engine": arguments.engine}, "memory": memory}
    for one in arguments.set:
        name, equals, text = one.partition("=")
        section, dot, field = name.partition(".")
        if not (equals and dot):
            raise UsageError(f"--set {one}: not SECTION.NAME=VALUE")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        found.setdefault(section, {})[field] = value
    return found


def main(given: Sequence[str]) -> int:
    """Evaluate on every set; the exit code."""
    arguments = arguments_of(given)
    folder = os.environ.get("DUIYI_EVAL_DIR")
    if not folder:
        print("skipped: DUIYI_EVAL_DIR names no folder of evaluation sets")
        return 0
    try:
        evaluate(Path(folder), arguments)
    except DuiyiError as error:
        print(f"duiyi: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def evaluate(folder: Path, arguments: argparse.Namespace) -> None:
    """Translate and compare each set below ``folder``; print the figures and keep them.

    Raises:
        DuiyiError: a set, a setting or the model is not as it should be.
    """
    settings = load_settings(overrides=overrides_of(arguments))
    if arguments.outputs is not None:
        engine = stored_outputs(arguments.outputs, settings)
    elif arguments.first:
        engine = first_tries(settings)
    else:
        engine = product(settings)
    signed = signature(settings, arguments)
    print(f"{platform.machine()}, {os.cpu_count()} cores\n{signed}")
    for test in read_sets(folder, arguments.lines, arguments.references.split(",")):
        english, done = (by_lines if arguments.units == "lines" else by_sentences)(test.source, engine, settings)
        rows, signatures = compared(test, english)
        print(
            f"\n{test.name}, {len(test.source)} of {test.of} lines\n{'system':<24}{'BLEU':>7}{'chrF':>7}{'p':>8}{'p':>8}"
        )
        for row in rows:
            tested = "".join(" " * 8 if p is None else f"{p:>8.3f}" for p in (row.p_bleu, row.p_chrf))
            print(f"{row.system:<24}{row.bleu:>7.2f}{row.chrf:>7.2f}{tested}")
        signed_by = [signed, signatures["BLEU"], signatures["chrF"]]
        line = result_row(test, rows, english, done, signed_by, timed=arguments.memory is None)
        print(*signatures.values(), sep="\n")
        with arguments.results.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
