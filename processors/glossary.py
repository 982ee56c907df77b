"""A user's glossary: which English a Chinese term has. The longest term wins; what was made of one is verified."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .detection.characters import has_han
from .detection.script import simplified
from .errors import UsageError


class Term(NamedTuple):
    """A Chinese term (in simplified characters, as the models see it) and the English that it is to have."""

    chinese: str
    english: str


def is_in_terms(word: str, terms: Iterable[Term]) -> bool:
    """Whether a word is a term or a part of one: the user has said what it is called, not the dictionary."""
    return any(word in term.chinese for term in terms)


class Found(NamedTuple):
    """A term where it stands in a sentence."""

    start: int
    end: int
    term: Term


class Glossary:
    """Terms that can be found in sentences."""

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        """Of two terms with the same Chinese the last one counts."""
        self._terms = {term.chinese: term for term in terms}
        longest_first = sorted(self._terms, key=lambda chinese: (-len(chinese), chinese))
        self._any = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __len__(self) -> int:
        return len(self._terms)

    def found_in(self, source: str) -> list[Found]:
        """The terms of a sentence (as the model sees it), from left to right, the longest at each place."""
        if self._any is None:
            return []
        return [Found(*match.span(), self._terms[match[0]]) for match in self._any.finditer(source)]

    def terms_of(self, source: str) -> tuple[Term, ...]:
        """The different terms of a sentence, in order."""
        return tuple(dict.fromkeys(found.term for found in self.found_in(source)))

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of all terms."""
        content = "\n".join(f"{term.chinese}\t{term.english}" for _, term in sorted(self._terms.items()))
        return hashlib.sha256(content.encode()).hexdigest()


def read_glossary(path: Path | None) -> Glossary:
    """The glossary in a file: a term a line, Chinese, tab, English; ``#`` begins a remark. None: an empty one.

    Raises:
        UsageError: it cannot be read, or a line is none; the text says which and why.
    """
    if path is None:
        return Glossary()
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise UsageError(f"cannot read the glossary {path}: {error.strerror or error}") from error


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int) -> Glossary:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"the glossary {path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    terms: dict[str, Term] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = [part.strip() for part in line.split("\t")]
        if len(parts) != 2 or not all(parts):
            raise UsageError(f"{path}, line {number}: a term is Chinese, one tab, English; this is {line[:80]!r}")
        chinese, english = " ".join(simplified(parts[0]).split()), parts[1]
        if not has_han(chinese):
            raise UsageError(f"{path}, line {number}: there is no Chinese before the tab in {line[:80]!r}")
        if has_han(english):
            raise UsageError(f"{path}, line {number}: there is Chinese after the tab in {line[:80]!r}")
        if chinese in terms and terms[chinese].english != english:
            raise UsageError(
                f"{path}, line {number}: {chinese} is {english!r} here and {terms[chinese].english!r} in line {lines[chinese]}"
            )
        terms[chinese], lines[chinese] = Term(chinese, english), number
    return Glossary(terms.values())


def missed_terms(terms: Sequence[Term], english: str) -> set[str]:
    """The Chinese of those terms whose English is not there: its words in order, in any case, the last one in any number."""
    said = " ".join(english.casefold().split())
    return {term.chinese for term in terms if not _is_said(term.english, said)}


def _is_said(wanted: str, said: str) -> bool:
    words = wanted.casefold().split()
    *first, last = (re.escape(word) for word in words)
    stem = rf"(?:{last}(?:e?s|'s|’s)?|{re.escape(words[-1][:-1])}ies)" if words[-1].isalpha() else last
    return re.search(rf"(?<!\w){' '.join([*first, stem])}(?!\w)", said) is not None
