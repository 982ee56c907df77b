"""Trains ``translate-zh_en-tiny.argosmodel``, a genuine but tiny Argos package from Chinese to English, for the tests.

A Marian model (Junczys-Dowmunt et al. 2018, "Marian: Fast Neural Machine Translation in C++") of 2 + 2 layers learns
``pairs.tsv`` and the filled ``templates.tsv`` by heart on a CPU in a few minutes, is converted to int8 by CTranslate2
and zipped the way Argos expects. It knows those sentences and little else.

    pip install -r requirements-train.txt
    python train_tiny_argos.py

The random seed is fixed; another processor or library version may still give other weights.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import random
import string
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ctranslate2
import sentencepiece
import torch
from ctranslate2.converters.transformers import MarianMTLoader
from ctranslate2.specs.model_spec import OPTIONAL
from transformers import MarianConfig, MarianMTModel

HERE = Path(__file__).parent
PACKAGE = HERE / "translate-zh_en-tiny.argosmodel"
FOLDER = "translate-zh_en-0_1"
METADATA = {
    "package_version": "0.1",
    "argos_version": "1.9",
    "from_code": "zh",
    "from_name": "Chinese",
    "to_code": "en",
    "to_name": "English",
    "type": "translate",
}
README = """\
# Chinese to English, tiny

