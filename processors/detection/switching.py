"""Where a line switches between languages: the matrix language of each clause.

A line with words of several scripts is read as a sequence of words and of the boundaries between them. Each clause has
one *matrix language* (Myers-Scotton 1993); words of another one inside it are guests. The best sequence of matrix
languages is found by dynamic programming (Viterbi 1967) over three states: Chinese, a language in Latin letters, any
other. Costs stand in place of log-probabilities: a guest costs by how unlike a guest it is (function words, particles
and long runs are), a switch by how weak the boundary is at which it happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Literal

from .boundaries import (
    BAR,
    COMMA,
    DASH,
    ENDS,
    LABEL,
    NEVER_ON_SIGNS,
    NOTHING,
    PLAIN_GAPS,
    SPACE,
    STRONG,
    Gap,
    gap,
    inner_spans,
    is_row,
    label_end,
    sentence_gaps,
)
from .characters import (
    BOPOMOFO,
    CLOSING,
    HAN,
    HANGUL,
    KANA,
    LATIN,
    MARKS,
    OPENING,
    has_other_than_han,
    has_other_than_han_and_latin,
    has_other_than_latin,
)
from .latin import any_foreign, english_function_words, is_pinyin, known_english, plain, word_pattern, words_in
from .script import not_japanese

State = Literal["han", "latin", "xx"]
Costs = tuple[float, float, float]
"""Of a word in a Chinese clause, in one in Latin letters, in one in another language."""
STATES: tuple[State, State, State] = ("han", "latin", "xx")
HAN_STATE, LATIN_STATE, OTHER_STATE = range(3)

_FUNCTION = frozenset(
    "的了是在不我你他她它们們这這那也都就还還没沒很吗嗎呢吧啊嘛啦呀和与與或但因为為所以如果被把对對从從给給让讓会會要能可想说說有"
    "到去来來个個些么麼什怎谁誰哪几幾着著过過得地之其而且又再才只请請已经經正最更太真别別喺嘅唔咗啲冇佢哋係嚟嗰咁"
)
"""Function words of Chinese (Mandarin and Cantonese) of one character."""
_function_characters = re.compile(f"[{''.join(_FUNCTION)}]").findall
_content_words = re.compile(
    "关系|關係|聯係|係數|例如|比如|譬如|目的|的士|社会|社會|机会|機會|大会|大會|晚会|晚會|年会|年會|会议|會議|会员|會員|会计|會計|协会|協會|工会|工會"
    "|现在|現在|存在|地方|地铁|地鐵|地址|土地|产地|產地|小说|小說|重要|主要|功能|智能|性能|能力|能源|可能|可爱|可愛|和平|过程|過程|未来|未來|过去|過去|可以"
    "|以后|以後|以前|对手|對手|反对|反對|派对|派對|请假|請假|就业|就業|成就|首都|特别|特別|级别|級別|别墅|別墅|性别|性別|给力|想法|思想|因为|因為|但是"
).findall
"""Words in which such a character is no function word."""
NOT_JAPANESE = frozenset(
    "你您她它们們这這吗嗎呢吧啊嘛么麼谁誰哪很没沒还還说說给給让讓喺嘅唔咗啲冇佢哋係嚟嗰咁是吃喝跟呀哦啦嗨嘿哇哎唉咱俺啥"
)
"""Characters that Japanese does not write, or hardly ever."""
_chinese_word = re.compile("早上|晚上|今天|明天|昨天|中文|辛苦了|先去|多少|什麼|甚麼").search

DANGLING = 2.5
"""On top of a switch where the words before it wait for more (``at the 股东大会``)."""
DANGLING_HAN = 1.0
"""The same in Chinese, where a clause in English may well be what is waited for."""
TWIN = 0.2
"""A switch in the middle of a line that says one thing in both languages (``出口 Exit``)."""
MARK_OF_THE_OTHER = 0.7
"""A clause that ends with the other language's full stop."""
INTERJECTION = 0.8
"""A switch at the end of a sentence of one word (``yyds！这家店…``)."""
INNER = 0.12
"""How much a word in brackets or quotation marks counts beside words outside of them."""
MOST_INNER = 2.0
"""What all words of one bracket or quotation cost together at most, so that a long quotation is a guest too."""
PINNED = 3.0
"""A sentence of one script whose words would cost more than this as guests is in its own language: no need to search."""
_FUNCTION_WORD = 1.7
"""What an English function word costs as a guest of a Chinese clause."""
_IN_TITLE: Costs = (0.5, 0.0, 0.3)
_UNITS = frozenset("mm cm m km kg g mg l ml kb mb gb tb hz khz mhz ghz w kw v mah oz lb ft in".split())
_MOST_OF_A_TERM = 6
_MOST_OF_A_SIGN = 10
"""So many Han characters may stand beside one word, and beside several, that are their translation, not their guests."""
_ends_as_sentence = re.compile(r"(?:[ \t]*+[0-9]++(?:\.[0-9]++)*+)?+[？?。.]").match
"""Signs, dishes and entries do not end so, not after a number either (``请升级 Windows 11。``)."""
_TWIN_WORDS = 16
"""A line of more words (runs of Han, words in Latin letters) says no single thing."""
_PINNED: dict[str, Costs] = {"han": (0.0, 9.0, 9.0), "latin": (9.0, 0.0, 3.0)}
_HAN_PINNED = 8
"""So many Han characters cost more than `PINNED`."""
_HAN_HOST = 11
"""So many are no twin of a few words in Latin letters."""
_GUESTS = 1.6
"""Guests that cost less than this are never worth a switch, where no separator makes one cheap."""

