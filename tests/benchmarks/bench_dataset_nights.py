"""A dataset after months of nightly runs, and other layouts beside the one that was chosen. See `make bench-dataset`.

`nights` changes 50 of 20,000 documents 300 times; `layouts` compares numbers of buckets and sizes of row groups. Below the flow:
rows are made up, not detected.
"""
# ruff: noqa: S311 - chance makes figures here, not secrets

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from duiyi.processors.records import document_id
from duiyi.processors.settings import WritingSettings
from duiyi.processors.writing import DatasetWriter, Rows
from duiyi.processors.writing.rows import pair_id

DOCUMENTS = 20_000
CHANGED = 50
HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
WORDS = ["the", "a", "library", "meeting", "tomorrow", "river", "seldom", "brought", "paper", "lantern", "of", "to"]
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def made_up(number: int, chance: random.Random) -> Rows:
    """The rows of a document of some sentences, half of them Chinese."""
    uri = f"file:///corpus/{number % 100:02d}/thread-{number}.txt"
    doc_id = document_id(uri)
    rows = Rows()
    offset = 0
    for index in range(chance.randint(2, 12)):
        chinese = bool(index % 2)
        text = "".join(chance.choices(HAN, k=15)) + "。\n" if chinese else " ".join(chance.choices(WORDS, k=10)) + ".\n"
        where = {"doc_id": doc_id, "block": index, "segment": index}
        rows.segments.add(
            **where, lang="zh" if chinese else "en", start=offset, end=offset + len(text), text=text, embedded=()
        )
        if chinese:
            zh = text.strip()
            rows.pairs.add(
                **where,
                pair_id=pair_id(doc_id, "sentence", "machine", zh, 0),
                source_uri=uri,
                kind="sentence",
                origin="machine",
                sentence=0,
                zh=zh,
                zh_start=offset,
                zh_end=offset + len(zh),
                zh_tokens=tuple(zh[at : at + 2] for at in range(0, len(zh), 2)),
                en=" ".join(chance.choices(WORDS, k=9)),
                en_tokens=tuple(chance.choices(WORDS, k=9)),
                engine="argos",
                model="translate-zh_en@1.9",
                score=-chance.random(),
                flags=(),
                run_id="r",
                created_at=NOW,
            )
        offset += len(text)
    rows.documents.add(
        doc_id=doc_id,
        source_uri=uri,
        content_sha256=f"{chance.getrandbits(256):064x}",
        format="text",
        encoding="utf-8",
        bytes=offset,
        characters=offset,
        zh_characters=1,
        status="ok",
        config_sha256="f" * 64,
        run_id="r",
        processed_at=NOW,
    )
    return rows


def write(writer: DatasetWriter, numbers: Iterable[int], chance: random.Random) -> float:
    """Commit the documents in shards of 200 and merge; the seconds without making the rows up."""
    spent = 0.0
    shard = Rows()
    for number in [*numbers, None]:
        if number is not None:
            shard.extend(made_up(number, chance))
        if number is None or len(shard.documents) == 200:
            started = time.perf_counter()
            writer.commit(shard)
            spent += time.perf_counter() - started
            shard = Rows()
    started = time.perf_counter()
    writer.merge()
    return spent + time.perf_counter() - started


def size(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*.parquet"))


def answered(query: str) -> float:
    """The median of five times DuckDB takes."""
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        duckdb.sql(query).fetchnumpy()
        spent.append(time.perf_counter() - started)
    return sorted(spent)[2]


def nights(count: int) -> None:
    """Print how the first, tenth and last night compare, and the dataset with one freshly written."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "aged"
        spent = write(DatasetWriter(root, WritingSettings()), range(DOCUMENTS), chance)
        print(f"{DOCUMENTS:,} documents, {size(root) / 1e6:.1f} MB, written in {spent:.1f} s", flush=True)
        tenth, fresh = Path(name) / "tenth", Path(name) / "fresh"
        for number in range(1, count + 1):
            spent = night(root, number)
            if number == 10:
                shutil.copytree(root, tenth)
            if number in {1, 10, count} or number % 50 == 0:
                files = max(len(list(root.glob(f"{table}/*"))) for table in ("pairs", "segments", "documents"))
                print(f"night {number}: {spent:.2f} s, {files} files a table, {size(root) / 1e6:.1f} MB", flush=True)
        both = [(night(tenth, count + again), night(root, count + again)) for again in range(1, 16)]
        early, late = (sorted(spent)[7] for spent in zip(*both, strict=True))
        print(f"in turn, medians of 15: a night after the tenth {early:.2f} s, after night {count} {late:.2f} s")
        write(DatasetWriter(fresh, WritingSettings()), range(DOCUMENTS), random.Random(2))
        print(f"size: {size(root) / size(fresh):.3f} of a dataset freshly written")


def night(root: Path, number: int) -> float:
    """Change fifty documents; the seconds, with loading what is stored."""
    writer = DatasetWriter(root, WritingSettings())
    chance = random.Random(number)
    started = time.perf_counter()
    writer.stored()
    loaded = time.perf_counter() - started
    return loaded + write(writer, chance.sample(range(DOCUMENTS), CHANGED), chance)


def layouts() -> None:
    """Print what the layouts cost: writing, a night, one new document, and reading with DuckDB."""
    print("buckets  group rows  files MB   write s  night s  one s   by id ms  by lang ms  full scan ms  open ms")
    for buckets, group in (
        (8, 50_000),
        (16, 50_000),
        (32, 50_000),
        (64, 50_000),
        (32, 2_000),
        (32, 10_000),
        (32, 200_000),
    ):
        chosen = WritingSettings(buckets=buckets, row_group_rows=group)
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            written = write(DatasetWriter(root, chosen), range(DOCUMENTS), random.Random(1))
            night = write(
                DatasetWriter(root, chosen), random.Random(2).sample(range(DOCUMENTS), CHANGED), random.Random(2)
            )
            one = write(DatasetWriter(root, chosen), [7], random.Random(3))
            wanted = document_id("file:///corpus/33/thread-333.txt")
            segments, pairs = f"'{root}/segments/**/*.parquet'", f"'{root}/pairs/**/*.parquet'"
            queries = (
                f"select text from {segments} where doc_id = '{wanted}'",
                f"select count(*), sum(length(text)) from {segments} where lang = 'zh'",
                f"select zh, en, zh_tokens, flags from {pairs}",
                f"select count(*) from {pairs}",
            )
            by_id, by_lang, scan, opened = map(answered, queries)
            print(
                f"{buckets:7} {group:11,} {size(root) / 1e6:9.1f} {written:9.1f} {night:8.2f} {one:6.2f} "
                f"{by_id * 1e3:10.1f} {by_lang * 1e3:11.1f} {scan * 1e3:13.1f} {opened * 1e3:8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["layouts"]:
        layouts()
    else:
        nights(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
