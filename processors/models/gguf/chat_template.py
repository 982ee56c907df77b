"""What stands around a user's text in the chat template that a GGUF carries, found once, when a model is installed.

A template is a program (Jinja) of somebody else's, so it runs in Jinja's sandbox. It is asked for conversations, as
Transformers' ``apply_chat_template`` asks, and what stands around the user's text is read off the answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..progress import Report
from .checkpoint import CONTROL, USER_DEFINED, VOCABULARY, Checkpoint

FIRST, ANSWER, LAST = "First-Question", "First-Answer", "Last-Question"
"""What the users of the conversations say; no template says it by itself."""
END_TOKENS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<eos>",
    "</s>",
)
"""Tokens that end an answer in the vocabularies that have them (llama.cpp knows them by name as well)."""
MAX_TEMPLATE = 100_000
"""Characters; the longest published ones have a tenth."""


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The frame of a user's turn (what stands before and after the text, up to where the answer begins).

    ``turn_between``: what stands between an answer and the user's next text.
    ``marks``: the tokens in it that are no text. ``end_tokens``: any of them ends an answer.
    """

    turn_before: str
    turn_after: str
    turn_between: str
    marks: tuple[str, ...]
    end_tokens: tuple[str, ...]


def chat_format(checkpoint: Checkpoint, report: Report) -> ChatFormat:
    """Read the frame of a user's turn off a checkpoint's chat template.

    The frame is that of a later turn of a conversation, after the token that begins every text where there is one: a
    default system prompt, which templates put before the first turn, is left out so (measured: a short prompt
    translates better and faster). Thinking is switched off.

    Raises:
        ValueError: there is no template, or it fails, or its model would think aloud.
    """
    template = str(checkpoint.scalars.get("tokenizer.chat_template") or "")
    if not template:
        raise ValueError("it carries no chat template, so it is no model that follows instructions")
    if len(template) > MAX_TEMPLATE:
        raise ValueError(f"its chat template has {len(template)} characters, more than {MAX_TEMPLATE}")
    first, answer, last = (
        {"role": role, "content": text} for role, text in (("user", FIRST), ("assistant", ANSWER), ("user", LAST))
    )
    bos = checkpoint.special_token("bos") or ""
    render = _renderer(template, bos, checkpoint.special_token("eos") or "")
    alone = render([last], True)
    # what an answer ends with, and what a user's next turn begins with: the first is said without a next turn too
    ended = _after(render([first, answer], False), ANSWER)
    between = _after(render([first, answer, last], True), ANSWER).partition(LAST)[0]
    marks = _Marks(checkpoint)
    closing = _common_start(marks.split(ended), marks.split(between))
    turn = marks.split(between)[closing:]
    before = "".join(turn).removeprefix(bos)
    if marks.tokens.intersection(turn):
        before = before.lstrip()  # what only parts it from the answer before
    after = _after(alone, LAST)
    if after.rfind("<think>") > after.rfind("</think>"):
        raise ValueError("its chat template always makes it think before it answers")
    left_out = len(alone.partition(LAST)[0].removeprefix(bos)) - len(before)
    if left_out > 0:
        report(f"left out, as short prompts translate better: {left_out} characters of the chat template's own")
    if alone.startswith(bos) or _adds_bos(checkpoint):
        before = bos + before
    ends = [checkpoint.special_token(name) for name in ("eos", "eot", "eom")]
    ends += [part for part in marks.split(ended)[:closing] if part in marks.tokens][:1]
    ends += [token for token in END_TOKENS if token in marks.tokens]
    end_tokens = tuple(dict.fromkeys(token for token in ends if token))
    if not end_tokens:
        raise ValueError("no token ends its answers")
    return ChatFormat(
        turn_before=_with_first_space(before, marks, checkpoint),
        turn_after=after,
        turn_between=between,
        marks=tuple(part for part in marks.split(before + after) if part in marks.tokens),
        end_tokens=end_tokens,
    )


class _Marks:
    """Cuts a text into the tokens that are no text and the single characters between them."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.tokens = {
            token
            for token, kind in zip(checkpoint.tokens, checkpoint.token_types, strict=True)
            if kind in (CONTROL, USER_DEFINED) and token.strip()
        }
        longest_first = sorted(self.tokens, key=lambda token: (-len(token), token))
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), "."]), re.DOTALL)

    def split(self, text: str) -> list[str]:
        return self._pattern.findall(text)


def _renderer(template: str, bos: str, eos: str) -> Any:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False, **options)
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)

    def render(messages: Sequence[dict[str, str]], add_generation_prompt: bool) -> str:
        try:
            return environment.from_string(template).render(
                messages=messages,
                add_generation_prompt=add_generation_prompt,
                enable_thinking=False,
                bos_token=bos,
                eos_token=eos,
            )
        except Exception as error:  # somebody else's program may fail in any way
            raise ValueError(f"its chat template fails: {' '.join(str(error).split())}") from error

    return render


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)


def _after(text: str, said: str) -> str:
    _, found, after = text.partition(said)
    if not found or said in after:
        raise ValueError("its chat template does not say a message once, as it stands")
    return after


def _common_start(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _adds_bos(checkpoint: Checkpoint) -> bool:
    # llama.cpp's rule where the file says nothing
    kind, manner = (checkpoint.scalars.get(f"{VOCABULARY}{name}") for name in ("model", "pre"))
    return bool(checkpoint.scalars.get(f"{VOCABULARY}add_bos_token", kind == "llama" or manner == "llama-bpe"))


def _with_first_space(before: str, marks: _Marks, checkpoint: Checkpoint) -> str:
    """SentencePiece models are trained with a space before a text's first word, unless their file says otherwise."""
    sentencepiece = checkpoint.scalars.get(f"{VOCABULARY}model") == "llama"
    if not checkpoint.scalars.get(f"{VOCABULARY}add_space_prefix", sentencepiece):
        return before
    parts = marks.split(before)
    first = next((number for number, part in enumerate(parts) if part not in marks.tokens), len(parts))
    return before if parts[first : first + 1] == [" "] else "".join([*parts[:first], " ", *parts[first:]])
