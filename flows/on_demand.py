"""`duiyi translate`: one document, without Prefect and without a dataset."""

from __future__ import annotations

from datetime import UTC, datetime

from duiyi.processors.analysis import analyse
from duiyi.processors.records import Document
from duiyi.processors.rendering import RENDERERS, as_jsonl
from duiyi.processors.repair import Translation, translate_checked
from duiyi.processors.settings import Settings
from duiyi.processors.translation import open_engine
from duiyi.processors.writing import Run, document_rows

from .progress import run_progress


def translated(document: Document, format_: str, settings: Settings) -> str:
    """A document in English, or with its English, as ``format_`` says.

    Raises:
        NoModelError: there is Chinese in it and no model is installed.
    """
    analysis = analyse(document, settings)
    translations: list[Translation] | None = None
    if analysis.sentences and settings.translation.engine != "none":
        with run_progress() as progress:
            progress.say("loading the translation model")
            engine = open_engine(settings.translation, settings.models)
            if engine is not None:
                progress.say(f"translating with {engine.model}")
                progress.expect(len({sentence.text for sentence in analysis.sentences}))
                texts = [sentence.text for sentence in analysis.sentences]
                translations = translate_checked(texts, engine, settings.checks, progress.translated)
    if format_ == "jsonl":
        run = Run("on-demand", settings.sha256(), datetime.now(UTC))
        return as_jsonl(document_rows(analysis, translations, run, 0.0))
    english = [None] * len(analysis.sentences) if translations is None else [found.text for found in translations]
    return RENDERERS[format_](document.text, list(zip(analysis.sentences, english, strict=True)))
