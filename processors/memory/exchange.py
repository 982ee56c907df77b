"""What people translated, in and out: TMX 1.4 (the exchange format of translation memories) and TSV of corrected rows.

What models said leaves as TMX too, marked with what made it, and comes back as that: it never becomes a person's.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from xml.parsers import expat
from xml.sax.saxutils import escape

from ..answers import plain_answer
from ..detection.characters import has_han
from ..errors import UsageError
from ..exporting import tmx
from ..exporting.tsv import COLUMNS as EXPORTED
from ..exporting.tsv import field_text
from ..numbers import with_plain_years
from ..quotation import with_quotes
from ..reading import decode
from ..reading.encoding import NotTextError
from ..records import Hypothesis, well_formed
from ..repair import model_input
from ..translation import Identity
from .store import Remembered, TranslationMemory

PROPERTY = "x-duiyi"
"""Of a unit that a model made: what made it, as JSON."""
_MOST_FAULTS = 10
_AT_ONCE = 10_000
_CHINESE = ("zh", "cmn", "yue")
_PIECE = 2**18
_quoted = re.compile('"((?:[^"]|"")*)"')


@dataclass(slots=True)
class Imported:
    """What came of an import."""

    sentences: int = 0
    """Sentences, and single pairs, with a person's translation."""
    pairs: int = 0
    """Those of them that hold for a single pair, named by its id."""
    news: int = 0
    """How many of them said something new."""
    machine: int = 0
    """Units that a model had made, kept as such."""
    ours: int = 0
    """Left out, because they are what a model of ours said, or what was there already."""
    faulty: int = 0
    faults: list[str] = field(default_factory=list)
    """Lines that could not be used, and why: the first few."""

    def fault(self, line: str) -> None:
        """Note something that could not be used."""
        self.faulty += 1
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(line)


@dataclass(slots=True)
class _Unit:
    """One entry: English (None: taken back) for a sentence, or for one pair by its id, or a model's answer."""

    where: str
    zh: str = ""
    en: str | None = None
    pair_id: str = ""
    machine: dict[str, Any] | None = None
    ours: bool = False
    """It says of itself that a model made it, and that nobody has changed it since."""


def import_file(path: Path, memory: TranslationMemory) -> Imported:
    """Take a ``.tmx`` file, or a ``.tsv`` file of corrected rows, into the memory.

    A TSV has a heading with ``en`` and ``zh`` or ``pair_id`` (other columns are passed over), or two columns without a
    heading, Chinese and English. A ``pair_id`` means that one pair, a sentence alone all that are the same. An empty
    English takes an earlier one back. What is word for word what a model of ours said is left out.

    Raises:
        UsageError: it cannot be read, or is of neither kind.
    """
    readers: dict[str, Callable[[Path, Imported], Iterator[_Unit]]] = {".tmx": _tmx_units, ".tsv": _tsv_units}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path} is neither a .tmx nor a .tsv file")
    done = Imported()
    sentences: dict[str, str | None] = {}
    pairs: dict[str, str | None] = {}
    try:
        for unit in reader(path, done):
            _take(unit, memory, done, sentences, pairs)
            if len(sentences) + len(pairs) >= _AT_ONCE:
                done.news += memory.import_people(sentences, pairs)
                sentences, pairs = {}, {}
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    done.news += memory.import_people(sentences, pairs)
    return done


def _take(
    unit: _Unit,
    memory: TranslationMemory,
    done: Imported,
    sentences: dict[str, str | None],
    pairs: dict[str, str | None],
) -> None:
    source = model_input(well_formed(unit.zh))
    english = None if unit.en is None else well_formed(" ".join(unit.en.split()))
    if unit.machine is not None:
        _take_machine(unit, source, english or "", memory, done)
    elif unit.ours:
        done.ours += 1
    elif unit.pair_id and not re.fullmatch("[0-9a-f]{32}", unit.pair_id):
        done.fault(f"{unit.where}: {unit.pair_id!r} is no pair_id, which has 32 hexadecimal digits")
    elif not unit.pair_id and not has_han(source):
        done.fault(f"{unit.where}: there is no Chinese in {source[:40]!r}")
    elif english and source and _is_known(source, english, memory):
        done.ours += 1
    else:
        done.sentences += 1
        if unit.pair_id:
            done.pairs += 1
            pairs[unit.pair_id] = english
        else:
            sentences[source] = english


def _is_known(source: str, english: str, memory: TranslationMemory) -> bool:
    """Whether the memory has it already: as a person's, or, where no person spoke, as a model's."""
    person = memory.people([source]).get(source)
    if person is not None:
        return english == person
    said = memory.said_by_models(source)
    known = {_bare(source, form) for one in said for form in (one, plain_answer(source, one))}
    return _bare(source, english) in known


def _bare(source: str, english: str) -> str:
    """English without what is written otherwise in rows than the model said it: white space, years, quotation marks."""
    return with_quotes(source, with_plain_years(source, " ".join(english.split())), "straight")


def _take_machine(unit: _Unit, source: str, english: str, memory: TranslationMemory, done: Imported) -> None:
    try:
        made = dict(unit.machine or {})
        identity = Identity(str(made["engine"]), str(made["model"]), str(made["signature"]))
        first = Hypothesis(english, made["score"], bool(made["truncated"]))
        second = Hypothesis(**made["second"]) if made["second"] else None
    except (KeyError, TypeError) as error:
        done.fault(f"{unit.where}: the property {PROPERTY} is not as duiyi writes it ({error})")
        return
    memory.store(identity, {source: Remembered(first, bool(made["tried"]), second)})
    done.machine += 1


