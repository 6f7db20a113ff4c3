"""Numbers of ids that come, go and come again, against a reference of dictionaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.embeddings import IdPolicy, IdStatistics, IdTable, Sighted
from interestclock.errors import ConfigError, LogError

DAY_MS = 86_400_000


@dataclass
class Reference:
    """One id at a time, looked up in plain dictionaries."""

    policy: IdPolicy
    number: dict = field(default_factory=dict)
    last: dict = field(default_factory=dict)
    seen: dict = field(default_factory=dict)
    highest: int = 0
    totals: Counter = field(default_factory=Counter)

    def sight(self, ids: list, times: list[int], protected: int) -> Sighted:
        distinct = list(dict.fromkeys(each for each in ids if each is not None))
        missing = [each for each in distinct if each not in self.number]
        evicted = self.evict(len(missing), distinct, protected)
        new = [self.give(each) for each in missing if len(self.number) < (self.policy.most or 10**9)]
        admitted = []
        for each, time in zip(ids, times, strict=True):
            if each in self.number:
                self.seen[each] = self.seen.get(each, 0) + 1
                self.last[each] = max(self.last.get(each, time), time)
                if self.seen[each] == self.policy.sightings:
                    admitted.append(self.number[each])
            elif each is not None:
                self.totals["refused"] += 1
        self.totals["admissions"] += len(admitted)
        number = [self.number.get(each, 0) for each in ids]
        return Sighted(number_N=number, evicted=sorted(evicted), new=new, admitted=sorted(admitted))

    def evict(self, missing: int, named: list, protected: int) -> list[int]:
        too_many = len(self.number) + missing - (self.policy.most or 10**9)
        if too_many <= 0:
            return []
        may_leave = [i for i in self.number if i not in named and self.last[i] < protected]
        oldest = sorted(may_leave, key=lambda i: (self.last[i], self.number[i]))
        return self.drop(oldest[: max(too_many, self.policy.most // 100)], "evictions")

    def give(self, each) -> int:
        used = set(self.number.values())
        self.number[each] = next(n for n in range(1, len(used) + 2) if n not in used)
        self.highest = max(self.highest, self.number[each])
        return self.number[each]

    def expire(self, now: int, protected: int) -> list[int]:
        unused = now - self.policy.unused_days * DAY_MS
        leaving = [i for i in self.number if self.last[i] < unused and self.last[i] < protected]
        return sorted(self.drop(leaving, "expiries"))

    def drop(self, leaving: list, reason: str) -> list[int]:
        self.totals[reason] += len(leaving)
        for each in leaving:
            del self.last[each], self.seen[each]
        return [self.number.pop(each) for each in leaving]

    def statistics(self) -> IdStatistics:
        return IdStatistics(
            size=len(self.number),
            admitted=sum(count >= self.policy.sightings for count in self.seen.values()),
            capacity=self.highest,
            **{name: self.totals[name] for name in ("admissions", "expiries", "evictions", "refused")},
        )


SEEN = st.tuples(st.none() | st.integers(-2, 12), st.integers(-30, 0))  # an id, and hours before the call
CALLS = st.lists(st.tuples(st.lists(SEEN, max_size=9), st.integers(0, 3), st.integers(0, 5)), max_size=25)
POLICIES = st.builds(
    IdPolicy,
    sightings=st.integers(1, 3),
    most=st.none() | st.integers(1, 8),
    unused_days=st.sampled_from([0.5, 3]),
)


def named(each: int | None, *, text: bool) -> int | str | None:
    """Text of several lengths, with none and with letters of several bytes among it."""
    return each if each is None or not text else "ü" * each if each >= 0 else f"{each}"


def as_lists(sighted: Sighted) -> dict[str, list[int]]:
    return {name: np.asarray(each).tolist() for name, each in vars(sighted).items()}


def copied(table: IdTable) -> IdTable:
    other = IdTable(policy=table.policy)
    other.restore({name: np.array(each) for name, each in table.state().items()})
    return other


@settings(max_examples=200, deadline=None)
@given(calls=CALLS, policy=POLICIES, text=st.booleans(), restored=st.booleans())
def test_every_call_does_what_the_reference_does(
    *, calls: list, policy: IdPolicy, text: bool, restored: bool
) -> None:
    table, reference, now = IdTable(policy=policy), Reference(policy), 10 * DAY_MS
    for seen, days, protected_days in calls:
        now += days * DAY_MS
        protected = now - protected_days * DAY_MS
        if days:
            left = table.expire(now, protected_from_ms=protected)
            assert left.tolist() == reference.expire(now, protected)
        ids = [named(each, text=text) for each, _ in seen]
        times = [now + hours * 3_600_000 for _, hours in seen]
        values = pa.array(ids, pa.string() if text else pa.int64())
        sighted = table.sight(values, np.array(times, np.int64), protected_from_ms=protected)
        assert as_lists(sighted) == as_lists(reference.sight(ids, times, protected))
        assert table.statistics == reference.statistics()
        if restored:
            table = copied(table)
    known = {each: number for number, each in enumerate(table.ids().to_pylist(), 1) if each is not None}
    assert known == reference.number
    everyone = [named(each, text=text) for each in (None, *range(-2, 13))]
    number_N = table.numbers(pa.array(everyone, pa.string() if text else pa.int64()))
    assert number_N.tolist() == [known.get(each, 0) for each in everyone]
    earned = [reference.seen.get(each, 0) >= policy.sightings for each in everyone]
    assert table.is_admitted(number_N).tolist() == earned


def test_at_a_cap_a_hundredth_leaves_at_once() -> None:
    table = IdTable(policy=IdPolicy(most=500))
    table.sight(pa.array(range(500)), np.arange(500) // 3, protected_from_ms=0)
    evicted = table.sight(pa.array([1_000]), np.array([200]), protected_from_ms=200).evicted
    assert evicted.tolist() == [1, 2, 3, 4, 5]  # five of 500; of the two that tie with a third, the smaller
    assert (
        table.sight(pa.array(range(1_001, 1_005)), np.full(4, 201), protected_from_ms=200).evicted.size == 0
    )


def test_numbers_of_the_evicted_are_given_again_in_the_same_call() -> None:
    table = IdTable(policy=IdPolicy(sightings=2, most=3))
    table.sight(pa.array([7, 8, 9, 7, 8]), np.array([1, 2, 3, 1, 2]), protected_from_ms=0)
    sighted = table.sight(pa.array([4, 9, 4, 5, 4]), np.full(5, 9), protected_from_ms=9)
    assert as_lists(sighted) == {
        "number_N": [1, 3, 1, 2, 1],
        "evicted": [1, 2],
        "new": [1, 2],
        "admitted": [1, 3],
    }
    assert table.is_admitted(np.array([0, 1, 2, 3])).tolist() == [False, True, False, True]


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
    assert table.expire(10**15, protected_from_ms=10**15).size == 0
    assert table.ids().to_pylist() == []


def test_numbers_are_admitted_in_order_and_moments_may_lie_before_1970() -> None:
    table = IdTable(policy=IdPolicy(sightings=2))
    table.sight(pa.array(["a", "b"]), np.array([-9, -7]), protected_from_ms=0)
    assert table.state()["last_ms"].tolist() == [0, -9, -7]
    sighted = table.sight(pa.array(["b", "a"]), np.array([-5, -20]), protected_from_ms=0)
    assert sighted.admitted.tolist() == [1, 2]
    assert table.state()["last_ms"].tolist() == [0, -9, -5]


def test_memory_is_flat_on_a_stream_of_new_ids() -> None:
    """Ten times as many ids as there is room for."""
    table, used = IdTable(policy=IdPolicy(most=2_000, unused_days=1)), []
    for turn in range(100):
        ids = pa.array([f"user {200 * turn + place:08}" for place in range(200)])
        table.sight(ids, np.full(200, turn), protected_from_ms=turn)
        table.state()
        used.append(table.bytes_used)
    assert table.statistics.capacity == 2_000
    assert max(used[50:]) <= max(used[:50])
    assert table.expire(2 * DAY_MS, protected_from_ms=2 * DAY_MS).tolist() == list(range(1, 2_001))
    assert table.bytes_used < used[-1]


def test_what_was_restored_shares_no_memory() -> None:
    table = IdTable(policy=IdPolicy(sightings=2))
    table.sight(pa.array([3, 4]), np.array([1, 1]), protected_from_ms=0)
    other = IdTable(policy=table.policy)
    other.restore(table.state())
    assert other.sight(pa.array([3]), np.array([5]), protected_from_ms=0).admitted.tolist() == [1]
    assert not table.is_admitted(np.array([1])).any()
    assert table.state()["last_ms"].tolist() == [0, 1, 1]


def test_a_policy_may_change_between_runs() -> None:
    """Whoever has a row keeps it, and earns no second one; whoever has none is admitted when next seen."""
    table = IdTable(policy=IdPolicy(sightings=2))
    table.sight(pa.array(["a", "b", "a"]), np.zeros(3, np.int64), protected_from_ms=0)
    for sightings, admitted in ((3, []), (1, [2])):
        other = IdTable(policy=IdPolicy(sightings=sightings))
        other.restore(table.state())
        sighted = other.sight(pa.array(["a", "b"]), np.ones(2, np.int64), protected_from_ms=0)
        assert sighted.admitted.tolist() == admitted
        assert other.is_admitted(np.array([1])).all()
    fewer = IdTable(policy=IdPolicy(most=1))
    fewer.restore(table.state())
    assert fewer.sight(pa.array(["c"]), np.array([9]), protected_from_ms=9).evicted.tolist() == [1, 2]
    assert fewer.statistics.size == 1


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
    table = IdTable(policy=IdPolicy())
    sighted = table.sight(ids, np.zeros(len(ids), np.int64), protected_from_ms=0)
    expected = [0, 0, 0] if pa.types.is_null(ids.type) else [1, 0, 2][: len(ids)]
    assert sighted.number_N.tolist() == table.numbers(ids).tolist() == expected
    assert sighted.number_N.dtype == np.int32
    assert table.statistics.refused == 0


def test_a_table_holds_one_type_even_when_all_have_left() -> None:
    table = IdTable(policy=IdPolicy(unused_days=1))
    assert table.numbers(pa.array([1])).tolist() == [0]  # asking decides nothing
    table.sight(pa.array(["a"]), np.array([0]), protected_from_ms=0)
    assert table.expire(2 * DAY_MS, protected_from_ms=2 * DAY_MS).tolist() == [1]
    for each in (table, copied(table)):
        assert each.ids().equals(pa.array([None], pa.string()))
        with pytest.raises(
            LogError, match="ids are of type int64, and were string before; a table holds one"
        ):
            each.sight(pa.array([1]), np.array([0]), protected_from_ms=0)
        assert each.sight(pa.nulls(2), np.zeros(2, np.int64), protected_from_ms=0).number_N.tolist() == [0, 0]
    assert copied(IdTable(policy=IdPolicy())).numbers(pa.array(["a"])).tolist() == [0]


def test_strange_ids_are_refused() -> None:
    table = IdTable(policy=IdPolicy())
    with pytest.raises(LogError, match="ids are of type double; give 64-bit integers or strings"):
        table.sight(pa.array([1.0]), np.array([0]), protected_from_ms=0)
    with pytest.raises(ValueError, match="1 ids and 2 moments; give each id its moment"):
        table.sight(pa.array([1]), np.array([0, 1]), protected_from_ms=0)


def test_whole_numbers_are_counted_in() -> None:
    with pytest.raises(ConfigError, match=r"most is 2\.5; give a whole number, for example 3"):
        IdPolicy(most=2.5)
    with pytest.raises(ConfigError, match="unused_days is nan; give a number above 0"):
        IdPolicy(unused_days=float("nan"))


@pytest.mark.parametrize("change", [{"sightings": 0}, {"unused_days": 0.0}, {"most": -1}])
def test_policies_are_positive(change: dict) -> None:
    with pytest.raises(ConfigError, match="give a number above 0"):
        IdPolicy(**change)
