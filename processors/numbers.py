"""The numbers that a Chinese sentence and its English speak of, as plain values that can be compared.

Numbers stand in digits of any width, in Chinese numerals (三千, 百分之二十, 二〇二四), in English words, and with scales
(5万, 1.2 million). A value is a decimal without separators: ``50000``, ``1.2``, ``3/4``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

_NUMBER = r"(?<!\d)\d{1,40}(?:[.,]\d{1,40}){0,8}"
_number = re.compile(_NUMBER)
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "萬": 10_000, "亿": 10**8, "億": 10**8}
_scaled = re.compile(rf"({_NUMBER})\s?[多余餘来來几幾]?([{''.join(_SCALES)}]{{1,4}})")
_composite = re.compile(rf"({_NUMBER})([亿億万萬])({_NUMBER})([万萬千]?)(?:({_NUMBER})(?![{''.join(_SCALES)}]))?")
"""2万4801, 3亿5000万"""
_price = re.compile(r"(\d+)[块塊](\d)(?!\d)")
_off = re.compile(r"(?<![\d.])([1-9])(?:\.?([1-9]))?折(?![叠疊扣磨腾騰])")
"""8折: a fifth off, or 80 percent of the price"""
_SAID_BY_NAME = re.compile(r"双1[12]|雙1[12]|双十[一二]|雙十[一二]|\d+世[纪紀](?=[^，。]{0,6}年代)")
"""Numbers that a good translation may leave out: Singles' Day, the century of a decade."""

_ZH_DIGITS = {
    c: value
    for value, forms in enumerate(("零〇", "一", "二两兩", "三", "四", "五", "六", "七", "八", "九"))
    for c in forms
}
_zh_number = re.compile(f"[{''.join(_ZH_DIGITS)}{''.join(_SCALES)}]{{2,}}")
_zh_any_numeral = re.compile("[二三四五六七八九十百千万萬亿億零〇]")
_zh_vague = re.compile("[一两兩几幾半双雙每首单單]")
"""What may be said with a small number though it counts little: 一个, 半天, 首次."""
_VAGUE = {"1", "2", "0.5", "50", "1.5", "30"}
_tenths = re.compile("([一二两兩三四五六七八九])成(半?)(?![不为為了功立本员員就长長果绩績分语語年品熟人])")
_weekday = re.compile(
    "(?:星期|礼拜|禮拜|周|週)([二三四五六日天]|一(?![定起直样樣般边邊些个個切向旦同致律次]))(?![开間间到至、\\-~—年]|天(?![气氣]))"
)
"""A day of the week; in 下周一定 and 每周一次 the 一 belongs to what follows."""
_WEEKDAYS = dict(zip("一二三四五六日天", "mon tue wed thu fri sat sun sun".split(), strict=True))
_counted = re.compile(
    "(?<![一二两兩三四五六七八九十百千万萬亿億零〇第几幾数數初十来來点點/.0-9])([三四五六七八九])"
    "(?:个月|個月|个小时|個小時|小时|小時|分钟|分鐘|天(?!两|三|打)|年(?!级|級)|周(?!年)(?<!四周)|岁|歲|公里|公斤|元|美元|块钱|塊錢|名|位|所|家|艘|辆|輛|架|倍|度)"
)
_UNITS = {
    unit: english
    for english, units in (
        ("years", "年"),
        ("months", "个月 個月"),
        ("weeks", "周"),
        ("days", "天"),
        ("hours", "个小时 個小時 小时 小時"),
        ("minutes", "分钟 分鐘"),
        ("kilometres", "公里"),
        ("times", "倍"),
    )
    for unit in units.split()
}
_NOT_NUMBERS = re.compile(
    "十分(?!之|钟|鐘)|万一|萬一|一一|千千万万|千千萬萬|万万|萬萬|三三两两|三三兩兩|九十九|一百八十度|三位一[体體]"
)

