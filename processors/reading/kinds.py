"""What kind of document a file is: by its first bytes where they tell it, else by its name, else by trying as text."""

from __future__ import annotations

import codecs
import json
import re
import tarfile
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, get_args

from ..errors import UnreadableError
from ..settings import ReadingSettings
from .encoding import NotTextError, find_encoding
from .gettext import begins_as_po
from .mail import begins_as_mail
from .subtitles import begins_as_subtitles, has_timings
from .xliff import begins_as_xliff
from .xml_text import elements
from .zips import Package, open_zip

Kind = Literal[
    "text", "markdown", "html", "jsonl", "csv", "tsv", "parquet",
    "docx", "pptx", "xlsx", "odt", "odp", "ods", "epub", "pdf",
    "srt", "vtt", "eml", "po", "xliff",
    "zip", "tar", "gz", "bz2", "xz", "zst",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

RISKY: frozenset[Kind] = frozenset({"docx", "pptx", "xlsx", "odt", "odp", "ods", "epub", "pdf"})
"""Kinds whose parsers run in a child process, whatever the size."""

COMPRESSED: frozenset[Kind] = frozenset({"gz", "bz2", "xz", "zst"})
ARCHIVES: frozenset[Kind] = COMPRESSED | {"zip", "tar"}

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
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), "docx"),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"), "pptx"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx", ".xltm"), "xlsx"),
    **dict.fromkeys((".odt", ".ott"), "odt"),
    **dict.fromkeys((".odp", ".otp"), "odp"),
    **dict.fromkeys((".ods", ".ots"), "ods"),
    ".srt": "srt",
    ".vtt": "vtt",
    ".eml": "eml",
    ".po": "po",
    ".pot": "po",
    ".xlf": "xliff",
    ".xliff": "xliff",
    ".epub": "epub",
    ".pdf": "pdf",
    ".zip": "zip",
    ".tar": "tar",
    **dict.fromkeys((".gz", ".tgz"), "gz"),
    **dict.fromkeys((".bz2", ".tbz2"), "bz2"),
    **dict.fromkeys((".xz", ".txz"), "xz"),
    **dict.fromkeys((".zst", ".tzst"), "zst"),
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
    "application/x-subrip": "srt",
    "text/vtt": "vtt",
    "message/rfc822": "eml",
    "text/x-gettext-translation": "po",
    "application/xliff+xml": "xliff",
    "application/x-xliff+xml": "xliff",
}
_SIGNATURES = (
    (b"%!PS", "PostScript"),
    (b"{\\rtf", "RTF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Microsoft Office"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"\x7fELF", "ELF program"),
    (b"SQLite format 3\x00", "SQLite"),
)
_TAR = re.compile(rb"(?s:.{257})ustar")
_CONTAINER_SIGNATURES: tuple[tuple[re.Pattern[bytes], Kind], ...] = (
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), "zip"),
    (re.compile(rb"\x1f\x8b\x08"), "gz"),
    (re.compile(rb"BZh[1-9]1AY&SY"), "bz2"),
    (re.compile(rb"\xfd7zXZ\x00"), "xz"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "zst"),
    (_TAR, "tar"),
    (re.compile(rb"%PDF-\d(?=(?s:.*?)\d obj\b)"), "pdf"),
)
_PDF_OBJECT = re.compile(rb"(?:^|[\r\n])\d{1,10} \d{1,5} obj\b")
_PAGE = re.compile(rb"(?:\s|<\?xml[^>]*>|<!--(?s:.*?)-->)*+<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_BY_MIMETYPE: dict[str, Kind] = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.text-template": "odt",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.presentation-template": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.spreadsheet-template": "ods",
}
_BY_MAIN_PART: tuple[tuple[str, Kind], ...] = (
    ("word", "docx"),
    ("presentation", "pptx"),
    ("powerpoint", "pptx"),
    ("spreadsheet", "xlsx"),
    ("excel", "xlsx"),
)
_MAIN_PARTS = {"word/document.xml", "xl/workbook.xml", "ppt/presentation.xml", "content.xml", "OEBPS/content.opf"}
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_PROGRAM_SUFFIXES = frozenset(
    """.aar .apk .appx .argosmodel .crx .ear .egg .ipa .jar .key .kra .mcpack .npz .numbers .nupkg .pages .pth .pt
    .sketch .vsix .war .whl .xlsb .xpi .xps""".split()
)
_TOLD_BY_BEGINNING: frozenset[Kind] = frozenset({"srt", "vtt", "eml", "po", "xliff"})
_WIDE_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CODE_SUFFIXES = frozenset(
    """.asm .awk .bash .bat .bib .c .cc .cfg .clj .cmake .cmd .coffee .conf .cpp .cs .css .cu .cxx .dart .diff .el .erl
    .ex .exs .fish .go .gradle .groovy .h .hh .hpp .hs .hxx .ini .ipynb .java .jl .js .json5 .jsp .jsx .kt .kts
    .less .lisp .lock .lua .m .make .map .mjs .mk .ml .mm .patch .php .pl .plist .pm .properties .proto
    .ps1 .py .pyi .pyx .qml .r .rb .rs .sass .scala .scm .scss .sh .sql .svelte .svg .swift .tcl .tf .toml .ts
    .tsx .v .vb .vhd .vim .vue .xml .xsd .xsl .yaml .yml .zig .zsh""".split()
)


