"""``POST /v1/rank``: what is answered, over HTTP and without."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from small_service import NOW_MS, answers_to, small_service

from interestclock.client import Problem, Rank, Ranked
from interestclock.errors import RequestError
from interestclock.service import Access, ServiceConfig
from interestclock.serving import RankRequest, Scorer
from interestclock.store import LmdbStore

RANK = {"user": "ann", "candidates": ["a", "b", "c"], "zone": "Europe/Berlin"}


def ranked(folder: Path, body: object, **service: Any) -> httpx.Response:
    (response,) = answers_to(small_service(folder, **service), ("POST", "/v1/rank", {"json": body}))
    return response


def answer_to(folder: Path, **changes: Any) -> Ranked:
    response = ranked(folder, RANK | changes)
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=Ranked)


def refusal_of(folder: Path, status: int, **changes: Any) -> str:
    response = ranked(folder, RANK | changes)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    problem = msgspec.json.decode(response.content, type=Problem)
    assert problem.status == status
    return problem.detail


def test_the_answer_is_the_scorers(folder: Path) -> None:
    answer = answer_to(folder, weights={"finish": 1.0, "like": 0.5}, top=2)
    with LmdbStore(folder / "store") as store:
        request = RankRequest(user="ann", items=["a", "b", "c"], at_ms=NOW_MS, zone="Europe/Berlin")
        (scored,) = Scorer(store, folder / "snapshots").score([request])
    best = scored.best({"finish": 1.0, "like": 0.5}, most=2)
    assert [each.item for each in answer.items] == [item for item, _ in best]
    np.testing.assert_allclose([each.score for each in answer.items], [score for _, score in best], atol=1e-6)
    assert answer.items[0].probabilities.keys() == {"finish", "like", "skip"}
    assert (answer.version, answer.ranker, answer.at_ms) == (scored.version, "small", NOW_MS)
    assert answer.known_behaviours == scored.known_behaviours > 0
    assert answer.local_time.second_of_day == scored.local.second_of_day


def test_the_plain_object_answers_alike(folder: Path) -> None:
    call = msgspec.convert(RANK, Rank)
    with small_service(folder) as service:
        plain = service.rank(call)
    over_http = answer_to(folder)
    assert plain.items == over_http.items
    assert plain.request_id != over_http.request_id


def test_health_is_said(folder: Path) -> None:
    asked = [("GET", path, {}) for path in ("/healthz", "/readyz", "/nowhere")]
    health, ready, nowhere = answers_to(small_service(folder), *asked)
    assert (health.status_code, ready.json()) == (200, {"ready": True})
    assert nowhere.json() == {"status": 404, "title": "Not Found", "detail": "Not Found"}


def test_where_the_clock_is(folder: Path) -> None:
    """As the request says; else as the user was last; else as the server has it."""
    plain = {"user": "ann", "candidates": ["a"]}
    new = plain | {"user": "new"}
    bodies = [plain | {"zone": "Asia/Tokyo"}, plain | {"utc_offset_minutes": -300}, plain, new]
    asked = [("POST", "/v1/rank", {"json": body}) for body in bodies]
    answers = [
        msgspec.json.decode(each.content, type=Ranked).local_time
        for each in answers_to(small_service(folder, zone="Asia/Kolkata"), *asked)
    ]
    assert [each.source for each in answers] == [
        "zone",
        "utc_offset_minutes",
        "user's last offset",
        "default zone",
    ]
    assert [answers[each].utc_offset_minutes for each in (0, 1, 3)] == [540, -300, 330]


@pytest.mark.parametrize(
    ("local_time", "second", "day"),
    [("2026-03-01T00:00", 0, 6), ("2026-03-02T23:59:59", 86_399, 0), ("1969-12-31T12:00", 43_200, 2)],
)
def test_the_wall_moves_and_what_is_known_does_not(
    local_time: str, second: int, day: int, folder: Path
) -> None:
    moved, plain = answer_to(folder, local_time=local_time), answer_to(folder)
    assert (moved.local_time.second_of_day, moved.local_time.day_of_week) == (second, day)
    assert (moved.local_time.moved, plain.local_time.moved) == (True, False)
    assert moved.local_time.utc_offset_minutes == plain.local_time.utc_offset_minutes == 60
    assert (moved.at_ms, moved.known_behaviours) == (plain.at_ms, plain.known_behaviours)
    assert {each.item: each.score for each in moved.items} != {each.item: each.score for each in plain.items}


def test_the_catalogue_is_ranked_as_its_items_are(folder: Path) -> None:
    catalogue = {"attribute": "genre", "value": "jazz", "limit": 10}
    assert [each.item for each in answer_to(folder, candidates=None, catalogue=catalogue).items] == ["b"]
    every = answer_to(folder, candidates=None, catalogue={})
    named = answer_to(folder)
    assert {each.item: each.score for each in every.items} == {each.item: each.score for each in named.items}
    assert len(answer_to(folder, candidates=None, catalogue={"limit": 2}).items) == 2


def test_attributes_stand_in_for_an_item_that_is_not_known(folder: Path) -> None:
    given = [
        {"item": "x", "attributes": {"genre": ["rock"]}},
        {"item": "y", "attributes": {"genre": ["rock"]}},
    ]
    scores = {each.item: each.score for each in answer_to(folder, candidates=[*given, "z"]).items}
    assert scores["x"] == scores["y"] != scores["z"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([{"genres": ["rock"]}], "items have no attribute 'genres'; they have genre"),
        ([{"genre": ["rock"]}, {"genre": ["jazz"]}], "candidate 'x' comes with two sets of attributes"),
    ],
)
def test_attributes_that_would_not_count_are_refused(
    given: list[dict[str, list[str]]], reason: str, folder: Path
) -> None:
    candidates = [{"item": "x", "attributes": each} for each in given]
    body = {"json": RANK | {"candidates": candidates}}
    (response,) = answers_to(small_service(folder), ("POST", "/v1/rank", body))
    assert response.status_code == 422
    assert reason in response.json()["detail"]


def test_it_says_how_far_the_features_go_and_why(folder: Path) -> None:
    body = {"json": RANK | {"explain": 5}}
    (response,) = answers_to(small_service(folder), ("POST", "/v1/rank", body), access=Access(demo=True))
    answer = msgspec.json.decode(response.content, type=Ranked)
    assert answer.admitted_offset == "7"
    for each in answer.items:
        assert each.why is not None
        (behaviours,) = each.why.behaviours.values()
        assert sum(one.weight for one in behaviours) == pytest.approx(1.0)
        assert each.why.profile.keys() == {"genre"}
    assert answer_to(folder).items[0].why is None


@pytest.mark.parametrize(
    ("changes", "status", "detail"),
    [
        ({"zone": "Nowhere"}, 422, "zone is 'Nowhere'; give an IANA name"),
        (
            {"zone": None, "user": "new"},
            422,
            "give zone or utc_offset_minutes with the request",
        ),
        ({"candidates": []}, 422, r"Expected `array` of length >= 1.*\$\.candidates"),
        ({"weights": {"buy": 1}}, 422, "no task 'buy'; this ranker predicts finish, like, skip"),
        ({"ranker": "other"}, 422, "no ranker 'other'; there are small"),
        ({"local_time": "2026-02-30T18:00"}, 422, "local_time '2026-02-30T18:00' is none; give one such as"),
        ({"utc_offset_minutes": 60}, 422, "zone and utc_offset_minutes are both given"),
        ({"catalogue": {}}, 422, "neither candidates nor catalogue is there, or both are"),
        ({"candidates": None, "catalogue": {"attribute": "genre"}}, 422, "one of attribute and value"),
        (
            {"candidates": None, "catalogue": {"attribute": "mood", "value": "?"}},
            422,
            "items have no attribute 'mood'; they have genre",
        ),
        (
            {"candidates": None, "catalogue": {"attribute": "genre", "value": "?"}},
            422,
            r"the store knows no item of genre '\?'; give candidates",
        ),
        ({"user": "é" * 129}, 422, "user is 258 bytes long; give at most 256"),
        ({"explain": 1}, 403, "start the service with INTERESTCLOCK_TOKEN set, or with --demo"),
        ({"candidates": [f"i{each}" for each in range(1_001)]}, 422, "1,001 candidates; give at most 1,000"),
        ({"colour": "red"}, 422, "Object contains unknown field `colour`"),
    ],
)
def test_what_cannot_be_answered_is_said(changes: dict, status: int, detail: str, folder: Path) -> None:
    assert re.search(detail, refusal_of(folder, status, **changes))


def test_what_is_served_is_handed_on_and_the_answer_says_whether_it_was(folder: Path) -> None:
    served = []
    service = small_service(folder, served=lambda call, answer: bool(served.append((call, answer)) or True))
    with service:
        answer = service.rank(msgspec.convert(RANK, Rank))
    ((call, before),) = served
    assert answer.logged is True
    assert before.logged is None
    assert (call.user, before.request_id, before.items) == ("ann", answer.request_id, answer.items)


def test_fewer_candidates_may_be_wanted_than_a_log_may_have(folder: Path) -> None:
    response = ranked(folder, RANK, config=ServiceConfig(candidates=2))
    assert response.json()["detail"] == "3 candidates; give at most 2"


def test_a_score_that_is_no_number_is_no_answer(folder: Path) -> None:
    call = msgspec.convert(RANK, Rank)
    with small_service(folder) as service:
        scored = service.submit(call).result()
        broken = {task: each * np.float32(np.nan) for task, each in scored.probabilities.items()}
        with pytest.raises(RequestError, match="a score is no number"):
            service.answer(call, replace(scored, probabilities=broken))