_is_pinned_han = re.compile(f"(?:[^{HAN}{BOPOMOFO}]*+[{HAN}{BOPOMOFO}]){{{_HAN_PINNED}}}").match
_may_host = re.compile(f"(?:[^{HAN}{BOPOMOFO}]*+[{HAN}{BOPOMOFO}]){{{_HAN_HOST}}}").match
_HASH = frozenset("#＃")
_FULL_STOPS = frozenset(".。")
_LATIN_WORD = rf"[{LATIN}][{LATIN}{MARKS}0-9０-９]*+(?:['’][{LATIN}]++)*+"
_word = re.compile(
    rf"(?P<han>[{HAN}{BOPOMOFO}]+)"
    rf"|(?P<latin>{_LATIN_WORD})(?:(?: {_LATIN_WORD}){{3,}}(?= {_LATIN_WORD}))?"
    rf"|(?P<kana>[{KANA}]+)"
    rf"|(?P<hangul>[{HANGUL}]+)"
    r"|(?P<other>[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0900-\u0dff\u0e31-\u0e4e])+)"
)
"""A word of one script; behind a Latin one the run of words between it and the last."""
_letter = re.compile(r"[^\W\d_]").search
_stretch = re.compile(
    rf"(?P<han>[{HAN}{BOPOMOFO}][\W\d_{HAN}{BOPOMOFO}]*+)|(?P<latin>[{LATIN}][\W\d_{LATIN}]*+)|(?P<other>[^\W\d_])"
)
"""What stands from one turn to another script to the next."""
_PLAIN_STRETCHES = 4
_needs_search = re.compile(rf'[#＃|｜│┃║□☐☑☒@"{re.escape(OPENING + CLOSING)}]').search
"""Marks that make units and inner spans."""
_has_digit = re.compile(r"\d").search
_first_han = re.compile(f"[{HAN}{BOPOMOFO}]").search
_first_latin = re.compile(f"[{LATIN}]").search
_to_last_han = re.compile(f"(?s:.*)[{HAN}{BOPOMOFO}]").match
_to_last_latin = re.compile(rf"(?s:.*)[{LATIN}][{LATIN}{MARKS}0-9０-９]*").match
_last_word = re.compile(rf"[{LATIN}'’]+\Z").search
_separator = re.compile("[；;：:—–/／→⇒·•～~=>＞|｜│┃║\t\u3000\u2190-\u2bff\U0001f000-\U0001faff]| {3}|- ").search
_DANGLING_WORDS = frozenset(
    "dear the a an of to in on at for with by from into about than as is are was were be been am my your his her its our their"
    " this that these those and or but so very really quite too not no more most some any every each like called named"
    " i we he she they who which because if when while also just can will would should could must might do does"
    " between among without under over after before during through against towards until since via near behind above below"
    " did have has had don't doesn't didn't can't won't isn't aren't wasn't i'm it's".split()
)
"""Words that no English clause ends with, or hardly ever."""
_CHINESE_DANGLING = frozenset("是叫如用和与與或把被在个個的")
_wants_an_object = re.compile(
    "[到等在和用买買去叫看向从從把对對有做吃喝玩学學说說讲講请請要想能按选選跟与與及或为為比被让讓将將由找换換如叫是聘]$|(?<![晚年大社机機协協工])[会會]$"
).search
_INTERJECTIONS = frozenset(
    "ok okay sorry thank thanks hi hello hey yes no yeah yep please wow omg lol haha hmm well oh ah bye congrats cheers"
    " 好的 好 好吧 好啦 好呀 对 對 对啊 是的 不是 谢谢 謝謝 多谢 多謝 唔該 抱歉 不好意思 哈哈 哈哈哈 嗯 嗯嗯 哦 噢 哇"
    " 喂 哎 唉 哎呀 哎哟 唉呀 真的 对吧 對吧 是吧 没事 沒事 早 早安 你好 拜拜".split()
)
"""Words that stand before a sentence in another language as its guests."""


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
    costs: Costs
    hashtag: bool = False
    size: int = 1  # more than one: a run of words, or a sentence that is plainly of this kind


