"""Every setting of duiyi, declared, documented and validated in one place.

Order of precedence, last wins: the defaults below (the same as ``config/duiyi.toml``, which a test holds to it), the
file named with ``--config``, environment variables ``DUIYI_<SECTION>__<NAME>``, then what the caller passes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from .errors import UsageError

RULES_VERSION = 8
"""Raised when detection, sentences, tokens, author pairs, checks, repair or word alignment give other rows for the same settings."""

EngineChoice = Literal["auto", "argos", "llm", "cascade", "none"]
Quotes = Literal["typographic", "straight"]
ComputeType = Literal[
    "default",
    "auto",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
]


class Section(BaseModel):
    """A table of the settings file; unknown names are errors, so that a typing mistake is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReadingSettings(Section):
    """How inputs become documents."""

    text_column: str = Field("text", description="column of JSONL, CSV, Parquet and xlsx inputs that holds the text")
    id_column: str = Field(
        "id", description="column that holds a row's own id; where it is missing, the row number is used"
    )
    keep: tuple[str, ...] = Field((), description="columns kept as JSON in documents.metadata")
    max_bytes: int = Field(256 * 2**20, gt=0, description="a larger file that is one document is reported as failed")
    max_expanded_bytes: int = Field(
        4 * 2**30, gt=0, description="most bytes that may come out of an archive, all archives in it included"
    )
    max_expansion: int = Field(
        200, ge=1, description="most times its own size that may come out of an archive or ZIP-based document"
    )
    max_members: int = Field(100_000, ge=1, description="most members of an archive")
    max_nesting: int = Field(3, ge=0, description="how deep archives may stand in an archive")
    max_pages: int = Field(5_000, ge=1, description="most pages of a PDF or an e-book, most slides")
    max_cells: int = Field(250_000, ge=1, description="most table cells of one document")
    max_seconds: float = Field(60.0, gt=0, description="most seconds that parsing one document may take")
    max_memory: int = Field(
        2**30, ge=2**28, description="most bytes of memory that parsing one document may take (Linux)"
    )


class DetectionSettings(Section):
    """How the language of a sentence is judged."""

    langid_min_words: int = Field(
        3, ge=1, description="fewer Latin words than this are judged by word lists and neighbours alone"
    )


class SentenceSettings(Section):
    """How Chinese text is cut into sentences."""

    max_characters: int = Field(
        200, ge=20, description="a longer sentence is cut at its last comma or space before this many characters"
    )


class TokenSettings(Section):
    """How Chinese is cut into words by jieba."""

    segmenter: Literal["jieba", "rjieba"] = Field(
        "jieba",
        description="rjieba, its port to Rust, is about twenty times faster and cuts one word in a thousand otherwise (an extra)",
    )
    user_dictionary: Path | None = Field(
        None, description="a jieba dictionary (word frequency tag, a line each) beside the packaged one"
    )


class ModelSettings(Section):
    """Where models live and how the big one is had."""

    dir: Path | None = Field(
        None, description="folder of installed models; default: the user's data folder (DUIYI_MODELS_DIR)"
    )
    url: str | None = Field(
        None, description="where to fetch the GGUF from instead of its official place (DUIYI_MODEL_URL)"
    )
    llm: str | None = Field(
        None,
        description="name of the language model to use, where several are installed; default: the first by name",
    )
    index_timeout: float = Field(10.0, gt=0, description="seconds the Argos index may take to answer")
    download_timeout: float = Field(60.0, gt=0, description="seconds without a byte after which a download is given up")


