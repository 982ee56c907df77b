"""What is no language: addresses, dates in digits, and code."""

from __future__ import annotations

import re
from functools import cache

from .characters import HAN

_URL_BODY = rf"(?:[^\s<>\"'（）【】「」《》，。！？；、\u3000{HAN}]|(?<=[/=])[{HAN}]+)+"
_TERM = r"(?:\d+(?:\.\d+)?|[A-Za-zΑ-ω]{1,3})(?:\([A-Za-z0-9, ]{1,5}\))?"
_MASKED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("`"), r"(?<!`)`{1,3}(?!`)[^`\n]{1,500}`{1,3}"),  # inline code
    (re.compile("://"), rf"(?:https?|ftp|file)://{_URL_BODY}"),
    (re.compile(r"www\."), rf"www\.[A-Za-z0-9-]+\.{_URL_BODY}"),
    (
        re.compile("@"),
        r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"  # mail
        r"|(?<![A-Za-z0-9_])@[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?",  # handle
    ),
    (
        re.compile(r"[A-Za-z0-9]\.[a-z]"),  # host
        r"(?<![\w@.-])(?:[A-Za-z0-9-]{1,63}\.){1,8}(?:com|org|net|io|cn|hk|tw|sg|my|edu|gov|dev|app|co)\b(?:/[A-Za-z0-9._~%/?#=&+-]*)?",
    ),
    (
        re.compile("[=^≈≤≥]"),  # formula
        rf"(?<![A-Za-z0-9])(?=[^\u2e80-\uffff]{{0,60}}?[=^≈≤≥]){_TERM}(?:\s?[=+*/^<>−×÷≤≥≈±-]\s?[(]?{_TERM}[)]?)+(?![A-Za-z0-9])",
    ),
)
"""Spans that are words of no language, each with the sign that a line must hold to have one: most lines hold none."""
ADDRESSES = "|".join(pattern for sign, pattern in _MASKED[:-1])
"""Inline code, URLs, mail addresses, handles and hosts: what is masked, but for formulas."""
_sign_of_mask = re.compile("[`@=^≈≤≥]").search
_dot_before_letter = re.compile(r"\.[a-zA-Z]").search
MASK = "\ue000"
"""Stands for each character of an address, a formula or inline code, which are words of no language."""


@cache
def _masking(kinds: tuple[int, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_MASKED[kind][1] for kind in kinds))


def mask_addresses(line: str) -> str:
    """The line, as long as before, with addresses, handles, formulas and inline code replaced by `MASK`.

    Beside words they go with the sentence next to them.
    """
    if not (_sign_of_mask(line) or "://" in line or ("." in line and _dot_before_letter(line))):
        return line
    kinds = tuple(number for number, (sign, _) in enumerate(_MASKED) if sign.search(line))
    return _masking(kinds).sub(lambda match: MASK * len(match.group()), line) if kinds else line


_NO_WORDS = frozenset(
    "jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov november"
    " dec december mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday"
    " am pm gmt utc est edt pst pdt cst myt sgt hkt st nd rd th a p m t z"
    " rm usd hkd rmb cny sgd twd ntd nt hk us myr eur gbp jpy krw mm cm km kg g mg ml l".split()
)
"""Words of dates, prices and measures: beside a number they are none."""
_FUNCTIONS = frozenset("sin cos tan log exp max min lim mod sqrt".split())
_letters = re.compile(r"[^\W\d_]+")  # `MASK` is none

