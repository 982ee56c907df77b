"""Opening sources: kinds, limits, bad files, URLs."""

from __future__ import annotations

import gzip
import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from duiyi.processors.reading import Source, find_sources, read_source
from duiyi.processors.records import Document, Unread
from duiyi.processors.settings import ReadingSettings

DEFAULT = ReadingSettings()


def read(*inputs: Path | str, settings: ReadingSettings = DEFAULT) -> list[Document | Unread]:
    found: list[Document | Unread] = []
    for source in find_sources([str(text) for text in inputs], exclude=None):
        found += read_source(source, settings) if isinstance(source, Source) else [source]
    return found


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_a_file_is_a_document(tmp_path: Path) -> None:
    data = "\ufeff你好，world\r\n再见\r\n".encode()
    path = write(tmp_path / "甲 1.txt", data)
    (document,) = read(path)
    assert isinstance(document, Document)
    assert document.source_uri == path.resolve().as_uri()
    assert document.text == "你好，world\r\n再见\r\n"
    assert (document.format, document.encoding, document.bytes) == ("text", "utf-8", len(data))
    assert document.content_sha256 == hashlib.sha256(data).hexdigest()
    assert document.source_id is None


@pytest.mark.parametrize(
    ("name", "data", "format_"),
    [
        ("a.txt", "x", "text"),
        ("a.LOG", "x", "text"),
        ("README", "x", "text"),
        ("a.srt", "1\n00:01 --> 00:02\n你好\n", "srt"),
        ("a.tex", "\\section{你好}", "text"),
        ("a.unknown", "你好", "text"),
        ("a.txt", b"PK is a short name", "text"),
        ("a.md", "# x", "markdown"),
        ("a.Markdown", "# x", "markdown"),
        ("a.md", "<html> in Markdown", "markdown"),
        ("a.htm", "<p>x", "html"),
        ("a.xhtml", "<p>x</p>", "html"),
        ("saved page", " \n<!DOCTYPE html><p>x", "html"),
        ("a.txt", "<html><p>x", "html"),
        ("a.ndjson", '{"text": "x"}', "jsonl"),
        ("a.json", '{"text": "x"}\n{"text": "y"}\n', "jsonl"),
        ("a.csv", "text\nx\n", "csv"),
        ("a.tsv", "text\nx\n", "tsv"),
    ],
)
def test_kinds(tmp_path: Path, name: str, data: bytes | str, format_: str) -> None:
    write(tmp_path / name, data)
    for found in (read(tmp_path), read(tmp_path / name)):
        assert {item.format for item in found} == {format_}
        assert all(isinstance(item, Document) for item in found)


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "PNG"),
        ("a.rar", b"Rar!\x1a\x07\0", "RAR"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "old Microsoft Office"),
        ("a.bin", bytes(range(256)), "binary"),
        ("a.txt", bytes(range(256)), "binary"),
        ("a.md", b"\0" * 5000, "binary"),
        ("a.csv", bytes(range(256)), "binary"),
        ("a.jsonl", os.urandom(100) + b"\0\1\2", "binary"),
        ("a.json", '[{"text": "x"}]', "JSON Lines"),
        ("a.json", '{\n  "text": "x"\n}', "JSON Lines"),
    ],
)
def test_kinds_that_are_not_read(tmp_path: Path, name: str, data: bytes | str, part: str) -> None:
    path = write(tmp_path / name, data)
    for status, inputs in (("skipped", tmp_path), ("failed", path), ("skipped", tmp_path / "*")):
        (unread,) = read(inputs)
        assert isinstance(unread, Unread)
        assert unread.status == status
        assert part in unread.error
        assert unread.source_uri == path.as_uri()


def test_source_code_is_read_only_where_it_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.py", "print('你好')")
    (unread,) = read(tmp_path)
    assert isinstance(unread, Unread)
    assert (unread.status, unread.error[:11]) == ("skipped", "source code")
    (document,) = read(path)
    assert isinstance(document, Document)


def test_an_empty_file_is_an_empty_document(tmp_path: Path) -> None:
    found = read(*(write(tmp_path / f"a.{suffix}", "") for suffix in ("txt", "md", "html")))
    assert [(item.text, item.blocks) for item in found if isinstance(item, Document)] == [("", ())] * 3