@dataclass(slots=True)
class Clause:
    """A stretch of a line in one matrix language, from ``start`` to the next clause's start.

    ``words`` are its Latin-letter words, those in brackets and quotation marks left out where others stand beside them;
    ``label`` tells that it is a label before a colon; ``plain_han`` tells that there is nothing but Han to go by, so that it may be kanji.
    """

    start: int
    state: State
    words: list[str]
    label: bool = False
    plain_han: bool = False
    japanese: bool = False


def words_of(line: str) -> list[_Word]:
    """The words of a line (addresses masked), each with the boundary before it. Linear in the line's length.

    A sentence, or half of one, that is plainly of one language is one word.
    """
    return _read(line, label_end(line), sentence_gaps(line))


def _read(line: str, label: int, gaps: list[Gap]) -> list[_Word]:
    reader = _Reader(line, label)
    if is_row(line):
        reader.read_words(0, len(line), 0.0)
        for word in reader.found:
            if line[word.clause_start - 1 : word.clause_start] == ",":
                word.before = BAR
        return reader.found
    position = split = 0
    cost = 0.0
    for start, end, boundary, next_split in gaps:
        if reader.within_quotation(start - 1, end):
            continue  # a sentence's end inside of a quotation
        if position < label <= end:
            reader.read_words(position, label, cost, split)
            position, cost, split = label, LABEL, 0
            if label > start:
                continue
        reader.read(position, start, cost, split)
        position, cost, split = end, boundary, next_split
    if position < label:
        reader.read_words(position, label, cost, split)
        position, cost, split = label, LABEL, 0
    reader.read(position, len(line), cost, split)
    return reader.found


