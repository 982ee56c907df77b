"""The flags on the fault set: each is right, and found, nine times in ten at least; and what models say around a translation goes."""

from __future__ import annotations

import pytest
from duiyi.processors.answers import plain_answer
from duiyi.processors.checks import FLAGS
from eval_faults import counted, fault_set


def test_every_flag_is_precise_and_found() -> None:
    pairs = fault_set()
    assert len(pairs) >= 120
    figures = counted(pairs)
    assert figures.keys() == set(FLAGS) - {"repaired"}
    for flag, found in figures.items():
        assert found.right + found.missed >= 5, flag
        assert min(found.precision, found.recall) >= 0.9, flag


@pytest.mark.parametrize(
    ("chinese", "said", "answer"),
    [
        ("下班了", 'The English translation of "下班了" is "Off work."', "Off work."),
        ("好", '"好" translates to English as "Good".', "Good"),
        ("味道赞", "The translation to English is:", ""),
        ("你好", "Translation: Hello", "Hello"),
        ("推迟", 'To translate " postpone" to English, you would say:', ""),
        ("甩锅", "To say “甩锅” in English, you can say: “pass the buck”.", "pass the buck"),
        (
            "告别这座城市，你会说什么",
            "To say goodbye to the city, you would say what",
            "To say goodbye to the city, you would say what",
        ),
        (
            "要说“谢谢”，你可以写信。",
            'To say "thank you," you can write a letter.',
            'To say "thank you," you can write a letter.',
        ),
        ("不停延误", '"Never on time"', "Never on time"),
        ("他说：“好。”", '"Good," he said: "Good."', '"Good," he said: "Good."'),
        ("他说“好”", '"Good"', '"Good"'),
        ("以下是名单。", "Here is the list.", "Here is the list."),
        ("这对我很重要", "It means a lot to me", "It means a lot to me"),
        ("译文：你好", "Translation: Hello", "Translation: Hello"),
    ],
)
def test_an_answer_loses_its_announcement_and_nothing_else(chinese: str, said: str, answer: str) -> None:
    assert plain_answer(chinese, said) == answer