def find_kind(name: str, head: bytes, *, named: bool, content_type: str | None = None) -> Kind:
    """The kind of the file called ``name`` that begins with ``head`` (its first `HEAD_BYTES` bytes).

    A suffix that says nothing is read as plain text, if it is text. Source code and configuration files are read,
    as plain text, only where they were ``named``.

    A ``zip`` is to be looked into with `kind_of_zip`.

    Raises:
        NotTextError: it is of a kind that is not read; the text says which.
        UnreadableError: its name says that it is of a kind that is read, but its content is not.
    """
    suffix = PurePosixPath(name.lower()).suffix
    kind = _BY_CONTENT_TYPE.get((content_type or "").partition(";")[0].strip().lower()) or _BY_SUFFIX.get(suffix)
    if head.startswith(b"PAR1"):
        return "parquet"
    for pattern, container in _CONTAINER_SIGNATURES:
        if pattern.match(head):
            return container
    if kind in RISKY | ARCHIVES:
        return _kind_despite_name(head, kind)
    for signature, called in _SIGNATURES:
        # Plain words at the beginning of a text file are no proof.
        if head.startswith(signature) and (kind is None or not signature.isascii() or b"\0" in head):
            raise NotTextError(f"{called}: a kind of file that is not read")
    if kind in _TOLD_BY_BEGINNING:
        return (_kind_of_text(head, kind) or "text") if head.strip() else kind
    if kind in {"html", "markdown"}:
        found = _kind_of_text(head, kind)
        return kind if found is None or found == "html" else found  # Markdown may begin with a page's tags
    if kind is not None and kind != "text":
        return kind
    if suffix == ".json":
        return _kind_of_json(head)
    if suffix in _CODE_SUFFIXES and not named:
        raise NotTextError(
            f"source code or configuration ({suffix}) is read only where it is named on the command line"
        )
    if suffix in _CODE_SUFFIXES:
        return "text"
    return _kind_of_text(head, kind) or "text"


def _kind_of_text(head: bytes, kind: Kind | None) -> Kind | None:
    """The kind that the beginning of a text tells, where ``kind`` is what its name says."""
    wide = next((name for mark, name in _WIDE_MARKS if head.startswith(mark)), None)
    # Whatever the encoding, what tells the kind is ASCII.
    text = head.decode(wide, "ignore") if wide else head.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    if _begins_as_page(head):
        return "html"
    if begins_as_xliff(text):
        return "xliff"
    if begins_as_po(text):
        return "po"
    if begins_as_mail(text, named_so=kind == "eml"):
        return "eml"
    return begins_as_subtitles(text) or ("srt" if kind == "srt" and has_timings(text) else None)


