"""Files made to do harm: each has its reason, nothing takes long or much memory, and the others are read."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
import openpyxl
import pytest
from conftest import Duiyi
from duiyi.processors.reading import find_sources, read_bytes, read_source
from duiyi.processors.reading.isolation import parse_apart
from duiyi.processors.reading.parsed import Parsed, Row
from duiyi.processors.reading.sources import Source
from duiyi.processors.records import Document, Unread, file_of
from duiyi.processors.settings import ReadingSettings
from duiyi.processors.writing import open_dataset

DEFAULT = ReadingSettings()
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "哈哈哈哈哈哈哈哈哈哈">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>'


def saved(thing: object) -> bytes:
    buffer = io.BytesIO()
    thing.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def zipped(*entries: tuple[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def with_part(data: bytes, part: str, content: str) -> bytes:
    """A ZIP-based document with one part exchanged."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return zipped(*((name, archive.read(name) if name != part else content) for name in archive.namelist()))


def word(body: str, before: str = "") -> bytes:
    xml = f'{before}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    return with_part(saved(docx.Document()), "word/document.xml", xml)


def sheet(rows: str, before: str = "") -> bytes:
    names = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return with_part(
        saved(openpyxl.Workbook()),
        "xl/worksheets/sheet1.xml",
        f"{before}<worksheet {names}><sheetData>{rows}</sheetData></worksheet>",
    )


def overlapping(count: int) -> bytes:
    """A ZIP file whose directory names one large member many times."""
    data = zipped(("a.txt", b"\0" * 2**23))
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry, closing = data[start:end], data[end:]
    total = (count).to_bytes(2, "little") * 2 + (len(entry) * count).to_bytes(4, "little")
    return data[:start] + entry * count + closing[:8] + total + closing[16:]


def read(data: bytes, name: str, limits: ReadingSettings = DEFAULT) -> list[Document | Unread]:
    return list(read_bytes(data, f"file:///{name}", limits, name=name))


def reason(data: bytes, name: str, limits: ReadingSettings = DEFAULT) -> str:
    *_, last = read(data, name, limits)
    assert isinstance(last, Unread), last
    assert last.status == "failed"
    return last.error


@pytest.fixture(scope="module")
def zeros() -> bytes:
    return b"\0" * (100 * 2**20)


def test_bombs_are_refused(zeros: bytes) -> None:
    bomb = "would unpack to more than reading.max_expansion = 200 times"
    squeezed = gzip.compress(zeros, 1)
    assert bomb in reason(squeezed, "a.gz")
    assert bomb in reason(gzip.compress(squeezed), "b.gz.gz")
    assert bomb in reason(zipped(("a.txt", zeros)), "a.zip")
    assert bomb in reason(zipped(("a.txt", zeros), method=zipfile.ZIP_LZMA), "lzma.zip")
    inner = zipped(("a.txt", zeros[: 20 * 2**20]))
    assert bomb in reason(zipped(*((f"{number}.zip", inner) for number in range(30))), "nested.zip")
    assert bomb in reason(overlapping(1000), "overlapping.zip")
    assert bomb in reason(word(" " * (100 * 2**20)), "a.docx")


@pytest.mark.parametrize("declaration", [LAUGHS, OUTSIDE])
def test_entities_are_refused(declaration: str) -> None:
    entity = "&i;"
    book = (
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", f"{declaration}<container>{entity}</container>"),
    )
    text = (
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", f"{declaration}<x>{entity}</x>"),
    )
    cell = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{entity}</t></is></c></row>'
    for data, name in (
        (word(f"<w:p><w:r><w:t>{entity}</w:t></w:r></w:p>", declaration), "a.docx"),
        (sheet(cell, declaration), "a.xlsx"),
        (zipped(*book), "a.epub"),
        (zipped(*text), "a.odt"),
    ):
        assert "declares entities" in reason(data, name)


def test_deep_nesting_is_read() -> None:
    deep = 60_000
    tables = "<w:tbl><w:tr><w:tc>" * deep + "<w:p><w:r><w:t>深</w:t></w:r></w:p>" + "</w:tc></w:tr></w:tbl>" * deep
    paragraphs = "<w:p><w:r><w:t>层</w:t></w:r>" * deep + "</w:p>" * deep
    (found,) = read(word(tables), "a.docx")
    assert isinstance(found, Document)
    assert found.text == "深"
    (found,) = read(word(paragraphs), "a.docx")
    assert isinstance(found, Document)
    assert len(found.blocks) == deep
    (page,) = read(("<ul><li>" * deep + "底").encode(), "a.html")
    assert isinstance(page, Document)
    assert page.text == "底"


def test_too_much_time_ends_the_parser_and_the_next_document_is_read() -> None:
    endless = sheet("".join(f'<row r="{row}"><c r="XFD{row}"><v>1</v></c></row>' for row in range(1, 50_000)))
    assert reason(endless, "a.xlsx", ReadingSettings(max_seconds=0.5)) == (
        "parsing it takes more than reading.max_seconds = 0.5"
    )
    (found,) = read(word("<w:p><w:r><w:t>好</w:t></w:r></w:p>"), "a.docx")
    assert isinstance(found, Document)


def test_too_much_memory_ends_the_parser_and_the_next_document_is_read() -> None:
    limits = ReadingSettings(max_memory=2**28, max_expansion=10_000)
    large = word(f"<w:p><w:r><w:t>{'文' * (45 * 2**20)}</w:t></w:r></w:p>")
    assert "memory" in reason(large, "a.docx", limits)
    (found,) = read(word("<w:p><w:r><w:t>好</w:t></w:r></w:p>"), "a.docx", limits)
    assert isinstance(found, Document)


