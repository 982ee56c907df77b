"""A plain text too large to be held whole gives the same segments, window by window."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from duiyi.processors.detection import detect, detect_windows
from duiyi.processors.lines import line_blocks
from duiyi.processors.reading import read_text, text_windows, windows
from hypothesis import given, settings
from hypothesis import strategies as st

LINES = st.lists(
    st.sampled_from(
        [
            "我们明天去。See you there.",
            "今日は雨です。",
            "東京",
            "Rachel: 好的",
            "  ",
            "```",
            "# 注释",
            "x = f(1)",
            "Terima kasih\r",
            "🙂 𠮷 é",
            "",
        ]
    ),
    max_size=60,
)


@given(LINES, st.lists(st.integers(0, 60), max_size=8))
@settings(max_examples=150, deadline=None)
def test_windows_give_the_segments_of_the_whole(lines: list[str], cuts: list[int]) -> None:
    edges = sorted({0, len(lines), *(cut for cut in cuts if cut < len(lines))})
    pieces = ["".join(f"{line}\n" for line in lines[a:b]) for a, b in pairwise(edges)]
    text = "".join(pieces)
    assert list(detect_windows(pieces)) == detect(text)
    assert detect(text) == detect(text, line_blocks(text))


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_large_file_is_read_in_windows_at_line_ends(monkeypatch: pytest.MonkeyPatch, start: str) -> None:
    monkeypatch.setattr(windows, "LARGE_BYTES", 100)
    monkeypatch.setattr(windows, "WINDOW_BYTES", 7)
    text = start + "你好，world\n\r\n🙂 一行很长很长很长很长的字\n" * 9 + "last"
    found = text_windows(io.BytesIO(text.encode()), "a.txt")
    assert found is not None
    pieces = list(found)
    assert "".join(pieces) == read_text(text, "file:///a.txt").text
    assert all(piece.endswith("\n") for piece in pieces[:-1])


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.html", b"<html>" * 99), ("a.txt", "中".encode("gb18030") * 99), ("a.txt", b"a\0b" * 99), ("a.txt", b"small")],
)
def test_what_is_no_large_text_in_utf8_is_left_to_the_readers(
    monkeypatch: pytest.MonkeyPatch, name: str, data: bytes
) -> None:
    monkeypatch.setattr(windows, "LARGE_BYTES", 100)
    assert text_windows(io.BytesIO(data), name) is None


def test_detect_prints_the_same_for_a_large_file(
    duiyi: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "large.txt"
    file.write_text("我们 go 吧。\n\nGood morning, everyone.\n" * 20, "utf-8")
    whole = duiyi("detect", str(file)).stdout
    assert len(whole.splitlines()) == 40
    segments = [json.loads(line) for line in whole.splitlines()]
    assert "".join(segment["text"] for segment in segments) == file.read_text("utf-8")
