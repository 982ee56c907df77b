"""Rows as documents: JSON Lines, CSV, TSV and Parquet."""

from __future__ import annotations

import csv
import datetime
import decimal
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from duiyi.processors.reading import find_sources, read_bytes, read_source
from duiyi.processors.records import Document, Unread
from duiyi.processors.settings import ReadingSettings
from hypothesis import given
from hypothesis import strategies as st

DEFAULT = ReadingSettings()


def read(data: bytes | str, name: str, settings: ReadingSettings = DEFAULT) -> list[Document | Unread]:
    raw = data.encode() if isinstance(data, str) else data
    return list(read_bytes(raw, f"file:///{name}", settings, name=name))


def documents(found: list[Document | Unread]) -> list[Document]:
    assert not [item for item in found if isinstance(item, Unread)]
    return [item for item in found if isinstance(item, Document)]


def texts(found: list[Document | Unread]) -> list[str]:
    return [document.text for document in documents(found)]


def errors(found: list[Document | Unread]) -> list[tuple[str, str]]:
    return [(item.source_uri, item.error) for item in found if isinstance(item, Unread)]


def parquet(columns: dict[str, Any], schema: pa.Schema | None = None) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), sink, row_group_size=700)
    return sink.getvalue()


def test_a_row_is_a_document_with_its_id_and_kept_columns() -> None:
    row = {
        "id": "a/b 1",
        "text": "你好\nhello",
        "n": 1,
        "x": 1.5,
        "ok": True,
        "no": None,
        "deep": {"a": [1, "二"]},
        "z": 0,
    }
    settings = ReadingSettings(keep=("n", "x", "ok", "no", "deep", "missing"))
    (document,) = documents(read(json.dumps(row), "f.jsonl", settings))
    assert document.source_uri == "file:///f.jsonl#id=a%2Fb%201"
    assert document.source_id == "a/b 1"
    assert document.metadata == {"n": 1, "x": 1.5, "ok": True, "no": None, "deep": {"a": [1, "二"]}}
    assert type(document.metadata["ok"]) is bool
    assert (document.format, document.encoding, document.bytes) == ("jsonl", "utf-8", 12)
    assert [document.text[block.start : block.end] for block in document.blocks] == ["你好\n", "hello"]


def test_the_hash_is_of_the_text_and_of_what_is_kept() -> None:
    plain = [documents(read(f'{{"text": "你好", "n": {n}}}', "f.jsonl"))[0].content_sha256 for n in (1, 2)]
    assert plain == [hashlib.sha256("你好".encode()).hexdigest()] * 2
    keep = ReadingSettings(keep=("n",))
    kept = [documents(read(f'{{"text": "你好", "n": {n}}}', "f.jsonl", keep))[0].content_sha256 for n in (1, 2)]
    assert len({*plain, *kept}) == 3


def test_rows_without_ids_go_by_their_number() -> None:
    found = documents(read('{"text": "a"}\n\n{"text": "b"}\n', "f.jsonl"))
    assert [(document.source_uri, document.source_id) for document in found] == [
        ("file:///f.jsonl#id=0", None),
        ("file:///f.jsonl#id=1", None),
    ]


def test_a_bad_line_fails_alone() -> None:
    lines = [
        '{"id": 1, "text": "a"}',
        "{broken",
        "[1]",
        '"s"',
        '{"id": 2, "text": 5}',
        '{"id": 3}',
        '{"id": [], "text": ""}',
        "[" * 100_000,
        '{"id": 9, "text": ' + "9" * 5000 + "}",
        '{"id": 4, "text": "终"}',
    ]
    found = read("\r\n".join(lines), "f.jsonl")
    assert [item.text for item in found if isinstance(item, Document)] == ["a", "终"]
    reasons = errors(found)
    assert [uri for uri, _ in reasons] == [f"file:///f.jsonl#row={number}" for number in range(1, 9)]
    for (_, reason), part in zip(
        reasons,
        [
            "line 2: not valid JSON",
            "line 3: a JSON list",
            "line 4: a JSON str",
            "line 5: its text (text) is a number",
            "line 6: no column 'text'",
            "line 7: its id (id) is a list",
            "line 8: it nests",
            "line 9: not valid JSON",
        ],
        strict=True,
    ):
        assert reason.startswith(part)


