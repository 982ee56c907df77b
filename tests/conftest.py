"""What all tests share: folders of their own, the small Argos package installed there, one Prefect server."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Set before anything of ours is imported: Argos and Prefect read their environment at import.
_demo = Path(__file__).parent.parent / "out" / "demo"
DEMO_DATASET = _demo if (_demo / "pairs").is_dir() else None
HOME = Path(tempfile.mkdtemp(prefix="duiyi-tests-"))
for name in list(os.environ):
    if name.startswith(("DUIYI_", "PREFECT_", "ARGOS_", "XDG_")) and name != "DUIYI_EVAL_DIR":
        del os.environ[name]
os.environ["XDG_DATA_HOME"] = str(HOME / "data")
os.environ["XDG_CONFIG_HOME"] = str(HOME / "config")
os.environ["XDG_CACHE_HOME"] = str(HOME / "cache")
os.environ["ARGOS_PACKAGES_DIR"] = str(HOME / "argos-packages")
os.environ["DUIYI_MODELS_DIR"] = str(HOME / "models")
TINY = Path(__file__).parent / "models" / "translate-zh_en-tiny.argosmodel"

Duiyi = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_sessionfinish() -> None:
    import shutil

    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def argos_package() -> Path:
    """The small Argos package, unpacked into the tests' own package folder."""
    folder = Path(os.environ["ARGOS_PACKAGES_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(TINY) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """One Prefect server on loopback for the whole run; its address."""
    from duiyi.flows import prefect_home

    if "prefect" not in sys.modules:
        prefect_home.prepare()
    with prefect_home.prefect_api() as wait:
        wait(lambda line: None)
        yield os.environ["PREFECT_API_URL"]


@pytest.fixture
def duiyi() -> Duiyi:
    """Runs the command line in a process of its own; keyword arguments are environment variables (None unsets one)."""

    def call(*arguments: object, stdin: bytes = b"", **environment: str | None) -> subprocess.CompletedProcess[str]:
        merged = {**os.environ, **environment}
        done = subprocess.run(
            [sys.executable, "-m", "duiyi.flows", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env={key: value for key, value in merged.items() if value is not None},
            timeout=180,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        )

    return call
