"""Simplified or traditional Chinese, told by the characters that differ."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from ..records import Script

# Simplified characters that are traditional ones as well: the entries of OpenCC's STCharacters table that list the
# character itself among its traditional forms (皇后 keeps its 后). The Python package doesn't show such entries.
BOTH = frozenset(
    "僵熏曲淀漓郁酸适雇雕面采里谷辟荐胄背胜胡苔苹虫跖腊腌范蒙蚝舍芸蔑蝎表耇藤蜡豆象膻致准凌几凶出厂厘划刮制千升卜占卷只台叶吁吃合吊同"
    "后向吣布帘席冢冬呆周哄岩岳庵克党具坐坯它家弦回困夫夸娘局咨咸咽尸彩唇奸志念干幸广喂巨征御借堤姜噪狸玩确硷私秋种筑筱症琅矩糊系焰皂穗"
    "璇累浚挂挨挽栗核涂涌杆杠杯杰松板沈沾扇才扎托扣极果泛注恤拐拿游折抵戚捆捍据搜斗斤斫旋昆溪愈愿札朱朴梁暗棱欲柜澄檗丑丰伙了于云亘仆仇价"
    "仿俊修余佛佣㐹么乾徵彷沈像夥哩唓瞭藉"
)


@cache
def tables() -> tuple[frozenset[str], frozenset[str]]:
    """Characters found in simplified text only, and in traditional text only, by OpenCC's own conversion tables."""
    import opencc

    characters = [chr(code) for span in (range(0x3400, 0x4DC0), range(0x4E00, 0xA000)) for code in span]
    listed = "\n".join(characters)  # one to a line, so that no phrase table applies
    to_simplified = opencc.OpenCC("t2s").convert(listed).split("\n")
    to_traditional = opencc.OpenCC("s2t").convert(listed).split("\n")
    simplified = {c for c, t in zip(characters, to_traditional, strict=True) if c != t}
    traditional = {c for c, s in zip(characters, to_simplified, strict=True) if c != s}
    both = BOTH | (simplified & traditional)
    return frozenset(simplified - both), frozenset(traditional - both)


def _common_in_japanese(character: str) -> bool:
    """Whether it is among the characters of level 1 of JIS X 0208."""
    return b"\x88\x9f" <= character.encode("shift_jis", "ignore") <= b"\x98\x72"


@cache
def simplified_only() -> frozenset[str]:
    """Simplified characters that neither traditional Chinese nor Japanese writes."""
    return frozenset(character for character in tables()[0] if not _common_in_japanese(character))


@cache
def not_japanese() -> frozenset[str]:
    """Simplified and traditional characters that are not among the common ones of Japanese."""
    return simplified_only() | {character for character in tables()[1] if not _common_in_japanese(character)}


def script_of(text: str) -> Script | None:
    """``Hans`` or ``Hant`` by which side's own characters are more; None where they don't tell."""
    simplified, traditional = _finders()
    hans, hant = simplified.search(text), traditional.search(text)
    if hans is None or hant is None:
        return "Hans" if hans is not None else "Hant" if hant is not None else None
    more = len(simplified.findall(text)) - len(traditional.findall(text))
    return "Hans" if more > 0 else "Hant" if more < 0 else None


@cache
def _finders() -> tuple[re.Pattern[str], re.Pattern[str]]:
    simplified, traditional = (re.compile(f"[{''.join(sorted(characters))}]") for characters in tables())
    return simplified, traditional


@cache
def _simplifier() -> dict[int, str]:
    import opencc

    traditional = sorted(tables()[1])
    converted = opencc.OpenCC("t2s").convert("\n".join(traditional)).split("\n")
    return {ord(t): s for t, s in zip(traditional, converted, strict=True) if len(s) == 1}


@cache
def _has_traditional() -> Callable[[str], object]:
    return re.compile(f"[{''.join(map(chr, _simplifier()))}]").search


def simplified(text: str) -> str:
    """The text with each traditional character in its simplified form; as long as before, so that offsets hold."""
    return text.translate(_simplifier()) if _has_traditional()(text) else text
