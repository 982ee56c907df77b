"""`duiyi translate`: documents on demand, without Prefect and without a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from duiyi.processors.analysis import Analysis, analyse
from duiyi.processors.records import Document, Sentence
from duiyi.processors.rendering import as_bilingual, as_english, as_html, as_jsonl, as_tmx
from duiyi.processors.repair import Translation, model_input, translate_checked
from duiyi.processors.settings import Settings
from duiyi.processors.translation import open_engine
from duiyi.processors.writing import Run, document_rows

from .progress import run_progress


def translated(documents: Iterable[Document], format_: str, settings: Settings) -> Iterator[str]:
    """The documents in English, or with their English, as ``format_`` says, piece by piece.

    Raises:
        NoModelError: there is Chinese in one and no model is installed.
    """
    paired: list[tuple[Sentence, str | None]] = []
    for document in documents:
        analysis = analyse(document, settings)
        translations = _translations(analysis, settings)
        if format_ == "jsonl":
            run = Run("on-demand", settings.sha256(), settings.sha256(), datetime.now(UTC))
            yield as_jsonl(document_rows(analysis, translations, run, 0.0))
            continue
        english = [None] * len(analysis.sentences) if translations is None else [one.text for one in translations]
        found = list(zip(analysis.sentences, english, strict=True))
        if format_ in {"html", "tmx"}:
            paired += found
            continue
        text = (as_english if format_ == "text" else as_bilingual)(document.text, found)
        # rows are documents without a line break of their own
        yield text if text.endswith("\n") or "#id=" not in document.source_uri else text + "\n"
    if format_ in {"html", "tmx"}:
        yield (as_html if format_ == "html" else as_tmx)(paired)


def _translations(analysis: Analysis, settings: Settings) -> list[Translation] | None:
    if not analysis.sentences or settings.translation.engine == "none":
        return None
    with run_progress() as progress:
        progress.say("loading the translation model")
        engine = open_engine(settings.translation, settings.models)
        if engine is None:
            return None
        progress.say(f"translating with {engine.model}")
        texts = [sentence.text for sentence in analysis.sentences]
        progress.expect(len({model_input(text) for text in texts}))
        return translate_checked(texts, engine, settings.checks, progress.translated)
