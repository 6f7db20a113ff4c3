"""Lists of item ids as numbers, against lists of ids."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from interestclock.admission.item_codes import ItemCodes

LISTS = st.lists(st.sampled_from("abcdefg"), unique=True, max_size=5)


@given(st.lists(st.tuples(LISTS, st.booleans(), st.integers(0, 20)), max_size=30))
def test_lists_are_what_was_taken_until_they_are_given_back(steps: list[tuple[list[str], bool, int]]) -> None:
    codes, held = ItemCodes(), []
    for items, again, gone in steps:
        held.append((items, codes.acquire(items)))
        if again:
            held.append((items, codes.hold(np.frombuffer(held[-1][1], np.int32))))
        if gone < len(held):
            codes.give_back(held.pop(gone)[1])
        assert codes.lists([each for _, each in held]).to_pylist() == [each for each, _ in held]
        assert len(codes) == len({item for each, _ in held for item in each})
        for said, each in held:
            assert [codes.place(each, item) for item in said] == list(range(len(said)))
            assert codes.place(each, "h") is None
    assert all(codes.place(each, "a") == (said.index("a") if "a" in said else None) for said, each in held)


def test_a_number_goes_to_another_item_once_its_own_is_gone() -> None:
    codes = ItemCodes()
    codes.give_back(codes.acquire(["a", "b"]))
    assert sorted(np.frombuffer(codes.acquire(["c", "d"]), np.int32).tolist()) == [0, 1]
    assert len(codes) == 2
