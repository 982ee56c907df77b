"""What bytes mean: `duiyi.processors.reading.encoding`."""

from __future__ import annotations

import random

import pytest
from duiyi.processors.errors import UnreadableError
from duiyi.processors.reading import NotTextError, decode
from duiyi.processors.reading.encoding import find_encoding
from hypothesis import given
from hypothesis import strategies as st

SIMPLIFIED = [
    "今天下午我们在会议室讨论了下个季度的预算。",
    "他把钥匙忘在办公室了，只好打电话叫同事帮忙开门。",
    "这家面馆的牛肉汤很浓，排队的人一直排到街角。",
    "如果明天下雨，比赛就改到星期六上午九点举行。",
    "老师说这道题不难，可是全班只有三个人做对。",
    "请先备份数据，再升级系统，否则出了问题很难恢复。",
    "奶奶种的西红柿熟了，又红又甜，邻居都来要。",
    "火车晚点了四十分钟，我在站台上看完了半本小说。",
]
TRADITIONAL = [
    "今天下午我們在會議室討論了下個季度的預算。",
    "他把鑰匙忘在辦公室了，只好打電話叫同事幫忙開門。",
    "這家麵館的牛肉湯很濃，排隊的人一直排到街角。",
    "如果明天下雨，比賽就改到星期六上午九點舉行。",
    "老師說這道題不難，可是全班只有三個人做對。",
    "請先備份資料，再升級系統，否則出了問題很難恢復。",
    "奶奶種的番茄熟了，又紅又甜，鄰居都來要。",
    "火車誤點了四十分鐘，我在月臺上看完了半本小說。",
]
ENGLISH = ["The meeting moved to Friday.", "Please restart the server first.", "Lunch is on me lah, OK?"]
OLD_CHINESE = [("gbk", SIMPLIFIED), ("gb18030", SIMPLIFIED), ("gb18030", TRADITIONAL), ("big5", TRADITIONAL)]


def shapes(lines: list[str], random_: random.Random) -> list[str]:
    """A piece of four to eight characters, a line, a line mixed with English, and a long text."""
    line = random_.choice(lines)
    start = random_.randrange(len(line) - 9)
    mixed = f"{random_.choice(ENGLISH)} {line[:-4]}\r\n{random_.choice(ENGLISH)}"
    long = "\n".join(random_.choice([*lines, *ENGLISH]) for _ in range(60)) + lines[0]
    return [line[start : start + random_.randrange(4, 9)], line, mixed, long]


@pytest.mark.parametrize(("encoding", "lines"), OLD_CHINESE, ids=lambda value: value if isinstance(value, str) else "")
def test_old_chinese_encodings_are_told_apart(encoding: str, lines: list[str]) -> None:
    random_ = random.Random(7)  # noqa: S311
    cases = [text for _ in range(25) for text in shapes(lines, random_)]
    wrong = [text for text in cases if decode(text.encode(encoding))[0] != text]
    assert not wrong


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("lines", [SIMPLIFIED, TRADITIONAL], ids=["Hans", "Hant"])
def test_wide_encodings_without_a_mark(encoding: str, lines: list[str]) -> None:
    random_ = random.Random(11)  # noqa: S311
    cases = [text for _ in range(10) for text in shapes(lines, random_)[1:]]
    assert [decode(text.encode(encoding)) for text in cases] == [(text, encoding) for text in cases]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("shift_jis", "これは日本語の文章です。東京へ行きました。"),
        ("euc_jp", "これは日本語の文章です。東京へ行きました。"),
        ("euc_kr", "안녕하세요. 오늘 날씨가 참 좋네요."),
        ("cp1252", "Le café « Zoë » coûte 3 € l’été."),
        ("cp1252", "naïve"),
        ("cp1251", "Привет, как у тебя дела?"),
        ("koi8-r", "Привет, как у тебя дела?"),
        ("cp1253", "Καλημέρα, τι κάνεις σήμερα;"),
        ("tis_620", "สวัสดีครับ วันนี้อากาศดีมาก"),
        ("cp1250", "Zażółć gęślą jaźń, proszę pana"),
    ],
)
def test_encodings_of_other_languages(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding))[0] == text


any_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(any_text)
def test_utf8_comes_back(text: str) -> None:
    expected = text.removeprefix("\ufeff")
    assert decode(text.encode("utf-8")) == (expected, "utf-8")
    assert decode(text.encode("utf-8-sig")) == (text, "utf-8")


@given(any_text, st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]))
def test_a_byte_order_mark_decides(text: str, encoding: str) -> None:
    assert decode(("\ufeff" + text).encode(encoding)) == (text, encoding)


def test_line_breaks_stay() -> None:
    text = "一\r\n二\n三\r四\x0b五\u2028六\x85"
    assert decode(text.encode())[0] == text
    assert decode(("你们好吗\r\n" + text).encode("gb18030"))[0] == "你们好吗\r\n" + text


def test_ascii_is_utf8() -> None:
    assert decode(b"plain words\n") == ("plain words\n", "utf-8")
    assert decode(b"") == ("", "utf-8")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5"])
def test_one_broken_place_does_not_lose_the_text(encoding: str) -> None:
    text = "\n".join(TRADITIONAL * 4)
    data = bytearray(text.encode(encoding))
    data[len(data) // 2] = 0xFF
    read, name = decode(bytes(data))
    assert name.endswith(" (damaged)")
    assert read[:80] == text[:80]
    assert read.count("\ufffd") <= 3


def test_a_cut_last_character_is_damage() -> None:
    assert decode("我们今天去公园".encode()[:-1]) == ("我们今天去公\ufffd", "utf-8 (damaged)")


def test_much_damage_is_an_error_not_noise() -> None:
    half = "\n".join(SIMPLIFIED)
    with pytest.raises(UnreadableError, match="encoding is not known"):
        decode(half.encode("utf-8") + half.encode("gb18030"))


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 4,
        b"\x00\x01\x02\x03" * 50,
        b"text with a\x00byte" * 3,
        random.Random(3).randbytes(5000),  # noqa: S311
        b"\x01\x02\x03\x04 abc",
    ],
    ids=["all", "counting", "nul", "random", "controls"],
)
def test_binary_is_refused(data: bytes) -> None:
    with pytest.raises(NotTextError, match="binary"):
        decode(data)


def test_a_declared_charset_is_believed_unless_the_bytes_are_utf8() -> None:
    both = "囧"  # too little to judge by
    assert decode(both.encode("big5"), "Big5") == (both, "cp950")
    assert decode(both.encode("gbk"), "gb2312") == (both, "gb18030")
    assert decode("今天下午".encode("hz"), "hz-gb-2312") == ("今天下午", "hz")
    assert decode(b"plain", "gb2312") == ("plain", "utf-8")
    assert decode("今天".encode(), "gb2312") == ("今天", "utf-8")
    assert decode("今天下午".encode("gbk"), "no-such-charset") == ("今天下午", "gb18030")
    assert decode("今天下午".encode("gbk"), "iso-8859-1") == ("今天下午", "gb18030")


def test_a_sample_may_end_inside_a_character() -> None:
    assert find_encoding("我们今天".encode()[:-1], complete=False) == "utf-8"
    assert find_encoding("我们今天去".encode("gb18030")[:-1], complete=False) == "gb18030"


def test_the_telling_part_may_come_late() -> None:
    text = "log line without anything special\n" * 5000 + "系统已经启动完毕\n"
    assert decode(text.encode("gb18030")) == (text, "gb18030")
