"""Chinese is cut into sentences that are exact slices, and tokens that join to them."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import jieba
import pytest
from duiyi.processors.detection import detect
from duiyi.processors.detection.script import simplified
from duiyi.processors.lines import line_blocks
from duiyi.processors.records import Block
from duiyi.processors.sentences import sentences_of, split_sentences
from duiyi.processors.settings import SentenceSettings, TokenSettings
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


@pytest.fixture(scope="module")
def plain_jieba() -> jieba.Tokenizer:
    tokenizer = jieba.Tokenizer()
    with resources.files("duiyi.config").joinpath("user_dictionary.txt").open("rb") as file:
        tokenizer.load_userdict(file)
    return tokenizer


@given(CHINESE)
@settings(max_examples=200, deadline=None)
def test_tokens_are_those_of_jieba_itself(plain_jieba: jieba.Tokenizer, text: str) -> None:
    """Our tokenizer's inner loops are tighter than jieba's, its words the same."""
    for run in re.findall("[一-鿕]+", simplified(text)):
        assert tokens_of(run) == list(plain_jieba.cut(run))


def test_where_rjieba_differs_from_jieba() -> None:
    """The Rust port keeps hyphens and underscores within Latin words and numbers; we cut those ourselves, so tokens agree."""
    rjieba = pytest.importorskip("rjieba")
    text = "用GPT-4写a_b"
    assert list(jieba.cut(text)) == ["用", "GPT", "-", "4", "写", "a", "_", "b"]
    assert rjieba.cut(text) == ["用", "GPT-4", "写", "a_b"]
    rust = TokenSettings(segmenter="rjieba")
    for same in (
        text,
        "我们训练大语言模型",
        "他来到了网易杭研大厦",
        "我們訓練大語言模型",
        "小明硕士毕业于中国科学院计算所",
    ):
        assert tokens_of(same, rust) == tokens_of(same)


def test_a_users_dictionary_counts_for_both_segmenters(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("云原生网关 300 n\n", "utf-8")
    assert tokens_of("升级云原生网关", TokenSettings(user_dictionary=words)) == ["升级", "云原生网关"]
    pytest.importorskip("rjieba")
    assert tokens_of("升级云原生网关", TokenSettings(user_dictionary=words, segmenter="rjieba")) == [
        "升级",
        "云原生网关",
    ]
