"""A package of the shape of Argos' own (6 + 6 layers, 512 wide, 32,000 pieces) with random weights, for measuring speed.

The weights are random but for a clock: one number of the decoder's state grows with each step and shrinks with the length of the
source, and the end is likely as soon as it is positive. So outputs are about as long as translations are, and whoever runs the
model need not force their length. Words are of four letters, never Chinese and seldom
repeated, so that the checks find no fault in nearly all of them and hardly any are tried again.
"""

from __future__ import annotations

import json
import random
from itertools import islice, product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
import sentencepiece
from ctranslate2.specs import TransformerSpec

VOCABULARY, WIDTH, LAYERS, HEADS, FEED_FORWARD = 32_000, 512, 6, 8, 2048
POSITIONS = 512
CLAUSES = (
    "我们明天在图书馆见面",
    "他昨天把书还给了老师",
    "这本书很有意思",
    "天气预报说下午会下雨",
    "大家都同意这个计划",
    "请把窗户关上",
)
LETTERS = "天地人你我他大小上下来去中国家学生年月日时分水火木金土山石田好多少出入开关门前后左右东西南北"

CLOCK, PLACE = 0, 1
"""The number of the decoder's state that says when to end, and that of the encoder's which says where a piece stands."""
STEP = 0.5
"""How much the clock grows a step, and the place a piece."""
SLOWNESS = 8.0
"""What the mean place is multiplied with before it is taken from the clock: outputs have about 0.6 words a piece then."""


def sentences(count: int) -> list[str]:
    """So many different sentences of 8 to 50 characters."""
    chooser = random.Random(5)  # noqa: S311
    found: dict[str, None] = {}
    while len(found) < count:
        text = "，".join(chooser.sample(CLAUSES, chooser.randint(1, 4))) + "。"
        found["".join(chooser.sample(LETTERS, 2)) + text] = None
    return list(found)


def write_package(package: Path) -> None:
    """Write the package into the folder ``package``."""
    (package / "model").mkdir(parents=True)
    own = _train_pieces(package)
    words = ["<unk>", "<s>", "</s>", *(piece for piece in own if piece not in {"<unk>", "<s>", "</s>"})]
    said = len(words)
    words += ["▁" + "".join(letters) for letters in islice(product(ascii_lowercase, repeat=4), VOCABULARY - said)]

    spec = TransformerSpec.from_config((LAYERS, LAYERS), HEADS, pre_norm=True)
    chance = np.random.default_rng(3)
    for stack, decoder in ((spec.encoder, False), (spec.decoder, True)):
        still = CLOCK if decoder else PLACE
        """The number that no layer but the clock's own may touch."""
        embeddings = stack.embeddings if decoder else stack.embeddings[0]
        embeddings.weight = _random(chance, VOCABULARY, WIDTH)
        embeddings.weight[:, still] = 0
        positions = _random(chance, POSITIONS, WIDTH, scale=2.0 if decoder else 0.5)
        positions[:, still] = np.arange(POSITIONS) * STEP
        stack.position_encodings.encodings = positions
        _norm(stack.layer_norm)
        for layer in stack.layer:
            _norm(layer.self_attention.layer_norm)
            _linear(chance, layer.self_attention.linear[0], 3 * WIDTH, WIDTH)
            _linear(chance, layer.self_attention.linear[1], WIDTH, WIDTH, still)
            if decoder:
                _norm(layer.attention.layer_norm)
                _linear(chance, layer.attention.linear[0], WIDTH, WIDTH)
                _linear(chance, layer.attention.linear[1], 2 * WIDTH, WIDTH)
                _linear(chance, layer.attention.linear[2], WIDTH, WIDTH, still)
            _norm(layer.ffn.layer_norm)
            _linear(chance, layer.ffn.linear_0, FEED_FORWARD, WIDTH)
            _linear(chance, layer.ffn.linear_1, WIDTH, FEED_FORWARD, still)
    _wind_clock(spec)
    _linear(chance, spec.decoder.projection, VOCABULARY, WIDTH, scale=0.3)
    spec.decoder.projection.bias[:said] = -1000  # Chinese is never said
    spec.decoder.projection.weight[2] = 0
    spec.decoder.projection.weight[2, CLOCK] = 200.0
    spec.decoder.projection.bias[2] = 0
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(package / "model"))
    described = {
        "from_code": "zh", "from_name": "Chinese", "to_code": "en", "to_name": "English",
        "package_version": "1.0", "argos_version": "1.9", "type": "translate",
    }  # fmt: skip
    (package / "metadata.json").write_text(json.dumps(described))


def _train_pieces(package: Path) -> list[str]:
    """Train SentencePiece on sentences like those that are translated; its pieces."""
    corpus = package / "corpus.txt"
    corpus.write_text("\n".join(sentences(3000)) + "\nthe cat sat on the mat\n", "utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(package / "sentencepiece"), vocab_size=400, hard_vocab_limit=False,
        max_sentencepiece_length=2, minloglevel=2,
    )  # fmt: skip
    corpus.unlink()
    (package / "sentencepiece.vocab").unlink()
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(package / "sentencepiece.model"))
    return [pieces.id_to_piece(index) for index in range(pieces.get_piece_size())]


def _wind_clock(spec: Any) -> None:
    """Have the first layer's first head look at all pieces alike, and take their mean place from the clock."""
    head = WIDTH // HEADS
    attention = spec.decoder.layer[0].attention
    attention.linear[1].weight[:head] = 0  # keys alike
    attention.linear[1].weight[WIDTH] = 0
    attention.linear[1].weight[WIDTH, PLACE] = 1
    attention.linear[2].weight[CLOCK, 0] = -SLOWNESS


def _random(chance: np.random.Generator, *shape: int, scale: float = 0.05) -> Any:
    return chance.normal(0, scale, shape).astype(np.float32)


def _linear(
    chance: np.random.Generator, layer: Any, rows: int, columns: int, still: int | None = None, scale: float = 0.05
) -> None:
    layer.weight, layer.bias = _random(chance, rows, columns, scale=scale), np.zeros(rows, np.float32)
    if still is not None:
        layer.weight[still] = 0


def _norm(layer: Any) -> None:
    layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
