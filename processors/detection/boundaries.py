"""Boundaries between words: where a line may switch to another language, and how much each such place speaks against it.

Costs stand in place of negative log-probabilities; `switching` adds them to those of the words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .characters import CLOSING, MARKS, OPENING, PAIRS, has_han
from .nonlanguage import MASK

LABEL, BAR, STRONG, HALF_STRONG, SYMBOL, COLON, DASH, COMMA, SPACE, NOTHING = (
    0.0,
    0.05,
    0.1,
    0.6,
    0.9,
    1.0,
    1.1,
    1.69,
    1.7,
    6.0,
)
"""Cost of a switch behind a label or between two who speak, at a table's bar, a sentence's end, a semicolon, an emoji, a colon, a dash, a comma,
white space, and where there is no separator at all."""
Gap = tuple[int, int, float, int]
"""Where one between two sentences starts and ends, the cost of a switch there, and where the later clause would begin."""
ENDS = frozenset((LABEL, STRONG))
"""Costs of a switch where one sentence ends and another begins."""
LABEL_CHARACTERS = 40
"""Longest label; what is longer before a colon is a clause."""
NEVER_ON_SIGNS = frozenset("的了是我你他她它们們这這那吗嗎呢吧啊嘛不没沒也都就还還很给給和")
"""Characters of clauses, not of names, labels and signs."""

_STRONG_MARKS = frozenset("。！？!?…｡")
_SEPARATORS = {**dict.fromkeys("；;", HALF_STRONG), **dict.fromkeys("：:", COLON), **dict.fromkeys("，,、", COMMA)}
_SEPARATORS |= dict.fromkeys("—–/／→⇒·•～~=>＞", DASH) | dict.fromkeys("|｜│┃║", BAR)
_CHECKBOXES = frozenset("□☐☑☒")
_checkbox = re.compile(r"\[[ xX]?\]").search
_LEADING = frozenset("#$¥￥€£+-*@＃＄")
"""Marks that go with what follows them."""
_ABBREVIATIONS = frozenset("mr mrs ms dr no vs etc e g i st jr sr inc ltd co fig vol pp al prof".split())
_LONGER_THAN_ABBREVIATIONS = 1 + max(map(len, _ABBREVIATIONS))
_stamp = re.compile(
    r"(?:\[[\d/.:,\s-]*\d:\d[\d/.:,\s-]*(?:[AaPp]\.?[Mm]\.?)?[\d/.,\s-]*\]"
    r"|(?:\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?,?\s+)?\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AaPp]\.?[Mm]\.?)?)\s*[-–—]?\s*(?=[^\W\d])"
).match
"""Date and time before a name in an exported chat: ``05/03/2024, 20:17 - Rachel:``."""
_label = re.compile(
    rf"[^\w({OPENING[:-1]}]*(?:[(（\[【][^)）\]】\w]*[\w:./ -]{{1,24}}[)）\]】]\s*)?"
    rf"[\w{MARKS}@.#'’&-]+(?:(?: ?/ ?| )[\w{MARKS}.#'’&-]+){{0,3}}[*_]{{0,2}}\s?(?:[:：](?!//)|：)[*_]{{0,2}}\s*(?:Re:|RE:|Fwd:)?"
)
"""What may be a label before a colon: up to four words at the start of a line, perhaps after a time in brackets."""
_strong_gap = re.compile(r"[。！？!?….｡][\W\d_]*+").finditer
_last_word = re.compile(r"[^\W_]+\Z").search
_bracket = re.compile(f'["{re.escape(OPENING + CLOSING)}]')


def label_end(line: str) -> int:
    """Where the label ends with which the line begins; 0 where there is none."""
    stamp = _stamp(line)
    start = stamp.end() if stamp else 0
    begin = line[start : start + LABEL_CHARACTERS + 1]
    if ":" not in begin and "：" not in begin:
        return 0
    label = _label.match(begin)
    return start + label.end() if label and _is_label(label.group()) else 0


def _is_label(text: str) -> bool:
    """Whether what stands before a line's first colon names what follows, and is no clause (``他看着我说：``)."""
    han = [character for character in text if has_han(character)]
    return len(han) <= 8 and NEVER_ON_SIGNS.isdisjoint(han) and han[-1:] != ["说"]


