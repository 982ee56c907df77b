"""Word, PowerPoint, Excel, OpenDocument and e-books: what a reader of the document sees, in the format's own units."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from duiyi.processors.detection import detect
from duiyi.processors.reading import read_bytes
from duiyi.processors.records import Document, Unread
from duiyi.processors.settings import ReadingSettings
from odf import draw, table, teletype, text
from odf.opendocument import OpenDocumentPresentation, OpenDocumentSpreadsheet, OpenDocumentText
from pptx.util import Inches

DEFAULT = ReadingSettings()


def read(data: bytes, name: str, settings: ReadingSettings = DEFAULT) -> list[Document | Unread]:
    return list(read_bytes(data, f"file:///{name}", settings, name=name))


def document(data: bytes, name: str, settings: ReadingSettings = DEFAULT) -> Document:
    (found,) = read(data, name, settings)
    assert isinstance(found, Document), found
    return found


def blocks(found: Document) -> list[str]:
    return [found.text[block.start : block.end] for block in found.blocks]


def saved(thing: object) -> bytes:
    buffer = io.BytesIO()
    thing.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def rewritten(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """A ZIP file with its members changed; those for which ``change`` gives None are left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = change(info.filename, old.read(info))
            if content is not None:
                new.writestr(info, content)
    return buffer.getvalue()


def word() -> bytes:
    made = docx.Document()
    made.add_heading("快速开始", 1)
    paragraph = made.add_paragraph("这一段")
    paragraph.add_run("有粗体").bold = True
    paragraph.add_run("，\t也有制表符。\n还有换行。")
    grid = made.add_table(2, 2)
    grid.cell(0, 0).text = "名称"
    grid.cell(0, 1).text = "Price"
    grid.cell(1, 0).text = "茶\nTea"
    grid.cell(1, 1).text = "5"
    made.add_paragraph("")
    made.add_paragraph("The last paragraph.")
    made.sections[0].header.paragraphs[0].text = "内部资料"
    made.sections[0].footer.paragraphs[0].text = "Page footer"
    made.add_comment(paragraph.runs, "请再核对一遍。", author="A", initials="A")
    return saved(made)


def test_word_paragraphs_headings_cells_comments_headers_and_footers() -> None:
    found = document(word(), "a.docx")
    assert found.format == "docx"
    assert found.text == (
        "快速开始\n这一段有粗体，\t也有制表符。\n还有换行。\n名称\tPrice\n茶\nTea\t5\nThe last paragraph.\n"
        "请再核对一遍。\n内部资料\nPage footer"
    )
    assert blocks(found) == [
        "快速开始",
        "这一段有粗体，\t也有制表符。\n还有换行。",
        "名称",
        "Price",
        "茶\nTea",
        "5",
        "The last paragraph.",
        "请再核对一遍。",
        "内部资料",
        "Page footer",
    ]
    segments = detect(found.text, found.blocks)
    assert "".join(segment.text for segment in segments) == found.text
    assert [segment.lang for segment in segments if segment.text.strip() in {"名称", "Price"}] == ["zh", "en"]


def run_xml(inner: str) -> str:
    return f"<w:r><w:t xml:space='preserve'>{inner}</w:t></w:r>"


