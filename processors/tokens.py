"""Tokens: Chinese cut into words by jieba, everything between the Chinese by character class."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from .detection.characters import HAN, LATIN, MARKS
from .detection.script import simplified
from .errors import UsageError
from .settings import TokenSettings

if TYPE_CHECKING:
    import jieba

_span = re.compile(
    rf"(?P<han>[{HAN}]+)|[{LATIN}0-9０-９][{LATIN}{MARKS}0-9０-９]*(?:['’._%+-][{LATIN}0-9０-９]+)*|\s+|[^\W{HAN}]+|[\s\S]"
)
_english = re.compile(r"\w+(?:['’.,:-]\w+)*|[^\w\s]")


@cache
def _segmenter(user_dictionary: Path | None) -> jieba.Tokenizer:
    """A jieba tokenizer of our own: its cache lies in a private folder, not under a fixed name in the shared one."""
    import logging

    import jieba
    from platformdirs import user_cache_path

    jieba.setLogLevel(logging.ERROR)
    packaged = resources.files("duiyi.config").joinpath("user_dictionary.txt")
    tokenizer = jieba.Tokenizer()
    folder = user_cache_path("duiyi") / "jieba"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:  # a read-only home: work without a cache that lasts
        folder = Path(tempfile.mkdtemp(prefix="duiyi-jieba-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tokenizer.tmp_dir = str(folder)
    tokenizer.cache_file = f"jieba-{jieba.__version__}.cache"
    with packaged.open("rb") as file:
        tokenizer.load_userdict(file)
    if user_dictionary is not None:
        try:
            with user_dictionary.open("rb") as file:
                tokenizer.load_userdict(file)
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot use tokens.user_dictionary {user_dictionary}: {error}") from error
    return tokenizer


def tokens_of(text: str, settings: TokenSettings | None = None) -> list[str]:
    """The tokens of a Chinese sentence; joined they give ``text`` back exactly, white space included.

    jieba (a dictionary's word graph and its most probable path, with a hidden Markov model for unknown words) sees only
    runs of Han characters, in simplified form, because its dictionary is simplified and its user words would cut through Latin
    ones.
    """
    segmenter = _segmenter(settings.user_dictionary if settings else None)
    found: list[str] = []
    for match in _span.finditer(text):
        piece = match.group()
        if match.lastgroup != "han" or len(piece) == 1:
            found.append(piece)
            continue
        position = 0
        for word in segmenter.cut(simplified(piece)):
            found.append(piece[position : position + len(word)])
            position += len(word)
    return found


def english_tokens(text: str) -> list[str]:
    """Words and punctuation marks of an English text, white space left out."""
    return _english.findall(text)
