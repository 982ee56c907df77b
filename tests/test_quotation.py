"""Quotation marks and apostrophes of what machines say: one manner, and nothing else changed."""

from __future__ import annotations

import pytest
from duiyi.processors.quotation import with_quotes
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(alphabet="ab 19.,()\"'“”‘’-", max_size=40)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('"It\'s fine," he said. "Don\'t."', "“It’s fine,” he said. “Don’t.”"),
        ("“mixed\" and 'single'.", "“mixed” and ‘single’."),
        ("\"He said 'no'\", twice", "“He said ‘no’”, twice"),
        ("the dogs' toys of the '90s", "the dogs’ toys of the ’90s"),
        ('("quoted") a "b"-"c"', "(“quoted”) a “b”-“c”"),
        ('"It goes on', "“It goes on"),
        ('and ends here."', "and ends here.”"),
        ("""5'10" tall, a 19" screen""", """5'10" tall, a 19" screen"""),
        ("The '5' key, 'I'm 20'", "The ‘5’ key, ‘I’m 20’"),
        ("rock 'n' roll in '85", "rock ’n’ roll in ’85"),
        ('He said:"yes" a="b"', "He said:“yes” a=“b”"),
        ('the "year of 2019"', "the “year of 2019”"),
    ],
)
def test_typographic_marks(said: str, expected: str) -> None:
    assert with_quotes("中文", said, "typographic") == expected


def test_straight_marks() -> None:
    assert with_quotes("中文", "“It’s ‘so’”", "straight") == "\"It's 'so'\""


def test_terms_and_the_marks_of_an_author_stay() -> None:
    assert with_quotes("驾照", "a driver's license, that's it", "typographic", ["driver's license"]) == (
        "a driver's license, that’s it"
    )
    assert with_quotes('他说"好"', 'He said "OK"', "typographic") == 'He said "OK"'


@given(TEXTS)
def test_only_marks_change_and_a_second_time_nothing_does(said: str) -> None:
    letters = str.maketrans("", "", "\"'“”‘’")
    for quotes in ("typographic", "straight"):
        made = with_quotes("中文", said, quotes)
        assert len(made) == len(said)
        assert made.translate(letters) == said.translate(letters)
        assert with_quotes("中文", made, quotes) == made