_CODE_LINES = re.compile(
    r"""
      \s*(?:\$|PS>|In\ \[\d+\]:)\s+\S.*                                              # a prompt
    | \s*(?:>>>|\.\.\.)\s+\S.*[=()\[\]{}].*
    | \s*[A-Za-z_}][^\u0080-\uffff"']*(?:["'][^"']*["'][^\u0080-\uffff"']*)*[;{]\s*(?://.*)?(?<=[;{])   # a statement
    | \s*(?:sudo\ )?(?:pip3?|pipx|npm|npx|yarn|pnpm|git|docker|kubectl|conda|brew|apt|apt-get|curl|wget|cargo|uv|chmod
        |mkdir|ssh|scp|rsync|systemctl|tar|cd|export|duckdb|python3?|make|duiyi|source)
        \ +(?:-{1,2}\w|\.{0,2}/|~/|\w+\.py\b|\w+=\S|[A-Z_]+=
        |(?:install|run|clone|commit|push|pull|checkout|add|build|init|update|upgrade|get|apply|compose|create|status|test)\b)
        .*
    | \s*(?:async\ +)?def\ +\w+\s*\(.*
    | \s*class\ +\w+(?:\(.*\))?\s*[:{]\s*
    | \s*(?:from\ +[\w.]+\ +)?import\ +[\w.{}*,\ ]+(?:\ +from\ +['"].*)?;?\s*$(?<!\.)
    | \s*(?:const|let|var|val|auto|int|float|double|char|bool|string|String|public|private|static|final|void)\ +[\w<>\[\]*&,\ ]+\s*(?:=[^=]|\().*[;{(,]\s*(?://.*)?
    | \s*(?:func|fn|function)\ +\w*\s*\(.*
    | \s*(?:for|while|if|elif|with|except)\b.*[\])\w'"]\s*:\s*(?:\#.*)?(?<=:)
    | \s*(?:for|while|if|switch|catch)\s*\(.*\)\s*\{?\s*(?://.*)?
    | \s*(?:else|try|finally)\s*[:{]\s*
    | \s*\}?\s*(?:else|catch|finally)\b.*\{\s*
    | \s*return\b[^\u2e80-\uffff]*[;()\[\]]\s*;?\s*(?:(?:\#|//).*)?
    | \s*(?:SELECT|INSERT\ INTO|UPDATE|DELETE\ FROM|CREATE\ TABLE|ALTER\ TABLE|DROP\ TABLE)\s.*(?:\b(?:FROM|VALUES|SET|WHERE)\b|\().*
    | \s*\#\s*include\s*[<"].*
    | \s*(?:[\w.\[\]'"*]+)\s*(?:=|\+=|-=|:=|==)\s*
        (?:[\w.]+\(.*\)|\[.*\]|\{.*\}|['"].*['"]|\d[\w.]*|True|False|None|null|true|false|new\ .*|await\ .*|[\w.]+)
        ;?\s*(?:(?:\#|//).*)?
    | \s*(?:await\ +)?[A-Za-z_][A-Za-z0-9_]*(?:\.\w+)*
        \((?:[^()"'\u2e80-\uffff]|"[^"]*"|'[^']*'|\([^()]*\))*\)\s*[;{]?\s*(?:(?:\#|//).*)?
    | \s*</?[A-Za-z][\w:-]*(?:\s+[\w:@.-]+(?:=(?:"[^"]*"|'[^']*'|[^\s>]+))?)*\s*/?>\s*
    | \s*<([A-Za-z][\w-]*)\b[^<>]*>[^<>]*</\1>\s*
    | \s*<!--.*-->\s*
    | \s*[{}()\[\];,]+\s*
    | \s*[\{\[]\s*["'][^"']+["']\s*[:,].*[\}\],]\s*,?\s*
    | \s*"[\w$.-]+"\s*:\s*(?:".*"|[\d.]+|true|false|null|[\[{].*)\s*,?\s*
    | \s*(?://|/\*|\*/).*[;{}()=].*
    | \s*[.\#]?[\w-]+(?:\s[.\#]?[\w-]+)*\s*\{[^{}]*:[^{}]*;?\s*\}?\s*(?:/\*.*\*/\s*)?
    """,
    re.VERBOSE,
)
_sign_of_code = re.compile(r"[=;{}\[\]<>$]").search
_COMMANDS = frozenset(
    "pip pip3 pipx npm npx yarn pnpm git docker kubectl conda brew apt apt-get curl wget cargo uv chmod mkdir ssh scp rsync"
    " systemctl tar cd export duckdb python python3 make duiyi sudo source".split()
)
_KEYWORDS = frozenset(
    "async def class from import const let var val auto int float double char bool string String public private static final"
    " void func fn function for while if elif with except switch catch else try finally return SELECT INSERT UPDATE DELETE"
    " CREATE ALTER DROP #include # await".split()
)
_begins_as_code = re.compile(r"\s*(?:[A-Za-z_][\w.]*\(|[\"}(]|//|/\*|\*/|>>>|\.\.\.)").match
_first_word = re.compile(r"\s*(#?[A-Za-z][\w-]*|#)?").match
_COMMENT_SIGNS = frozenset("/#*-")
_comment = re.compile(r"\s*(?://|#\s|/\*|\*\s|--\s)").match
_fence = re.compile(r"\s{0,3}(`{3,}|~{3,})").match


def is_code_line(line: str) -> bool:
    """Whether a line is unmistakably code: a command, a statement, a tag or a data literal from its start to its end."""
    if len(line) > 400:
        return False
    begin = _first_word(line)
    first = begin.group(1) if begin else None
    if first in _COMMANDS and _command(line):
        return True
    # All patterns ask for one of these; prose seldom has one.
    if first not in _KEYWORDS and first not in _COMMANDS and not _sign_of_code(line) and not _begins_as_code(line):
        return False
    return _CODE_LINES.fullmatch(line.rstrip("\r\n")) is not None


_command_line = re.compile(
    r"\s*(?:sudo )?(?:pip3?|npm|npx|git|docker|kubectl|conda|brew|apt|apt-get|curl|wget|cargo|uv|chmod|mkdir|python3?|duiyi|source)"
    r"(?: +(?:-{1,2}[\w-]+(?:=\S+)?|[\w./~:@=+*\"'\[\]-]+))+ *"
).fullmatch


def _command(line: str) -> bool:
    """A shell command: a program's name, then only options, paths and plain words, with no sentence's full stop."""
    stripped = line.strip()
    return bool(_command_line(stripped)) and not stripped.endswith((".", "!", "?"))


def fence_mark(line: str) -> str | None:
    """The run of back-ticks or tildes that opens or closes a fenced block on this line, if any (CommonMark 4.5)."""
    found = _fence(line) if "```" in line or "~~~" in line else None
    return found.group(1) if found else None


def is_comment_line(line: str, following: str) -> bool:
    """Whether a line is a comment that belongs to the line of code after it."""
    return line.lstrip()[:1] in _COMMENT_SIGNS and _comment(line) is not None and is_code_line(following)


def has_words(masked: str) -> bool:
    """Whether a line (its addresses masked) holds words of some language beside dates, prices and measures in digits."""
    words = _letters.findall(masked)
    if "=" in masked and all(len(word) < 3 or word in _FUNCTIONS for word in words):
        return False
    if any(word.lower() not in _NO_WORDS for word in words):
        return True
    return bool(words) and not any(map(str.isdigit, masked))
