"""The analysis guide: every answer in it is run, and DuckDB, polars and pandas agree."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from made_datasets import write_rows

DATA = Path(__file__).parent.parent / "data"
QUESTIONS = re.split(r"^## (?=\d\.)", (DATA / "ANALYSIS.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
FIVE_PAIRS = [
    ("年报出来了吗？", "Is the annual report out?", "author", []),
    ("年报出来了吗？", "Has the annual report come out?", "machine", []),
    ("年报出来了吗？", None, "machine", ["empty"]),
    ("那份报告写得很长。", "The Annual Report is long.", "machine", ["repaired"]),
    ("窗边的钢琴走音了。", "The piano is out of tune 3 times.", "machine", ["number_mismatch", "repaired"]),
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the dataset ``corpus`` stands."""
    folder = tmp_path_factory.mktemp("guide")
    uris = [f"file:///posts.jsonl#id={number}" for number in range(14)]
    pairs = [
        {"source_uri": uris[(thread + number) % 12], "zh": zh, "en": en, "origin": origin, "flags": flags,
         "model": "tiny@1" if origin == "machine" else None}
        for thread in range(4) for number, (zh, en, origin, flags) in enumerate(FIVE_PAIRS)
    ]  # fmt: skip
    documents = [
        {"source_uri": uri, "cmi": 11.0 * (number % 5), "i_index": number / 40, "characters": 30 + 5 * number, "zh_characters": number % 3,
         "metadata": f'{{"date": "2025-{1 + number % 4:02}-09", "author": "林"}}' if number != 3 else None}
        for number, uri in enumerate(uris[:13])
    ]  # fmt: skip
    broken = {
        "source_uri": uris[13],
        "status": "failed",
        "error": "not text",
        "cmi": None,
        "i_index": None,
        "characters": None,
    }
    write_rows(folder / "corpus", pairs, [*documents, broken])
    return folder


def blocks(question: str) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```", question, flags=re.MULTILINE | re.DOTALL)


def rows_of(answer: Any) -> list[tuple[Any, ...]]:
    if hasattr(answer, "itertuples"):
        with_none = answer.astype(object).where(answer.notna(), None)  # pandas has NaN for null
        return [tuple(row) for row in with_none.itertuples(index=False)]
    return list(answer.rows())


def plain(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Numbers as Python has them, to three digits: the engines keep float32 differently."""
    return [
        tuple(round(float(cell), 3) if isinstance(cell, float) or hasattr(cell, "dtype") else cell for cell in row)
        for row in rows
    ]


def test_the_guide_answers_five_questions_three_times_each() -> None:
    assert [[language for language, _ in blocks(question)] for question in QUESTIONS] == [
        ["sql", "python", "python"]
    ] * 5


@pytest.mark.parametrize("number", range(5))
def test_duckdb_polars_and_pandas_give_the_same_answer(
    number: int, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus)
    (_, sql), (_, polars), (_, pandas) = blocks(QUESTIONS[number])
    answers = [plain(duckdb.sql(sql).fetchall())]
    for code in (polars, pandas):
        names: dict[str, Any] = {}
        exec(code, names)  # noqa: S102
        answers.append(plain(rows_of(names["answer"])))
    assert answers[0]
    assert answers[0] == answers[1] == answers[2]


def test_the_answers_are_right(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(corpus)
    mixed, about, reliable, months, both = (duckdb.sql(blocks(question)[0][1]).fetchall() for question in QUESTIONS)
    assert len(mixed) == 10
    assert [row[1] for row in mixed] == sorted((row[1] for row in mixed), reverse=True)
    assert len(about) == 16
    assert reliable == [("author", "", 4, 0.0), ("machine", "tiny@1", 16, 50.0)]
    assert [row[:2] for row in months] == [("2025-01", 4), ("2025-02", 3), ("2025-03", 3), ("2025-04", 2)]
    assert both == [("年报出来了吗？", "Is the annual report out?", "Has the annual report come out?")]


def test_the_example_notebook_runs_over_a_dataset(corpus: Path) -> None:
    done = subprocess.run(
        [sys.executable, DATA / "explore.py", corpus / "corpus"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "14 documents, 20 pairs" in done.stdout