def test_word_changes_links_text_boxes_ruby_and_notes() -> None:
    made = docx.Document()
    names = nsdecls("w", "r") + (
        ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:v"'
        ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    )
    box = f"<w:txbxContent><w:p>{run_xml('框里的字')}</w:p></w:txbxContent>"
    body = (
        f"<w:p {names}><w:pPr><w:tabs><w:tab w:val='left' w:pos='9'/></w:tabs></w:pPr>{run_xml('我们')}"
        f"<w:ins>{run_xml('新增')}</w:ins><w:del><w:r><w:delText>删去</w:delText></w:r></w:del>"
        f"<w:moveFrom>{run_xml('搬走')}</w:moveFrom><w:hyperlink r:id='rId99'>{run_xml('链接')}</w:hyperlink>"
        f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'><wps:txbx>{box}</wps:txbx></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
        f"<w:r><w:ruby><w:rt>{run_xml('hàn')}</w:rt><w:rubyBase>{run_xml('汉')}</w:rubyBase></w:ruby></w:r></w:p>"
    )
    made.element.body.insert(0, parse_xml(body))
    notes = f"<w:footnotes {nsdecls('w')}><w:footnote w:id='1'><w:p>{run_xml('脚注在此。')}</w:p></w:footnote></w:footnotes>"

    def with_footnotes(name: str, content: bytes) -> bytes:
        if name == "word/_rels/document.xml.rels":
            relation = (
                '<Relationship Id="rIdN" Target="footnotes.xml" '
                'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"/>'
            )
            return content.replace(b"</Relationships>", relation.encode() + b"</Relationships>")
        return content

    data = io.BytesIO(rewritten(saved(made), with_footnotes))
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("word/footnotes.xml", notes)
    assert blocks(document(data.getvalue(), "a.docx")) == ["我们新增链接汉", "框里的字", "脚注在此。"]


def slides() -> bytes:
    made = pptx.Presentation()
    first = made.slides.add_slide(made.slide_layouts[1])
    first.shapes.title.text = "年度报告"
    first.placeholders[1].text = "第一点\nSecond point"
    group = first.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "组内文字"
    first.notes_slide.notes_text_frame.text = "讲稿在这里。"
    second = made.slides.add_slide(made.slide_layouts[5])
    second.shapes.title.text = "Thanks"
    grid = second.shapes.add_table(1, 2, 0, 0, Inches(2), Inches(1)).table
    grid.cell(0, 0).text, grid.cell(0, 1).text = "甲", "乙"
    return saved(made)


def test_slides_with_groups_tables_and_notes() -> None:
    found = document(slides(), "a.pptx")
    assert found.format == "pptx"
    assert found.text == "年度报告\n第一点\nSecond point\n组内文字\n讲稿在这里。\nThanks\n甲\t乙"


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets:
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return saved(made)


def test_a_workbook_cell_by_cell() -> None:
    data = workbook(
        (
            "价目",
            [["品名", "Price", None, "日期"], ["茶", 4.5, True, datetime.datetime(2024, 3, 5)], [], ["两行\n文字"]],
        ),
        ("空", []),
        ("Notes", [["See the other sheet."]]),
    )
    found = document(data, "a.xlsx")
    assert found.format == "xlsx"
    assert found.text == ("价目\n品名\tPrice\t日期\n茶\t4.5\tTRUE\t2024-03-05\n两行\n文字\nNotes\nSee the other sheet.")
    assert "茶" in blocks(found)


def test_a_workbook_row_by_row_where_the_header_has_the_text_column() -> None:
    data = workbook(
        (
            "Posts",
            [["id", "text", "stars", "on"], ["p1", "很好", 5, datetime.date(2024, 3, 5)], ["p2", 42, None, None]],
        ),
        ("More", [["text", "id"], ["不好", "p3"], [None, "p4"]]),
        ("About", [["说明"]]),
    )
    found = read(data, "a.xlsx", ReadingSettings(keep=("stars", "on")))
    rows = [item for item in found if isinstance(item, Document)]
    assert [(row.source_uri, row.text, row.source_id) for row in rows] == [
        ("file:///a.xlsx#id=p1", "很好", "p1"),
        ("file:///a.xlsx#id=p2", "42", "p2"),
        ("file:///a.xlsx#id=p3", "不好", "p3"),
        ("file:///a.xlsx#id=p4", "", "p4"),
        ("file:///a.xlsx", "About\n说明", None),
    ]
    assert rows[0].metadata == {"stars": 5, "on": "2024-03-05T00:00:00"}
    assert len(read(workbook(("S", [["body"], ["好"]])), "b.xlsx", ReadingSettings(text_column="body"))) == 1


def test_cells_beyond_the_dimensions_a_workbook_states_are_read() -> None:
    data = workbook(("S", [["甲", "乙"], ["丙"]]))
    wrong = rewritten(data, lambda name, content: content.replace(b'ref="A1:B2"', b'ref="A1"'))
    assert wrong != data
    assert document(wrong, "a.xlsx").text == "S\n甲\t乙\n丙"


