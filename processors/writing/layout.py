"""Where a document stands in a dataset: its bucket, told by its ``doc_id``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import UsageError
from .schema import TABLES, version_metadata, version_of

RANGES_KEY = b"duiyi.ranges"
BUCKETS_KEY = b"duiyi.buckets"
"""In datasets of duiyi 0.1, whose buckets are remainders of the ``doc_id``, not ranges of it."""

FIRST, END = "", "g"
"""Below and above every ``doc_id``, which are hexadecimal."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A dataset's buckets: so many, and each a range of ``doc_id`` (``by_remainder``: as duiyi 0.1 made them).

    Ranges let a reader who looks for one document, or one that has the ids sorted, pass over all other files. The
    number is a balance: a night that changes a few documents rewrites whole buckets, which fewer and larger ones make
    dearer as a dataset grows; a reader opens all files, 0.3 ms each. Measured with 20,000 documents (14 MB; `make
    bench-dataset`): 8 buckets, one document found in 9 ms, all pairs read in 328 ms; 32 buckets 13 and 375 ms; 64
    buckets 21 and 433 ms. Row groups of 2,000 to 200,000 rows made no difference beyond the noise; 50,000 bound the
    memory of a merge.
    """

    buckets: int
    by_remainder: bool = False

    def metadata(self) -> dict[bytes, bytes]:
        """What every file of the dataset says of itself."""
        key = BUCKETS_KEY if self.by_remainder else RANGES_KEY
        return version_metadata() | {key: str(self.buckets).encode()}

    def bucket(self, doc_id: str) -> int:
        """The bucket of a document."""
        if self.by_remainder:
            return int(doc_id, 16) % self.buckets
        return int(doc_id[:8], 16) * self.buckets >> 32

    def span(self, bucket: int) -> tuple[str, str]:
        """The bucket holds ids from the first of these to before the second only (but not all of them: see `mine`)."""
        if self.by_remainder:
            return FIRST, END
        start, end = (-(-(number << 32) // self.buckets) for number in (bucket, bucket + 1))
        return f"{start:08x}", END if bucket + 1 == self.buckets else f"{end:08x}"

    def mine(self, bucket: int, rows: pa.Table) -> pa.Table:
        """Those of ``rows``, all of them within the bucket's span, that belong to the bucket."""
        if not self.by_remainder or not rows.num_rows:
            return rows
        ids = rows.column("doc_id").to_pylist()
        return rows.filter(pa.array(self.bucket(doc_id) == bucket for doc_id in ids))


def table_files(root: Path, table: str) -> list[Path]:
    """The files of one table of a dataset."""
    return sorted((root / table).glob("*.parquet"))


def has_documents(root: Path) -> bool:
    """Whether there is a dataset to be read."""
    return bool(table_files(root, "documents"))


def bucket_path(root: Path, table: str, bucket: int) -> Path:
    """The file of a bucket's rows of one table."""
    return root / table / f"{bucket:02d}.parquet"


def stored_layout(root: Path) -> Layout | None:
    """The layout of the dataset in ``root``, None where there is none yet.

    Raises:
        UsageError: a file is broken, or a later version of duiyi wrote it.
    """
    found: Layout | None = None
    for path in (path for table in TABLES for path in table_files(root, table)):
        metadata = file_metadata(path)
        version_of(metadata, path)
        by_remainder = RANGES_KEY not in metadata
        layout = Layout(int(metadata[BUCKETS_KEY if by_remainder else RANGES_KEY]), by_remainder)
        if found not in {None, layout}:
            raise UsageError(f"{path} is a file of another dataset than the others in {root}; move it away")
        found = layout
    return found


def file_metadata(path: Path) -> dict[bytes, bytes]:
    """What a file of a dataset says of itself.

    Raises:
        UsageError: it is not a Parquet file of duiyi's.
    """
    try:
        return pq.read_metadata(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{path} is not a readable Parquet file: {' '.join(str(error).split())}") from error


def without(rows: pa.Table, doc_ids: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The rows of all documents but these."""
    if not len(doc_ids) or not rows.num_rows:
        return rows
    return rows.filter(pc.invert(pc.is_in(rows.column("doc_id"), value_set=doc_ids)))
