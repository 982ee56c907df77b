"""`duiyi translate`: documents on demand, without Prefect and without a dataset."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

from duiyi.processors.analysis import Analysis, analyse
from duiyi.processors.errors import UnreadableError, UsageError
from duiyi.processors.memory import Translator, open_memory
from duiyi.processors.pairing import Paired, pair_up
from duiyi.processors.reading import Source, find_sources
from duiyi.processors.reading.kinds import HEAD_BYTES, find_kind, kind_of_zip
from duiyi.processors.records import Document, Sentence
from duiyi.processors.rendering import as_bilingual, as_english, as_html, as_jsonl, as_tmx
from duiyi.processors.settings import Settings
from duiyi.processors.word_alignment.aligner import aligner
from duiyi.processors.write_back import Writable, Written, write_back
from duiyi.processors.writing import Run, document_rows

from .progress import run_progress


def translated(documents: Iterable[Document], format_: str, settings: Settings) -> Iterator[str]:
    """The documents in English, or with their English, as ``format_`` says, piece by piece.

    Raises:
        NoModelError: there is Chinese in one and no model is installed.
    """
    paired: list[tuple[Sentence, str | None]] = []
    ended = True
    for analysis, pairs in _paired(documents, settings):
        document = analysis.document
        if format_ == "jsonl":
            run = Run("on-demand", settings.sha256(), settings.sha256(), datetime.now(UTC))
            yield as_jsonl(document_rows(analysis, pairs, run, 0.0, aligner(settings)))
            continue
        found = pairs.english()
        if format_ in {"html", "tmx"}:
            paired += found
            continue
        text = (as_english if format_ == "text" else as_bilingual)(document.text, found)
        # rows are documents without a line break of their own
        whole = text if text.endswith("\n") or "#id=" not in document.source_uri else text + "\n"
        yield whole if ended else "\n" + whole  # one document is given as it is; between two there is a line break
        ended = not whole or whole.endswith("\n")
    if format_ in {"html", "tmx"}:
        yield (as_html if format_ == "html" else as_tmx)(paired)


def written_again(file: str, format_: Writable, settings: Settings, *, bilingual: bool) -> Written:
    """A document (``-``: standard input) of ``format_``, written again in English or with its English.

    Raises:
        UsageError: there is no such document, it is of another format, or there is Chinese in it and no engine.
        UnreadableError: it cannot be read, or cannot be written back whole.
        NoModelError: there is Chinese in it and no model is installed.
    """
    name, data = _content(file, format_, settings)

    def translate(texts: list[str]) -> list[str | None]:
        if settings.translation.engine == "none":
            raise UsageError(f"there is Chinese in {file}, and --engine none translates nothing")
        with open_memory(settings.memory, progress.warn) as memory:
            found = Translator(memory, settings, say=progress.say).translate(
                texts, progress.translated, progress.expect
            )
        return [one.text for one in found]

    try:
        kind = find_kind(name, data[:HEAD_BYTES], named=True)
        if kind == "zip":
            kind = kind_of_zip(io.BytesIO(data), name, settings.reading, named=True)
        if kind != format_:
            raise UsageError(
                f"cannot write {file} again as {format_}: it is {kind}; give --out another name or say what to write with --format"
            )
        with run_progress() as progress:
            return write_back(data, format_, translate, settings, bilingual=bilingual)
    except UnreadableError as error:
        raise UnreadableError(f"{file} is not translated: {error}") from error


def _content(file: str, format_: Writable, settings: Settings) -> tuple[str, bytes]:
    """Name and content of the one file that is to be written again."""
    if file == "-":
        return f"-.{format_}", sys.stdin.buffer.read()
    sources = list(find_sources([file], exclude=None))
    source = sources[0] if len(sources) == 1 else None
    if not isinstance(source, Source) or source.path is None:
        raise UsageError(f"{file} is not one file, so it cannot be written again")
    try:
        size = source.path.stat().st_size
        if size > settings.reading.max_bytes:
            raise UnreadableError(
                f"{file}: {size:,} bytes, more than reading.max_bytes = {settings.reading.max_bytes:,}"
            )
        return source.path.name, source.path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from error


def _paired(documents: Iterable[Document], settings: Settings) -> Iterator[tuple[Analysis, Paired]]:
    """Each document analysed, with its pairs.

    The memory is opened at the first that has something to translate. Progress is shown only while a document is translated, so that it does
    not run into what is printed between.
    """

    def say(line: str) -> None:
        with run_progress() as progress:  # the one under way
            progress.say(line)

    def warn(line: str) -> None:
        with run_progress() as progress:
            progress.warn(line)

    with ExitStack() as opened:
        translator: Translator | None = None
        for document in documents:
            analysis = analyse(document, settings)
            if settings.translation.engine == "none":
                yield analysis, pair_up(analysis, None, settings)
                continue
            if not analysis.wanted:
                yield analysis, pair_up(analysis, [], settings)
                continue
            with run_progress() as progress:
                if translator is None:
                    memory = opened.enter_context(open_memory(settings.memory, warn))
                    translator = Translator(memory, settings, say=say)
                found = translator.translate(
                    analysis.wanted_texts, progress.translated, progress.expect, analysis.wanted_follows
                )
            yield analysis, pair_up(analysis, found, settings)
