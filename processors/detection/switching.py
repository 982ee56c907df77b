"""Where a line switches between languages: the matrix language of each clause.

A line with words of several scripts is read as a sequence of words and of the boundaries between them. Each clause has
one *matrix language* (Myers-Scotton 1993); words of another one inside it are guests. The best sequence of matrix
languages is found by dynamic programming (Viterbi 1967) over three states: Chinese, a language in Latin letters, any
other. Costs stand in place of log-probabilities: a guest costs by how unlike a guest it is (function words, particles
and long runs are), a switch by how weak the boundary is at which it happens.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from .characters import BOPOMOFO, CLOSING, HAN, HANGUL, KANA, LATIN, MARKS, OPENING, PAIRS, has_han
from .latin import any_foreign, common_english, english_function_words
from .nonlanguage import masked_pattern
from .script import tables

State = Literal["han", "latin", "xx"]
STATES: tuple[State, State, State] = ("han", "latin", "xx")
HAN_STATE, LATIN_STATE, OTHER_STATE = range(3)

CHINESE_FUNCTION = frozenset(
    "的了是在不我你他她它们們这這那也都就还還没沒很吗嗎呢吧啊嘛啦呀和与與或但因为為所以如果被把对對从從给給让讓会會要能可想说說有"
    "到去来來个個些么麼什怎谁誰哪几幾着著过過得地之其而且又再才只请請已经經正最更太真喺嘅唔咗啲冇佢哋係嚟嗰咁"
)
"""Function words of Chinese (Mandarin and Cantonese) of one character."""
NOT_JAPANESE = frozenset("你您她它们們这這吗嗎呢吧啊嘛么麼谁誰哪很没沒还還说說给給让讓喺嘅唔咗啲冇佢哋係嚟嗰咁是")
"""Those of them that Japanese does not write."""

LABEL, STRONG, BAR, HALF_STRONG, SYMBOL, COLON, DASH, COMMA, SPACE, NOTHING = (
    0.0,
    0.1,
    0.05,
    0.6,
    0.9,
    1.0,
    1.1,
    1.7,
    1.7,
    6.0,
)
DANGLING = 2.5
TWIN = 0.2
MARK_OF_THE_OTHER = 0.7
INTERJECTION = 0.8
"""Cost of a switch behind a label, at a sentence's end, a table's bar, a semicolon, an emoji, a colon, a dash, a comma,
white space, and where there is no separator at all. `DANGLING` comes on top where the words before the switch wait for
more (``at the 股东大会``); `INTERJECTION` is what the end of a sentence of one word costs (``yyds！这家店…``),
`TWIN` what the middle of a line does that says one thing in both languages (``出口 Exit``),
`MARK_OF_THE_OTHER` a clause that ends with the other language's full stop."""
INNER = 0.12
"""How much a word in brackets or quotation marks counts beside words outside of them."""
LABEL_CHARACTERS = 40
"""Longest label; what is longer before a colon is a clause."""
MOST_INNER = 2.0
"""What all words of one bracket or quotation cost together at most, so that a long quotation is a guest too."""
MASK = "\ue000"
"""Stands for each character of an address or of inline code, which are words of no language."""

