"""A bounded queue before one thread that scores: batches, refusals, errors, closing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError, QueueFullError, RequestError, ResultError
from interestclock.serving import OneVersion, Rankers, RankRequest, Scorer, ScoringQueue
from interestclock.state import FeatureState


@pytest.fixture
def rankers(trained: tuple[FeatureState, Path]) -> Rankers:
    state, folder = trained
    return Rankers(state, {"new": folder, "old": OneVersion(folder=folder, version="00000001-full")})


def request_of(now_ms: int, *items: str, user: str = "ann", **changes) -> RankRequest:
    return RankRequest(user=user, items=list(items), at_ms=now_ms, utc_offset_minutes=0, **changes)


@contextmanager
def held(queue: ScoringQueue, scorer: Scorer, request: RankRequest) -> Iterator[list[list[RankRequest]]]:
    """Nothing is scored inside; gives the batches that are scored afterwards, the first being the request."""
    begun, go_on, batches, score = threading.Event(), threading.Event(), [], Scorer.score

    def waits(self: Scorer, requests: list[RankRequest]) -> list:
        batches.append(list(requests))
        begun.set()
        go_on.wait(60)
        return score(self, requests)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scorer, "score", waits)
        first = queue.submit(request, ranker=scorer.name)
        assert begun.wait(60)
        try:
            yield batches
        finally:
            go_on.set()
            first.exception(60)
            queue.close()


def test_what_waits_together_is_scored_together_by_ranker_and_in_order(rankers: Rankers, now_ms: int) -> None:
    queue = ScoringQueue(rankers, batch_candidates=4)
    with held(queue, rankers.scorer(), request_of(now_ms, "a")) as batches:
        sizes = [("new", 2), ("old", 1), ("new", 2), ("new", 1), ("new", 5), ("old", 3)]
        requests = [(name, request_of(now_ms, *"abcab"[:size])) for name, size in sizes]
        futures = [queue.submit(request, ranker=name) for name, request in requests]
    assert [[len(each.items) for each in batch] for batch in batches] == [[1], [2, 2], [1, 3], [1], [5]]
    for (name, request), future in zip(requests, futures, strict=True):
        scored = future.result(60)
        assert scored.request is request
        assert scored.ranker == name
        (alone,) = rankers.scorer(name).score([request])
        np.testing.assert_allclose(scored.probabilities["finish"], alone.probabilities["finish"], atol=1e-6)


def test_more_than_may_wait_is_refused_and_the_rest_is_answered(rankers: Rankers, now_ms: int) -> None:
    queue = ScoringQueue(rankers, waiting_candidates=5)
    with held(queue, rankers.scorer(), request_of(now_ms, "a", "b")):
        taken = [queue.submit(request_of(now_ms, "a")) for _ in range(3)]
        with pytest.raises(QueueFullError, match="5 candidates wait to be scored, and at most 5 may; try"):
            queue.submit(request_of(now_ms, "a"))
        assert queue.waiting_candidates == 5
    assert [len(each.result(60).probabilities["finish"]) for each in taken] == [1, 1, 1]
    with ScoringQueue(rankers, waiting_candidates=1) as small:  # what is more than that alone is scored alone
        assert small.submit(request_of(now_ms, "a", "b", "c")).result(60)


def test_one_that_cannot_be_answered_fails_alone(rankers: Rankers, now_ms: int) -> None:
    queue = ScoringQueue(rankers)
    with held(queue, rankers.scorer(), request_of(now_ms, "a")):
        bad = queue.submit(request_of(now_ms, "a", context={"colour": "red"}))
        good = queue.submit(request_of(now_ms, "a", "b"))
        strange = queue.submit(RankRequest(user="ann", items=[7, "a"], at_ms=now_ms, utc_offset_minutes=0))
        early = queue.submit(request_of(0, "a"))
    assert isinstance(bad.exception(60), RequestError)
    assert isinstance(strange.exception(60), RequestError)
    assert isinstance(early.exception(60), RequestError)
    assert len(good.result(60).best({"finish": 1.0})) == 2


def test_where_the_store_is_away_all_of_a_batch_fail_at_once_and_it_goes_on(
    rankers: Rankers, now_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def away(self: Scorer, requests: list[RankRequest]) -> list:
        calls.append(len(requests))
        raise ResultError("the store is away; start it")

    queue = ScoringQueue(rankers)
    with held(queue, rankers.scorer(), request_of(now_ms, "a")):
        monkeypatch.setattr(Scorer, "score", away)
        futures = [queue.submit(request_of(now_ms, "a")) for _ in range(3)]
    errors = [each.exception(60) for each in futures]
    assert [str(each) for each in errors] == ["the store is away; start it"] * 3
    assert len({id(each) for each in errors}) == 3
    assert calls == [3]


def test_what_waits_is_scored_when_it_is_closed_and_nothing_afterwards(rankers: Rankers, now_ms: int) -> None:
    queue = ScoringQueue(rankers, batch_candidates=1)
    with held(queue, rankers.scorer(), request_of(now_ms, "a")):
        waiting = [queue.submit(request_of(now_ms, "a")) for _ in range(4)]
        cancelled = queue.submit(request_of(now_ms, "b"))
        assert cancelled.cancel()
    assert all(each.done() and each.result().version for each in waiting)
    with pytest.raises(ResultError, match="the queue was closed"):
        queue.submit(request_of(now_ms, "a"))
    assert queue.waiting_candidates == 0
    queue.close()  # once more does nothing


def test_strange_rankers_and_bounds_are_refused(rankers: Rankers, now_ms: int) -> None:
    with ScoringQueue(rankers) as queue, pytest.raises(RequestError, match="no ranker 'x'"):
        queue.submit(request_of(now_ms, "a"), ranker="x")
    with pytest.raises(ConfigError, match="waiting_candidates is 0; give 1 or more"):
        ScoringQueue(rankers, waiting_candidates=0)


def test_explanations_are_of_the_version_that_scored(rankers: Rankers, now_ms: int) -> None:
    request = request_of(now_ms, "a", "?", explain=2)
    with ScoringQueue(rankers) as queue:
        scored = queue.submit(request).result(60)
        plain = queue.submit(request_of(now_ms, "a")).result(60)
    assert scored.explanations == rankers.scorer().explain(request, most=2)
    assert [each.item for each in scored.explanations] == ["a", "?"]
    assert plain.explanations == ()
    with pytest.raises(RequestError, match="explain is -1"):
        request_of(now_ms, "a", explain=-1)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=st.lists(
        st.tuples(
            st.sampled_from(["ann", "bob", "nobody", "noone"]),
            st.lists(st.sampled_from("abc?"), min_size=1, max_size=4),
            st.sampled_from(["new", "old"]),
            st.sampled_from([0, 0, 0, 1]),
        ),
        max_size=12,
    ),
    bound=st.integers(1, 8),
)
def test_whatever_comes_at_once_each_is_answered_as_if_it_came_alone(
    requests: list, bound: int, rankers: Rankers, now_ms: int
) -> None:
    asked = [
        (name, request_of(now_ms, *items, user=user, context={"colour": "red"} if bad else {}))
        for user, items, name, bad in requests
    ]
    with ScoringQueue(rankers, batch_candidates=bound) as queue:
        futures = [queue.submit(request, ranker=name) for name, request in asked]
    for (name, request), future in zip(asked, futures, strict=True):
        if request.context:
            assert isinstance(future.exception(60), RequestError)
            continue
        (alone,) = rankers.scorer(name).score([request])
        for task, probability in alone.probabilities.items():
            np.testing.assert_allclose(future.result(60).probabilities[task], probability, atol=1e-6)
