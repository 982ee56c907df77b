"""E-books (EPUB): the pages in reading order, each read like a page of HTML."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import unquote

from ..errors import UnreadableError
from ..settings import ReadingSettings
from .encoding import decode
from .parsed import Parsed, TextBuilder
from .webpage import declared_charset, page_text
from .xml_text import elements
from .zips import Package

_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})
_FONT_OBFUSCATION = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
_HEAD = re.compile(r"<head\b", re.IGNORECASE)
_DECLARATIONS = re.compile(r"<!DOCTYPE\b[^\[>]*\[[^\]]*\]\s*>", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_EMPTY_ELEMENT = re.compile(
    r"<(script|style|title|textarea|iframe|object|video|audio|canvas|noscript|template|xmp|noembed|noframes|select)"
    r"(\s[^<>]*)?/>",
    re.IGNORECASE,
)


def parse_epub(stream: BinaryIO, settings: ReadingSettings) -> Parsed:
    """The text of the pages in the order of the spine, blocks as in `page_text`. Titles in a page's head are left out.

    Raises:
        UnreadableError: broken, encrypted or over a limit.
    """
    package = Package(stream, settings)
    pages = list(_spine(package, _root_file(package)))
    encrypted = _encrypted(package)
    if any(page in encrypted for page in pages):
        raise UnreadableError("encrypted (DRM)")
    if len(pages) > settings.max_pages:
        raise UnreadableError(f"{len(pages):,} pages, more than reading.max_pages = {settings.max_pages:,}")
    builder = TextBuilder(settings.max_cells)
    missing = [page for page in pages if page not in package]
    for page in pages:
        if page in missing:
            continue
        with package.open(page) as part:
            data = part.read()
        source, _ = decode(data, declared_charset(data))
        text, blocks = page_text(_as_html(source))
        for block in blocks:
            builder.add(text[block.start : block.end], code=block.code, wrapped=block.wrapped, lang=block.lang)
    if pages and len(missing) == len(pages):
        raise UnreadableError("broken: none of its pages is in the file")
    return builder.parsed(f"not in the file: {', '.join(missing[:5])}" if missing else None)


def _as_html(source: str) -> str:
    """XHTML without its head, as an HTML parser understands it: that takes ``<script/>`` for the beginning of one, and
    what is declared in a document type for text."""
    source = _DECLARATIONS.sub("", source, count=1)
    head = _HEAD.search(source)
    head_end = _HEAD_END.search(source, head.end()) if head else None
    body = source[: head.start()] + source[head_end.end() :] if head and head_end else source
    return _EMPTY_ELEMENT.sub(r"<\1\2></\1>", body)


def _root_file(package: Package) -> str:
    with package.open("META-INF/container.xml") as xml:
        for name, attributes in elements(xml):
            if name == "container:rootfile":
                return unquote(attributes.get("full-path", ""))
    raise UnreadableError("broken: it does not say where its table of contents is")


def _spine(package: Package, root: str) -> Iterator[str]:
    """The pages in reading order."""
    pages: dict[str, str] = {}
    order: list[str] = []
    with package.open(root) as xml:
        for name, attributes in elements(xml):
            if name == "opf:item" and attributes.get("media-type") in _PAGES:
                target = posixpath.join("/", posixpath.dirname(root), unquote(attributes.get("href", "")))
                pages[attributes.get("id", "")] = posixpath.normpath(target).lstrip("/")
            elif name == "opf:itemref":
                order.append(attributes.get("idref", ""))
    if not pages:
        raise UnreadableError("broken: it lists no pages")
    yield from dict.fromkeys(pages[page] for page in order if page in pages)


def _encrypted(package: Package) -> set[str]:
    """The parts that are encrypted; fonts that are merely obfuscated don't count."""
    if "META-INF/encryption.xml" not in package:
        return set()
    found: set[str] = set()
    algorithm = ""
    with package.open("META-INF/encryption.xml") as xml:
        for name, attributes in elements(xml):
            if name == "enc:EncryptionMethod":
                algorithm = attributes.get("Algorithm", "")
            elif name == "enc:CipherReference" and algorithm not in _FONT_OBFUSCATION:
                found.add(unquote(attributes.get("URI", "")))
    return found