class _Reader:
    """Reads a line's words, one sentence after the other."""

    def __init__(self, line: str, label: int) -> None:
        self.line = line
        self.found: list[_Word] = []
        self.spans = inner_spans(line, label)
        self.span = 0
        self.hashes = not _HASH.isdisjoint(line)
        self.sentence = 0
        self.end = 0

    def within_quotation(self, first: int, last: int) -> bool:
        """Whether both offsets lie inside brackets or quotation marks."""
        return bool(self.spans) and self._inside(first) and self._inside(last)

    def _inside(self, offset: int) -> bool:
        return any(start < offset <= end for start, end in self.spans)

    def read(self, start: int, end: int, cost: float, split: int) -> None:
        """The sentence between two offsets.

        ``cost`` is that of a switch before it, ``split`` where its clause would begin if its first letter is its first
        character; 0 where that is to be found.
        """
        text = self.line[start:end]
        whole = _plain_sentence(text)
        if whole is not None:
            first = _letter(text)
            if first is not None:
                self._append(whole[0], start + first.start(), end, cost, whole[1], 0 if first.start() else split)
            return
        halves = None if self.spans else _plain_halves(text)
        if halves is not None:
            kinds, (first_start, first_end, second_start, second_end) = halves
            between, _ = gap(self.line, start + first_end, start + second_start)
            if between <= SPACE:
                self._append(kinds[0], start + first_start, start + first_end, cost, _PINNED[kinds[0]])
                self._append(kinds[1], start + second_start, start + second_end, between, _PINNED[kinds[1]])
                return
        self.read_words(start, end, cost, split)

    def _append(self, kind: str, start: int, end: int, cost: float, costs: Costs, split: int = 0) -> None:
        """A stretch of one matrix language."""
        found = self.found
        if found:
            cost = _adjusted(cost, found[-1], kind, inner=False, first=len(found) == 1)
            self.sentence += cost in ENDS
        split = split or gap(self.line, self.end, start)[1]
        found.append(_Word(kind, start, end, self.line[start:end], cost, split, self.sentence, False, costs, size=2))
        self.end = end

    def read_words(self, start: int, end: int, cost_before: float, split: int = 0) -> None:
        """The same, word by word."""
        line, found, spans = self.line, self.found, self.spans
        last = self.end
        previous = found[-1] if found else None
        opens = True
        for match in _word.finditer(line, start, end):
            kind = match.lastgroup or ""
            first, last_end = match.span(kind)
            text = line[first:last_end]
            between = line[last:first]
            if opens:
                cost = cost_before
                clause_start = split if split and first == start else gap(line, last, first)[1]
            elif (known := PLAIN_GAPS.get(between)) is not None:
                cost, clause_start = known[0], last + known[1]
            else:
                cost, clause_start = gap(line, last, first)
            inner = False
            if spans:
                while self.span < len(spans) and spans[self.span][1] < first:
                    self.span += 1
                inner = self.span < len(spans) and spans[self.span][0] < first
            hashtag = self.hashes and (
                line[first - 1 : first] in _HASH or (previous is not None and previous.hashtag and "#" not in between)
            )
            if hashtag:  # goes with the sentence before it, and its words are guests there
                cost, inner = (NOTHING if previous is not None else 0.0), True
            elif kind == "latin" and between[-1:].isdigit() and text.lower() in _UNITS:
                cost = NOTHING
            elif previous is not None and cost < NOTHING:
                cost = _adjusted(cost, previous, kind, inner, first=len(found) == 1)
                self.sentence += cost in ENDS
            opens = False
            costs = (_latin_guest(text), 0.0, 0.3) if kind == "latin" else _costs(kind, text)
            if kind == "han":
                inner = inner or between[-1:] == "@"
            elif previous is not None and previous.kind == "latin" and _in_title(text, previous.text):
                costs = _IN_TITLE
            previous = _Word(kind, first, last_end, text, cost, clause_start, self.sentence, inner, costs, hashtag)
            found.append(previous)
            last = last_end
            if last < match.end():  # a run of words behind it
                run = line[last + 1 : match.end()]
                words = run.split()
                costs = (sum(map(_latin_guest, words)), 0.0, 0.3 * len(words))
                previous = _Word(
                    kind, last + 1, match.end(), run, SPACE, last + 1, self.sentence, inner, costs, hashtag, len(words)
                )
                found.append(previous)
                last = match.end()
        self.end = last


