"""The command line as a user meets it: results on standard output, one clear line and the right exit code otherwise."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import Duiyi
from duiyi.processors.writing import open_dataset

THREAD = "Good morning everyone.\n我们明天见。\n\nI like 豆腐 very much. 你们自己想想。\n"


@pytest.fixture
def thread(tmp_path: Path) -> Path:
    path = tmp_path / "thread.txt"
    path.write_text(THREAD, "utf-8")
    return path


@pytest.fixture
def no_model(tmp_path: Path) -> dict[str, str]:
    """Environment of a user who has no model at all."""
    names = ("ARGOS_PACKAGES_DIR", "DUIYI_MODELS_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOME")
    return {name: str(tmp_path / "nothing" / name) for name in names}


def test_help_and_version(duiyi: Duiyi) -> None:
    shown = duiyi("--help")
    assert shown.returncode == 0
    for command in ("run", "translate", "detect", "models"):
        assert command in shown.stdout
        assert duiyi(command, "--help").returncode == 0
    assert duiyi("--version").stdout.startswith("duiyi")


def test_detect_prints_segments_that_tile(duiyi: Duiyi, thread: Path) -> None:
    for done in (duiyi("detect", thread), duiyi("detect", "-", stdin=THREAD.encode())):
        assert done.returncode == 0
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert "".join(row["text"] for row in rows) == THREAD
        assert [row["lang"] for row in rows] == ["en", "zh", "en", "zh"]
        assert rows[2]["embedded"] == [{"start": 38, "end": 40, "lang": "zh"}]
        assert list(rows[0]) == ["doc_id", "block", "segment", "start", "end", "lang", "script", "text", "embedded"]


def test_a_folder_that_is_not_there_is_named_before_anything_is_translated(
    duiyi: Duiyi, thread: Path, tmp_path: Path
) -> None:
    done = duiyi("translate", thread, "--out", tmp_path / "none" / "out.srt")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"duiyi: cannot write {tmp_path}/none/out.srt: there is no folder {tmp_path}/none; make it, or name another --out"
    ]


def test_translated_documents_begin_on_lines_of_their_own(duiyi: Duiyi, tmp_path: Path) -> None:
    for name, text in (("a.txt", "谢谢。"), ("b.txt", "See you.\n"), ("c.txt", "Bye.")):
        (tmp_path / name).write_text(text, "utf-8")
    lines = duiyi("translate", tmp_path).stdout.splitlines()
    assert len(lines) == 3
    assert lines[1:] == ["See you.", "Bye."]


def test_translate_writes_every_format(duiyi: Duiyi, thread: Path, tmp_path: Path) -> None:
    text = duiyi("translate", thread)
    assert text.returncode == 0
    lines = text.stdout.splitlines()
    assert lines[0] == "Good morning everyone."
    assert lines[2] == ""
    assert lines[3].startswith("I like ")
    assert not any("\u4e00" <= c <= "\u9fff" for c in text.stdout)

    bilingual = duiyi("translate", "--format", "bilingual", thread).stdout.splitlines()
    assert bilingual[1] == "我们明天见。"
    assert bilingual[2] == lines[1]

    rows = [json.loads(line) for line in duiyi("translate", "--format", "jsonl", thread).stdout.splitlines()]
    assert [row["zh"] for row in rows] == ["我们明天见。", "豆腐", "你们自己想想。"]

    page = duiyi(
        "translate", "--format", "html", "-", stdin="他输入了<script>alert(1)</script>这一行。".encode()
    ).stdout
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    out = tmp_path / "memory.tmx"
    assert duiyi("translate", "--format", "tmx", thread, "--out", out).returncode == 0
    units = ElementTree.parse(out).getroot().findall(".//tu")
    assert [unit.findtext("tuv/seg") for unit in units] == ["我们明天见。", "豆腐", "你们自己想想。"]


def test_run_writes_a_dataset_and_says_how_to_read_it(
    duiyi: Duiyi, thread: Path, tmp_path: Path, prefect_server: str
) -> None:
    out = tmp_path / "corpus"
    done = duiyi("run", thread, "--out", out, "--show", 2, PREFECT_API_URL=prefect_server)
    assert done.returncode == 0, done.stderr
    assert str(out) in done.stdout
    assert "我们明天见。" in done.stdout
    assert "1 document written; 3 pairs" in done.stderr
    hint = next(line for line in done.stdout.splitlines() if "open_dataset" in line)
    read = subprocess.run(hint, shell=True, capture_output=True, text=True, check=False)  # noqa: S602
    assert "我们明天见。" in read.stdout, read.stderr
    assert open_dataset(out).pairs.count_rows() == 3


def test_run_with_a_server_of_its_own_is_quiet(duiyi: Duiyi, thread: Path, tmp_path: Path) -> None:
    """Nothing of Prefect's chatter, warnings or tracebacks at exit reaches the user."""
    done = duiyi("run", thread, "--out", tmp_path / "corpus", PREFECT_API_URL=None, CI=None)
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("duiyi: ") for line in done.stderr.splitlines()), done.stderr


