"""Several values in one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from interestclock.studies.unsplit import UnsplitText


def separator_of(*chunks: list[list[str]]) -> str | None:
    text = UnsplitText()
    for chunk in chunks:
        text.add(pa.array(chunk, pa.list_(pa.string())))
    return text.separator()


@pytest.mark.parametrize("separator", ["|", ";", ","])
def test_what_a_good_part_of_the_values_hold(separator: str) -> None:
    assert separator_of([["a"], ["b"], []], [["c"], [f"a{separator}b"]]) == separator


def test_a_few_values_that_hold_one_are_no_sign() -> None:
    assert separator_of([["arts, crafts"], *[["food"]] * 4]) is None


def test_values_that_were_split_are_left_alone() -> None:
    assert separator_of([["rock, pop", "jazz"]], [["rock, pop"]]) is None


def test_nothing_to_look_at() -> None:
    assert separator_of() is separator_of([], [[]]) is None