_word = re.compile(
    rf"(?P<han>[{HAN}{BOPOMOFO}]+)"
    rf"|(?P<kana>[{KANA}]+)"
    rf"|(?P<hangul>[{HANGUL}]+)"
    rf"|(?P<latin>[{LATIN}][{LATIN}{MARKS}0-9０-９]*(?:['’][{LATIN}]+)*)"
    r"|(?P<other>[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0900-\u0dff\u0e31-\u0e4e])+)"
)
_maskable = re.compile(r"[@`#=^≈≤≥]|://|www\.|[a-z]\.[a-z]").search
_STRONG_MARKS = frozenset("。！？!?…｡")
_SEPARATORS = {**dict.fromkeys("；;", HALF_STRONG), **dict.fromkeys("：:", COLON), **dict.fromkeys("，,、", COMMA)}
_SEPARATORS |= dict.fromkeys("—–/／→⇒·•～~=>＞", DASH) | dict.fromkeys("|｜│┃║", BAR)
_label = re.compile(
    rf"[^\w({OPENING[:-1]}]*(?:[(（\[【][^)）\]】\w]*[\w:./ -]{{1,24}}[)）\]】]\s*)?"
    rf"[\w{MARKS}@.#'’&-]+(?: [\w{MARKS}.#'’&-]+){{0,3}}\s?(?:[:：](?!//)|：)\s*(?:Re:|RE:|Fwd:)?"
)
"""What may be a label before a colon: up to four words at the start of a line, perhaps after a time in brackets."""
_ABBREVIATIONS = frozenset("mr mrs ms dr no vs etc e g i st jr sr inc ltd co fig vol pp al prof".split())
_DANGLING_WORDS = frozenset(
    "dear the a an of to in on at for with by from into about than as is are was were be been am my your his her its our their"
    " this that these those and or but so very really quite too not no more most some any every each like called named"
    " i we he she they who which because if when while also just can will would should could must might do does"
    " did have has had don't doesn't didn't can't won't isn't aren't wasn't i'm it's".split()
)
"""Words that no English clause ends with, or hardly ever."""
_NEVER_ON_SIGNS = frozenset("的了是我你他她它们們这這那吗嗎呢吧啊嘛不没沒也都就还還很给給和")
_WANT_AN_OBJECT = frozenset(
    "到等在和用买買去叫看向从從把对對有做吃喝玩学學说說讲講请請要想会會能按选選跟与與及或为為比被让讓将將由找换換"
)
_INTERJECTIONS = frozenset(
    "ok okay sorry thanks hi hello hey yes no yeah yep please wow omg lol haha hmm well oh ah bye congrats cheers"
    " 好的 好 好吧 好啦 好呀 对 對 对啊 是的 不是 谢谢 謝謝 多谢 多謝 唔該 抱歉 不好意思 哈哈 哈哈哈 嗯 嗯嗯 哦 噢 哇"
    " 喂 哎 唉 哎呀 哎哟 唉呀 真的 对吧 對吧 是吧 没事 沒事 早 早安 你好 拜拜".split()
)
"""Words that stand before a sentence in another language as its guests."""
_LEADING = frozenset("#$¥￥€£+-*@＃＄")
"""Marks that go with what follows them."""


