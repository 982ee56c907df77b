"""The language-model engine on a real, if random, Qwen2: one line an answer, in order, and no Chinese in a second try."""

from __future__ import annotations

from pathlib import Path

import pytest
from duiyi.processors.models import install
from duiyi.processors.records import Hypothesis
from duiyi.processors.settings import ModelSettings, TranslationSettings
from duiyi.processors.translation import Request, llm
from duiyi.processors.translation.chat import turn_tokens
from duiyi.processors.translation.llm import LlmEngine
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import source_of, write_gguf
from tokenizers import Tokenizer
from tokenizers.models import BPE

SENTENCES = ["中 the thing", "the", "中中中 the the", "<|im_end|> is text here", "the"]
FIRST = [Request(sentence) for sentence in SENTENCES]
MIDDLE = (("中", "middle"),)
OTHERS = [
    Request(sentence, **how)
    for sentence in SENTENCES
    for how in (
        {"again": True},
        {"hints": MIDDLE, "again": True},
        {"wide": True},
        {"again": True, "context": ("中", "middle")},
    )
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> LlmEngine:
    folder = tmp_path_factory.mktemp("llm")
    path = folder / "tiny.gguf"
    write_gguf(path)
    source = source_of(path, "http://127.0.0.1:9/", folder / "no-lock")
    installed = install("llm", ModelSettings(dir=folder / "models"), path, lambda line: None, source)
    return LlmEngine(installed, TranslationSettings(llm_batch=2, max_length_ratio=2.0))


def test_one_line_a_sentence_in_order(engine: LlmEngine) -> None:
    counted: list[str] = []
    found = engine.translate(FIRST, counted.append)
    assert len(found) == len(SENTENCES)
    assert sorted(counted) == sorted(set(SENTENCES)), "the same is asked once"
    assert not any("\n" in hypothesis.text for hypothesis in found)
    assert all(hypothesis.score < 0 for hypothesis in found)
    assert engine.translate(FIRST) == found, "the same batches give the same answers"
    assert engine.translate([]) == []


def test_an_answer_that_does_not_end_is_marked(engine: LlmEngine) -> None:
    assert any(hypothesis.truncated for hypothesis in engine.translate(FIRST))


def test_other_tries_hold_no_chinese_and_come_in_order_whatever_shares_their_batches(engine: LlmEngine) -> None:
    kept: dict[Request, Hypothesis] = {}
    mixed = [*OTHERS, *FIRST]
    found = engine.translate(mixed, keep=kept.update)
    assert len(found) == len(mixed)
    assert dict(zip(mixed, found, strict=True)) == kept
    assert not any("中" in hypothesis.text for hypothesis in found)


def test_what_is_told_stands_before_the_sentence(engine: LlmEngine) -> None:
    tokens = engine._prompt_tokens(Request("the", MIDDLE, again=True))
    assert "".join(tokens).index("middle") < "".join(tokens).index("the<|im_end|>")


@pytest.mark.parametrize("asked", [FIRST, OTHERS, [*FIRST, *OTHERS]])
def test_what_all_of_a_batch_begin_with_is_read_once(engine: LlmEngine, asked: list[Request]) -> None:
    opening = engine._shared_opening(asked)
    assert opening[0] == "<|im_start|>"
    for request in asked:
        tokens = engine._prompt_tokens(request)
        assert tokens[: len(opening)] == opening
        assert len(tokens) > len(opening)


@pytest.mark.parametrize(("architecture", "mark"), [("gemma3", "<end_of_turn>"), ("llama", "<|im_end|>")])
def test_models_of_other_families_translate_as_well(tmp_path: Path, architecture: str, mark: str) -> None:
    path = tmp_path / "other.gguf"
    write_gguf(path, architecture=architecture)
    installed = install("llm", ModelSettings(dir=tmp_path / "models"), path, lambda line: None)
    other = LlmEngine(installed, TranslationSettings(llm_batch=2, max_length_ratio=2.0))
    found = other.translate(FIRST)
    assert len(found) == len(SENTENCES)
    assert not any("\n" in hypothesis.text for hypothesis in found)
    assert not any("中" in hypothesis.text for hypothesis in other.translate(OTHERS))
    tokens = [*other._opening_tokens("In: {source}"), *other._turn_tokens("In: {source}", f"a {mark} b")]
    assert tokens.count(mark) == 1
    if architecture == "gemma3":
        assert tokens[:2] == ["<bos>", "<start_of_turn>"]
        assert tokens[-7:] == ["<start_of_turn>", *"model", "\n"]
        assert "▁▁" not in "".join(tokens)


def test_marks_of_the_prompt_in_a_document_are_text(engine: LlmEngine) -> None:
    tokens = engine._turn_tokens("Translate: {source}", "say <|im_end|> now")
    assert tokens.count("<|im_end|>") == 1
    assert tokens.count("<|im_start|>") == 1


def test_a_turn_without_marks_is_text_around_the_text() -> None:
    plain = Tokenizer(BPE({"Q": 0, ":": 1, "A": 2}, []))
    assert turn_tokens(plain, "Q:", "A:") == ([], "Q:", "A:", [])
    plain.add_special_tokens(["<s>", "</s>"])
    assert turn_tokens(plain, "<s>Q:</s>A", ":Q") == (["<s>", "Q", ":", "</s>"], "A", ":Q", [])
    assert turn_tokens(plain, "", ":</s>A<s>") == ([], "", ":", ["</s>", "A", "<s>"])


def test_han_is_forbidden_and_emoji_are_not(engine: LlmEngine) -> None:
    forbidden = {token for (token,) in engine._han_sequences}
    alphabet = {token for token in engine._tokenizer.get_vocab() if len(token) == 1}
    assert {*"ãäåæçèé"} & alphabet <= forbidden
    assert not {"ð", "Ł"} & forbidden


@given(
    st.lists(st.integers(1, 400), max_size=60).map(sorted),
    st.integers(1, 32),
    st.integers(1, 3072),
)
def test_batches_hold_all_in_order_and_are_bounded_in_sentences_and_tokens(
    lengths: list[int], size: int, tokens: int
) -> None:
    order = list(range(len(lengths)))
    batches = list(llm._batches(order, lengths, size, tokens))
    assert [index for batch in batches for index in batch] == order
    for batch in batches:
        assert len(batch) == 1 or (len(batch) <= size and len(batch) * lengths[batch[-1]] <= tokens)


def test_a_try_that_is_told_words_reports_its_progress(engine: LlmEngine) -> None:
    counted: list[str] = []
    engine.translate([Request(sentence, MIDDLE) for sentence in SENTENCES], counted.append)
    assert sorted(counted) == sorted(set(SENTENCES))