def test_dry_run_needs_no_model_and_writes_nothing(
    duiyi: Duiyi, thread: Path, tmp_path: Path, no_model: dict[str, str]
) -> None:
    done = duiyi("run", thread, "--out", tmp_path / "corpus", "--dry-run", DUIYI_MEMORY="off")
    assert done.returncode == 0
    assert "translate 3 different sentences" in done.stdout
    assert not (tmp_path / "corpus").exists()
    assert "duiyi models install" in duiyi("run", thread, "--out", tmp_path / "c", "--dry-run", **no_model).stdout


def test_without_a_model(
    duiyi: Duiyi, thread: Path, tmp_path: Path, prefect_server: str, no_model: dict[str, str]
) -> None:
    environment = {**no_model, "PREFECT_API_URL": prefect_server}
    for command in (["translate", thread], ["run", thread, "--out", tmp_path / "a"]):
        done = duiyi(*command, **environment)
        assert done.returncode == 3
        assert done.stderr.splitlines()[-1] == "duiyi: no translation model is installed; run: duiyi models install"
    assert duiyi("run", thread, "--out", tmp_path / "b", "--engine", "none", **environment).returncode == 0
    english = tmp_path / "english.txt"
    english.write_text("Nothing to translate here.\n")
    assert duiyi("run", english, "--out", tmp_path / "c", **environment).returncode == 0
    assert duiyi("translate", english, **environment).stdout == "Nothing to translate here.\n"