@dataclass(slots=True)
class _Word:
    kind: str
    start: int
    end: int
    text: str
    before: float  # cost of a switch just before this word
    clause_start: int  # where a clause that begins with this word would begin
    sentence: int
    inner: bool
    hashtag: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a line in one matrix language, from ``start`` to the next clause's start.

    ``words`` are its Latin-letter words in lower case (names capitalised), those in brackets and quotation marks left out where others
    stand beside them; ``plain_han`` tells that there is nothing but Han to go by, so that it may be kanji.
    """

    start: int
    state: State
    words: tuple[str, ...] = ()
    plain_han: bool = False
    japanese: bool = False


def mask_addresses(line: str) -> str:
    """The line, as long as before, with addresses, handles and inline code replaced by `MASK`."""
    if not _maskable(line):
        return line
    return masked_pattern.sub(lambda match: MASK * len(match.group()), line)


def inner_spans(line: str) -> list[tuple[int, int]]:
    """Outermost bracketed or quoted spans that are part of a sentence around them (offsets of opener and closer).

    A pair that stands by itself, such as a whole line or a whole sentence in quotation marks, is not among them.
    """
    stack: list[tuple[str, int]] = []
    spans: list[tuple[int, int]] = []
    for index, character in enumerate(line):
        if character == '"':
            opened = next((i for i in range(len(stack) - 1, -1, -1) if stack[i][0] == '"'), None)
            if opened is None:
                stack.append((character, index))
                continue
        elif character in OPENING:
            if len(stack) < 50:
                stack.append((character, index))
            continue
        elif character in CLOSING:
            wanted = PAIRS[character]
            opened = next((i for i in range(len(stack) - 1, -1, -1) if stack[i][0] == wanted), None)
        else:
            continue
        if opened is not None:
            start = stack[opened][1]
            del stack[opened:]
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, index))
    first_word = next((index for index, character in enumerate(line) if character.isalnum()), len(line))
    return [(start, end) for start, end in spans if not _stands_alone(line, start, end, first_word)]


def _stands_alone(line: str, start: int, end: int, first_word: int) -> bool:
    before = line[max(0, start - 40) : start].rstrip()
    after = line[end + 1 : end + 40].lstrip()
    begins = (
        not before
        or before[-1] in "。！？!?…：:"
        or (before[-1] == "." and line[start - 1].isspace())
        or (before[-1] == "." and line[start] in "（(")
    )
    if start <= first_word:
        begins = True
    inside_ends = line[end - 1] in "。！？!?….～~" if end > start + 1 else False
    ends = not any(character.isalnum() for character in after) or (
        inside_ends and (line[end + 1 : end + 2].isspace() or after[:1] in OPENING)
    )
    return begins and ends


def _gap(line: str, start: int, end: int, previous: str, at_line_start: bool) -> tuple[float, int]:
    """Cost of a switch between two words and where the later clause would begin, from the text between them."""
    if end == start:
        return NOTHING, end
    if end == start + 1 and line[start] == " ":
        return SPACE, end
    cost = NOTHING
    split = start
    opened = -1
    for index in range(start, end):
        character = line[index]
        if character.isspace():
            cost = min(cost, DASH if character in "\t\u3000\n" or line[index : index + 3] == "   " else SPACE)
            continue
        if character in _STRONG_MARKS or (character == "." and _ends_sentence(line, index, start, previous)):
            cost, split, opened = STRONG, index + 1, -1
        elif character in _SEPARATORS:
            if character in ":,.：" and line[index - 1 : index].isdigit() and line[index + 1 : index + 2].isdigit():
                continue
            cost, split, opened = min(cost, _SEPARATORS[character]), index + 1, -1
        elif character in CLOSING or (
            character == '"' and opened < 0 and (index == start or not line[index - 1].isspace())
        ):
            split, opened = index + 1, -1
        elif character in OPENING or character == '"':
            opened = index if opened < 0 else opened
        elif character == "-" and line[index + 1 : index + 2].isspace():
            # a dash of a dialogue opens what follows it, any other ends what stands before it
            split = split if cost == STRONG else index + 1
            cost = min(cost, DASH)
        elif not character.isalnum() and character not in _LEADING and opened < 0:
            split = index + 1
            if ord(character) > 0x2190 and character != MASK and unicodedata.category(character) == "So":
                cost = min(cost, SYMBOL)
    if cost >= SPACE and not at_line_start:
        # A number between two words without a separator goes with the words before it, unless it touches the next.
        number = re.match(r"(?:\s*[\d０-９][\d０-９.,:/%-]*(?=\s))+", line[split:end])
        if number:
            split += number.end()
    while split < end and line[split].isspace():
        split += 1
    return cost, split


def _ends_sentence(line: str, index: int, gap_start: int, previous: str) -> bool:
    following = line[index + 1 : index + 2]
    if index == gap_start:  # right behind a word
        if previous.lower() in _ABBREVIATIONS or (len(previous) == 1 and previous.isascii() and previous.isupper()):
            return False
        return (
            not following
            or not following.isascii()
            or following.isspace()
            or following.isupper()
            or following in "\"')"
        )
    if line[index - 1] == ".":
        return not following or not following.isascii() or following.isspace()
    digits = index
    while digits > gap_start and line[digits - 1].isdigit():
        digits -= 1
    listed = digits < index and index - digits < 3
    return not listed and (not following or following.isspace() or not following.isascii())


def words_of(line: str) -> list[_Word]:
    """The words of a line (addresses masked), each with the boundary before it. Linear in the line's length."""
    spans = inner_spans(line)
    span = 0
    sentence = 0
    found: list[_Word] = []
    end = 0
    label = _label.match(line[: LABEL_CHARACTERS + 1])
    label_end = label.end() if label and _is_label(label.group()) else 0
    for match in _word.finditer(line):
        kind, text, start = match.lastgroup or "", match.group(), match.start()
        while span < len(spans) and spans[span][1] < start:
            span += 1
        inner = span < len(spans) and spans[span][0] < start
        before = found[-1] if found else None
        cost, clause_start = _gap(line, end, start, before.text if before else "", before is None)
        hashtag = line[start - 1 : start] in {"#", "＃"} or (
            before is not None and before.hashtag and "#" not in line[end:start]
        )
        if hashtag:  # goes with the sentence before it, and its words are guests there
            cost, inner = (NOTHING if before else 0.0), True
        elif end and end <= label_end <= start:
            cost, sentence = LABEL, sentence + 1
        elif before is not None:
            cost = _adjusted(cost, before, kind, inner, first=len(found) == 1)
            sentence += cost == STRONG
        found.append(_Word(kind, start, match.end(), text, cost, clause_start, sentence, inner, hashtag))
        end = match.end()
    return found


