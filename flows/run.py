"""`duiyi run`: the flow translate-corpus with Prefect out of the user's sight."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duiyi.processors.analysis import analyse
from duiyi.processors.plan import choose
from duiyi.processors.reading import find_sources, read_text
from duiyi.processors.settings import Settings
from duiyi.processors.writing import DatasetWriter

from . import prefect_home
from .progress import run_progress

if TYPE_CHECKING:
    from duiyi.processors.run_summary import RunSummary


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
        UsageError: an input does not exist, the choices don't go together, or the dataset cannot be written; before anything is started.
    """
    choose(settings, **choices)
    next(find_sources(inputs, exclude=out), None)
    DatasetWriter(out, settings.writing)
    with run_progress() as progress:
        prefect_home.prepare()
        with prefect_home.prefect_api(progress.say, lambda: _load(settings)):
            from .translate import translate_corpus

            summary: RunSummary = translate_corpus(
                [absolute(named) for named in inputs],
                str(out.resolve()),
                str(config.resolve()) if config else None,
                overrides,
                **choices,
            )
            return summary


def _load(settings: Settings) -> None:
    """Load what most runs need, Prefect and the dictionaries: some seconds, in which the server starts in its own process."""
    from . import translate  # noqa: F401

    analyse(read_text("我们明天见。\nSee you tomorrow.", "warm-up:"), settings)


def absolute(named: str) -> str:
    """An input as it can be named from any folder."""
    return named if "://" in named else str(Path(named).absolute())
