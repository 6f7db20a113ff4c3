"""Rows that are earned, lost and earned again, against a reference of dictionaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.embeddings import IdPolicy, IdStatistics, RowLedger
from interestclock.errors import ConfigError

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
NO_LIMIT = 10**9


@dataclass
class Seen:
    origin: int
    last_ms: int
    count: int = 0


@dataclass
class Reference:
    """One sighting at a time, in plain dictionaries by slot."""

    policy: IdPolicy
    seen: dict[int, Seen] = field(default_factory=dict)
    origins: int = 0
    totals: Counter = field(default_factory=Counter)

    def observe(self, slots: list[int], times: list[int], protected: int) -> tuple[list[int], list[int]]:
        came = [each for each in dict.fromkeys(slots) if each and each not in self.seen]
        left = self.evict(len(came), slots, protected) if came else []
        first = dict(reversed(list(zip(slots, times, strict=True))))
        for slot in came[: max(0, (self.policy.most or NO_LIMIT) - len(self.seen))]:
            self.origins += 1
            self.seen[slot] = Seen(origin=self.origins, last_ms=first[slot])
        admitted = []
        for slot, time in zip(slots, times, strict=True):
            if slot in self.seen:
                seen = self.seen[slot]
                seen.count, seen.last_ms = seen.count + 1, max(seen.last_ms, time)
                if seen.count == self.policy.min_count:
                    admitted.append(slot)
            elif slot:
                self.totals["refused"] += 1
        self.totals["admissions"] += len(admitted)
        return left, sorted(admitted, key=lambda slot: self.seen[slot].origin)

    def evict(self, coming: int, named: list[int], protected: int) -> list[int]:
        too_many = len(self.seen) + coming - (self.policy.most or NO_LIMIT)
        if too_many <= 0:
            return []
        may_leave = [s for s, seen in self.seen.items() if s not in named and seen.last_ms < protected]
        oldest = sorted(may_leave, key=lambda slot: (self.seen[slot].last_ms, slot))
        return self.drop(oldest[: max(too_many, self.policy.most // 100)], "evictions")

    def expire(self, now: int, protected: int) -> list[int]:
        unused = now - self.policy.unused_days * DAY_MS
        leaving = [s for s, seen in self.seen.items() if seen.last_ms < unused and seen.last_ms < protected]
        return self.drop(leaving, "expiries")

    def drop(self, leaving: list[int], reason: str) -> list[int]:
        self.totals[reason] += len(leaving)
        for slot in leaving:
            del self.seen[slot]
        return sorted(leaving)

    def earned(self, slot: int) -> bool:
        return slot in self.seen and self.seen[slot].count >= self.policy.min_count

    def numbers(self) -> tuple[int, int, dict[str, int]]:
        names = ("admissions", "expiries", "evictions", "refused")
        return len(self.seen), sum(map(self.earned, self.seen)), {name: self.totals[name] for name in names}


def numbers(told: IdStatistics) -> tuple[int, int, dict[str, int]]:
    totals = {name: getattr(told, name) for name in ("admissions", "expiries", "evictions", "refused")}
    return told.size, told.admitted, totals


SLOTS = 14
SEEN = st.tuples(st.integers(0, SLOTS - 1), st.integers(-30, 0))  # a slot, and hours before the call
CALLS = st.lists(
    st.tuples(
        st.lists(SEEN, max_size=9),
        st.integers(0, 3),
        st.integers(0, 5),
        st.sets(st.integers(0, SLOTS + 2), max_size=2),
    ),
    max_size=25,
)
POLICIES = st.builds(
    IdPolicy,
    min_count=st.integers(1, 3),
    most=st.none() | st.integers(1, 8),
    unused_days=st.sampled_from([0.5, 3]),
)


def copied(ledger: RowLedger) -> RowLedger:
    other = RowLedger(policy=ledger.policy)
    other.restore({name: np.array(each) for name, each in ledger.state().items()})
    return other


@settings(max_examples=200, deadline=None)
@given(calls=CALLS, policy=POLICIES, restored=st.booleans())
def test_every_call_does_what_the_reference_does(*, calls: list, policy: IdPolicy, restored: bool) -> None:
    ledger, reference, now = RowLedger(policy=policy), Reference(policy), 10 * DAY_MS
    everyone = np.arange(SLOTS + 2)
    for seen, days, protected_days, forgotten in calls:
        now += days * DAY_MS
        protected = now - protected_days * DAY_MS
        if days:
            left = ledger.expire(now, protected_from_ms=protected)
            assert left.tolist() == reference.expire(now, protected)
        slots, times = [slot for slot, _ in seen], [now + hours * HOUR_MS for _, hours in seen]
        changes = ledger.observe(
            np.array(slots, np.int32), np.array(times, np.int64), protected_from_ms=protected
        )
        assert (changes.left.tolist(), changes.admitted.tolist()) == reference.observe(
            slots, times, protected
        )
        ledger.forget(np.array(sorted(forgotten), np.int64))
        for slot in forgotten:
            reference.seen.pop(slot, None)
        if restored:
            ledger = copied(ledger)
        assert numbers(ledger.statistics) == reference.numbers()
        assert ledger.is_admitted(everyone).tolist() == [reference.earned(slot) for slot in everyone]
        counted = np.array(sorted(reference.seen), np.int64)
        assert ledger.origin(counted).tolist() == [reference.seen[slot].origin for slot in counted]


def test_by_hand() -> None:
    """Two sightings earn a row; at a full table those go that nobody has seen for longest."""
    ledger = RowLedger(policy=IdPolicy(min_count=2, most=3))
    first = ledger.observe(np.array([7, 8, 9, 7, 8]), np.array([1, 2, 3, 1, 2]), protected_from_ms=0)
    assert (first.left.tolist(), first.admitted.tolist()) == ([], [7, 8])
    later = ledger.observe(np.array([4, 9, 4, 0, 5, 4]), np.full(6, 9), protected_from_ms=9)
    assert (later.left.tolist(), later.admitted.tolist()) == ([7, 8], [9, 4])
    assert ledger.origin(np.array([9, 4, 5])).tolist() == [3, 4, 5]
    assert ledger.is_admitted(np.array([0, 4, 5, 7, 8, 9, 99])).tolist() == [0, 1, 0, 0, 0, 1, 0]
    assert numbers(ledger.statistics) == (
        3,
        2,
        {"admissions": 4, "expiries": 0, "evictions": 2, "refused": 0},
    )


def test_at_a_cap_a_hundredth_leaves_at_once() -> None:
    ledger = RowLedger(policy=IdPolicy(most=500))
    ledger.observe(np.arange(1, 501), np.arange(500) // 3, protected_from_ms=0)
    left = ledger.observe(np.array([1_000]), np.array([200]), protected_from_ms=200).left
    assert left.tolist() == [1, 2, 3, 4, 5]  # five of 500; of the two that tie with a third, the smaller
    again = ledger.observe(np.arange(1_001, 1_005), np.full(4, 201), protected_from_ms=200)
    assert again.left.size == 0
    assert ledger.statistics.size == 500


def test_who_lost_a_row_and_comes_back_is_counted_anew_with_another_origin() -> None:
    ledger = RowLedger(policy=IdPolicy(min_count=2, unused_days=1))
    ledger.observe(np.array([3, 3, 6]), np.zeros(3, np.int64), protected_from_ms=0)
    assert ledger.expire(DAY_MS, protected_from_ms=DAY_MS).tolist() == []  # not longer than a day
    assert ledger.expire(DAY_MS + 1, protected_from_ms=0).tolist() == []
    assert ledger.expire(DAY_MS + 1, protected_from_ms=1).tolist() == [3, 6]
    for _ in range(2):
        assert not ledger.is_admitted(np.array([3])).any()
        back = ledger.observe(np.array([3]), np.array([2 * DAY_MS]), protected_from_ms=0)
    assert back.admitted.tolist() == [3]
    assert ledger.origin(np.array([3, 6])).tolist() == [3, 0]


def test_a_slot_that_is_forgotten_belongs_to_somebody_else() -> None:
    ledger = RowLedger(policy=IdPolicy(min_count=2))
    ledger.observe(np.array([3, 3, 4]), np.zeros(3, np.int64), protected_from_ms=0)
    ledger.forget(np.array([3, 5, 99]))
    assert numbers(ledger.statistics) == (
        1,
        0,
        {"admissions": 1, "expiries": 0, "evictions": 0, "refused": 0},
    )
    assert ledger.observe(np.array([3]), np.array([1]), protected_from_ms=0).admitted.tolist() == []
    assert ledger.observe(np.array([3]), np.array([1]), protected_from_ms=0).admitted.tolist() == [3]
    assert ledger.origin(np.array([3])).tolist() == [3]


def test_nobody_leaves_who_is_awaited() -> None:
    ledger = RowLedger(policy=IdPolicy(most=2))
    ledger.observe(np.array([1, 2]), np.array([5, 6]), protected_from_ms=0)
    refused = ledger.observe(np.array([3, 1, 3, 0]), np.array([7, 7, 7, 7]), protected_from_ms=5)
    assert refused.left.size == refused.admitted.size == 0
    assert ledger.statistics.refused == 2  # sightings
    assert ledger.is_admitted(np.array([1, 2, 3])).tolist() == [True, True, False]
    assert ledger.observe(np.array([3]), np.array([8]), protected_from_ms=7).left.tolist() == [2]


def test_moments_may_lie_before_1970() -> None:
    ledger = RowLedger(policy=IdPolicy(min_count=2, unused_days=1))
    ledger.observe(np.array([1, 2]), np.array([-9, -7]), protected_from_ms=0)
    assert ledger.observe(np.array([2, 1]), np.array([-5, -20]), protected_from_ms=0).admitted.tolist() == [
        1,
        2,
    ]
    assert ledger.expire(DAY_MS - 8, protected_from_ms=DAY_MS).tolist() == [1]  # last seen at -9, not at -20
    assert ledger.expire(DAY_MS - 5, protected_from_ms=DAY_MS).tolist() == []
    assert ledger.expire(DAY_MS - 4, protected_from_ms=DAY_MS).tolist() == [2]


def test_an_empty_call() -> None:
    ledger, none = RowLedger(policy=IdPolicy()), np.zeros(0, np.int64)
    for slots in (none, np.zeros(1, np.int64)):
        changes = ledger.observe(slots, slots, protected_from_ms=0)
        assert changes.left.size == changes.admitted.size == 0
    assert ledger.expire(10**15, protected_from_ms=10**15).size == 0
    assert ledger.statistics.refused == 0
    assert not ledger.is_admitted(np.array([0, 5])).any()


def test_memory_is_flat_where_slots_are() -> None:
    ledger = RowLedger(policy=IdPolicy(most=100))
    for turn in range(50):
        slots = np.arange(40 * turn, 40 * turn + 40) % 200 + 1
        ledger.observe(slots, np.full(40, turn), protected_from_ms=turn)
        if turn == 10:
            used = ledger.bytes_used
    assert ledger.statistics.evictions == 50 * 40 - 100
    assert ledger.bytes_used == used


def test_what_was_restored_shares_no_memory() -> None:
    ledger = RowLedger(policy=IdPolicy(min_count=2))
    ledger.observe(np.array([1, 2]), np.array([1, 1]), protected_from_ms=0)
    other = RowLedger(policy=ledger.policy)
    other.restore(ledger.state())
    assert other.observe(np.array([1]), np.array([5]), protected_from_ms=0).admitted.tolist() == [1]
    assert not ledger.is_admitted(np.array([1])).any()
    assert ledger.statistics.admissions == 0


def test_a_policy_may_change_between_runs() -> None:
    """Whoever has a row keeps it, and earns no second one; whoever has none is admitted when next seen."""
    ledger = RowLedger(policy=IdPolicy(min_count=2))
    ledger.observe(np.array([1, 2, 1]), np.zeros(3, np.int64), protected_from_ms=0)
    for min_count, admitted in ((3, []), (1, [2])):
        other = RowLedger(policy=IdPolicy(min_count=min_count))
        other.restore(ledger.state())
        changes = other.observe(np.array([1, 2]), np.ones(2, np.int64), protected_from_ms=0)
        assert changes.admitted.tolist() == admitted
        assert other.is_admitted(np.array([1])).all()
    fewer = RowLedger(policy=IdPolicy(most=1))
    fewer.restore(ledger.state())
    assert fewer.observe(np.array([3]), np.array([9]), protected_from_ms=9).left.tolist() == [1, 2]
    assert fewer.statistics.size == 1


def test_each_id_has_its_moment() -> None:
    with pytest.raises(ValueError, match="1 ids and 2 moments; give each id its moment"):
        RowLedger(policy=IdPolicy()).observe(np.array([1]), np.array([0, 1]), protected_from_ms=0)


def test_whole_numbers_are_counted_in() -> None:
    with pytest.raises(ConfigError, match=r"most is 2\.5; give a whole number, for example 3"):
        IdPolicy(most=2.5)
    with pytest.raises(
        ConfigError, match=r"unused_days is 1e\+300; give days up to 109800, or None for never"
    ):
        IdPolicy(unused_days=1e300)
    with pytest.raises(ConfigError, match="unused_days is nan; give a finite number"):
        IdPolicy(unused_days=float("nan"))


@pytest.mark.parametrize("change", [{"min_count": 0}, {"unused_days": 0.0}, {"most": -1}])
def test_policies_are_positive(change: dict) -> None:
    with pytest.raises(ConfigError, match="give a number above 0"):
        IdPolicy(**change)
