"""English for matching: its sentences."""

from __future__ import annotations

import re

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st jr sr vs no nos fig figs eq sec ch vol pp p ed eds al approx inc ltd co corp dept est govt gen col"
    " capt sgt rev hon jan feb mar apr jun jul aug sep sept oct nov dec e.g i.e a.m p.m u.s u.k u.n cf ca tel ext".split()
)
_end = re.compile(r"[.!?…]+[\"'”’)\]】」*_]*(?=\s|$|[A-Z\"“(\[\u3400-\u9fff])|[。！？；]+[”’」）)]*|;(?=\s)")
_last_word = re.compile(r"([A-Za-z][A-Za-z.]*|\d+)$")


def split_english(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence of an English text, outer white space left out.

    Sentences end at ``.!?`` (closing marks after them included) before white space or a capital, and at a semicolon. A full
    stop after an abbreviation, an initial, a list number at the start, or before a small letter ends nothing.
    """
    cuts: list[int] = []
    start = 0
    for match in _end.finditer(text):
        stop = match.group()[0]
        if (stop == "." and not _ends(text, start, match)) or (
            stop in "?!…" and text[match.end() : match.end() + 40].lstrip()[:1].islower()
        ):
            continue
        cuts.append(match.end())
        start = match.end()
    spans: list[tuple[int, int]] = []
    for first, last in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = text[first:last]
        left = first + len(piece) - len(piece.lstrip())
        right = last - (len(piece) - len(piece.rstrip()))
        if left >= right:
            continue
        if spans and not any(character.isalnum() for character in text[left:right]):
            spans[-1] = (spans[-1][0], right)
        else:
            spans.append((left, right))
    return spans


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the full stop (or dots) at ``match`` ends the sentence that began at ``start``."""
    follows = text[match.end() : match.end() + 40].lstrip()
    if follows[:1].islower():
        return False
    before = _last_word.search(text, max(start, match.start() - 40), match.start())
    if before is None or len(match.group().rstrip("\"'”’)]】」*_")) > 1:
        return True
    last = before.group()
    if last.lower() in _ABBREVIATIONS:
        return not follows
    if text[match.end() : match.end() + 1].isupper():
        return len(last) > 1 and last.islower()  # "e.g.Nokia", "Qt.Quick": not an end; "done.Then" is one
    if last.isdigit():
        return bool(text[start : before.start()].strip(" \t\n#>*-("))
    return not (len(last) == 1 and last.isupper() and last != "I")
