"""Subtitles, mail, PO and XLIFF as their reader sees them: what is text, what is a block, and what happens to bad files."""

from __future__ import annotations

import datetime
from email.message import EmailMessage
from pathlib import Path

import polib
import pytest
import srt
import webvtt
from duiyi.processors.reading import Source, find_sources, read_source, read_text
from duiyi.processors.reading.isolation import parse_apart
from duiyi.processors.reading.subtitles import subtitle_text
from duiyi.processors.records import Document, Unread
from duiyi.processors.settings import ReadingSettings
from hypothesis import given
from hypothesis import strategies as st

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>我们明天在图书馆
门口见面。</i>

2
00:00:03,000 --> 00:00:04,000 X1:10 X2:20
{\\an8}- 你去吗?
- 我去。

3
00:00:05,000 --> 00:00:06,000
你好
Hello
"""
VTT = """WEBVTT - 标题

STYLE
::cue { color: 红 }

NOTE 这是注释
还是注释

开头
00:01.000 --> 00:02.000 align:start
<v 小王>茶 &amp; <c.red>咖啡</c>

00:03.000 --> 00:04.000
<ruby>明天<rt>míngtiān</rt></ruby>见
"""
PO = r"""# 译者
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"

#: a.c:1
msgctxt "菜单"
msgid "Open "
"file"
msgstr "打开"
"文件"

msgid "%d day"
msgid_plural "%d days"
msgstr[0] "%d 天\n共"