_ONES = (
    "zero one|first two|second|twice|both three|third four|fourth five|fifth six|sixth seven|seventh eight|eighth"
    " nine|ninth ten|tenth eleven|eleventh twelve|twelfth"
    + "".join(f" {teen}|{teen}th" for teen in "thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split())
).split()
_TENS = [
    f"{ten}|{ten[:-1]}ies|{ten[:-1]}ieth" for ten in "twenty thirty forty fifty sixty seventy eighty ninety".split()
]
_WORDS = {word: value for value, words in enumerate(_ONES) for word in words.split("|")}
_WORDS |= {word: 10 * value for value, words in enumerate(_TENS, 2) for word in words.split("|")}
_EN_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_EN_SCALES |= {f"{word}s": value for word, value in _EN_SCALES.items()}
_SHORT_SCALES = {"k": 1000, "m": 10**6, "b": 10**9, "bn": 10**9, "mn": 10**6}
_scale = "|".join(_EN_SCALES)
_en_scaled = re.compile(
    rf"({_NUMBER})[\s-]?((?:{_scale})(?:\s(?:{_scale}))?|{'|'.join(_SHORT_SCALES)})\b", re.IGNORECASE
)
_SAID_OTHERWISE = {"once": "1", "single": "1", "sole": "1", "a": "1", "an": "1", "per": "1", "each": "1", "every": "1"}
_SAID_OTHERWISE |= {"dozen": "12", "half": "50", "doubled": "100", "sept": "9", "couple": "2", "pair": "2", "dual": "2"}
_SAID_OTHERWISE |= {
    "triple": "3",
    "tripled": "3",
    "trio": "3",
    "quarter": "3",
    "seasonal": "4",
    "week": "7",
    "decade": "10",
}
_SAID_OTHERWISE |= {"century": "100", "centenary": "100", "centennial": "100"}
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_SAID_OTHERWISE |= {form: name[:3] for name in _DAYS for form in (name, f"{name}s", name[:3])}
_SAID_OTHERWISE |= {"tues": "tue", "thur": "thu", "thurs": "thu"}
_MONTHS = "january february march april may june july august september october november december".split()
_SAID_OTHERWISE |= {name: str(month) for month, name in enumerate(_MONTHS, 1)}
_SAID_OTHERWISE |= {name[:3]: str(month) for month, name in enumerate(_MONTHS, 1)}
_month = re.compile(r"(?<![\d.])0?(1[0-2]|[1-9]) ?月(?!\s*\d{1,2}\s*[日号號])")
"""A month without a day, which English says by name: 1-11 for 1月-11月 would be a day."""
_month_of_year = re.compile(
    r"(?<![\d/.-])(?:0?(1[0-2]|[1-9])[/.-](?:19|20)\d\d|(?:19|20)\d\d[/.-]0?(1[0-2]|[1-9]))(?![/.-]?\d)"
)
_NAMES_WITH_NUMBERS = re.compile(r"\b(?:COVID|SARS-CoV|H\dN)[\s-]?\d+", re.IGNORECASE)
"""What Chinese says without its number (新冠)."""
_full_width = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0E: ".", 0xFF0C: ",", 0xFF1A: ":"}


def missing_numbers(chinese: str, english: str) -> set[str]:
    """Numbers of the Chinese that the English has neither in digits nor in words.

    Scales count (2.3亿 is not 2.3 billion), hours may be said on a 12-hour clock, years in two digits; 三成 is 30 (percent);
    a day of the week has its name.
    """
    there = english_values(english)
    return {said for said, forms in wanted_numbers(chinese).items() if not _is_there(said, forms, there)}


