"""The tokenizer of a language model, rebuilt from the vocabulary that its GGUF carries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from .checkpoint import CONTROL, NORMAL, UNUSED, USER_DEFINED, VOCABULARY, Checkpoint

SPACE = "▁"
"""How SentencePiece writes a space."""


@dataclass(frozen=True, slots=True)
class Split:
    """How a family cuts text before byte-pair encoding (the pattern of its published ``tokenizer.json``).

    ``composed``: text is brought into Unicode's NFC first. ``whole_words``: a word that is a token is not built up by
    merges.
    """

    pattern: str
    composed: bool = False
    whole_words: bool = False


SPLITS = {
    "qwen2": Split(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        composed=True,
    ),
    "llama-bpe": Split(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        whole_words=True,
    ),
    "tekken": Split(
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        whole_words=True,
    ),
}
"""By the name in ``tokenizer.ggml.pre``: Qwen 2 to 3, Llama 3, Mistral Nemo and later."""


def build_tokenizer(checkpoint: Checkpoint, marks: Collection[str] = ()) -> Tokenizer:
    """The tokenizer of a checkpoint. It adds nothing to a text by itself, neither a first token nor a space.

    Args:
        checkpoint: its vocabulary is a byte-level BPE (``gpt2``: tokens in GPT-2's byte alphabet, with merges), or a
            SentencePiece BPE (``llama``: tokens with scores). Unused tokens (padding of the embedding) are left out.
        marks: tokens that are no text (they end a turn, say), whatever the file calls them.

    Raises:
        ValueError: the vocabulary is of another kind, or its lists don't fit together.
    """
    tokens, kinds = checkpoint.tokens, checkpoint.token_types
    vocabulary = {
        token: number for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True)) if kind != UNUSED
    }
    builders = {"gpt2": _byte_level, "llama": _sentencepiece}
    kind_of_vocabulary = checkpoint.scalar(f"{VOCABULARY}model")
    if kind_of_vocabulary not in builders:
        raise ValueError(f"its vocabulary is {kind_of_vocabulary!r}; known are {', '.join(builders)}")
    tokenizer = builders[kind_of_vocabulary](checkpoint, vocabulary)
    tokenizer.add_tokens(
        [
            AddedToken(token, special=kind == CONTROL or token in marks, normalized=False)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind in (CONTROL, USER_DEFINED)
        ]
    )
    return tokenizer


def _byte_level(checkpoint: Checkpoint, vocabulary: Mapping[str, int]) -> Tokenizer:
    name = checkpoint.scalar(f"{VOCABULARY}pre")
    if name not in SPLITS:
        raise ValueError(f"its text is cut in the manner {name!r}; known are {', '.join(SPLITS)}")
    if not checkpoint.merges:
        raise ValueError(f"no {VOCABULARY}merges in its metadata")
    split = SPLITS[name]
    pairs: list[tuple[str, str]] = []
    for merge in checkpoint.merges:
        left, _, right = merge.partition(" ")
        if not {left, right, left + right} <= vocabulary.keys():
            raise ValueError(f"the BPE merge {merge!r} names a token that the vocabulary lacks")
        pairs.append((left, right))
    tokenizer = Tokenizer(models.BPE(dict(vocabulary), pairs, ignore_merges=split.whole_words))
    if split.composed:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split.pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _sentencepiece(checkpoint: Checkpoint, vocabulary: Mapping[str, int]) -> Tokenizer:
    if len(checkpoint.scores) != len(checkpoint.tokens):
        raise ValueError(f"{len(checkpoint.tokens)} tokens but {len(checkpoint.scores)} scores")
    scored = {
        token: score
        for token, kind, score in zip(checkpoint.tokens, checkpoint.token_types, checkpoint.scores, strict=True)
        if kind == NORMAL
    }
    model = models.BPE(
        dict(vocabulary),
        merges_of(scored, vocabulary),
        unk_token=checkpoint.special_token("unknown"),
        fuse_unk=True,
        byte_fallback=True,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    tokenizer.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


def merges_of(scored: Mapping[str, float], vocabulary: Mapping[str, int]) -> Sequence[tuple[str, str]]:
    """The merges that make a ranked BPE join pieces in SentencePiece's order, the best-scored piece first.

    Args:
        scored: the pieces of the vocabulary that text is made of, and their scores.
        vocabulary: every token's id, which decides between two ways to the same piece.
    """
    found = [
        (-score, vocabulary[piece[:cut]], vocabulary[piece[cut:]], piece[:cut], piece[cut:])
        for piece, score in scored.items()
        for cut in range(1, len(piece))
        if piece[:cut] in scored and piece[cut:] in scored
    ]
    return [(left, right) for *_, left, right in sorted(found)]