def open_text() -> bytes:
    made = OpenDocumentText()
    made.text.addElement(text.H(outlinelevel=1, text="标题"))
    paragraph = text.P(text="他说")
    teletype.addTextToElement(paragraph, "：  两个空格\t好")
    note = text.Note(noteclass="footnote")
    note.addElement(text.NoteCitation(text="1"))
    body = text.NoteBody()
    body.addElement(text.P(text="注释内容"))
    note.addElement(body)
    paragraph.addElement(note)
    made.text.addElement(paragraph)
    grid = table.Table()
    row = table.TableRow()
    for words in ("左", "Right"):
        cell = table.TableCell()
        cell.addElement(text.P(text=words))
        row.addElement(cell)
    grid.addElement(row)
    made.text.addElement(grid)
    return saved(made)


def test_open_document_text() -> None:
    found = document(open_text(), "a.odt")
    assert found.format == "odt"
    assert blocks(found) == ["标题", "他说：  两个空格\t好", "注释内容", "左", "Right"]
    assert found.text.endswith("左\tRight")


def test_open_document_slides_and_sheets() -> None:
    made = OpenDocumentPresentation()
    page = draw.Page(masterpagename="m")
    frame = draw.Frame(width="1cm", height="1cm")
    box = draw.TextBox()
    box.addElement(text.P(text="幻灯片文字"))
    frame.addElement(box)
    page.addElement(frame)
    made.presentation.addElement(page)
    assert (document(saved(made), "a.odp").format, document(saved(made), "a.odp").text) == ("odp", "幻灯片文字")
    sheets = OpenDocumentSpreadsheet()
    grid = table.Table(name="工作表")
    row = table.TableRow()
    for words in ("数量", "3"):
        cell = table.TableCell()
        cell.addElement(text.P(text=words))
        row.addElement(cell)
    grid.addElement(row)
    sheets.spreadsheet.addElement(grid)
    assert document(saved(sheets), "a.ods").text == "工作表\n数量\t3"


CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
BOOK = (
    '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
    '<item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="one" href="one%20page.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="css" href="a.css" media-type="text/css"/></manifest>'
    '<spine><itemref idref="one"/><itemref idref="two"/></spine></package>'
)
PAGE = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>书名</title></head><body>{}</body></html>'


