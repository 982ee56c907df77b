"""A document with its translations, written for a reader: English text, bilingual text, JSON Lines, HTML or TMX."""

from __future__ import annotations

import html
from collections import deque
from collections.abc import Sequence

from .exporting import tmx
from .exporting.jsonl import jsonl_lines
from .lines import lines_of
from .records import Sentence
from .writing import Rows

Found = Sequence[tuple[Sentence, str | None]]
"""Chinese sentences and guests of a text, in order, with their English."""


def as_english(text: str, found: Found) -> str:
    """The text with each Chinese sentence and guest replaced by its English, the rest untouched.

    What could not be translated stays Chinese. A space is put in where English would touch a word beside it.
    """
    return replaced_text(text, 0, len(text), sorted(found, key=_start))


def _start(item: tuple[Sentence, str | None]) -> int:
    return item[0].start


def replacements(text: str, start: int, end: int, found: Found) -> list[tuple[Sentence, str]]:
    """The translated sentences (in order) that begin between ``start`` and ``end``, each with what goes in its place.

    That is its English, with the spaces it needs where it would touch a word beside it.
    """
    replaced: list[tuple[Sentence, str]] = []
    position = start
    last = ""
    for sentence, english in found:
        if english is None or sentence.start < position:
            continue
        last = text[sentence.start - 1 : sentence.start] if sentence.start > position else last
        before = " " if last and not last.isspace() and last not in "([{\"'“‘（「『《/" else ""
        last = english[-1:]
        position = sentence.end
        after = " " if position < end and text[position].isalnum() else ""
        last = after or last
        replaced.append((sentence, f"{before}{english}{after}"))
    return replaced


def replaced_text(text: str, start: int, end: int, found: Found) -> str:
    """The text from ``start`` to ``end`` with the sentences that begin there (in order) in English."""
    pieces: list[str] = []
    position = start
    for sentence, english in replacements(text, start, end, found):
        pieces += text[position : sentence.start], english
        position = sentence.end
    pieces.append(text[position:end] if position < end else "")
    return "".join(pieces)


def as_bilingual(text: str, found: Found) -> str:
    """Each line of the text; after a line in which Chinese begins, the same line in English."""
    waiting = deque(sorted(found, key=_start))
    pieces: list[str] = []
    done = 0  # where the last sentence ended: it may have run over a line break
    for start, end in lines_of(text):
        pieces.append(text[start:end])
        here: list[tuple[Sentence, str | None]] = []
        while waiting and waiting[0][0].start < end:
            here.append(waiting.popleft())
        if any(english is not None for _, english in here):
            content = text[start:end].splitlines()[0]
            line_break = text[start + len(content) : end]
            english = replaced_text(text, max(start, done), start + len(content), here)
            pieces += ["" if line_break else "\n", english, line_break]
            done = max([done, *(sentence.end for sentence, english in here if english is not None)])
    return "".join(pieces)


def as_jsonl(rows: Rows) -> str:
    """The rows of ``pairs``, one JSON object a line, all columns in the table's order."""
    return "".join(jsonl_lines(rows.pairs))


def as_html(found: Found) -> str:
    """One self-contained page: Chinese and English side by side, in reading order."""
    rows = "\n".join(
        f'<tr><td lang="zh">{html.escape(sentence.text)}</td><td lang="en">{html.escape(english or "—")}</td></tr>'
        for sentence, english in found
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>duiyi</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td{{vertical-align:top;width:50%;padding:.4rem .8rem;border-bottom:1px solid #8884}}</style>
</head><body><table><thead><tr><th scope="col">中文</th><th scope="col">English</th></tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""


def as_tmx(found: Found) -> str:
    """The translated sentences as TMX 1.4 (the exchange format of translation memories)."""
    units = (tmx.unit(sentence.text, english) for sentence, english in found if english is not None)
    return f"{tmx.header()}{''.join(units)}{tmx.FOOTER}"