def test_null_text_is_an_empty_document() -> None:
    (document,) = documents(read('{"text": null}', "f.jsonl"))
    assert (document.text, document.blocks) == ("", ())


def test_an_id_occurs_once() -> None:
    found = read(
        '{"id": 7, "text": "a"}\n{"id": "7", "text": "b"}\n{"id": null, "text": "c"}\n{"id": 2, "text": "d"}', "f.jsonl"
    )
    assert [item.source_uri for item in found if isinstance(item, Document)] == [
        "file:///f.jsonl#id=7",
        "file:///f.jsonl#id=2",
    ]
    assert errors(found) == [
        ("file:///f.jsonl#row=1", "line 2: id 7 occurs a second time"),
        ("file:///f.jsonl#row=3", "line 4: id 2 occurs a second time"),
    ]
    assert len({item.doc_id for item in found}) == 4


def test_ids_that_come_late_are_kept_apart_from_row_numbers() -> None:
    rows = [{"text": "x"}] * 1500 + [{"id": 3, "text": "y"}, {"id": "k", "text": "z"}]
    found = read("\n".join(map(json.dumps, rows)), "f.jsonl")
    assert len({item.doc_id for item in found}) == 1502
    assert errors(found) == [("file:///f.jsonl#row=1500", "line 1501: id 3 occurs a second time")]


@pytest.mark.parametrize("name", ["f.jsonl", "f.csv", "f.parquet"])
def test_a_missing_text_column_names_the_columns(name: str) -> None:
    data = {
        "f.jsonl": b'{"id": 1, "body": "x"}\n' * 3,
        "f.csv": b"id,body\n1,x\n",
        "f.parquet": parquet({"id": [1], "body": ["x"]}),
    }
    (unread,) = read(data[name], name)
    assert isinstance(unread, Unread)
    assert (unread.status, unread.source_uri) == ("failed", f"file:///{name}")
    assert "no column 'text'" in unread.error
    assert "id, body" in unread.error
    assert "--text-column" in unread.error
    (document,) = documents(
        read(data[name].splitlines()[0] if name == "f.jsonl" else data[name], name, ReadingSettings(text_column="body"))
    )
    assert document.text == "x"


def test_what_is_no_json_lines_at_all_is_one_failure() -> None:
    (unread,) = read("just\nsome\nprose\n" * 10, "f.jsonl")
    assert isinstance(unread, Unread)
    assert "none of its first 30 lines is a JSON object" in unread.error


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030", "utf-16-be"])
@pytest.mark.parametrize("name", ["f.jsonl", "f.csv"])
def test_rows_in_other_encodings(name: str, encoding: str) -> None:
    expected = ["我们明天去看电影，好不好？", "The film starts at 8 pm.", "电影几点开始？"]
    if name == "f.csv":
        data = "text\n" + "\n".join(f'"{text}"' for text in expected)
    else:
        data = "\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in expected)
    assert texts(read(data.encode(encoding), name)) == expected


