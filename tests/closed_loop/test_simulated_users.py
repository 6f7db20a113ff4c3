"""Users against a service that answers, is away, loses answers, or refuses."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import pytest

from interestclock.client import Logged, Problem, Rank, Ranked, RankedItem, ServiceError, WallClock
from interestclock.closed_loop import Callers, SimulatedVisit
from interestclock.simulator import (
    START_MS,
    LiveRequest,
    SimulatorTruth,
    World,
    build_world,
    day_of,
    draw_responses,
    live_requests,
    size_named,
)
from interestclock.timeofday import TimeSource

SHOWN = 3
LABELS = {"finish", "like", "skip", "dislike"}


class Service:
    """Answers with the first candidates; fails as often as wanted, before or after it has the messages."""

    def __init__(self, clock: TimeSource) -> None:
        self.clock, self.lock = clock, threading.Lock()
        self.messages: list[Mapping[str, Any]] = []
        self.ranked: dict[str, Rank] = {}
        self.received_ms: list[int] = []
        self.fails_before = self.fails_after = 0
        self.refuses = self.away = False

    def rank(self, call: Rank) -> Ranked:
        if self.away:
            raise problem(0)
        with self.lock:
            request_id = f"r{len(self.ranked)}"
            self.ranked[request_id] = call
        assert call.candidates is not None
        best = call.candidates[: call.top]
        return Ranked(
            request_id=request_id,
            at_ms=self.clock.now_ms(),
            ranker="ranker",
            version="1",
            local_time=WallClock(second_of_day=1, day_of_week=0, utc_offset_minutes=0, source="zone"),
            weights={},
            known_behaviours=0,
            logged=True,
            items=[RankedItem(item=str(item), score=0.0, probabilities={}) for item in best],
        )

    def log_events(self, messages: Sequence[Mapping[str, Any]]) -> Logged:
        if self.refuses:
            raise problem(422)
        with self.lock:
            if self.fails_before:
                self.fails_before -= 1
                raise problem(503)
            self.messages += messages
            self.received_ms.append(self.clock.now_ms())
            if self.fails_after:
                self.fails_after -= 1
                raise problem(0)
        return Logged(logged=len(messages), log="log", acknowledged="here")


def problem(status: int) -> ServiceError:
    return ServiceError(Problem(status=status, title="Refused", detail="by a test"))


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=3)


@pytest.fixture
def clock() -> TimeSource:
    return TimeSource(start_ms=START_MS, left_ms=TimeSource().now_ms(), factor=7_200)


def requests(world: World, count: int) -> list[LiveRequest]:
    return list(islice(live_requests(world, from_ms=START_MS, per_day=2_000, candidates=9), count))


def visits(world: World, count: int) -> list[SimulatedVisit]:
    return [SimulatedVisit(world, each, shown=SHOWN) for each in requests(world, count)]


def visited(service: Service, world: World, count: int) -> Callers:
    with Callers(service, clock=service.clock, callers=16) as users:
        users.come(visits(world, count))  # who fit in what waits: nobody is skipped
        assert users.settle(seconds=60)
    return users


def test_all_that_is_done_is_sent_when_it_is_known(world: World, clock: TimeSource) -> None:
    service = Service(clock)
    users = visited(service, world, 40)
    numbers = users.counts.numbers()
    exposures = [each for each in service.messages if "item_id" in each]
    labels = [each for each in service.messages if "label_of" in each]
    assert (numbers.ranks, numbers.skipped, numbers.repeats) == (40, 0, 0)
    assert numbers.exposures == numbers.exposures_acknowledged == len(exposures) == 40 * SHOWN
    assert numbers.labels == numbers.labels_acknowledged == len(labels) > 20
    assert all(set(each) == {"request_id", "item_id", "position"} for each in exposures)
    assert {each["label"] for each in labels} <= LABELS
    assert all(each["value"] == 1 and each["known_ms"] <= clock.now_ms() for each in labels)
    names = {f"{each['request_id']}/{each['item_id']}" for each in exposures}
    assert {each["label_of"] for each in labels} <= names
    assert len({(each["label_of"], each["label"]) for each in labels}) == len(labels)


def test_what_users_do_is_the_truths(world: World, clock: TimeSource) -> None:
    service = Service(clock)
    visited(service, world, 1)
    (request,) = requests(world, 1)
    shown = request.items[:SHOWN]
    done = draw_responses(world, request, day=day_of(START_MS), second_of_day=1, items=shown)
    expected = {
        (f"r0/{item}", label) for label in LABELS for item, did in zip(shown, done[label], strict=True) if did
    }
    labels = {(each["label_of"], each["label"]) for each in service.messages if "label_of" in each}
    assert labels == expected


def test_what_is_not_acknowledged_is_sent_again_with_all_of_itself(world: World, clock: TimeSource) -> None:
    service = Service(clock)
    service.fails_before, service.fails_after = 1, 1
    users = visited(service, world, 1)
    numbers = users.counts.numbers()
    exposures = [each for each in service.messages if "item_id" in each]
    assert numbers.exposures_acknowledged == SHOWN
    assert numbers.repeats == 2
    assert len(exposures) == 2 * SHOWN  # the log has them twice, by the same names
    assert all(each["user_id"] and each["timestamp_ms"] and each["zone"] for each in exposures)
    assert len({(each["request_id"], each["item_id"]) for each in exposures}) == SHOWN


def test_who_is_not_answered_sees_nothing(world: World, clock: TimeSource) -> None:
    service = Service(clock)
    service.away = True
    users = visited(service, world, 5)
    numbers = users.counts.numbers()
    assert (numbers.ranks, numbers.unanswered, numbers.exposures) == (0, 5, 0)
    assert users.unanswered_because == "0 Refused: by a test"


def test_what_is_refused_for_good_is_counted_and_nothing_comes_of_it(world: World, clock: TimeSource) -> None:
    service = Service(clock)
    service.refuses = True
    numbers = visited(service, world, 5).counts.numbers()
    assert (numbers.refused, numbers.exposures_acknowledged, numbers.labels) == (5 * SHOWN, 0, 0)


def test_no_more_come_after_they_are_stopped(world: World) -> None:
    clock = TimeSource(start_ms=START_MS, left_ms=TimeSource().now_ms(), factor=1e-3)
    service = Service(clock)
    with Callers(service, clock=clock, callers=1) as users:
        coming = threading.Thread(target=users.come, args=(visits(world, 10),))
        coming.start()
        users.stop()
        coming.join(60)
        assert not coming.is_alive()
    assert users.counts.numbers().ranks < 10


def test_users_come_until_a_moment(world: World, clock: TimeSource) -> None:
    service = Service(clock)
    some = visits(world, 20)
    with Callers(service, clock=clock, callers=4) as users:
        users.come(some, until_ms=some[7].timestamp_ms)
        assert users.settle(seconds=60)
    assert users.counts.numbers().ranks == sum(each.timestamp_ms < some[7].timestamp_ms for each in some)