def _is_label(text: str) -> bool:
    """Whether what stands before a line's first colon names what follows, and is no clause (``他看着我说：``)."""
    han = [character for character in text if has_han(character)]
    return len(han) <= 8 and _NEVER_ON_SIGNS.isdisjoint(han) and han[-1:] != ["说"]


def _adjusted(cost: float, before: _Word, kind: str, inner: bool, first: bool) -> float:
    """The cost of a switch between two words, by what the first of them is (``first``: it begins the line)."""
    if cost == STRONG:
        if inner and before.inner:
            return COMMA  # a sentence's end within a quotation
        return INTERJECTION if first and before.kind == "latin" and kind == "han" else STRONG
    if cost == COMMA and before.text in _INTERJECTIONS and before.kind == "han":
        return cost + DANGLING
    if cost in {SPACE, COMMA} and before.kind == "latin" and before.text.lower() in _DANGLING_WORDS:
        return cost + DANGLING
    return cost


def _costs(word: _Word, kana_sentence: bool) -> tuple[float, float, float]:
    """What a word costs in a Chinese clause, in one in Latin letters, in one in another language."""
    length = len(word.text)
    if word.kind == "han":
        if kana_sentence:
            as_japanese = 0.12 * length + 0.7 * sum(map(NOT_JAPANESE.__contains__, word.text))
            return 0.0, 1.5, as_japanese
        if word.text in _INTERJECTIONS:
            return 0.0, 0.6, 0.6
        function = sum(map(CHINESE_FUNCTION.__contains__, word.text))
        guest = 0.9 + 0.35 * min(length - 1, 12) + 0.6 * min(function, 6)
        return 0.0, guest, guest
    if word.kind == "latin":
        return _latin_guest(word.text), 0.0, 0.3
    if word.kind == "other":
        guest = 0.8 + 0.2 * min(length, 12)
    else:  # kana, hangul
        guest = (0.3 if word.text in "のノ" else 0.6) + 0.25 * min(length, 12)
    return guest, guest, 0.0


@lru_cache(maxsize=1 << 16)
def _latin_guest(text: str) -> float:
    """What a word in Latin letters costs as a guest of a Chinese clause."""
    lower = _plain(text)
    if text.isupper() or len(text) == 1 or any(map(str.isdigit, text)):
        return 1.2 if text == "I" else 0.25
    if lower in _INTERJECTIONS:
        return 0.6
    if lower in english_function_words():
        return 1.7
    if lower in any_foreign():
        return 1.0
    return 0.3 if text[0].isupper() else 0.5


def clauses_of(line: str) -> list[Clause]:
    """The clauses of a line with words, in order, each in one matrix language.

    The line is taken as it stands; the caller has replaced addresses (`mask_addresses`). Empty where it has no word.
    """
    words = words_of(line)
    if not words:
        return []
    turn = _twin_turn(words)
    if turn:
        words[turn].before = TWIN
    outside: set[int] = {word.sentence for word in words if not word.inner}
    with_han = {word.sentence for word in words if word.kind == "han"}
    kana: dict[int, int] = {}
    for word in words:
        if word.kind in {"kana", "hangul"} and word.text not in "のノ":
            kana[word.sentence] = kana.get(word.sentence, 0) + len(word.text)
    back: list[tuple[int, int, int]] = []
    han = latin = other = inner_cost = 0.0
    for index, word in enumerate(words):
        quoted = word.inner and word.sentence in outside
        inner_cost = inner_cost if quoted else 0.0
        weight = 1.0 if not quoted else INNER if inner_cost < MOST_INNER else 0.0
        costs = _costs(word, word.sentence in kana)
        if index:
            cheapest = min(han, latin, other)
            switched = cheapest + word.before
            state = HAN_STATE if han == cheapest else LATIN_STATE if latin == cheapest else OTHER_STATE
            back.append(
                (
                    HAN_STATE if han <= switched else state,
                    LATIN_STATE if latin <= switched else state,
                    OTHER_STATE if other <= switched else state,
                )
            )
            han, latin, other = min(han, switched), min(latin, switched), min(other, switched)
        inner_cost += weight * max(costs) if quoted else 0.0
        han += weight * costs[HAN_STATE]
        latin += weight * costs[LATIN_STATE]
        other += weight * costs[OTHER_STATE]
        mark = line[word.end : word.end + 1]
        if mark in {".", "。"} and (index + 1 == len(words) or words[index + 1].sentence != word.sentence):
            # each language has a full stop of its own
            if mark == "。" and word.sentence in with_han:
                latin += MARK_OF_THE_OTHER
                other += MARK_OF_THE_OTHER
            elif mark == "." and word.kind == "han":
                han += MARK_OF_THE_OTHER
    cheapest = min(han, latin, other)
    state = HAN_STATE if han == cheapest else LATIN_STATE if latin == cheapest else OTHER_STATE
    states = [state]
    for came in reversed(back):
        state = came[state]
        states.append(state)
    states.reverse()
    clauses: list[Clause] = []
    first = 0
    for index in range(1, len(words) + 1):
        if (
            index == len(words)
            or states[index] != states[first]
            or (states[index] == LATIN_STATE and words[index].before <= STRONG)
        ):
            clauses.append(_clause(words[first:index], states[first], outside, at_start=first == 0))
            first = index
    return clauses


