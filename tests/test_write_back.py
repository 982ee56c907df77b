"""Documents written back: English where the Chinese stood, and everything else byte for byte as it was."""

from __future__ import annotations

import difflib
import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import docx
import pytest
import srt
import webvtt
from conftest import Duiyi
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from duiyi.processors.errors import UnreadableError
from duiyi.processors.reading import read_text
from duiyi.processors.reading.docx import parse_docx
from duiyi.processors.reading.markdown_inline import placed_markdown
from duiyi.processors.reading.placed import PlacedText
from duiyi.processors.reading.webpage import placed_page
from duiyi.processors.settings import Settings
from duiyi.processors.write_back import Writable, write_back
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

SETTINGS = Settings()
HAN = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff01-\uff5e]")

KNOWN = {
    "请先看手册再开始。": "Please read the manual before you start.",
    "手册": "Manual",
    "运行 make 然后重启。": "Run make, then restart.",
    "安装 pip 之后重启。": "After installing it, restart.",
    "安装": "Install",
    "之后重启。": "then restart.",
    "重要:明天见。": "Important: see you tomorrow.",
    "重要": "important",
    "我们明天\n在门口见。": "See you tomorrow at the gate.",
    "一、二": "1. 2 * [x] <b> `c`",
    "价格": "price & <cost>",
}


def translate(texts: list[str]) -> list[str | None]:
    """What a translator makes of them: known texts as above, others a word and their length."""
    return [KNOWN.get(text, f"word {len(text)}{'.' if text[-1] in '。.' else ''}") for text in texts]


