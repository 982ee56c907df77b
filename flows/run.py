"""`duiyi run`: the flow translate-corpus with Prefect out of the user's sight."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duiyi.processors.errors import DuiyiError

from . import prefect_home
from .importing import undisturbed, without_collector

if TYPE_CHECKING:
    from duiyi.processors.run_summary import RunSummary
    from duiyi.processors.settings import Settings


def run_flow(
    inputs: Sequence[str],
    out: Path,
    config: Path | None,
    overrides: dict[str, dict[str, Any]],
    settings: Settings,
    **choices: Any,
) -> RunSummary:
    """Run translate-corpus against a Prefect API of our own (or the one in PREFECT_API_URL) and give its summary.

    Raises:
        UsageError: an input does not exist, the choices don't go together, or the dataset cannot be written; before Prefect is used.
    """
    prefect_home.prepare()
    # it takes seconds to start, in a process of its own: all else is loaded meanwhile
    with prefect_home.prefect_api() as wait:
        _check(inputs, out, settings, choices)
        from .progress import run_progress

        with run_progress() as progress:
            progress.say("loading Prefect")
            with undisturbed(), without_collector():
                import fastapi  # noqa: F401 - Prefect's engine imports it when a flow begins

                from .translate import translate_corpus

                _warm_up(settings)
            wait(progress.say)
            summary: RunSummary = translate_corpus(
                [absolute(named) for named in inputs],
                str(out.resolve()),
                str(config.resolve()) if config else None,
                overrides,
                **choices,
            )
            return summary


def _check(inputs: Sequence[str], out: Path, settings: Settings, choices: dict[str, Any]) -> None:
    from duiyi.processors.plan import choose
    from duiyi.processors.reading import find_sources
    from duiyi.processors.writing import DatasetWriter

    choose(settings, **choices)
    next(find_sources(inputs, exclude=out), None)
    DatasetWriter(out, settings.writing)


def _warm_up(settings: Settings) -> None:
    """Load the dictionaries, and a light model."""
    from duiyi.processors.analysis import analyse
    from duiyi.processors.models import find_models
    from duiyi.processors.reading import read_text
    from duiyi.processors.translation import load_engine

    analyse(read_text("我们明天见。\nSee you tomorrow.", "warm-up:"), settings)
    if settings.translation.engine != "none":
        with suppress(DuiyiError):  # the flow meets it again, if it needs the model at all
            for one in find_models(settings.translation.engine, settings.models):
                if one.engine == "argos":
                    load_engine(one, settings.translation)


def absolute(named: str) -> str:
    """An input as it can be named from any folder."""
    return named if "://" in named else str(Path(named).absolute())
