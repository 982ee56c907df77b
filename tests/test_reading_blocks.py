"""Text formats and their blocks: plain text, Markdown, HTML."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from duiyi.processors.detection import detect
from duiyi.processors.errors import UsageError
from duiyi.processors.reading import TEXT_FORMATS, read_text
from duiyi.processors.records import Block
from hypothesis import given
from hypothesis import strategies as st

URI = "file:///x"
CHARACTERS = "中文ab \t\r\n-*#>|`~<>/!=[]:&;.1\\\"'\u2028\x0c\x85\U00020bb7"
PIECES = [
    "- ",
    "> ",
    "1. ",
    "| a | b |\n",
    "|--|--|\n",
    "```\n",
    "    ",
    "# ",
    "---\n",
    "==\n",
    "  \n",
    "\n",
    "\r\n",
    "[a]: b\n",
]
TAGS = ["<p>", "</p>", "<br>", "<pre>", "</pre>", "<td>", "<script>", "</script>", "<!--", "-->", "&amp;", "中文。"]
MARKUP = st.text(st.sampled_from(CHARACTERS)) | st.lists(st.sampled_from([*PIECES, *TAGS])).map("".join)


def slices(text: str, format: str) -> list[str]:  # noqa: A002
    document = read_text(text, URI, format)
    return [document.text[block.start : block.end] for block in document.blocks]


def assert_in_order(text: str, blocks: Sequence[Block]) -> None:
    end = 0
    for block in blocks:
        assert end <= block.start < block.end <= len(text)
        end = block.end


@given(MARKUP | st.text(), st.sampled_from(TEXT_FORMATS))
def test_blocks_are_ordered_apart_and_inside_the_text(text: str, format: str) -> None:  # noqa: A002
    document = read_text(text, URI, format)
    assert_in_order(document.text, document.blocks)
    if format != "html":
        assert document.text == text.removeprefix("\ufeff")


@given(MARKUP)
def test_every_character_of_markdown_that_is_not_white_space_is_in_a_block_or_between_cells(text: str) -> None:
    document = read_text(text, URI, "markdown")
    left = list(document.text)
    for block in document.blocks:
        left[block.start : block.end] = [" "] * (block.end - block.start)
    assert not "".join(left).replace("|", "").strip()


@given(st.text())
def test_blocks_of_plain_text_tile_it(text: str) -> None:
    document = read_text(text, URI)
    assert "".join(document.text[block.start : block.end] for block in document.blocks) == document.text
    if document.text.strip():
        assert len(document.blocks) == sum(not line.isspace() for line in document.text.splitlines(keepends=True))


def test_plain_text_has_a_block_a_line() -> None:
    assert slices("\n 一\r\n\r\n二\u2028three\n", "text") == ["\n 一\r\n\r\n", "二\u2028", "three\n"]
    assert slices(" \n", "text") == [" \n"]
    assert slices("", "text") == []


def test_decoded_text_keeps_everything_but_its_mark() -> None:
    document = read_text("\ufeff一\r\n\ud800", URI)
    assert document.text == "一\r\n\ufffd"
    assert (document.bytes, document.source_uri, document.format, document.encoding) == (8, URI, "text", None)
    with pytest.raises(UsageError, match="docx"):
        read_text("x", URI, "docx")


MARKDOWN = """---
title: 标题
---
# 标题 Head #

第一行
second line
two spaces\x20\x20
after a hard break

Setext
======
> 引用 one
> two

- 第一项
  goes on
  - 里面
1. [ ] 任务

| 名称 | Name \\| x |
|---|---|
| 一 | `a` |

```py
print("你好")
```

    indented 代码

[ref]: https://example.org
<div align="center">
  中文
</div>
"""


def test_markdown() -> None:
    document = read_text(MARKDOWN, URI, "markdown")
    found = [(document.text[block.start : block.end], block.code, block.wrapped) for block in document.blocks]
    assert found == [
        ("---\ntitle: 标题\n---", True, False),
        ("# 标题 Head #", False, True),
        ("第一行\nsecond line\ntwo spaces", False, True),
        ("after a hard break", False, True),
        ("Setext", False, True),
        ("======", False, False),
        ("> 引用 one\n> two", False, True),
        ("- 第一项\n  goes on", False, True),
        ("- 里面", False, True),
        ("1. [ ] 任务", False, True),
        ("| 名称", False, False),
        ("Name \\| x", False, False),
        ("|---|---|", False, False),
        ("| 一", False, False),
        ("`a`", False, False),
        ('```py\nprint("你好")\n```', True, False),
        ("    indented 代码", True, False),
        ("[ref]: https://example.org", False, False),
        ('<div align="center">', True, False),
        ("中文", False, True),
        ("</div>", True, False),
    ]


def test_the_text_of_html_in_markdown_is_cut_at_block_tags_only() -> None:
    source = '<p align="center">今天<b>天气</b>很好<br>OK <img src=x alt="图"> <!-- 注 -->后</p>\n'
    found = [(source[b.start : b.end], b.code) for b in read_text(source, URI, "markdown").blocks]
    assert [text for text, code in found if not code] == ["今天<b>天气</b>很好", "OK", "图", "后"]
    assert found[0] == ('<p align="center">', True)


def test_markdown_offsets_hold_with_every_kind_of_line_break() -> None:
    assert slices("# 一\r\n\r\n二\r三\r\n\x0c四\n\n五", "markdown") == ["# 一", "二\r三\r\n\x0c四", "五"]


def test_lines_of_their_own_in_extended_markdown_are_blocks() -> None:
    text = "> [!NOTE]\n> 一\n> 二\n\n:::tip\n三\n:::\n"
    blocks = read_text(text, "file:///x", "markdown").blocks
    assert [text[block.start : block.end] for block in blocks] == ["> [!NOTE]", "> 一\n> 二", ":::tip", "三", ":::"]


def test_a_rule_at_the_top_is_not_front_matter() -> None:
    assert not any(block.code for block in read_text("---\n\n正文\n\n---\n", URI, "markdown").blocks)
    assert not any(block.code for block in read_text("---\ntitle: 没有结尾\n", URI, "markdown").blocks)
    assert read_text("+++\r\ntitle = 1\r\n+++\r\n正文", URI, "markdown").blocks[0] == Block(0, 19, code=True)


PAGE = """<!DOCTYPE html><html><head><title>标题 &amp; Title</title><style>p {}</style></head>
<body>前言 <b>bold</b> &lt;x&gt;<!-- 注释 -->
<p>今天
  天气 very
  good<br>第二行 <i>a</i>
