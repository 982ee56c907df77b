"""A language model in a GGUF becomes a CTranslate2 model that computes the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest
import sentencepiece
from duiyi.processors.errors import ModelInstallError
from duiyi.processors.models.gguf.checkpoint import CONTROL, FAULTS, NORMAL, Checkpoint, parts_of, read_checkpoint
from duiyi.processors.models.gguf.conversion import convert
from duiyi.processors.models.gguf.tokenizer import build_tokenizer
from duiyi.processors.models.gguf.weights import quantise_rows
from tiny_models import CHATML, FAMILIES, Floats, language_model_logits, pieces, vocabulary, write_gguf
from tokenizers import Tokenizer


def silent(_: str) -> None:
    pass


def converted(folder: Path, **how: Any) -> tuple[Path, dict[str, Floats]]:
    """The folder of a tiny model, and its weights as they are after rounding to int8."""
    weights = write_gguf(folder / "tiny.gguf", **how)
    model = folder / "model"
    model.mkdir()
    convert(read_checkpoint([folder / "tiny.gguf"]), folder / "tiny.gguf", model, silent)
    for name, values in weights.items():
        if values.ndim == 2:
            rows, scale = quantise_rows(values)
            weights[name] = rows / scale[:, None]
    return model, weights


def load(model: Path) -> ctranslate2.Generator:
    return ctranslate2.Generator(str(model), device="cpu", compute_type="float32", intra_threads=1)


def some_ids(count: int, tokens: list[str], seed: int = 1) -> list[int]:
    return [int(number) for number in np.random.default_rng(seed).integers(0, len(tokens), count)]


@pytest.mark.parametrize("how", [{"quantised": True}, {"quantised": False}, {"tied": True}], ids=str)
def test_computes_what_qwen2_computes(tmp_path: Path, how: dict[str, bool]) -> None:
    model, weights = converted(tmp_path, **how)
    ids = some_ids(12, vocabulary()[0])
    expected = language_model_logits(weights, ids, FAMILIES["qwen2"])
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(np.array(load(model).forward_batch([ids]))[0], expected, atol=2e-3)


@pytest.mark.parametrize("architecture", FAMILIES)
def test_generates_what_each_family_finds_likely(tmp_path: Path, architecture: str) -> None:
    """Batches of prompts of unlike lengths after a common beginning, as the engine asks; scores are mean log-probabilities."""
    family = FAMILIES[architecture]
    model, weights = converted(tmp_path, architecture=architecture)
    tokens = pieces()[0] if family.gemma else vocabulary()[0]
    opening, prompts = some_ids(2, tokens), [some_ids(count, tokens, count) for count in (2, 5, 9, 14)]
    results = load(model).generate_batch(
        [[tokens[number] for number in prompt] for prompt in prompts],
        static_prompt=[tokens[number] for number in opening],
        max_length=8,
        include_prompt_in_result=False,
        end_token=[],
        return_scores=True,
    )
    for prompt, result in zip(prompts, results, strict=True):
        answer = result.sequences_ids[0]
        expected = language_model_logits(weights, [*opening, *prompt, *answer], family)[-len(answer) - 1 : -1]
        expected -= expected.max(-1, keepdims=True)
        likely = expected - np.log(np.exp(expected).sum(-1, keepdims=True))
        assert answer == likely.argmax(-1).tolist()
        assert result.scores[0] == pytest.approx(likely.max(-1).mean(), abs=1e-3)


def test_a_model_of_the_llama_family_without_slower_rotation(tmp_path: Path) -> None:
    """Mistral and Llama up to 3.0 have no ``rope_freqs``; some scale all frequencies alike."""
    for number, changes in enumerate(
        [{}, {"llama__rope__scaling__type": "linear", "llama__rope__scaling__factor": 4.0}]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        model, weights = converted(folder, architecture="llama", frequencies=False, **changes)
        family = replace(FAMILIES["llama"], frequencies=False, slower=4.0 if changes else 1.0)
        ids = some_ids(12, vocabulary()[0])
        expected = language_model_logits(weights, ids, family)
        np.testing.assert_allclose(np.array(load(model).forward_batch([ids]))[0], expected, atol=2e-3)


def test_tied_embeddings_are_stored_once(tmp_path: Path) -> None:
    (tmp_path / "tied").mkdir()
    (tmp_path / "untied").mkdir()
    tied, _ = converted(tmp_path / "tied", tied=True)
    untied, _ = converted(tmp_path / "untied", tied=False)
    difference = (untied / "model.bin").stat().st_size - (tied / "model.bin").stat().st_size
    assert difference == pytest.approx(len(vocabulary()[0]) * 64, rel=0.1)


def test_int8_rows_are_within_half_a_step() -> None:
    values = np.random.default_rng(3).normal(0, 1, (50, 70)).astype(np.float32)
    values[7] = 0
    values[8] = 1e-44
    rows, scale = quantise_rows(values)
    assert rows.dtype == np.int8
    assert np.isfinite(scale).all()
    assert np.abs(rows[9:]).max(axis=1).tolist() == [127] * 41
    assert (np.abs(values - rows / scale[:, None]) <= 0.5001 / scale[:, None]).all()


def test_weights_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="not numbers"):
        quantise_rows(np.array([[1.0, np.nan]], np.float32))


def test_tokenizer_follows_the_file(tmp_path: Path) -> None:
    model, _ = converted(tmp_path)
    tokens = vocabulary()[0]
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    for text in ("the 中文, 1234\n\n  x", "𠮷〇 👨‍👩‍👧 don't", "<|im_start|>user\nthe<|im_end|>"):
        encoded = tokenizer.encode(text)
        assert tokenizer.decode(encoded.ids, skip_special_tokens=False) == text
        assert encoded.tokens == [tokens[number] for number in encoded.ids]
    assert len(tokenizer.encode("the中<|im_end|>").ids) == 3
    assert tokenizer.encode("12").tokens == ["1", "2"]
    assert tokenizer.decode(tokenizer.encode("a<|im_end|>").ids) == "a"
    assert tokenizer.token_to_id("[PAD0]") is None
    # é as e and a combining accent becomes one character (NFC), as the published tokenizer does
    assert tokenizer.encode("e\u0301").ids == tokenizer.encode("\u00e9").ids


def test_tokenizer_of_a_llama(tmp_path: Path) -> None:
    model, _ = converted(tmp_path, architecture="llama")
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    assert tokenizer.encode("the 中文").tokens[0] == "the"
    text = "12345 e\u0301"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text, "accents stay as they are"


def test_what_the_chat_template_uses_as_a_mark_is_none_in_a_document(tmp_path: Path) -> None:
    """Files call some marks (``<think>``, Gemma's turns) tokens of a user's own, which text could contain."""
    template = CHATML.replace("assistant{{", "assistant<tool_call>{{")
    model, _ = converted(tmp_path, tokenizer__chat_template=template)
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    assert tokenizer.encode("<tool_call>").tokens == ["<tool_call>"]
    tokenizer.encode_special_tokens = True
    assert "<tool_call>" not in tokenizer.encode("<tool_call>").tokens


def test_tokenizer_of_a_sentencepiece_model_cuts_as_sentencepiece_does(tmp_path: Path) -> None:
    lines = [
        f"the {word} thing, and 中文{word}的句子。"
        for word in ("cat", "catalogue", "logging", "theatre", "机器", "翻译")
    ]
    (tmp_path / "lines.txt").write_text("\n".join(lines * 4), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "lines.txt"),
        model_prefix=str(tmp_path / "tiny"),
        model_type="bpe",
        vocab_size=340,
        byte_fallback=True,
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        normalization_rule_name="identity",
        control_symbols=["<mark>"],
        minloglevel=2,
    )
    reference = sentencepiece.SentencePieceProcessor(str(tmp_path / "tiny.model"))
    numbers = range(reference.vocab_size())
    tokenizer = build_tokenizer(
        Checkpoint(
            scalars={"tokenizer.ggml.model": "llama", "tokenizer.ggml.unknown_token_id": reference.unk_id()},
            tokens=[reference.id_to_piece(number) for number in numbers],
            token_types=[
                CONTROL
                if reference.is_control(n)
                else 6
                if reference.is_byte(n)
                else 2
                if reference.is_unknown(n)
                else NORMAL
                for n in numbers
            ],
            merges=[],
            scores=[reference.get_score(number) for number in numbers],
            tensors={},
        )
    )
    for text in (*lines, "  two  spaces ", "𠮷 is not in it\n", "thecatthecat的的的", "</s> e\u0301"):
        ids = tokenizer.encode(text).ids
        assert tokenizer.decode(ids, skip_special_tokens=False) == text
        if "</s>" not in text:
            assert ids == reference.encode(text)
    tokenizer.encode_special_tokens = True
    assert "</s>" not in tokenizer.encode("</s>").tokens, "a mark in a document is text"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "mamba"}, "its architecture is mamba; known are gemma, gemma3, llama, qwen2, qwen3"),
        ({"qwen2__rope__scaling__type": "yarn"}, r"scales its rotary embeddings in a manner \(yarn\)"),
        ({"qwen2__rope__dimension_count": 8}, "only a part of each head"),
        ({"qwen2__attn_logit_softcapping": 50.0}, "caps its attention"),
        ({"architecture": "qwen3", "extra": "blk.0.attn_gate.weight"}, "a qwen3 has not: blk.0.attn_gate.weight"),
        ({"tokenizer__ggml__model": "bert"}, "its vocabulary is 'bert'; known are gpt2, llama"),
        ({"tokenizer__ggml__pre": "falcon"}, "in the manner 'falcon'; known are qwen2, llama-bpe, tekken"),
        ({"tokenizer__chat_template": None}, "carries no chat template"),
    ],
)
def test_other_models_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "other.gguf"
    write_gguf(path, **changes)
    with pytest.raises(ModelInstallError, match=message) as caught:
        convert(read_checkpoint([path]), path, tmp_path, silent)
    assert "\n" not in str(caught.value)


def test_the_parts_of_a_split_model(tmp_path: Path) -> None:
    parts = [tmp_path / f"big-{number:05d}-of-00003.gguf" for number in (1, 2, 3)]
    for part in parts[:2]:
        part.touch()
    with pytest.raises(ValueError, match=r"one of 3 parts, of which big-00003-of-00003.gguf must lie beside it"):
        parts_of(parts[1])
    parts[2].touch()
    assert parts_of(parts[1]) == parts
    assert parts_of(tmp_path / "whole.gguf") == [tmp_path / "whole.gguf"]


def test_broken_files_are_one_line(tmp_path: Path) -> None:
    write_gguf(tmp_path / "whole.gguf")
    whole = (tmp_path / "whole.gguf").read_bytes()
    broken = tmp_path / "broken.gguf"
    damaged = [b"", b"GGUF", b"PK\3\4" * 50, *(whole[:length] for length in range(1, len(whole), len(whole) // 25))]
    damaged += [whole[:start] + b"\xff" * 8 + whole[start + 8 :] for start in range(0, 400, 16)]
    refused = 0
    for body in damaged:
        broken.write_bytes(body)
        try:
            convert(read_checkpoint([broken]), broken, tmp_path, silent)
        except (ModelInstallError, *FAULTS) as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused >= len(damaged) - 10, "only damage to a name's letters may go unseen (the hash is what catches it)"
