"""How a model is laid out over this machine: its threads, how many batches at once, how large they are.

What the settings leave open is taken from what `tuning` measured here for this very model, else from defaults that suit most machines.
None of it changes an answer of Argos (its batches hold sentences of one length, so that nothing is padded), and those of the
language model at most as much as what happens to share a batch does.
"""

from __future__ import annotations

import json
import logging
import os
import platform
from pathlib import Path
from typing import Annotated, NamedTuple

from platformdirs import user_data_path
from pydantic import Field, TypeAdapter, ValidationError

from ..models import InstalledModel
from ..settings import TranslationSettings

ARGOS_BATCH_TOKENS = 1024
LLM_BATCH = 64
"""Sizes of batches that nothing was measured for."""
MOST_WORKERS = 8
"""Most batches that argos works on at once where nothing was measured: each needs some 100 MB."""


_log = logging.getLogger(__name__)

Count = Annotated[int, Field(ge=1)]


class Layout(NamedTuple):
    """``threads`` altogether, shared by ``workers`` that each have a batch of ``batch`` source tokens (argos) or sentences (llm)."""

    threads: Count
    workers: Count
    batch: Count

    @property
    def threads_each(self) -> int:
        """Threads that work on one batch."""
        return max(1, self.threads // self.workers)


_layouts = TypeAdapter(dict[str, Layout])


def layout_of(installed: InstalledModel, settings: TranslationSettings) -> Layout:
    """The layout for a model on this machine: what the settings say, else what was measured, else the defaults."""
    tuned = tuned_layouts().get(_key(installed))
    threads = settings.threads or (tuned.threads if tuned else cores())
    fits = tuned is not None and tuned.threads == threads
    if installed.engine == "llm":
        return Layout(threads, 1, settings.llm_batch or (tuned.batch if tuned else LLM_BATCH))
    workers = settings.argos_workers or (tuned.workers if tuned is not None and fits else MOST_WORKERS)
    return Layout(
        threads, min(workers, threads), settings.argos_batch_tokens or (tuned.batch if tuned else ARGOS_BATCH_TOKENS)
    )


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> str:
    """This machine, as far as speed goes: its processor and how many cores of it this process may use."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:  # a system without it
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{next(names, '') or platform.processor() or platform.machine()}, {cores()} cores"


def tuning_path() -> Path:
    """Where layouts that were measured are kept: a small file in the user's data folder."""
    return user_data_path("duiyi") / "tuning.json"


def tuned_layouts() -> dict[str, Layout]:
    """The layouts that were measured, by model and machine (several may share the folder); none where none was."""
    path = tuning_path()
    if not path.exists():
        return {}
    try:
        return _layouts.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:  # it is only about speed
        _log.warning("%s is not used, it cannot be read: %s; run: duiyi models tune", path, error)
        return {}


def keep_layout(installed: InstalledModel, layout: Layout) -> None:
    """Note a layout as this machine's for a model.

    Raises:
        OSError: it cannot be written.
    """
    kept = {**tuned_layouts(), _key(installed): layout}
    path = tuning_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    text = json.dumps({key: one._asdict() for key, one in sorted(kept.items())}, ensure_ascii=False, indent=1)
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


def _key(installed: InstalledModel) -> str:
    return f"{installed.digest} on {machine()}"