def test_a_file_over_the_limit(tmp_path: Path) -> None:
    settings = ReadingSettings(max_bytes=3000)
    write(tmp_path / "a.txt", "x" * 3001)
    write(tmp_path / "b.txt", "y" * 3000)
    write(tmp_path / "c.jsonl", '{"text": "z"}\n' * 1000)
    write(tmp_path / "d.dat", bytes(range(256)) * 1000)
    found = read(tmp_path, settings=settings)
    assert [type(item) for item in found[:2]] == [Unread, Document]
    assert "3,001 bytes, more than reading.max_bytes = 3,000" in found[0].error  # type: ignore[union-attr]
    assert sum(item.format == "jsonl" and isinstance(item, Document) for item in found) == 1000
    assert isinstance(found[-1], Unread)
    assert found[-1].status == "skipped"


def test_what_happens_between_finding_and_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = list(
        find_sources([str(write(tmp_path / name, "x")) for name in ("gone.txt", "shut.txt", "pipe")], exclude=None)
    )
    (tmp_path / "gone.txt").unlink()
    (tmp_path / "pipe").unlink()
    os.mkfifo(tmp_path / "pipe")
    real = Path.open

    def refuse(path: Path, *args: object) -> object:
        if path.name == "shut.txt":
            raise PermissionError(13, "Permission denied")
        return real(path, *args)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    found = [item for source in sources if isinstance(source, Source) for item in read_source(source, DEFAULT)]
    assert [(item.status, item.error) for item in found if isinstance(item, Unread)] == [
        ("failed", "it vanished before it was read"),
        ("failed", "cannot be read: Permission denied"),
        ("failed", "not a regular file"),
    ]


@pytest.mark.parametrize("charset", ["gb2312", "big5", "utf-8", "shift_jis"])
def test_a_page_names_its_charset(tmp_path: Path, charset: str) -> None:
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"></head><p>人口'
    (document,) = read(write(tmp_path / "a.html", page.encode(charset)))
    assert isinstance(document, Document)
    assert document.text == "人口"


PAGE = "<title>新闻</title><p>今天天气很好。"
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/page": (200, {"Content-Type": "text/html; charset=gbk"}, PAGE.encode("gbk")),
    "/notes.md": (200, {"Content-Type": "text/plain"}, "# 笔记".encode()),
    "/rows.jsonl": (200, {"Content-Type": "application/octet-stream"}, '{"id": "r", "text": "行"}'.encode()),
    "/moved": (302, {"Location": "/page"}, b""),
    "/image": (200, {"Content-Type": "image/png"}, b"\x89PNG\r\n\x1a\n\0"),
    "/big.txt": (200, {}, b"x" * 5000),
    "/bomb.txt": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 10**6)),
    "/forbidden": (403, {}, b"no"),
    "/loop": (302, {"Location": "/loop"}, b""),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, headers, body = ANSWERS[self.path.partition("?")[0]]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()


@pytest.mark.parametrize(
    ("path", "uri", "text", "format_"),
    [
        ("/page", "/page", "新闻\n今天天气很好。", "html"),
        ("/moved?a=1#part", "/moved?a=1", "新闻\n今天天气很好。", "html"),
        ("/notes.md", "/notes.md", "# 笔记", "markdown"),
        ("/rows.jsonl", "/rows.jsonl#id=r", "行", "jsonl"),
    ],
)
def test_urls(server: str, path: str, uri: str, text: str, format_: str) -> None:
    (document,) = read(server + path)
    assert isinstance(document, Document)
    assert (document.source_uri, document.text, document.format) == (server + uri, text, format_)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/forbidden", "the server answers 403 Forbidden"),
        ("/big.txt", "more than reading.max_bytes = 4,000"),
        ("/bomb.txt", "more than reading.max_bytes = 4,000"),
        ("/image", "PNG"),
        ("/loop", "redirects"),
    ],
)
def test_bad_answers(server: str, path: str, part: str) -> None:
    (unread,) = read(server + path, settings=ReadingSettings(max_bytes=4000))
    assert isinstance(unread, Unread)
    assert (unread.status, unread.source_uri) == ("failed", server + path)
    assert part in unread.error


def test_no_server() -> None:
    (unread,) = read("http://127.0.0.1:9/x")
    assert isinstance(unread, Unread)
    assert unread.status == "failed"
    assert "cannot be fetched" in unread.error
