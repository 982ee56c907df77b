"""The figures of code-mixing, on examples worked out by hand."""

from __future__ import annotations

import pytest
from duiyi.processors.mixing import code_mixing_index, integration_index, mixing_of, multilingual_index
from hypothesis import given
from hypothesis import strategies as st

RUNS = st.lists(st.tuples(st.sampled_from(["zh", "en", "other"]), st.integers(1, 50)), max_size=20)


def test_one_language_is_not_mixed() -> None:
    mixing = mixing_of([("zh", 10)])
    assert (mixing.cmi, mixing.m_index, mixing.i_index) == (0.0, 0.0, 0.0)


def test_worked_example() -> None:
    # 6 Chinese and 2 English words, two switches among seven places between words
    runs = [("zh", 4), ("en", 2), ("zh", 2)]
    assert code_mixing_index(runs) == pytest.approx(25.0)  # 100 · (1 − 6/8)
    assert multilingual_index(runs) == pytest.approx((1 - 0.625) / 0.625)  # Σp² = 0.5625 + 0.0625
    assert integration_index(runs) == pytest.approx(2 / 7)


def test_equal_shares_are_most_mixed() -> None:
    assert multilingual_index([("zh", 5), ("en", 5)]) == pytest.approx(1.0)
    assert integration_index([("zh", 1), ("en", 1)]) == 1.0


def test_without_words_nothing_can_be_said() -> None:
    assert mixing_of([]).cmi is None
    assert integration_index([("zh", 1)]) is None


@given(RUNS)
def test_ranges(runs: list[tuple[str, int]]) -> None:
    mixing = mixing_of(runs)
    if mixing.cmi is not None and mixing.m_index is not None:
        assert 0 <= mixing.cmi < 100
        assert -1e-9 <= mixing.m_index <= 1 + 1e-9
    if mixing.i_index is not None:
        assert 0 <= mixing.i_index <= 1