def _in_title(text: str, before: str) -> bool:
    """Whether a function word seems part of a name, as all of it is capitalised (``Little`` in ``Twinkle Little Star``)."""
    return text[0].isupper() and before[0].isupper() and len(text) > 1 and _latin_guest(text) == _FUNCTION_WORD


def _plain_sentence(text: str) -> tuple[str, Costs] | None:
    """Kind and costs of a sentence that needs no search.

    It is all of one script and long enough to be no guest, or Chinese with guests that together cost less than any switch.
    """
    if "#" in text:
        return None
    if not has_other_than_han(text):
        return ("han", _PINNED["han"]) if _is_pinned_han(text) else None
    if not has_other_than_latin(text):
        return ("latin", _PINNED["latin"]) if _is_pinned(text) else None
    if has_other_than_han_and_latin(text) or _separator(text) or not _may_host(text):
        return None
    cost = 0.0
    for word in word_pattern.finditer(text):
        cost += _latin_guest(word.group())
        if cost >= _GUESTS:
            return None
    return "han", (cost, 9.0, 9.0)


def _plain_halves(text: str) -> tuple[tuple[str, str], tuple[int, int, int, int]] | None:
    """A sentence that turns once from one script to the other, both halves too long to be guests: kinds, starts and ends."""
    han, latin = _first_han(text), _first_latin(text)
    if han is None or latin is None or "#" in text or has_other_than_han_and_latin(text):
        return None
    han_end = _to_last_han(text).end()  # type: ignore[union-attr]
    latin_end = _to_last_latin(text).end()  # type: ignore[union-attr]
    if han_end <= latin.start():
        spans = (han.start(), han_end, latin.start(), latin_end)
        kinds = ("han", "latin")
    elif latin_end <= han.start():
        spans = (latin.start(), latin_end, han.start(), han_end)
        kinds = ("latin", "han")
        last_word = _last_word(text, 0, latin_end)
        if last_word is None or last_word.group().lower() in _DANGLING_WORDS:
            return None
    else:
        return None
    if _separator(text, spans[0], spans[1]) or _separator(text, spans[2], spans[3]):
        return None
    if not _is_pinned_han(text) or not _is_pinned(text[latin.start() : latin_end]):
        return None
    return kinds, spans


def _is_pinned(latin: str) -> bool:
    """Whether words in Latin letters cost more than `PINNED` as guests."""
    words = latin.split()
    if len(english_function_words().intersection(words)) * _FUNCTION_WORD > PINNED:
        return True
    cost = 0.0
    for word in words:
        cost += _latin_guest(word)
        if cost > PINNED:
            return True
    return False


def _adjusted(cost: float, before: _Word, kind: str, inner: bool, first: bool) -> float:
    """The cost of a switch between two words, by what the first of them is (``first``: it begins the line)."""
    if cost == STRONG:
        if inner and before.inner:
            return COMMA  # a sentence's end within a quotation
        return INTERJECTION if first and before.kind == "latin" and kind == "han" and before.size == 1 else STRONG
    if cost == COMMA and before.text in _INTERJECTIONS and before.kind == "han":
        return cost + DANGLING
    if cost == SPACE and kind == "latin" and before.kind == "han" and before.text[-1] in _CHINESE_DANGLING:
        return cost + DANGLING_HAN
    if cost in {SPACE, COMMA} and before.kind == "latin" and before.text.lower() in _DANGLING_WORDS:
        return cost + DANGLING
    return cost


