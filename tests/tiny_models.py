"""What the tests of the models share: a loopback server, tiny random language models in GGUFs, and their arithmetic in numpy."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt
import pytest
from duiyi.processors.models import LlmSource
from gguf.quants import dequantize, quantize
from tokenizers.pre_tokenizers import ByteLevel

Floats = npt.NDArray[np.float32]

TINY_ARGOS = Path(__file__).parent / "models" / "translate-zh_en-tiny.argosmodel"

WIDTH, FEED_FORWARD, HEADS, KV_HEADS, EPSILON = 64, 96, 4, 2, 1e-6
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "[PAD0]"]
SPECIAL_TYPES = [3, 3, 3, 4, 5]
CHATML = (
    "{% if messages[0].role != 'system' %}<|im_start|>system\nBe kind.<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant{{ '\n' }}{% endif %}"
)
"""A chat template that, like Qwen2.5's, has a system prompt of its own."""
TURNS = """{{ bos_token }}
{%- for message in messages -%}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\n' + message['content'] | trim }}{{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}"""
"""A chat template in the manner of Gemma."""


@dataclass(frozen=True)
class Family:
    """What a family of language models computes otherwise than Qwen2 without its biases.

    ``neighbours``: rotary embeddings turn neighbouring dimensions, not halves. ``frequencies``: its GGUF divides the
    rotary frequencies by factors of its own. ``window``: all layers but each sixth see so many tokens back only.
    """

    layers: int = 2
    head_width: int = 16
    bias: bool = False
    qk_norm: bool = False
    neighbours: bool = False
    frequencies: bool = False
    gemma: bool = False
    window: int = 0
    base: float = 10_000.0
    slower: float = 1.0


FAMILIES = {
    "qwen2": Family(bias=True),
    "qwen3": Family(head_width=24, qk_norm=True, base=1_000_000.0),
    "llama": Family(neighbours=True, frequencies=True, base=500_000.0),
    "gemma": Family(head_width=24, gemma=True),
    "gemma3": Family(layers=7, head_width=24, qk_norm=True, gemma=True, window=4, base=1_000_000.0, slower=8.0),
}
PERIOD, LOCAL_BASE = 6, 10_000.0


@dataclass
class Answer:
    """How the server answers a path: after ``wait`` seconds, with only the first ``cut`` bytes where given."""

    body: bytes = b""
    status: int = 200
    wait: float = 0
    cut: int | None = None


@dataclass
class Server:
    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def loopback_server() -> Iterator[Server]:
    """A web server on a free port of this machine; ``answers`` says what it has."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            answer = server.answers.get(self.path, Answer(status=404))
            server.closing.wait(answer.wait)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut])

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    server = Server(f"http://127.0.0.1:{web.server_port}")
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        web.shutdown()
        thread.join()
        web.server_close()


def point_argos_at(folder: Path, monkeypatch: pytest.MonkeyPatch, index: str = "http://127.0.0.1:9/") -> Path:
    """Let Argos keep its packages in ``folder`` and look for its index at ``index``; the packages' folder."""
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
    # it makes folders in the places above when it is imported for the first time
    from argostranslate import settings as argos_settings

    packages = folder / "packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(argos_settings, "package_data_dir", packages)
    monkeypatch.setattr(argos_settings, "package_dirs", [packages])
    monkeypatch.setattr(argos_settings, "package_index", index)
    return packages


def vocabulary() -> tuple[list[str], list[int], list[str]]:
    """Tokens, their types and merges: all bytes, ``th``, ``the``, 中 as one token, ChatML tokens, one padding token."""
    characters = sorted(ByteLevel.alphabet())
    first, second, third = ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str("中")[0][0]
    merges = ["t h", "th e", f"{first} {second}", f"{first}{second} {third}"]
    tokens = [*characters, *(merge.replace(" ", "") for merge in merges), *SPECIAL]
    return tokens, [1] * (len(tokens) - len(SPECIAL)) + SPECIAL_TYPES, merges


def pieces() -> tuple[list[str], list[int], list[float]]:
    """Tokens, their types and scores as SentencePiece has them, with all bytes to fall back to, and Gemma's marks."""
    marks = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "\n"]
    scored = ["th", "the", "▁the", "▁中", "中文", "ing", "in", "ng", "▁", *"abcdefghijklmnopqrstuvwxyz中文,.:"]
    tokens = [*marks, *(f"<0x{byte:02X}>" for byte in range(256)), *scored]
    types = [3, 3, 3, 2, 3, 4, 4] + [6] * 256 + [1] * len(scored)
    scores = [0.0] * (len(marks) + 256) + [-float(rank) for rank in range(len(scored))]
    return tokens, types, scores


