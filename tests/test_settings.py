"""Settings: the packaged file says every default, mistakes are named, later sources win."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from duiyi.processors.errors import UsageError
from duiyi.processors.settings import Settings, default_config_path, load_settings


def test_the_packaged_file_holds_every_setting_with_its_default() -> None:
    text = default_config_path().read_text("utf-8")
    stored = tomllib.loads(text)
    assert stored.keys() == Settings.model_fields.keys()
    for section, field in Settings.model_fields.items():
        assert field.annotation is not None
        for name, inner in field.annotation.model_fields.items():
            if inner.default is None:
                assert f"\n# {name} = \n" in text
            else:
                assert stored[section][name] == (list(inner.default) if inner.default == () else inner.default)
    assert load_settings(default_config_path()) == load_settings()


def test_command_line_wins_over_environment_wins_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[translation]\nargos_beam = 2\nllm_batch = 7\nthreads = 1\n")
    monkeypatch.setenv("DUIYI_TRANSLATION__LLM_BATCH", "9")
    monkeypatch.setenv("DUIYI_TRANSLATION__THREADS", "2")
    chosen = load_settings(file, {"translation": {"threads": 3}}).translation
    assert (chosen.argos_beam, chosen.llm_batch, chosen.threads) == (2, 9, 3)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[translation]\nengine = 'deepl'\n", "translation.engine"),
        ("[translation]\nbeams = 4\n", "translation.beams"),
        ("[no_such_table]\n", "no_such_table"),
        ("[writing]\nbuckets = 500\n", "writing.buckets"),
        ("not toml", "not valid TOML"),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=named) as raised:
        load_settings(file)
    assert "\n" not in str(raised.value)
    assert "wrong.toml" in str(raised.value)


def test_a_misspelt_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUIYI_TRANSLATOIN__ARGOS_BEAM", "3")
    with pytest.raises(UsageError, match="DUIYI_TRANSLATOIN__ARGOS_BEAM"):
        load_settings()


def test_only_settings_that_change_rows_change_the_signature() -> None:
    assert load_settings(overrides={"writing": {"buckets": 8}}).sha256() == load_settings().sha256()
    assert load_settings(overrides={"checks": {"length_deviation_max": 9}}).sha256() != load_settings().sha256()