def wanted_numbers(chinese: str) -> dict[str, set[str]]:
    """The numbers that a translation must have, as they stand in the Chinese (digits plain), each with the values it may have."""
    source = _SAID_BY_NAME.sub(_blank, plain_digits(chinese))
    wanted: dict[str, set[str]] = {}
    taken: list[tuple[int, int]] = []

    def want(found: re.Match[str], forms: set[str]) -> None:
        if not any(start < found.end() and found.start() < end for start, end in taken):
            wanted[found[0]] = forms
            taken.append(found.span())

    for found in _price.finditer(source):
        want(found, {f"{found[1]}.{found[2]}"})
    for found in _month.finditer(source):
        want(found, {_MONTHS[int(found[1]) - 1]})
    for found in _off.finditer(source):
        paid = int(f"{found[1]}{found[2] or 0}")
        want(found, {str(paid), str(100 - paid), found[1]})
    for found in _composite.finditer(source):
        first, large, second, small, third = found.groups()
        value = float(_times(first, _SCALES[large])) + float(_times(second, _SCALES[small] if small else 1))
        want(found, {_plain(value + float(_value(third or "0")))})
    for found in _scaled.finditer(source):
        factor = 1
        for character in found[2]:
            factor *= _SCALES[character]
        want(found, {_times(found[1], factor)})
    for found in _en_scaled.finditer(source):  # RM6 million
        if found[2].lower() not in _SHORT_SCALES:
            want(found, {_times(found[1], _en_factor(found[2]))})
    for found in _number.finditer(source):
        if _value(found[0]) != "0":
            want(found, _other_forms(_value(found[0]), source[found.end() : found.end() + 1]))
    for found in _tenths.finditer(source):
        want(found, {str(10 * _ZH_DIGITS[found[1]] + (5 if found[2] else 0))})
    for said, number in chinese_numerals(source, taken).items():
        place = source.find(said) + len(said)
        wanted.setdefault(said, _other_forms(number, source[place : place + 1]))
    for found in _counted.finditer(_NOT_NUMBERS.sub(_blank, source)):
        want(found, {str(_ZH_DIGITS[found[1]])})
    for found in _weekday.finditer(source):
        wanted.setdefault(found[0], {_WEEKDAYS[found[1]]})
    return wanted


def english_numbers(chinese: str, numbers: Iterable[str]) -> dict[str, str]:
    """How English writes these of the `wanted_numbers` of a sentence: what stands there (digits plain), and its English.

    A number of a date stands there with its date: 12月11日, December 11; 9日, the 9th.
    """
    source, wanted = plain_digits(chinese), wanted_numbers(chinese)
    found: dict[str, str] = {}
    dates = [(date, {*re.findall(r"\d+", date[0]), *_month_said.findall(date[0])}) for date in _date.finditer(source)]
    outside = _date.sub(" ", source)
    for said in sorted(wanted.keys() & set(numbers)):
        found |= (own := {date[0]: _english_date(date) for date, parts in dates if said in parts})
        if not own or re.search(rf"(?<![\d.]){re.escape(said)}(?!\d)", outside):
            found[said] = english_number(said, wanted[said])
    return found


_month_said = re.compile(r"\d+ ?月")
_date = re.compile(
    r"(?<!\d)(?<!连续)(?<!连)(?<!每)(?<!近)(?<!个月)(3[01]|[12]\d|0?[1-9]) ?日(?![元本内間间游后後圆子])|((?:19|20)\d\d) ?年(?! ?1?\d ?月)"
    r"|(?:((?:19|20)\d\d) ?年 ?)?(?<!\d)(1[0-2]|0?[1-9]) ?月(?: ?(3[01]|[12]\d|0?[1-9]) ?[日号號]|(?! ?\d))"
)
_ORDINALS = {"1": "st", "2": "nd", "3": "rd"}


def english_date(date: str) -> str:
    """A date in digits (2021年12月11日, 12月11日, 9日) as English writes it; as it stands where it is none."""
    found = _date.fullmatch(date)
    return _english_date(found) if found else date


def _english_date(date: re.Match[str]) -> str:
    alone, only_year, year, month, day = date.groups()
    if only_year:
        return only_year
    if alone:
        return f"the {int(alone)}{'th' if 10 < int(alone) < 14 else _ORDINALS.get(alone[-1], 'th')}"
    name = _MONTHS[int(month) - 1].capitalize()
    if day:
        return f"{name} {int(day)}" + (f", {year}" if year else "")
    return f"{name} {year}" if year else name


