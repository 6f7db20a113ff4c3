"""A feature updater's numbers for Prometheus."""

from __future__ import annotations

import math
from collections import deque

from interestclock.operations import read_metrics
from interestclock.operations.prometheus_page import serve_metrics
from interestclock.updater import UpdaterMetrics, UpdaterNumbers


def numbers(received: int, *, event_ms: int = 0, published: int | None = None) -> UpdaterNumbers:
    return UpdaterNumbers(
        position=received // 2,
        counts={"received": received, "learned": 0, "waiting": 1, "labels_joined": 2, "item_changes": 9},
        events_per_second=math.nan,
        event_ms=event_ms,
        lag_seconds=math.nan,
        published=published,
    )


def page(metrics: UpdaterMetrics) -> dict[str, float]:
    stop = serve_metrics(metrics, port=0)
    try:
        return read_metrics(f"http://127.0.0.1:{stop.port}/metrics")
    finally:
        stop()


def test_nothing_is_shown_before_anything_is_known() -> None:
    assert page(UpdaterMetrics(lambda: numbers(1))) == {}


def test_what_is_not_known_is_left_out_and_parts_add_up() -> None:
    metrics = UpdaterMetrics(lambda: numbers(10, event_ms=5_000, published=3))
    metrics.note()
    assert page(metrics) == {
        "events_total": 10,
        "events_waiting": 1,
        "event_timestamp_seconds": 5,
        "store_entry": 5,
        "published_entry": 3,
        "events_by_outcome_total{outcome=exposures}": 7,
        "events_by_outcome_total{outcome=labels_joined}": 2,
    }


def test_numbers_are_made_now_and_then_and_the_last_ones_count() -> None:
    at_s, given = deque([0.0, 0.1, 0.3, 0.4]), deque([numbers(1), numbers(2), numbers(3)])
    metrics = UpdaterMetrics(given.popleft, monotonic_s=at_s.popleft)
    for _ in range(4):
        metrics.note()
    assert len(given) == 1
    assert page(metrics)["events_total"] == 2
