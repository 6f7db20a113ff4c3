"""Slots that are used again and indexes that never are, beside plain dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import LogError
from interestclock.ids import Identity

Id = int | str


@dataclass
class Reference:
    """One id at a time, looked up in plain dictionaries."""

    slot: dict[Id, int] = field(default_factory=dict)
    index: dict[Id, int] = field(default_factory=dict)
    came: int = 0
    highest: int = 0

    def admit(self, ids: list[Id | None]) -> tuple[list[int], list[int]]:
        given = [self.give(each) for each in dict.fromkeys(ids) if each is not None and each not in self.slot]
        return [self.slot.get(each, 0) for each in ids], given

    def give(self, each: Id) -> int:
        used = set(self.slot.values())
        self.slot[each] = next(slot for slot in range(1, len(used) + 2) if slot not in used)
        self.highest = max(self.highest, self.slot[each])
        self.came += 1
        self.index[each] = self.came
        return self.slot[each]

    def release(self, ids: list[Id]) -> list[int]:
        return [(self.index.pop(each), self.slot.pop(each))[1] for each in ids]


def named(each: int | None, *, text: bool) -> Id | None:
    """Text of several lengths, with none and with letters of several bytes among it."""
    return each if each is None or not text else "ü" * each if each >= 0 else f"{each}"


def array_of(ids: list[Id | None], *, text: bool) -> pa.Array:
    return pa.array(ids, pa.string() if text else pa.int64())


def copied(identity: Identity) -> Identity:
    other = Identity()
    other.restore({name: np.array(each) for name, each in identity.state().items()})
    return other


IDS = st.lists(st.none() | st.integers(-2, 12), max_size=9)
CALLS = st.lists(st.tuples(IDS, st.lists(st.integers(0, 20), max_size=4)), max_size=20)


@settings(max_examples=150, deadline=None)
@given(calls=CALLS, text=st.booleans(), restored=st.booleans())
def test_every_call_does_what_the_reference_does(*, calls: list, text: bool, restored: bool) -> None:
    identity, reference, given_out = Identity(), Reference(), set()
    everyone = [named(each, text=text) for each in (None, *range(-2, 13))]
    for numbers, leaving in calls:
        ids = [named(each, text=text) for each in numbers]
        slot_N, came = identity.admit(array_of(ids, text=text))
        assert (slot_N.tolist(), came.tolist()) == reference.admit(ids)
        assert slot_N.dtype == came.dtype == np.int32
        new = identity.index(came).tolist()
        assert given_out.isdisjoint(new)  # no index is another's, ever
        given_out.update(new)
        known = list(reference.slot)
        gone = reference.release(list(dict.fromkeys(known[place] for place in leaving if place < len(known))))
        identity.release(np.array(gone, np.int64))
        if restored:
            identity = copied(identity)
        slot_N = identity.look_up(array_of(everyone, text=text))
        assert slot_N.tolist() == [reference.slot.get(each, 0) for each in everyone]
        assert identity.index(slot_N).tolist() == [reference.index.get(each, 0) for each in everyone]
        assert identity.known().tolist() == sorted(reference.slot.values())
        assert len(identity) == len(reference.slot)
        assert identity.capacity == reference.highest
    in_order = {slot: each for each, slot in reference.slot.items()}
    assert identity.ids().to_pylist() == [in_order.get(1 + slot) for slot in range(reference.highest)]


def test_by_hand() -> None:
    users = Identity()
    users.admit(pa.array(["ann", "bob", "eve"]))
    users.release(np.array([3, 1]))
    slot_N, came = users.admit(pa.array(["joe", "bob", "eve", "kim", "joe"]))
    assert slot_N.tolist() == [1, 2, 3, 4, 1]  # the smallest free slot first
    assert came.tolist() == [1, 3, 4]
    assert users.index(np.array([0, 1, 2, 3, 4])).tolist() == [0, 4, 2, 5, 6]
    assert users.ids(np.array([4, 0, 2])).to_pylist() == ["kim", None, "bob"]


def test_to_ask_changes_nothing() -> None:
    items = Identity()
    items.admit(pa.array([7]))
    before = {name: np.array(each) for name, each in items.state().items()}
    assert items.look_up(pa.array([8, 7, None])).tolist() == [0, 1, 0]
    for name, each in items.state().items():
        np.testing.assert_array_equal(each, before[name])


def test_nobody_is_released_twice() -> None:
    users = Identity()
    users.admit(pa.array(["ann"]))
    users.release(np.array([1]))
    with pytest.raises(ValueError, match="slot 1 is nobody's; release each once"):
        users.release(np.array([1]))


@pytest.mark.parametrize(
    "ids",
    [
        pa.chunked_array([["b", None], ["a"]]),
        pa.chunked_array([], pa.string()),
        pa.array(["b", None, "a"], pa.large_string()),
        pa.DictionaryArray.from_arrays([2, None, 0], ["a", "never", "b"]),
        pa.nulls(3),
    ],
)
def test_any_way_of_holding_text(ids: pa.Array | pa.ChunkedArray) -> None:
    users = Identity()
    expected = [0, 0, 0] if pa.types.is_null(ids.type) else [1, 0, 2][: len(ids)]
    assert users.admit(ids)[0].tolist() == users.look_up(ids).tolist() == expected
    assert len(users) == max(expected, default=0)


@pytest.mark.parametrize("kind", [pa.int8(), pa.int32(), pa.int64()])
def test_whole_numbers_of_any_width(kind: pa.DataType) -> None:
    users = Identity()
    users.admit(pa.array([5, None, -5], kind))
    assert users.look_up(pa.array([-5, 5])).tolist() == [2, 1]
    assert users.ids().equals(pa.array([5, -5], pa.int64()))


def test_it_holds_one_type_even_when_all_have_left() -> None:
    users = Identity()
    assert users.look_up(pa.nulls(1)).tolist() == [0]  # decides nothing
    users.admit(pa.array(["a"]))
    users.release(np.array([1]))
    for each in (users, copied(users)):
        assert each.ids().equals(pa.array([None], pa.string()))
        for ask in (each.admit, each.look_up):
            with pytest.raises(LogError, match="ids are of type int64, and were string before; an identity"):
                ask(pa.array([1]))
        assert each.admit(pa.nulls(2))[0].tolist() == [0, 0]
    numbers = Identity()
    numbers.admit(pa.array([3]))
    numbers.release(np.array([1]))
    with pytest.raises(LogError, match="ids are of type string, and were int64 before"):
        copied(numbers).admit(pa.array(["a"]))
    assert copied(Identity()).admit(pa.array(["a"]))[0].tolist() == [1]


def test_strange_ids_are_refused() -> None:
    with pytest.raises(LogError, match="ids are of type double; give 64-bit integers or strings"):
        Identity().admit(pa.array([1.0]))


def test_an_empty_call() -> None:
    users = Identity()
    slot_N, came = users.admit(pa.array([], pa.int64()))
    assert slot_N.size == came.size == users.capacity == len(users) == 0
    users.release(np.zeros(0, np.int64))
    assert users.ids().to_pylist() == users.known().tolist() == []


def test_memory_is_flat_on_a_stream_of_new_ids() -> None:
    """Ten times as many ids as there are at a time."""
    users, used = Identity(), []
    for turn in range(100):
        users.admit(pa.array([f"user {200 * turn + place:08}" for place in range(200)]))
        users.state()
        used.append(users.bytes_used)
        if turn >= 9:
            oldest = np.argsort(users.index(users.known()))[:200]
            users.release(users.known()[oldest])
    assert users.capacity == 2_000
    assert max(used[50:]) <= max(used[:50])
    assert users.index(users.known()).max() == 20_000
    users.release(users.known())
    assert users.bytes_used < used[-1]


def test_what_was_restored_shares_no_memory() -> None:
    users, other = Identity(), Identity()
    users.admit(pa.array([3, 4]))
    other.restore(users.state())
    other.release(np.array([1]))
    assert other.admit(pa.array([9]))[0].tolist() == [1]
    assert users.ids().to_pylist() == [3, 4]
    assert users.index(np.array([1, 2])).tolist() == [1, 2]
    assert other.index(np.array([1, 2])).tolist() == [3, 2]
