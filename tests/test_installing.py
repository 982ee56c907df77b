"""What is installed without the sources at hand: the wheel holds all that duiyi needs, and the lock nothing that it does not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "stanza", "spacy", "minisbd", "triton", "tensorflow", "transformers"}
"""What argostranslate declares (and what that brings), which nothing here imports."""


def python(*arguments: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    for name in ("processors", "flows", "config"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    python("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, source)
    return next(folder.glob("*.whl"))


def modules(folders: Sequence[str]) -> set[str]:
    return {
        f"duiyi/{path.relative_to(ROOT)}"
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_the_library(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert modules(["processors", "flows", "config"]) <= held


def test_the_library_works_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    program = (
        "import sys, duiyi.processors as library\n"
        "print(library.__file__)\n"
        "print([(s.lang, s.text) for s in library.detect('See you tomorrow. 明天见，记得带 charger。')])\n"
        "from duiyi.processors.settings import default_config_path\n"
        "print(default_config_path().is_file(), 'prefect' in sys.modules)\n"
    )
    said = python("-P", "-c", program, PYTHONPATH=str(tmp_path / "site")).splitlines()
    assert said[0].startswith(str(tmp_path))
    assert said[1] == "[('en', 'See you tomorrow. '), ('zh', '明天见，记得带 charger。')]"
    assert said[2] == "True False"


def test_the_lock_brings_no_sentence_splitters_and_names_no_host() -> None:
    for name in ("requirements.txt", "requirements-build.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text("utf-8")
        pinned = set(re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE))
        assert pinned
        assert pinned.isdisjoint(HEAVY)
        assert "://" not in text
