"""Archives and compressed files: every member accounted for, by a name that stays, and none written anywhere."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pyarrow as pa
import pytest
from duiyi.processors.reading import find_sources, read_bytes, read_source
from duiyi.processors.reading.sources import Source
from duiyi.processors.records import Document, Unread, document_id
from duiyi.processors.settings import ReadingSettings
from hypothesis import given, settings
from hypothesis import strategies as st

DEFAULT = ReadingSettings()
URI = "file:///a.zip"


def read(data: bytes, name: str, limits: ReadingSettings = DEFAULT) -> list[Document | Unread]:
    return list(read_bytes(data, f"file:///{name}", limits, name=name))


def outcomes(found: list[Document | Unread]) -> list[tuple[str, str]]:
    """Where each came from (behind the archive's own URI), and its text or status."""
    return [
        (item.source_uri.partition("!")[2], item.text if isinstance(item, Document) else item.status) for item in found
    ]


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(*entries: tuple[str | tarfile.TarInfo, bytes], format_: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zst(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def word(words: str) -> bytes:
    made = docx.Document()
    made.add_paragraph(words)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def test_members_of_any_kind_with_uris_of_their_own() -> None:
    data = zipped(
        ("notes/", b""),
        ("notes/一 二.txt", "你好"),
        ("rows.jsonl", '{"id": "r1", "text": "行"}\n{"id": "r2", "text": "列"}'),
        ("letter.docx", word("信")),
        ("wrong.txt", word("其实是信")),
        ("photo.png", b"\x89PNG\r\n\x1a\n\0"),
        ("inner.zip", zipped(("deep.md", "# 深处"))),
    )
    found = read(data, "a.zip")
    assert outcomes(found) == [
        ("notes/%E4%B8%80%20%E4%BA%8C.txt", "你好"),
        ("rows.jsonl#id=r1", "行"),
        ("rows.jsonl#id=r2", "列"),
        ("letter.docx", "信"),
        ("wrong.txt", "其实是信"),
        ("photo.png", "skipped"),
        ("inner.zip!deep.md", "# 深处"),
    ]
    assert found[0].source_uri == URI + "!notes/%E4%B8%80%20%E4%BA%8C.txt"
    assert found[0].doc_id == document_id(found[0].source_uri)
    assert isinstance(found[4], Document)
    assert found[4].note == "named .txt, but its content is docx"


@pytest.mark.parametrize(
    ("suffix", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zst)]
)
def test_compressed_files_and_compressed_tars(suffix: str, compress: Callable[[bytes], bytes]) -> None:
    text, tar = "一段文字。".encode(), tarred(("./b/a.txt", "甲".encode()), ("c.csv", b"id,text\n7,x\n"))
    assert outcomes(read(compress(text), f"a.txt.{suffix}")) == [("a.txt", "一段文字。")]
    assert outcomes(read(compress(tar), f"a.tar.{suffix}")) == [("b/a.txt", "甲"), ("c.csv#id=7", "x")]
    assert outcomes(read(compress(word("信")), f"a.docx.{suffix}")) == [("a.docx", "信")]
    (noted,) = read(compress(text), "a.txt")
    assert isinstance(noted, Document)
    assert (noted.source_uri, noted.note) == ("file:///a.txt!a.txt", f"named .txt, but its content is {suffix}")
    for cut in (1, len(compress(text)) // 2):
        (unread,) = read(compress(text)[:-cut], f"a.txt.{suffix}")
        assert isinstance(unread, Unread)
        assert unread.status == "failed"
        assert "truncated?" in unread.error


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tars(format_: int) -> None:
    long_name = "/".join(["folder"] * 20) + "/末.txt" if format_ != tarfile.USTAR_FORMAT else "末.txt"
    found = read(tarred((long_name, b"x"), format_=format_), "a.tar")
    assert outcomes(found) == [(long_name.replace("末", "%E6%9C%AB"), "x")]
    cut = read(tarred(("a.txt", b"a"), ("b.txt", b"b" * 5000))[:2000], "a.tar")
    assert outcomes(cut) == [("a.txt", "a"), ("", "failed")]


def test_what_is_not_read_is_told_and_hidden_things_are_left_out() -> None:
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    found = read(
        zipped(
            ("../../outside.txt", "x"),
            ("/absolute.txt", "x"),
            ("C:\\windows.txt", "x"),
            (link, "/etc/passwd"),
            (".hidden/a.txt", "x"),
            ("__MACOSX/a.txt", "x"),
            ("a/.b.txt", "x"),
        ),
        "a.zip",
    )
    assert [item.status for item in found if isinstance(item, Unread)] == ["skipped"] * 4
    assert [item.error for item in found if isinstance(item, Unread)] == [
        *["a name that leads out of the archive"] * 3,
        "a link, which is not followed in an archive",
    ]
    entries: list[tuple[str | tarfile.TarInfo, bytes]] = [("../a.txt", b"x")]
    for name, type_ in (
        ("soft", tarfile.SYMTYPE),
        ("hard", tarfile.LNKTYPE),
        ("pipe", tarfile.FIFOTYPE),
        ("dev", tarfile.CHRTYPE),
    ):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = type_, "/etc/passwd"
        entries.append((info, b""))
    assert outcomes(read(tarred(*entries), "a.tar")) == [
        (name, "skipped") for name in ("../a.txt", "soft", "hard", "pipe", "dev")
    ]


def test_nothing_is_written_where_a_member_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    big = os.urandom(2**20).hex() * 20  # too large for memory
    found = read(zipped(("../big.txt", big), ("big.txt", big), ("a/b.txt", "x")), "a.zip")
    assert [status for _, status in outcomes(found) if status == "skipped"] == ["skipped"]
    assert list(tmp_path.iterdir()) == []


def test_two_members_of_one_name_are_not_one_document() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped(("a.txt", "first"), ("a.txt", "second"))
    found = read(data, "a.zip")
    assert outcomes(found) == [("a.txt", "first"), ("a.txt#member=2", "failed")]


def test_names_from_chinese_windows() -> None:
    data = zipped(("0123456789.txt", "x"), ("ab/01.md", "y")).replace(b"0123456789.txt", "中文名称表.txt".encode("gbk"))
    assert outcomes(read(data, "a.zip")) == [
        ("%E4%B8%AD%E6%96%87%E5%90%8D%E7%A7%B0%E8%A1%A8.txt", "x"),
        ("ab/01.md", "y"),
    ]


def test_broken_and_encrypted_members_fail_alone() -> None:
    data = zipped(("a.txt", "first " * 50), ("b.txt", "second " * 50), method=zipfile.ZIP_STORED)
    assert outcomes(read(data.replace(b"first first", b"fjrst first", 1), "a.zip")) == [
        ("a.txt", "failed"),
        ("b.txt", "second " * 50),
    ]
    locked = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[data.index(mark) + offset] |= 1
    found = read(bytes(locked), "a.zip")
    assert isinstance(found[0], Unread)
    assert found[0].error == "encrypted: it needs a password"
    assert isinstance(found[1], Document)


def test_an_archive_with_nothing_to_read_is_accounted_for() -> None:
    for data, name in (
        (zipped(), "a.zip"),
        (zipped((".hidden", "x"), ("folder/", "")), "a.zip"),
        (tarred(), "a.tar"),
    ):
        assert outcomes(read(data, name)) == [("", "skipped")]
    assert outcomes(read(gzip.compress(tarred()), "a.tgz")) == [("a.tar", "skipped")]
    assert outcomes(read(gzip.compress(b""), "a.txt.gz")) == [("a.txt", "")]


def test_a_truncated_zip() -> None:
    (unread,) = read(zipped(("a.txt", "x" * 500))[:-30], "a.zip")
    assert isinstance(unread, Unread)
    assert (unread.status, unread.error.startswith("a broken ZIP file (truncated?)")) == ("failed", True)


def test_limits() -> None:
    nested = zipped(("a.txt", "x"))
    for depth in range(4):
        nested = zipped((f"{depth}.zip", nested), ("beside.txt", "y"))
    found = read(nested, "a.zip")
    assert [status for _, status in outcomes(found)].count("y") == 4
    assert [item.error for item in found if isinstance(item, Unread)] == [
        "archives nest deeper than reading.max_nesting = 3"
    ]
    many = [(f"{number}.txt", b"x") for number in range(9)]
    tight = ReadingSettings(max_members=5)
    assert "more than reading.max_members = 5" in str(read(tarred(*many), "a.tar", tight)[-1])
    assert len(read(tarred(*many), "a.tar", tight)) == 6
    small = ReadingSettings(max_expanded_bytes=1000)
    for data, name in (
        (zipped(("a.txt", "x" * 1001)), "a.zip"),
        (gzip.compress(b"x" * 1001), "a.gz"),
        (zst(b"x" * 1001), "a.zst"),
        (tarred(("a.txt", b"x" * 1001)), "a.tar"),
    ):
        (unread,) = read(data, name, small)
        assert isinstance(unread, Unread)
        assert unread.error == "it would unpack to more than reading.max_expanded_bytes = 1,000 bytes"


def test_archives_in_folders_are_read_and_programs_are_not(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(("a.txt", "x")))
    (tmp_path / "b.jar").write_bytes(zipped(("a.txt", "x")))
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [
        item
        for source in find_sources([str(tmp_path)], exclude=None)
        if isinstance(source, Source)
        for item in read_source(source, DEFAULT)
    ]
    assert [(type(item), item.source_uri) for item in found] == [
        (Document, (tmp_path / "a.zip").as_uri() + "!a.txt"),
        (Unread, (tmp_path / "b.jar").as_uri()),
    ]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_archive_never_raises(data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from(
            [
                zipped(("a.txt", "甲" * 30), ("b.csv", "id,text\n1,乙"), ("c.gz", gzip.compress(b"x"))),
                tarred(("a.txt", b"a" * 700), ("b.md", "# 乙".encode())),
                gzip.compress(tarred(("a.txt", b"a" * 700))),
                zst(b"abc" * 300),
            ]
        )
    )
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for item in read(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]), "a"):
        assert isinstance(item, Document) or item.error
