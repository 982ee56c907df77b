"""English or another language, for words in Latin letters.

Two methods of the field, cheapest first: counting function words (the classic "small words" method, Ingle 1976;
Grefenstette 1995, "Comparing two language identification schemes"), then langid.py (Lui & Baldwin 2012) over what
they leave open.
"""

from __future__ import annotations

import math
import re
import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from .characters import LATIN, MARKS

if TYPE_CHECKING:
    from langid.langid import LanguageIdentifier

Verdict = Literal["en", "xx"]
_TELLING_LETTERS = 12
"""So many letters of unknown words are enough for langid."""

word_pattern = re.compile(f"[{LATIN}][{LATIN}{MARKS}]*(?:['’][{LATIN}]+)*")


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Function words by language code, lower case."""
    text = resources.files(__package__).joinpath("function_words.txt").read_text("utf-8")
    lines = (line.split(":", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {code: frozenset(words.split()) for code, words in lines}


@cache
def english_function_words() -> frozenset[str]:
    """English function words, particles of Singlish included."""
    return function_words()["en"]


@cache
def foreign_function_words() -> dict[str, frozenset[str]]:
    """For each other language, the function words that English has not."""
    english = english_function_words() | common_english()
    return {code: words - english for code, words in function_words().items() if code != "en"}


@cache
def any_foreign() -> frozenset[str]:
    """All function words of other languages that are no English words."""
    return frozenset().union(*foreign_function_words().values())


@cache
def common_english() -> frozenset[str]:
    """Common English content words."""
    text = resources.files(__package__).joinpath("common_words.txt").read_text("utf-8")
    return frozenset(text.split("\n", 1)[1].split())


@cache
def known_english() -> frozenset[str]:
    """All words known to be English."""
    return common_english() | english_function_words()


@cache
def identifier() -> LanguageIdentifier:
    """langid's identifier over the narrowed model."""
    import numpy as np
    from langid.langid import LanguageIdentifier

    class Identifier(LanguageIdentifier):  # type: ignore[misc]
        def nb_classprobs(self, fv: Any) -> Any:
            # the same sum over the few features that a short text has, a hundred times fewer
            present = fv.nonzero()[0]
            return fv[present] @ self.nb_ptc[present] + self.nb_pc

    outputs: dict[int, list[int]] = defaultdict(list)
    with resources.as_file(resources.files(__package__).joinpath("langid_latin.npz")) as path, np.load(path) as model:
        for state, feature in zip(model["output_state"].tolist(), model["output_feature"].tolist(), strict=True):
            outputs[state].append(feature)
        return Identifier(
            model["features"],
            model["prior"],
            len(model["features"]),
            model["classes"].tolist(),
            array("H", model["transitions"].tobytes()),
            dict(outputs),
        )


def english_log_odds(text: str) -> float:
    """Log-odds of English against the best other language, by langid, for a text in lower case. Positive: English."""
    found = identifier()
    ranked = found.nb_classprobs(found.instance2fv(text))
    english = found.nb_classes.index("en")
    others = max(float(score) for index, score in enumerate(ranked) if index != english)
    return float(ranked[english]) - others


_toned = re.compile("[āēīōūǖǎěǐǒǔǚǜ]").search
_syllables = re.compile(
    "(?:(?:[bpmfdtnlgkhjqxzcsryw]|[zcs]h)?(?:[aāáǎàeēéěèiīíǐìoōóǒòuūúǔùüǖǘǚǜ]{1,3})(?:ng?|r)?)+"
).fullmatch


def is_pinyin(word: str) -> bool:
    """Whether a word in lower case is pinyin with tone marks (macron and caron over vowels are hardly found elsewhere)."""
    return not word.isascii() and _toned(word) is not None and _syllables(word) is not None


def plain(word: str) -> str:
    """Lower case, full-width letters as ordinary ones."""
    return word.lower() if word.isascii() else unicodedata.normalize("NFKC", word).lower()


def judge(words: Sequence[str], min_words: int, label: bool = False) -> tuple[Verdict | None, bool]:
    """Language of the words of one clause, and whether that is certain.

    None where there is nothing to go by: fewer than ``min_words`` words and none of them known. A ``label`` is English
    unless it holds a word of another language: names of users are.
    """
    lower = list(map(str.lower, words)) if "".join(words).isascii() else [plain(word) for word in words]
    hits = sum(map(english_function_words().__contains__, lower))
    content = sum(map(common_english().__contains__, lower))
    most_foreign = 0
    if not any_foreign().isdisjoint(lower):
        # a capitalised word inside a clause, or one of two in capitals, is rather a name
        evidence = [
            word
            for number, (word, raw) in enumerate(zip(lower, words, strict=True))
            if not ((number and raw[:1].isupper()) or (len(words) < 3 and len(raw) > 1 and raw.isupper()))
        ]
        most_foreign = max(sum(map(known.__contains__, evidence)) for known in foreign_function_words().values())
    if not most_foreign and label:
        return "en", True
    if not most_foreign and hits + content:
        return "en", hits > 0 or content >= min(2, len(words))
    if most_foreign >= 2 and most_foreign > hits + 0.5 * content:
        return "xx", True
    if any(map(is_pinyin, lower)):
        return "en", True
    letters = sum(map(len, words))
    marked = sum(not word.isascii() for word in lower)
    unknown = any(len(raw) > 4 and raw[0].islower() and raw not in known_english() for raw in words)
    if len(words) < min_words and not marked and not (unknown and letters > _TELLING_LETTERS and not hits + content):
        if most_foreign > hits + content:
            return "xx", most_foreign == len(words)
        return ("en", False) if hits + content else (None, False)
    odds = english_log_odds(" ".join(lower))
    # Evidence in nats: words known to be of one side count about as much as six letters of langid's features, and
    # capitalised names are no evidence, which is why short texts get a prior for English.
    odds += 6.0 * hits + 3.0 * content - 6.0 * most_foreign - 4.0 * marked + 8.0
    certain = abs(odds) > 4.0 + 40.0 / math.sqrt(letters)
    return ("en" if odds > 0 else "xx"), certain