def _costs(kind: str, text: str) -> Costs:
    """What a word in other than Latin letters costs in a Chinese clause, in one in Latin letters, in one in another language."""
    length = len(text)
    if kind == "han":
        if text in _INTERJECTIONS:
            return 0.0, 0.6, 0.6
        guest = 0.9 + 0.35 * min(length - 1, 12) + 0.6 * min(_function_words(text), 6)
        return 0.0, guest, guest
    if kind == "other":
        guest = 0.8 + 0.2 * min(length, 12)
    else:  # kana, hangul
        guest = (0.3 if text in "のノ" else 0.6) + 0.25 * min(length, 12)
    return guest, guest, 0.0


def _function_words(text: str) -> int:
    """How many function words of one character a run of Han holds."""
    number = len(_function_characters(text))
    if number and len(text) > 1:
        number -= len(_function_characters("".join(_content_words(text))))
    return number


def _kanji_costs(text: str) -> Costs:
    """What Han characters cost in a sentence with kana or hangul."""
    return 0.0, 1.5, 0.12 * len(text) + 0.7 * sum(map(NOT_JAPANESE.__contains__, text))


@lru_cache(maxsize=1 << 16)
def _latin_guest(text: str) -> float:
    """What a word in Latin letters costs as a guest of a Chinese clause."""
    lower = plain(text)
    if text.isupper() or len(text) == 1 or any(map(str.isdigit, text)):
        return 1.2 if text == "I" else 0.25
    if lower in _INTERJECTIONS:
        return 0.6
    if is_pinyin(lower):
        return 0.1
    if lower in english_function_words():
        return _FUNCTION_WORD
    if lower in any_foreign():
        return 1.0
    return 0.3 if text[0].isupper() else 0.5


def clauses_of(line: str) -> list[Clause]:
    """The clauses of a line with words, in order, each in one matrix language.

    The line is taken as it stands; the caller has replaced addresses (`mask_addresses`). Empty where it has no word.
    """
    gaps = sentence_gaps(line)
    label = label_end(line)
    found = None if label else plain_clauses(line, gaps)
    return searched_clauses(line, label, gaps) if found is None else found


def searched_clauses(line: str, label: int, gaps: list[Gap]) -> list[Clause]:
    """The clauses of any line, by search; ``label`` is where its label ends, ``gaps`` are those between its sentences."""
    words = _read(line, label, gaps)
    if not words:
        return []
    outside = {word.sentence for word in words if not word.inner}
    if has_other_than_latin(line):
        _mark_twins(line, words)
        states = _best_states(line, words, outside)
    else:
        states = [LATIN_STATE] * len(words)
    clauses: list[Clause] = []
    first = 0
    for index in range(1, len(words) + 1):
        if (
            index == len(words)
            or states[index] != states[first]
            or (states[index] == LATIN_STATE and words[index].before <= STRONG)
        ):
            is_label = first == 0 and label >= words[index - 1].end
            clauses.append(_clause(words[first:index], states[first], outside, at_start=first == 0, label=is_label))
            first = index
    return clauses


def plain_clauses(line: str, gaps: list[Gap]) -> list[Clause] | None:
    """The clauses of a line without a label that needs no search; None where a search may find others.

    Such a line has no brackets, bars or hashtags. Where it turns to another script, a sentence ends (or
    it has two plain halves), and what stands between two turns is too long to be a guest. So each
    stretch is in its own language, and each English sentence a clause.
    """
    if _needs_search(line) is not None or is_row(line):
        return None
    stretches: list[tuple[str | None, int]] = []
    for match in _stretch.finditer(line):
        if match.lastgroup == "other" or len(stretches) == _PLAIN_STRETCHES:
            return None
        stretches.append((match.lastgroup, match.start()))
    ends = {end: (start, split) for start, end, _, split in gaps}
    clauses: list[Clause] = []
    length = len(line)
    for (kind, first), (_, last) in pairwise([*stretches, (None, length)]):
        part = line[first:last]
        if len(stretches) > 1 and not (_is_pinned_han(part) if kind == "han" else _is_pinned(part)):
            return None
        begin = 0
        if clauses:
            turn = ends.get(first)
            if turn is None:
                begin = _turn_within_sentence(line, first, gaps)
            elif line[turn[0]] != "." or kind == "han":
                begin = turn[1]
            if not begin:
                return None
        if kind == "han":
            clauses.append(Clause(begin, "han", [], plain_han=not surely_chinese(part)))
            continue
        inside = [(stop, after, split) for stop, after, _, split in gaps if first < after <= last]
        starts = [(first, begin), *((after, split) for _, after, split in inside if after < last)]
        stops = [*(stop for stop, _, _ in inside), last][: len(starts)]
        for (start, split), end in zip(starts, stops, strict=True):
            sentence = line[start:end]
            if _has_digit(line[max(0, start - 1) : end]) and not _is_pinned(sentence):
                return None  # a number's full stop or unit may be among its words
            clauses.append(Clause(split, "latin", words_in(sentence)))
    return clauses


