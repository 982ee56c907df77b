"""Repair: what must come through does or is flagged, a repair says no less, and nothing is computed twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from pathlib import Path

import pytest
from conftest import Duiyi
from dataset_runs import RUN
from duiyi.processors.analysis import analyse
from duiyi.processors.checks import flags_of, measure
from duiyi.processors.dictionary.coverage import is_name, lacking_words, lost_names, name_alone
from duiyi.processors.errors import UsageError
from duiyi.processors.glossary import Glossary, Term, missed_terms, read_glossary
from duiyi.processors.memory import TranslationMemory, Translator, open_memory
from duiyi.processors.models import install
from duiyi.processors.pairing import pair_up
from duiyi.processors.plan import Tally
from duiyi.processors.protection import lost_spans, protected_spans
from duiyi.processors.reading import read_text
from duiyi.processors.records import Hypothesis
from duiyi.processors.repair import (
    Candidate,
    Translation,
    best,
    clauses_of,
    hints_for,
    joined,
    judged,
    merely_deletes,
    pieces_of,
)
from duiyi.processors.run_summary import RunSummary
from duiyi.processors.settings import CheckSettings, MemorySettings, Settings, load_settings
from duiyi.processors.translation import Request, argos, llm
from duiyi.processors.writing import document_rows
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import source_of, write_gguf

SPANS = [
    "https://example.org/a_b?id=7&x=1", "help@example.com", "@lily_chan", "#Monday", "`make demo`", "{name}", "%s", "%(count)d",
    "<b>", "$HOME", "--dry-run", "/usr/local/bin", "{{ user.name }}", "docs.example.org/setup",
]  # fmt: skip
TERMS = {
    "绩效考核": "performance review",
    "绩效": "performance",
    "甲方": "Party A",
    "注意力机制": "attention mechanism",
}
FRAMES = ["请看{0}，然后告诉{1}。", "我们把{1}写在{0}里", "{0}和{1}都要保留，谢谢大家！", "明天用 {0} 测试{1}的结果"]


def generated(count: int) -> list[str]:
    """Sentences with a protected span and a term each."""
    found = (frame.format(span, term) for span, frame, term in product(SPANS, FRAMES, TERMS))
    return list(islice(found, count))


@pytest.fixture
def glossary(tmp_path: Path) -> Path:
    path = tmp_path / "glossary.tsv"
    path.write_text("# ours\n" + "".join(f"{chinese}\t{english}\n" for chinese, english in TERMS.items()), "utf-8")
    return path


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[TranslationMemory]:
    with open_memory(MemorySettings(path=tmp_path / "memory.sqlite"), pytest.fail) as found:
        yield found


def settings_with(glossary: Path | None, engine: str = "argos", **models: object) -> Settings:
    return load_settings(overrides={"translation": {"engine": engine, "glossary": glossary}, "models": models})


def settings_with_a_language_model(tmp_path: Path, glossary: Path | None, engine: str) -> Settings:
    """A tiny one with random weights is installed in ``tmp_path``."""
    gguf = tmp_path / "tiny.gguf"
    write_gguf(gguf)
    settings = settings_with(glossary, engine, dir=tmp_path / "models")
    install("llm", settings.models, gguf, lambda line: None, source_of(gguf, "http://127.0.0.1:9/", tmp_path / "no"))
    return settings


def assert_intact_or_flagged(sources: list[str], glossary: Path, settings: Settings, memory: TranslationMemory) -> int:
    terms = read_glossary(glossary)
    intact = 0
    for source, found in zip(sources, Translator(memory, settings).translate(sources), strict=True):
        lost = lost_spans(source, found.text or "")
        missed = missed_terms(terms.terms_of(source), found.text or "")
        assert not lost or {"guest_missing", "empty"} & set(found.flags), (source, found)
        assert not missed or {"term_missed", "empty"} & set(found.flags), (source, found)
        intact += not lost and not missed
    return intact


def test_argos_brings_terms_and_placeholders_through(memory: TranslationMemory, glossary: Path) -> None:
    sources = generated(200)
    assert len(set(sources)) == 200
    assert assert_intact_or_flagged(sources, glossary, settings_with(glossary), memory) >= 0.95 * len(sources)


def test_a_language_model_does_too(memory: TranslationMemory, glossary: Path, tmp_path: Path) -> None:
    settings = settings_with_a_language_model(tmp_path, glossary, "llm")
    assert_intact_or_flagged(generated(12), glossary, settings, memory)


def test_what_was_tried_once_is_not_tried_again(
    memory: TranslationMemory, glossary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with(glossary)
    first = Translator(memory, settings).translate(generated(20))

    def never(self: argos.ArgosEngine, requests: Sequence[Request], *_: object, **__: object) -> list[Hypothesis]:
        pytest.fail(f"asked again: {requests}")

    monkeypatch.setattr(argos.ArgosEngine, "translate", never)
    again = Translator(memory, settings).translate(generated(20))
    assert [(one.text, one.flags, one.score) for one in again] == [(one.text, one.flags, one.score) for one in first]


def test_a_glossary_leaves_other_sentences_alone(memory: TranslationMemory, glossary: Path) -> None:
    Translator(memory, settings_with(None)).translate(["这是第3页。", "甲方在哪里"])
    translator = Translator(memory, settings_with(glossary))
    assert translator.new(["这是第3页。", "甲方在哪里"]) == ["甲方在哪里"]
    assert settings_with(glossary).sha256() != settings_with(None).sha256()


def test_the_second_engine_of_a_cascade_sees_only_what_is_flagged(
    memory: TranslationMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with_a_language_model(tmp_path, None, "cascade")
    asked: list[str] = []
    generate = llm.LlmEngine.translate

    def noted(self: llm.LlmEngine, requests: Sequence[Request], *rest: object) -> list[Hypothesis]:
        asked.extend(one.sentence for one in requests)
        return generate(self, requests, *rest)

    monkeypatch.setattr(llm.LlmEngine, "translate", noted)
    sources = ["这是第3页。", "价格是 {price}，共9731件，在 Kuala Lumpur 交货给 Jason Smith。"]
    found = Translator(memory, settings).translate(sources)
    assert found[0].engine == "argos"
    assert "这是第3页。" not in asked


def test_what_stays_faulty_is_tried_with_the_sentence_before_it_where_it_stands_only(
    memory: TranslationMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with_a_language_model(tmp_path, None, "llm")
    asked: list[tuple[str, tuple[str, str]]] = []
    generate = llm.LlmEngine.translate

    def noted(self: llm.LlmEngine, requests: Sequence[Request], *rest: object) -> list[Hypothesis]:
        asked.extend((one.sentence, one.context) for one in requests if one.context is not None)
        return generate(self, requests, *rest)

    monkeypatch.setattr(llm.LlmEngine, "translate", noted)
    faulty = "共9731件，在 Kuala Lumpur 交货。"
    sources = ["这是第3页。", faulty, "今天下雨。", faulty, faulty]
    alone = Translator(memory, settings).translate(sources)
    assert not asked
    assert alone[1] == alone[3] == alone[4]
    assert set(alone[1].flags) - {"low_score"}
    placed = Translator(memory, settings).translate(sources, follows=[False, True, False, True, False])
    expected = {(faulty, (sources[place - 1], alone[place - 1].text)) for place in (1, 3) if alone[place - 1].text}
    assert set(asked) == expected
    assert expected
    assert (placed[4].text, placed[4].flags) == (alone[4].text, alone[4].flags)

    def never(self: llm.LlmEngine, requests: Sequence[Request], *_: object, **__: object) -> list[Hypothesis]:
        pytest.fail(f"asked again: {requests}")

    monkeypatch.setattr(llm.LlmEngine, "translate", never)
    assert Translator(memory, settings).translate(sources, follows=[False, True, False, True, False]) == placed


def test_a_name_that_the_dictionary_knows_is_looked_for() -> None:
    words = ["记者", "12", " ", "日电", "台中", "大众", "地震", "2024", "阿富汗"]
    lacking = lacking_words(words, "A reporter felt the earthquake in Taipei.")
    assert "日电" not in dict(lacking)  # it is 12日 and 电
    assert {pair for pair in lacking if is_name(*pair)} == {("台中", "Taichung"), ("阿富汗", "Afghanistan")}
    assert lacking_words(["台中"], "An earthquake was felt in Taichung.") == []
    assert lost_names("12日电，在平台中，台中一家公司", "A company in Taipei") == [("台中", "Taichung")]
    assert lost_names("台中一家公司", "A company in Taichung") == []
    assert dict(lost_names("我们在台中火车站，不在苏州市", "")) == {"台中": "Taichung", "苏州市": "Suzhou"}
    assert lost_names("苏州人", "What is your name?") == [("苏州", "Suzhou")]
    assert lost_names("自从化疗以后，乌克兰和瑞士军队撤出", "Ukrainian and Swiss troops left") == []
    assert lost_names("山东人", "People of Shanghai") == [("山东", "Shandong")]
    said = Hypothesis("Taizhong", -0.2)
    settings = load_settings().checks
    assert judged("台中", said, (), settings, engine="llm", model="m").lost_names == 1
    assert judged("台中", said, [Term("台中", "Taizhong")], settings, engine="llm", model="m").lost_names == 0
    assert (name_alone("台中"), name_alone("在台中"), name_alone("公司")) == ("Taichung", "", "")


def test_of_like_tries_the_fuller_is_chosen_but_no_fault_is_bought_with_length() -> None:
    source = "我们先去公园散步，然后回家做饭。"
    checks = load_settings().checks

    def tried(text: str) -> Candidate:
        return judged(source, Hypothesis(text, -0.4), (), checks, engine="llm", model="m@1")

    short, full = tried("We walked and then cooked."), tried("We first walked in the park, then went home and cooked.")
    looping = tried("We first walked in the park, " + "then went home and cooked and " * 9)
    for tries in ([short, full, looping], [full, short, looping], [looping, full, short]):
        assert best(source, tries) is full


def test_a_long_answer_with_a_wrong_number_is_no_better_than_a_short_one_without() -> None:
    source = "公司去年卖了350万台，今年打算卖得更多。"
    checks = load_settings().checks

    def tried(text: str) -> Candidate:
        return judged(source, Hypothesis(text, -0.4), (), checks, engine="llm", model="m@1")

    wrong = tried(
        "Last year the company managed to sell some 3.6 million units, and this year it intends to sell even more of them."
    )
    right = tried("Last year the company sold 3.5 million units; this year it plans more.")
    assert wrong.faults == {"number_mismatch"}
    assert best(source, [wrong, right]) is right


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("甲方 Party A\n", "line 1"),
        ("# ok\n甲方\tParty A\n乙方\t\n", "line 3"),
        ("甲方\tParty A\tx\n", "line 1"),
        ("Party A\t甲方\n", "no Chinese before the tab"),
        ("甲方\tParty 甲\n", "Chinese after the tab"),
        ("甲方\tParty A\n甲方\tBuyer\n", "in line 1"),
    ],
)
def test_a_bad_line_of_a_glossary_is_named(tmp_path: Path, lines: str, said: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text(lines, "utf-8")
    with pytest.raises(UsageError, match=said) as raised:
        read_glossary(path)
    assert "\n" not in str(raised.value)


def test_a_bad_glossary_is_one_line_and_exit_code_2(duiyi: Duiyi, tmp_path: Path) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text("甲方\tParty A\n乙方\n", "utf-8")
    done = duiyi("translate", "-", "--glossary", path, stdin="你好。".encode())
    assert done.returncode == 2
    assert "bad.tsv, line 2" in done.stderr
    assert done.stderr.count("\n") == 1
    missing = duiyi("translate", "-", "--glossary", tmp_path / "none.tsv", stdin="你好。".encode())
    assert missing.returncode == 2


def test_the_longest_term_wins_in_either_script() -> None:
    glossary = Glossary([Term("绩效", "performance"), Term("绩效考核", "performance review")])
    assert [term.english for term in glossary.terms_of("绩效考核影响绩效")] == ["performance review", "performance"]
    assert missed_terms([Term("策略", "policy")], "All Policies") == set()
    assert missed_terms([Term("词元", "token")], "tokenized") == {"词元"}


def test_the_example_glossary_is_one() -> None:
    assert len(read_glossary(Path(__file__).parent.parent / "config" / "glossary.tsv")) >= 3


@pytest.mark.parametrize(
    ("source", "first", "other", "deletes"),
    [
        ("他们从来不听老师的话。", "They never 听 the teacher", "They never the teacher", True),
        ("他们从来不听老师的话。", "They never 听 the teacher", "They never listen to the teacher", False),
        ("我今天早上在公司楼下的咖啡店等了你很久", "I waited a long time for 你 at the coffee shop downstairs", "I waited.", True),
        ("这家店很好。", "It is it is it is it is it is it is", "This shop is good.", False),
        ("好", "好", "", True),
    ],
)  # fmt: skip
def test_a_repair_may_not_merely_delete(source: str, first: str, other: str, deletes: bool) -> None:
    assert merely_deletes(source, first, other) is deletes


def test_a_sentence_is_taken_apart_and_put_together() -> None:
    assert clauses_of("我今天早上在楼下等你，你一直都没有来。") == ["我今天早上在楼下等你，", "你一直都没有来。"]
    assert clauses_of("好，走吧。") == ["好，走吧。"]
    said = [Hypothesis("I waited downstairs.", -0.5), Hypothesis("You never came.", -0.3)]
    assert joined(said, clauses=True).text == "I waited downstairs, you never came."
    glossary = Glossary([Term("甲方", "Party A")])
    source = "请甲方打开 https://a.example/x 。"
    pieces = pieces_of(source, glossary.found_in(source), {})
    assert [(piece.text, piece.translate) for piece in pieces] == [
        ("请", True), ("Party A", False), ("打开", True), ("https://a.example/x", False), (".", False)
    ]  # fmt: skip


def test_a_lost_number_is_told_and_put_back_with_its_date() -> None:
    source = "据１２月11日电，县里建了44.83万个岗位，八年来最多。"
    lost = measure(source, Hypothesis("The county built jobs.", None), ())
    also = dict(hints_for(lost, source, ()))
    assert also == {"12月11日": "December 11", "44.83万": "448,300", "八年": "8 years"}
    assert hints_for(lost, "八年来最多。", ()) == (("八年", "8 years"),)
    kept = [piece.text for piece in pieces_of(source, [], also) if not piece.translate]
    assert [text for text in kept if text[0].isalnum()] == ["December 11", "448,300", "8 years"]


@given(st.lists(st.sampled_from([*SPANS, "请看", "，", "结果。", "Jason", " "]), min_size=1, max_size=8))
def test_pieces_hold_every_protected_span_as_it_is(parts: list[str]) -> None:
    source = " ".join(parts)
    pieces = pieces_of(source, [], {"Jason": "Jason"})
    kept = [piece.text for piece in pieces if not piece.translate]
    assert all(span.text in kept for span in protected_spans(source))
    made = joined([Hypothesis(piece.text if not piece.translate else "word", None) for piece in pieces], clauses=False)
    assert lost_spans(source, made.text) == set()


def test_low_score_is_a_doubt_and_not_a_fault(memory: TranslationMemory) -> None:
    doubtful = load_settings(overrides={"translation": {"engine": "argos"}, "checks": {"low_score": 0.0}})
    found = Translator(memory, doubtful).translate(["这是第3页。"])[0]
    assert "low_score" in flags_of("这是第3页。", Hypothesis("This is page 3.", -0.1), CheckSettings(low_score=0.0))
    assert found.flags == ("low_score",)


def test_a_run_says_how_many_were_flagged_mended_and_left() -> None:
    analysis = analyse(read_text("一。二。三。四。", "file:///a.txt"), Settings())
    flags: list[tuple[str, ...]] = [(), ("repaired",), ("echo", "untranslated_han"), ("low_score", "repaired")]
    mended: list[tuple[str, ...]] = [(), ("repetition", "echo"), ("length_ratio",), ("number_mismatch",)]
    made = [
        Translation("English.", -0.5, some, "llm", "m@1", mended=gone, quality=0.5)
        for some, gone in zip(flags, mended, strict=True)
    ]
    rows = document_rows(analysis, pair_up(analysis, made, Settings()), RUN, 0.1)
    assert (rows.documents["pairs_flagged"], rows.documents["pairs_repaired"]) == ([2], [2])
    assert rows.pairs["quality"] == [0.5] * 4
    (counts,) = rows.documents["flags"]
    assert {"flag": "echo", "left": 1, "mended": 1} in counts
    assert {"flag": "length_ratio", "left": 0, "mended": 1} in counts
    summary = RunSummary("out", "run", Tally())
    summary.add(rows)
    summary.tally.decisions["new"] = 1
    line = next(line for line in summary.lines() if line.startswith("flagged"))
    assert line.startswith(
        "flagged: 3 pairs; mended by another try: 2 (repetition 1, echo 1, length_ratio 1, number_mismatch 1); left: 2 ("
    )
    assert "echo 1" in line
