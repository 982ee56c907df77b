"""``make eval``: what it needs, what it prints and what it keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eval_translation import main, read_sets

PAIRS = [
    line.split("\t")
    for line in (Path(__file__).parent / "models" / "pairs.tsv").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sets: twelve lines with a published system, four without one."""
    chosen = [(zh, en) for zh, en in PAIRS if zh.endswith("。") and zh.count("。") == 1][:12]
    for name, pairs in (("one", chosen), ("two", chosen[:4])):
        place = tmp_path / "sets" / name
        place.mkdir(parents=True)
        (place / "small.src.zh").write_text("".join(f"{zh}\n" for zh, _ in pairs), "utf-8")
        (place / "small.ref.A.en").write_text("".join(f"{en}\n" for _, en in pairs), "utf-8")
    poor = "".join(f"{' '.join(en.split()[:3])} whatever\n" for _, en in chosen)
    (tmp_path / "sets" / "one" / "small.hyp.Poor.en").write_text(poor, "utf-8")
    monkeypatch.setenv("DUIYI_EVAL_DIR", str(tmp_path / "sets"))
    return tmp_path / "sets"


def kept(results: Path) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in results.read_text("utf-8").splitlines()]


def test_each_set_adds_a_row_with_figures_and_signatures(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.md"
    assert main(["--engine", "argos", "--results", str(results)]) == 0
    one, two = kept(results)
    assert one[1:4] == ["one/small", "all 12", "A"] and two[1:4] == ["two/small", "all 4", "A"]
    assert float(one[4]) > 90 and "Poor" in one[6] and two[6] == "–"
    assert "digest:" in one[10] and "duiyi:" in one[10]
    assert "nrefs:1" in one[11] and "bs:1000" in one[11] and "chrF" not in one[11] and "nw:0" in one[12]
    assert float(one[9]) > 0
    said = capsys.readouterr().out
    assert "Poor" in said and "duiyi" in said
    assert main(["--engine", "argos", "--results", str(results)]) == 0
    assert [row[:9] + row[10:] for row in kept(results)[2:]] == [row[:9] + row[10:] for row in (one, two)]


def test_as_many_lines_are_always_the_same_lines(folder: Path) -> None:
    (first, _), (again, _) = read_sets(folder, 5, ["A"]), read_sets(folder, 5, ["A"])
    assert first == again
    assert (len(first.source), first.of) == (5, 12)
    assert [PAIRS[[zh for zh, _ in PAIRS].index(line)][1] for line in first.source] == first.references["A"]
    assert len(first.systems["Poor"]) == 5


def test_stored_answers_are_judged_without_a_model(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs, results = tmp_path / "out.jsonl", tmp_path / "results.md"
    answers = [{"src": zh, "out": "" if number == 0 else "这 stays"} for number, (zh, _) in enumerate(PAIRS)]
    outputs.write_text("".join(json.dumps(one) + "\n" for one in answers), "utf-8")
    assert main(["--outputs", str(outputs), "--units", "lines", "--results", str(results)]) == 0
    row = kept(results)[0]
    assert row[7] == "100.0 %" and row[9] == "–" and "outputs:out.jsonl" in row[10]
    outputs.write_text(json.dumps(answers[0]) + "\n", "utf-8")
    assert main(["--outputs", str(outputs), "--units", "lines", "--results", str(results)]) == 2
    assert "lacks" in capsys.readouterr().err


def test_other_settings_are_told_apart(folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.md"
    for extra in ([], ["--set", "translation.argos_beam=2"], ["--first"]):
        assert main(["--engine", "argos", "--lines", "3", "--results", str(results), *extra]) == 0
    assert len({row[10] for row in kept(results)[::2]}) == 3


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ("one/small.hyp.Poor.en", [], "lines"),
        (None, ["--references", "B"], "small.ref.B.en"),
        (None, ["--set", "nonsense"], "SECTION.NAME=VALUE"),
        (None, ["--set", "translation.beam=x"], "translation.beam"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: str | None,
    arguments: list[str],
    said: str,
) -> None:
    if change is not None:
        (folder / change).write_text("too short\n", "utf-8")
    assert main(["--engine", "argos", "--results", str(tmp_path / "results.md"), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1


def test_it_is_skipped_with_a_line_where_no_folder_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DUIYI_EVAL_DIR", raising=False)
    assert main([]) == 0
    assert "skipped" in capsys.readouterr().out
