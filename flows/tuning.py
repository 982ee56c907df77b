"""`duiyi models tune`: what was measured, as a table, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from duiyi.processors.errors import UsageError
from duiyi.processors.models import find_model
from duiyi.processors.settings import Settings
from duiyi.processors.translation.layout import tuning_path
from duiyi.processors.translation.tuning import Measured, tune


def tuned_lines(
    engine: Literal["auto", "argos", "llm"], settings: Settings, say: Callable[[str], None]
) -> Iterator[str]:
    """Tune the model of an engine; ``say`` gets lines meanwhile, and the lines of the result come at the end.

    Raises:
        NoModelError: there is no model.
        UsageError: it cannot be loaded, or the choice cannot be kept.
    """
    installed = find_model(engine, settings.models)
    try:
        tuned = tune(installed, settings.translation, say)
    except OSError as error:
        raise UsageError(f"cannot write {tuning_path()}: {error.strerror or error}") from error
    unit = "tokens" if installed.engine == "argos" else "sentences"
    yield f"threads\tworkers\tbatch ({unit})\tarithmetic\tsentences/s"
    for one in tuned.measured:
        yield f"{_row(one)}{'  <- chosen' if one == tuned.chosen else ''}"
    yield f"{installed.label} is run so on this machine from now on, where the settings do not say otherwise (kept in {tuning_path()})"
    if tuned.faster is not None:
        yield (
            f"{tuned.faster.compute_type} is {tuned.faster.rate / tuned.chosen.rate:.1f} times as fast; its answers differ, so it is not "
            f'chosen for you: [translation] compute_type = "{tuned.faster.compute_type}" (what is remembered is then asked anew)'
        )


def _row(one: Measured) -> str:
    layout = one.layout
    return f"{layout.threads}\t{layout.workers}\t{layout.batch}\t{one.compute_type}\t{one.rate:.2f}"
