"""How much of the machine translation gets: ours beside the bare CTranslate2 call and a loop as Argos' own. See `make bench`.

All in one process, in rounds that take turns, as ratios: same package, beam, threads and compute type. The real shape is
that of Argos' packages (6 + 6 layers, 512 wide, 32,000 pieces) with random weights, for which outputs are given a length by
forbidding the end before it. The loop does per sentence what `argostranslate.translate` does after its sentence splitting:
its tokenizer, one `translate_batch` of one sentence, its detokenizer; the splitting itself (stanza or minisbd, which are not
installed) would only add to its time.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SENTENCES = int(sys.argv[1]) if len(sys.argv) > 1 else 200
ROUNDS = 2
VOCABULARY, WIDTH, LAYERS, HEADS, FEED_FORWARD = 32_000, 512, 6, 8, 2048
CLAUSES = (
    "我们明天在图书馆见面",
    "他昨天把书还给了老师",
    "这本书很有意思",
    "天气预报说下午会下雨",
    "大家都同意这个计划",
    "请把窗户关上",
)
LETTERS = "天地人你我他大小上下来去中国家学生年月日时分水火木金土山石田好多少出入开关门前后左右东西南北"


def real_shape(folder: Path) -> Path:
    """A package of Argos' real shape, with random weights, in ``folder``."""
    import numpy as np
    import sentencepiece
    from ctranslate2.specs import TransformerSpec

    random = np.random.default_rng(3)
    package = folder / "translate-zh_en-bench"
    (package / "model").mkdir(parents=True)
    corpus = folder / "corpus.txt"
    corpus.write_text(
        "\n".join("".join(random.choice(list(LETTERS + "，。"), 20)) for _ in range(3000))
        + "\nthe cat sat on the mat\n",
        "utf-8",
    )
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(package / "sentencepiece"), vocab_size=2000, hard_vocab_limit=False,
        minloglevel=2,
    )  # fmt: skip
    (package / "sentencepiece.vocab").unlink()
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(package / "sentencepiece.model"))
    own = [pieces.id_to_piece(index) for index in range(pieces.get_piece_size())]
    words = ["<unk>", "<s>", "</s>", *(piece for piece in own if piece not in {"<unk>", "<s>", "</s>"})]
    words += [f"▁w{number}" for number in range(VOCABULARY - len(words))]

    spec = TransformerSpec.from_config((LAYERS, LAYERS), HEADS, pre_norm=True)

    def linear(layer: Any, rows: int, columns: int) -> None:
        layer.weight = random.normal(0, 0.05, (rows, columns)).astype(np.float32)
        layer.bias = np.zeros(rows, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    for stack, decoder in ((spec.encoder, False), (spec.decoder, True)):
        embeddings = stack.embeddings if decoder else stack.embeddings[0]
        embeddings.weight = random.normal(0, 0.05, (VOCABULARY, WIDTH)).astype(np.float32)
        stack.position_encodings.encodings = random.normal(0, 0.05, (512, WIDTH)).astype(np.float32)
        norm(stack.layer_norm)
        for layer in stack.layer:
            norm(layer.self_attention.layer_norm)
            linear(layer.self_attention.linear[0], 3 * WIDTH, WIDTH)
            linear(layer.self_attention.linear[1], WIDTH, WIDTH)
            if decoder:
                norm(layer.attention.layer_norm)
                linear(layer.attention.linear[0], WIDTH, WIDTH)
                linear(layer.attention.linear[1], 2 * WIDTH, WIDTH)
                linear(layer.attention.linear[2], WIDTH, WIDTH)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, FEED_FORWARD, WIDTH)
            linear(layer.ffn.linear_1, WIDTH, FEED_FORWARD)
    linear(spec.decoder.projection, VOCABULARY, WIDTH)
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(package / "model"))
    (package / "metadata.json").write_text(
        json.dumps(
            {"from_code": "zh", "to_code": "en", "package_version": "1", "argos_version": "1.9", "type": "translate"}
        )
    )
    return package


def sentences(count: int) -> list[str]:
    """Different sentences of 6 to 60 characters."""
    import random

    chooser = random.Random(5)  # noqa: S311
    found: dict[str, None] = {}
    while len(found) < count:
        text = "，".join(chooser.sample(CLAUSES, chooser.randint(1, 4))) + "。"
        found["".join(chooser.sample(LETTERS, 2)) + text] = None
    return list(found)


def main() -> None:
    """Print the figures."""
    home = Path(tempfile.mkdtemp(prefix="duiyi-bench-"))
    os.environ["XDG_DATA_HOME"] = os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_CACHE_HOME"] = str(home)
    import zipfile

    with zipfile.ZipFile(Path(__file__).parent.parent / "models" / "translate-zh_en-tiny.argosmodel") as archive:
        archive.extractall(home)
    for name, package in (("test package", home / "translate-zh_en-0_1"), ("Argos' real shape", real_shape(home))):
        compare(name, package, sentences(SENTENCES))


def compare(name: str, package: Path, texts: list[str]) -> None:
    """Time the three on one package, taking turns."""
    import ctranslate2
    from argostranslate.package import Package
    from duiyi.processors.memory import Translator, open_memory
    from duiyi.processors.models.installed import read_argos
    from duiyi.processors.settings import load_settings
    from duiyi.processors.translation import identity_of, load_engine
    from duiyi.processors.translation.engine import compute_threads

    settings = load_settings(
        overrides={"translation": {"engine": "argos", "max_length_ratio": 0.01}, "memory": {"enabled": False}}
    )
    installed = read_argos(package)
    engine = load_engine(installed, settings.translation)
    tokenizer = Package(package).tokenizer
    bare = ctranslate2.Translator(str(package / "model"), intra_threads=compute_threads(0), inter_threads=1)
    beam = settings.translation.argos_beam
    longest = 24
    tokens = sorted((tokenizer.encode(text) for text in texts), key=len)

    def ours() -> None:
        with open_memory(settings.memory, print) as memory:
            translator = Translator(memory, settings)
            translator._installed, translator._engine = (
                (installed, identity_of(installed, settings.translation)),
                engine,
            )
            translator.translate(texts)

    def plain() -> None:
        bare.translate_batch(
            tokens, beam_size=beam, max_batch_size=settings.translation.argos_batch_tokens, batch_type="tokens",
            max_decoding_length=longest, return_scores=True, replace_unknowns=True, max_input_length=0,
        )  # fmt: skip

    def loop() -> None:
        for text in texts[: len(texts) // 4]:
            result = bare.translate_batch(
                [tokenizer.encode(text)], beam_size=beam, max_batch_size=32, replace_unknowns=True, return_scores=True,
                num_hypotheses=beam, length_penalty=0.2, max_decoding_length=longest,
            )  # fmt: skip
            for hypothesis in result[0].hypotheses:
                tokenizer.decode(hypothesis)

    seconds: dict[str, list[float]] = {"ours": [], "bare": [], "loop": []}
    for _ in range(ROUNDS):
        for kind, work, share in (("ours", ours, 1), ("bare", plain, 1), ("loop", loop, 4)):
            started = time.perf_counter()
            work()
            seconds[kind].append((time.perf_counter() - started) * share)
    best = {kind: min(times) for kind, times in seconds.items()}
    print(
        f"{name}: {len(texts)} sentences; ours {len(texts) / best['ours']:.1f} sentences/s, {best['loop'] / best['ours']:.1f} times"
        f" the loop, {best['bare'] / best['ours']:.2f} of the bare call",
        flush=True,
    )


if __name__ == "__main__":
    main()
