"""Writing back: a document again, with its English in the Chinese's place or beside it, and nothing else changed.

`write_back` takes the original's bytes. Each format's reader says where its text stands (`PlacedText`); `edits` makes of
that and the translations the edits of the original; `word` opens the parts of a Word file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, get_args

from ..author_pairs import AuthorPair, Findings, find_author_pairs, settle
from ..detection import detect
from ..detection.nonlanguage import mask_addresses
from ..errors import UnreadableError, UsageError
from ..reading.encoding import DAMAGED, decode, strip_mark
from ..reading.kinds import ARCHIVES, RISKY, kind_of_suffix
from ..reading.markdown_inline import placed_markdown
from ..reading.placed import PlacedText, applied, with_fixed
from ..reading.subtitles import subtitle_text
from ..reading.webpage import declared_charset, placed_page
from ..records import Document
from ..sentences import sentences_of
from ..settings import Settings
from .edits import Translate, adding_edits, replacing_edits
from .sharing import is_replaceable
from .word import WordFile

__all__ = ["WRITABLE", "Translate", "Writable", "Written", "writable_format", "write_back"]

Writable = Literal["srt", "vtt", "markdown", "html", "docx"]
WRITABLE: tuple[Writable, ...] = get_args(Writable)
"""The formats that can be written back."""

_BY_SUFFIX: dict[str, Writable] = {
    ".srt": "srt",
    ".vtt": "vtt",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".docx": "docx",
}
_NEVER_WRITTEN = RISKY | ARCHIVES | {"parquet", "eml", "po", "xliff"}


@dataclass(frozen=True, slots=True)
class Written:
    """A document written back, with how many Chinese sentences and phrases it had and how many of them stay Chinese."""

    data: bytes
    sentences: int
    untranslated: int


def writable_format(path: PurePath) -> Writable | None:
    """The format that a name stands for, if it is one that can be written back; None where it stands for plain text.

    Raises:
        UsageError: it stands for a format that is read, but not written.
    """
    found = _BY_SUFFIX.get(path.suffix.lower())
    if found is None and kind_of_suffix(path.suffix) in _NEVER_WRITTEN:
        raise UsageError(
            f"no {path.suffix.lower()} file can be written, only .srt, .vtt, .md, .html and .docx can; give --out another name "
            "(.txt for the text in English) or say what to write with --format"
        )
    return found


def write_back(
    original: bytes, kind: Writable, translate: Translate, settings: Settings, *, bilingual: bool = False
) -> Written:
    """``original``, a document of ``kind``, in English; with ``bilingual`` the English comes after each block's Chinese.

    Whatever is not Chinese stays as it is, byte for byte: tags, styles, addresses, code, timings, encoding, line breaks.

    Raises:
        UnreadableError: it cannot be read, or cannot be written back whole; the text says why.
    """
    memory = _Memory(translate)
    if kind == "docx":
        word = WordFile(original, settings.reading)
        parts = {name: _Part(part, word.placed, settings) for name, part in word.parts.items()}
        memory(text for part in parts.values() for text in part.texts)
        word.parts = {name: part.edited(memory, bilingual=bilingual) for name, part in parts.items()}
        return _written(word.saved(), parts.values())
    text, codec = decode(original, declared_charset(original) if kind == "html" else None)
    body = strip_mark(original)
    if codec.endswith(DAMAGED) or text.encode(codec) != body:
        raise UnreadableError(
            f"its bytes are not good {codec.removesuffix(DAMAGED)}, so it cannot be written back whole"
        )
    part = _Part(text, _PLACERS[kind], settings)
    new = part.edited(memory, bilingual=bilingual)
    try:
        encoded = new.encode(codec, "xmlcharrefreplace" if kind == "html" else "strict")
    except UnicodeEncodeError as error:
        raise UnreadableError(
            f"its encoding {codec} has no {new[error.start]!r}, which the English needs; convert it to UTF-8 first"
        ) from error
    return _written(original[: len(original) - len(body)] + encoded, [part])


def _written(data: bytes, parts: Iterable[_Part]) -> Written:
    counts = [(part.sentences, part.untranslated) for part in parts]
    return Written(data, sum(count for count, _ in counts), sum(left for _, left in counts))


_PLACERS: dict[str, Callable[[str], PlacedText]] = {
    "srt": lambda text: subtitle_text(text, "srt"),
    "vtt": lambda text: subtitle_text(text, "vtt"),
    "markdown": placed_markdown,
    "html": placed_page,
}


class _Memory:
    """Translates each text once."""

    def __init__(self, translate: Translate) -> None:
        self._translate = translate
        self._known: dict[str, str | None] = {}

    def __call__(self, texts: Iterable[str]) -> list[str | None]:
        wanted = list(texts)
        new = [text for text in dict.fromkeys(wanted) if text not in self._known]
        if new:
            self._known.update(zip(new, self._translate(new), strict=True))
        return [self._known[text] for text in wanted]


class _Part:
    """One text of a document with its Chinese sentences and phrases, and what the author says of them in English."""

    def __init__(self, original: str, place: Callable[[str], PlacedText], settings: Settings) -> None:
        self._original = original
        self._place = place
        placed = place(original)
        masked = mask_addresses(placed.text)
        addresses = [index for index, (a, b) in enumerate(zip(placed.text, masked, strict=True)) if a != b]
        self._placed = with_fixed(placed, [(index, index + 1) for index in addresses])
        segments = detect(placed.text, placed.blocks, settings.detection)
        sentences = sentences_of(placed.text, segments, placed.blocks, settings.sentences)
        document = Document("", placed.text, placed.blocks, "")
        found = find_author_pairs(document, segments, sentences, settings.author_pairs)
        self._settings = settings.author_pairs
        self._findings = Findings(*(tuple(filter(self._fits, pairs)) for pairs in (found.pairs, found.doubtful)))
        chinese = {n: s for n, s in enumerate(sentences) if is_replaceable(self._placed, s.start, s.end)}
        self.sentences = len(chinese)
        told = {number for pair in self._findings.pairs for number in pair.covered}
        self._untold = {number: sentence for number, sentence in chinese.items() if number not in told}
        self.texts = [sentence.text for sentence in self._untold.values()]
        self.untranslated = 0

    def _fits(self, pair: AuthorPair) -> bool:
        """Whether the English of a pair can stand in the place of its Chinese: not if that is of several blocks."""
        within = pair.zh_end <= self._placed.blocks[pair.block].end
        return within and is_replaceable(self._placed, pair.zh_start, pair.zh_end)

    def edited(self, translate: Translate, *, bilingual: bool) -> str:
        """The original with its English; ``untranslated`` is then how many of its texts stay Chinese.

        Raises:
            UnreadableError: with its English it would be read as something else than before.
        """
        if not self.sentences:
            return self._original
        placed = self._placed
        made = dict(zip(self._untold, translate(self.texts), strict=True))
        said = {number: english for number, english in made.items() if english is not None}
        author = settle(self._findings, said, self._settings)
        told = {number for pair in author for number in pair.covered}
        rest = [(sentence, made[number]) for number, sentence in self._untold.items() if number not in told]
        found = sorted([*((pair.chinese, pair.en) for pair in author), *rest], key=lambda item: item[0].start)
        if bilingual:
            edits = adding_edits(placed, found)
            self.untranslated = sum(english is None for _, english in found)
        else:
            edits, self.untranslated = replacing_edits(placed, found, translate)
        new = applied(self._original, edits)
        if not bilingual and [block.code for block in self._place(new).blocks] != [b.code for b in placed.blocks]:
            raise UnreadableError("the English would change its structure, so it cannot be written back whole")
        return new
