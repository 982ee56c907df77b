"""Which encoding some bytes are in, and their text.

A byte order mark or strict UTF-8 decides by itself. Everything else is decided as a whole: each encoding that may be
meant reads the bytes, each reading is priced by how common its characters are in the language it would be (the
negative log-probability under a unigram model with a few tiers of frequency), and the cheapest reading wins. So a
line of four Chinese characters is enough, and Korean in EUC-KR, whose bytes are all good GB2312, is not taken for
Chinese.
"""

from __future__ import annotations

import codecs
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from ..errors import UnreadableError
from . import frequent

SAMPLE_BYTES = 2**16
"""Bytes, from the first that is not ASCII, by which an encoding is judged."""

DAMAGED = " (damaged)"
"""Follows the encoding's name where a few broken places were read as U+FFFD."""

_MAX_DAMAGE = 0.01
_MAX_CONTROLS = 0.02
_MAX_COST_OF_TEXT = 9.0
_TEXT_CONTROLS = b"\b\t\n\v\f\r\x1b"
_CONTROLS = bytes(set(range(32)) - set(_TEXT_CONTROLS))
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_WIDER: dict[str, tuple[str, ...]] = {
    # As in browsers, an old charset is read with the wider one that replaced it. A server's Latin-1 is a default
    # rather than a statement, and it decodes anything, so it is not believed.
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "big5": ("cp950", "big5hkscs"),
    "cp950": ("cp950", "big5hkscs"),
    "shift_jis": ("cp932",),
    "euc_kr": ("cp949",),
    "tis-620": ("cp874",),
    "iso8859-1": (),
    "cp1252": (),
}
_OLD_CHARSETS = ("big5", "cp", "euc_", "gb18030", "hz", "iso8859", "iso2022", "johab", "koi8", "mac", "ptcp")


class NotTextError(UnreadableError):
    """The bytes are not text, or not of a kind that is read: ``skipped`` in a folder, ``failed`` where it was named."""


def decode(data: bytes, declared: str | None = None) -> tuple[str, str]:
    """The text of ``data`` without its byte order mark, and the name of its encoding.

    ``declared`` is what the data says of itself (an HTTP header, a ``<meta charset>``); it is believed where the data
    decodes with it, except that what can only be UTF-8 is UTF-8. Nothing but the mark is changed; a broken place becomes
    U+FFFD where broken places are few, and then ``" (damaged)"`` follows the encoding's name.

    Raises:
        NotTextError: NUL bytes or control characters tell that the data is binary.
        UnreadableError: no encoding fits.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], name)
    if _narrow(data):
        for codec in ("utf-8", *_codecs_meant(declared)) if surely_utf8(data) else (*_codecs_meant(declared), "utf-8"):
            if _decodes(data, codec):
                return data.decode(codec), codec
    return _decoded(data, find_encoding(data))


def find_encoding(data: bytes, *, complete: bool = True) -> str:
    """The Python codec that reads ``data`` best; ``complete=False`` where it is the beginning of something longer.

    Raises:
        NotTextError: NUL bytes or control characters tell that the data is binary.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if not _narrow(data):
        return _wide_encoding(data)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=complete)
    except UnicodeDecodeError:
        start = _sample_start(data)
        sample = data[start : start + SAMPLE_BYTES]
        return _likeliest(sample, complete=complete and start + SAMPLE_BYTES >= len(data))
    return "utf-8"


def surely_utf8(data: bytes) -> bool:
    """Whether the bytes are ASCII, or UTF-8 with a character of three or more bytes, which is no accident.

    Pairs of bytes that are good UTF-8 (Latin, Greek, Cyrillic) may be two-byte Chinese as well.
    """
    if data.isascii():
        return b"\x1b$" not in data and b"~{" not in data  # seven-bit Chinese and Japanese begin so
    return re.search(rb"[\xe0-\xf4][\x80-\xbf]{2}", data) is not None and _decodes(data, "utf-8")


def strip_mark(data: bytes) -> bytes:
    """``data`` without the byte order mark it may begin with."""
    return next((data[len(mark) :] for mark, _ in _MARKS if data.startswith(mark)), data)


def _codecs_meant(label: str | None) -> tuple[str, ...]:
    """The Python codecs to try for an old charset's name as pages and servers write it; none for any other name.

    Unicode is not among them: it is told by the bytes themselves.
    """
    try:
        name = codecs.lookup((label or "").strip().strip("\"'")).name
    except (LookupError, ValueError):
        return ()
    return _WIDER.get(name, (name,) if name.startswith(_OLD_CHARSETS) else ())


def _narrow(data: bytes) -> bool:
    """Whether the bytes can be text in an encoding that begins with ASCII: no NUL and hardly a control character."""
    return b"\0" not in data and len(data) - len(data.translate(None, delete=_CONTROLS)) <= _MAX_CONTROLS * len(data)


