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

_span = re.compile(
    rf"(?P<han>[{HAN}]+)|[{LATIN}0-9０-９][{LATIN}{MARKS}0-9０-９]*(?:['’._%+-][{LATIN}0-9０-９]+)*|\s+|[^\W{HAN}]+|[\s\S]"
)
_english = re.compile(r"\w+(?:['’.,:-]\w+)*|[^\w\s]")


class _Graph(dict[int, list[int]]):
    """jieba's graph of words (each start with the ends of the words that begin there) with their log-probabilities."""

    weights: list[list[float]]


@cache
def _segmenter(settings: TokenSettings) -> Cut:
    """What cuts Han into words under these settings, its dictionaries loaded."""
    return _rjieba(settings) if settings.segmenter == "rjieba" else _jieba(settings).cut


def _jieba(settings: TokenSettings) -> jieba.Tokenizer:
    """A jieba tokenizer of our own: its cache lies in a private folder, not under a fixed name in the shared one."""
    import jieba
    from platformdirs import user_cache_path

    class Tokenizer(jieba.Tokenizer):  # type: ignore[misc]
        """jieba with the two inner loops of its search written tighter; the words are the same."""

        def get_DAG(self, sentence: str) -> _Graph:  # noqa: N802 - jieba's name
            self.check_initialized()
            frequency = self.FREQ.get
            total = log(self.total)
            length = len(sentence)
            graph = _Graph()
            graph.weights = weights = []
            for start in range(length):
                ends: list[int] = []
                logs: list[float] = []
                end = start + 1
                found = frequency(sentence[start])
                while found is not None:
                    if found:
                        ends.append(end)
                        logs.append(log(found) - total)
                    end += 1
                    if end > length:
                        break
                    found = frequency(sentence[start:end])
                graph[start] = ends or [start + 1]
                weights.append(logs or [-total])
            return graph

        def calc(self, sentence: str, DAG: _Graph, route: dict[int, tuple[float, int]]) -> None:  # noqa: N803
            last = len(sentence)
            route[last] = (0, 0)
            for start in range(last - 1, -1, -1):
                best, best_end = float("-inf"), start
                for end, weight in zip(DAG[start], DAG.weights[start], strict=True):
                    score = weight + route[end][0]
                    if score >= best:  # of equals the longest, as max() over (score, end) has it
                        best, best_end = score, end
                route[start] = (best, best_end - 1)

    jieba.setLogLevel(logging.ERROR)
    tokenizer = Tokenizer()
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
    return tokenizer


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
    found: list[str] = []
    for match in _span.finditer(text):
        piece = match.group()
        if match.lastgroup != "han" or len(piece) == 1:
            found.append(piece)
            continue
        plain = simplified(piece)
        if plain == piece:
            found += cut(piece)
            continue
        position = 0
        for word in cut(plain):
            found.append(piece[position : position + len(word)])
            position += len(word)
    return found


def english_tokens(text: str) -> list[str]:
    """Words and punctuation marks of an English text, white space left out."""
    return _english.findall(text)
