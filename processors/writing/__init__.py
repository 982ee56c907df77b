"""Writing: the rows of documents into a dataset of Parquet files.

`schema` is the tables' columns, `rows` makes a document's rows, `dataset` stores and opens them: committed rows wait in
`staging` until `merging` puts them into the buckets that `layout` gives them. `stored` is what a dataset knows of its documents.
Every change of the disk goes through `files`.
"""

from __future__ import annotations

from .dataset import Dataset, DatasetWriter, open_dataset
from .layout import has_documents
from .rows import DocumentRows, Rows, Run, document_rows, unread_rows
from .stored import Stored, StoredDocuments, stored_documents, stored_uris

__all__ = [
    "Dataset",
    "DatasetWriter",
    "DocumentRows",
    "Rows",
    "Run",
    "Stored",
    "StoredDocuments",
    "document_rows",
    "has_documents",
    "open_dataset",
    "stored_documents",
    "stored_uris",
    "unread_rows",
]
