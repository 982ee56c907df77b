"""The tokenizer of a Qwen2 model, rebuilt from the tokens and merges that its GGUF carries."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen2 cuts text before byte-pair encoding (the pattern of its published ``tokenizer.json``)."""

# ``tokenizer.ggml.token_type`` of the GGUF specification
CONTROL, USER_DEFINED, UNUSED = 3, 4, 5


def build_tokenizer(tokens: Sequence[str], token_types: Sequence[int], merges: Sequence[str]) -> Tokenizer:
    """A byte-level BPE tokenizer as Qwen2 uses it (NFC, `QWEN2_SPLIT`, ChatML tokens as special tokens).

    Args:
        tokens: the vocabulary in the order of its ids, in GPT-2's byte alphabet.
        token_types: one of the GGUF specification's types for each token; unused ones (padding of the embedding) are
            left out.
        merges: the BPE merges, first to last, each two tokens with a space between.

    Raises:
        ValueError: the lists don't fit together.
    """
    if len(tokens) != len(token_types):
        raise ValueError(f"{len(tokens)} tokens but {len(token_types)} token types")
    vocabulary = {
        token: number for number, (token, kind) in enumerate(zip(tokens, token_types, strict=True)) if kind != UNUSED
    }
    pairs: list[tuple[str, str]] = []
    for merge in merges:
        left, _, right = merge.partition(" ")
        if not {left, right, left + right} <= vocabulary.keys():
            raise ValueError(f"the BPE merge {merge!r} names a token that the vocabulary lacks")
        pairs.append((left, right))
    tokenizer = Tokenizer(models.BPE(vocabulary, pairs))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    for token, kind in zip(tokens, token_types, strict=True):
        if kind in (CONTROL, USER_DEFINED):
            tokenizer.add_tokens([AddedToken(token, special=kind == CONTROL, normalized=False)])
    return tokenizer
