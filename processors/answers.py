"""Answers: a translation freed of what a language model says around it, and answers that are none."""

from __future__ import annotations

import re

_QUOTES = {'"': '"', "“": "”", "'": "'", "‘": "’"}
_source_quotes = re.compile("[\"“”'‘’「」『』《》]")
_of_translation = re.compile("翻译|翻譯|译文|譯文|英文|英语|英語|英译|意思")
"""The source speaks of a translation itself."""
_QUOTED = r"[\"“'‘].{1,600}?[\"”'’]"
_NAMED = rf"(?:{_QUOTED}|this|(?:the|this)\ (?:(?:Chinese|given)\ )?(?:text|sentence|phrase))"
_lead = re.compile(
    rf"""(?:sure[,!.]\s*|certainly[,!.]\s*)?
    (?: here(?:'s|\ is)\ (?:the|an?|your)\ (?:English\ )?(?:translation|version)[^:\n"“]{{0,60}}(?::|$)
      | (?:the\ )?(?:English\ )?(?:translation|version)(?:\ (?:of|for)\ {_NAMED})?(?:\ (?:to|into|in)\ English)?(?:\ (?:is|would\ be|reads))?\s*:
      | (?:the\ )?(?:English\ )?(?:translation|version)\ (?:of|for)\ {_NAMED}(?:\ (?:to|into|in)\ English)?\ (?:is|would\ be)\b:?
      | (?:the\ (?:Chinese\ )?(?:text|sentence|phrase|word|term)\ )?{_QUOTED}\ (?:(?:can\ be\ )?translate[sd]?|means|in\ English\ is)
        (?:\ (?:to|into|in)\ English)?(?:\ (?:as|to))?\b:?
      | to\ (?:translate|say|express)\ {_NAMED}(?:\ (?:to|into|in)\ English)?,?
        \ (?:you|one|we)\ (?:would|can|could|might)\ (?:say|use|write)(?=\s*(?:[:"“'‘]|$)):?
      | (?:translated\ (?:to|into)\ English|in\ English|English)\s*:
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_refusal = re.compile(
    r"(?:I'?m sorry|I am sorry|sorry|unfortunately|I apologi[sz]e)[,.]? (?:but )?(?:I |the |as an ).{0,40}"
    r"(?:can'?t|can ?not|am unable|not able|don't (?:have|understand)|do not (?:have|understand)|is not (?:clear|provided|in))"
    r"|as an AI\b|I(?: am|'m) an AI\b|please provide (?:me with )?(?:the|more|a|some)\b|could you (?:please )?provide"
    r"|I (?:can'?t|cannot|can not) (?:assist|help|translate)"
    r"|(?:the|this) (?:text|sentence|phrase|statement) (?:you(?:'ve| have)? provided|appears|seems|is (?:in Chinese|a Chinese|not))",
    re.IGNORECASE,
)
_may_say_so = re.compile(
    "抱歉|对不起|對不起|不好意思|遗憾|遺憾|AI|人工智能|请提供|請提供|麻烦|麻煩|原谅|能否|翻译|句子|文本|这句|短语"
)
"""Sources whose translation may sound like a refusal."""


def plain_answer(chinese: str, english: str) -> str:
    """The translation alone: without an announcement (``Translation: …``, ``"…" translates to English as …``) or quotation
    marks that the source has not. Empty where there is nothing but an announcement.
    """
    answer = english.strip()
    if not _of_translation.search(chinese):
        lead = _lead.match(answer)
        if lead:
            rest = answer[lead.end() :].strip()
            bare = rest.removesuffix(".")  # … as "Yes".
            answer = bare if bare[:1] in _QUOTES and bare.endswith(_QUOTES[bare[0]]) else rest
            return _unquoted(answer)
    return answer if _source_quotes.search(chinese) else _unquoted(answer)


def _unquoted(text: str) -> str:
    closing = _QUOTES.get(text[:1])
    inside = text[1:-1]
    if closing is None or len(text) < 3 or not text.endswith(closing) or closing in inside or text[0] in inside:
        return text
    return inside.strip()


def is_refusal(chinese: str, english: str) -> bool:
    """Whether the model excuses itself or talks of the text instead of translating it."""
    return _refusal.match(english.strip()) is not None and not _may_say_so.search(chinese)
