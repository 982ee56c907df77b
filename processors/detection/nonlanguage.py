"""What is no language: addresses, dates in digits, and code."""

from __future__ import annotations

import re

from .characters import HAN

ADDRESS = (
    r"(?:https?|ftp|file)://[^\s<>\"'（）【】「」《》，。！？；、\u3000" + HAN + r"]+"
    r"|www\.[A-Za-z0-9-]+\.[^\s<>\"'（）【】「」《》，。！？；、\u3000" + HAN + r"]+"
    r"|(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
    r"|(?<![\w@.-])(?:[A-Za-z0-9-]{1,63}\.){1,8}(?:com|org|net|io|cn|hk|tw|sg|my|edu|gov|dev|app|co)\b(?:/[A-Za-z0-9._~%/?#=&+-]*)?"
)
HANDLE = r"(?<![A-Za-z0-9_])@[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
INLINE_CODE = r"(?<!`)`{1,3}(?!`)[^`\n]{1,500}`{1,3}"

_TERM = r"(?:\d+(?:\.\d+)?|[A-Za-zΑ-ω]{1,3})(?:\([A-Za-z0-9, ]{1,5}\))?"
FORMULA = rf"(?<![A-Za-z0-9])(?=[^\u2e80-\uffff]{{0,60}}?[=^≈≤≥]){_TERM}(?:\s?[=+*/^<>−×÷≤≥≈±-]\s?[(]?{_TERM}[)]?)+(?![A-Za-z0-9])"

masked_pattern = re.compile(f"{INLINE_CODE}|{ADDRESS}|{HANDLE}|{FORMULA}")
"""Spans that are words of no language; beside words they go with the sentence next to them."""

_DATE_WORDS = frozenset(
    [
        "jan",
        "january",
        "feb",
        "february",
        "mar",
        "march",
        "apr",
        "april",
        "may",
        "jun",
        "june",
        "jul",
        "july",
        "aug",
        "august",
        "sep",
        "sept",
        "september",
        "oct",
        "october",
        "nov",
        "november",
        "dec",
        "december",
        "mon",
        "monday",
        "tue",
        "tues",
        "tuesday",
        "wed",
        "wednesday",
        "thu",
        "thur",
        "thurs",
        "thursday",
        "fri",
        "friday",
        "sat",
        "saturday",
        "sun",
        "sunday",
        "am",
        "pm",
        "gmt",
        "utc",
        "est",
        "edt",
        "pst",
        "pdt",
        "cst",
        "myt",
        "sgt",
        "hkt",
        "st",
        "nd",
        "rd",
        "th",
        "a",
        "p",
        "m",
        "t",
        "z",
    ]
)
_letters = re.compile(r"[^\W\d_]+")

_CODE_LINES = re.compile(
    r"""
      \s*(?:\$|PS>|In\ \[\d+\]:)\s+\S.*                                              # a prompt
    | \s*(?:>>>|\.\.\.)\s+\S.*[=()\[\]{}].*
    | \s*[A-Za-z_}][^\u0080-\uffff"']*(?:["'][^"']*["'][^\u0080-\uffff"']*)*[;{]\s*(?://.*)?(?<=[;{])   # a statement
    | \s*(?:sudo\ )?(?:pip3?|pipx|npm|npx|yarn|pnpm|git|docker|kubectl|conda|brew|apt|apt-get|curl|wget|cargo|uv|chmod
        |mkdir|ssh|scp|rsync|systemctl|tar|cd|export|duckdb|python3?|make|duiyi)
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
    | \s*<!--.*-->\s*
    | \s*[{}()\[\];,]+\s*
    | \s*[\{\[]\s*["'][^"']+["']\s*[:,].*[\}\],]\s*,?\s*
    | \s*"[\w$.-]+"\s*:\s*(?:".*"|[\d.]+|true|false|null|[\[{].*)\s*,?\s*
    | \s*(?://|/\*|\*/).*[;{}()=].*
    | \s*[.\#]?[\w-]+(?:\s[.\#]?[\w-]+)*\s*\{[^{}]*:[^{}]*;?\s*\}?\s*
    """,
    re.VERBOSE,
)
_maybe_code = re.compile(
    r"[(){}\[\]<>=;$:#/*]|>>>|\b(?:import|git|pip3?|npm|docker|sudo|apt|brew|conda|cd|mkdir|python3?|make|uv)\b"
).search
_comment = re.compile(r"\s*(?://|#\s|/\*|\*\s|--\s)").match
_fence = re.compile(r"\s{0,3}(`{3,}|~{3,})").match


def is_code_line(line: str) -> bool:
    """Whether a line is unmistakably code: a command, a statement, a tag or a data literal from its start to its end."""
    if len(line) > 400 or not _maybe_code(line):
        return False
    return _CODE_LINES.fullmatch(line.rstrip("\r\n")) is not None or _command(line)


_command_line = re.compile(
    r"\s*(?:sudo )?(?:pip3?|npm|npx|git|docker|kubectl|conda|brew|apt|apt-get|curl|wget|cargo|uv|chmod|mkdir|python3?|duiyi)"
    r"(?: +(?:-{1,2}[\w-]+(?:=\S+)?|[\w./~:@=+*\"'\[\]-]+))+ *"
).fullmatch


def _command(line: str) -> bool:
    """A shell command: a program's name, then only options, paths and plain words, with no sentence's full stop."""
    stripped = line.strip()
    return bool(_command_line(stripped)) and not stripped.endswith((".", "!", "?"))


def fence_mark(line: str) -> str | None:
    """The run of back-ticks or tildes that opens or closes a fenced block on this line, if any (CommonMark 4.5)."""
    found = _fence(line)
    return found.group(1) if found else None


def is_comment_line(line: str, following: str) -> bool:
    """Whether a line is a comment that belongs to the line of code after it."""
    return _comment(line) is not None and is_code_line(following)


def has_words(line: str) -> bool:
    """Whether a line holds words of some language once addresses, handles, and dates in digits are taken away."""
    rest = masked_pattern.sub(" ", line)
    words = _letters.findall(rest)
    if not words:
        return False
    if any(character.isdigit() for character in rest):
        return any(word.lower() not in _DATE_WORDS for word in words)
    return True
