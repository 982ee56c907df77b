"""Protected spans: what must stand in a translation exactly as it stands in the source.

URLs, mail addresses, handles, hashtags, inline code, paths, options and placeholders. Names and numbers may be said otherwise
(`checks.missing_guests`, `numbers.missing_numbers`); these may not. They stay where they are when a model reads the sentence, are
looked for in its answer, and where one is lost `repair` takes them out of the model's hands.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from .detection.nonlanguage import ADDRESSES

_PROTECTED = re.compile(
    "|".join(
        (
            ADDRESSES,  # inline code, URLs, mail addresses, handles, hosts
            r"</?[A-Za-z][\w:-]*(?:\s+[\w:@.-]+(?:=(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>]+))?)*\s*/?>",  # tags
            r"\{\{\s*[\w.]+\s*\}\}|\$?\{[\w.]*\}|\[\[\w+\]\]",  # {name}, {0}, {}, {{ user.name }}, ${HOME}
            r"(?<![\d%])%(?:\(\w+\)|\d+\$)?[-+#0]?\d*(?:\.\d+)?[sdifxr](?![A-Za-z])",  # %s, %(name)d, %1$s
            r"\$[A-Za-z_]\w*",  # $HOME
            r"(?<![\w&#])#[A-Za-z_]\w*(?![\w#])",  # hashtags without Chinese, which is to be translated
            r"(?<![\w-])--[A-Za-z][\w-]*",  # options
            r"(?<![\w.:/])(?:~|\.{1,2})?/[\w.-]+/[\w./-]*\w",  # paths
        )
    ),
    re.ASCII,
)
_TRAILING = ".,;:!?)]'\"*"
"""Marks that end the sentence, not the address before them."""


class Span(NamedTuple):
    """A protected span of a sentence: where it stands and what it says."""

    start: int
    end: int
    text: str


def protected_spans(text: str) -> list[Span]:
    """The protected spans of a sentence, in order."""
    if text.isalnum():
        return []
    spans = []
    for found in _PROTECTED.finditer(text):
        said = found[0]
        if not said.endswith(("`", ">", "}", "]]")):
            said = said.rstrip(_TRAILING)
        if said:
            spans.append(Span(found.start(), found.start() + len(said), said))
    return spans


def lost_spans(chinese: str, english: str) -> set[str]:
    """Protected spans that the English does not have as often as the Chinese, letter for letter."""
    wanted = Counter(span.text for span in protected_spans(chinese))
    return {said for said, count in wanted.items() if english.count(said) < count}


def without_spans(chinese: str, text: str) -> str:
    """``text`` without the protected spans of the Chinese, whose digits are no numbers."""
    for said in {span.text for span in protected_spans(chinese)}:
        text = text.replace(said, " ")
    return text
