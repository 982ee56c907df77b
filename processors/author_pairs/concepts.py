"""Words of grammar and marks that go together in translations: pronouns, negation, questions, conjunctions.

A dictionary says little of them, but in a short post who speaks to whom, and whether something is asked or denied, tells a translation from another
sentence on the subject. How much each tells is counted on the labelled examples (``fit_weights``).
"""

from __future__ import annotations

import re

CONCEPTS: dict[str, tuple[str, str]] = {
    "i": (r"我(?!们)|俺|本人", r"\b(?:i|me|my|mine|myself|im|i'm|i've|i'll)\b"),
    "we": (r"我们|咱|大家|我国", r"\b(?:we|us|our|ours|let's|ourselves)\b"),
    "you": (r"[你您]", r"\b(?:you|your|yours|yourself|yourselves|u|ya|y'all)\b"),
    "he": (r"他(?!们)", r"\b(?:he|him|his|himself)\b"),
    "she": (r"她(?!们)", r"\b(?:she|her|hers|herself)\b"),
    "they": (r"[他她它]们", r"\b(?:they|them|their|theirs)\b"),
    "not": (r"[不没未非无勿别莫]", r"\b(?:not|no|never|none|nor|neither|nobody|nothing|without|cannot|can't)\b|n['’]t\b"),
    "question": (r"[?？]|吗|呢|什么|谁|哪|怎|为何|多少", r"\?|\b(?:who|what|where|why|how)\b"),
    "exclamation": (r"[!！]", r"!"),
    "if": (r"如果|要是|假如|若|只要|的话|除非", r"\b(?:if|unless|whether|provided)\b"),
    "because": (r"因为|由于|因此|所以|以便|既然", r"\b(?:because|since|so|therefore|thus|due|as|cuz|cause)\b"),
    "but": (r"但|可是|不过|然而|却|虽然|尽管", r"\b(?:but|however|yet|although|though|despite|while)\b"),
    "and": (r"[和与及、]|以及|并|而且", r"\b(?:and)\b|&"),
    "or": (r"或|还是", r"\b(?:or|either)\b"),
    "when": (r"时|当|之后|之前|以后|以前", r"\b(?:when|while|after|before|during|as|once|until)\b"),
    "will": (r"将|会|要", r"\b(?:will|would|shall|gonna|going)\b|['’]ll\b"),
    "can": (r"能|可以|可能|得以", r"\b(?:can|could|may|might|able|cannot|allows?)\b"),
    "must": (r"必须|应|需|得去|要", r"\b(?:must|should|shall|need|needs|have to|has to|ought)\b"),
    "more": (r"更|比|最|越", r"\b(?:more|most|than|less|better|best|\w+er|\w+est)\b"),
    "every": (r"每|都|所有|各|一切|全", r"\b(?:every|all|each|always|any|whole|everyone|everything)\b"),
    "this": (r"这|此|本", r"\b(?:this|these|here)\b"),
    "that": (r"那", r"\b(?:that|those|there|then)\b"),
    "quotation": (r"[“”\"「」《》]", r"[\"“”]"),
    "colon": (r"[：:]", r":"),
    "bracket": (r"[（(]", r"\("),
    "dots": (r"…|\.\.\.", r"…|\.\.\."),
    "code": (r"`", r"`"),
    "hash": (r"#|＃", r"#"),
    "at": (r"@", r"@"),
    "address": (r"https?:|www\.", r"https?:|www\."),
    "like": (r"喜欢|爱|希望|想", r"\b(?:like|love|loves|want|wants|hope|wish|enjoy)\b"),
    "please": (r"请|麻烦", r"\bplease\b"),
    "one": (r"一[个只条种位次天]|某", r"\b(?:an?|one|some)\b"),
    "percent": (r"%|％|百分之", r"%|per ?cent"),
    "emphasis": (r"\*\*|__", r"\*\*|__"),
}  # fmt: skip
"""Name → what shows it in Chinese, what in English (small letters)."""

NAMES = tuple(CONCEPTS)
_chinese = [re.compile(zh) for zh, _ in CONCEPTS.values()]
_english = [re.compile(en) for _, en in CONCEPTS.values()]


def chinese_concepts(text: str) -> int:
    """The concepts a simplified Chinese text shows, as a bit mask in the order of `NAMES`."""
    return sum(1 << place for place, pattern in enumerate(_chinese) if pattern.search(text))


def english_concepts(text: str) -> int:
    """The concepts an English text shows, as a bit mask in the order of `NAMES`."""
    small = text.lower()
    return sum(1 << place for place, pattern in enumerate(_english) if pattern.search(small))


def agreement(zh: int, en: int, told: tuple[tuple[float, float, float], ...]) -> float:
    """The log-likelihood ratio of the concepts: ``told`` has one for both sides, Chinese alone, English alone of each."""
    total = 0.0
    shown = zh | en
    while shown:
        lowest = shown & -shown
        both, chinese, english = told[lowest.bit_length() - 1]
        total += (both if en & lowest else chinese) if zh & lowest else english
        shown ^= lowest
    return total