class TranslationSettings(Section):
    """Which engine translates, and how."""

    engine: EngineChoice = Field(
        "auto",
        description="auto: argos where its package is installed, else llm; cascade: argos, and llm for what stays flagged; none: no translation",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where CTranslate2 computes")
    threads: int = Field(
        0, ge=0, description="CPU threads of CTranslate2; 0: as `duiyi models tune` found best, else all cores"
    )
    compute_type: ComputeType = Field(
        "default", description="arithmetic of CTranslate2; default: that of the model's files (int8 for ours)"
    )
    argos_beam: int = Field(4, ge=1, description="beam width of the argos engine")
    argos_workers: int = Field(
        0,
        ge=0,
        description="batches that the argos engine works on at once, sharing the threads; 0: as tuned, else one a thread, at most 8",
    )
    argos_batch_tokens: int = Field(
        0, ge=0, description="source tokens that share a batch of the argos engine; 0: as tuned, else 1024"
    )
    llm_batch: int = Field(0, ge=0, description="sentences that share a batch of the llm engine; 0: as tuned, else 64")
    llm_prompt: str = Field(
        "Translate to English:\n{source}", description="user turn of the first try; {source} is the sentence"
    )
    llm_retry_prompt: str = Field(
        "翻译成英文：\n{source}",
        description="user turn of the one second try that a flagged answer gets",
    )
    llm_retry_no_repeat_ngram: int = Field(
        4, ge=0, description="n-grams of this many tokens may not recur in the second try; 0: off"
    )
    llm_retry_beam: int = Field(2, ge=1, description="beam width of the last try that a flagged answer gets")
    llm_hint_prompt: str = Field(
        "Translate to English, with {hints}:\n{source}",
        description="user turn of a try that is told how to say some words; {hints} is like 绩效 = performance; 5万 = 50,000",
    )
    llm_doubtful: float = Field(
        0.42,
        ge=0,
        le=1,
        description="a language model's answer of lower quality gets a second opinion, told the rare words that it lacks where it lacks some; "
        "one that lacks a name which the dictionary knows gets it anyway; 0: none",
    )
    glossary: Path | None = Field(
        None, description="a glossary: lines of Chinese, tab, English (an example: config/glossary.tsv)"
    )
    quotes: Quotes = Field(
        "typographic",
        description="quotation marks and apostrophes of what machines say: typographic (“it’s”, as people's translations have them), or straight "
        '("it\'s", for searching with code)',
    )
    max_length_ratio: float = Field(
        3.0,
        gt=0,
        description="most output tokens per source token, plus 24; longer output is cut and flagged truncated",
    )


class MemorySettings(Section):
    """Whether and where translations are remembered."""

    enabled: bool = Field(
        True, description="whether translations are kept and used again (DUIYI_MEMORY=off turns this off)"
    )
    path: Path | None = Field(None, description="file of the translation memory; default: in the user's data folder")
    max_bytes: int = Field(
        2 * 2**30,
        ge=2**20,
        description="larger than this, what was not used for the longest time goes; never what people said",
    )


class AuthorPairSettings(Section):
    """How translations that the author wrote beside the Chinese are told."""

    accept: float = Field(
        0.6, gt=0, lt=1, description="a candidate at least this sure (similarity) is the author's translation"
    )
    refuse: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="one less sure than this is not; between the two a machine translation of the Chinese decides",
    )
    reach: int = Field(
        8, ge=1, le=40, description="how many passages of either language may stand between twins in one place"
    )
    also_machine: bool = Field(False, description="whether Chinese that has an author pair is translated all the same")
    window: int = Field(
        4_000_000,
        ge=100_000,
        description="a longer document is searched in windows of about so many characters (150 MB of memory a million)",
    )


class CheckSettings(Section):
    """Thresholds of the flags on a translation."""

    length_deviation_min: float = Field(
        -3.0,
        lt=0,
        description="fewer English words than expected, by so many standard deviations, are flagged length_ratio",
    )
    length_deviation_max: float = Field(
        3.5, gt=0, description="more English words than expected, by so many standard deviations, likewise"
    )
    echo_share: float = Field(
        0.5, gt=0, le=1, description="from this share of the Chinese repeated in the English on it is flagged echo"
    )
    low_score: float = Field(
        -1.0, le=0, description="a lower mean log-probability of the answer's tokens is flagged low_score"
    )
    repetition_max_loops: int = Field(
        3, ge=2, description="an n-gram said this many times on end is flagged repetition"
    )


class AlignmentSettings(Section):
    """How the words of a pair are linked (`word_alignment`)."""

    argos: Literal["words", "attention"] = Field(
        "words",
        description="what argos translated: by the dictionary, as all else, or by its model's attention (slower, and poorer as measured)",
    )


