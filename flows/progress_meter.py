"""How far a run is, as an artifact on Prefect's page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast
from uuid import UUID

from duiyi.processors.reading import find_sources
from prefect.artifacts import create_progress_artifact, update_progress_artifact

EVERY_SECONDS = 5.0


class ProgressMeter:
    """The part of the inputs' files that a run has behind it. There is none for a run that finds nothing to do.

    Files, not sentences: those still in files that were not read yet nobody knows.
    """

    def __init__(self, inputs: Sequence[str], out: Path) -> None:
        self._inputs, self._out = inputs, out
        self._artifact: UUID | None = None
        self._total = 0
        self._shown = 0.0

    def show(self, sources: int) -> None:
        """So many files were taken up; call it inside a flow. The last of them may still be worked on."""
        now = time.monotonic()
        if now - self._shown < EVERY_SECONDS:
            return
        self._shown = now
        if self._artifact is None:
            self._total = sum(1 for _ in find_sources(self._inputs, exclude=self._out))
            made = create_progress_artifact(
                0.0, key="duiyi-progress", description="How much of the inputs the run has behind it"
            )
            self._artifact = cast(UUID, made)
        update_progress_artifact(self._artifact, min(99.0, 100.0 * sources / max(1, self._total)))

    def complete(self) -> None:
        """All is done."""
        if self._artifact is not None:
            update_progress_artifact(self._artifact, 100.0)