def book(**extra: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OEBPS/book.opf", BOOK)
        archive.writestr("OEBPS/text/two.xhtml", PAGE.format('<script src="x"/><p>第二章。</p>'))
        archive.writestr("OEBPS/one page.xhtml", PAGE.format("<h1>第一章</h1><p>He said <i>hello</i>.</p>"))
        for name, content in extra.items():
            archive.writestr(f"META-INF/{name}.xml", content)
    return buffer.getvalue()


def test_an_e_book_in_reading_order() -> None:
    found = document(book(), "a.epub")
    assert (found.format, found.note) == ("epub", None)
    assert blocks(found) == ["第一章", "He said hello.", "第二章。"]


def encryption(algorithm: str, uri: str) -> str:
    return (
        '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:EncryptionMethod Algorithm="{algorithm}"/><enc:CipherData><enc:CipherReference URI="{uri}"/>'
        "</enc:CipherData></enc:EncryptedData></encryption>"
    )


def test_what_a_page_of_an_e_book_declares_is_no_text() -> None:
    declared = '<!DOCTYPE html [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><html xmlns="http://www.w3.org/1999/xhtml">'
    with zipfile.ZipFile(io.BytesIO(book())) as old, zipfile.ZipFile(buffer := io.BytesIO(), "w") as new:
        for name in old.namelist():
            new.writestr(
                name, old.read(name).replace(b'<html xmlns="http://www.w3.org/1999/xhtml">', declared.encode())
            )
    assert document(buffer.getvalue(), "a.epub").text == document(book(), "a.epub").text


def test_an_e_book_with_drm_is_refused_and_one_with_hidden_fonts_is_read() -> None:
    locked = book(encryption=encryption("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "OEBPS/text/two.xhtml"))
    (unread,) = read(locked, "a.epub")
    assert isinstance(unread, Unread)
    assert (unread.status, unread.error) == ("failed", "encrypted (DRM)")
    assert document(book(encryption=encryption("http://www.idpf.org/2008/embedding", "OEBPS/f.otf")), "a.epub").blocks


SAMPLES = {
    "docx": word,
    "pptx": slides,
    "xlsx": lambda: workbook(("S", [["甲"]])),
    "odt": open_text,
    "epub": book,
}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize("kind", SAMPLES)
def test_bad_files_have_a_reason_and_a_status(kind: str) -> None:
    data = SAMPLES[kind]()
    bad = {
        "truncated": (data[: len(data) // 2], "truncated"),
        "empty": (b"", f"an empty file, not a {kind}"),
        "noise": (bytes(range(256)) * 9, f"not a {kind} file"),
        "locked": (OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted: it needs a password"),
        "old": (OLE, "without a password"),
        "damaged": (rewritten(data, lambda name, content: content[:-30] if name.endswith("l") else content), ""),
    }
    for what, (content, reason) in bad.items():
        (unread,) = read(content, f"{what}.{kind}")
        assert isinstance(unread, Unread), what
        assert unread.status == "failed"
        assert reason in unread.error, what
        assert "\n" not in unread.error


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_wrong_extension_is_read_as_what_it_is_and_noted(kind: str) -> None:
    data = SAMPLES[kind]()
    right, wrong = document(data, f"a.{kind}"), document(data, "a.txt")
    assert (wrong.text, wrong.format, wrong.note) == (right.text, kind, f"named .txt, but its content is {kind}")
    assert right.note is None
    assert document(data, "a.unknown").note is None
    plain = document("其实是文本。".encode(), f"a.{kind}")
    assert (plain.text, plain.format, plain.note) == ("其实是文本。", "text", f"named .{kind}, but its content is text")


def test_a_document_without_text_is_empty_and_all_is_well() -> None:
    assert (document(saved(docx.Document()), "a.docx").text, document(saved(docx.Document()), "a.docx").blocks) == (
        "",
        (),
    )
    assert document(saved(openpyxl.Workbook()), "a.xlsx").text == ""


def test_an_open_document_that_is_encrypted() -> None:
    entry = b'<manifest:file-entry manifest:full-path="x"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>'
    locked = rewritten(
        open_text(),
        lambda name, content: (
            content.replace(b"</manifest:manifest>", entry) if name == "META-INF/manifest.xml" else content
        ),
    )
    (unread,) = read(locked, "a.odt")
    assert isinstance(unread, Unread)
    assert unread.error == "encrypted: it needs a password"


def test_damage_that_hides_what_a_file_is() -> None:
    nameless = rewritten(word(), lambda name, content: None if name == "[Content_Types].xml" else content)
    (unread,) = read(nameless, "a.docx")
    assert isinstance(unread, Unread)
    assert (unread.status, unread.error[:7]) == ("failed", "broken:")
    strange = rewritten(
        open_text(),
        lambda name, content: content.replace(b"UTF-8", b"UTF-9", 1) if name == "content.xml" else content,
    )
    (unread,) = read(strange, "a.odt")
    assert isinstance(unread, Unread)
    assert "an encoding that is not supported" in unread.error


def test_office_files_of_other_kinds_are_skipped() -> None:
    drawing = rewritten(
        open_text(),
        lambda name, content: b"application/vnd.oasis.opendocument.graphics" if name == "mimetype" else content,
    )
    (unread,) = read_bytes(drawing, "file:///a.odg", DEFAULT, name="a.odg", named=False)
    assert isinstance(unread, Unread)
    assert unread.status == "skipped"


def test_a_program_is_no_archive(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    (unread,) = read_bytes(buffer.getvalue(), "file:///a.jar", DEFAULT, name="a.jar", named=False)
    assert isinstance(unread, Unread)
    assert (unread.status, ".jar" in unread.error) == ("skipped", True)
