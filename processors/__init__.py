"""The library of duiyi: one room per step of a document's way.

reading → detection → sentences → tokens → author pairs → translation → checks → word alignment → writing. `records` holds
the values that pass from one to the next, `settings` every setting, `models` what is installed to translate with. Nothing here
needs Prefect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .records import Segment
    from .repair import Translation
    from .settings import EngineChoice, Settings
    from .writing import Dataset

__all__ = ["detect", "open_dataset", "translate"]


def detect(text: str) -> list[Segment]:
    """The segments of a text, each line a block; joined, their texts give the text back.

    >>> [(segment.lang, segment.text) for segment in detect("Same case lah 你们自己想想")]
    [('en', 'Same case lah '), ('zh', '你们自己想想')]
    """
    from .detection import detect as segments_of

    return segments_of(text)


def translate(
    texts: Sequence[str], engine: EngineChoice | None = None, settings: Settings | None = None
) -> list[Translation]:
    """A checked English translation of each Chinese text (best one sentence each), in the same order.

    What the translation memory has is taken from there.

    Args:
        texts: Chinese, simplified or traditional.
        engine: which engine; by default that of the settings.
        settings: by default the packaged ones with the environment applied.

    Raises:
        NoModelError: no model is installed; the text names the command that installs one.
        UsageError: the engine is ``none``, or a setting is wrong.
    """
    import warnings

    from .memory import Translator, open_memory
    from .settings import load_settings

    chosen = settings or load_settings()
    if engine is not None:
        chosen = chosen.model_copy(update={"translation": chosen.translation.model_copy(update={"engine": engine})})
    with open_memory(chosen.memory, warnings.warn) as memory:
        return Translator(memory, chosen).translate(texts)


def open_dataset(folder: str | Path) -> Dataset:
    """The tables ``pairs``, ``segments`` and ``documents`` of a dataset folder, as `pyarrow.dataset.Dataset`.

    Raises:
        UsageError: there is no dataset in the folder, or a later version of duiyi wrote it.
    """
    from .writing import open_dataset as opened

    return opened(folder)
