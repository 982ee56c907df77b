"""How much of a Chinese sentence a dictionary finds in its English: the adequacy that can be seen without a reference.

Counting the source words whose dictionary translations occur in the hypothesis is one of the oldest black-box features of
quality estimation (Blatz et al. 2004, "Confidence estimation for machine translation"; Specia et al. 2013, QuEst).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..detection.characters import HAN
from .lexicon import MOST_CHARACTERS, lexicon, plain_chinese
from .stems import content_stems

_han = re.compile(f"[{HAN}]+")
_number = re.compile(r"[\d.]$")
_COUNTERS = "年月日号时点分秒"
_DEMONYMS = {
    "Switzerland": "Swiss",
    "Poland": "Polish",
    "Philippines": "Filipino",
    "Spain": "Spanish",
    "Denmark": "Danish",
    "Netherlands": "Dutch",
    "Thailand": "Thai",
    "Wales": "Welsh",
}
"""Those that don't begin as their country does."""
_KINDS_OF_PLACE = "市省县区州"
_counter = re.compile(rf"(?<=\d)[{_COUNTERS}]")
_INDIRECTLY = 0.5
"""What a word counts for of which only a part, a longer gloss or a paraphrase is found."""


def covered_share(chinese: str, english: str) -> float:
    """The share (0 to 1) of the content words of the Chinese whose dictionary English stands in ``english``; 1 where it has none."""
    words = [token for run in _han.findall(plain_chinese(chinese)) for token in lexicon().tokens(run)]
    if not words:
        return 1.0
    said = set(content_stems(english))
    return sum(
        1.0 if not word.strong.isdisjoint(said) else _INDIRECTLY if not word.weak.isdisjoint(said) else 0.0
        for word in words
    ) / len(words)


def lacking_words(words: Iterable[str], english: str) -> list[tuple[str, str]]:
    """The rare ones of a sentence's words that ``english`` lacks, each with what the dictionary calls it."""
    known, said = lexicon(), set(content_stems(english))
    found: dict[str, str] = {}
    before = ""
    for word in map(plain_chinese, words):
        counted = _number.search(before) and word[0] in _COUNTERS  # "12日电" has no 日电
        before = word.strip() or before
        gloss = known.glosses.get(word)
        if gloss is None or counted:
            continue
        tokens = known.tokens(word)
        if len(tokens) == 1 and said.isdisjoint(tokens[0].strong | tokens[0].weak):
            found[word] = gloss
    return list(found.items())


def is_name(word: str, gloss: str) -> bool:
    """Whether a rare word is a name and nothing else: 台中, Taichung; not 大众, Volkswagen and the masses."""
    others = set(lexicon().strong.get(plain_chinese(word), ())) - set(content_stems(gloss))
    return gloss[:1].isupper() and not others


def lost_names(chinese: str, english: str) -> list[tuple[str, str]]:
    """The names in a sentence that ``english`` lacks, each with what the dictionary calls it. They are found whatever words it was cut into."""
    said = content_stems(english)
    return [
        (word, gloss)
        for word, gloss in _names_in(plain_chinese(chinese)).items()
        if not any(_is_form_of(stem, one) for one in _stems_of_name(word, gloss) for stem in said)
    ]


def _stems_of_name(word: str, gloss: str) -> set[str]:
    return {*lexicon().strong.get(word, ()), *content_stems(gloss), *content_stems(_DEMONYMS.get(gloss, ""))}


def _is_form_of(stem: str, name: str) -> bool:
    """Whether a word may be made of a name: Ukrainian of Ukraine; not Shanghai of Shandong."""
    return stem.startswith(name[: max(4, len(name) - 2)])


def _names_in(chinese: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for run in _han.findall(_counter.sub(" ", chinese)):  # "12日电" has no 日电
        start = 0
        while start < len(run):
            word = lexicon().word_at(run, start)
            last = min(start + 1 + MOST_CHARACTERS, len(run))
            if lexicon().glosses.get(word, "").startswith("in ") and any(
                _gloss_of_name(run[start + 1 : end]) for end in range(start + len(word) + 1, last + 1)
            ):
                word = run[start]  # 在 台中, not 在台 中
            name = word if _gloss_of_name(word) else word[:-1] if word[-1] in _KINDS_OF_PLACE else ""
            if gloss := _gloss_of_name(name):
                found[name] = gloss
            start += len(word)
    return found


def name_alone(chinese: str) -> str:
    """What the dictionary calls a sentence that is one name and nothing else; empty where it is none."""
    return _gloss_of_name(plain_chinese(chinese)).split(" or ")[0]


def _gloss_of_name(word: str) -> str:
    gloss = lexicon().glosses.get(word, "") if 1 < len(word) <= MOST_CHARACTERS else ""
    return gloss if gloss and is_name(word, gloss) else ""
