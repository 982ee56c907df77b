"""Word alignment: what its links are on any tokens, how good they are on the gold set, and that every pair's row has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from duiyi.processors.dictionary.lexicon import lexicon
from duiyi.processors.dictionary.parts import meanings_of_parts
from duiyi.processors.tokens import english_tokens, tokens_of
from duiyi.processors.word_alignment import align_words
from duiyi.processors.word_alignment.attention import Attention, links_from_attention
from eval_words import diagonal, figures, gold
from hypothesis import given, settings
from hypothesis import strategies as st

chinese_tokens = st.lists(
    st.one_of(
        st.sampled_from("我们 的 昨天 三 万 5 2024 ， 。 配置文件 GPT-4 百分之二十 𠮷".split()), st.text(max_size=4)
    ),
    max_size=25,
)
some_english_tokens = st.lists(
    st.one_of(st.sampled_from("we don't of 50,000 yesterday's . , Li two-year one".split()), st.text(max_size=6)),
    max_size=25,
)


def linked(chinese: str, english: str) -> set[tuple[str, str]]:
    zh, en = tokens_of(chinese), english_tokens(english)
    return {(zh[i], en[j]) for i, j in align_words(zh, en)}


@settings(max_examples=150, deadline=None)
@given(chinese_tokens, some_english_tokens)
def test_links_are_places_of_both_lists_in_order_and_each_once(zh: list[str], en: list[str]) -> None:
    links = align_words(zh, en)
    assert list(links) == sorted(set(links))
    assert all(0 <= i < len(zh) and 0 <= j < len(en) for i, j in links)
    assert align_words(tuple(zh), tuple(en)) == links


def test_the_gold_set_speaks_of_its_tokens_and_keeps_sure_and_possible_apart() -> None:
    rows = gold()
    assert len(rows) >= 100
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["zh_tokens"] == tokens_of(row["zh"]) and row["en_tokens"] == english_tokens(row["en"])
        sure, possible = ({tuple(link) for link in row[kind]} for kind in ("sure", "possible"))
        assert sure and not sure & possible
        assert all(0 <= i < len(row["zh_tokens"]) and 0 <= j < len(row["en_tokens"]) for i, j in sure | possible)


@pytest.mark.parametrize("split", ["dev", "held", "tiny"])
def test_its_errors_stay_far_below_those_of_the_diagonal(split: str) -> None:
    rows = gold(split)
    ours = figures(rows, align_words)
    assert ours.error_rate <= 0.2
    assert ours.error_rate < figures(rows, diagonal).error_rate / 2


@pytest.mark.parametrize(
    ("chinese", "english", "expected"),
    [
        ("他不喜欢喝茶。", "He doesn't like to drink tea.", {("他", "He"), ("不", "doesn't"), ("喜欢", "like"), ("。", ".")}),
        ("王小明住在北京。", "Wang Xiaoming lives in Beijing.", {("王小明", "Wang"), ("王小明", "Xiaoming"), ("北京", "Beijing")}),
        ("价格是5万元", "The price is 50,000 yuan", {("价格", "price"), ("是", "is"), ("5", "50,000"), ("万元", "50,000")}),
        ("共有三十五人", "There are thirty five people", {("三十五", "thirty"), ("三十五", "five"), ("人", "people")}),
        ("請打開電視機。", "Please open the television.", {("請", "Please"), ("電視機", "television")}),
        ("我用 Python 写程序", "I write programs in Python", {("Python", "Python"), ("写", "write"), ("程序", "programs")}),
    ],
)  # fmt: skip
def test_words_are_linked_by_meaning_number_name_and_spelling(
    chinese: str, english: str, expected: set[tuple[str, str]]
) -> None:
    assert expected <= linked(chinese, english)


def test_of_like_words_each_is_linked_to_the_one_in_its_place() -> None:
    zh, en = ["我", "说", "，", "他", "听", "，", "你", "看"], ["I", "speak", ",", "he", "listens", ",", "you", "look"]
    assert [link for link in align_words(zh, en) if zh[link[0]] == "，"] == [(2, 2), (5, 5)]


def test_the_work_grows_with_the_sentence_and_not_with_its_square() -> None:
    assert len(align_words(["的", "，"] * 3000, ["of", ","] * 3000)) == 6000


def test_nothing_is_linked_where_there_is_nothing() -> None:
    assert align_words([], ["a"]) == align_words(["一"], []) == ()


def test_parts_of_words_have_probabilities_of_stems_that_the_dictionary_knows() -> None:
    parts = meanings_of_parts()
    assert parts["机"][0][0] == "machin"
    for said in list(parts.values())[::50]:
        assert all(logarithm <= 0 and stem in lexicon().english for stem, logarithm in said)


def test_attention_links_each_english_word_to_what_was_looked_at_most() -> None:
    attention = Attention(["▁我", "喝", "茶", "。"], ["▁I", "▁dr", "ink", "▁tea", "."],
        [[0.9, 0.1, 0, 0, 0], [0.1, 0.5, 0.4, 0, 0], [0, 0.9, 0.1, 0, 0], [0, 0.1, 0.8, 0.1, 0], [0, 0, 0.3, 0.3, 0.4]])  # fmt: skip
    assert links_from_attention(["我", "喝茶", "。"], ["I", "drink", "tea", "."], attention) == (
        (0, 0),
        (1, 1),
        (1, 2),
        (1, 3),
    )
    assert links_from_attention(["我", "喝茶"], ["I", "drink", "tea", "."], attention) is None


def test_what_argos_wrote_can_be_linked_by_its_attention_also_from_the_memory(duiyi, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    stdin = "我们明天开会。\n灯一直在闪红色，没有变蓝。\n".encode()
    environment = {"DUIYI_ALIGNMENT__ARGOS": "attention", "DUIYI_MEMORY__PATH": str(tmp_path / "memory.sqlite")}
    first, again = (
        [json.loads(line)["word_alignment"] for line in done.stdout.splitlines()]
        for done in (duiyi("translate", "--format", "jsonl", "-", stdin=stdin, **environment) for _ in range(2))
    )
    assert first == again and all(first)
    words = duiyi("translate", "--format", "jsonl", "-", stdin=stdin)
    assert [json.loads(line)["word_alignment"] for line in words.stdout.splitlines()] != first


def test_every_pair_with_english_has_its_alignment_in_the_rows(duiyi) -> None:  # type: ignore[no-untyped-def]
    done = duiyi("translate", "--format", "jsonl", "-", stdin="我们明天开会。\n打开设置(Open the settings)\n".encode())
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows
    for row in rows:
        assert (row["word_alignment"] is None) == (row["en"] is None)
        links = [(link["zh"], link["en"]) for link in row["word_alignment"] or ()]
        assert tuple(links) == align_words(row["zh_tokens"], row["en_tokens"] or ())
