"""Numbers of ids that come, go and come again, against a reference of dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.embeddings import IdPolicy, IdTable
from interestclock.errors import ConfigError

DAY_MS = 86_400_000


@dataclass
class Reference:
    """One id at a time, looked up in plain dictionaries."""

    policy: IdPolicy
    number: dict = field(default_factory=dict)
    last: dict = field(default_factory=dict)
    seen: dict = field(default_factory=dict)
    highest: int = 0

    def sight(self, ids: list, times: list[int], protected: int) -> tuple[list[int], set, set]:
        distinct = list(dict.fromkeys(each for each in ids if each is not None))
        missing = [each for each in distinct if each not in self.number]
        evicted = set()
        if self.policy.most is not None and len(self.number) + len(missing) > self.policy.most:
            wanted = max(len(self.number) + len(missing) - self.policy.most, self.policy.most // 100)
            free = [i for i in self.number if i not in distinct and self.last[i] < protected]
            for each in sorted(free, key=lambda i: (self.last[i], self.number[i]))[:wanted]:
                evicted.add(self.number[each])
                self.drop(each)
        for each in missing:
            if self.policy.most is None or len(self.number) < self.policy.most:
                used = set(self.number.values())
                self.number[each] = next(n for n in range(1, len(used) + 2) if n not in used)
                self.highest = max(self.highest, self.number[each])
        admitted = set()
        for each, time in zip(ids, times, strict=True):
            if each in self.number:
                self.seen[each] = self.seen.get(each, 0) + 1
                self.last[each] = max(self.last.get(each, time), time)
                if self.seen[each] == self.policy.sightings:
                    admitted.add(self.number[each])
        return [self.number.get(each, 0) for each in ids], evicted, admitted

    def expire(self, now: int) -> set:
        old = [i for i in self.number if self.last[i] < now - self.policy.unused_days * DAY_MS]
        left = {self.number[each] for each in old}
        for each in old:
            self.drop(each)
        return left

    def drop(self, each) -> None:
        del self.number[each], self.last[each], self.seen[each]


CALLS = st.lists(
    st.tuples(st.lists(st.none() | st.integers(0, 14), max_size=9), st.integers(0, 3), st.integers(0, 5)),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(
    calls=CALLS,
    sightings=st.integers(1, 3),
    most=st.none() | st.integers(1, 8),
    text=st.booleans(),
    restored=st.booleans(),
)
def test_every_call_does_what_the_reference_does(
    *, calls: list, sightings: int, most: int | None, text: bool, restored: bool
) -> None:
    policy = IdPolicy(sightings=sightings, unused_days=3, most=most)
    table, reference, now = IdTable(policy=policy), Reference(policy), 0
    for ids, days, protected_days in calls:
        now += days * DAY_MS
        if days:
            assert set(table.expire(now).tolist()) == reference.expire(now)
        named = [f"id {each}" if text and each is not None else each for each in ids]
        values = pa.array(named, pa.string() if text else pa.int64())
        protected = now - protected_days * DAY_MS
        sighted = table.sight(values, np.full(len(ids), now), protected_from_ms=protected)
        number, evicted, admitted = reference.sight(named, [now] * len(ids), protected)
        assert sighted.number_N.tolist() == number
        assert set(sighted.evicted.tolist()) == evicted
        assert set(sighted.admitted.tolist()) == admitted
        assert table.statistics.size == len(reference.number)
        assert table.statistics.capacity == reference.highest
        if restored:
            other = IdTable(policy=policy)
            other.restore({name: np.array(each) for name, each in table.state().items()})
            assert other.statistics == table.statistics
            table = other
    assert {i: n for n, i in enumerate(table.ids().to_pylist(), 1) if i is not None} == reference.number


def test_numbers_are_bounded_by_the_cap_on_a_stream_of_new_ids() -> None:
    table = IdTable(policy=IdPolicy(most=100))
    for turn in range(50):
        ids = pa.array(range(40 * turn, 40 * turn + 40))
        table.sight(ids, np.full(40, turn), protected_from_ms=turn)
    assert table.statistics.capacity == 100
    assert table.statistics.evictions == 50 * 40 - 100


def test_nobody_leaves_who_is_awaited() -> None:
    table = IdTable(policy=IdPolicy(most=2))
    table.sight(pa.array(["a", "b"]), np.array([5, 6]), protected_from_ms=0)
    refused = table.sight(pa.array(["c", "a", None]), np.array([7, 7, 7]), protected_from_ms=5)
    assert refused.number_N.tolist() == [0, 1, 0]
    assert table.statistics.refused == 1
    assert table.numbers(pa.array(["a", "c"])).tolist() == [1, 0]


def test_an_empty_call() -> None:
    table = IdTable(policy=IdPolicy())
    assert (
        table.sight(pa.array([], pa.int64()), np.zeros(0, np.int64), protected_from_ms=0).number_N.size == 0
    )
    assert table.expire(10**15).size == 0
    assert table.ids().to_pylist() == []


@pytest.mark.parametrize("change", [{"sightings": 0}, {"unused_days": 0.0}, {"most": -1}])
def test_policies_are_positive(change: dict) -> None:
    with pytest.raises(ConfigError, match="give a number above 0"):
        IdPolicy(**change)