@pytest.mark.parametrize(("main", "other"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_a_line_in_another_encoding_is_judged_by_itself(main: str, other: str) -> None:
    line = '{"text": "一二三四五六七,今天天氣很好"}\n'
    found = documents(read(line.encode(main) * 5 + line.encode(other) + line.encode(main), "f.jsonl"))
    assert [document.encoding for document in found] == [main] * 5 + [other, main]
    assert {document.text for document in found} == {"一二三四五六七,今天天氣很好"}


def test_the_encoding_may_show_after_the_first_megabyte() -> None:
    rows = b'{"text": "plain words"}\n' * 60_000 + '{"text": "最后才有中文"}'.encode("gb18030")
    last = read(rows, "f.jsonl")[-1]
    assert isinstance(last, Document)
    assert last.text == "最后才有中文"


def test_a_line_that_is_too_long_fails_alone() -> None:
    data = '{"text": "a"}\n{"text": "' + "长" * 1000 + '"}\n{"text": "b"}'
    found = read(data, "f.jsonl", ReadingSettings(max_bytes=200))
    assert [item.text for item in found if isinstance(item, Document)] == ["a", "b"]
    assert errors(found) == [("file:///f.jsonl#id=1", "line 2: longer than reading.max_bytes = 200 bytes")]


def test_lone_surrogates_become_replacement_characters() -> None:
    (document,) = documents(read('{"text": "a\\ud800b", "k": ["\\udc00"]}', "f.jsonl", ReadingSettings(keep=("k",))))
    assert (document.text, document.metadata) == ("a\ufffdb", {"k": ["\ufffd"]})


@given(st.lists(st.text(), min_size=1))
def test_json_lines_give_any_text_back(expected: list[str]) -> None:
    for escaped in (True, False):
        data = "\n".join(json.dumps({"text": text}, ensure_ascii=escaped) for text in expected)
        assert texts(read(data, "f.jsonl")) == expected


csv_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x01\x02\x03\x04\x05\x06\x07\x7f"))


@given(st.lists(csv_text, min_size=1), st.sampled_from([",", "\t", ";"]))
def test_csv_gives_any_text_back(expected: list[str], delimiter: str) -> None:
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "text", "note"])
    writer.writerows([number, text, "备注" * 500] for number, text in enumerate(expected))
    assert texts(read(sink.getvalue(), "f.tsv" if delimiter == "\t" else "f.csv")) == expected


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("f.csv", 'id,text\n1,"一，\n二 ""三"""\n2,plain\n', ['一，\n二 "三"', "plain"]),
        ("f.csv", "id;text\r\n1;a, b, c\r\n2;d, e\r\n", ["a, b, c", "d, e"]),
        ("f.csv", "id|text\n1|a,b\n", ["a,b"]),
        ("f.csv", "text\nHello, world\n你好，世界\n", ["Hello, world", "你好，世界"]),
        ("f.csv", "id,text\r1,old Mac\r2,行\r", ["old Mac", "行"]),
        ("f.csv", 'id,text\n1,"say \\"你好\\", ok"\n2,"x"\n', ['say "你好", ok', "x"]),
        ("f.csv", "id,text\n\n1,a\n\n", ["a"]),
        ("f.csv", " id , text \n1,a\n", ["a"]),
        ("f.csv", "id,text\n1,\n", [""]),
        ("f.csv", "id,text,\n1,a,\n", ["a"]),
        (
            "f.tsv",
            'id\ttext\n1\t"Hello," he said\n2\tno "quotes" here\n3\t"open\n',
            ['"Hello," he said', 'no "quotes" here', '"open'],
        ),
        ("f.tsv", 'id\ttext\n1\t"a\tb"\n', ["a\tb"]),
    ],
)
def test_csv_dialects(name: str, data: str, expected: list[str]) -> None:
    assert texts(read(data, name)) == expected


def test_csv_keeps_strings_and_ids() -> None:
    settings = ReadingSettings(id_column="key", keep=("n", "note"))
    (document,) = documents(read("key,n,text\n007,1.0,x\n", "f.csv", settings))
    assert (document.source_uri, document.metadata) == ("file:///f.csv#id=007", {"n": "1.0"})


def test_csv_rows_that_do_not_fit_fail_alone() -> None:
    good = "".join(f'{number},"b",c\n' for number in range(20))
    found = read(f'id,text,x\n{good}30,a,b,c\n31\n32,"a"b,c\n33,末,c\n', "f.csv")
    assert sum(isinstance(item, Document) for item in found) == 21
    assert [reason.split(" (")[0] for _, reason in errors(found)] == [
        "line 22: 4 fields where the header has 3",
        "line 23: 1 fields where the header has 3",
        "line 24: not valid CSV: ',' expected after '\"'",
    ]


