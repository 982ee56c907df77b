"""How a model is laid out over the machine: chosen by measurement, kept for this machine, and no answer depends on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from duiyi.flows.cli import cli
from duiyi.processors.models import InstalledModel, find_model, install
from duiyi.processors.settings import ModelSettings, TranslationSettings
from duiyi.processors.translation import Request, identity_of, layout, tuning
from duiyi.processors.translation.argos import ArgosEngine
from duiyi.processors.translation.layout import Layout, cores, keep_layout, layout_of, tuning_path
from duiyi.processors.translation.llm import LlmEngine
from duiyi.processors.translation.tuning import Measured, fastest, sample_sentences
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import source_of, write_gguf

Duiyi = Callable[..., Any]

KNOWN = [
    line.split("\t")[0]
    for line in (Path(__file__).parent / "models" / "pairs.tsv").read_text("utf-8").splitlines()
    if "\t" in line and not line.startswith("#")
][:40]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(tuning, "ROUND_SECONDS", 0.1)
    monkeypatch.setattr(tuning, "LEAST_SENTENCES", 16)
    yield


@pytest.fixture(scope="module")
def argos() -> InstalledModel:
    return find_model("argos", ModelSettings())


@pytest.fixture(scope="module")
def engines(argos: InstalledModel) -> list[ArgosEngine]:
    layouts = ((1, 1, 1), (2, 1, 200), (2, 2, 5000))
    return [
        ArgosEngine(argos, TranslationSettings(threads=threads, argos_workers=workers, argos_batch_tokens=batch))
        for threads, workers, batch in layouts
    ]


@settings(max_examples=10, deadline=None)
@given(chosen=st.lists(st.sampled_from([*KNOWN, *sample_sentences(4)]), min_size=1, max_size=20))
def test_an_answer_of_argos_depends_neither_on_the_layout_nor_on_what_shares_a_batch(
    engines: list[ArgosEngine], chosen: list[str]
) -> None:
    requests = [Request(sentence) for sentence in chosen]
    one_by_one = [engines[0].translate([request])[0] for request in requests]
    for engine in engines:
        assert engine.translate(requests) == one_by_one


def test_what_was_measured_is_used_on_this_machine_where_the_settings_say_nothing(argos: InstalledModel) -> None:
    by_default = layout_of(argos, TranslationSettings())
    assert by_default == (cores(), min(cores(), layout.MOST_WORKERS), layout.ARGOS_BATCH_TOKENS)
    keep_layout(argos, Layout(6, 3, 700))
    assert layout_of(argos, TranslationSettings()) == (6, 3, 700)
    assert layout_of(argos, TranslationSettings()).threads_each == 2
    assert layout_of(argos, TranslationSettings(threads=2, argos_batch_tokens=50)) == (2, 2, 50)
    assert layout_of(argos, TranslationSettings(argos_workers=2)) == (6, 2, 700)
    assert ArgosEngine(argos, TranslationSettings()).layout == (6, 3, 700)


def test_other_models_and_other_machines_have_their_own(argos: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    by_default = layout_of(argos, TranslationSettings())
    keep_layout(argos, Layout(6, 3, 700))
    other = InstalledModel("argos", "other", "1", argos.path, "0" * 64, 1)
    keep_layout(other, Layout(5, 5, 300))
    assert layout_of(argos, TranslationSettings()) == (6, 3, 700)
    assert layout_of(other, TranslationSettings()) == (5, 5, 300)
    monkeypatch.setattr(layout, "machine", lambda: "another one")
    assert layout_of(argos, TranslationSettings()) == by_default


def test_a_spoilt_file_is_not_used_and_said_to_be(argos: InstalledModel, caplog: pytest.LogCaptureFixture) -> None:
    by_default = layout_of(argos, TranslationSettings())
    keep_layout(argos, Layout(6, 3, 700))
    for spoilt in ("", "[]", '{"x": {"threads": 0, "workers": 1, "batch": 1}}', '{"x": 3}'):
        tuning_path().write_text(spoilt, "utf-8")
        caplog.clear()
        assert layout_of(argos, TranslationSettings()) == by_default
        assert "duiyi models tune" in caplog.text


def test_a_layout_must_be_clearly_faster_to_be_preferred_to_the_default() -> None:
    rates = [Measured(Layout(4, 4, size), "int8", rate) for size, rate in ((1, 10.0), (2, 10.3), (3, 11.0), (4, 11.2))]
    assert fastest(rates).layout.batch == 3


def test_the_command_shows_what_it_measured_and_keeps_the_choice(
    capsys: pytest.CaptureFixture[str], argos: InstalledModel
) -> None:
    before = identity_of(argos, TranslationSettings())
    cli.main(["models", "tune"], standalone_mode=False)
    told = capsys.readouterr()
    heading, *rows, last = [line for line in told.out.splitlines() if "times as fast" not in line]
    assert heading.split("\t") == ["threads", "workers", "batch (tokens)", "arithmetic", "sentences/s"]
    assert len(rows) >= 4
    (chosen,) = (row for row in rows if "chosen" in row)
    assert list(map(int, chosen.split("\t")[:3])) == list(layout_of(argos, TranslationSettings()))
    assert chosen.split("\t")[3] == ArgosEngine(argos, TranslationSettings()).compute_type
    assert str(tuning_path()) in last
    assert all(line.startswith("duiyi: ") for line in told.err.splitlines())
    assert identity_of(argos, TranslationSettings()) == before, "what is remembered stays known"


def test_the_command_leaves_alone_what_the_settings_say(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, argos: InstalledModel
) -> None:
    config = tmp_path / "own.toml"
    config.write_text("[translation]\nthreads = 1\nargos_batch_tokens = 300\n", "utf-8")
    cli.main(["models", "tune", "argos", "--config", str(config)], standalone_mode=False)
    capsys.readouterr()
    (kept,) = json.loads(tuning_path().read_text("utf-8")).values()
    assert kept == {"threads": 1, "workers": 1, "batch": 300}


def test_the_language_model_is_tuned_in_batches(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gguf(tmp_path / "tiny.gguf")
    source = source_of(tmp_path / "tiny.gguf", "http://127.0.0.1:9/", tmp_path / "no-lock")
    models = ModelSettings(dir=tmp_path / "models")
    installed = install("llm", models, tmp_path / "tiny.gguf", lambda line: None, source)
    monkeypatch.setenv("DUIYI_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setattr(tuning, "LLM_BATCHES", (3, 2))
    cli.main(["models", "tune", "llm"], standalone_mode=False)
    assert "batch (sentences)" in capsys.readouterr().out
    chosen = layout_of(installed, TranslationSettings())
    assert chosen.batch in {2, 3}
    assert LlmEngine(installed, TranslationSettings()).layout == chosen
    assert LlmEngine(installed, TranslationSettings(llm_batch=7)).layout.batch == 7


def test_nothing_to_tune_and_nowhere_to_write_are_one_line_each(duiyi: Duiyi, tmp_path: Path) -> None:
    none = duiyi("models", "tune", "llm", DUIYI_MODELS_DIR=str(tmp_path / "none"))
    assert none.returncode == 3
    assert "duiyi models install llm" in none.stderr
    (tmp_path / "duiyi").write_text("", "utf-8")
    nowhere = duiyi("models", "tune", XDG_DATA_HOME=str(tmp_path))
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert "cannot write" in nowhere.stderr.splitlines()[-1]