def begins_as_tar(head: bytes) -> bool:
    """Whether ``head`` is the beginning of a tar."""
    return bool(_TAR.match(head)) or (any(head[:512]) and _is_old_tar(head[:512]))


def kind_of_suffix(suffix: str) -> Kind | None:
    """The kind that the end of a name, such as ``.docx``, stands for."""
    return _BY_SUFFIX.get(suffix.lower())


def misnamed(name: str, kind: Kind) -> str | None:
    """A note where the suffix of ``name`` stands for another kind than the content is of."""
    suffix = PurePosixPath(name.lower()).suffix
    expected = _BY_SUFFIX.get(suffix)
    return f"named {suffix}, but its content is {kind}" if expected not in {None, kind} else None


def kind_of_zip(stream: BinaryIO, name: str, settings: ReadingSettings, *, named: bool) -> Kind:
    """What the ZIP file in ``stream`` is: a document of a kind that is made of parts, or an archive.

    Raises:
        NotTextError: it is of a kind that is not read, such as a program.
        UnreadableError: it is broken or over a limit.
    """
    archive = open_zip(stream, settings, check_expansion=False)
    names = set(archive.namelist())
    suffix = PurePosixPath(name.lower()).suffix
    if "mimetype" in names or "META-INF/container.xml" in names or "[Content_Types].xml" in names:
        found = _kind_of_package(Package(stream, settings))
        if found is not None:
            return found
    if names & _MAIN_PARTS:
        raise UnreadableError("broken: an Office document or e-book that lacks the part which says what it is")
    if suffix in _PROGRAM_SUFFIXES and not named:
        raise NotTextError(
            f"a ZIP file that is a program, a model or the like ({suffix}); it is read only where it is named"
        )
    return "zip"


def _kind_of_package(package: Package) -> Kind | None:
    if "mimetype" in package:
        with package.open("mimetype") as part:
            mimetype = part.read(200).decode("latin-1").strip()
        if mimetype.startswith("application/"):
            if mimetype in _BY_MIMETYPE:
                return _BY_MIMETYPE[mimetype]
            raise NotTextError(f"{mimetype}: a kind of file that is not read")
    if "META-INF/container.xml" in package:
        return "epub"
    if "[Content_Types].xml" in package:
        with package.open("[Content_Types].xml") as xml:
            types = [attributes.get("ContentType", "") for _, attributes in elements(xml)]
        for type_ in types:
            for word, kind in _BY_MAIN_PART:
                if type_.endswith("main+xml") and word in type_:
                    return kind
        raise NotTextError("an Office file of a kind that is not read")
    return None


def _kind_despite_name(head: bytes, kind: Kind | None) -> Kind:
    """The kind of a file whose name says ``kind``, a container, and whose content does not begin like one."""
    if kind == "pdf" and (b"%PDF-" in head[:1024] or _PDF_OBJECT.search(head)):
        return "pdf"
    if kind == "tar" and _is_old_tar(head[:512]):
        return "tar"
    if not head:
        raise UnreadableError(f"an empty file, not a {kind}")
    if _ENCRYPTED_PACKAGE in head:
        raise UnreadableError("encrypted: it needs a password")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError(f"encrypted, or of the old binary format: save it as {kind} without a password")
    try:
        find_encoding(head, complete=len(head) < HEAD_BYTES)
    except UnreadableError as error:
        raise UnreadableError(f"not a {kind} file, nor of any other kind that is read (corrupt?)") from error
    return _kind_of_text(head, kind) or "text"


def _is_old_tar(header: bytes) -> bool:
    """Whether a tar begins so that lacks the mark of newer ones, or is empty."""
    if len(header) == 512 and not any(header):
        return True
    try:
        tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _begins_as_page(head: bytes) -> bool:
    return _PAGE.match(head[:4096].removeprefix(codecs.BOM_UTF8)) is not None


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
