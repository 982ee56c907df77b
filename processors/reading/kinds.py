"""What kind of document a file is: by its first bytes where they tell it, else by its name, else by trying as text."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Literal, get_args

from .encoding import NotTextError

Kind = Literal["text", "markdown", "html", "jsonl", "csv", "tsv", "parquet"]
KINDS: tuple[Kind, ...] = get_args(Kind)

HEAD_BYTES = 2**16
"""How much of a file's beginning `find_kind` wants to see."""

_BY_SUFFIX: dict[str, Kind] = {
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
_BY_CONTENT_TYPE: dict[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl",
    "application/vnd.apache.parquet": "parquet",
}
_SIGNATURES = (
    (b"%PDF-", "PDF"),
    (b"%!PS", "PostScript"),
    (b"{\\rtf", "RTF"),
    (b"PK\x03\x04", "ZIP (also docx, xlsx, epub)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Microsoft Office"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh91AY&SY", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"\x7fELF", "ELF program"),
    (b"SQLite format 3\x00", "SQLite"),
)
_CODE_SUFFIXES = frozenset(
    """.asm .awk .bash .bat .bib .c .cc .cfg .clj .cmake .cmd .coffee .conf .cpp .cs .css .cu .cxx .dart .diff .el .erl
    .ex .exs .fish .go .gradle .groovy .h .hh .hpp .hs .hxx .ini .ipynb .java .jl .js .json5 .jsp .jsx .kt .kts
    .less .lisp .lock .lua .m .make .map .mjs .mk .ml .mm .patch .php .pl .plist .pm .po .pot .properties .proto
    .ps1 .py .pyi .pyx .qml .r .rb .rs .sass .scala .scm .scss .sh .sql .svelte .svg .swift .tcl .tf .toml .ts
    .tsx .v .vb .vhd .vim .vue .xml .xsd .xsl .yaml .yml .zig .zsh""".split()
)


def find_kind(name: str, head: bytes, *, named: bool, content_type: str | None = None) -> Kind:
    """The kind of the file called ``name`` that begins with ``head`` (its first `HEAD_BYTES` bytes).

    A suffix that says nothing is read as plain text, if it is text. Source code and configuration files are read,
    as plain text, only where they were ``named``.

    Raises:
        NotTextError: it is of a kind that is not read; the text says which.
    """
    suffix = PurePosixPath(name.lower()).suffix
    kind = _BY_CONTENT_TYPE.get((content_type or "").partition(";")[0].strip().lower()) or _BY_SUFFIX.get(suffix)
    if head.startswith(b"PAR1"):
        return "parquet"
    for signature, called in _SIGNATURES:
        # Plain words at the beginning of a text file are no proof.
        if head.startswith(signature) and (kind is None or not signature.isascii() or b"\0" in head):
            raise NotTextError(f"{called}: a kind of file that is not read")
    if kind is not None and kind != "text":
        return kind
    if suffix == ".json":
        return _kind_of_json(head)
    if suffix in _CODE_SUFFIXES and not named:
        raise NotTextError(
            f"source code or configuration ({suffix}) is read only where it is named on the command line"
        )
    if _begins_as_page(head) and suffix not in _CODE_SUFFIXES:
        return "html"
    return "text"


def _begins_as_page(head: bytes) -> bool:
    start = head[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _kind_of_json(head: bytes) -> Kind:
    """JSON Lines that go by the name of ``.json``: at least two lines, the first of them an object by itself."""
    first, line_break, rest = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    if first.startswith(b"{") and line_break and rest.lstrip().startswith(b"{"):
        try:
            json.loads(first)
        except (ValueError, RecursionError):
            pass
        else:
            return "jsonl"
    raise NotTextError("a JSON file that is one value is not read; write one object a line (JSON Lines, .jsonl)")
