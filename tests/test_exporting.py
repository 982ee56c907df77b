"""Exports: read back by other tools with nothing lost, whatever the text; exactly the pairs that were asked for."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from conftest import Duiyi
from duiyi.flows.results import export_line
from duiyi.processors.errors import UsageError
from duiyi.processors.exporting import FORMATS, Selection, export_pairs
from duiyi.processors.exporting.tmx import seg_text
from duiyi.processors.exporting.tsv import COLUMNS, field_text, text_field
from duiyi.processors.writing.schema import PAIRS
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from made_datasets import write_rows
from translate.storage.tmx import tmxfile

DTD = Path(__file__).parent / "data" / "tmx14.dtd"
HOSTILE = [
    "=HYPERLINK(\"x\")", "+1", "-5 度", "@cmd", "\t=1+1", "\r=1+1", "＝1", "'引用'", "\"半句\t话", "行一\n行二\r\n行三", "反斜杠\\t不是制表",
    "<seg>&amp;</seg>]]>", "\x00\x07\x1b[31m红\x7f", "\ufffe\uffff\ufeff", "\u2028\u2029\x85\x0b\x0c\x1c", "𠮷👩‍👩‍👧 ﷐", "a  b", "{\"x\": null}",
]  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text.strip() != "")
pairs_of_texts = st.lists(st.tuples(texts, texts), min_size=1, max_size=6)


def exported(folder: Path, format_: Any, selection: Selection | None = None) -> Path:
    out = folder / f"out.{format_}"
    export_pairs(folder / "corpus", format_, out, selection)
    return out


def corpus_of(folder: Path, pairs: list[tuple[str, str]]) -> Path:
    write_rows(folder / "corpus", [{"zh": zh, "en": en} for zh, en in pairs])
    return folder


def any_text(check: Any) -> Any:
    """Runs a check of a dataset folder and its texts over hostile texts and over many others."""

    @settings(max_examples=12, deadline=None)
    @given(pairs_of_texts)
    def over_texts(pairs: list[tuple[str, str]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            check(corpus_of(Path(folder), pairs), pairs)

    def test(tmp_path: Path) -> None:
        hostile = [*((text, f"text {text} text") for text in HOSTILE), *(("好" + text, text) for text in HOSTILE)]
        kept = [pair for pair in hostile if pair[1].strip()]
        check(corpus_of(tmp_path, kept), kept)
        over_texts()

    test.__doc__ = check.__doc__
    return test


@any_text
def test_tmx_is_valid_and_gives_back_any_text(folder: Path, pairs: list[tuple[str, str]]) -> None:
    tree = etree.parse(exported(folder, "tmx"), etree.XMLParser(load_dtd=False, no_network=True))
    dtd = etree.DTD(str(DTD))
    assert dtd.validate(tree), dtd.error_log
    units = [[seg_text(segment) for segment in unit.iter("seg")] for unit in tree.iter("tu")]
    assert units == [list(pair) for pair in pairs]


def test_translate_toolkit_reads_the_tmx(tmp_path: Path) -> None:
    pairs = [
        ("看完《年报》再说 <先> & 后", 'Read "it" first & <then>'),
        ("第二句\n换行", "Second\tsentence\nbroken"),
        ("𠮷", "👩‍👩‍👧"),
    ]
    with exported(corpus_of(tmp_path, pairs), "tmx").open("rb") as file:
        store = tmxfile(file, "zh", "en")
    assert [(unit.source, unit.target) for unit in store.units] == pairs


@any_text
def test_tsv_gives_back_any_text_to_csv_pandas_and_polars(folder: Path, pairs: list[tuple[str, str]]) -> None:
    out = exported(folder, "tsv")
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [(field_text(row["zh"]), field_text(row["en"])) for row in rows] == pairs
    frame = pd.read_csv(out, sep="\t", quoting=3, dtype=str, keep_default_na=False)
    assert [(field_text(zh), field_text(en)) for zh, en in zip(frame.zh, frame.en, strict=True)] == pairs
    table = pl.read_csv(out, separator="\t", quote_char=None, infer_schema=False)
    assert [(field_text(zh), field_text(en)) for zh, en in zip(table["zh"], table["en"], strict=True)] == pairs


@given(texts)
def test_no_field_of_a_tsv_is_computed_by_a_spreadsheet(text: str) -> None:
    field = text_field(text)
    assert not field.startswith(tuple('=+-@＝＋－＠"\t\r\n'))
    assert field.isprintable() or not any(character in field for character in "\t\r\n\x00\x85\u2028\u2029")
    assert field_text(field) == text


@any_text
def test_jsonl_gives_back_every_column_of_any_text(folder: Path, pairs: list[tuple[str, str]]) -> None:
    content = exported(folder, "jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in content.splitlines()]
    assert [(row["zh"], row["en"]) for row in rows] == pairs
    assert all(list(row) == PAIRS.names for row in rows)
    assert pl.read_ndjson(io.StringIO(content))["zh"].to_list() == [zh for zh, _ in pairs]


@any_text
def test_moses_has_a_line_for_each_pair_and_its_id_leads_to_the_exact_text(
    folder: Path, pairs: list[tuple[str, str]]
) -> None:
    out = exported(folder, "moses")
    zh, en, ids = (
        out.with_name(out.name + suffix).read_text("utf-8").splitlines() for suffix in (".zh", ".en", ".ids")
    )
    assert len(zh) == len(en) == len(pairs)
    assert ids == [f"{number:032x}" for number in range(len(pairs))]
    for line, (text, _) in zip(zh, pairs, strict=True):
        assert line == text or any(ord(character) < 32 or not character.isprintable() for character in text)


PAIRS_TO_CHOOSE = [
    {"zh": "一", "en": "one", "quality": 0.7, "score": -0.25},
    {"zh": "一", "en": "one", "quality": 0.9},
    {"zh": "二", "en": "two", "origin": "author", "similarity": 0.8, "quality": 0.95},
    {"zh": "三", "en": "three", "origin": "author", "similarity": 0.4},
    {"zh": "四", "en": "four", "flags": ["number_mismatch"]},
    {"zh": "五", "en": "five", "flags": ["repaired", "echo"], "quality": 0.2},
    {"zh": "六", "en": None, "flags": ["empty"]},
    {"zh": "七", "en": "seven", "origin": "memory"},
]


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        (Selection(), "一一二三四五七"),
        (Selection(unique=True), "一二三四五七"),
        (Selection(origins=frozenset({"author"})), "二三"),
        (Selection(origins=frozenset({"author", "memory"})), "二三七"),
        (Selection(flags=frozenset({"echo", "number_mismatch"})), "四五"),
        (Selection(flags=frozenset({"any"})), "四五"),
        (Selection(without_flags=frozenset({"number_mismatch"})), "一一二三五七"),
        (Selection(without_flags=frozenset({"any"})), "一一二三七"),
        (Selection(min_quality=0.7), "一一二"),
        (Selection(min_similarity=0.8), "一一二四五七"),
        (Selection(min_similarity=0.8, origins=frozenset({"author"}), min_quality=0.5), "二"),
    ],
)
def test_filters_leave_what_they_say(selection: Selection, chosen: str, tmp_path: Path) -> None:
    write_rows(tmp_path / "corpus", PAIRS_TO_CHOOSE)
    with exported(tmp_path, "tsv", selection).open(encoding="utf-8") as file:
        assert "".join(row["zh"] for row in csv.DictReader(file, delimiter="\t")) == chosen


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    write_rows(tmp_path / "corpus", PAIRS_TO_CHOOSE)
    selection = Selection(unique=True, without_flags=frozenset({"echo"}))
    done = export_pairs(tmp_path / "corpus", "tsv", tmp_path / "x.tsv", selection)
    assert (
        done.line() == f"5 pairs written to {tmp_path}/x.tsv; left out: 1 by the filters, 1 without English, 1 repeated"
    )


def test_numbers_are_written_as_short_as_they_are_known(tmp_path: Path) -> None:
    write_rows(tmp_path / "corpus", PAIRS_TO_CHOOSE)
    first = exported(tmp_path, "tsv").read_text("utf-8").splitlines()[1].split("\t")
    row = dict(zip(COLUMNS, first, strict=True))
    assert (row["quality"], row["score"], row["similarity"], row["flags"]) == ("0.7", "-0.25", "", "")


def test_tmx_says_where_each_pair_comes_from(tmp_path: Path) -> None:
    write_rows(
        tmp_path / "corpus", [{**PAIRS_TO_CHOOSE[2], "flags": ["repaired"], "source_uri": "file:///a%20b&c.txt"}]
    )
    (unit,) = etree.parse(exported(tmp_path, "tmx")).iter("tu")
    assert unit.get("tuid") == "0" * 32
    assert unit.get("creationdate") == "20260302T080000Z"
    assert {prop.get("type"): prop.text for prop in unit.iter("prop")} == {
        "x-kind": "sentence", "x-origin": "author", "x-similarity": "0.8", "x-quality": "0.95",
        "x-source-uri": "file:///a%20b&c.txt", "x-flag": "repaired",
    }  # fmt: skip


def test_an_unknown_flag_or_origin_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no 'ecko'; choose from empty, "):
        Selection(flags=frozenset({"ecko"}))
    with pytest.raises(UsageError, match="'google'; choose from machine, author, memory"):
        Selection(origins=frozenset({"google"}))


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_that_fails_leaves_the_old_file_and_nothing_else(format_: Any, tmp_path: Path) -> None:
    write_rows(tmp_path / "corpus", PAIRS_TO_CHOOSE)
    out = tmp_path / "kept"
    before = export_pairs(tmp_path / "corpus", format_, out).files
    old = [path.read_bytes() for path in before]
    for bucket in (tmp_path / "corpus" / "pairs").glob("*.parquet"):
        bucket.write_bytes(b"PAR1 no more")
    with pytest.raises(Exception, match=r"(?i)parquet"):
        export_pairs(tmp_path / "corpus", format_, out)
    assert [path.read_bytes() for path in before] == old
    assert {path.name for path in tmp_path.iterdir()} == {"corpus", *(path.name for path in before)}


def test_the_command_exports_and_says_what_it_left_out(duiyi: Duiyi, tmp_path: Path) -> None:
    write_rows(tmp_path / "corpus", PAIRS_TO_CHOOSE)
    done = duiyi(
        "export",
        tmp_path / "corpus",
        "--format",
        "jsonl",
        "--out",
        "-",
        "--origin",
        "author, memory",
        "--min-similarity",
        "0.5",
    )
    assert [json.loads(line)["zh"] for line in done.stdout.splitlines()] == ["二", "七"]
    assert done.stderr == "duiyi: 2 pairs written; left out: 6 by the filters\n"
    assert done.returncode == 0


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset, one whose files are none, and one whose files are damaged."""
    folder = tmp_path_factory.mktemp("corpora")
    for name in ("corpus", "broken", "damaged"):
        write_rows(folder / name, PAIRS_TO_CHOOSE)
    for bucket in (folder / "broken" / "pairs").glob("*.parquet"):
        bucket.write_bytes(b"PAR1 no more")
    for bucket in (folder / "damaged" / "pairs").glob("*.parquet"):
        content = bucket.read_bytes()
        bucket.write_bytes(content[:4] + bytes(800) + content[804:])
    return folder


@pytest.mark.parametrize(
    ("folder", "format_", "out", "said"),
    [
        ("none", "tsv", "x", "holds no duiyi dataset"),
        ("corpus", "tsv", "no/such/x", "cannot write .*/no/such/x: No such file or directory"),
        ("corpus", "jsonl", ".", "is a folder; name a file"),
        ("broken", "tmx", "x", "is not a readable Parquet file"),
        ("damaged", "moses", "x", "a file is broken"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(folder: str, format_: Any, out: str, said: str, corpora: Path) -> None:
    with pytest.raises(UsageError, match=said):
        export_line(corpora / folder, format_, corpora / out, Selection())
    assert {path.name for path in corpora.iterdir()} == {"corpus", "broken", "damaged"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "moses", "--out", "-"], "three files"),
        (["--format", "tsv", "--out", "x", "--flags", "ecko"], "no 'ecko'"),
    ],
)
def test_a_wrong_command_is_one_line(arguments: list[str], said: str, duiyi: Duiyi, corpora: Path) -> None:
    done = duiyi("export", corpora / "corpus", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
