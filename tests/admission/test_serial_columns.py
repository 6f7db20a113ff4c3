"""Columns by serial number beside dictionaries, however exposures come and are closed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.admission import Column, SerialColumns

COLUMNS = {
    "user": Column(kind=np.int32, fill=-1),
    "known_ms": Column(kind=np.int64, fill=np.iinfo(np.int64).max),
    "label": Column(kind=np.int8, fill=-1, width=2),
}
STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "put", "close", "restore"]), st.integers(0, 30)), max_size=40
)


def copied(held: SerialColumns) -> SerialColumns:
    other = SerialColumns(COLUMNS)
    other.restore({name: np.array(each) for name, each in held.state().items()})
    return other


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_every_column_is_what_a_dictionary_holds(steps: list[tuple[str, int]]) -> None:
    held, expected, stop = SerialColumns(COLUMNS), {}, 0
    for turn, (step, number) in enumerate(steps):
        first = min(expected, default=stop)
        if step == "append":
            assert held.append(number % 5).tolist() == list(range(stop, stop + number % 5))
            for serial in range(stop, stop + number % 5):
                expected[serial] = {"user": -1, "known_ms": np.iinfo(np.int64).max, "label": [-1, -1]}
            stop += number % 5
        elif step == "put" and expected:
            serial_N = np.array(sorted(expected))[number % len(expected) :][::-1]
            held.put("user", serial_N, serial_N + turn)
            held.put("label", serial_N, turn, at=1)
            for serial in serial_N.tolist():
                expected[serial]["user"] = serial + turn
                expected[serial]["label"][1] = turn
        elif step == "close":
            held.close_before(first + number - 2)  # before the first, and behind the last, as well
            expected = {s: row for s, row in expected.items() if s >= first + number - 2}
        else:
            held = copied(held)
        assert (held.first, held.stop) == (min(expected, default=stop), stop)
        serial_N = np.array(sorted(expected), np.int64)
        for name, about in COLUMNS.items():
            mine = [expected[serial][name] for serial in serial_N.tolist()]
            assert held.get(name, serial_N).tolist() == mine
            assert held.held(name).tolist() == mine
            assert held.get(name, serial_N).dtype == about.kind


def test_one_that_is_not_held_is_not_taken_for_another() -> None:
    held = SerialColumns(COLUMNS)
    held.append(5)
    held.close_before(2)
    for strange in ([1], [2, 5], [-1]):
        with pytest.raises(
            ValueError, match=rf"exposures {strange[0]} to {strange[-1]}, but 2 to 4 are open"
        ):
            held.get("user", np.array(strange))
        with pytest.raises(ValueError, match="are open"):
            held.put("user", np.array(strange), 7)
    assert held.get("user", np.array([], np.int64)).size == 0


def test_what_is_closed_never_opens_again() -> None:
    held = SerialColumns(COLUMNS)
    held.append(4)
    held.close_before(3)
    held.close_before(1)
    assert (held.first, held.held("user").size) == (3, 1)
    held.close_before(99)
    assert (held.first, held.stop) == (4, 4)
    assert held.append(1).tolist() == [4]
    assert held.get("user", np.array([4])).tolist() == [-1]


def test_values_of_the_closed_are_nobody_elses() -> None:
    """Places are used again; what stood there is not seen."""
    held = SerialColumns(COLUMNS)
    for _ in range(50):
        serial_N = held.append(3)
        assert held.get("user", serial_N).tolist() == [-1, -1, -1]
        assert held.get("label", serial_N).tolist() == [[-1, -1]] * 3
        held.put("user", serial_N, 7)
        held.put("label", serial_N, np.ones((3, 2), np.int8))
        held.close_before(held.stop - 1)


def test_memory_goes_with_what_is_open() -> None:
    held = SerialColumns(COLUMNS)
    for _ in range(200):
        held.append(100)
        held.close_before(held.stop - 100)
    assert all(each.shape[0] <= 400 for each in held._columns.values())


def test_what_was_restored_shares_no_memory() -> None:
    held, other = SerialColumns(COLUMNS), SerialColumns(COLUMNS)
    held.append(2)
    other.restore(held.state())
    other.put("user", np.array([0, 1]), 9)
    assert held.held("user").tolist() == [-1, -1]
