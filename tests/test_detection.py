"""What a user may rely on: segments tile the text, mixed lines are split where the language switches."""

from __future__ import annotations

import pytest
from detection_scoring import duiyi_detector, gold, score
from duiyi.processors.detection import detect
from duiyi.processors.detection.boundaries import label_end, sentence_gaps
from duiyi.processors.detection.characters import has_other_than_han
from duiyi.processors.detection.switching import plain_clauses, searched_clauses
from duiyi.processors.records import Block
from hypothesis import example, given, settings
from hypothesis import strategies as st

MIXED = st.text(
    alphabet=st.one_of(
        st.sampled_from("你好的。，“”（）()\"'#@`~|:：  \n\r\t\v\u2028.!?A bc1２Ａ🙂\u200d𠮷〇の한ж"),
        st.characters(),
    ),
    max_size=200,
)


def told(text: str) -> list[tuple[str, str]]:
    return [(segment.lang, segment.text) for segment in detect(text)]


def guests(text: str) -> list[str]:
    return [text[guest.start : guest.end] for segment in detect(text) for guest in segment.embedded]


@given(MIXED)
@example("0\x850\n²")
@settings(max_examples=400, deadline=None)
def test_segments_tile_any_text(text: str) -> None:
    segments = detect(text)
    assert "".join(segment.text for segment in segments) == text
    position = 0
    for number, segment in enumerate(segments):
        assert segment.segment == number
        assert segment.start == position < segment.end
        position = segment.end
        assert segment.text == text[segment.start : segment.end]
        for guest in segment.embedded:
            assert segment.start <= guest.start < guest.end <= segment.end
    for segment in segments[1:]:
        lines = segment.text.splitlines()
        assert not any(line.strip() for line in lines[1:]), "text after a line break"


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.booleans(), st.booleans()), max_size=6), MIXED)
@settings(max_examples=200, deadline=None)
def test_segments_tile_whatever_the_blocks(cuts: list[tuple[int, int, bool, bool]], text: str) -> None:
    blocks, position = [], 0
    for gap, length, code, wrapped in cuts:
        start = min(position + gap, len(text))
        position = min(start + length, len(text))
        if position > start:
            blocks.append(Block(start, position, code, wrapped))
    segments = detect(text, blocks)
    assert "".join(segment.text for segment in segments) == text
    assert [segment.segment for segment in segments] == list(range(len(segments)))


def test_empty_and_blank_documents() -> None:
    assert detect("") == []
    assert told(" \n\t") == [("none", " \n\t")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Same case lah 你们自己想想", [("en", "Same case lah "), ("zh", "你们自己想想")]),
        ("Answer: 没有问题,你也可以用。", [("en", "Answer: "), ("zh", "没有问题,你也可以用。")]),
        ("答：It depends on the weather.", [("zh", "答："), ("en", "It depends on the weather.")]),
        ("我明天去。See you there.", [("zh", "我明天去。"), ("en", "See you there.")]),
        ("Quick Start(快速开始)", [("en", "Quick Start(快速开始)")]),
        ("他说“I will not go.”然后走了。", [("zh", "他说“I will not go.”然后走了。")]),
        ("2024年3月5日", [("zh", "2024年3月5日")]),
        ("2023-03-24 10:32", [("none", "2023-03-24 10:32")]),
        ("Wed, 22 Mar 2023, 11:08 PM", [("none", "Wed, 22 Mar 2023, 11:08 PM")]),
        ("https://example.com/a?b=1", [("none", "https://example.com/a?b=1")]),
        ("今日は天気がいいですね。", [("other", "今日は天気がいいですね。")]),
        ("안녕하세요 여러분", [("other", "안녕하세요 여러분")]),
        ("Terima kasih banyak", [("other", "Terima kasih banyak")]),
        ("pip install -U duiyi", [("none", "pip install -U duiyi")]),
        ('print("你好")  # 打印', [("none", 'print("你好")  # 打印')]),
    ],
)
def test_language_of_each_part(text: str, expected: list[tuple[str, str]]) -> None:
    assert told(text) == expected


def test_guests_are_listed_with_document_offsets() -> None:
    assert guests("\n  GPT-4 和 Python 3.12 都要 RM500，去唱卡拉OK") == ["GPT-4", "Python 3.12", "RM500", "OK"]
    assert guests("I want to eat 宫保鸡丁 today.") == ["宫保鸡丁"]
    assert guests("我们买了3本书，见 https://example.com") == []


def test_code_blocks_and_fences_are_no_language() -> None:
    assert {lang for lang, _ in told("```python\n# 读取文件\nx = 1\n```\n")} == {"none"}
    text = "说明\nprint 你好\n"
    assert [s.lang for s in detect(text, [Block(0, 3), Block(3, len(text), code=True)])] == ["zh", "none"]


