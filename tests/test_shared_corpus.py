"""Tiling on real documents, where ``DUIYI_EVAL_DIR`` names a folder of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from duiyi.processors.detection import detect
from duiyi.processors.reading import decode

FOLDER = os.environ.get("DUIYI_EVAL_DIR")
FILES = (
    sorted(path for path in Path(FOLDER).rglob("*") if path.is_file() and path.stat().st_size < 2**20) if FOLDER else []
)


@pytest.mark.skipif(not FILES, reason="no folder of real documents: set DUIYI_EVAL_DIR")
@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_segments_tile_real_documents(path: Path) -> None:
    text, _ = decode(path.read_bytes())
    segments = detect(text)
    assert "".join(segment.text for segment in segments) == text
    position = 0
    for number, segment in enumerate(segments):
        assert (segment.start, segment.segment) == (position, number)
        position = segment.end
        assert all(segment.start <= guest.start < guest.end <= segment.end for guest in segment.embedded)
    for segment in segments[1:]:
        assert not any(line.strip() for line in segment.text.splitlines()[1:]), "text after a line break"
