"""Datasets of any size made of invented rows, as later steps will write them: author pairs, quality, alignment."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from duiyi.processors.records import document_id
from duiyi.processors.settings import WritingSettings
from duiyi.processors.writing import DatasetWriter, Rows

START = datetime(2026, 3, 2, 8, tzinfo=UTC)

_SUBJECTS = [
    ("我们", "We"),
    ("邻居", "The neighbours"),
    ("老师", "The teacher"),
    ("他妹妹", "His sister"),
    ("店主", "The shopkeeper"),
]
_TIMES = [("昨天", "yesterday"), ("上个月", "last month"), ("今天早上", "this morning"), ("周末", "at the weekend")]
_DEEDS = [
    ("修好了", "repaired"), ("卖掉了", "sold"), ("仔细看过", "looked closely at"), ("又买了", "bought another of"),
    ("忘记带走", "forgot to take"),
]  # fmt: skip
_THINGS = [
    ("那台旧冰箱", "the old fridge"), ("三把椅子", "the three chairs"), ("窗边的钢琴", "the piano by the window"),
    ("年度报告", "the annual report"), ("屋顶的水箱", "the water tank on the roof"),
]  # fmt: skip
_FLAGS = ["number_mismatch", "length_ratio", "repaired", "untranslated_han", "echo"]


def sentence(random_: random.Random) -> tuple[list[str], list[str], list[dict[str, int]]]:
    """Chinese tokens, English tokens and how they are aligned."""
    parts = [random_.choice(words) for words in (_SUBJECTS, _TIMES, _DEEDS, _THINGS)]
    zh = [chinese for chinese, _ in parts] + ["。"]
    en: list[str] = []
    links: list[dict[str, int]] = []
    for at in (0, 2, 3, 1):
        for word in parts[at][1].split():
            links.append({"zh": at, "en": len(en)})
            en.append(word)
    links.append({"zh": 4, "en": len(en)})
    return zh, [*en, "."], links


def write_rows(folder: Path, pairs: Sequence[Mapping[str, Any]], documents: Sequence[Mapping[str, Any]] = ()) -> Path:
    """A dataset of these pairs, each with what it lacks filled in; documents that are not named are made from the pairs."""
    rows = Rows()
    count: dict[str, int] = {}
    for number, pair in enumerate(pairs):
        uri = pair.get("source_uri", "file:///corpus/one.txt")
        count[uri] = count.get(uri, 0) + (pair.get("origin", "machine") == "machine")
        zh, en = pair["zh"], pair.get("en")
        made = {
            "pair_id": f"{number:032x}", "source_uri": uri, "kind": "sentence", "origin": "machine", "block": number,
            "segment": number, "sentence": 0, "zh_start": 100 * number, "zh_end": 100 * number + len(zh), "zh_tokens": [zh],
            "en_tokens": None if en is None else en.split(), "flags": [], "run_id": "run-1", "created_at": START,
        }  # fmt: skip
        rows.pairs.add(**{**made, **pair, "doc_id": document_id(uri)})
    named = {document["source_uri"] for document in documents}
    for document in [*documents, *({"source_uri": uri} for uri in count if uri not in named)]:
        uri = document["source_uri"]
        made = {
            "format": "text", "encoding": "utf-8", "characters": 400, "zh_characters": 120, "en_words": 50, "bytes": 900, "seconds": 0.5,
            "pairs_machine": count.get(uri, 0), "pairs_author": 0, "memory_hits": 0, "cmi": 30.0, "m_index": 0.7, "i_index": 0.1,
            "status": "ok", "run_id": "run-1", "processed_at": START,
        }  # fmt: skip
        rows.documents.add(**{**made, **document, "doc_id": document_id(uri)})
        if made["status"] == document.get("status", "ok"):
            for number, (lang, text) in enumerate(
                [("zh", "你看年报吧。"), ("en", "Read it first."), ("none", "12:30")]
            ):
                rows.segments.add(
                    doc_id=document_id(uri), block=number, segment=number, lang=lang, script="Hans" if lang == "zh" else None,
                    start=20 * number, end=20 * number + len(text), text=text,
                    embedded=[{"start": 2, "end": 4, "lang": "en"}] if lang == "zh" else [],
                )  # fmt: skip
    writer = DatasetWriter(folder, WritingSettings())
    writer.commit(rows)
    writer.merge()
    return folder


def large_dataset(folder: Path, number: int, *, per_document: int = 40, seed: int = 7) -> Path:
    """A dataset of so many pairs in documents of ``per_document``, one pair in eight by authors, one in six flagged."""
    random_ = random.Random(seed)  # noqa: S311
    pairs = []
    documents: dict[str, dict[str, Any]] = {}
    for index in range(number):
        thread = index // per_document
        uri = f"file:///corpus/threads/thread%20{thread}.txt"
        if uri not in documents:
            documents[uri] = {
                "source_uri": uri, "cmi": random_.uniform(0, 60), "m_index": random_.random(), "i_index": random_.random() / 2,
                "seconds": random_.expovariate(1.0), "pairs_author": 0, "pairs_machine": 0, "run_id": f"run-{thread % 3}",
                "processed_at": START + timedelta(days=thread % 3), "memory_hits": thread % 7,
            }  # fmt: skip
        zh, en, links = sentence(random_)
        author = index % 8 == 3
        documents[uri]["pairs_author" if author else "pairs_machine"] += 1
        pairs.append(
            {
                "source_uri": uri,
                "zh": "".join(zh),
                "zh_tokens": zh,
                "en": " ".join(en[:-1]) + ".",
                "en_tokens": en,
                "origin": "author" if author else "machine",
                "kind": "embedded" if index % 11 == 0 else "sentence",
                "zh_script": "Hant" if thread % 5 == 0 else "Hans",
                "zh_start": 30 * (index % per_document),
                "zh_end": 30 * (index % per_document) + 12,
                "word_alignment": links,
                "engine": None if author else "argos",
                "model": None if author else "tiny@1",
                "score": None if author else -random_.expovariate(2.5),
                "similarity": random_.uniform(0.5, 1) if author else None,
                "quality": random_.betavariate(6, 2),
                "flags": [random_.choice(_FLAGS)] if index % 6 == 0 else [],
                "run_id": documents[uri]["run_id"],
                "created_at": documents[uri]["processed_at"],
            }
        )
    return write_rows(folder, pairs, list(documents.values()))
