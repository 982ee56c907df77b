"""Documents that come in two languages, as two files: their names say it, and the Chinese one's rows hold the English."""

from __future__ import annotations

from pathlib import Path

import pytest
from dataset_runs import NO_ENGINE, run_library
from duiyi.processors.reading import Source, find_sources
from duiyi.processors.reading.twins import chinese_twins, english_twin
from duiyi.processors.records import document_id
from duiyi.processors.writing import open_dataset

FERRY = ("渡轮每天早上七点开往岛上。", "The ferry leaves for the island at seven every morning.")
COOK = ("厨师把鱼和姜一起蒸。", "The cook steams the fish together with ginger.")
PRICE = ("门票价格从 2019 年起没有变过。", "The price of tickets has not changed since 2019.")
PAIRS = [FERRY, COOK, PRICE]


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(lines) + "\n", "utf-8")
    return path


def told(out: Path) -> dict[str, tuple[str, str]]:
    """Chinese → its author's English and the document that holds it."""
    rows = open_dataset(out).pairs.to_table().to_pylist()
    return {row["zh"]: (row["en"], row["en_doc_id"]) for row in rows if row["origin"] == "author"}


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("m/guide.zh.md", "m/guide.en.md"),
        ("d/zh/a/intro.md", "d/en/a/intro.md"),
        ("d/zh-CN/b.md", "d/en-US/b.md"),
        ("m/notes_cn.txt", "m/notes_en.txt"),
        ("m/说明-中文.txt", "m/说明-英文.txt"),
        ("m/READ.ZH.md", "m/READ.EN.md"),
        ("m/lonely.zh.md", None),
        ("m/senate.md", None),
        ("zhou/a.md", None),
        ("m/guide.en.md", None),
    ],
)
def test_twins_are_told_by_their_names(chinese: str, english: str | None, tmp_path: Path) -> None:
    path = write(tmp_path / chinese, "好。")
    twin = None if english is None else write(tmp_path / english, "Good.").resolve()
    assert english_twin(path) == twin
    if twin is not None:
        assert chinese_twins(twin) == [path.resolve()], "the other way round too"


def test_of_two_english_versions_neither_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zh.md", "好。")
    write(tmp_path / "a.en.md", "Good.")
    write(tmp_path / "a.en-GB.md", "Jolly good.")
    assert english_twin(path) is None


def test_a_document_has_its_twin_whatever_else_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "zh" / "a.md", "好。")
    twin = write(tmp_path / "en" / "a.md", "Good.")

    def twins(*inputs: Path) -> list[Path | None]:
        return [
            one.twin for one in find_sources([str(named) for named in inputs], exclude=None) if isinstance(one, Source)
        ]

    assert twins(path) == [twin.resolve()]
    assert twins(path, twin) == [twin.resolve(), None]
    assert twins(tmp_path / "zh") == [twin.resolve()]
    assert twins(tmp_path) == [None, twin.resolve()]


def test_the_chinese_rows_hold_the_english_of_the_twin(tmp_path: Path) -> None:
    write(tmp_path / "in" / "zh" / "a.md", *(zh for zh, _ in PAIRS), "我们还没决定谁去接他。")
    english = write(tmp_path / "in" / "en" / "a.md", *(en for _, en in PAIRS))
    run_library([tmp_path / "in"], tmp_path / "out")
    doc_id = document_id(english.resolve().as_uri())
    assert told(tmp_path / "out") == {zh: (en, doc_id) for zh, en in PAIRS}
    text = english.read_text("utf-8")
    for row in open_dataset(tmp_path / "out").pairs.to_table().to_pylist():
        assert row["en"] == text[row["en_start"] : row["en_end"]]


def test_rows_follow_the_english_when_it_changes_or_goes(tmp_path: Path) -> None:
    chinese = write(tmp_path / "in" / "a.zh.md", *(zh for zh, _ in PAIRS))
    english = write(tmp_path / "in" / "a.en.md", *(en for _, en in PAIRS))
    out = tmp_path / "out"
    run_library([tmp_path / "in"], out, NO_ENGINE)
    assert len(told(out)) == 3
    assert run_library([tmp_path / "in"], out, NO_ENGINE).decisions == {"unchanged": 2}
    write(english, FERRY[1], "The cook steams a fish, always with a lot of ginger.")
    assert run_library([tmp_path / "in"], out, NO_ENGINE).decisions == {"changed": 2}
    assert told(out)[FERRY[0]][0] == FERRY[1]
    assert PRICE[0] not in told(out)
    english.unlink()
    assert run_library([tmp_path / "in"], out, NO_ENGINE).decisions == {"changed": 1}
    assert told(out) == {}
    write(chinese, FERRY[0], FERRY[1])
    run_library([tmp_path / "in"], out, NO_ENGINE)
    assert told(out) == {FERRY[0]: (FERRY[1], document_id(chinese.resolve().as_uri()))}
