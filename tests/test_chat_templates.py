"""What stands around a user's text is read off the chat template that a model's file carries."""

from __future__ import annotations

from typing import Any

import pytest
from duiyi.processors.models.gguf.chat_template import ChatFormat, chat_format
from duiyi.processors.models.gguf.checkpoint import Checkpoint
from tiny_models import CHATML, TURNS

MARKS = {
    "chatml": ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"],
    "headers": ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|end_of_text|>"],
    "brackets": ["<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"],
    "turns": ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "\n"],
    "roles": ["<s>", "<|endoftext|>", "<|user|>", "<|assistant|>", "<|end|>"],
}

THINKING = """
{%- for message in messages %}
    {%- set thoughts = '<think>\n\n</think>\n\n' if message.role == 'assistant' and loop.last else '' %}
    {{- '<|im_start|>' + message.role + '\n' + thoughts + message.content + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}
{%- endif %}"""
HEADERS = """{{- bos_token }}
{{- '<|start_header_id|>system<|end_header_id|>\n\nToday is ' + strftime_now('%d %b %Y') + '<|eot_id|>' }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}"""
BRACKETS = """{{- bos_token }}
{%- for message in messages %}
    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}{{- raise_exception('roles must alternate') }}{%- endif %}
    {%- if message.role == 'user' %}{{- '[INST] ' + message.content + '[/INST]' }}
    {%- else %}{{- ' ' + message.content + eos_token }}{%- endif %}
{%- endfor %}"""
SYSTEM_IN_BRACKETS = BRACKETS.replace("[INST] ", "[INST]").replace(
    "{{- bos_token }}", "{{- bos_token }}{{- '[SYSTEM_PROMPT]Be kind.[/SYSTEM_PROMPT]' }}"
)
ROLES = """{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"""


def checkpoint(marks: str, template: str | None, kind: str = "gpt2", **metadata: Any) -> Checkpoint:
    tokens = [*MARKS[marks], "a"]
    first = {"chatml": None, "headers": 0, "brackets": 0, "turns": 0, "roles": 0}[marks]
    last = {
        "chatml": "<|im_end|>",
        "headers": "<|eot_id|>",
        "brackets": "</s>",
        "turns": "<eos>",
        "roles": "<|endoftext|>",
    }
    scalars = {
        "tokenizer.ggml.model": kind,
        "tokenizer.ggml.bos_token_id": first,
        "tokenizer.ggml.eos_token_id": tokens.index(last[marks]),
        "tokenizer.chat_template": template,
        **{f"tokenizer.ggml.{name}": value for name, value in metadata.items()},
    }
    return Checkpoint(
        scalars={name: value for name, value in scalars.items() if value is not None},
        tokens=tokens,
        token_types=[3] * (len(tokens) - 1) + [1],
        merges=[],
        scores=[],
        tensors={},
    )


def frame(marks: str, template: str, **how: Any) -> tuple[str, str, tuple[str, ...]]:
    found: ChatFormat = chat_format(checkpoint(marks, template, **how), lambda line: None)
    return found.turn_before, found.turn_after, found.end_tokens


def test_a_default_system_prompt_is_left_out() -> None:
    said: list[str] = []
    found = chat_format(checkpoint("chatml", CHATML), said.append)
    assert (found.turn_before, found.turn_after) == ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")
    assert found.turn_between == "<|im_end|>\n<|im_start|>user\n"
    assert found.end_tokens == ("<|im_end|>", "<|endoftext|>")
    assert len(said) == 1
    assert "left out" in said[0]


def test_a_system_turn_that_is_always_there_is_left_out() -> None:
    assert frame("headers", HEADERS) == (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        ("<|eot_id|>", "<|end_of_text|>"),
    )
    assert frame("brackets", SYSTEM_IN_BRACKETS) == ("<s>[INST]", "[/INST]", ("</s>",))


def test_a_default_system_prompt_inside_the_first_turn_is_left_out() -> None:
    inside = BRACKETS.replace("'[INST] ' +", "'[INST] ' + ('Be kind. ' if loop.first else '') +")
    assert frame("brackets", inside)[:2] == ("<s>[INST] ", "[/INST]")


def test_what_only_parts_turns_is_left_out() -> None:
    parted = CHATML.replace("{{ '\n' }}{% endfor %}", "{{ '' if loop.last else '\n' }}{% endfor %}")
    parted = parted.replace("{% if add_generation_prompt %}", "{% if add_generation_prompt %}{{ '\n' }}")
    assert parted.count("loop.last") == 1
    assert frame("chatml", parted)[:2] == ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")


def test_each_turn_may_begin_with_the_first_token() -> None:
    each = BRACKETS.replace("{{- bos_token }}", "").replace("'[INST] '", "bos_token + '[INST] '")
    assert frame("brackets", each)[:2] == ("<s>[INST] ", "[/INST]")


def test_thinking_is_switched_off() -> None:
    assert frame("chatml", THINKING)[1] == "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


def test_each_family_says_it_its_own_way() -> None:
    assert frame("brackets", BRACKETS, kind="llama") == ("<s>[INST] ", "[/INST]", ("</s>",))
    assert frame("turns", TURNS, kind="llama", add_space_prefix=False) == (
        "<bos><start_of_turn>user\n",
        "<end_of_turn>\n<start_of_turn>model\n",
        ("<eos>", "<end_of_turn>"),
    )
    assert frame("roles", ROLES) == ("<|user|>\n", "<|end|>\n<|assistant|>\n", ("<|endoftext|>", "<|end|>"))


def test_the_first_token_is_added_where_the_model_wants_it() -> None:
    assert frame("roles", ROLES, add_bos_token=True)[0] == "<s><|user|>\n"
    assert frame("headers", HEADERS, add_bos_token=True)[0].count("<|begin_of_text|>") == 1


def test_sentencepiece_models_get_the_space_before_their_first_word() -> None:
    plain = "{% for message in messages %}{{ message.content }}{{ eos_token }}{% endfor %}"
    assert frame("brackets", plain, kind="llama")[0] == "<s> "
    assert frame("brackets", plain, kind="llama", add_space_prefix=False)[0] == "<s>"
    assert frame("brackets", plain, kind="gpt2")[0] == ""


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (None, "carries no chat template"),
        ("{{ raise_exception('no users here') }}", "fails: no users here"),
        ("{% if %}", "fails"),
        ("{{ messages.append(1) }}", "fails"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "fails"),
        ("hello", "does not say a message once"),
        ("{% for message in messages %}{{ message.content | upper }}{% endfor %}", "does not say a message once"),
        ("{% for message in messages %}{{ message.content * 2 }}{% endfor %}", "does not say a message once"),
        (f"{CHATML}{{% if add_generation_prompt %}}<think>\n{{% endif %}}", "makes it think"),
        ("{{ messages[-1].content }}{{ messages[0].content }}" + CHATML, "does not say a message once"),
        ("x" * 200_000, "200000 characters"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(template: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        chat_format(checkpoint("chatml", template), lambda line: None)
    assert "\n" not in str(caught.value)
