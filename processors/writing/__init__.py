"""Writing: the rows of documents into a dataset of Parquet files.

`schema` is the tables' columns, `rows` makes a document's rows, `dataset` stores and opens them.
"""

from __future__ import annotations

from .dataset import Dataset, DatasetWriter, Stored, open_dataset, stored_documents
from .rows import Rows, Run, document_rows, unread_rows

__all__ = [
    "Dataset",
    "DatasetWriter",
    "Rows",
    "Run",
    "Stored",
    "document_rows",
    "open_dataset",
    "stored_documents",
    "unread_rows",
]
