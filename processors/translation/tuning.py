"""Measures which layout of a model is the fastest on this machine (`duiyi models tune`).

Threads, workers and the size of batches are chosen, for they change no answer of argos and those of the llm at most as much as what
happens to share a batch does. The arithmetic (``translation.compute_type``) is measured for argos too, but never chosen: other arithmetic
gives other answers, and what is remembered would be asked anew.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ctranslate2

from ..models import InstalledModel
from ..settings import TranslationSettings
from .argos import ArgosEngine
from .engine import Request
from .identity import compute_device
from .layout import ARGOS_BATCH_TOKENS, LLM_BATCH, MOST_WORKERS, Layout, cores, keep_layout, tuning_path
from .llm import LlmEngine
from .turn import llm_turn

Say = Callable[[str], None]

ROUNDS = 2
"""How often each layout of argos has its turn; the fastest counts, as others' work can only slow a round down."""
ROUND_SECONDS = 6.0
"""About how long the default layout of argos takes for a round."""
LEAST_SENTENCES, MOST_SENTENCES = 64, 1024
"""Sentences in a round; the most is about a shard of a run."""
ARGOS_BATCHES = (ARGOS_BATCH_TOKENS, ARGOS_BATCH_TOKENS // 2, 2 * ARGOS_BATCH_TOKENS)
LLM_BATCHES = (LLM_BATCH, LLM_BATCH // 2, LLM_BATCH + LLM_BATCH // 2)
"""Sizes that are tried, the default first; larger ones of the llm need too much memory."""
ENOUGH = 1.05
"""A layout has to be so many times as fast as the one before it in the list to be preferred: the first is the default."""

_OPENINGS = (
    "昨天晚上",
    "今年春天",
    "据他所说",
    "对我们来说",
    "会议结束以后",
    "在这种情况下",
    "虽然时间不多",
    "从长远来看",
)
_CLAUSES = (
    "公司的收入比去年多了一些",
    "他们决定把工厂搬到南方",
    "大家都同意先把桥修好",
    "老师请学生把问题写在纸上",
    "新的图书馆离车站很近",
    "医生建议她每天走半个小时",
    "价格会不会再降还很难说",
    "这种方法在别的城市已经试过",
    "谁也没有想到雨下了整整一个星期",
    "市场上的水果便宜得让人吃惊",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """How fast a layout was; ``compute_type`` is CTranslate2's name of the arithmetic, ``rate`` sentences a second."""

    layout: Layout
    compute_type: str
    rate: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning found: all that was measured, in that order, the layout that is used from now on, and ``faster`` arithmetic, if any."""

    measured: list[Measured]
    chosen: Measured
    faster: Measured | None = None


def sample_sentences(count: int) -> list[str]:
    """So many different Chinese sentences of 10 to 50 characters, the same each time."""
    chance = random.Random(1)  # noqa: S311 - not a secret
    found: dict[str, None] = {}
    number = 0
    while len(found) < count:
        number += 1
        clauses = chance.sample(_CLAUSES, chance.randint(1, 3))
        opening = chance.choice(_OPENINGS) if chance.random() < 0.5 else f"第{number}次"
        found["，".join((opening, *clauses)) + "。"] = None
    return list(found)


def tune(installed: InstalledModel, settings: TranslationSettings, say: Say) -> Tuned:
    """Time a few layouts of a model, and keep the fastest for this machine.

    What the settings say is not varied. A minute or two with a usual model; ``say`` gets a line for each measurement.

    Raises:
        UsageError: the model cannot be loaded.
        OSError: the choice cannot be kept.
    """
    folder = tuning_path().parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):  # that it can be kept is known before anything is measured
        say(f"measuring {installed.label} on {cores()} cores")
    tuned = (
        _tune_argos(installed, settings, say) if installed.engine == "argos" else _tune_llm(installed, settings, say)
    )
    keep_layout(installed, tuned.chosen.layout)
    return tuned


def with_layout(settings: TranslationSettings, layout: Layout) -> TranslationSettings:
    """The settings with a layout made explicit."""
    return settings.model_copy(
        update={
            "threads": layout.threads,
            "argos_workers": layout.workers,
            "argos_batch_tokens": layout.batch,
            "llm_batch": layout.batch,
        }
    )


def fastest(measured: Sequence[Measured]) -> Measured:
    """The fastest, but an earlier one where a later is hardly faster."""
    best = measured[0]
    for one in measured[1:]:
        if one.rate > ENOUGH * best.rate:
            best = one
    return best


def _tune_argos(installed: InstalledModel, settings: TranslationSettings, say: Say) -> Tuned:
    batch = settings.argos_batch_tokens or ARGOS_BATCHES[0]
    layouts = [
        Layout(threads, workers, batch) for threads in _threads(settings) for workers in _workers(settings, threads)
    ]
    first = ArgosEngine(installed, with_layout(settings, layouts[0]))
    pilot = sample_sentences(LEAST_SENTENCES)
    _rate(first, pilot[:8])  # has everything loaded
    count = int(_rate(first, pilot) * ROUND_SECONDS)
    sentences = sample_sentences(max(LEAST_SENTENCES, min(count, MOST_SENTENCES)))

    measured = _argos_rates(installed, [with_layout(settings, one) for one in layouts], sentences, say)
    chosen = fastest(measured)
    if not settings.argos_batch_tokens:
        others = [with_layout(settings, chosen.layout._replace(batch=batch)) for batch in ARGOS_BATCHES[1:]]
        measured += _argos_rates(installed, others, sentences, say)
        chosen = fastest([chosen, *measured[-len(others) :]])

    supported = sorted(ctranslate2.get_supported_compute_types(compute_device(settings.device)))
    laid_out = with_layout(settings, chosen.layout)
    others = [laid_out.model_copy(update={"compute_type": name}) for name in supported if name != chosen.compute_type]
    arithmetic = _argos_rates(installed, others, sentences, say, unless=chosen.compute_type)
    faster = fastest([chosen, *arithmetic])
    return Tuned([*measured, *arithmetic], chosen, None if faster is chosen else faster)


def _argos_rates(
    installed: InstalledModel,
    variants: Sequence[TranslationSettings],
    sentences: Sequence[str],
    say: Say,
    *,
    unless: str | None = None,
) -> list[Measured]:
    """How fast argos is under each of the settings, which take turns; not where CTranslate2 makes them the arithmetic ``unless``."""
    engines = [ArgosEngine(installed, one) for one in variants]
    engines = [engine for engine in engines if engine.compute_type != unless]
    rates = [0.0] * len(engines)
    for _ in range(ROUNDS):
        for number, engine in enumerate(engines):
            rate = _rate(engine, sentences)
            rates[number] = max(rates[number], rate)
            say(f"{_described(engine)}: {rate:.1f} sentences/s")
    return [Measured(engine.layout, engine.compute_type, rate) for engine, rate in zip(engines, rates, strict=True)]


def _tune_llm(installed: InstalledModel, settings: TranslationSettings, say: Say) -> Tuned:
    batches = (settings.llm_batch,) if settings.llm_batch else LLM_BATCHES
    sentences = sample_sentences(max(batches))
    measured: list[Measured] = []
    for threads in _threads(settings):
        say(f"loading it with {threads} threads")
        engine = LlmEngine(installed, with_layout(settings, Layout(threads, 1, max(batches))))
        with llm_turn(say, engine.rest, engine.wake):
            _rate(engine, sentences[:1])
            for batch in batches:
                rate = _rate(engine, sentences[:batch])
                measured.append(Measured(engine.layout._replace(batch=batch), engine.compute_type, rate))
                say(f"threads {threads}, batch {batch}: {rate:.2f} sentences/s")
    return Tuned(measured, fastest(measured))


def _rate(engine: ArgosEngine | LlmEngine, sentences: Sequence[str]) -> float:
    """Sentences a second."""
    started = time.perf_counter()
    engine.translate([Request(sentence) for sentence in sentences])
    return len(sentences) / (time.perf_counter() - started)


def _threads(settings: TranslationSettings) -> list[int]:
    """All cores, and half of them: where two share a core's arithmetic, more threads are no faster."""
    if settings.threads:
        return [settings.threads]
    return [cores(), cores() // 2] if cores() >= 4 else [cores()]


def _workers(settings: TranslationSettings, threads: int) -> list[int]:
    """How many workers may share so many threads, the default first."""
    if settings.argos_workers:
        return [min(settings.argos_workers, threads)]
    return list(dict.fromkeys((min(threads, MOST_WORKERS), threads, max(1, threads // 2), 1)))


def _described(engine: ArgosEngine) -> str:
    threads, workers, batch = engine.layout
    return f"threads {threads}, workers {workers}, batch {batch}, {engine.compute_type}"