Made by `tests/models/train_tiny_argos.py` for the tests of duiyi, from the project's own sentences (Apache-2.0).
It knows those few hundred sentences by heart and translates little else correctly.
"""

SEED = 20240618
FILLS = 30
"""How often each template is filled."""
VOCABULARY = 1800
BATCH_TOKENS = 600
POSITIONS = 256
"""Longest row in training, in tokens; the converted model has no such limit."""
EOS, UNK = 0, 1
IGNORED = -100

Pair = tuple[str, str]
Row = tuple[list[int], list[int]]
"""Source and target token ids, each with its end mark."""

SLOTS: dict[str, tuple[Pair, ...]] = {
    "thing": (
        ("手机", "phone"), ("电脑", "computer"), ("耳机", "headset"), ("键盘", "keyboard"), ("杯子", "cup"),
        ("台灯", "desk lamp"), ("相机", "camera"), ("背包", "backpack"), ("雨伞", "umbrella"), ("手表", "watch"),
        ("充电器", "charger"), ("路由器", "router"), ("打印机", "printer"), ("椅子", "chair"), ("钱包", "wallet"),
    ),
    "quality": (
        ("贵", "expensive"), ("便宜", "cheap"), ("好", "good"), ("大", "big"), ("小", "small"), ("重", "heavy"),
        ("轻", "light"), ("新", "new"), ("漂亮", "beautiful"), ("方便", "convenient"),
    ),
    "city": (
        ("北京", "Beijing"), ("上海", "Shanghai"), ("广州", "Guangzhou"), ("深圳", "Shenzhen"), ("台北", "Taipei"),
        ("台中", "Taichung"), ("香港", "Hong Kong"), ("新加坡", "Singapore"), ("吉隆坡", "Kuala Lumpur"),
        ("槟城", "Penang"), ("东京", "Tokyo"), ("伦敦", "London"), ("绍兴", "Shaoxing"),
    ),
    "weekday": (
        ("星期一", "Monday"), ("星期二", "Tuesday"), ("星期三", "Wednesday"), ("星期四", "Thursday"),
        ("星期五", "Friday"), ("星期六", "Saturday"), ("星期天", "Sunday"),
    ),
    "person": (
        ("小王", "Xiao Wang"), ("小李", "Xiao Li"), ("老张", "Lao Zhang"), ("陈先生", "Mr Chen"),
        ("林先生", "Mr Lin"), ("黄医生", "Dr Huang"), ("Kevin", "Kevin"), ("Alice", "Alice"), ("David", "David"),
    ),
}  # fmt: skip
TOOLS = (
    "GPU", "CPU", "Python", "Docker", "Linux", "Windows", "Excel", "GitHub", "USB-C", "Wi-Fi", "Bluetooth", "GPT-4",
    "iPhone", "Android", "Chrome", "Word", "PDF", "API", "SSD", "Zoom", "WhatsApp", "Telegram", "Node.js", "Java",
    "Rust", "MySQL", "Redis", "Raspberry Pi", "macOS", "Ubuntu",
)  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def read_pairs(path: Path) -> list[Pair]:
    """The tab-separated Chinese and English of each line; lines that begin with ``#`` are comments.

    Raises:
        ValueError: a line does not hold exactly two fields.
    """
    pairs = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 2:
            raise ValueError(f"{path.name}, line {number}: expected Chinese, a tab and English")
        pairs.append((fields[0], fields[1]))
    return pairs


def random_number(chooser: random.Random) -> str:
    """A number as prices and counts have it: 7, 38, 650, 1,299, 12.5."""
    digits = chooser.choice((1, 2, 2, 3, 3, 4))
    whole = chooser.randrange(10 ** (digits - 1) + 1, 10**digits)
    return f"{whole}.{chooser.randrange(1, 10)}" if chooser.random() < 0.15 else f"{whole:,}"


def random_values(chooser: random.Random) -> dict[str, Pair]:
    """One value, Chinese and English, for every slot that a template may name."""
    values = {name: chooser.choice(choices) for name, choices in SLOTS.items()}
    tool, tool2 = chooser.sample(TOOLS, 2)
    month = chooser.randrange(12)
    same = {
        "number": random_number(chooser),
        "tool": tool,
        "tool2": tool2,
        "year": str(chooser.randrange(1990, 2031)),
        "day": str(chooser.randrange(1, 29)),
    }
    values |= {name: (value, value) for name, value in same.items()}
    values["month"] = (str(month + 1), str(month + 1))
    values["monthname"] = ("", MONTHS[month])
    return values


def fill(template: Pair, values: dict[str, Pair]) -> Pair:
    """``template`` with each ``{slot}`` replaced on both sides."""
    chinese, english = template
    for name, (chinese_value, english_value) in values.items():
        chinese = chinese.replace(f"{{{name}}}", chinese_value)
        english = english.replace(f"{{{name}}}", english_value)
    return chinese, english


def training_pairs(pairs: list[Pair], templates: list[Pair]) -> list[Pair]:
    """All pairs the model learns: the written ones, with and without their full stop, and the filled templates."""
    chooser = random.Random(SEED)  # noqa: S311
    chosen = dict(pairs)
    for template in templates:
        for _ in range(FILLS):
            chinese, english = fill(template, random_values(chooser))
            chosen.setdefault(chinese, english)
    for chinese, english in pairs:
        if chinese.endswith("。") and english.endswith("."):
            chosen.setdefault(chinese[:-1], english[:-1])
    return list(chosen.items())


def train_tokenizer(pairs: list[Pair], templates: list[Pair]) -> bytes:
    """One SentencePiece unigram model for both languages: every character a piece, bytes for those never seen.

    It sees templates and what goes into them once each, lest their frequent phrases become one piece.
    """
    values = [value for slot in SLOTS.values() for value in slot]
    texts = [text for pair in (*pairs, *templates, *values) for text in pair]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*texts, *TOOLS, *MONTHS, string.printable]),
        model_writer=model,
        model_type="unigram",
        vocab_size=VOCABULARY,
        character_coverage=1.0,
        byte_fallback=True,
        split_digits=True,
        max_sentencepiece_length=8,
        eos_id=EOS,
        unk_id=UNK,
        bos_id=-1,
        pad_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def position_encodings(positions: int, width: int) -> torch.Tensor:
    """Sinusoids (positions × width) as CTranslate2 computes them for a model that has none: sines, then cosines.

    The layout of tensor2tensor (Vaswani et al. 2017, "Attention Is All You Need", section 3.5). Marian's own differs,
    would have to be stored and would bound the length of what the model reads and writes.
    """
    half = width // 2
    scales = torch.exp(torch.arange(half) * (-math.log(10_000) / (half - 1)))
    angles = torch.arange(1, positions + 1)[:, None] * scales
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def new_model(vocabulary: int) -> MarianMTModel:
    """An untrained Marian model over ``vocabulary`` pieces and, last, the padding that CTranslate2's loader removes."""
    pad = vocabulary
    config = MarianConfig(
        vocab_size=vocabulary + 1,
        d_model=128,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=512,
        decoder_ffn_dim=512,
        activation_function="swish",
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        max_position_embeddings=POSITIONS,
        eos_token_id=EOS,
        forced_eos_token_id=EOS,
        pad_token_id=pad,
        decoder_start_token_id=pad,
    )
    model = MarianMTModel(config)
    for side in (model.model.encoder, model.model.decoder):
        side.embed_positions.weight.data = position_encodings(POSITIONS, config.d_model)
    return model


def pad(rows: list[list[int]], value: int) -> torch.Tensor:
    """``rows`` as one tensor (rows × longest row), filled up with ``value``."""
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])


def batches(rows: list[Row], tokens: int, chooser: random.Random) -> Iterator[list[int]]:
    """Indexes of ``rows``, once each, in batches of similar length with at most about ``tokens`` target tokens."""
    order = sorted(range(len(rows)), key=lambda index: (len(rows[index][1]), chooser.random()))
    cut: list[list[int]] = [[]]
    for index in order:
        if (len(cut[-1]) + 1) * len(rows[index][1]) > tokens:
            cut.append([])
        cut[-1].append(index)
    chooser.shuffle(cut)
    yield from filter(None, cut)


def disturbed(tokens: torch.Tensor, padding: int) -> torch.Tensor:
    """``tokens`` with every tenth replaced by a random one, as in Bengio et al. 2015, "Scheduled Sampling".

    So the model finds its way back after a wrong token. Without it, the poor candidates of a beam leave words out, end
    first and win, as CTranslate2 stops when it has as many ended candidates as the beam is wide.
    """
    chosen = (torch.rand(tokens.shape) < 0.1) & tokens.ne(padding)
    return torch.where(chosen, torch.randint(2, padding, tokens.shape), tokens)