def test_whoever_stops_listening_gets_the_right_answer_next_time() -> None:
    rows = "".join(
        f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>{"text" if number == 1 else number}</t></is></c></row>'
        for number in range(1, 5000)
    )
    first = parse_apart("xlsx", sheet(rows), DEFAULT)
    assert next(first) == Row({"text": "2"}, "sheet Sheet, row 2")
    second = parse_apart("html", "<p>乙".encode(), DEFAULT)
    assert [item.text for item in second if isinstance(item, Parsed)] == ["乙"]
    first.close()
    assert [item.text for item in parse_apart("html", "<p>丙".encode(), DEFAULT) if isinstance(item, Parsed)] == ["丙"]


def hostile_folder(folder: Path) -> Iterator[tuple[str, str]]:
    """Fills a folder; gives each file's name and the status that its last document or reason has."""
    zeros = b"\0" * (60 * 2**20)
    pdf = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj\n<</Type/Pages/Kids[2 0 R]/Count 999999999>>endobj\n"
    cells = "".join(f"<w:tc><w:p><w:r><w:t>{number}</w:t></w:r></w:p></w:tc>" for number in range(10**6))
    files: dict[str, tuple[bytes, str]] = {
        "bomb.zip": (zipped(("a.txt", zeros)), "failed"),
        "bomb.gz": (gzip.compress(zeros, 1), "failed"),
        "overlapping.zip": (overlapping(1000), "failed"),
        "laughs.docx": (word("<w:p/>", LAUGHS), "failed"),
        "laughs.xlsx": (sheet("", LAUGHS), "failed"),
        "far.xlsx": (sheet('<row r="1048576"><c r="XFD1048576"><v>7</v></c></row>'), "ok"),
        "last.xlsx": (sheet('<row r="9999999999"><c r="A9999999999"><v>7</v></c></row>'), "ok"),
        "path.zip": (zipped(("../../x.txt", "x")), "skipped"),
        "nested.html": (("<div><b>" * 60_000 + "底").encode(), "ok"),
        "nested.md": ((">" * 60_000 + " 底\n" + "[" * 60_000).encode(), "ok"),
        "nested.jsonl": (b'{"text":' + b"[" * 60_000, "failed"),
        "line.txt": (("一行很长的话" * 50_000).encode(), "ok"),
        "marks.txt": (("a" + "\u0301" * 100_000).encode(), "ok"),
        "quotes.csv": (b'id,text\n1,"' + b'"",""\n' * 200_000, "failed"),
        "truncated.pdf": (pdf, "failed"),
        "cells.docx": (word(f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"), "failed"),
        "good.txt": ("你好".encode(), "ok"),
    }
    for name, (data, status) in files.items():
        (folder / name).write_bytes(data)
        yield name, status
    (folder / "loop").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    yield "self", "skipped"
    (folder / "leaves").symlink_to("/etc/hostname")
    yield "leaves", "skipped"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("hostile")
    return folder, dict(hostile_folder(folder))


MEASURE = """
import json, re, resource, sys
from duiyi.processors.reading import find_sources, read_source
from duiyi.processors.reading.isolation import end_parsers
from duiyi.processors.reading.sources import Source
from duiyi.processors.records import Unread
from duiyi.processors.settings import ReadingSettings
status = {}
for found in find_sources([sys.argv[1]], exclude=None):
    for item in read_source(found, ReadingSettings()) if isinstance(found, Source) else [found]:
        uri = item.source_uri.partition("#")[0].partition("!")[0]
        status[uri] = item.status if isinstance(item, Unread) else "ok"
end_parsers()
# not RUSAGE_SELF, in which Linux counts the process that started this one, and that is the whole test run
own = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
most = own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([status, most * 1024]))
"""


def test_a_folder_of_hostile_files_is_accounted_for_within_the_memory_limit(
    hostile: tuple[Path, dict[str, str]],
) -> None:
    folder, expected = hostile
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(folder)], capture_output=True, timeout=120, check=True, text=True
    )
    status, memory = json.loads(done.stdout)
    assert {uri.rpartition("/")[2]: one for uri, one in status.items()} == expected
    assert memory < DEFAULT.max_memory


def test_the_folder_is_found_once_despite_its_loops(hostile: tuple[Path, dict[str, str]]) -> None:
    folder, expected = hostile
    found = list(find_sources([str(folder)], exclude=None))
    names = [(item.uri if isinstance(item, Source) else item.source_uri).rpartition("/")[2] for item in found]
    assert sorted(names) == sorted(expected)
    (good,) = [item for item in found if isinstance(item, Source) and item.uri.endswith("good.txt")]
    (document,) = read_source(good, DEFAULT)
    assert isinstance(document, Document)
    assert document.text == "你好"


def test_a_run_over_a_hostile_folder_reads_the_rest_and_says_why(
    hostile: tuple[Path, dict[str, str]], tmp_path: Path, duiyi: Duiyi, prefect_server: str
) -> None:
    folder, expected = hostile
    misnamed = tmp_path / "misnamed.txt"
    misnamed.write_bytes(word("<w:p><w:r><w:t>信里说一切都好。</w:t></w:r></w:p>"))
    out = tmp_path / "out"
    done = duiyi("run", folder, misnamed, "--out", out, "--engine", "none", PREFECT_API_URL=prefect_server)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    rows = open_dataset(out).documents.to_table().to_pylist()
    found = {file_of(row["source_uri"]).rpartition("/")[2]: row for row in rows}
    assert {name: row["status"] for name, row in found.items()} == {**expected, "misnamed.txt": "ok"}
    assert all(row["error"] for row in found.values() if row["status"] != "ok")
    assert found["misnamed.txt"]["format"] == "docx"
