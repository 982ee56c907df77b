"""A run may end anywhere: what is stored can be read, and the next run brings about what an undisturbed one would have."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import duckdb
import pytest
from dataset_runs import run_library, same_rows
from killed_runs import operations_of, settings_of, start_run

TABLES = ("pairs", "segments", "documents")
SMALL = settings_of(writing={"buckets": 2}, flows={"shard_documents": 2})


def texts_of(inputs: Path) -> dict[str, str]:
    return {path.as_uri(): path.read_text("utf-8") for path in inputs.glob("*.txt")}


def write_inputs(inputs: Path, changed: bool) -> dict[str, str]:
    """Two texts and a file of rows; with changes: one text other, one new, one row mended."""
    inputs.mkdir(exist_ok=True)
    for number in range(2):
        (inputs / f"{number}.txt").write_text(f"Page {number}.\n这是第{number}页。我们 go 吧。\n", "utf-8")
    if changed:
        (inputs / "1.txt").write_text("只有一句了。\n", "utf-8")
        (inputs / "new.txt").write_text("Something new.\n新的一页，新的开始。\n", "utf-8")
    second = {"id": 2, "text": "好的。"} if changed else {"id": 2, "words": "?"}
    (inputs / "rows.jsonl").write_text(
        json.dumps({"id": 1, "text": "你好。"}) + "\n" + json.dumps(second) + "\n", "utf-8"
    )
    return texts_of(inputs)


def check_readable(out: Path, *versions: dict[str, str]) -> set[str]:
    """Every reader finds each document once and whole, in one of its versions; the URIs that are stored."""
    if not list(out.glob("documents/*.parquet")):
        return set()
    read = {
        table: f"read_parquet('{out}/{table}/**/*.parquet', filename=true)"
        for table in TABLES
        if list(out.glob(f"{table}/*.parquet"))
    }
    assert duckdb.sql(f"select doc_id from {read['documents']} group by doc_id having count(*) > 1").fetchall() == []
    for table, found in read.items():
        scattered = f"select doc_id from {found} group by doc_id having count(distinct filename) > 1"
        assert duckdb.sql(scattered).fetchall() == [], table
    assert duckdb.sql(f"select pair_id from {read['pairs']} group by pair_id having count(*) > 1").fetchall() == []
    whole = dict(
        duckdb.sql(
            f"""select source_uri, string_agg(text, '' order by segment) from {read["segments"]} join {read["documents"]}
            using (doc_id) where status = 'ok' group by source_uri"""
        ).fetchall()
    )
    for uri, text in whole.items():
        if "#" not in uri:
            assert text in {version.get(uri) for version in versions}, uri
    return {uri for (uri,) in duckdb.sql(f"select source_uri from {read['documents']}").fetchall()}


@pytest.mark.parametrize("existing", [False, True], ids=["a new dataset", "a dataset that exists"])
def test_a_kill_before_and_after_every_change_of_the_disk_loses_and_doubles_nothing(
    existing: bool, tmp_path: Path
) -> None:
    """Nothing happens on the disk between two changes, so after one is also before the next."""
    inputs = tmp_path / "in"
    base = tmp_path / "base"
    before: dict[str, str] = {}
    if existing:
        before = write_inputs(inputs, changed=False)
        run_library([inputs], base, SMALL)
    after = write_inputs(inputs, changed=True)
    undisturbed = tmp_path / "undisturbed"
    if existing:
        shutil.copytree(base, undisturbed)
    operations = operations_of([inputs], undisturbed, SMALL)
    expected = same_rows(undisturbed)
    kinds = {operation.split()[0] for operation in operations}
    assert {"write_group", "finish", "rename", "unlink"} <= kinds
    for last in range(len(operations)):
        out = tmp_path / "out"
        if existing:
            shutil.copytree(base, out)
        killed = start_run([inputs], out, SMALL, last=last)
        killed.join()
        assert killed.exitcode == -signal.SIGKILL, operations[last]
        stored = check_readable(out, before, after)
        assert before.keys() <= stored, operations[last]
        run_library([inputs], out, SMALL)
        assert same_rows(out) == expected, operations[last]
        assert check_readable(out, after) >= after.keys()
        assert not [path for path in out.rglob("*") if path.suffix == ".tmp" or ".staging" in path.parts[:-1]]
        shutil.rmtree(out)


def test_whole_runs_killed_at_any_moment_lose_and_double_nothing(tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    for number in range(40):
        (inputs / f"{number}.txt").write_text(f"Page {number}.\n这是第{number}页。\n", "utf-8")
    busy = settings_of(writing={"buckets": 4, "staged_bytes": 0}, flows={"shard_documents": 3})
    out = tmp_path / "out"
    run_library([inputs], out, busy)
    started = time.monotonic()
    run_library([inputs], tmp_path / "timed", busy)
    lasts = time.monotonic() - started
    moments = random.Random(4)  # noqa: S311 - nobody is to be surprised
    versions = [texts_of(inputs)]
    kills = 0
    while kills < 20:
        for number in moments.sample(range(40), 20):
            (inputs / f"{number}.txt").write_text(f"Page {number}.\n这是第{number}页，第{len(versions)}次。\n", "utf-8")
        versions.append(texts_of(inputs))
        run = start_run([inputs], out, busy)
        time.sleep(lasts * moments.random())
        run.kill()
        run.join()
        kills += run.exitcode == -signal.SIGKILL
        check_readable(out, *versions)
    run_library([inputs], out, busy)
    run_library([inputs], tmp_path / "anew", busy)
    assert same_rows(out) == same_rows(tmp_path / "anew")


def test_a_killed_command_is_made_good_by_the_next(tmp_path: Path, prefect_server: str) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    for number in range(300):
        (inputs / f"{number}.txt").write_text(f"Page {number}.\n这是第{number}页。\n", "utf-8")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "duiyi.flows", "run", str(inputs), "--out", str(out), "--engine", "none"]
    environment = {
        **os.environ,
        "PREFECT_API_URL": prefect_server,
        "DUIYI_FLOWS__SHARD_DOCUMENTS": "20",
        "DUIYI_WRITING__STAGED_BYTES": "0",
    }
    for commits in (2, 5):
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as run:
            assert run.stderr is not None
            lines = (line for line in run.stderr if "writing" in line)
            assert len(list(islice(lines, commits))) == commits
            run.kill()
        check_readable(out, texts_of(inputs))
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    settings = settings_of(translation={"engine": "none"})
    run_library([inputs], tmp_path / "undisturbed", settings)
    assert same_rows(out) == same_rows(tmp_path / "undisturbed")