<ul><li>一<li>二 <a href=x title=不要>链接</a><ul><li>三</ul></ul>
<table><caption>表</caption><tr><th>名<td>Name</table>
<pre>
 a  <b>b</b>
   c
</pre>
<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字 <code>x = 1</code>
<script>var 不 = 1</script><template>不</template><noscript>不</noscript><svg><text>不</text></svg>
<select><option>甲<option>乙</select><div>嵌<div>套</div>后</div>&nbsp;末
"""


def test_html() -> None:
    document = read_text(PAGE, URI, "html")
    assert [document.text[block.start : block.end] for block in document.blocks] == [
        "标题 & Title",
        "前言 bold <x>",
        "今天天气 very good\n第二行 a",
        "一",
        "二 链接",
        "三",
        "表",
        "名",
        "Name",
        " a  b\n   c",
        "漢字 x = 1",
        "甲",
        "乙",
        "嵌",
        "套",
        "后",
        "\xa0末",
    ]
    assert [block.code for block in document.blocks].index(True) == 9
    assert sum(block.code for block in document.blocks) == 1
    assert document.text.split("\n")[:2] == ["标题 & Title", "前言 bold <x>"]


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("html", "<div>" * 60_000 + "深"),
        ("html", "<ul><li>" * 30_000 + "深" + "</ul>" * 30_000),
        ("html", "<b>" * 60_000 + "深"),
        ("html", "<p title='" * 60_000 + "深"),
        ("html", "<" * 200_000 + "深"),
        ("markdown", "> " * 30_000 + "深"),
        ("markdown", "- " * 30_000 + "深"),
        ("markdown", "[a\n" * 20_000 + "深"),
        ("markdown", "---\n" + "a: b\n" * 20_000 + "深"),
        ("markdown", "|" * 30_000 + "\n" + "|-" * 30_000 + "|\n深"),
    ],
    ids=lambda value: value[:10],
)
def test_hostile_nesting_takes_seconds_not_minutes(format: str, text: str) -> None:  # noqa: A002
    began = time.monotonic()
    document = read_text(text, URI, format)
    assert_in_order(document.text, document.blocks)
    assert time.monotonic() - began < 20


def test_flattening_deep_pages_keeps_text_and_blocks() -> None:
    inner = "<p>一 <b>二</b></p><pre> 三</pre><ul><li>四<li>五</ul>"
    shallow, deep = read_text(inner, URI, "html"), read_text("<div>" * 3000 + inner + "</div>" * 3000, URI, "html")
    assert deep.text == shallow.text.replace(" 三", "三")
    assert len(deep.blocks) == len(shallow.blocks)


def test_the_declared_language_of_a_web_page_decides_what_alone_cannot_be_told() -> None:
    page = (
        '<html lang="en"><body><p>大家好，这里是中文页面。</p><p lang="ja">東京都</p><p>東京都</p>'
        '<ul lang="ms-MY"><li>Selamat pagi</ul><h2><span lang="ja">会議</span></h2><img lang="ja" alt="大阪">'
        '<p lang="zh-Hant">會議 <span lang="ja">会議</span></p><p lang="">Hola</p></body></html>'
    )
    document = read_text(page, URI, "html")
    told = [(segment.text.strip(), segment.lang) for segment in detect(document.text, document.blocks)]
    assert told == [
        ("大家好，这里是中文页面。", "zh"),
        ("東京都", "other"),
        ("東京都", "zh"),  # nothing is declared here, and its neighbours are Chinese
        ("Selamat pagi", "other"),
        ("会議", "other"),
        ("大阪", "other"),
        ("會議 会議", "zh"),
        ("Hola", "other"),
    ]
    japanese = page.replace('<html lang="en">', '<html lang="ja">').replace("<p>大家好，这里是中文页面。</p>", "")
    document = read_text(japanese, URI, "html")
    assert {segment.lang for segment in detect(document.text, document.blocks) if segment.text.strip() == "東京都"} == {
        "other"
    }
