"""A Qwen2 in a GGUF becomes a CTranslate2 model that computes the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest
from duiyi.processors.errors import ModelInstallError
from duiyi.processors.models.gguf_conversion import convert, quantise_rows
from tiny_models import Floats, qwen2_logits, vocabulary, write_gguf
from tokenizers import Tokenizer


def silent(_: str) -> None:
    pass


def converted(folder: Path, **how: Any) -> tuple[Path, dict[str, Floats]]:
    """The folder of a tiny model, and its weights as they are after rounding to int8."""
    weights = write_gguf(folder / "tiny.gguf", **how)
    model = folder / "model"
    model.mkdir()
    convert(folder / "tiny.gguf", model, silent)
    for name, values in weights.items():
        if values.ndim == 2:
            rows, scale = quantise_rows(values)
            weights[name] = rows / scale[:, None]
    return model, weights


def logits(model: Path, ids: list[int]) -> Floats:
    generator = ctranslate2.Generator(str(model), device="cpu", compute_type="float32", intra_threads=1)
    return np.array(generator.forward_batch([ids]))[0]


@pytest.mark.parametrize("how", [{"quantised": True}, {"quantised": False}, {"tied": True}], ids=str)
def test_computes_what_qwen2_computes(tmp_path: Path, how: dict[str, bool]) -> None:
    model, weights = converted(tmp_path, **how)
    ids = [int(number) for number in np.random.default_rng(1).integers(0, len(vocabulary()[0]), 12)]
    expected = qwen2_logits(weights, ids)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(logits(model, ids), expected, atol=2e-3)


def test_generates_the_likeliest_token(tmp_path: Path) -> None:
    model, weights = converted(tmp_path)
    tokens = vocabulary()[0]
    prompt = ["<|im_start|>", "t", "h", "e", "<|im_end|>"]
    ids = [tokens.index(token) for token in prompt]
    generator = ctranslate2.Generator(str(model), device="cpu", compute_type="float32", intra_threads=1)
    [result] = generator.generate_batch([prompt], max_length=4, include_prompt_in_result=False, end_token=[])
    expected = list(ids)
    for _ in range(4):
        expected.append(int(qwen2_logits(weights, expected)[-1].argmax()))
    assert result.sequences_ids[0] == expected[len(ids) :]


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "llama"}, "general.architecture is 'llama'"),
        ({"qwen2__rope__scaling__type": "yarn"}, "rotary"),
    ],
)
def test_other_models_are_refused(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    write_gguf(tmp_path / "other.gguf", **changes)
    with pytest.raises(ModelInstallError, match=message):
        convert(tmp_path / "other.gguf", tmp_path, silent)


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
            convert(broken, tmp_path, silent)
        except ModelInstallError as error:
            refused += 1
            assert "\n" not in str(error)
            assert str(broken) in str(error)
    assert refused >= len(damaged) - 10, "only damage to a name's letters may go unseen (the hash is what catches it)"
