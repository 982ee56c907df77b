"""The three tables of a dataset, column by column, explicit and typed (schema version 1).

A new version of the schema comes with an entry in `UPGRADES` that makes a table of the version before into one of the
new. Datasets of older versions open as they are, with null in the columns they lack; their files are upgraded one by
one, each when rows of its bucket are next written. What a later version of duiyi wrote is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from ..errors import UsageError

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
        pa.field("mended", pa.list_(pa.string())),
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
        pa.field("pairs_flagged", pa.int64()),
        pa.field("pairs_repaired", pa.int64()),
        pa.field("flags", pa.list_(pa.struct([("flag", pa.string()), ("left", pa.int32()), ("mended", pa.int32())]))),
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

UPGRADES: dict[int, Callable[[str, pa.Table], pa.Table]] = {}
"""From version *n* to *n* + 1: the table's name and its rows in, the rows in the next version out.

Columns that are new and may be null need no code here: ``lambda name, rows: rows`` is a whole entry.
"""


def version_metadata() -> dict[bytes, bytes]:
    """What a file says of its schema."""
    return {VERSION_KEY: str(SCHEMA_VERSION).encode()}


def version_of(metadata: dict[bytes, bytes] | None, path: Path) -> int:
    """The schema version of the file ``path``, from its metadata.

    Raises:
        UsageError: the file is not one of duiyi's, or a later version wrote it.
    """
    version = int((metadata or {}).get(VERSION_KEY, b"0"))
    if not 1 <= version <= SCHEMA_VERSION:
        raise UsageError(
            f"{path} has schema version {version}, this duiyi reads 1 to {SCHEMA_VERSION}; use the duiyi that wrote it or another --out"
        )
    return version


def upgraded(name: str, rows: pa.Table, version: int) -> pa.Table:
    """Rows of the table ``name`` written under ``version``, as this version has them."""
    for step in range(version, SCHEMA_VERSION):
        rows = UPGRADES[step](name, rows)
    schema = TABLES[name]
    if rows.schema.equals(schema):
        return rows.replace_schema_metadata(None)
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