def inner_spans(line: str, label: int = 0) -> list[tuple[int, int]]:
    """Outermost bracketed or quoted spans that are part of a sentence around them (offsets of opener and closer).

    A pair that stands by itself, such as a whole line or a whole sentence in quotation marks, is not among them, nor
    what is all that follows a label, which ends at ``label``.
    """
    stack: list[tuple[str, int]] = []
    spans: list[tuple[int, int]] = []
    for match in _bracket.finditer(line):
        index, character = match.start(), match.group()
        if character == '"':
            opened = next((i for i in range(len(stack) - 1, -1, -1) if stack[i][0] == '"'), None)
            if opened is None:
                stack.append((character, index))
                continue
        elif character in OPENING:
            if len(stack) < 50:
                stack.append((character, index))
            continue
        else:
            wanted = PAIRS[character]
            opened = next((i for i in range(len(stack) - 1, -1, -1) if stack[i][0] == wanted), None)
        if opened is not None:
            start = stack[opened][1]
            del stack[opened:]
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, index))
    if not spans:
        return spans
    first_word = next((index for index, character in enumerate(line) if character.isalnum()), len(line))
    return [(start, end) for start, end in spans if not _stands_alone(line, start, end, max(first_word, label))]


def _stands_alone(line: str, start: int, end: int, first_word: int) -> bool:
    before = line[max(0, start - 40) : start].rstrip()
    after = line[end + 1 : end + 40].lstrip()
    begins = (
        not before
        or before[-1] in "。！？!?…"
        or (before[-1] == "." and line[start - 1].isspace())
        or (before[-1] == "." and line[start] in "（(")
    )
    if start <= first_word:
        begins = True
    inside_ends = line[end - 1] in "。！？!?….～~" if end > start + 1 else False
    ends = not any(character.isalnum() for character in after) or (
        inside_ends and (line[end + 1 : end + 2].isspace() or after[:1] in OPENING) and not after[:1].islower()
    )
    return begins and ends


def sentence_gaps(line: str) -> list[Gap]:
    """The stretches without letters in which a sentence ends and another begins."""
    found: list[Gap] = []
    done = 0
    for match in _strong_gap(line):
        start, end = match.span()
        if end == len(line):
            break
        if start < done:
            continue
        while start > done and not line[start - 1].isalpha():
            start -= 1
        if start:  # a word stands before it
            cost, split = gap(line, start, end)
            if cost in ENDS:
                found.append((start, end, cost, split))
        done = end
    return found


def gap(line: str, start: int, end: int) -> tuple[float, int]:
    """Cost of a switch between two words and where the later clause would begin, from the text between them."""
    between = line[start:end]
    if start:
        plain = PLAIN_GAPS.get(between)
        if plain is not None:
            return plain[0], start + plain[1]
        if between in _FULL_STOPS:
            ends = _ends_sentence(line, start, start)
            return (STRONG if ends else SPACE if len(between) > 1 else NOTHING), end
    if not start or _needs_context(between):
        return _gap(line, start, end)
    cost, split = _gap_between(between)
    if cost == STRONG and line[end].islower() and not _closing.isdisjoint(between):
        cost = COMMA  # a quotation and who says it: “…?” he asked
    return cost, start + split


@lru_cache(maxsize=1 << 12)
def _gap_between(between: str) -> tuple[float, int]:
    cost, split = _gap(f"a{between}", 1, len(between) + 1)
    return cost, split - 1


_closing = frozenset(CLOSING + '"')
_FULL_STOPS = frozenset((". ", "."))
_needs_context = re.compile(r"[.\d]").search
PLAIN_GAPS = {
    "": (NOTHING, 0),
    " ": (SPACE, 1),
    ", ": (COMMA, 2),
    "，": (COMMA, 1),
    "、": (COMMA, 1),
    "。": (STRONG, 1),
    "！": (STRONG, 1),
    "？": (STRONG, 1),
    "-": (NOTHING, 0),
    "'": (NOTHING, 1),
}
"""What `_gap` says of the most frequent ones, whatever stands around them."""


