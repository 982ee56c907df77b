"""Chinese is cut into sentences that are exact slices, and tokens that join to them."""

from __future__ import annotations

import pytest
from duiyi.processors.detection import detect
from duiyi.processors.lines import line_blocks
from duiyi.processors.records import Block
from duiyi.processors.sentences import sentences_of, split_sentences
from duiyi.processors.settings import SentenceSettings
from duiyi.processors.tokens import tokens_of
from hypothesis import given, settings
from hypothesis import strategies as st

CHINESE = st.text(
    alphabet=st.one_of(
        st.sampled_from("你好的了是我们为什麼𠮷〇㐂。！？；…，、“”（）\"'.!?;: \n1３Aａ"),
        st.characters(categories=["L", "P", "Z"]),
    ),
    max_size=120,
)


def cut(text: str, most: int = 200) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, most)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天下雨。我没带伞！怎么办？", ["今天下雨。", "我没带伞！", "怎么办？"]),
        ("他说：“快走。”我没动。", ["他说：“快走。”", "我没动。"]),
        ("真的吗?!那好吧...", ["真的吗?!", "那好吧..."]),
        ("英文就高人一等吗 ?不是", ["英文就高人一等吗 ?", "不是"]),
        ("1. 打开设置。2. 点网络", ["1. 打开设置。", "2. 点网络"]),
        ("价格是3.5元。版本 v1.2 已发布", ["价格是3.5元。", "版本 v1.2 已发布"]),
        ("请看 https://example.com/?a=1 的说明。好", ["请看 https://example.com/?a=1 的说明。", "好"]),
        ("我……不知道", ["我……不知道"]),
        ("没有标点的一行", ["没有标点的一行"]),
        ("好的。OK!", ["好的。OK!"]),
        ("（完）", ["（完）"]),
        ("- 支持中文\n", ["支持中文"]),
        ("| 说明 |", ["说明"]),
        ("## 安装 ##", ["安装"]),
        ("**为什么？** 因为没有网。", ["**为什么？**", "因为没有网。"]),
        ("-5度很冷", ["-5度很冷"]),
    ],
)
def test_sentence_ends(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@given(CHINESE, st.integers(20, 60))
@settings(max_examples=300, deadline=None)
def test_sentences_cover_all_words_in_order(text: str, most: int) -> None:
    position = 0
    for start, end in split_sentences(text, most):
        assert position <= start < end <= len(text)
        assert end - start <= most
        assert text[start:end] == text[start:end].strip()
        assert not any(c.isalnum() for c in text[position:start]), "words between two sentences"
        position = end
    assert not any(c.isalnum() for c in text[position:])


@given(CHINESE)
@settings(max_examples=300, deadline=None)
def test_tokens_join_to_the_sentence(text: str) -> None:
    assert "".join(tokens_of(text)) == text


def test_tokens_of_both_scripts_are_cut_alike() -> None:
    assert tokens_of("我们训练大语言模型") == ["我们", "训练", "大语言模型"]
    assert tokens_of("我們訓練大語言模型") == ["我們", "訓練", "大語言模型"]
    assert tokens_of("用 GPT-4 好") == ["用", " ", "GPT-4", " ", "好"]


def test_every_run_of_chinese_is_in_a_sentence_or_guest() -> None:
    text = "I like 豆腐 and 豆浆.\n我们 go 吧。\nSaya suka 豆花 sangat.\n"
    blocks = line_blocks(text)
    found = sentences_of(text, detect(text, blocks), blocks, SentenceSettings())
    assert [(s.kind, s.text) for s in found] == [
        ("embedded", "豆腐"),
        ("embedded", "豆浆"),
        ("sentence", "我们 go 吧。"),
        ("embedded", "豆花"),
    ]
    assert all(text[s.start : s.end] == s.text for s in found)


def test_a_sentence_may_run_over_typesetting_breaks() -> None:
    text = "这一句话被排版\n断成了两行。下一句\n也是。\n"
    block = Block(0, len(text), wrapped=True)
    found = sentences_of(text, detect(text, [block]), [block], SentenceSettings())
    assert [s.text for s in found] == ["这一句话被排版\n断成了两行。", "下一句\n也是。"]
    assert [(s.segment, s.sentence) for s in found] == [(0, 0), (1, 0)]
