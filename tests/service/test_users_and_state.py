"""What is known of a user, which snapshots answer, how the service is doing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from small_service import NOW_MS, answers_to, small_service

from interestclock.client import Model, Status, UserClock, UserHistory
from interestclock.operations import Telemetry, serve_metrics
from interestclock.service import Access
from interestclock.store import open_store
from interestclock.store.user_page import user_page

T = TypeVar("T")
DEMO = Access(demo=True)
RANK = {"user": "ann", "candidates": ["a", "b"], "zone": "UTC"}


def got(folder: Path, path: str, kind: type[T], **more: Any) -> T:
    (response,) = answers_to(small_service(folder), ("GET", path, {}), access=DEMO, **more)
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=kind)


def test_a_user_is_shown_as_the_store_knows_them(folder: Path) -> None:
    history = got(folder, "/v1/users/ann/history?last=3", UserHistory)
    clock = got(folder, "/v1/users/ann/clock", UserClock)
    with open_store(folder / "store") as store, store.snapshot() as view:
        page = user_page(view, "ann", at_ms=NOW_MS, last=3)
    assert [each.item for each in history.behaviours] == [each.item for each in page.last]
    assert (history.known, history.kept, history.at_ms) == (page.known, page.kept, NOW_MS)
    assert clock.by_hour == list(page.by_hour)
    assert {name: tuple(map(tuple, each)) for name, each in clock.profile.items()} == page.profile


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("nobody/clock", 404, "the store does not know user 'nobody'"),
        ("7/history", 404, "the store does not know user '7'"),
        (f"{'x' * 257}/clock", 404, "user ids have at most 256 bytes"),
        ("a%2Fb/clock", 404, "the store does not know user 'a/b'"),
        ("ann%0A/clock", 404, "the store does not know user 'ann\n'"),
        ("ann/history?last=1001", 422, "last is '1001'; give a whole number up to 1,000"),
        ("ann/history?last=-1", 422, "last is '-1'"),
        ("ann/history?last=%D9%A3", 422, "last is"),
    ],
)
def test_who_is_not_known_is_said(path: str, status: int, detail: str, folder: Path) -> None:
    (response,) = answers_to(small_service(folder), ("GET", f"/v1/users/{path}", {}), access=DEMO)
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert detail in response.json()["detail"]


def test_the_model_is_the_snapshots(folder: Path) -> None:
    (ranker,) = got(folder, "/v1/model", Model).rankers
    assert (ranker.name, ranker.version) == ("small", "00000001-full")
    assert ranker.tasks == ["finish", "like", "skip"]
    assert ranker.clocks == ["gaussian", "longterm"]
    assert (ranker.pinned, ranker.refused) == (None, None)
    assert (ranker.quality.judged, ranker.quality.auc) == (0, None)


def test_trainer_and_updater_are_asked_for_their_numbers(folder: Path) -> None:
    stop = serve_metrics(Telemetry(tasks=("finish",), main_task="finish"), port=0)
    try:
        beside = {
            "trainer": f"http://127.0.0.1:{stop.port}/metrics",
            "updater": f"http://127.0.0.1:{stop.port}/nowhere:/",
        }
        status = got(folder, "/v1/status", Status, beside=beside | {"updater": "http://127.0.0.1:1/metrics"})
    finally:
        stop()
    assert status.trainer is not None
    assert status.trainer["events_total"] == 0
    assert (status.updater, list(status.away)) == (None, ["updater"])
    assert "http://127.0.0.1:1/metrics: no metrics (" in status.away["updater"]
    assert status.versions == {"small": "00000001-full"}
    assert (status.store.position, status.store.behind_seconds) == (7, 0.0)
    assert (status.at_ms, status.in_flight, status.waiting_candidates) == (NOW_MS, 0, 0)


def test_prometheus_reads_what_was_done(folder: Path) -> None:
    asked = [
        ("POST", "/v1/rank", {"json": RANK}),
        ("POST", "/v1/rank", {"json": {}}),
        ("GET", "/nowhere", {}),
    ]
    *_, page = answers_to(small_service(folder), *asked, ("GET", "/metrics", {}))
    samples = {
        (each.name.removeprefix("interestclock_"), *each.labels.values()): each.value
        for family in text_string_to_metric_families(page.text)
        for each in family.samples
    }
    assert samples["http_request_seconds_count", "/v1/rank", "200"] == 1
    assert samples["http_request_seconds_count", "/v1/rank", "422"] == 1
    assert samples["http_request_seconds_count", "none", "404"] == 1
    assert samples["ranked_total", "small", "read"] == 1
    assert samples["ranked_candidates_sum",] == 2
    assert (samples["store_away",], samples["snapshot_refused", "small"]) == (0, 0)
    assert re.fullmatch(r"text/plain; version=.*", page.headers["content-type"])