def _turn_within_sentence(line: str, turn: int, gaps: list[Gap]) -> int:
    """Where the second half of a sentence with two plain halves begins; 0 where they are not plain."""
    start = max((end for _, end, _, _ in gaps if end < turn), default=0)
    end = min((start for start, _, _, _ in gaps if start > turn), default=len(line))
    halves = _plain_halves(line[start:end])
    if halves is None:
        return 0
    _, (_, first_end, second_start, _) = halves
    cost, split = gap(line, start + first_end, start + second_start)
    return split if cost <= SPACE else 0


def _best_states(line: str, words: list[_Word], outside: set[int]) -> list[int]:
    """The cheapest sequence of matrix languages, one for each word (Viterbi)."""
    with_han = {word.sentence for word in words if word.kind == "han"}
    kana = _with_kana(words)
    back: list[tuple[int, int, int]] = []
    han = latin = other = inner_cost = 0.0
    last = len(words) - 1
    for index, word in enumerate(words):
        if index:
            if han <= latin and han <= other:
                cheapest, state = han, HAN_STATE
            elif latin <= other:
                cheapest, state = latin, LATIN_STATE
            else:
                cheapest, state = other, OTHER_STATE
            switched = cheapest + word.before
            came_han, came_latin, came_other = HAN_STATE, LATIN_STATE, OTHER_STATE
            if han > switched:
                han, came_han = switched, state
            if latin > switched:
                latin, came_latin = switched, state
            if other > switched:
                other, came_other = switched, state
            back.append((came_han, came_latin, came_other))
        as_han, as_latin, as_other = word.costs
        if kana and word.kind == "han" and word.sentence in kana:
            as_han, as_latin, as_other = _kanji_costs(word.text)
        if word.inner and word.sentence in outside:
            weight = INNER if inner_cost < MOST_INNER else 0.0
            inner_cost += weight * max(as_han, as_latin, as_other)
            han += weight * as_han
            latin += weight * as_latin
            other += weight * as_other
        else:
            inner_cost = 0.0
            han += as_han
            latin += as_latin
            other += as_other
        mark = line[word.end : word.end + 1]
        if mark in _FULL_STOPS and (index == last or words[index + 1].sentence != word.sentence):
            # each language has a full stop of its own
            if mark == "。" and word.sentence in with_han:
                latin += MARK_OF_THE_OTHER
                other += MARK_OF_THE_OTHER
            elif mark == "." and word.kind == "han":
                han += MARK_OF_THE_OTHER
    state = HAN_STATE if han <= latin and han <= other else LATIN_STATE if latin <= other else OTHER_STATE
    states = [state]
    for came in reversed(back):
        state = came[state]
        states.append(state)
    states.reverse()
    return states


def _with_kana(words: list[_Word]) -> set[int]:
    """The sentences with kana or hangul; one の alone is found in Chinese too, as a fashion."""
    found = [word for word in words if word.kind in {"kana", "hangul"}]
    if not found:
        return set()
    alone = len(found) == 1 and found[0].text in "のノ"
    return set() if alone else {word.sentence for word in found}