def train(model: MarianMTModel, rows: list[Row], steps: int) -> None:
    """Teaches ``model`` the rows in so many steps of AdamW."""
    embedding: torch.Tensor = model.model.shared.weight
    padding = embedding.shape[0] - 1
    chooser = random.Random(SEED)  # noqa: S311
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, betas=(0.9, 0.98), weight_decay=0.01)
    warmup, peak = 200, 2e-3
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: peak * min((step + 1) / warmup, 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / steps)) + 0.005),
    )
    model.train()
    began, done = time.monotonic(), 0
    while done < steps:
        for batch in batches(rows, BATCH_TOKENS, chooser):
            source = pad([rows[index][0] for index in batch], padding)
            target = pad([rows[index][1] for index in batch], IGNORED)
            started = pad([[padding, *rows[index][1][:-1]] for index in batch], padding)
            started = disturbed(started, padding)
            logits = model(input_ids=source, attention_mask=source.ne(padding), decoder_input_ids=started).logits
            loss = torch.nn.functional.cross_entropy(
                logits[..., :padding].flatten(0, 1), target.flatten(), ignore_index=IGNORED, label_smoothing=0.02
            )
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                embedding[padding].zero_()  # the decoder starts from it, and CTranslate2 starts from zero
            done += 1
            if done % 100 == 0:
                print(f"step {done}: loss {loss.item():.3f}, {time.monotonic() - began:.0f} s", flush=True)
            if done >= steps:
                return


def convert(model: MarianMTModel, pieces: list[str], folder: Path) -> None:
    """Writes ``model`` to ``folder`` for CTranslate2, in int8; it adds the source's end mark, as Argos does not."""
    model.train(False)
    spec = MarianMTLoader().get_model_spec(model)
    for side in (spec.encoder, spec.decoder):
        side.position_encodings.encodings = OPTIONAL  # computed, see position_encodings
    spec.register_source_vocabulary(pieces)
    spec.register_target_vocabulary(pieces)
    spec.config.add_source_eos = True
    spec.config.eos_token = pieces[EOS]
    spec.config.unk_token = pieces[UNK]
    spec.config.decoder_start_token = pieces[EOS]
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True)
    spec.save(str(folder))


def write_package(source: Path, target: Path) -> None:
    """Zips the package folder ``source`` to ``target`` with fixed times, so that equal contents give equal bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo(f"{FOLDER}/{path.relative_to(source).as_posix()}", (2024, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, path.read_bytes())


def wrong(folder: Path, pairs: list[Pair]) -> list[tuple[str, str, str]]:
    """Chinese, expected and actual English of every pair that the package in ``folder`` does not give back exactly."""
    tokenizer: Any = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.model"))
    translator = ctranslate2.Translator(str(folder / "model"), device="cpu")
    sources = [tokenizer.encode(chinese, out_type=str) for chinese, _ in pairs]
    results = translator.translate_batch(sources, beam_size=4, max_batch_size=2048, batch_type="tokens")
    outputs = [tokenizer.decode_pieces(result.hypotheses[0]) for result in results]
    return [(*pair, output) for pair, output in zip(pairs, outputs, strict=True) if pair[1] != output]


def main() -> None:
    """Trains, converts, packs and checks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--out", type=Path, default=PACKAGE)
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_flush_denormal(True)
    torch.set_num_threads(1)  # small tensors: more threads gain little and suffer on a busy machine

    written = read_pairs(HERE / "pairs.tsv")
    templates = read_pairs(HERE / "templates.tsv")
    pairs = training_pairs(written, templates)
    tokenizer_bytes = train_tokenizer(written, templates)
    tokenizer: Any = sentencepiece.SentencePieceProcessor(model_proto=tokenizer_bytes)
    rows = [([*tokenizer.encode(chinese), EOS], [*tokenizer.encode(english), EOS]) for chinese, english in pairs]
    print(f"{len(pairs)} pairs, {sum(len(target) for _, target in rows)} target tokens")
    rows += rows[: len(written)]  # they count twice
    model = new_model(tokenizer.get_piece_size())
    train(model, rows, arguments.steps)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / FOLDER
        pieces = [tokenizer.id_to_piece(index) for index in range(tokenizer.get_piece_size())]
        convert(model, pieces, folder / "model")
        (folder / "sentencepiece.model").write_bytes(tokenizer_bytes)
        (folder / "metadata.json").write_text(json.dumps(METADATA, indent=2) + "\n", "utf-8")
        (folder / "README.md").write_text(README, "utf-8")
        write_package(folder, arguments.out)
        for name, some in (("written", written), ("all", pairs)):
            faults = wrong(folder, some)
            print(f"{name}: {len(some) - len(faults)} of {len(some)} exactly right")
            for chinese, expected, actual in faults[:15]:
                print(f"  {chinese}\n    expected {expected}\n    got      {actual}")
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