def _evidence(words: list[_Word]) -> Iterator[str]:
    """The words that tell a language, in lower case; a capitalised one inside a clause keeps its capital, as it may be a name."""
    for index, word in enumerate(words):
        plain = _plain(word.text)
        shouted = word.text.isupper() and len(word.text) > 1 and len(words) < 3
        yield plain.capitalize() if shouted or (index and word.text[:1].isupper()) else plain


def _plain(word: str) -> str:
    """Lower case, full-width letters as ordinary ones."""
    return word.lower() if word.isascii() else unicodedata.normalize("NFKC", word).lower()


def surely_chinese(text: str) -> bool:
    """Whether Han text holds a character that Japanese does not write: a function word, or a simplified form."""
    return not (NOT_JAPANESE.isdisjoint(text) and _simplified_not_japanese().isdisjoint(text))


@cache
def _simplified_not_japanese() -> frozenset[str]:
    def in_japanese(character: str) -> bool:
        return bool(character.encode("shift_jis", "ignore"))

    return frozenset(character for character in tables()[0] if not in_japanese(character))


def _twin_turn(words: list[_Word]) -> int:
    """Where a line says one thing in two languages (a sign, a menu, a dictionary entry): the later one's first word; else 0.

    Such a line has Han on one side and Latin letters on the other, white space between them, no function words in the
    Chinese and a common English word in the English (a name alone is a guest: ``新款 MacBook Pro``).
    """
    kinds = [word.kind for word in words]
    turns = [index for index in range(1, len(kinds)) if kinds[index] != kinds[index - 1]]
    if len(turns) != 1 or set(kinds) != {"han", "latin"} or words[turns[0]].before not in {SPACE, DASH}:
        return 0
    if any(word.inner for word in words):
        return 0
    chinese = "".join(word.text for word in words if word.kind == "han")
    english = [_plain(word.text) for word in words if word.kind == "latin"]
    if (
        len(chinese) > 10
        or len(english) > 4
        or (kinds[0] == "han" and chinese[-1] in _WANT_AN_OBJECT)
        or any(c in _NEVER_ON_SIGNS for c in chinese)
    ):
        return 0
    known = common_english() | english_function_words()
    if english[-1 if kinds[-1] == "han" else 0] in _DANGLING_WORDS - {"to", "no", "the", "a"}:
        return 0
    return turns[0] if any(word in known and word not in _INTERJECTIONS for word in english) else 0


def _clause(words: list[_Word], state: int, outside: set[int], at_start: bool) -> Clause:
    latin = [word for word in words if word.kind == "latin"]
    plain = [word for word in latin if not (word.inner and word.sentence in outside)] or latin
    return Clause(
        start=0 if at_start else words[0].clause_start,
        state=STATES[state],
        words=tuple(_evidence(plain)) if state == LATIN_STATE else (),
        plain_han=state == HAN_STATE and all(word.kind == "han" and not surely_chinese(word.text) for word in words),
        japanese=state == OTHER_STATE and any(word.kind == "kana" for word in words),
    )