def _tsv_units(path: Path, done: Imported) -> Iterator[_Unit]:
    try:
        text, _ = decode(path.read_bytes())
    except NotTextError as error:
        raise UsageError(f"{path} is not text: {error}") from error
    rows = [line.split("\t") for line in re.split("\r\n|\r|\n", text)]
    # Spreadsheets put fields between quotation marks; elsewhere a quotation mark is one.
    if all(_quoted.fullmatch(cell) or '"' not in cell for row in rows for cell in row):
        rows = [[m[1].replace('""', '"') if (m := _quoted.fullmatch(cell)) else cell for cell in row] for row in rows]
    heading = [name.strip().lower() for name in rows[0]]
    names = ("pair_id", "zh", "en", "origin")
    if "en" in heading and ("zh" in heading or "pair_id" in heading):
        first, columns = 1, {name: heading.index(name) for name in names if name in heading}
    elif len(heading) == 2:
        first, columns = 0, {"zh": 0, "en": 1}
    else:
        raise UsageError(
            f"{path}: its first line must name the columns en and zh or pair_id, or all lines must be Chinese, tab, English"
        )
    # with marks that spreadsheets need, whatever columns were left
    ours = not (set(EXPORTED) - {"zh", "en"}).isdisjoint(heading)
    for number, row in enumerate(rows[first:], first + 1):
        if not any(cell.strip() for cell in row):
            continue
        if max(columns.values()) >= len(row):
            done.fault(f"{path}, line {number}: {len(row)} columns where {max(columns.values()) + 1} are needed")
            continue
        values = {name: (field_text(row[at]) if ours else row[at]).strip() for name, at in columns.items()}
        if values.get("origin") == "author":
            done.ours += 1
            continue
        yield _Unit(f"{path}, line {number}", values.get("zh", ""), values["en"] or None, values.get("pair_id", ""))


def _tmx_units(path: Path, done: Imported) -> Iterator[_Unit]:
    with path.open("rb") as stream:
        parser = _TmxParser(path, done)
        while piece := stream.read(_PIECE):
            yield from parser.feed(piece)
        yield from parser.feed(b"", last=True)


class _TmxParser:
    """Reads TMX as a stream. Codes of the markup inside a segment count for nothing; entities are refused, nothing is fetched."""

    def __init__(self, path: Path, done: Imported) -> None:
        self._path, self._done = path, done
        self._units: list[_Unit] = []
        self._unit: _Unit | None = None
        self._texts: dict[str, str] = {}
        self._lang = self._property = ""
        self._changed = False
        self._stack: list[str] = []
        self._buffer: list[str] = []
        self._parser = expat.ParserCreate(namespace_separator=None)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.EntityDeclHandler = self._entity

    def feed(self, piece: bytes, last: bool = False) -> list[_Unit]:
        """The units that are complete with this piece."""
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise UsageError(
                f"{self._path} is not well-formed XML: {error}; what came before that was taken in"
            ) from error
        units, self._units = self._units, []
        return units

    def _entity(self, name: str, *_: object) -> None:
        raise UsageError(f"{self._path} declares the entity {name}, which no translation memory needs; it is not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._stack and name != "tmx":
            raise UsageError(f"{self._path} is no TMX file: its outermost element is {name}")
        self._stack.append(name)
        if name == "tu":
            self._unit = _Unit(f"{self._path}, line {self._parser.CurrentLineNumber}")
            self._texts, self._changed = {}, False
        if name in {"tu", "tuv"}:
            self._changed = self._changed or not attributes.keys().isdisjoint({"changeid", "changedate"})
        if name == "tuv":
            self._lang = (attributes.get("xml:lang") or attributes.get("lang") or "").lower().replace("_", "-")
        elif name == "prop":
            self._property = attributes.get("type", "")
        if name in {"seg", "prop"}:
            self._buffer = []

    def _characters(self, text: str) -> None:
        inside = self._stack[::-1]
        innermost = next((name for name in inside if name not in {"hi", "sub", "mrk"}), "")
        if innermost in {"seg", "prop"}:
            self._buffer.append(text)

    def _end(self, name: str) -> None:
        self._stack.pop()
        if self._unit is None:
            return
        text = "".join(self._buffer)
        if name == "seg":
            main = self._lang.split("-")[0]
            self._texts.setdefault("zh" if main in _CHINESE else main, text)
        elif name == "prop" and self._property == PROPERTY:
            try:
                self._unit.machine = json.loads(text)
            except ValueError:
                self._unit.machine = {}
        elif name == "prop" and self._property == "x-origin":
            self._unit.ours = text == "machine"
        elif name == "tu":
            unit, self._unit = self._unit, None
            unit.ours = unit.ours and not self._changed
            if "zh" in self._texts and "en" in self._texts:
                unit.zh, unit.en = self._texts["zh"], self._texts["en"]
                if unit.machine is not None or unit.en.strip():
                    self._units.append(unit)
            else:
                self._done.fault(
                    f"{unit.where}: a unit without Chinese and English ({', '.join(self._texts) or 'empty'})"
                )


def export_tmx(memory: TranslationMemory, stream: TextIO) -> int:
    """Write all sentences that people translated, and all answers of models marked as such; how many units."""
    stream.write(tmx.header())
    count = 0
    for source, english in memory.all_people():
        stream.write(tmx.unit(source, english))
        count += 1
    for identity, source, one in memory.machine():
        what = {
            **identity._asdict(),
            "score": one.first.score,
            "truncated": one.first.truncated,
            "tried": one.tried,
            "second": one.second and dataclasses.asdict(one.second),
        }
        said = escape(json.dumps(what, ensure_ascii=True))
        stream.write(tmx.unit(source, one.first.text, "", f'<prop type="{PROPERTY}">{said}</prop>'))
        count += 1
    stream.write(tmx.FOOTER)
    return count
