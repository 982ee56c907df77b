"""A dataset in a notebook: the cells (# %%) run one by one in Jupyter, VS Code or Spyder, or all: python explore.py DIR.

Needs nothing but duiyi; the questions that analysts ask stand in ANALYSIS.md, for DuckDB, polars and pandas.
"""

# %% Open it
import sys

import pyarrow.compute as pc
from duiyi.processors import open_dataset

folder = sys.argv[1] if len(sys.argv) == 2 else "out/demo"
dataset = open_dataset(folder)
print(f"{folder}: {dataset.documents.count_rows()} documents, {dataset.pairs.count_rows()} pairs")

# %% Which documents mix most?
documents = dataset.documents.to_table(
    columns=["doc_id", "source_uri", "cmi", "zh_characters", "en_words"], filter=pc.field("status") == "ok"
).sort_by([("cmi", "descending")])
for row in documents.slice(0, 5).to_pylist():
    name = row["source_uri"].rsplit("/", 1)[-1]
    print(
        f"{row['cmi'] or 0:5.1f}  {name}  ({row['zh_characters']} Chinese characters, {row['en_words']} English words)"
    )

# %% One of them as it was written, each segment with its language
for row in documents.slice(0, 1).to_pylist():
    segments = dataset.segments.to_table(filter=pc.field("doc_id") == row["doc_id"]).sort_by("segment")
    for segment in segments.slice(0, 12).to_pylist():
        print(f"{segment['lang']:>5}  {segment['text'].strip()}")

# %% What its Chinese says
for row in documents.slice(0, 1).to_pylist():
    pairs = dataset.pairs.to_table(columns=["zh", "en", "flags"], filter=pc.field("doc_id") == row["doc_id"])
    for pair in pairs.slice(0, 6).to_pylist():
        print(f"{pair['zh']}\n    {pair['en'] or '(not translated)'}  {' '.join(pair['flags'])}")

# %% A pandas table of everything, for what comes next (pandas is not part of duiyi)
# frame = dataset.pairs.to_table().to_pandas()