def again(source: str, format: Writable, *, bilingual: bool = False) -> str:  # noqa: A002
    return write_back(source.encode(), format, translate, SETTINGS, bilingual=bilingual).data.decode()


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [("".join(old[a:b]), "".join(new[c:d])) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


FILM = (
    "\ufeff7\r\n00:00:01,000 --> 00:00:02,000 X1:2\r\n<i>我们明天\r\n在门口见。</i>\r\n\r\n"
    "9\r\n00:00:03,000 --> 00:00:04,000\r\nHello.\r\n\r\n\r\n"
)


def test_subtitles_keep_numbers_timings_tags_and_line_breaks() -> None:
    assert again(FILM, "srt") == FILM.replace("我们明天\r\n在门口见。", "See you tomorrow\r\nat the gate.")
    both = again(FILM, "srt", bilingual=True)
    assert both == FILM.replace("在门口见。</i>", "在门口见。</i>\r\nSee you tomorrow at the gate.")
    cues = list(srt.parse(both.removeprefix("\ufeff")))
    assert [cue.index for cue in cues] == [7, 9]


def test_web_subtitles_keep_notes_voices_and_settings(tmp_path: Path) -> None:
    source = "WEBVTT\n\nNOTE 注释\n\nid 一\n00:01.000 --> 00:02.000 align:start\n<v 小王>价格</v>\n"
    after = again(source, "vtt")
    assert after == source.replace("价格", "price &amp; &lt;cost&gt;")
    (tmp_path / "a.vtt").write_text(after, "utf-8")
    (caption,) = webvtt.read(str(tmp_path / "a.vtt"))
    assert caption.identifier == "id 一"


PAGE = """<!DOCTYPE html>
<html lang=zh><head><meta charset="utf-8"><title>手册</title>
<style>p::after { content: "中文" }</style><script>var 不 = "中文";</script></head>
<body class='正文'><!-- 注释 --><p title="不要">请先看<a href="/手册?a=1&amp;b=2">手册</a>再开始。</p>
<p>English  stays   here. <IMG SRC=a.png ALT=价格></p>
<pre>中文代码</pre><p>运行 <code>make</code> 然后重启。<br>
安装 <code>pip</code> 之后重启。</p><ul><li translate="no">不译<li>价格</ul>
<p><ruby>手册<rt>shǒucè</rt></ruby></body></html>
"""


def test_a_page_keeps_tags_attributes_scripts_code_and_comments() -> None:
    after = again(PAGE, "html")
    expected = PAGE
    for old, new in (
        ("<title>手册", "<title>Manual"),
        (
            '>请先看<a href="/手册?a=1&amp;b=2">手册</a>再开始。<',
            '>Please read the <a href="/手册?a=1&amp;b=2">manual</a> before you start.<',
        ),
        ("ALT=价格", "ALT=price&#32;&amp;&#32;&lt;cost&gt;"),
        ("运行 <code>make</code> 然后重启。", "Run <code>make</code>, then restart."),
        ("安装 <code>pip</code> 之后重启。", "Install <code>pip</code> then restart."),
        ("<li>价格", "<li>price &amp; &lt;cost&gt;"),
        ("<ruby>手册<rt>shǒucè</rt>", "<ruby>Manual<rt></rt>"),
    ):
        assert old in expected
        expected = expected.replace(old, new)
    assert after == expected


def test_a_bilingual_page_has_the_english_after_each_block() -> None:
    after = again("<title>手册</title><p>请先看<a>手册</a>再开始。</p><p>Hello</p><td>价格", "html", bilingual=True)
    assert after == (
        '<title>手册 / Manual</title><p>请先看<a>手册</a>再开始。<br><span lang="en">Please read the manual before you start.'
        '</span></p><p>Hello</p><td>价格<br><span lang="en">price &amp; &lt;cost&gt;</span>'
    )


NOTES = """---
title: 标题
---
# 手册 #

请先看[手册](http://x.y/手册 "标题")再开始。Then *stop*.
**重要**:明天见。

> 我们明天
> 在门口见。

- 运行 `make` 然后重启。
  1. 安装 `pip` 之后重启。

| 价格 | b \\| c |
|------|--------|
| 手册 | `手册` |

```
代码
```

[手册] <https://例子.org/手册> ![手册](手册.png)

<div title="中文">
价格
</div>

[手册]: http://a.b "中文"
[^1]: 价格
"""


def test_markdown_keeps_marks_addresses_code_and_front_matter() -> None:
    assert changed_lines(NOTES, again(NOTES, "markdown")) == [
        ("title: 标题\n", 'title: "word 2"\n'),
        ("# 手册 #\n", "# Manual #\n"),
        (
            '请先看[手册](http://x.y/手册 "标题")再开始。Then *stop*.\n**重要**:明天见。\n',
            'Please read the [manual](http://x.y/手册 "标题") before you start. Then *stop*.\n**Important**: see you tomorrow.\n',
        ),
        ("> 我们明天\n> 在门口见。\n", "> See you tomorrow at the gate.\n"),
        (
            "- 运行 `make` 然后重启。\n  1. 安装 `pip` 之后重启。\n",
            "- Run `make`, then restart.\n  1. Install `pip` then restart.\n",
        ),
        ("| 价格 | b \\| c |\n", "| price & \\<cost> | b \\| c |\n"),
        ("| 手册 | `手册` |\n", "| Manual | `手册` |\n"),
        (
            "[手册] <https://例子.org/手册> ![手册](手册.png)\n",
            "[Manual][手册] <https://例子.org/手册> ![Manual](手册.png)\n",
        ),
        ("价格\n", "price &amp; &lt;cost&gt;\n"),
        ("[^1]: 价格\n", "[^1]: price & \\<cost>\n"),
    ]


def test_of_front_matter_only_what_is_read_is_translated() -> None:
    matter = "---\ntitle: 价格\ndescription: '手册'\nsummary: \"价格 \"\nslug: 手册\ntags:\n  - 手册\n---\n"
    assert again(matter, "markdown") == (
        '---\ntitle: "price & <cost>"\ndescription: \'Manual\'\nsummary: "price & <cost> "\nslug: 手册\ntags:\n  - 手册\n---\n'
    )


@pytest.mark.parametrize(
    ("source", "written", "bilingual"),
    [
        ("# 手册 {#start}\n", "# Manual {#start}\n", None),
        ("| **手册** | **安装** |\n|--|--|\n", "| **Manual** | **Install** |\n|--|--|\n", None),
        (
            ":::tip 手册\n安装\n:::\n",
            ":::tip Manual\nInstall\n:::\n",
            ":::tip 手册 / Manual\n安装  \nInstall\n:::\n",
        ),
        ("> [!NOTE]\n> 手册\n", "> [!NOTE]\n> Manual\n", "> [!NOTE]\n> 手册  \n> Manual\n"),
        ('!!! note "手册"\n    安装\n', '!!! note "Manual"\n    Install\n', None),
        ("手册\n: 安装\n", "Manual\n: Install\n", None),
    ],
)
def test_what_extends_markdown_keeps_its_marks(source: str, written: str, bilingual: str | None) -> None:
    assert again(source, "markdown") == written
    if bilingual is not None:
        assert again(source, "markdown", bilingual=True) == bilingual


def test_the_english_beside_a_page_comes_after_its_ruby() -> None:
    page = "<p><ruby>手册<rp>(</rp><rt>shou ce</rt><rp>)</rp></ruby></p>"
    after = page.replace("</p>", '<br><span lang="en">Manual</span></p>')
    assert again(page, "html", bilingual=True) == after


def test_english_that_looks_like_markdown_is_text() -> None:
    assert again("一、二\n", "markdown") == "1\\. 2 \\* \\[x\\] \\<b> \\`c\\`\n"
    assert again("| 一、二 |\n|--|\n", "markdown").startswith("| 1. 2 \\* ")


def test_bilingual_markdown_keeps_its_containers() -> None:
    source = "# 手册\n\n> - 价格\n\n| 手册 |\n|--|\n"
    assert again(source, "markdown", bilingual=True) == (
        "# 手册 / Manual\n\n> - 价格  \n>   price & \\<cost>\n\n| 手册<br>Manual |\n|--|\n"
    )


WITHIN = [
    "中文",
    "**粗**",
    "[链](u-r_l)",
    "`码`",
    "*斜*",
    "![图](i.png)",
    "~~删~~",
    "<kbd>键</kbd>",
    "<https://例.cn/路>",
]
AROUND = [
    "\n\n",
    "\n\n# ",
    "\n\n- ",
    "\n\n> ",
    "\n\n1. ",
    "\n\n| 中 | 文 |\n|--|--|\n| 中 | 文 |\n\n",
    "\n\n```\n码\n```\n\n",
    "<br>",
]
SENTENCES = st.lists(st.sampled_from(WITHIN), min_size=1, max_size=5).map(
    lambda pieces: "和".join(["", *pieces, ""]) + "。"
)
MARKDOWN = st.lists(st.tuples(st.sampled_from(AROUND), SENTENCES), max_size=5).map(
    lambda x: "".join(a + b for a, b in x)
)
TAGS = """<p> </p> <b@class='中'> </b> <a@href=中> </a> <br> <table> <td> </table> <!--@中@--> <pre>码</pre>
    <code>码</code> @ 中文。 好 <img@alt='图'>""".replace("@", "\0").split()
TAGS = [tag.replace("\0", " ") for tag in TAGS]
HTML = st.lists(st.sampled_from(TAGS), max_size=12).map("".join)


def skeleton(text: str) -> str:
    """What is neither Chinese nor white space nor what `one_letter` makes of Chinese."""
    return re.sub(r"[\sE.]", "", HAN.sub("", text))


def one_letter(texts: list[str]) -> list[str | None]:
    return ["E " * len(text) for text in texts]


@hypothesis_settings(deadline=None, max_examples=50)
@given(MARKDOWN)
def test_nothing_but_chinese_changes_in_markdown(source: str) -> None:
    after = write_back(source.encode(), "markdown", one_letter, SETTINGS).data.decode()
    assert skeleton(after) == skeleton(source)
    codes = re.compile(r"`[^`\n]+`|\(.+?\)|<[^>]*>")
    assert codes.findall(after) == codes.findall(source)


@hypothesis_settings(deadline=None, max_examples=50)
@given(HTML)
def test_nothing_but_chinese_changes_in_pages(source: str) -> None:
    after = write_back(source.encode(), "html", one_letter, SETTINGS).data.decode()
    assert skeleton(after) == skeleton(source)
    assert re.findall(r"<(?!img)[^>]*>", after) == re.findall(r"<(?!img)[^>]*>", source)


MARKUP = st.lists(
    st.sampled_from(
        [
            *TAGS,
            "&amp;",
            "&lt",
            "&nbsp;",
            "<",
            "&",
            "<title>",
            "</title>",
            "<select>",
            "<option>",
            "\r\n",
            "a",
            "<svg>",
            "<textarea>",
            "<rt>",
            "<script>",
            "</script>",
            "\u3000",
            "<plaintext>",
            "\0",
        ]
    )
    | st.text(max_size=4)
).map("".join)


def assert_placed(placed: PlacedText, source: str) -> None:
    position = 0
    for run in placed.runs:
        assert position <= run.start < run.end <= len(placed.text)
        position = run.end
        assert 0 <= run.origins[0] <= run.origins[-1] <= len(source)
        assert list(run.origins) == sorted(run.origins)
    assert len(placed.additions) == len(placed.blocks)


@hypothesis_settings(deadline=None)
@given(MARKUP)
def test_the_places_of_any_page_are_told_or_refused(source: str) -> None:
    try:
        placed = placed_page(source)
    except UnreadableError:
        return
    document = read_text(source, "file:///x", "html")
    assert (placed.text, placed.blocks) == (document.text, document.blocks) or "\ufeff" in source
    assert_placed(placed, source)


FRAGMENTS = [
    "  \n",
    "\\",
    "[",
    "](",
    "*",
    "_",
    "&amp;",
    "\t",
    "[链]",
    "[^1]",
    "\n[链]: u\n",
    "<b>",
    "\r\n",
    " ",
    "a",
    "$x$",
]


@hypothesis_settings(deadline=None)
@given(st.lists(st.sampled_from([*WITHIN, *AROUND, *FRAGMENTS])).map("".join))
def test_the_places_of_any_markdown_are_told(source: str) -> None:
    assert_placed(placed_markdown(source), source)


def word_file() -> bytes:
    document = docx.Document()
    document.add_heading("手册", 1)
    paragraph = document.add_paragraph("请先")
    paragraph.add_run("看").bold = True
    identifier = document.part.relate_to("https://example.org/手册", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link, run, text = OxmlElement("w:hyperlink"), OxmlElement("w:r"), OxmlElement("w:t")
    link.set(qn("r:id"), identifier)
    text.text = "手册"
    run.append(text)
    link.append(run)
    paragraph._p.append(link)
    paragraph.add_run("再开始。").italic = True
    document.add_paragraph("Only English & <more>.")
    document.add_paragraph("价格", style="List Number")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "价格", "Kilograms"
    document.sections[0].header.paragraphs[0].text = "手册"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_word_file_keeps_styles_links_and_all_other_parts() -> None:
    original = word_file()
    written = write_back(original, "docx", translate, SETTINGS)
    assert (written.sentences, written.untranslated) == (5, 0)
    before, after = parts(original), parts(written.data)
    assert list(before) == list(after)
    changed = {name for name in before if before[name] != after[name]}
    assert "word/document.xml" in changed
    assert all(re.fullmatch(r"word/(document|header\d)\.xml", name) for name in changed)
    document = docx.Document(io.BytesIO(written.data))
    heading, paragraph, english, item = document.paragraphs
    assert (heading.text, heading.style.name if heading.style else "") == ("Manual", "Heading 1")
    assert [(run.text, run.bold, run.italic) for run in paragraph.runs] == [
        ("Please read ", None, None),
        ("the", True, None),
        (" before you start.", None, True),
    ]
    assert [(link.text, link.address) for link in paragraph.hyperlinks] == [("manual", "https://example.org/手册")]
    assert english.text == "Only English & <more>."
    assert item.text == "price & <cost>"
    assert [cell.text for cell in document.tables[0].rows[0].cells] == ["price & <cost>", "Kilograms"]
    assert document.sections[0].header.paragraphs[0].text == "Manual"
    tags = re.compile(rb"<[^>]*>")
    same = [tag.replace(b' xml:space="preserve"', b"") for tag in tags.findall(after["word/document.xml"])]
    assert same == [tag.replace(b' xml:space="preserve"', b"") for tag in tags.findall(before["word/document.xml"])]


def test_words_that_stand_out_in_word_still_do_and_the_others_do_not() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph()
    paragraph.add_run("重要").bold = True
    paragraph.add_run(":明")
    paragraph.add_run("天见").bold = False
    paragraph.add_run("。")
    out = io.BytesIO()
    document.save(out)
    written = write_back(out.getvalue(), "docx", translate, SETTINGS)
    runs = docx.Document(io.BytesIO(written.data)).paragraphs[0].runs
    assert [(run.text, run.bold) for run in runs if run.text] == [("Important", True), (": see you tomorrow.", None)]


def test_a_bilingual_word_file_has_a_paragraph_after_each_in_its_style_without_its_number() -> None:
    written = write_back(word_file(), "docx", translate, SETTINGS, bilingual=True)
    document = docx.Document(io.BytesIO(written.data))
    assert [paragraph.text for paragraph in document.paragraphs] == [
        "手册",
        "Manual",
        "请先看手册再开始。",
        "Please read the manual before you start.",
        "Only English & <more>.",
        "价格",
        "price & <cost>",
    ]
    last = document.paragraphs[-1]
    assert last.style is not None
    assert last.style.name == "List Number"
    assert last._p.pPr.numPr.numId.val == 0
    assert document.tables[0].cell(0, 0).text == "价格\nprice & <cost>"


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BODY = """<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK "中"</w:instrText></w:r><w:r>
<w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>手册</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>
<w:p><w:del><w:r><w:delText>删</w:delText></w:r></w:del><w:ins><w:r><w:t>价格</w:t></w:r></w:ins><w:r><w:tab/><w:t>A &amp; B</w:t></w:r></w:p>
<w:p><w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:txbxContent><w:p><w:r><w:t>手册</w:t></w:r></w:p></w:txbxContent>
</mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>手册</w:t></w:r></w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>
<w:r><w:t xml:space="preserve">价格 </w:t></w:r></w:p>
<w:p><w:pPr><w:sectPr><w:pgSz/></w:sectPr></w:pPr><w:r><w:rPr><w:b/></w:rPr><w:t>价格</w:t></w:r></w:p>"""


def with_body(body: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word_file())) as archive, zipfile.ZipFile(out, "w") as new:
        for name in archive.namelist():
            xml = (
                f'<?xml version="1.0" encoding="UTF-8"?>\r\n<w:document {W} xmlns:mc="http://schemas.openxmlformats.org/'
                f'markup-compatibility/2006"><w:body>{body}</w:body></w:document>'
            )
            new.writestr(name, xml.encode() if name == "word/document.xml" else archive.read(name))
    return out.getvalue()


def test_fields_changes_and_both_copies_of_text_boxes_in_word() -> None:
    after = parts(write_back(with_body(BODY), "docx", translate, SETTINGS).data)["word/document.xml"].decode()
    space = '<w:t xml:space="preserve">'
    expected = BODY.replace("<w:t>手册", f"{space}Manual").replace("<w:t>价格", f"{space}price &amp; &lt;cost&gt;")
    assert expected.replace("价格 ", "price &amp; &lt;cost&gt; ") in after
    both = parts(write_back(with_body(BODY), "docx", translate, SETTINGS, bilingual=True).data)[
        "word/document.xml"
    ].decode()
    assert both.count("<w:sectPr>") == 1
    assert both.count(f"<w:p><w:r>{space}Manual</w:t></w:r></w:p></w:txbxContent>") == 2
    assert f"<w:r><w:rPr><w:b/></w:rPr>{space}price &amp; &lt;cost&gt;</w:t></w:r></w:p></w:body>" in both
    text = parse_docx(io.BytesIO(with_body(BODY)), SETTINGS.reading).text
    assert text.splitlines()[:2] == ["手册", "价格\tA & B"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<w:p><w:r><w:t><![CDATA[价格]]></w:t></w:r></w:p>", "CDATA"),
        ("<w:p><w:r><w:t>价格</w:t></w:p>", "not well-formed"),
    ],
)
def test_odd_xml_in_word_is_refused(body: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        write_back(with_body(body), "docx", translate, SETTINGS)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_word_file_written_back_opens_in_libreoffice(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(write_back(word_file(), "docx", translate, SETTINGS, bilingual=True).data)
    command = ["soffice", "--headless", "--convert-to", "txt:Text", "--outdir", str(tmp_path), str(tmp_path / "a.docx")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert "Please read the manual" in (tmp_path / "a.txt").read_text("utf-8")


def test_code_is_not_even_translated() -> None:
    asked: list[str] = []
    source = "`手册`\n\n    价格\n\n<code>安装</code>\n"
    write_back(source.encode(), "markdown", lambda texts: asked.extend(texts) or [], SETTINGS)  # type: ignore[func-returns-value]
    assert asked == []


def test_a_sentence_without_english_stays_and_is_counted() -> None:
    written = write_back("价格\n\n手册\n".encode(), "markdown", lambda texts: [None, "Manual"][: len(texts)], SETTINGS)
    assert (written.data.decode(), written.sentences, written.untranslated) == ("价格\n\nManual\n", 2, 1)


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16", "utf-8-sig"])
def test_the_encoding_stays(encoding: str) -> None:
    source = "1\n00:00:01,000 --> 00:00:02,000\n今天天氣很好,我們去公園走走。\nOK\n"
    after = write_back(source.encode(encoding), "srt", one_letter, SETTINGS).data
    text = after.decode(encoding)
    assert text.startswith("1\n00:00:01,000 --> 00:00:02,000\nE E")
    assert text.encode(encoding) == after


def test_what_cannot_be_written_back_whole_is_refused() -> None:
    page = '<meta charset="big5"><p>今天天氣很好,我們去公園走走。'.encode("big5")
    with_accent = write_back(page, "html", lambda texts: ["café" for _ in texts], SETTINGS).data
    assert b"caf&#233;" in with_accent
    film = "1\n00:00:01,000 --> 00:00:02,000\n今天天氣很好,我們去公園走走。\n".encode("big5")
    with pytest.raises(UnreadableError, match="'é'"):
        write_back(film, "srt", lambda texts: ["café" for _ in texts], SETTINGS)
    damaged = b"1\n00:00:01,000 --> 00:00:02,000\n" + "今天天气很好。".encode() * 50 + b"\xff\n"
    with pytest.raises(UnreadableError, match="utf-8"):
        write_back(damaged, "srt", translate, SETTINGS)
    added = []
    for name in ("_xmlsignatures/sig1.xml", "word/vbaProject.bin"):
        out = io.BytesIO(word_file())
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr(name, "<x/>")
        added.append(out.getvalue())
    for data, why in (
        (added[0], "signed"),
        (added[1], "macros"),
        (b"PK\x03\x04 nothing", "broken"),
        (word_file()[:3000], "broken"),
    ):
        with pytest.raises(UnreadableError, match=why):
            write_back(data, "docx", translate, SETTINGS)


def test_the_command_line_follows_the_name_of_the_output(duiyi: Duiyi, tmp_path: Path) -> None:
    film, out = tmp_path / "film.srt", tmp_path / "film.en.srt"
    film.write_bytes(FILM.encode())
    assert duiyi("translate", film, "--out", out).returncode == 0
    written = out.read_bytes().decode()
    assert not HAN.search(written)
    assert skeleton_of_cues(written) == skeleton_of_cues(FILM)
    assert duiyi("translate", "-", "--out", out, "--bilingual", stdin=FILM.encode()).returncode == 0
    assert "在门口见。</i>\r\n" in out.read_bytes().decode()
    text = duiyi("translate", film, "--out", tmp_path / "film.txt")
    assert text.returncode == 0
    assert "-->" not in (tmp_path / "film.txt").read_text("utf-8")
    assert duiyi("translate", film, "--out", tmp_path / "film.tmx").returncode == 0
    assert "<tmx" in (tmp_path / "film.tmx").read_text("utf-8")
    assert duiyi("translate", film, "--format", "bilingual", "--out", tmp_path / "page.srt").returncode == 0
    assert "-->" not in (tmp_path / "page.srt").read_text("utf-8"), "a format that was given is what is written"


def skeleton_of_cues(text: str) -> list[str]:
    return [line for line in text.split("\r\n") if not line or line[0].isdigit() or "Hello" in line]


@pytest.mark.parametrize(
    ("name", "content", "arguments", "code", "named"),
    [
        ("a.txt", "你好。", ["--out", "OUT.docx"], 2, "it is text"),
        ("a.srt", FILM, ["--out", "OUT.html"], 2, "it is srt"),
        ("a.srt", FILM, ["--out", "OUT.srt", "--engine", "none"], 2, "--engine none"),
        ("a.srt", FILM, ["--format", "tmx", "--bilingual"], 2, "--bilingual"),
        ("a.srt", FILM, ["--out", "OUT.jsonl", "--bilingual"], 2, "--bilingual"),
        ("a.docx", "你好。", ["--out", "OUT.docx"], 2, "it is text"),
        ("a.srt", FILM, ["--out", "IN"], 2, "is the input itself"),
        ("a.txt", "你好。", ["--out", "OUT.pptx"], 2, "no .pptx file can be written"),
        ("a.txt", "你好。", ["--out", "OUT.po"], 2, "no .po file can be written"),
        ("a.txt", "你好。", ["--out", "OUT.docm"], 2, "no .docm file can be written"),
        ("a.md", "你好。", ["--out", "no/such/folder/OUT.md"], 2, "there is no folder"),
    ],
)
def test_what_does_not_fit_is_one_line_and_no_file(
    duiyi: Duiyi, tmp_path: Path, name: str, content: str, arguments: list[str], code: int, named: str
) -> None:
    (tmp_path / name).write_bytes(content.encode())
    before = sorted(tmp_path.iterdir())
    places = [str(tmp_path / argument) if "OUT" in argument else argument for argument in arguments]
    places = [str(tmp_path / name) if argument == "IN" else argument for argument in places]
    done = duiyi("translate", tmp_path / name, *places)
    assert done.returncode == code, done.stderr
    assert named in done.stderr.splitlines()[-1]
    assert sorted(tmp_path.iterdir()) == before