def test_csv_with_a_field_as_long_as_a_novel() -> None:
    assert texts(read("id,text\n1," + "长" * 200_000 + "\n", "f.csv")) == ["长" * 200_000]


def test_csv_with_a_quote_that_never_closes_tells_which() -> None:
    rows = "".join(f'{number},"b"\n' for number in range(9000))
    found = read(f'id,text\n{rows}x,"open\n{rows}', "f.csv")
    assert errors(found)[0][1].startswith("line 9002: not valid CSV")


def test_an_empty_csv_fails_and_empty_json_lines_hold_nothing() -> None:
    assert errors(read("", "f.csv")) == [("file:///f.csv", "no header line, it is empty")]
    assert read("", "f.jsonl") == []


def test_parquet_types() -> None:
    moment = datetime.datetime(2024, 3, 5, 12, 30, tzinfo=datetime.UTC)
    columns = {
        "id": pa.array([10, 11]),
        "text": pa.array(["你好", None]).dictionary_encode(),
        "n": [1, None],
        "x": [float("nan"), 2.5],
        "ok": [True, False],
        "day": [datetime.date(2024, 3, 5), None],
        "ns": pa.array([moment, moment], pa.timestamp("ns", "UTC")),
        "list": [[1, 2], []],
        "struct": [{"a": "一"}, None],
        "raw": [b"\xff", b""],
        "money": [decimal.Decimal("1.50"), None],
    }
    keep = tuple(name for name in columns if name not in {"id", "text"})
    first, second = documents(read(parquet(columns), "f.parquet", ReadingSettings(keep=keep)))
    assert (first.source_uri, first.source_id, first.format) == ("file:///f.parquet#id=10", "10", "parquet")
    assert (first.text, second.text) == ("你好", "")
    assert json.loads(json.dumps(first.metadata, allow_nan=False)) == {
        "n": 1,
        "x": None,
        "ok": True,
        "day": "2024-03-05",
        "ns": "2024-03-05T12:30:00+00:00",
        "list": [1, 2],
        "struct": {"a": "一"},
        "raw": "/w==",
        "money": "1.50",
    }


def test_parquet_comes_in_order_over_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "data"  # told by its content, not by its name
    path.write_bytes(parquet({"text": [f"第 {number} 行" for number in range(3000)]}))
    (source,) = find_sources([str(path)], exclude=None)
    found = documents(list(read_source(source, DEFAULT)))  # type: ignore[arg-type]
    assert [document.text for document in found] == [f"第 {number} 行" for number in range(3000)]
    assert found[2999].source_uri == f"{path.as_uri()}#id=2999"


def test_bad_parquet() -> None:
    good = parquet({"text": ["一"] * 5000})
    for bad in (b"", b"PAR1" + b"\xff" * 100, good[:-40], b"not parquet"):
        ((uri, reason),) = errors(read(bad, "f.parquet"))
        assert uri == "file:///f.parquet"
        assert "Parquet" in reason
        assert "\n" not in reason
    spoilt = bytearray(good)
    spoilt[4:200] = b"\xff" * 196
    assert "corrupt" in errors(read(bytes(spoilt), "f.parquet"))[-1][1]
    assert "holds int64, not strings" in errors(read(parquet({"text": [1]}), "f.parquet"))[0][1]


def test_parquet_text_that_is_not_utf8_fails_alone() -> None:
    raw = pa.array([b"good", b"\xff\xfe", b"fine"], pa.binary())
    text = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    found = read(parquet({"text": text}), "f.parquet")
    assert [item.text for item in found if isinstance(item, Document)] == ["good", "fine"]
    assert errors(found)[0][0] == "file:///f.parquet#id=1"
