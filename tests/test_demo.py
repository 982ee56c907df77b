"""What `make demo` wrote with the real language model."""

from __future__ import annotations

from pathlib import Path

import pandas
import pytest
from conftest import DEMO_DATASET
from duiyi.processors.writing import open_dataset

pytestmark = pytest.mark.skipif(DEMO_DATASET is None, reason="there is no out/demo; make demo makes it")


@pytest.fixture(scope="module")
def tables() -> dict[str, pandas.DataFrame]:
    dataset = open_dataset(Path(str(DEMO_DATASET)))
    return {name: getattr(dataset, name).to_table().to_pandas() for name in dataset._fields}


def test_all_samples_are_there_and_whole(tables: dict[str, pandas.DataFrame]) -> None:
    documents, segments = tables["documents"], tables["segments"]
    assert set(documents["status"]) == {"ok"}
    lengths = segments.groupby("doc_id")["text"].apply(lambda texts: sum(map(len, texts)))
    assert documents.set_index("doc_id")["characters"].to_dict() == lengths.to_dict()


def test_the_translations_are_english_by_the_model(tables: dict[str, pandas.DataFrame]) -> None:
    pairs = tables["pairs"][tables["pairs"]["origin"] == "machine"]
    assert len(pairs) > 80
    assert pairs["model"].str.contains("@").all()
    assert pairs["en"].notna().mean() > 0.98
    han = pairs["en"].fillna("").str.contains("[\u4e00-\u9fff]")
    assert han.mean() < 0.03
    assert (han == pairs["flags"].apply(lambda flags: "untranslated_han" in flags)).all()
    thanks = pairs[pairs["zh"].str.contains("谢谢")]
    assert thanks["en"].str.contains("(?i)thank").all()


def test_repeated_quotes_have_one_translation(tables: dict[str, pandas.DataFrame]) -> None:
    machine = tables["pairs"][tables["pairs"]["origin"] == "machine"]
    by_sentence = machine.groupby("zh")["en"].nunique()
    assert (by_sentence <= 1).all()


def test_what_the_authors_say_in_english_themselves_is_theirs(tables: dict[str, pandas.DataFrame]) -> None:
    author = tables["pairs"][tables["pairs"]["origin"] == "author"]
    assert len(author) >= 10
    assert author["model"].isna().all()
    assert (author["en_doc_id"] == author["doc_id"]).all()
    assert "NOTICE OF WATER SUPPLY INTERRUPTION" in set(author["en"])
