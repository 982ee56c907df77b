"""Translation: sentences in, hypotheses with scores out, by one of two engines.

`engine` says what an engine is; `argos` and `llm` are the two; `open_engine` loads the one that is wanted.
"""

from __future__ import annotations

from functools import lru_cache

from ..models import InstalledModel, find_model
from ..settings import ModelSettings, TranslationSettings
from .engine import Engine, Progress

__all__ = ["Engine", "Progress", "open_engine"]


def open_engine(settings: TranslationSettings, models: ModelSettings) -> Engine | None:
    """The engine that the settings ask for, its model loaded (once per process); None for ``none``.

    Raises:
        NoModelError: no model is installed for it; the text names the command that installs one.
        UsageError: the model cannot be loaded.
    """
    if settings.engine == "none":
        return None
    return _loaded(find_model(settings.engine, models), settings)


@lru_cache(maxsize=2)
def _loaded(installed: InstalledModel, settings: TranslationSettings) -> Engine:
    if installed.engine == "argos":
        from .argos import ArgosEngine

        return ArgosEngine(installed, settings)
    from .llm import LlmEngine

    return LlmEngine(installed, settings)