def _gap(line: str, start: int, end: int) -> tuple[float, int]:
    cost = NOTHING
    split = start
    opened = -1
    box = _checkbox(line, start, end)
    if box is not None:
        return BAR, box.start()
    for index in range(start, end):
        character = line[index]
        if character.isspace():
            cost = min(cost, DASH if character in "\t\u3000\n" or line[index : index + 3] == "   " else SPACE)
            continue
        if character in _STRONG_MARKS or (character == "." and _ends_sentence(line, index, start)):
            cost, split, opened = STRONG, index + 1, -1
        elif character in _SEPARATORS:
            before, after = line[index - 1 : index], line[index + 1 : index + 2]
            if character in ":,.：" and before.isdigit() and after.isdigit():
                continue
            if character == "/" and (before.isdigit() or after.isdigit()) and before.isalnum() and after.isalnum():
                continue  # 5/F
            cost, split, opened = min(cost, _SEPARATORS[character]), index + 1, -1
        elif character in CLOSING or (
            character == '"' and opened < 0 and (index == start or not line[index - 1].isspace())
        ):
            split, opened = index + 1, -1
        elif character in OPENING or character == '"':
            opened = index if opened < 0 else opened
        elif character == "-" and line[index + 1 : index + 2].isspace():
            # a dash of a dialogue opens what follows it, any other ends what stands before it
            split, cost = (split, LABEL) if cost == STRONG else (index + 1, min(cost, DASH))
        elif character in _CHECKBOXES:
            if cost > BAR:
                cost, split, opened = BAR, index, index
        elif not character.isalnum() and character not in _LEADING and opened < 0:
            split = index + 1
            if ord(character) > 0x2190 and character != MASK and unicodedata.category(character) == "So":
                cost = min(cost, SYMBOL)
    if (cost >= SPACE or cost == SYMBOL) and start:
        # A number between two words without a separator goes with the words before it, unless it touches the next.
        number = re.match(r"(?:\s*[\d０-９][\d０-９.,:/%-]*(?=\s))+", line[split:end])
        if number:
            split += number.end()
    while split < end and line[split].isspace():
        split += 1
    return cost, split


def _ends_sentence(line: str, index: int, gap_start: int) -> bool:
    """Whether the full stop at ``index`` ends a sentence: not that of an abbreviation, an initial or a list's number."""
    following = line[index + 1 : index + 2]
    if index == gap_start:  # right behind a word
        if not (
            not following
            or not following.isascii()
            or following.isspace()
            or following.isupper()
            or following in "\"')"
        ):
            return False
        if index >= _LONGER_THAN_ABBREVIATIONS and line[index - _LONGER_THAN_ABBREVIATIONS : index].isalnum():
            return True
        word = _last_word(line, max(0, index - 12), index)
        previous = word.group() if word else ""
        return not (
            previous.lower() in _ABBREVIATIONS or (len(previous) == 1 and previous.isascii() and previous.isupper())
        )
    if line[index - 1] == ".":
        return not following or not following.isascii() or following.isspace()
    digits = index
    while digits > gap_start and line[digits - 1].isdigit():
        digits -= 1
    listed = digits < index and index - digits < 3
    return not listed and (not following or following.isspace() or not following.isascii())


_row = re.compile(r"[^,\s][^,]*(?:,[^,\s][^,]*){2,}").fullmatch
_figure = re.compile(r"[\d./:%¥$€£ -]+").fullmatch


def is_row(line: str) -> bool:
    """Whether a line is a row of a table with commas between its cells, a number or a date at one of its ends."""
    if "," not in line:
        return False
    line = line.strip()
    if not (_figure(line[0]) or _figure(line[-1])) or not _row(line):
        return False
    cells = line.split(",")
    return bool(_figure(cells[0]) or _figure(cells[-1]))