#~ msgid "old"
#~ msgstr "旧的"
"""
XLIFF_1 = """<?xml version="1.0" encoding="UTF-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"><file source-language="en" target-language="zh">
<header><note>不要</note></header><body><group><trans-unit id="1"><source>Click <g id="1">Save</g><ph id="2">&lt;br/></ph> now</source>
<seg-source><mrk mid="0">Click</mrk></seg-source><target>现在点击<g id="1">保存</g></target>
<alt-trans><target>建议</target></alt-trans><note>注</note></trans-unit></group></body></file></xliff>"""
XLIFF_2 = """<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0" srcLang="zh"><file id="f"><unit id="1">
<originalData><data id="d">码</data></originalData><segment><source>
  请先<pc id="1">保存</pc>
  文件<ph id="2" dataRef="d"/>。</source><target>Save the file first.</target></segment></unit></file></xliff>"""


def read(path: Path, settings: ReadingSettings = ReadingSettings()) -> list[Document | Unread]:  # noqa: B008
    found: list[Document | Unread] = []
    for source in find_sources([str(path)], exclude=None):
        found += read_source(source, settings) if isinstance(source, Source) else [source]
    return found


def blocks(text: str, format: str) -> list[tuple[str, bool]]:  # noqa: A002
    document = read_text(text, "file:///x", format)
    return [(document.text[block.start : block.end], block.wrapped) for block in document.blocks]


def test_a_cue_is_a_block_without_number_timing_and_tags() -> None:
    assert blocks(SRT, "srt") == [
        ("我们明天在图书馆\n门口见面。", True),
        ("- 你去吗?\n- 我去。", False),
        ("你好\nHello", False),
    ]
    assert blocks(VTT, "vtt") == [("茶 & 咖啡", False), ("明天见", False)]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_subtitles_with_every_line_break_and_sloppy_subtitles(line_break: str) -> None:
    sloppy = "\n\n 1\n00:00:01,000 -->00:00:02,000\n第一\n2\n0:0:3 --> 0:0:4.5\n第二\n\n\n没有时间的一行\n\n9\n00:00:05,0 --> 00:00:06,0\n"
    found = blocks(sloppy.replace("\n", line_break), "srt")
    assert [text for text, _ in found] == ["第一", "第二", "没有时间的一行"]


LINES = st.lists(st.text(st.sampled_from("中文a 。?"), min_size=1).filter(str.strip), min_size=1, max_size=3)
CUES = st.lists(LINES.map("\n".join), min_size=1, max_size=5)


@given(CUES)
def test_what_the_library_writes_is_read_as_it_was(texts: list[str]) -> None:
    cues = [
        srt.Subtitle(n, datetime.timedelta(seconds=n), datetime.timedelta(seconds=n + 1), srt.make_legal_content(text))
        for n, text in enumerate(texts, 1)
    ]
    placed = subtitle_text(srt.compose(cues, reindex=False), "srt")
    assert placed.text.split() == [word for cue in cues for word in cue.content.split()]
    assert len(placed.blocks) == len(cues)


def test_po_has_every_string_and_no_header() -> None:
    assert blocks(PO, "po") == [
        ("Open file", False),
        ("打开文件", False),
        ("%d day", False),
        ("%d days", False),
        ("%d 天\n共", False),
    ]
    template = polib.POFile()
    template.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    template.append(polib.POEntry(msgid="一" * 100, msgstr=""))
    assert blocks(str(template), "po") == [("一" * 100, False)]


def test_xliff_has_source_and_target_without_code() -> None:
    assert blocks(XLIFF_1, "xliff") == [("Click Save now", False), ("现在点击保存", False)]
    assert blocks(XLIFF_2, "xliff") == [("请先保存\n  文件。", True), ("Save the file first.", False)]


def mail(**fields: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "小王 <wang@example.org>"
    message["To"] = "li@example.org"
    message["Message-ID"] = "<1@example.org>"
    for name, value in fields.items():
        message[name] = value
    return message


def test_a_mail_is_its_subject_and_body_and_each_attachment_a_document(tmp_path: Path) -> None:
    message = mail(Subject="会议通知:明天下午")
    message.set_content("大家好。\nSee you there.\n", charset="gb18030", cte="base64")
    message.add_alternative("<p>不要这个</p>", subtype="html")
    message.add_attachment("第一行\n".encode(), maintype="text", subtype="plain", filename="笔记 1.txt")
    message.add_attachment(b"\x89PNG\r\n\x1a\n\0", maintype="image", subtype="png", filename="图.png")
    inner = mail(Subject="转发")
    inner.set_content("里面的信。\n")
    message.add_attachment(inner)
    path = tmp_path / "letter.eml"
    path.write_bytes(bytes(message))
    found = read(path)
    assert [(item.source_uri.removeprefix(path.as_uri()), item.format) for item in found] == [
        ("", "eml"),
        ("!%E7%AC%94%E8%AE%B0%201.txt", "text"),
        ("!%E5%9B%BE.png", None),
        ("!part-3.eml", "eml"),
    ]
    first, note, picture, forwarded = found
    assert isinstance(first, Document)
    assert [first.text[block.start : block.end].strip() for block in first.blocks] == [
        "会议通知:明天下午",
        "大家好。",
        "See you there.",
    ]
    assert first.encoding == "gb18030"
    assert isinstance(note, Document)
    assert note.text == "第一行\n"
    assert isinstance(picture, Unread)
    assert picture.status == "skipped"
    assert isinstance(forwarded, Document)
    assert forwarded.text.startswith("转发\n里面的信。")


def test_a_mail_with_only_a_page_and_a_flowed_one(tmp_path: Path) -> None:
    page = mail(Subject="=?gb2312?B?xOO6ww==?=")
    page.set_content("<h1>标题</h1><p>正文", subtype="html", cte="quoted-printable")
    (tmp_path / "a.eml").write_bytes(bytes(page))
    (document,) = read(tmp_path / "a.eml")
    assert isinstance(document, Document)
    assert document.text.split("\n")[-2:] == ["标题", "正文"]
    flowed = (
        "From: a@b.c\nContent-Type: text/plain; charset=utf-8; format=flowed\n\n今天天气 \n很好。\n第二段\n-- \n小王\n"
    )
    (tmp_path / "b.eml").write_bytes(flowed.encode())
    (document,) = read(tmp_path / "b.eml")
    assert isinstance(document, Document)
    assert [(document.text[b.start : b.end], b.wrapped) for b in document.blocks] == [
        ("今天天气 \n很好。\n", True),
        ("第二段\n", False),
        ("-- \n", False),
        ("小王\n", False),
    ]


@pytest.mark.parametrize(
    ("name", "data", "format_"),
    [
        ("film.txt", SRT, "srt"),
        ("film", VTT, "vtt"),
        ("film.srt", VTT, "vtt"),
        ("film.vtt", SRT, "srt"),
        ("strings.txt", PO, "po"),
        ("strings.xlf", XLIFF_1, "xliff"),
        ("strings.txt", XLIFF_2, "xliff"),
        ("letter.txt", "Received: x\nFrom: a@b.c\nTo: d@e.f\nSubject: 你好\n\n正文\n", "eml"),
        ("film.srt", "这是一首诗\n没有时间\n", "text"),
        ("film.srt", "翻译:小王\n\n" + SRT, "srt"),
        ("film.html", SRT, "srt"),
        ("film.pdf", VTT, "vtt"),
        ("strings.md", XLIFF_2, "xliff"),
        ("strings.docx", PO, "po"),
        ("page.txt", '<?xml version="1.0"?>\n<!-- 页 -->\n<!DOCTYPE html>\n<html><p>页面</p></html>', "html"),
        ("letter.eml", "这不是信。\n", "text"),
        ("strings.po", "只是笔记\n", "text"),
        ("strings.xliff", "<html><p>页面</p></html>", "html"),
        ("notes.txt", "Subject: 你好\n\n这是笔记,不是信。\n", "text"),
    ],
)
def test_the_kind_is_found_by_content_and_a_wrong_name_is_noted(
    tmp_path: Path, name: str, data: str, format_: str
) -> None:
    path = tmp_path / name
    path.write_text(data, "utf-8", newline="")
    (document,) = read(path)
    assert isinstance(document, Document), document
    assert document.format == format_
    suffix = {"srt": ".srt", "vtt": ".vtt", "po": ".po", "eml": ".eml", "text": ".txt", "xliff": ".xliff"}.get(format_)
    assert (document.note is None) == (path.suffix in {suffix, "", ".xlf"})


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("a.po", 'msgid "一"\nmsgstr "没有结尾\n', "line 2 is no string"),
        ("a.xliff", "<xliff version='1.2'><file>", "not well-formed XML"),
        ("a.xliff", '<!DOCTYPE x [<!ENTITY a "b">]><xliff/>', "entities"),
        ("a.eml", "From: a@b.c\nContent-Type: multipart/encrypted; boundary=x\n\n--x--\n", "encrypted"),
    ],
)
def test_a_bad_file_has_its_reason(tmp_path: Path, name: str, data: str, part: str) -> None:
    (tmp_path / name).write_text(data, "utf-8")
    (unread,) = read(tmp_path / name)
    assert isinstance(unread, Unread), unread
    assert unread.status == "failed"
    assert part in unread.error


@pytest.mark.parametrize("suffix", ["srt", "vtt", "po", "xliff", "eml"])
def test_an_empty_file_is_an_empty_document(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(b"")
    (document,) = read(tmp_path / f"a.{suffix}")
    assert isinstance(document, Document)
    assert (document.text, document.blocks, document.format) == ("", (), suffix)


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16", "utf-8-sig"])
def test_subtitles_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n今天天氣很好,我們去公園走走。\n"
    (tmp_path / "a.srt").write_bytes(text.encode(encoding))
    (document,) = read(tmp_path / "a.srt")
    assert isinstance(document, Document)
    assert (document.format, document.text) == ("srt", "今天天氣很好,我們去公園走走。")


def test_every_part_of_a_mail_is_read_but_other_versions_of_its_body(tmp_path: Path) -> None:
    def leaf(kind: str, content: str) -> str:
        return f"Content-Type: {kind}; charset=utf-8\n\n{content}\n"

    def multipart(kind: str, boundary: str, *inner: str) -> str:
        joined = "".join(f"--{boundary}\n{one}" for one in inner)
        return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{joined}--{boundary}--\n"

    body = multipart("alternative", "b", leaf("text/plain", "正文"), leaf("text/html", "<p>正文"))
    second = multipart("alternative", "c", leaf("text/plain", "第二段"), leaf("text/html", "<p>第二段"))
    signature = leaf("application/pgp-signature", "xyz")
    data = "From: a@b.c\n" + multipart("mixed", "a", body, second, leaf("text/plain", "页脚"), signature)
    (tmp_path / "a.eml").write_text(data, "utf-8")
    found = [item for item in read(tmp_path / "a.eml") if isinstance(item, Document)]
    assert [item.text.strip() for item in found] == ["正文", "第二段", "页脚"]
    assert [item.note for item in found] == [None] * 3


def test_a_mail_that_is_nothing_but_a_file_has_that_attached(tmp_path: Path) -> None:
    scan = mail(Subject="扫描件")
    scan.set_content(b"text\n\xe4\xbd\xa0\xe5\xa5\xbd\n", maintype="text", subtype="csv", filename="a.csv")
    (tmp_path / "a.eml").write_bytes(bytes(scan))
    letter, row = read(tmp_path / "a.eml")
    assert isinstance(letter, Document)
    assert isinstance(row, Document)
    assert (letter.text, row.text) == ("扫描件\n", "你好")


def test_a_mail_that_is_cut_off_is_noted(tmp_path: Path) -> None:
    message = mail(Subject="你好")
    message.set_content("正文\n")
    message.add_attachment("附件\n", filename="a.txt")
    (tmp_path / "a.eml").write_bytes(bytes(message)[:-60])
    letter, *_ = read(tmp_path / "a.eml")
    assert isinstance(letter, Document)
    assert "cut off" in (letter.note or "")


def test_a_mail_that_takes_too_long_ends_its_parser(tmp_path: Path) -> None:
    parameters = "".join(f'a{number}="b"; ' for number in range(60_000))
    (tmp_path / "a.eml").write_text(f"From: a@b.c\nContent-Type: text/plain; {parameters}\n\n你好\n", "utf-8")
    list(parse_apart("markdown", b"", ReadingSettings()))  # a parser that has still to start has more time
    (unread,) = read(tmp_path / "a.eml", ReadingSettings(max_seconds=1))
    assert isinstance(unread, Unread), unread
    assert "reading.max_seconds" in unread.error


def test_a_large_mail_keeps_its_attachments(tmp_path: Path) -> None:
    message = mail(Subject="很大")
    message.set_content("正文\n", charset="gb18030")
    message.add_attachment("附件。\n" * 9000, filename="a.txt")
    (tmp_path / "a.eml").write_bytes(bytes(message))
    letter, note = read(tmp_path / "a.eml")
    assert isinstance(letter, Document)
    assert isinstance(note, Document)
    assert (letter.text.split("\n")[:2], letter.encoding, len(note.text)) == (["很大", "正文"], "gb18030", 36_000)


def test_mails_in_mails_have_an_end(tmp_path: Path) -> None:
    message = mail(Subject="最里面")
    message.set_content("好\n")
    for level in range(6):
        outer = mail(Subject=f"第{level}层")
        outer.set_content("见附件\n")
        outer.add_attachment(message)
        message = outer
    (tmp_path / "a.eml").write_bytes(bytes(message))
    found = read(tmp_path / "a.eml")
    assert isinstance(found[-1], Unread)
    assert "reading.max_nesting" in found[-1].error


@given(st.text(st.sampled_from("1\n0:,.->中 a<i>{}&;NOTEWBVT\r"), max_size=80), st.sampled_from(["srt", "vtt"]))
def test_runs_of_any_subtitles_stand_where_their_text_does(source: str, kind: str) -> None:
    placed = subtitle_text(source, "srt" if kind == "srt" else "vtt")
    position = 0
    for run in placed.runs:
        assert position <= run.start < run.end <= len(placed.text)
        position = run.end
        assert list(run.origins) == sorted(run.origins)
        own, there = placed.text[run.start : run.end], source[run.origins[0] : run.origins[-1]]
        assert own == there or own in {"\n", "&", "<", ">"}


def test_vtt_as_its_library_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text(VTT, "utf-8")
    assert len(webvtt.read(str(tmp_path / "a.vtt"))) == len(subtitle_text(VTT, "vtt").blocks)
