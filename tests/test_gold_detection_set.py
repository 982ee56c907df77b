"""The gold set of language detection keeps its own rules (see tests/gold/README.md); no detector is run here."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

GOLD = Path(__file__).parent / "gold" / "detection.jsonl"
HAN = re.compile(r"[〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
LATIN = re.compile(r"[A-Za-zＡ-Ｚａ-ｚ]")
NO_WORDS = re.compile(r"https?://\S+|[\w.+-]+@[\w.-]+|@[A-Za-z0-9_]+|`[^`]*`|[\d.,:%]+(?!\w)")
GUEST_LANGUAGES = {"zh": {"en"}, "en": {"zh"}, "other": {"zh"}, "none": set()}
LINE_ENDS = ("\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029")

# Iterating cuts at line feeds only; the texts may hold any other separator.
with GOLD.open(encoding="utf-8", newline="\n") as _lines:
    DOCUMENTS: list[dict[str, Any]] = [json.loads(line) for line in _lines]

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=[document["id"] for document in DOCUMENTS])


def text_of(document: dict[str, Any], span: dict[str, Any]) -> str:
    text: str = document["text"][span["start"] : span["end"]]
    return text


def is_word_edge(character: str) -> bool:
    """Letters, digits, combining marks and the signs that end names such as C++ may be a guest's edge."""
    return unicodedata.category(character)[0] in "LNM" or character in "+#"


def neighbours_on_a_line(document: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pairs of consecutive segments with no line break between them."""
    pairs = zip(document["segments"], document["segments"][1:], strict=False)
    return [(one, two) for one, two in pairs if len(f"{text_of(document, one).lstrip()}x".splitlines()) == 1]


@each_document
def test_schema(document: dict[str, Any]) -> None:
    assert set(document) == {"id", "genre", "split", "text", "segments"}
    assert re.fullmatch(re.escape(document["genre"]) + r"-\d{3}", document["id"])
    assert document["split"] in {"dev", "held"}
    for segment in document["segments"]:
        assert set(segment) == {"start", "end", "lang", "script", "embedded"}
        assert segment["lang"] in GUEST_LANGUAGES
        assert segment["script"] in ({"Hans", "Hant", None} if segment["lang"] == "zh" else {None})
        for guest in segment["embedded"]:
            assert set(guest) == {"start", "end", "lang"}
            assert guest["lang"] in GUEST_LANGUAGES[segment["lang"]]


@each_document
def test_segments_tile_the_text(document: dict[str, Any]) -> None:
    position = 0
    for segment in document["segments"]:
        assert segment["start"] == position
        assert segment["end"] > segment["start"]
        position = segment["end"]
    assert position == len(document["text"])


@each_document
def test_segments_end_with_their_line(document: dict[str, Any]) -> None:
    for number, segment in enumerate(document["segments"]):
        text = text_of(document, segment)
        assert number == 0 or not text[0].isspace(), "white space belongs to the segment before"
        assert len(text.strip().splitlines()) <= 1, "text after a line break"


@each_document
def test_a_run_of_one_language_is_one_segment(document: dict[str, Any]) -> None:
    for before, after in neighbours_on_a_line(document):
        assert before["lang"] != after["lang"], text_of(document, after)


@each_document
def test_words_decide_between_none_and_a_language(document: dict[str, Any]) -> None:
    for segment in document["segments"]:
        text = NO_WORDS.sub(" ", text_of(document, segment))
        if segment["lang"] == "zh":
            assert HAN.search(text), text
        elif segment["lang"] != "none":
            assert any(character.isalpha() for character in text), text
    for before, after in neighbours_on_a_line(document):
        assert "none" not in {before["lang"], after["lang"]}, text_of(document, after)


@each_document
def test_guests_lie_in_their_segment(document: dict[str, Any]) -> None:
    for segment in document["segments"]:
        position = segment["start"]
        for guest in segment["embedded"]:
            assert position <= guest["start"] < guest["end"] <= segment["end"]
            position = guest["end"]


@each_document
def test_guests_are_words(document: dict[str, Any]) -> None:
    for segment in document["segments"]:
        addresses = [match.span() for match in re.finditer(r"https?://\S+|\S+@\S+\.\w+|`[^`]*`", document["text"])]
        for guest in segment["embedded"]:
            text = text_of(document, guest)
            wanted, unwanted = (HAN, LATIN) if guest["lang"] == "zh" else (LATIN, HAN)
            assert wanted.search(text), f"{text!r} has no letter of its language"
            assert not unwanted.search(text), f"{text!r} reaches into another language"
            assert is_word_edge(text[0]), text
            assert is_word_edge(text[-1]), text
            assert not any(start < guest["end"] and guest["start"] < end for start, end in addresses), text


@each_document
def test_no_chinese_guest_is_missed(document: dict[str, Any]) -> None:
    for segment in document["segments"]:
        if segment["lang"] != "en":
            continue
        unmarked = list(document["text"])
        for guest in segment["embedded"]:
            unmarked[guest["start"] : guest["end"]] = " " * (guest["end"] - guest["start"])
        text = NO_WORDS.sub(" ", "".join(unmarked[segment["start"] : segment["end"]]))
        assert not HAN.search(text), text


def test_size_and_splits() -> None:
    assert len({document["id"] for document in DOCUMENTS}) == len(DOCUMENTS)
    assert len({document["text"] for document in DOCUMENTS}) == len(DOCUMENTS)
    lines = [line for document in DOCUMENTS for line in document["text"].splitlines() if line.strip()]
    assert len(lines) >= 360
    assert {d["split"] for d in DOCUMENTS if d["id"][:3] in {"b4-", "b5-"}} == {"held"}
    held = [document for document in DOCUMENTS if document["split"] == "held"]
    assert len(held) >= 160
    for split in ("dev", "held"):
        segments = [segment for document in DOCUMENTS if document["split"] == split for segment in document["segments"]]
        assert {segment["lang"] for segment in segments} == set(GUEST_LANGUAGES)
        assert {segment["script"] for segment in segments} == {"Hans", "Hant", None}
        assert {guest["lang"] for segment in segments for guest in segment["embedded"]} == {"zh", "en"}


def test_border_cases_are_in() -> None:
    texts = [document["text"] for document in DOCUMENTS]
    assert "" in texts
    assert [document["segments"] for document in DOCUMENTS if not document["text"]] == [[]]
    blank = [document for document in DOCUMENTS if document["text"] and not document["text"].strip()]
    assert blank
    assert all([segment["lang"] for segment in document["segments"]] == ["none"] for document in blank)
    ends = {line.removeprefix(line.rstrip("".join(LINE_ENDS))) for text in texts for line in text.splitlines(True)}
    assert set(LINE_ENDS) <= ends
    assert any(character > "\uffff" and HAN.match(character) for text in texts for character in text)
    assert any(re.search("[a-z]\u0301", text) for text in texts), "a combining mark"
    assert any(re.search("[\ufe00-\ufe0f\U000e0100-\U000e01ef]", text) for text in texts), "a variation selector"
