"""PDF: paragraphs whole again, pages of pictures told, bad files with a reason."""

from __future__ import annotations

import io

import pytest
from duiyi.processors.reading import read_bytes
from duiyi.processors.records import Document, Unread
from duiyi.processors.settings import ReadingSettings
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
PLAIN = getSampleStyleSheet()["Normal"]
HAN = ParagraphStyle("han", parent=PLAIN, fontName="STSong-Light", wordWrap="CJK", fontSize=11, leading=16)
INDENTED = ParagraphStyle("indented", parent=HAN, firstLineIndent=22)
FIRST = "今天我们一起去了河边散步，路上遇到了许多很久没有见面的老朋友，大家都很高兴。" * 4
SECOND = "第二段从这里开始，它也有好几行文字，可以用来检验换行的处理是不是正确。" * 3
ENGLISH = (
    "The small boat went slowly down the river, and nobody on it said a word before the bridge came into view. " * 4
)


def made(*parts: Flowable, encrypt: StandardEncryption | None = None) -> bytes:
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, encrypt=encrypt).build(list(parts))
    return buffer.getvalue()


def read(data: bytes, name: str = "a.pdf", limits: ReadingSettings | None = None) -> Document | Unread:
    (found,) = read_bytes(data, f"file:///{name}", limits or ReadingSettings(), name=name)
    return found


def document(data: bytes) -> Document:
    found = read(data)
    assert isinstance(found, Document), found
    return found


def blocks(found: Document) -> list[str]:
    """The blocks with their line breaks taken out, as typesetting put them in."""
    return [found.text[block.start : block.end].replace("\n", "") for block in found.blocks]


def picture(canvas: Canvas) -> None:
    image = io.BytesIO()
    Image.new("RGB", (40, 40), "gray").save(image, "PNG")
    image.seek(0)
    canvas.drawImage(ImageReader(image), 50, 50, 400, 400)
    canvas.showPage()


@pytest.mark.parametrize("style", [HAN, INDENTED])
def test_lines_become_paragraphs_again(style: ParagraphStyle) -> None:
    found = document(made(Paragraph("标题", HAN), Spacer(1, 20), Paragraph(FIRST, style), Paragraph(SECOND, style)))
    assert (found.format, found.note) == ("pdf", None)
    assert blocks(found) == ["标题", FIRST, SECOND]
    assert [block.wrapped for block in found.blocks] == [False, True, True]


def test_hyphens_and_columns() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for column, lines in (
        (
            40,
            (
                "All of this text stands in the left column, an exam-",
                "ple of narrow typesetting, where one word was part-",
                "ed and the lines are full up to the right margin now",
            ),
        ),
        (320, ("Another text stands beside it and it is not mixed", "with the one on the left of it.")),
    ):
        for number, line in enumerate(lines):
            canvas.drawString(column, 700 - 14 * number, line)
    canvas.save()
    found = document(buffer.getvalue())
    assert [" ".join(found.text[block.start : block.end].split()) for block in found.blocks] == [
        "All of this text stands in the left column, an example of narrow typesetting, where one word was parted and "
        "the lines are full up to the right margin now",
        "Another text stands beside it and it is not mixed with the one on the left of it.",
    ]


def test_english_list_items_and_table_entries_keep_apart() -> None:
    found = document(
        made(
            Paragraph(ENGLISH, PLAIN),
            Spacer(1, 12),
            Paragraph("1. First of all, this item is a rather short one.", PLAIN),
            Paragraph("2. And the second item is a rather short one too.", PLAIN),
            Spacer(1, 12),
            Table([["Name", "Price"], ["apple", "three"]]),
        )
    )
    first, *rest = (found.text[block.start : block.end] for block in found.blocks)
    assert " ".join(first.split()) == ENGLISH.strip()
    assert rest == [
        "1. First of all, this item is a rather short one.",
        "2. And the second item is a rather short one too.",
        "Name Price",
        "apple three",
    ]


def test_pages_of_pictures_are_told_and_not_guessed() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    for number in range(1, 6):
        if number in {2, 3, 5}:
            picture(canvas)
        else:
            canvas.drawString(100, 700, f"Page {number} has words.")
            canvas.showPage()
    canvas.save()
    found = document(buffer.getvalue())
    assert blocks(found) == ["Page 1 has words.", "Page 4 has words."]
    assert found.note == "pictures without a text layer (scanned?), not read: page 2-3, 5"


def test_a_pdf_without_text_failed() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    picture(canvas)
    canvas.save()
    scanned = read(buffer.getvalue())
    assert isinstance(scanned, Unread)
    assert scanned.status == "failed"
    assert scanned.error == "it has no text; pictures without a text layer (scanned?), not read: page 1"
    blank = read(made(PageBreak()))
    assert isinstance(blank, Unread)
    assert blank.error == "it has no text"


def test_encrypted() -> None:
    locked = read(made(Paragraph("x", PLAIN), encrypt=StandardEncryption("secret", ownerPassword="other")))
    assert isinstance(locked, Unread)
    assert (locked.status, locked.error) == ("failed", "encrypted: it needs a password")
    # one that anybody may open, but not change
    assert document(made(Paragraph("Open.", PLAIN), encrypt=StandardEncryption("", ownerPassword="o"))).text == "Open."


def test_bad_files() -> None:
    whole = made(Paragraph(ENGLISH, PLAIN))
    for data, reason in (
        (b"", "an empty file, not a pdf"),
        (b"%PDF-1.7\n", "not a PDF that can be read"),
        (bytes(range(256)) * 3, "not a pdf file"),
        (whole[:300], "truncated"),
    ):
        found = read(data)
        assert isinstance(found, Unread)
        assert (found.status, reason in found.error) == ("failed", True)
    many = read(
        made(*[item for number in range(4) for item in (Paragraph(str(number), PLAIN), PageBreak())]),
        limits=ReadingSettings(max_pages=3),
    )
    assert isinstance(many, Unread)
    assert "more than reading.max_pages = 3" in many.error


def test_a_wrong_extension_is_noted() -> None:
    found = read(made(Paragraph("Words.", PLAIN)), "a.docx")
    assert isinstance(found, Document)
    assert (found.text, found.note) == ("Words.", "named .docx, but its content is pdf")
    words = "%PDF-1.7 is how such files begin. 一般如此。"
    plain = read(words.encode(), "a.txt")
    assert isinstance(plain, Document)
    assert (plain.text, plain.format) == (words, "text")


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_truncated_pdf_is_a_document_or_a_reason(data: st.DataObject) -> None:
    whole = made(Paragraph(FIRST, HAN))
    found = read(whole[: data.draw(st.integers(0, len(whole)))])
    assert isinstance(found, Document) or (found.status == "failed" and found.error)