class WritingSettings(Section):
    """The dataset's layout."""

    buckets: int = Field(
        32, ge=1, le=64, description="files per table of a new dataset; each holds an equal range of doc_id"
    )
    row_group_rows: int = Field(50_000, ge=1, description="most rows in one row group")
    staged_bytes: int = Field(
        64 * 2**20,
        ge=0,
        description="finished rows are merged into the tables when there are more bytes than this and a quarter of the dataset",
    )
    merge_seconds: float = Field(
        60.0, ge=0, description="or after so long, if merging takes a small part of the time: readers see what is done"
    )
    compression_level: int = Field(3, ge=1, le=22, description="zstd level")


class FlowSettings(Section):
    """How runs are cut into tasks."""

    shard_documents: int = Field(1000, ge=1, description="most documents in one shard (one Prefect task)")
    shard_characters: int = Field(2_000_000, ge=1, description="most characters in one shard")
    shard_chinese: int = Field(
        20_000,
        ge=1,
        description="most Chinese characters in one shard, translated together and written at once",
    )
    part_characters: int = Field(
        500_000, ge=1, description="a longer document is worked on in parts of about so many characters"
    )
    first_characters: int = Field(
        5_000,
        ge=1,
        description="a light model gets so many characters to begin with, and more each time, so that it need not wait for a whole shard",
    )
    write_retries: int = Field(2, ge=0, description="how often a shard's commit is tried again when storage fails")
    write_retry_seconds: float = Field(5.0, ge=0, description="seconds before such a try, doubled each time")
    document_tries: int = Field(
        3, ge=1, description="a document is set aside when so many runs were killed while they worked on it"
    )
    report_pairs: int = Field(
        200_000,
        ge=0,
        description="a run leaves report.html in a dataset of at most so many pairs (a second), and links to it; 0: never",
    )


class ServeSettings(Section):
    """How ``duiyi serve`` goes about its runs."""

    poll_seconds: float = Field(2.0, gt=0, description="seconds between two looks for runs that are due")
    runs_at_once: int = Field(1, ge=1, description="most runs of the dataset at the same time")
    nice: int = Field(
        10, ge=0, le=19, description="how far scheduled runs stand back for other programs; 0: not at all"
    )
    max_memory: int = Field(
        0, ge=0, description="most bytes of memory that a run may take, its models included (Linux); 0: no limit"
    )
    retries: int = Field(3, ge=0, description="how often a run whose process was killed or crashed is taken up again")
    retry_seconds: float = Field(30.0, ge=0, description="seconds before that, doubled each time")
    stop_seconds: float = Field(45.0, ge=0, description="seconds that a run has to stop in, when serve is to end")
    settle_seconds: float = Field(
        5.0, ge=0, description="a file that arrived has to stand still for so long before it is taken"
    )
    keep_days: int = Field(
        30, ge=1, description="days that finished runs are kept in the database of serve's own server"
    )
    keep_runs: int = Field(500, ge=10, description="most finished runs kept there; their results stay in the dataset")


SHORT_NAMES = {
    "DUIYI_MODELS_DIR": ("models", "dir"),
    "DUIYI_MODEL_URL": ("models", "url"),
    "DUIYI_MEMORY": ("memory", "enabled"),
}
"""Environment variables with a name of their own beside ``DUIYI_<SECTION>__<NAME>``."""


