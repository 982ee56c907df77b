"""Translation with a real, if tiny, Argos package: its own tokenizer, CTranslate2, checks and order."""

from __future__ import annotations

from pathlib import Path

import pytest
from duiyi.processors.errors import NoModelError
from duiyi.processors.repair import model_input
from duiyi.processors.settings import load_settings
from duiyi.processors.translation import Request, open_engine

KNOWN = [
    line.split("\t")
    for line in (Path(__file__).parent / "models" / "pairs.tsv").read_text("utf-8").splitlines()
    if "\t" in line and not line.startswith("#")
][:60]


def test_the_argos_engine_translates_in_order_and_scores() -> None:
    settings = load_settings(overrides={"translation": {"engine": "argos"}})
    engine = open_engine(settings.translation, settings.models)
    assert engine is not None
    counted: list[str] = []
    found = engine.translate([Request(chinese) for chinese, _ in KNOWN], counted.append)
    exact = sum(hypothesis.text == english for hypothesis, (_, english) in zip(found, KNOWN, strict=True))
    assert exact >= 0.8 * len(KNOWN)
    assert all(hypothesis.score <= 0 for hypothesis in found)
    assert sorted(counted) == sorted(chinese for chinese, _ in KNOWN)
    assert engine.model.startswith("translate-zh_en@")
    assert engine.translate([]) == []


def test_auto_takes_argos_where_it_is_installed() -> None:
    settings = load_settings()
    engine = open_engine(settings.translation, settings.models)
    assert engine is not None
    assert engine.name == "argos"


def test_no_engine_for_none_and_a_helpful_line_without_a_model() -> None:
    none = load_settings(overrides={"translation": {"engine": "none"}})
    assert open_engine(none.translation, none.models) is None
    llm = load_settings(overrides={"translation": {"engine": "llm"}})
    with pytest.raises(NoModelError, match="duiyi models install"):
        open_engine(llm.translation, llm.models)


def test_the_model_sees_simplified_characters_on_one_line() -> None:
    assert model_input("為什麼\n這樣") == "为什么这样"
    assert model_input("> 用 GPU\n> 訓練  模型") == "> 用 GPU 训练 模型"
