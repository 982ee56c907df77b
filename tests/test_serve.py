"""`duiyi serve` as it goes on for months: schedules, runs on demand, files that arrive, kills, and its end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import Duiyi
from serving import Serving, command_of, wait_for

HOUR = 3600


def stored(out: Path) -> dict[str, int]:
    """How often each document stands in the dataset, by the name of its file; nothing is there twice."""
    if not list(out.glob("documents/*.parquet")):
        return {}
    doubled = f"select pair_id from '{out}/pairs/**/*.parquet' group by pair_id having count(*) > 1"
    assert duckdb.sql(doubled).fetchall() == []
    names = duckdb.sql(
        f"select source_uri, count(*) from '{out}/documents/**/*.parquet' group by source_uri"
    ).fetchall()
    return {uri.rsplit("/", 1)[1]: count for uri, count in names}


def pairs(out: Path) -> list[str]:
    return sorted(zh for (zh,) in duckdb.sql(f"select zh from '{out}/pairs/**/*.parquet'").fetchall())


class Place:
    """Folders, and a serve over them."""

    def __init__(self, folder: Path) -> None:
        self.inputs, self.inbox, self.out = folder / "in", folder / "inbox", folder / "corpus"
        for made in (self.inputs, self.inbox):
            made.mkdir()
        for number in range(3):
            (self.inputs / f"{number}.txt").write_text(f"Page {number}.\n这是第{number}页。\n", "utf-8")
        (self.inbox / "early.txt").write_text("早就在这里了。\n", "utf-8")
        (self.inbox / "copying.txt.part").write_text("还没有抄完。\n", "utf-8")
        config = folder / "small.toml"
        config.write_text("[flows]\nshard_documents = 5\n")
        self.serving = Serving(
            self.inputs,
            "--out",
            self.out,
            "--interval",
            5,
            "--watch",
            self.inbox,
            "--engine",
            "argos",
            "--config",
            config,
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("served"))
    place.serving.ready()
    yield place
    if place.serving.process.poll() is None:
        place.serving.terminate()


def test_a_schedule_fires_again_and_again_and_does_not_pile_up(place: Place) -> None:
    serving = place.serving
    deployments = {found["name"] for found in serving.api("POST", "/deployments/filter", json={})}
    assert deployments == {"corpus"}
    runs = wait_for(
        lambda: [run for run in serving.runs("translate-corpus") if run["state_name"] == "Completed"][1:] or None,
        "a second scheduled run",
        serving.process,
    )
    assert runs[0]["name"] == "in"
    assert [run for run in serving.runs("translate-corpus") if run["state_name"] == "Late"] == []
    skipped = {"flow_runs": {"state": {"name": {"any_": ["Skipped"]}}}}
    assert serving.api("POST", "/flow_runs/count", json=skipped) > 0
    beginnings = [line for line in serving.lines if "begins" in line]
    endings = [line for line in serving.lines if line.startswith("duiyi: run ")]
    assert len(beginnings) - len(endings) in {0, 1}, "one at a time"
    assert set(stored(place.out).values()) == {1}
    assert {"0.txt", "1.txt", "2.txt"} <= stored(place.out).keys()


def test_a_run_that_is_asked_for_comes_before_scheduled_ones(place: Place, tmp_path: Path) -> None:
    asked = tmp_path / "asked.txt"
    asked.write_text("请现在翻译。\n", "utf-8")
    at = len(place.serving.lines)
    run_id = place.serving.run_now("translate-files/corpus", files=[str(asked)])
    assert place.serving.wait_for_run(run_id, "Completed")["name"] == "asked.txt"
    beginnings = [line for line in place.serving.lines[at:] if "begins" in line]
    assert "translate-files" in beginnings[0] or "translate-files" in beginnings[1]
    assert stored(place.out)["asked.txt"] == 1


def test_files_that_arrive_are_taken_when_they_are_complete(place: Place) -> None:
    serving = place.serving
    serving.wait_for_line("early.txt arrived")
    (place.inbox / "quick.txt").write_text("一下子就到了。\n", "utf-8")
    with (place.inbox / "slow.txt").open("w", encoding="utf-8") as slow:
        for number in range(4):
            slow.write(f"慢慢写第{number}行。\n")
            slow.flush()
            time.sleep(1.3)  # stands still for longer than the time to settle, but is held open
        assert serving.said("slow.txt arrived") is None
    serving.wait_for_line("slow.txt arrived")
    wait_for(lambda: {"slow.txt", "quick.txt", "early.txt"} <= stored(place.out).keys() or None, "all", serving.process)
    assert set(stored(place.out).values()) == {1}
    assert [zh for zh in pairs(place.out) if zh.startswith("慢慢")] == [f"慢慢写第{number}行。" for number in range(4)]
    assert sorted(path.name for path in place.inbox.iterdir()) == [
        "copying.txt.part",
        "early.txt",
        "quick.txt",
        "slow.txt",
    ]
    assert "copying.txt.part" not in stored(place.out)


def while_it_writes(place: Place, name: str, line: str) -> tuple[list[Path], int]:
    """Two hundred new documents, of which a run is writing the first now; and how many lines serve had said before."""
    more = [place.inputs / f"{name}-{number}.txt" for number in range(200)]
    at = len(place.serving.lines)
    for number, path in enumerate(more):
        path.write_text(line.format(number=number) + "\n", "utf-8")
    place.serving.wait_for_line("duiyi: writing", at)
    return more, at


def test_a_killed_flow_process_is_taken_up_again_and_loses_nothing(place: Place) -> None:
    more, at = while_it_writes(place, "flow", "第{number}份新文件。")
    (flow,) = place.serving.descendants("flow_process")
    os.kill(flow, signal.SIGKILL)
    at = place.serving.wait_for_line("taken up again in 1 s: its process ended by SIGKILL", at)
    place.serving.wait_for_line("run in completed", at)
    assert set(stored(place.out).values()) == {1}
    assert {path.name for path in more} <= stored(place.out).keys()
    assert len([zh for zh in pairs(place.out) if zh.endswith("份新文件。")]) == 200


def test_a_killed_server_comes_back_and_nothing_is_lost(place: Place) -> None:
    more, at = while_it_writes(place, "server", "又是第{number}份。")
    (server,) = place.serving.descendants("server_process")
    os.kill(server, signal.SIGKILL)
    at = place.serving.wait_for_line("server has ended; starting it again", at)
    wait_for(lambda: {path.name for path in more} <= stored(place.out).keys() or None, "all", place.serving.process)
    at = place.serving.wait_for_line("begins", at)
    place.serving.wait_for_line("run in completed", at)
    assert set(stored(place.out).values()) == {1}
    assert len([zh for zh in pairs(place.out) if zh.startswith("又是")]) == 200


def test_status_tells_of_the_runs_without_a_server(place: Place, duiyi: Duiyi) -> None:
    wait_for(lambda: stored(place.out) or None, "a first run", place.serving.process)
    (place.inputs / "broken.docx").write_bytes(b"PK\x03\x04 not a document")
    wait_for(lambda: "broken.docx" in stored(place.out) or None, "the broken one", place.serving.process)
    place.serving.wait_for_line("run in completed", len(place.serving.lines))
    shown = duiyi("status", place.out)
    assert shown.returncode == 0
    assert "  done: " in shown.stdout
    assert "failed: 1 document" in shown.stdout
    assert "broken.docx: " in shown.stdout
    told = json.loads(duiyi("status", place.out, "--json").stdout)
    assert told["runs"][-1]["inputs"] and told["documents"]["failed"] == 1
    missing = duiyi("status", place.inputs)
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)


def test_sigterm_in_the_middle_of_a_run_leaves_no_process_and_a_whole_dataset(place: Place) -> None:
    serving = place.serving
    for number in range(200):
        (place.inputs / f"last-{number}.txt").write_text(f"最后第{number}份。\n", "utf-8")
    serving.wait_for_line("duiyi: writing", len(serving.lines))
    children = serving.descendants()
    assert len(children) >= 2
    assert serving.terminate() == 0
    assert [command_of(pid) for pid in children if "duiyi" in command_of(pid)] == []
    assert "cancelled" in serving.lines[-1]
    assert set(stored(place.out).values()) == {1}
    shutil.rmtree(place.inbox)