class Settings(BaseSettings):
    """All settings. ``Settings()`` gives the defaults with the environment applied; use `load_settings` for a file."""

    model_config = SettingsConfigDict(env_prefix="DUIYI_", env_nested_delimiter="__", extra="forbid", frozen=True)

    reading: ReadingSettings = ReadingSettings()
    detection: DetectionSettings = DetectionSettings()
    sentences: SentenceSettings = SentenceSettings()
    tokens: TokenSettings = TokenSettings()
    models: ModelSettings = ModelSettings()
    translation: TranslationSettings = TranslationSettings()
    memory: MemorySettings = MemorySettings()
    author_pairs: AuthorPairSettings = AuthorPairSettings()
    checks: CheckSettings = CheckSettings()
    alignment: AlignmentSettings = AlignmentSettings()
    writing: WritingSettings = WritingSettings()
    flows: FlowSettings = FlowSettings()
    serve: ServeSettings = ServeSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where settings come from, the strongest first: arguments, variables with a name of their own, other variables."""
        given: dict[str, dict[str, str]] = {}
        for variable, (section, name) in SHORT_NAMES.items():
            if os.environ.get(variable):
                given.setdefault(section, {})[name] = os.environ[variable]
        if isinstance(env_settings, EnvSettingsSource):  # to which DUIYI_MEMORY would be a section, in JSON
            own = {variable.lower() for variable in SHORT_NAMES}
            env_settings.env_vars = {name: text for name, text in env_settings.env_vars.items() if name not in own}
        return init_settings, InitSettingsSource(settings_cls, init_kwargs=given), env_settings

    def row_settings(self) -> dict[str, Any]:
        """The settings that change rows of the dataset (what `config_sha256` is computed from)."""
        chosen = self.model_dump(
            mode="json",
            include={
                "reading": {"text_column", "id_column", "keep"},
                "detection": True,
                "sentences": True,
                "tokens": True,
                "translation": {
                    "compute_type",
                    "argos_beam",
                    "llm_prompt",
                    "llm_retry_prompt",
                    "llm_retry_no_repeat_ngram",
                    "llm_retry_beam",
                    "llm_hint_prompt",
                    "llm_doubtful",
                    "max_length_ratio",
                },
                "author_pairs": True,
                "checks": True,
                "alignment": True,
            },
        )
        dictionary = self.tokens.user_dictionary
        if dictionary is not None and dictionary.is_file():
            chosen["tokens"]["user_dictionary"] = hashlib.sha256(dictionary.read_bytes()).hexdigest()
        if self.translation.glossary is not None:
            from .glossary import read_glossary

            chosen["translation"]["glossary"] = read_glossary(self.translation.glossary).sha256
        return {**chosen, "rules": RULES_VERSION}

    def sha256(self, **also: str | None) -> str:
        """Hex SHA-256 of the settings that change rows, together with ``also`` (the model, the schema's version)."""
        canonical = json.dumps({**self.row_settings(), "also": also}, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def _refuse_unknown_variables() -> None:
    for variable in os.environ:
        section, mark, name = variable.removeprefix("DUIYI_").lower().partition("__")
        if not variable.startswith("DUIYI_") or not mark:
            continue
        field = Settings.model_fields.get(section)
        if field is None or field.annotation is None or name not in field.annotation.model_fields:
            raise UsageError(f"the environment variable {variable} names no setting; see config/duiyi.toml")


def default_config_path() -> Path:
    """The packaged ``duiyi.toml``, in which every setting stands with its default."""
    return Path(str(resources.files("duiyi.config"))) / "duiyi.toml"


def load_settings(config: Path | None = None, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Settings from a file, the environment and ``overrides`` (``{section: {name: value}}``, which win).

    Raises:
        UsageError: the file cannot be read or a value is wrong; the text says which one and where it came from.
    """
    from_file: dict[str, Any] = {}
    if config is not None:
        try:
            from_file = tomllib.loads(config.read_text("utf-8"))
        except OSError as error:
            raise UsageError(f"cannot read the configuration {config}: {error.strerror or error}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{config} is not valid TOML: {error}") from error
    _refuse_unknown_variables()

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            file = InitSettingsSource(settings_cls, init_kwargs=from_file)
            own = super().settings_customise_sources(
                settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
            )
            return *own, file

    try:
        given: dict[str, Any] = {section: dict(values) for section, values in (overrides or {}).items()}
        layered = Layered(**given)
        return Settings.model_construct(**{name: getattr(layered, name) for name in Settings.model_fields})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        source = f"{config}, " if config is not None else ""
        raise UsageError(
            f"wrong setting {where} = {first.get('input')!r}: {first['msg']} ({source}environment or command line)"
        ) from error
    except SettingsError as error:
        raise UsageError(f"wrong setting in the environment: {error}") from error
