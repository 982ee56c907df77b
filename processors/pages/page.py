"""A self-contained page: template, styles, script and data in one file, under a Content-Security-Policy of its own.

The policy lets through the page's own script and styles by their hashes and nothing else: no inline handler, no request,
no markup made of strings (Trusted Types). Jinja escapes what goes into the template; data stands in a JSON block.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

ASSETS = Path(__file__).parent / "assets"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = lambda value: f"{value:,}"
    return made


def page(
    template: str, context: Mapping[str, Any], *, styles: Sequence[str], scripts: Sequence[str], data: Any = None
) -> str:
    """The page.

    Args:
        template: its template in the folder ``assets``.
        context: what the template asks for.
        styles: its style sheets there, in order.
        scripts: its scripts there, in order; they run as one.
        data: anything JSON can hold; the script finds it in ``#data``.
    """
    style = "\n".join((ASSETS / name).read_text("utf-8") for name in styles)
    script = "\n".join((ASSETS / name).read_text("utf-8") for name in scripts)
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    ours = {"policy": policy, "style": Markup(style), "script": Markup(script), "data": _json(data)}  # noqa: S704  (our own files)
    return _environment().get_template(template).render(ours, **context)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(data: Any) -> Markup:
    """JSON for a script block: no ``<`` stands in it, so nothing in it ends the block or begins a comment."""
    return Markup(json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704


def short_names(uris: Sequence[str]) -> list[str]:
    """Names of documents for a person: the URIs without the folders that all share, and without percent signs."""
    if not uris:
        return []
    first, last = min(uris), max(uris)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    common = min(first.rfind("/", 0, same), *(uri.partition("#")[0].rfind("/") for uri in (first, last))) + 1
    return [unquote(uri[common:]) for uri in uris]
