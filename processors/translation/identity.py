"""What a translation depends on beside its sentence: the key under which the translation memory keeps it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from ..models import InstalledModel
from ..models.manifest import MANIFEST_FILE, read_manifest
from ..settings import TranslationSettings

HANDLING = {"argos": 2, "llm": 1}
"""Raised for an engine when what is done with a sentence before and after the model (its normal form, prompts, protection of names,
decoding options that are no settings) changes, and with it the answers."""


class Identity(NamedTuple):
    """Engine and model as they stand in the rows, and a hash of all that changes an answer."""

    engine: str
    model: str
    signature: str

    def varied(self, *what: str | int) -> Identity:
        """The identity of answers that the same model gave to something else than a first try."""
        key = "\0".join((self.signature, *map(str, what)))
        return self._replace(signature=hashlib.sha256(key.encode()).hexdigest())


def identity_of(installed: InstalledModel, settings: TranslationSettings) -> Identity:
    """The identity of translations by this model under these settings.

    Left out is what changes an answer at most in its last bits: threads, batches, the version of CTranslate2.
    """
    what: dict[str, Any] = {
        "handling": HANDLING[installed.engine],
        "engine": installed.engine,
        "model": installed.label,
        "digest": installed.digest,
        "device": compute_device(settings.device),
        "compute_type": settings.compute_type,
        "max_length_ratio": settings.max_length_ratio,
    }
    if installed.engine == "argos":
        what["beam"] = settings.argos_beam
    else:
        what["prompts"] = [settings.llm_prompt, settings.llm_retry_prompt]
        what["forbidden"] = "han by its first bytes"
        what["no_repeat_ngram"] = settings.llm_retry_no_repeat_ngram
        if (installed.path / MANIFEST_FILE).is_file():
            manifest = read_manifest(installed.path)
            what["turns"] = [manifest.turn_name or manifest.turn, manifest.end_tokens]
    canonical = json.dumps(what, sort_keys=True, ensure_ascii=False)
    return Identity(installed.engine, installed.label, hashlib.sha256(canonical.encode()).hexdigest())


def compute_device(device: str) -> str:
    """Where CTranslate2 will compute: ``auto`` is the GPU where it finds one."""
    if device != "auto":
        return device
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