def write_gguf(
    path: Path,
    *,
    tied: bool = False,
    quantised: bool = True,
    architecture: str = "qwen2",
    frequencies: bool = True,
    extra: str = "",
    **changes: Any,
) -> dict[str, Floats]:
    """Write a random language model to ``path``; its weights by GGUF name, as the file holds them.

    ``quantised`` stores the matrices as Q8_0 (their width allowing), else as float32; ``frequencies`` writes the factors
    of the rotary frequencies where the family has any; ``extra`` names a tensor that the family has not; ``changes`` are
    metadata to change or (None) to leave out (dots as ``__``).
    """
    random = np.random.default_rng(7)
    family = FAMILIES.get(architecture, FAMILIES["qwen2"])
    writer = gguf.GGUFWriter(path, architecture)
    metadata: dict[str, Any] = {"tokenizer.chat_template": TURNS if family.gemma else CHATML}
    metadata.update({name.replace("__", "."): value for name, value in changes.items()})
    writer.add_context_length(512)
    writer.add_block_count(family.layers)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(family.base)
    writer.add_layer_norm_rms_eps(EPSILON)
    if family.head_width * HEADS != WIDTH:
        writer.add_key_length(family.head_width)
        writer.add_value_length(family.head_width)
    if family.window:
        writer.add_sliding_window(family.window)
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(family.slower)
    tokens = _write_pieces(writer) if family.gemma else _write_vocabulary(writer, family)
    for name, value in metadata.items():
        writer.kv_data[0].pop(name, None)
        if value is not None:
            writer.add_key_value(name, value, gguf.GGUFValueType.get_type(value))
    weights: dict[str, Floats] = {}

    def add(name: str, *shape: int) -> None:
        values = random.normal(0, 0.4, shape).astype(np.float32)
        if len(shape) == 1 and "norm" in name:
            values += 1
        if len(shape) == 2 and quantised and shape[1] % 32 == 0:
            packed = quantize(values, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
            values = dequantize(packed, gguf.GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(name, values)
        weights[name] = values

    add("token_embd.weight", len(tokens), WIDTH)
    if not tied and not family.gemma:
        add("output.weight", len(tokens), WIDTH)
    add("output_norm.weight", WIDTH)
    if family.frequencies and frequencies:
        weights["rope_freqs.weight"] = np.linspace(1, 8, family.head_width // 2, dtype=np.float32)
        writer.add_tensor("rope_freqs.weight", weights["rope_freqs.weight"])
    for number in range(family.layers):
        block = f"blk.{number}"
        for part, rows in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
            add(f"{block}.attn_{part}.weight", rows * family.head_width, WIDTH)
            if family.bias:
                add(f"{block}.attn_{part}.bias", rows * family.head_width)
        add(f"{block}.attn_output.weight", WIDTH, HEADS * family.head_width)
        add(f"{block}.ffn_gate.weight", FEED_FORWARD, WIDTH)
        add(f"{block}.ffn_up.weight", FEED_FORWARD, WIDTH)
        add(f"{block}.ffn_down.weight", WIDTH, FEED_FORWARD)
        add(f"{block}.attn_norm.weight", WIDTH)
        add(f"{block}.ffn_norm.weight", WIDTH)
        if family.qk_norm:
            add(f"{block}.attn_q_norm.weight", family.head_width)
            add(f"{block}.attn_k_norm.weight", family.head_width)
        if family.window:
            add(f"{block}.post_attention_norm.weight", WIDTH)
            add(f"{block}.post_ffw_norm.weight", WIDTH)
    if extra:
        add(extra, WIDTH, WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


def split_gguf(whole: Path, folder: Path) -> list[Path]:
    """A model in two parts, as ``gguf-split`` of llama.cpp cuts it: the first has the metadata, both have tensors."""
    reader = gguf.GGUFReader(whole)
    parts = [folder / f"split-{number:05d}-of-00002.gguf" for number in (1, 2)]
    middle = len(reader.tensors) // 2
    for number, (part, tensors) in enumerate(
        zip(parts, (reader.tensors[:middle], reader.tensors[middle:]), strict=True)
    ):
        writer = gguf.GGUFWriter(part, reader.fields["general.architecture"].contents())
        writer.add_uint16("split.no", number)
        writer.add_uint16("split.count", 2)
        for name, stored in reader.fields.items():
            if number == 0 and not name.startswith(("GGUF.", "general.architecture")):
                of = stored.types[1] if len(stored.types) > 1 else None
                writer.add_key_value(name, stored.contents(), stored.types[0], sub_type=of)
        for tensor in tensors:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return parts


def _write_vocabulary(writer: gguf.GGUFWriter, family: Family) -> list[str]:
    tokens, types, merges = vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe" if family.neighbours else "qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_add_bos_token(False)
    return tokens


def _write_pieces(writer: gguf.GGUFWriter) -> list[str]:
    tokens, types, scores = pieces()
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_scores(scores)
    for name in ("bos", "eos"):
        getattr(writer, f"add_{name}_token_id")(tokens.index(f"<{name}>"))
    writer.add_unk_token_id(tokens.index("<unk>"))
    writer.add_add_space_prefix(False)
    return tokens


def language_model_logits(weights: dict[str, Floats], ids: list[int], family: Family) -> Floats:
    """Logits (positions × vocabulary) of a language model as its paper and published code define it, in plain numpy."""
    positions = np.arange(len(ids))

    def norm(x: Floats, name: str) -> Floats:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * weights[name]

    def linear(x: Floats, name: str) -> Floats:
        return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", np.float32(0))

    def heads(x: Floats, name: str) -> Floats:
        return linear(x, name).reshape(len(ids), -1, family.head_width).swapaxes(0, 1)

    def activation(x: Floats) -> Floats:
        if family.gemma:
            return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
        return x / (1 + np.exp(-x))

    def rotate(x: Floats, is_local: bool) -> Floats:
        base, slower = (LOCAL_BASE, 1) if is_local else (family.base, family.slower)
        frequencies = base ** -(np.arange(0, family.head_width, 2) / family.head_width) / slower
        angles = positions[:, None] * frequencies / weights.get("rope_freqs.weight", 1)
        left, right = (x[..., 0::2], x[..., 1::2]) if family.neighbours else np.split(x, 2, axis=-1)
        turned = (left * np.cos(angles) - right * np.sin(angles), right * np.cos(angles) + left * np.sin(angles))
        return np.stack(turned, -1).reshape(x.shape) if family.neighbours else np.concatenate(turned, -1)

    x = weights["token_embd.weight"][ids] * (np.sqrt(WIDTH) if family.gemma else 1)
    distance = positions[:, None] - positions
    for number in range(family.layers):
        block = f"blk.{number}"
        is_local = bool(family.window) and (number + 1) % PERIOD != 0
        y = norm(x, f"{block}.attn_norm.weight")
        queries, keys, values = (heads(y, f"{block}.attn_{part}") for part in "qkv")
        if family.qk_norm:
            queries, keys = norm(queries, f"{block}.attn_q_norm.weight"), norm(keys, f"{block}.attn_k_norm.weight")
        queries, keys = rotate(queries, is_local), rotate(keys, is_local)
        keys, values = (np.repeat(part, HEADS // KV_HEADS, axis=0) for part in (keys, values))
        scores = queries @ keys.swapaxes(1, 2) / np.sqrt(family.head_width)
        scores[:, (distance < 0) | (is_local & (distance >= max(1, family.window)))] = -np.inf
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        y = linear((shares @ values).swapaxes(0, 1).reshape(len(ids), -1), f"{block}.attn_output")
        x = x + (norm(y, f"{block}.post_attention_norm.weight") if family.window else y)
        y = norm(x, f"{block}.ffn_norm.weight")
        y = linear(activation(linear(y, f"{block}.ffn_gate")) * linear(y, f"{block}.ffn_up"), f"{block}.ffn_down")
        x = x + (norm(y, f"{block}.post_ffw_norm.weight") if family.window else y)
    head = weights.get("output.weight", weights["token_embd.weight"])
    return norm(x, "output_norm.weight") @ head.T


def source_of(path: Path, url: str, lock: Path) -> LlmSource:
    """The tiny model's file as something to install: pinned like the real one."""
    body = path.read_bytes()
    return LlmSource(
        name="tiny-qwen",
        version="q8_0-int8",
        origin="made by the tests",
        licence="Apache-2.0",
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        url=url,
        lock=lock,
        converted_size=1_000_000,
    )