def _decodes(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(data: bytes, codec: str) -> tuple[str, str]:
    """``data`` read with ``codec``, if need be with a few broken places."""
    try:
        return data.decode(codec), codec
    except UnicodeDecodeError:
        text = data.decode(codec, errors="replace")
    damage = len(re.findall("\ufffd+", text))
    if damage > max(1, _MAX_DAMAGE * sum(character > "\x7f" for character in text)):
        raise UnreadableError(
            f"its encoding is not known: read as {codec}, which fits best, {damage} places are broken; save it as UTF-8"
        )
    return text, codec + DAMAGED


@dataclass(frozen=True)
class _Language:
    """The price of each character of a text in one language: minus the natural logarithm of its probability."""

    prices: Mapping[str, float]

    def cost(self, characters: Mapping[str, int]) -> float:
        """The price of a text with these counts of characters."""
        return sum(count * self.prices.get(character, _rare(character)) for character, count in characters.items())


_RARE = 13.0
_UNHEARD_OF = 20.0


@cache
def _rare(character: str) -> float:
    code = ord(character)
    control = code < 32 or 0x7F <= code < 0xA0
    private = 0xE000 <= code < 0xF900 or code >= 0xF0000
    half_width_katakana = 0xFF61 <= code < 0xFFA0
    if control or private or half_width_katakana or code >= 0xFFF0:
        return _UNHEARD_OF if not 0x1F000 <= code < 0xF0000 else _RARE
    return _RARE


_ASCII_TIERS = (
    ("etaoinsrhldcumfpgwybvkxjqz ", 0.55),
    ("ETAOINSRHLDCUMFPGWYBVKXJQZ0123456789.,-'\"()/:\n\r", 0.35),
    ("!#$%&*+;<=>?@[\\]^_`{|}~\t", 0.05),
)


def _language(*tiers: tuple[Iterable[str], float]) -> _Language:
    prices: dict[str, float] = {}
    for characters, mass in (*_ASCII_TIERS, *tiers):
        new = [character for character in dict.fromkeys(characters) if character not in prices]
        prices.update(dict.fromkeys(new, -math.log(mass / len(new))))
    return _Language(prices)


def _double_bytes(codec: str, first: int, last: int, trail: int = 0xA1) -> str:
    """The characters that ``codec`` has for the lead bytes ``first`` to ``last``."""
    return b"".join(bytes((lead, t)) for lead in range(first, last + 1) for t in range(trail, 0xFF)).decode(
        codec, errors="ignore"
    )


@cache
def _languages() -> dict[str, _Language]:
    """Models of the languages that the old encodings were made for."""
    gb_first_level = _double_bytes("gb2312", 0xB0, 0xD7)
    gb_second_level = _double_bytes("gb2312", 0xD8, 0xF7)
    big5_first_level = _double_bytes("big5", 0xA4, 0xC6, 0x40)
    big5_second_level = _double_bytes("big5", 0xC9, 0xF9, 0x40)
    simplified, traditional = frequent.SIMPLIFIED, frequent.TRADITIONAL
    rare_marks = ("ａｂｃＡＢＣ０１２３４５６７８９％＋～【】〈〉〔〕＂＇－．／＝｜＜＞＆＃＠＊×°→★●■①②③④⑤〇", 0.01)
    return {
        "hans": _language(
            (frequent.PUNCTUATION, 0.13),
            (simplified[:100], 0.32),
            (simplified[100:500], 0.32),
            (simplified[500:], 0.10),
            (gb_first_level, 0.12),
            (gb_second_level, 0.015),
            rare_marks,
        ),
        "hant": _language(
            (frequent.PUNCTUATION, 0.13),
            (traditional[:100], 0.31),
            (traditional[100:500], 0.31),
            (traditional[500:], 0.10),
            (frequent.TRADITIONAL_ONLY_SPOKEN, 0.02),
            (big5_first_level, 0.12),
            (big5_second_level, 0.01),
            rare_marks,
        ),
        "ja": _language(
            (frequent.PUNCTUATION, 0.12),
            (frequent.HIRAGANA[:24], 0.35),
            (frequent.HIRAGANA[24:], 0.14),
            (frequent.KATAKANA, 0.12),
            (_double_bytes("euc_jp", 0xB0, 0xCF), 0.25),
            (_double_bytes("euc_jp", 0xD0, 0xF4), 0.01),
            rare_marks,
        ),
        "ko": _language(
            (frequent.HANGUL[:40], 0.5),
            (frequent.HANGUL[40:], 0.2),
            (_double_bytes("euc_kr", 0xB0, 0xC8), 0.27),
            (frequent.PUNCTUATION, 0.02),
        ),
        "ru": _language(
            (frequent.CYRILLIC_LOWER[:15], 0.75),
            (frequent.CYRILLIC_LOWER[15:], 0.2),
            (frequent.CYRILLIC_UPPER, 0.03),
            (frequent.TYPOGRAPHIC, 0.02),
        ),
        "western": _language(
            (frequent.ACCENTED, 0.8),
            (frequent.TYPOGRAPHIC, 0.17),
            ("".join(map(chr, range(0xA1, 0x100))), 0.03),
        ),
        "central": _language((frequent.CENTRAL, 0.9), (frequent.CENTRAL.upper(), 0.08), (frequent.TYPOGRAPHIC, 0.02)),
        "tr": _language((frequent.TURKISH, 0.9), (frequent.TURKISH_UPPER, 0.08), (frequent.TYPOGRAPHIC, 0.02)),
        "el": _language((frequent.GREEK, 0.95), (frequent.GREEK_UPPER, 0.03), (frequent.TYPOGRAPHIC, 0.02)),
        "he": _language((frequent.HEBREW, 0.97), (frequent.TYPOGRAPHIC, 0.03)),
        "ar": _language((frequent.ARABIC[:12], 0.75), (frequent.ARABIC[12:], 0.24), (frequent.TYPOGRAPHIC, 0.01)),
        "th": _language((frequent.THAI, 0.98), (frequent.TYPOGRAPHIC, 0.02)),
        "alphabets": _language((filter(str.isalpha, map(chr, range(0x180, 0x2000))), 1.0)),
    }


_ANY: tuple[str, ...] = ()
_CANDIDATES: tuple[tuple[str, tuple[str, ...], float], ...] = (
    # codec, the languages it is used for (none: any), and the price of assuming it: minus the logarithm of how often
    # it is met beside Chinese
    ("gb18030", ("hans",), 0.0),
    ("cp950", ("hant",), 0.5),
    ("big5hkscs", ("hant",), 0.6),
    ("gb18030", ("hant",), 3.0),
    ("utf-8", _ANY, 1.0),
    ("cp1252", ("western",), 1.0),
    ("cp932", ("ja",), 4.0),
    ("euc_jp", ("ja",), 4.0),
    ("cp949", ("ko",), 4.0),
    ("cp1251", ("ru",), 2.0),
    ("koi8-r", ("ru",), 3.0),
    ("cp866", ("ru",), 10.0),
    ("cp1250", ("central",), 10.0),
    ("cp1253", ("el",), 10.0),
    ("cp1254", ("tr",), 10.0),
    ("cp1255", ("he",), 10.0),
    ("cp1256", ("ar",), 10.0),
    ("cp874", ("th",), 10.0),
    ("utf-16-le", _ANY, 4.0),
    ("utf-16-be", _ANY, 5.0),
)
_WIDE = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))


