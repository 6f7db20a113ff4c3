"""Ids as they are said: a whole number stands for its digits, and for nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.ids import id_as

WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)


@given(WHOLE)
def test_a_number_and_its_digits_are_the_same(number: int) -> None:
    assert id_as(number, text=True) == id_as(str(number), text=True) == str(number)
    assert id_as(number, text=False) == id_as(str(number), text=False) == number


@given(st.text())
def test_no_two_texts_are_one_number(said: str) -> None:
    found = id_as(said, text=False)
    assert found is None or str(found) == said


@pytest.mark.parametrize(
    "said", ["07", "+7", " 7", "7 ", "7\n", "1_000", "-0", "7.0", "٧", "", str(2**63), 2**70]
)
def test_what_python_would_read_as_a_number_is_none(said: int | str) -> None:
    assert id_as(said, text=False) is None
