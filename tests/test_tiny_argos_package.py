"""The tests' own Argos package is a genuine one: Argos finds it, and it translates what it was trained on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

MODELS = Path(__file__).parent / "models"
SENTENCES = {
    "你好，世界。": "Hello, world.",
    "我们用 GPU 训练模型。": "We use a GPU to train the model.",
    "型号是 AX3000，固件是 1.2.7。": "The model is AX3000 and the firmware is 1.2.7.",
    "保修期到 2026 年 3 月 31 日。": "The warranty ends on 31 March 2026.",
    "业绩比我想象的好，但是毛利率掉了两个点。": (
        "The results are better than I expected, but the gross margin fell by two points."
    ),
}

# argostranslate.settings reads the environment and creates folders when it is imported: hence a process of its own.
PROGRAM = """
import json, sys
import ctranslate2
from argostranslate.package import get_installed_packages

sentences = json.load(sys.stdin)
[package] = get_installed_packages()
translator = ctranslate2.Translator(str(package.package_path / "model"), device="cpu", inter_threads=1, intra_threads=1)
sources = [package.tokenizer.encode(sentence) for sentence in sentences]
results = translator.translate_batch(sources, beam_size=4, return_scores=True, return_attention=True)
answer = {
    "package": [package.from_code, package.to_code, package.package_version, package.type],
    "english": [package.tokenizer.decode(result.hypotheses[0]) for result in results],
    "scores": [result.scores[0] for result in results],
    "attention": [[len(row) for row in result.attention[0]] for result in results],
    "source_tokens": [len(source) for source in sources],
    "target_tokens": [len(result.hypotheses[0]) for result in results],
}
json.dump(answer, sys.stdout)
"""


def ask_package(tmp_path: Path, sentences: list[str]) -> dict[str, Any]:
    """What the package, unzipped to ``tmp_path``, makes of ``sentences`` in a fresh process."""
    packages = tmp_path / "packages"
    with zipfile.ZipFile(MODELS / "translate-zh_en-tiny.argosmodel") as archive:
        archive.extractall(packages)
    places = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("DATA", "CONFIG", "CACHE")}
    environment = {**os.environ, **places, "HOME": str(tmp_path), "ARGOS_PACKAGES_DIR": str(packages)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(sentences),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return ask_package(tmp_path_factory.mktemp("argos"), list(SENTENCES))


def test_argos_finds_it(answer: dict[str, Any]) -> None:
    assert answer["package"] == ["zh", "en", "0.1", "translate"]


def test_translates_training_sentences_exactly(answer: dict[str, Any]) -> None:
    assert answer["english"] == list(SENTENCES.values())


def test_gives_scores_and_attention(answer: dict[str, Any]) -> None:
    assert all(-2 < score < 0 for score in answer["scores"])
    assert [len(rows) for rows in answer["attention"]] == answer["target_tokens"]
    for rows, source_tokens in zip(answer["attention"], answer["source_tokens"], strict=True):
        assert set(rows) == {source_tokens}


def test_a_very_long_input_is_no_error(tmp_path: Path) -> None:
    answer = ask_package(tmp_path, ["我喜欢喝茶" * 400])
    assert len(answer["english"]) == 1


def test_package_is_small() -> None:
    assert (MODELS / "translate-zh_en-tiny.argosmodel").stat().st_size < 3_000_000
