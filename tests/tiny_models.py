"""What the tests of the models share: a loopback server, a tiny random Qwen2 in a GGUF, and its arithmetic in numpy."""

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

LAYERS, WIDTH, FEED_FORWARD, HEADS, KV_HEADS, ROPE_BASE, EPSILON = 2, 64, 96, 4, 2, 10_000.0, 1e-6
HEAD_WIDTH = WIDTH // HEADS
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "[PAD0]"]
SPECIAL_TYPES = [3, 3, 3, 4, 5]


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


def write_gguf(path: Path, *, tied: bool = False, quantised: bool = True, **changes: Any) -> dict[str, Floats]:
    """Write a random Qwen2 to ``path``; its weights by GGUF name, as the file holds them.

    ``quantised`` stores the matrices as Q8_0, else as float32; ``changes`` are metadata to add (dots as ``__``).
    """
    random = np.random.default_rng(7)
    tokens, types, merges = vocabulary()
    writer = gguf.GGUFWriter(path, changes.pop("architecture", "qwen2"))
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    for name, value in changes.items():
        writer.add_string(name.replace("__", "."), value)
    weights: dict[str, Floats] = {}

    def add(name: str, *shape: int) -> None:
        values = random.normal(0, 0.4, shape).astype(np.float32)
        if len(shape) == 1 and "norm" in name:
            values += 1
        if len(shape) == 2 and quantised:
            packed = quantize(values, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
            values = dequantize(packed, gguf.GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(name, values)
        weights[name] = values

    add("token_embd.weight", len(tokens), WIDTH)
    if not tied:
        add("output.weight", len(tokens), WIDTH)
    add("output_norm.weight", WIDTH)
    for number in range(LAYERS):
        block = f"blk.{number}"
        for part, rows in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
            add(f"{block}.attn_{part}.weight", rows * HEAD_WIDTH, WIDTH)
            add(f"{block}.attn_{part}.bias", rows * HEAD_WIDTH)
        add(f"{block}.attn_output.weight", WIDTH, WIDTH)
        add(f"{block}.ffn_gate.weight", FEED_FORWARD, WIDTH)
        add(f"{block}.ffn_up.weight", FEED_FORWARD, WIDTH)
        add(f"{block}.ffn_down.weight", WIDTH, FEED_FORWARD)
        add(f"{block}.attn_norm.weight", WIDTH)
        add(f"{block}.ffn_norm.weight", WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


def qwen2_logits(weights: dict[str, Floats], ids: list[int]) -> Floats:
    """Logits (positions × vocabulary) of Qwen2 as its paper and published code define it, in plain numpy."""

    def norm(x: Floats, name: str) -> Floats:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * weights[name]

    def linear(x: Floats, name: str) -> Floats:
        return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", np.float32(0))

    def heads(x: Floats, name: str) -> Floats:
        return linear(x, name).reshape(len(ids), -1, HEAD_WIDTH).swapaxes(0, 1)

    angles = np.arange(len(ids))[:, None] / ROPE_BASE ** (np.arange(0, HEAD_WIDTH, 2) / HEAD_WIDTH)

    def rotate(x: Floats) -> Floats:
        left, right = np.split(x, 2, axis=-1)
        cosine, sine = np.cos(angles), np.sin(angles)
        return np.concatenate([left * cosine - right * sine, right * cosine + left * sine], axis=-1)

    x = weights["token_embd.weight"][ids]
    future = np.triu(np.full((len(ids), len(ids)), -np.inf), 1)
    for number in range(LAYERS):
        block = f"blk.{number}"
        y = norm(x, f"{block}.attn_norm.weight")
        queries, keys, values = (heads(y, f"{block}.attn_{part}") for part in "qkv")
        keys, values = (np.repeat(part, HEADS // KV_HEADS, axis=0) for part in (rotate(keys), values))
        scores = rotate(queries) @ keys.swapaxes(1, 2) / np.sqrt(HEAD_WIDTH) + future
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        x = x + linear((shares @ values).swapaxes(0, 1).reshape(len(ids), WIDTH), f"{block}.attn_output")
        y = norm(x, f"{block}.ffn_norm.weight")
        gate = linear(y, f"{block}.ffn_gate")
        x = x + linear(gate / (1 + np.exp(-gate)) * linear(y, f"{block}.ffn_up"), f"{block}.ffn_down")
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
        chat_template="chatml",
        end_tokens=("<|im_end|>", "<|endoftext|>"),
    )
