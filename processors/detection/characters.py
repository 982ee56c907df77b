"""Which characters belong to which script: the first evidence of a language.

Ranges follow the Unicode blocks and `Scripts.txt`_; they are the bodies of regular-expression character classes.

.. _Scripts.txt: https://www.unicode.org/Public/UCD/latest/ucd/Scripts.txt
"""

from __future__ import annotations

import re

HAN = "\u2e80-\u2fd5\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
BOPOMOFO = "\u3105-\u312f\u31a0-\u31bf"
KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
HANGUL = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb"
LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a"
MARKS = "\u0300-\u036f\u200c\u200d"
"""Combining marks and joiners: they go on with the word before them."""

OPENING = "([{（［｛【〔〖「『《〈“"
CLOSING = ")]}）］｝】〕〗」』》〉”"
PAIRS = dict(zip(CLOSING, OPENING, strict=True))

chinese_characters = re.compile(f"[{HAN}{BOPOMOFO}]").findall
has_han = re.compile(f"[{HAN}{BOPOMOFO}]").search
has_latin = re.compile(f"[{LATIN}]").search
has_letter = re.compile(r"[^\W\d_]").search
_other_than_latin = re.compile(f"[^\\W\\d_{LATIN}]").search
has_other_than_han = re.compile(f"[^\\W\\d_{HAN}{BOPOMOFO}]").search
has_other_than_han_and_latin = re.compile(f"[^\\W\\d_{HAN}{BOPOMOFO}{LATIN}]").search


def has_other_than_latin(text: str) -> bool:
    """Whether there is a letter of another script than Latin."""
    return not text.isascii() and _other_than_latin(text) is not None