def test_a_wrapped_paragraph_is_judged_as_a_whole() -> None:
    text = "这一段讲的是怎样在机器上安装\nPython 3.12\n以及之后要做的事。"
    assert [s.lang for s in detect(text, [Block(0, len(text), wrapped=True)])] == ["zh", "zh", "zh"]


def test_simplified_and_traditional() -> None:
    assert [s.script for s in detect("这个问题\n這個問題\n你好")] == ["Hans", "Hant", None]


@pytest.mark.parametrize("split", ["dev", "held"])
def test_gold_set(split: str) -> None:
    """A floor under what was reached; the figures themselves are printed by the scorer."""
    scores = score(gold(split), duiyi_detector)
    assert scores.languages["zh"].f1 > 0.99
    assert scores.languages["en"].f1 > 0.985
    assert scores.languages["other"].f1 > 0.92
    assert scores.switches.f1 > 0.97
    assert scores.guests.f1 > 0.95


@pytest.mark.parametrize(
    ("text", "slices"),
    [
        ("𠮷野家的 app 很好用\r\nSee you at 𠮷野家.\r\n", ["app", "𠮷野家"]),
        ("e\u0301te\u0301 是 cafe\u0301 里的歌\n🙂👨‍👩‍👧 我爱 Python\n", ["e\u0301te\u0301", "cafe\u0301", "Python"]),
        ("👍🏽\r好的 OK\x85再见 Tom\u2028", ["OK", "Tom"]),
    ],
)
def test_offsets_are_right_beside_astral_characters_combining_marks_and_any_line_end(
    text: str, slices: list[str]
) -> None:
    assert guests(text) == slices
    assert all(segment.text == text[segment.start : segment.end] for segment in detect(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("05/03/2024, 20:17 - Rachel: 还在公司啦", ["en", "zh"]),
        ("[10:33, 12/03/2024] Kevin: 我到停车场了", ["en", "zh"]),
        ("**Warning**: 升级前请先备份数据库", ["en", "zh"]),
        ("科室 Department: 骨科", ["zh", "en", "zh"]),
        ("[ ] Male 男  [ ] Female 女", ["en", "zh", "en", "zh"]),
        ("2,Tang poetry,李白《静夜思》", ["en", "zh"]),
        ("雨伞 [yǔsǎn] - umbrella", ["zh", "en"]),
        ("讀音是 yuán mù qiú yú", ["zh"]),
        ("- Wait! - 讓他走吧", ["en", "zh"]),
        ("“你吃了吗?” the old man asked, without looking up.", ["en"]),
        ("尺寸：12cm × 9cm", ["zh"]),
        ("x = (−b ± √(b² − 4ac)) / 2a", ["none"]),
        ("RM 2.50", ["none"]),
        ("Use https://example.edu/选课 to register.", ["en"]),
        ("Windows 下路径含空格时崩溃", ["zh"]),
        ("春の夜の夢", ["other"]),
    ],
)
def test_causes_that_the_gold_set_showed(text: str, expected: list[str]) -> None:
    assert [segment.lang for segment in detect(text)] == expected


SENTENCES = [
    "我们明天下午在图书馆门口见面",
    "她说这道菜比上一次做得更好吃一些",
    "雨停了",
    "雨下得很大，路上的车都开得很慢",
    "我把新的 App 装在旧手机上了",
    "the meeting was moved to the second floor",
    "Thanks",
    "I left my umbrella at the station, but nobody saw it",
    "version 2",
    "3in of snow fell on the roof",
    "please call Dr",
    "Model X9",
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(SENTENCES),
            st.sampled_from(["。", ". ", "! ", "？", "…", " ", "", "，", "; ", " 7", '."', ": "]),
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=400, deadline=None)
def test_lines_that_need_no_search_have_the_clauses_that_a_search_finds(parts: list[tuple[str, str]]) -> None:
    line = "".join(sentence + mark for sentence, mark in parts)
    gaps = sentence_gaps(line)
    plain = None if label_end(line) else plain_clauses(line, gaps)
    if plain is not None and has_other_than_han(line):  # what is all Chinese is not asked for its clauses
        assert plain == searched_clauses(line, 0, gaps)


@pytest.mark.parametrize("name", ["Python 3.12", "Windows 11", "VS Code 1.9", "Node 20"])
def test_a_product_with_its_number_at_the_end_of_a_sentence_is_a_guest(name: str) -> None:
    (segment,) = detect(f"请先安装 {name}。")
    assert segment.lang == "zh"
    assert [segment.text[guest.start : guest.end] for guest in segment.embedded] == [name]
    assert [one.lang for one in detect("出口 Exit 3")] == ["zh", "en"]
