"""Translation: sentences in, hypotheses with scores out, by one of two engines.

`engine` says what an engine is; `argos` and `llm` are the two; `open_engine` loads the one that is wanted. `identity` is what
an answer depends on beside its sentence, `turn` lets one process at a time use the language model.
"""

from __future__ import annotations

from functools import lru_cache

from ..models import InstalledModel, find_models
from ..settings import ModelSettings, TranslationSettings
from .engine import Context, Engine, Hints, Keep, Progress, Request
from .identity import Identity, identity_of

__all__ = [
    "Context",
    "Engine",
    "Hints",
    "Identity",
    "Keep",
    "Progress",
    "Request",
    "identity_of",
    "load_engine",
    "open_engine",
]


def open_engine(settings: TranslationSettings, models: ModelSettings) -> Engine | None:
    """The engine that the settings ask for, its model loaded (once per process); the first of ``cascade``, None for ``none``.

    Raises:
        NoModelError: no model is installed for it; the text names the command that installs one.
        UsageError: the model cannot be loaded.
    """
    if settings.engine == "none":
        return None
    return load_engine(find_models(settings.engine, models)[0], settings)


@lru_cache(maxsize=2)
def load_engine(installed: InstalledModel, settings: TranslationSettings) -> Engine:
    """The engine of an installed model, loaded once per process.

    Raises:
        UsageError: the model cannot be loaded.
    """
    if installed.engine == "argos":
        from .argos import ArgosEngine

        return ArgosEngine(installed, settings)
    from .llm import LlmEngine

    return LlmEngine(installed, settings)
