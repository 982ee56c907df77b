"""The three tables of a dataset, column by column, explicit and typed (schema version 1)."""

from __future__ import annotations

import pyarrow as pa

SCHEMA_VERSION = 1
VERSION_KEY = b"duiyi.schema_version"

_word = pa.dictionary(pa.int8(), pa.string())
_time = pa.timestamp("us", tz="UTC")

PAIRS = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("source_uri", pa.string(), nullable=False),
        pa.field("source_id", pa.string()),
        pa.field("kind", _word, nullable=False),
        pa.field("origin", _word, nullable=False),
        pa.field("block", pa.int32(), nullable=False),
        pa.field("segment", pa.int32(), nullable=False),
        pa.field("sentence", pa.int32(), nullable=False),
        pa.field("zh", pa.string(), nullable=False),
        pa.field("zh_start", pa.int64(), nullable=False),
        pa.field("zh_end", pa.int64(), nullable=False),
        pa.field("zh_script", pa.string()),
        pa.field("zh_tokens", pa.list_(pa.string()), nullable=False),
        pa.field("en", pa.string()),
        pa.field("en_tokens", pa.list_(pa.string())),
        pa.field("en_start", pa.int64()),
        pa.field("en_end", pa.int64()),
        pa.field("en_doc_id", pa.string()),
        pa.field("engine", pa.string()),
        pa.field("model", pa.string()),
        pa.field("score", pa.float32()),
        pa.field("similarity", pa.float32()),
        pa.field("quality", pa.float32()),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
        pa.field("word_alignment", pa.list_(pa.struct([("zh", pa.int32()), ("en", pa.int32())]))),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("created_at", _time, nullable=False),
    ]
)

SEGMENTS = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("block", pa.int32(), nullable=False),
        pa.field("segment", pa.int32(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("script", pa.string()),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field(
            "embedded",
            pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64()), ("lang", pa.string())])),
            nullable=False,
        ),
    ]
)

DOCUMENTS = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("source_uri", pa.string(), nullable=False),
        pa.field("source_id", pa.string()),
        pa.field("metadata", pa.string()),
        pa.field("content_sha256", pa.string()),
        pa.field("format", pa.string()),
        pa.field("encoding", pa.string()),
        pa.field("bytes", pa.int64()),
        pa.field("characters", pa.int64()),
        pa.field("zh_characters", pa.int64()),
        pa.field("en_words", pa.int64()),
        pa.field("segments", pa.int64()),
        pa.field("pairs_machine", pa.int64()),
        pa.field("pairs_author", pa.int64()),
        pa.field("memory_hits", pa.int64()),
        pa.field("seconds", pa.float32()),
        pa.field("cmi", pa.float32()),
        pa.field("m_index", pa.float32()),
        pa.field("i_index", pa.float32()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("error", pa.string()),
        pa.field("config_sha256", pa.string()),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("processed_at", _time, nullable=False),
    ]
)

TABLES = {"pairs": PAIRS, "segments": SEGMENTS, "documents": DOCUMENTS}
ORDER = {
    "pairs": ["doc_id", "zh_start", "pair_id"],
    "segments": ["doc_id", "segment"],
    "documents": ["doc_id"],
}
"""How the rows of each table are sorted in their files: a document's rows stand together, in reading order."""