def _sample_start(data: bytes) -> int:
    """Where the part of ``data`` begins that tells most: its first byte beyond ASCII."""
    for start in range(0, len(data), SAMPLE_BYTES):
        piece = data[start : start + SAMPLE_BYTES]
        if not piece.isascii():
            first = start + next(index for index, byte in enumerate(piece) if byte > 0x7F)
            return first - first % 4  # units of UTF-16 stay whole
    return 0


def _read(data: bytes, codec: str, *, complete: bool) -> str:
    return codecs.getincrementaldecoder(codec)(errors="replace").decode(data, final=complete)


def _likeliest(sample: bytes, *, complete: bool) -> str:
    """The codec whose reading of ``sample`` is the likeliest text."""
    best, least = "cp1252", math.inf
    texts: dict[str, Counter[str]] = {}
    for codec, languages, prior in _CANDIDATES:
        counts = texts.get(codec)
        if counts is None:
            counts = texts[codec] = Counter(_read(sample, codec, complete=complete))
        cost = prior + min(_languages()[language].cost(counts) for language in languages or _languages())
        if cost < least:
            best, least = codec, cost
    return best


def _wide_encoding(data: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark, told by where the NUL bytes are and what characters result."""
    sample = data[:SAMPLE_BYTES]
    best, least = "", math.inf
    for codec, unit in _WIDE:
        text = _read(sample[: len(sample) - len(sample) % unit], codec, complete=False)
        if not text:
            continue
        counts = Counter(text)
        cost = min(language.cost(counts) for language in _languages().values()) / len(text)
        controls = sum(counts[chr(control)] for control in _CONTROLS)
        if controls <= _MAX_CONTROLS * len(text) and cost < least:
            best, least = codec, cost
    if least > _MAX_COST_OF_TEXT:
        raise NotTextError("binary, not text: it holds NUL bytes or many control characters")
    return best