def english_number(said: str, forms: set[str]) -> str:
    """How English writes a number that stands in the Chinese as ``said`` and may have these values."""
    if said.replace(".", "").isdigit():
        return said
    counted = _counted.fullmatch(said)
    if counted and (unit := _UNITS.get(said[1:])):
        return f"{_ZH_DIGITS[counted[1]]} {unit}"
    days = {short: name.capitalize() for name in _DAYS for short in [name[:3]]}
    if off := _off.fullmatch(said):
        return f"{100 - int(f'{off[1]}{off[2] or 0}')}% off"
    numeral = chinese_numerals(said).get(said)
    value = numeral or max(sorted(forms), key=len)
    if value in days or value in _MONTHS:
        return days.get(value, value.capitalize())
    number = float(value)
    for name, scale in (("billion", 10**9), ("million", 10**6)):
        if number >= scale and number % (scale // 1000) == 0:
            return f"{_plain(number / scale)} {name}"
    if _tenths.fullmatch(said):
        return f"{value} percent"
    return f"{int(number):,}" if number.is_integer() and number >= 10_000 else _plain(number)


def numbers_mended(chinese: str, english: str) -> str:
    """The English with those of its numbers put right of which only the scale is wrong, and with the number that an item of a list has.

    Small models take 亿 for a billion and 万 for a million: where 460万 is missing and the English has 460 million, which nothing in the
    Chinese accounts for, it becomes 4.6 million. Everything else stays as it is.
    """
    wanted = wanted_numbers(chinese)
    significant = {_significant(form) for forms in wanted.values() for form in forms}
    for spaced in _spaced.findall(english):
        if _significant(spaced.replace(", ", "")) in significant:
            english = english.replace(spaced, spaced.replace(" ", ""))
    for said in sorted(missing_numbers(chinese, english)):
        item = re.match(rf"\s*{re.escape(said)}\s*([.、）)])(?!\d)", plain_digits(chinese))
        if item:
            english = f"{said}{')' if item[1] in '）)' else '.'} {english}"
            continue
        accounted = set().union(*(forms for other, forms in wanted.items() if other != said))
        digits = {_significant(form) for form in wanted[said] if form.isdigit()}
        mentions = [
            (start, end, value)
            for start, end, value in _mentions(english)
            if value not in accounted and _significant(value) in digits
        ]
        if not _scaled.fullmatch(said) or len({value for _, _, value in mentions}) != 1:
            continue
        for start, end, _ in reversed(mentions):
            english = english[:start] + english_number(said, wanted[said]) + english[end:]
    return english


_spaced = re.compile(r"(?<![\d,])\d{1,3}(?:, \d{3})+(?!\d)")
"""44, 830, 000"""


def _mentions(english: str) -> list[tuple[int, int, str]]:
    """The numbers in digits of an English text with their scales: where each starts and ends, and its value."""
    found = [(*one.span(), _times(one[1], _en_factor(one[2]))) for one in _en_scaled.finditer(english)]
    taken = [(start, end) for start, end, _ in found]
    for one in _number.finditer(english):
        if not any(start <= one.start() < end for start, end in taken):
            found.append((*one.span(), _value(one[0])))
    return sorted(found)


def _significant(value: str) -> str:
    """A value's digits without its scale: 46 for 4.6 million and for 460 million."""
    return value.replace(".", "").strip("0")


def _blank(found: re.Match[str]) -> str:
    return "．" * len(found[0])


def _is_there(number: str, forms: set[str], there: set[str]) -> bool:
    if forms & there:
        return True
    parts = number.split(".")  # of a date: 2021.6.11
    if len(parts) < 3:
        parts = number.split(",")  # of a list: 6600,7700
    return (len(parts) > 2 or "," in number) and all(_value(part) in there for part in parts)


def invented_numbers(chinese: str, english: str) -> set[str]:
    """Numbers in digits of the English that the Chinese cannot account for.

    Where it has numerals in characters, which may be said in many ways, only years, and none where one of the numerals is not understood.
    """
    source = _NOT_NUMBERS.sub(_blank, chinese)
    numerals = _zh_any_numeral.search(source) is not None
    understood = chinese_numerals(chinese)
    if numerals and any(run not in understood for run in _zh_number.findall(source)):
        return set()
    known = {form for value in _digits(plain_digits(chinese)) for form in _other_forms(value)} | {"0"}
    known |= set(understood.values()).union(*wanted_numbers(chinese).values())
    if _zh_vague.search(chinese):
        known |= _VAGUE
    said = _number.findall(_NAMES_WITH_NUMBERS.sub(" ", plain_digits(english)))
    return {_value(number) for number in said if not numerals or _like_a_year.fullmatch(number)} - known


def with_plain_years(chinese: str, english: str) -> str:
    """The English with the years of the Chinese written as years: 1944, not 1,944."""
    for year in set(_year.findall(plain_digits(chinese))):
        english = re.sub(rf"(?<![\d,.]){year[0]},{year[1:]}(?!\d|,\d|\.\d)", year, english)
    return english


_like_a_year = re.compile(r"1[5-9]\d\d|20\d\d")
_year = re.compile(r"(?<!\d)(?:1[0-9]|20)\d\d(?= ?年)")


def chinese_numerals(text: str, without: list[tuple[int, int]] | None = None) -> dict[str, str]:
    """Numbers in Chinese numerals that surely count something, with their values: 三千 is 3000, 二〇二四 is 2024.

    One numeral alone is left out (一起, 百姓, 万一 count nothing), and so is what overlaps the spans in ``without``.
    """
    found: dict[str, str] = {}
    for match in _zh_number.finditer(_NOT_NUMBERS.sub(_blank, text)):
        said = match[0]
        if any(match.start() < end and start < match.end() for start, end in without or ()):
            continue
        value = _numeral(said)
        if value is not None:
            found[said] = str(value)
    return found


def _numeral(said: str) -> int | None:
    """The value of a run of numerals; None where it is none, or an approximate one such as 三四十."""
    digits = [_ZH_DIGITS.get(character) for character in said]
    if None not in digits:
        is_year = len(said) == 4 and said[:2] in {"一八", "一九", "二〇", "二零"}
        return int("".join(map(str, digits))) if is_year else None  # 三四 is "three or four", 三四五六 a list
    if said[0] in _SCALES and said[0] != "十":
        return None
    if any(a in _ZH_DIGITS and b in _ZH_DIGITS and _ZH_DIGITS[a] for a, b in pairwise(said)):
        return None
    total = section = digit = last = large = 0
    for character in said:
        if character in _ZH_DIGITS:
            digit = _ZH_DIGITS[character]
            continue
        scale = _SCALES[character]
        if scale < 10_000:
            section += max(digit, 1 if character == "十" else digit) * scale
        else:
            if scale > large > 0:  # 三万亿
                total = (total + section + digit) * scale
            else:
                total += (section + digit) * scale
            section, large = 0, scale
        last = scale
        digit = 0
    # 三万五 is 35,000: the last digit counts in tenths of the scale before it
    if digit and last >= 100 and said[-2] not in "零〇":
        digit *= last // 10
    return total + section + digit


def english_values(text: str) -> set[str]:
    """Values of all numbers that an English text speaks of, in digits and in words."""
    plain = plain_digits(text)
    scaled = list(_en_scaled.finditer(plain))
    found = {_times(match[1], _en_factor(match[2])) for match in scaled}
    rest = plain
    for match in scaled:
        if match[2].lower() not in _SHORT_SCALES:  # 2.3 billion speaks of no 2.3; but 5 m may be metres
            rest = rest[: match.start()] + " " * len(match[0]) + rest[match.end() :]
    return found | _digits(rest) | _spelled_out(text) | _fractions(text) | _months(text)


def _months(text: str) -> set[str]:
    """The names of the months that are spoken of: by name, in short, or as 11/2024."""
    words = set(re.findall("[a-z]+", text.lower()))
    found = {name for name in _MONTHS if {name, name[:3], f"{name[:3]}t", f"{name}s"} & words}
    return found | {_MONTHS[int(one or other) - 1] for one, other in _month_of_year.findall(text)}


_of_ten = re.compile(r"\b([a-z]+|\d)[ -](?:tenths?|(?:in|out of|of) (?:every )?(?:ten|10))\b")


def _fractions(text: str) -> set[str]:
    """Percentages said as fractions: seven out of ten, a fifth."""
    plain = text.lower()
    found = {
        str(10 * int(_WORDS.get(part, part))) for part in _of_ten.findall(plain) if part in _WORDS or part.isdigit()
    }
    found |= {"20"} if re.search(r"\b(?:a|one)[ -]fifth\b", plain) else set()
    return found | ({"25"} if "quarter" in plain else set())


def _en_factor(scales: str) -> int:
    factor = 1
    for word in scales.lower().split():
        factor *= _EN_SCALES.get(word) or _SHORT_SCALES[word]
    return factor


def _spelled_out(text: str) -> set[str]:
    """Values of the numbers in words of an English text: each run of them, and its parts."""
    found: set[str] = set()
    total = part = 0
    running = False
    for word in [*re.findall("[a-z]+|[.,;]", text.lower()), "."]:
        if word in _SAID_OTHERWISE:
            found.add(_SAID_OTHERWISE[word])
        if word in _WORDS:
            value = _WORDS[word]
            if running and part % 100 and not (20 <= part % 100 <= 90 and part % 10 == 0 and value < 10):
                found.add(str(total + part))  # "three four": two numbers
                total = part = 0
            part += value
            found.add(str(value))
            running = True
        elif word in _EN_SCALES:
            scale = _EN_SCALES[word]
            if scale == 100:
                part = max(part, 1) * 100
            else:
                total += max(part, 1) * scale
                part = 0
            running = True
        elif running and word != "and":
            found.add(str(total + part))
            total = part = 0
            running = False
    return found


def _value(number: str) -> str:
    """A number's plain value: separators of thousands and outer zeros gone."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        number = number.replace(",", "")
    number = number.replace(",", ".")
    if number.count(".") == 1:
        number = number.rstrip("0").rstrip(".")
    return number.lstrip("0") or "0"


def _times(number: str, factor: int) -> str:
    try:
        value = float(_value(number)) * factor
    except ValueError:  # 1.2.3 is a version, not a quantity
        return _value(number)
    return _plain(value)


def _plain(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def plain_digits(text: str) -> str:
    """Full-width and circled digits as ordinary ones."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(c)) if not c.isascii() and unicodedata.digit(c, None) is not None else c
        for c in text.translate(_full_width)
    )


def _digits(text: str) -> set[str]:
    """Values of the numbers in digits of a text, and of their parts (of dates, times, decimals)."""
    numbers = _number.findall(text)
    return {_value(number) for number in numbers} | {
        _value(part) for number in numbers for part in re.split("[.,]", number)
    }


def _other_forms(value: str, after: str | None = None) -> set[str]:
    """How else a number may be said, by what stands ``after`` it (None: anything): hours on a 12-hour clock, years in two digits."""
    if not value.isdigit() or len(value) > 2:
        return {value}
    forms = {value}
    if after is None or (after and after in "年后後级級届屆"):
        forms |= {f"19{value:0>2}", f"20{value:0>2}"}
    if after is None or (after and after in "点點时時:"):
        forms.add(str(int(value) - 12) if 12 < int(value) < 24 else str(int(value) + 12))
    return forms
