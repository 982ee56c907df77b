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
from collections import Counter, defaultdict
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
_spaced = {code: " " for code in range(128) if not chr(code).isalpha() and chr(code) != "'"}


def words_in(text: str) -> list[str]:
    """All matches of `word_pattern`, in ASCII found faster."""
    if not text.isascii():
        return word_pattern.findall(text)
    text = text.translate(_spaced)
    if "'" in text:  # it belongs to a word between two letters only
        text = f" {text} ".replace("''", "  ").replace("' ", " ").replace(" '", " ")
    return text.split()


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
def _languages_of() -> dict[str, list[str]]:
    """For each word of `any_foreign` the languages it is one of."""
    found: dict[str, list[str]] = defaultdict(list)
    for code, words in foreign_function_words().items():
        for word in words:
            found[word].append(code)
    return dict(found)


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
        """langid's sums in another order: over the states that a text passes, not over all features of the model."""

        def __init__(self, *model: Any) -> None:
            super().__init__(*model)
            self.state_scores = np.zeros((len(self.tk_nextmove) >> 8, len(self.nb_classes)))
            for state, features in self.tk_output.items():
                self.state_scores[state] = self.nb_ptc[features].sum(axis=0)

        def instance2fv(self, text: str) -> list[int]:
            """The states of its automaton that the text passes."""
            moves = self.tk_nextmove
            state = 0
            return [state := moves[(state << 8) + letter] for letter in text.encode()]

        def nb_classprobs(self, fv: list[int]) -> Any:
            return self.state_scores.take(fv, axis=0).sum(axis=0) + self.nb_pc

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
    ranked: list[float] = found.nb_classprobs(found.instance2fv(text)).tolist()
    english = ranked.pop(found.nb_classes.index("en"))
    return english - max(ranked)


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
    if any_foreign().isdisjoint(lower) and not english_function_words().isdisjoint(lower):
        return "en", True
    hits = sum(map(english_function_words().__contains__, lower))
    content = sum(map(common_english().__contains__, lower))
    most_foreign = 0
    if not any_foreign().isdisjoint(lower):
        # a capitalised word inside a clause, or one of two in capitals, is rather a name
        languages = _languages_of()
        counts = Counter(
            code
            for number, word in enumerate(lower)
            if word in languages
            and not (number and words[number][:1].isupper())
            and not (len(words) < 3 and len(words[number]) > 1 and words[number].isupper())
            for code in languages[word]
        )
        most_foreign = max(counts.values(), default=0)
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