def test_prune_is_a_flag_that_may_be_forced(duiyi: Duiyi, tmp_path: Path, prefect_server: str) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for number in range(10):
        (folder / f"{number}.txt").write_text(f"第{number}页。\n", "utf-8")
    environment = {"PREFECT_API_URL": prefect_server}
    assert duiyi("run", folder, "--out", out, "--engine", "none", **environment).returncode == 0
    for number in range(3):
        (folder / f"{number}.txt").unlink()
    asked = duiyi("run", "--prune", folder, "--out", out, "--engine", "none", "--dry-run")
    assert "3 of 10 documents" in asked.stdout
    assert "--prune=force" in asked.stdout
    told = duiyi("run", "--prune=force", folder, "--out", out, "--engine", "none", "--dry-run")
    assert "would drop 3 documents" in told.stdout
    assert open_dataset(out).documents.count_rows() == 10
    done = duiyi("run", folder, "--out", out, "--engine", "none", "--prune=force", **environment)
    assert (done.returncode, "3 dropped" in done.stderr) == (0, True), done.stderr
    assert open_dataset(out).documents.count_rows() == 7


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "THREAD", "--out", "OUT", "--prune", "--limit", "3"], "--limit"),
        (["run", "THREAD", "--out", "OUT", "--prune=maybe"], "--prune"),
        (["run", "no-such-file.txt", "--out", "OUT"], "no-such-file.txt"),
        (["run", "THREAD"], "--out"),
        (["run", "THREAD", "--out", "OUT", "--engine", "deepl"], "deepl"),
        (["run", "THREAD", "--out", "OUT", "--config", "no-such.toml"], "no-such.toml"),
        (["run", "THREAD", "--out", "THREAD"], "thread.txt"),
        (["translate", "no-such-file.txt"], "no-such-file.txt"),
        (["detect", "no-such-file.txt"], "no-such-file.txt"),
        (["models", "remove", "no-such-model"], "no-such-model"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_says_what(
    duiyi: Duiyi, thread: Path, tmp_path: Path, arguments: list[str], named: str
) -> None:
    places = {"THREAD": str(thread), "OUT": str(tmp_path / "out")}
    done = duiyi(*[places.get(argument, argument) for argument in arguments])
    assert done.returncode == 2
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("duiyi: ")
    assert not (tmp_path / "out").exists()


def test_a_wrong_setting_is_exit_2(duiyi: Duiyi, thread: Path, tmp_path: Path) -> None:
    done = duiyi("run", thread, "--out", tmp_path / "out", DUIYI_TRANSLATION__ARGOS_BEAM="wide")
    assert done.returncode == 2
    assert "translation.argos_beam" in done.stderr


def test_a_broken_document_is_exit_1(duiyi: Duiyi, thread: Path, tmp_path: Path, prefect_server: str) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\x00\x01\x02\xff" * 50)
    done = duiyi("run", thread, tmp_path / "bad.txt", "--out", tmp_path / "out", PREFECT_API_URL=prefect_server)
    assert done.returncode == 1
    assert "bad.txt" in done.stderr
    documents = open_dataset(tmp_path / "out").documents.to_table().to_pandas()
    assert sorted(documents["status"]) == ["failed", "ok"]
    assert duiyi("detect", tmp_path / "bad.txt").returncode == 1


def test_models_list_and_verify(duiyi: Duiyi) -> None:
    listed = duiyi("models", "list").stdout
    assert listed.startswith("argos\ttranslate-zh_en@")
    assert duiyi("models", "verify").returncode == 0


def test_rows_are_documents_of_one_output(duiyi: Duiyi, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "我们明天见。"}\n{"text": 3}\n{"text": "好的。"}\n', "utf-8")
    out = tmp_path / "memory.tmx"
    assert duiyi("translate", "--format", "tmx", rows, "--out", out).returncode == 1, "one row is no text"
    units = ElementTree.parse(out).getroot().findall(".//tu")
    assert [unit.findtext("tuv/seg") for unit in units] == ["我们明天见。", "好的。"]
    text = duiyi("translate", rows)
    assert text.returncode == 1
    assert len(text.stdout.splitlines()) == 2


def test_a_sentence_over_a_line_break_is_english_in_bilingual_too(duiyi: Duiyi, tmp_path: Path) -> None:
    page = tmp_path / "wrapped.md"
    page.write_text("我们明\n天见。好\n的。\n", "utf-8")
    lines = duiyi("translate", "--format", "bilingual", page).stdout.splitlines()
    english = [line for line in lines if line not in {"我们明", "天见。好", "的。"}]
    assert not any("\u4e00" <= c <= "\u9fff" for line in english for c in line)


def test_an_empty_folder_is_nothing_to_do(duiyi: Duiyi, tmp_path: Path, prefect_server: str) -> None:
    (tmp_path / "in").mkdir()
    done = duiyi("run", tmp_path / "in", "--out", tmp_path / "out", "--show", 3, PREFECT_API_URL=prefect_server)
    assert done.returncode == 0
    assert "nothing to do" in done.stderr
    assert done.stdout == ""


def test_output_is_utf8_whatever_the_locale_and_a_closed_pipe_is_no_failure(duiyi: Duiyi, thread: Path) -> None:
    assert "我们明天见。" in duiyi("detect", thread, PYTHONIOENCODING="latin-1", LC_ALL="C").stdout
    command = f"{sys.executable} -m duiyi.flows detect - | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], input=THREAD.encode() * 20_000, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stderr == b""


def test_a_signal_is_not_lost_in_a_finaliser() -> None:
    """Python ignores what is raised there, so the run would have gone on to its end."""
    program = """
import os, signal, time
from duiyi.flows.cli import cli, main

class Deaf:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

@cli.command("linger")
def linger():
    deaf = Deaf()
    del deaf
    time.sleep(20)

main(["linger"])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1].startswith("duiyi: stopped by SIGTERM")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("number", "when"),
    [
        (signal.SIGINT, "translating"),
        (signal.SIGTERM, "translating"),
        (signal.SIGHUP, "translating"),
        (signal.SIGINT, "loading Prefect"),  # which swallowed it
    ],
)
def test_a_signal_stops_a_run_with_one_line_and_exit_4(
    number: signal.Signals, when: str, tmp_path: Path, prefect_server: str
) -> None:
    (tmp_path / "long.txt").write_text(
        "".join(f"第{n}次我们在图书馆门口见面，然后一起去吃饭。\n" for n in range(6_000)), "utf-8"
    )
    command = [sys.executable, "-m", "duiyi.flows", "run", str(tmp_path / "long.txt"), "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PREFECT_API_URL": prefect_server}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as run:
        assert run.stderr is not None
        lines = []
        for line in run.stderr:
            lines.append(line)
            if when in line:
                time.sleep(0.5)
                run.send_signal(number)
                break
        lines += run.stderr.readlines()
        assert run.wait(timeout=60) == 4, lines
    assert lines[-1].startswith(f"duiyi: stopped by {number.name}"), lines
    assert not any("Traceback" in line for line in lines)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for child processes in /proc")
def test_a_killed_run_leaves_no_server_behind(thread: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "duiyi.flows", "run", str(thread), "--out", str(tmp_path / "out")]
    environment = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as run:
        assert run.stderr is not None
        assert any("Prefect server" in line for line in run.stderr)
        children: list[str] = []
        while not children:
            children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        time.sleep(3)  # until the server watches its standard input
        run.kill()
    for _ in range(200):
        if not any(Path(f"/proc/{child}").exists() for child in children):
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {children}")


needs_namespace = pytest.mark.skipif(
    shutil.which("unshare") is None or os.geteuid() != 0, reason="cutting the network needs root and unshare"
)


@needs_namespace
@pytest.mark.parametrize("command", ["run", "translate", "detect"])
def test_offline_means_offline(command: str, thread: Path, tmp_path: Path) -> None:
    """With loopback only, everything works; strace-free proof that nothing else is needed."""
    arguments = [command, str(thread), *(["--out", str(tmp_path / "out")] if command == "run" else [])]
    call = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, "-m", "duiyi.flows"]
    environment = {key: value for key, value in os.environ.items() if key not in {"PREFECT_API_URL", "CI"}}
    done = subprocess.run(
        [*call, *arguments], capture_output=True, text=True, env=environment, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "明" in done.stdout or command != "detect"


def test_what_is_said_is_json_for_a_log_that_wants_it(duiyi: Duiyi, tmp_path: Path) -> None:
    refused = duiyi("run", tmp_path / "missing", "--out", tmp_path / "corpus", "--log-format", "json")
    assert refused.returncode == 2
    (said,) = [json.loads(line) for line in refused.stderr.splitlines()]
    assert said["level"] == "error"
    assert "no such file" in said["message"]
    assert said["time"].endswith("+00:00")