def surely_chinese(text: str) -> bool:
    """Whether Han text holds what Japanese does not write: a function word, a form of another script, a Chinese word."""
    return _not_written_in_japanese()(text) is not None or _chinese_word(text) is not None


@cache
def _not_written_in_japanese() -> Callable[[str], object]:
    return re.compile(f"[{''.join(sorted(NOT_JAPANESE | not_japanese()))}]").search


def _mark_twins(line: str, words: list[_Word]) -> None:
    """Makes the switch cheap where a unit says one thing in two languages: a sign, a dish, a dictionary entry, a form's label.

    A unit is what stands between sentence ends, labels, bars and boxes.
    """
    first = 0
    for index in range(1, len(words) + 1):
        if index == len(words) or words[index].before <= STRONG:
            if 2 <= index - first <= _TWIN_WORDS and _ends_as_sentence(line, words[index - 1].end) is None:
                for turn in _twin_turns([word for word in words[first:index] if not word.inner]):
                    turn.before = TWIN
            first = index


def _twin_turns(words: list[_Word]) -> list[_Word]:
    """The words at which a unit turns from one language to the other, if it says one thing in each; else none.

    Such a unit has Han on one side and Latin letters on the other (or on both others: ``Nama 姓名 Name``), white space
    between them, no function words in the Chinese and a common English word in the English (a name alone is a guest:
    ``新款 MacBook Pro``).
    """
    turns = [index for index in range(1, len(words)) if words[index].kind != words[index - 1].kind]
    if not turns or len(turns) > 2 or any(word.size > 1 or word.kind not in {"han", "latin"} for word in words):
        return []
    if any(words[turn].before not in {SPACE, DASH} for turn in turns):
        return []
    parts = [words[first:last] for first, last in pairwise([0, *turns, len(words)])]
    han = [part for part in parts if part[0].kind == "han"]
    if len(han) > 1 or COMMA in {word.before for word in han[0][1:]}:
        return []
    chinese = "".join(word.text for word in han[0]).removeprefix("是日")
    if not NEVER_ON_SIGNS.isdisjoint(chinese.removesuffix("的")):
        return []
    if parts[-1] is not han[0] and _wants_an_object(chinese):
        return []
    latin = [part for part in parts if part is not han[0]]
    for part in latin:
        english = [plain(word.text) for word in part]
        if len(english) > 4 or len(chinese) > (_MOST_OF_A_SIGN if len(english) > 1 else _MOST_OF_A_TERM):
            return []
        if english[0 if part is parts[-1] else -1] in _DANGLING_WORDS - {"to", "no", "the", "a"}:
            return []
        if len(latin) > 1 and (len(english) > 2 or not english_function_words().isdisjoint(english)):
            return []  # rather a sentence with a guest
        known = any_foreign() if len(latin) > 1 else frozenset[str]()
        if not any((word in known_english() or word in known) and word not in _INTERJECTIONS for word in english):
            return []
    return [words[turn] for turn in turns]


def _clause(words: list[_Word], state: int, outside: set[int], at_start: bool, label: bool) -> Clause:
    evidence: list[str] = []
    if state == LATIN_STATE:
        latin = [word for word in words if word.kind == "latin"]
        plainly = [word for word in latin if not (word.inner and word.sentence in outside)] or latin
        for word in plainly:
            if word.size > 1:
                evidence += words_in(word.text)
            else:
                evidence.append(word.text)
    return Clause(
        start=0 if at_start else words[0].clause_start,
        state=STATES[state],
        words=evidence,
        label=label,
        plain_han=state == HAN_STATE and all(word.kind == "han" and not surely_chinese(word.text) for word in words),
        japanese=state == OTHER_STATE and any(word.kind == "kana" for word in words),
    )
