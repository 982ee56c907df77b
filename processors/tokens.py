"""Tokens: Chinese cut into words by jieba, everything between the Chinese by character class."""

from __future__ import annotations

import atexit
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import resources
from itertools import accumulate
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .detection.characters import HAN, LATIN, MARKS
from .detection.script import simplified
from .errors import UsageError
from .settings import TokenSettings

if TYPE_CHECKING:
    import jieba

Cut = Callable[[str], Iterable[str]]
"""Simplified Han in, its words out."""

_han = re.compile(f"([{HAN}]+)")
_other = re.compile(
    rf"[{LATIN}0-9０-９][{LATIN}{MARKS}0-9０-９]*(?:['’._%+-][{LATIN}0-9０-９]+)*|\s+|[^\W{HAN}]+|[\s\S]"
)
"""A token of what stands between the Han."""
_english = re.compile(r"\w+(?:['’.,:-]\w+)*|[^\w\s]")


@cache
def _segmenter(settings: TokenSettings) -> Cut:
    """What cuts Han into words under these settings, its dictionaries loaded."""
    return _rjieba(settings) if settings.segmenter == "rjieba" else _JiebaCut(_jieba(settings))


def _jieba(settings: TokenSettings) -> jieba.Tokenizer:
    """A jieba tokenizer of our own: its cache lies in a private folder, not under a fixed name in the shared one."""
    import jieba
    from platformdirs import user_cache_path

    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    folder = user_cache_path("duiyi") / "jieba"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:  # a read-only home: work without a cache that lasts
        folder = Path(tempfile.mkdtemp(prefix="duiyi-jieba-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tokenizer.tmp_dir = str(folder)
    tokenizer.cache_file = f"jieba-{jieba.__version__}.cache"
    for word, frequency, tag in _user_words(settings):
        tokenizer.add_word(word, frequency, tag)
    tokenizer.initialize()
    return tokenizer


_jieba_han = re.compile("([\u4e00-\u9fd5]+)")
"""What jieba takes for Han; every other character is a word."""
_B, _M, _E, _S = range(4)
"""The states of jieba's hidden Markov model: a character begins a word, stands in its middle, ends it, is one."""
_LAST_STATES = (_E, _S)


class _JiebaCut:
    """`jieba.Tokenizer.cut` for runs of Han, over jieba's dictionary and hidden Markov model: the same words by tighter loops.

    jieba builds a graph of all words, then the best route through it; here both are one loop from right to left.
    """

    def __init__(self, tokenizer: jieba.Tokenizer) -> None:
        from jieba import finalseg

        self._frequency: Callable[[str], int | None] = tokenizer.FREQ.get
        self._log_total = log(tokenizer.total)
        self._alone = {
            character: log(self._frequency(character) or 1) - self._log_total
            for character in map(chr, range(0x4E00, 0x9FD6))
        }
        self._no_words = {character for character in self._alone if not self._frequency(character)}
        """Characters that are words only where nothing longer begins with them."""
        self._never_words: set[str] = finalseg.Force_Split_Words
        emissions = [finalseg.emit_P[state] for state in "BMES"]
        self._emissions: dict[str, tuple[float, ...]] = {
            character: tuple(emission.get(character, finalseg.MIN_FLOAT) for emission in emissions)
            for character in set().union(*emissions)
        }
        self._unseen = (finalseg.MIN_FLOAT,) * 4
        self._starts: tuple[float, ...] = tuple(finalseg.start_P[state] for state in "BMES")
        self._moves: tuple[float, ...] = tuple(
            finalseg.trans_P[first][second] for first, second in ("EB", "SB", "BM", "MM", "BE", "ME", "ES", "SS")
        )

    def __call__(self, text: str) -> list[str]:
        words: list[str] = []
        for number, part in enumerate(_jieba_han.split(text)):
            if number % 2:
                self._add_words(part, words)
            else:
                words += part
        return words

    def _add_words(self, run: str, words: list[str]) -> None:
        """Adds the words of the most probable route; characters that are left alone by it go to the Markov model."""
        ends = self._best_ends(run)
        start = alone = 0  # `alone`: from here to `start` there are single characters
        length = len(run)
        while start < length:
            end = ends[start]
            if end - start > 1:
                if alone < start:
                    self._add_unknown(run[alone:start], words)
                words.append(run[start:end])
                alone = end
            start = end
        if alone < length:
            self._add_unknown(run[alone:], words)

    def _best_ends(self, run: str) -> list[int]:
        """Where the word ends that begins at each character, on the best route from there."""
        frequency, log_total, alone = self._frequency, self._log_total, self._alone
        length = len(run)
        ends = list(range(1, length + 1))
        scores = [0.0] * (length + 1)
        best = scores[-2] = alone[run[-1]]
        for start in range(length - 2, -1, -1):
            end = start + 2
            found = frequency(run[start:end])
            best += alone[run[start]]
            if found is not None:  # the dictionary holds the beginnings of its words too, as 0
                lone = best
                if run[start] in self._no_words:
                    best = float("-inf")
                while found is not None:
                    if found:
                        score = log(found) - log_total + scores[end]
                        if score >= best:  # of equals the longest
                            best, ends[start] = score, end
                    end += 1
                    if end > length:
                        break
                    found = frequency(run[start:end])
                if best == float("-inf"):
                    best = lone
            scores[start] = best
        return ends

    def _add_unknown(self, run: str, words: list[str]) -> None:
        """Adds the words that the hidden Markov model finds among characters that no word of the dictionary took."""
        if len(run) == 1:
            words.append(run)
        elif self._frequency(run):  # a word of the dictionary, but the best route has it as characters
            words += run
        else:
            start = 0
            for index, state in enumerate(self._best_states(run), 1):
                if state in _LAST_STATES:
                    word = run[start:index]
                    if word in self._never_words:
                        words += word
                    else:
                        words.append(word)
                    start = index

    def _best_states(self, run: str) -> list[int]:
        """The most probable state of each character (Viterbi); of equals the later letter, as jieba has it."""
        emissions, unseen = self._emissions.get, self._unseen
        e_b, s_b, b_m, m_m, b_e, m_e, e_s, s_s = self._moves
        begin, middle, end, single = map(float.__add__, self._starts, emissions(run[0], unseen))
        came: list[tuple[int, int, int, int]] = []
        for character in run[1:]:
            as_begin, as_middle, as_end, as_single = emissions(character, unseen)
            from_end, from_single = end + e_b, single + s_b
            to_begin, begin_from = (from_single, _S) if from_single >= from_end else (from_end, _E)
            from_begin, from_middle = begin + b_m, middle + m_m
            to_middle, middle_from = (from_middle, _M) if from_middle >= from_begin else (from_begin, _B)
            from_begin, from_middle = begin + b_e, middle + m_e
            to_end, end_from = (from_middle, _M) if from_middle >= from_begin else (from_begin, _B)
            from_end, from_single = end + e_s, single + s_s
            to_single, single_from = (from_single, _S) if from_single >= from_end else (from_end, _E)
            came.append((begin_from, middle_from, end_from, single_from))
            begin, middle, end, single = (
                to_begin + as_begin,
                to_middle + as_middle,
                to_end + as_end,
                to_single + as_single,
            )
        state = _S if single >= end else _E
        states = [state]
        for origins in reversed(came):
            state = origins[state]
            states.append(state)
        states.reverse()
        return states


def _rjieba(settings: TokenSettings) -> Cut:
    try:
        import rjieba
    except ImportError as error:
        raise UsageError('tokens.segmenter = "rjieba" needs that package: pip install "duiyi[rjieba]"') from error
    segmenter = rjieba.Jieba()
    for word, frequency, tag in _user_words(settings):
        segmenter.add_word(word, frequency, tag)
    cut: Cut = segmenter.cut
    return cut


def _user_words(settings: TokenSettings) -> Iterator[tuple[str, int | None, str | None]]:
    """The words of the packaged and of the user's dictionary, in jieba's format: word, frequency, tag, a line each."""
    packaged = resources.files("duiyi.config").joinpath("user_dictionary.txt").read_text("utf-8")
    yield from _parsed(packaged)
    if settings.user_dictionary is not None:
        try:
            yield from _parsed(settings.user_dictionary.read_text("utf-8-sig"))
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot use tokens.user_dictionary {settings.user_dictionary}: {error}") from error


_entry = re.compile(r"(?P<word>.+?)(?:\s+(?P<frequency>\d+))?(?:\s+(?P<tag>[a-zA-Z]+))?").fullmatch


def _parsed(text: str) -> Iterator[tuple[str, int | None, str | None]]:
    for line in text.splitlines():
        found = _entry(line.strip())
        if found is not None:
            frequency: Any = found["frequency"]
            yield found["word"], None if frequency is None else int(frequency), found["tag"]


def tokens_of(text: str, settings: TokenSettings | None = None) -> list[str]:
    """The tokens of a Chinese sentence; joined they give ``text`` back exactly, white space included.

    jieba (a dictionary's word graph and its most probable path, with a hidden Markov model for unknown words) sees only
    runs of Han characters, in simplified form, because its dictionary is simplified and its user words would cut through Latin
    ones.

    Raises:
        UsageError: the user's dictionary can't be read, or the segmenter that the settings name is not installed.
    """
    cut = _segmenter(settings or TokenSettings())
    plain = simplified(text)
    found: list[str] = []
    for number, piece in enumerate(_han.split(plain)):
        if number % 2 == 0:
            found += _other.findall(piece) if len(piece) > 1 else piece
        elif len(piece) == 1:
            found.append(piece)
        else:
            found += cut(piece)
    if plain == text:
        return found
    ends = accumulate(map(len, found))
    return [text[end - len(word) : end] for word, end in zip(found, ends, strict=True)]


def english_tokens(text: str) -> list[str]:
    """Words and punctuation marks of an English text, white space left out."""
    return _english.findall(text)
