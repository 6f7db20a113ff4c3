"""``POST /v1/rank``: what is answered, over HTTP and without."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from small_service import NOW_MS, asking, small_service

from interestclock.client import Problem, Rank, Ranked
from interestclock.serving import RankRequest, Scorer
from interestclock.store import LmdbStore

RANK = {"user": "ann", "candidates": ["a", "b", "c"], "zone": "Europe/Berlin"}


def ranked(folder: Path, body: object, **service: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with asking(small_service(folder, **service)) as client:
            return await client.post("/v1/rank", json=body)

    return asyncio.run(ask())


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
    async def ask() -> list[httpx.Response]:
        async with asking(small_service(folder)) as client:
            return [await client.get("/healthz"), await client.get("/readyz"), await client.get("/nowhere")]

    health, ready, nowhere = asyncio.run(ask())
    assert (health.status_code, ready.json()) == (200, {"ready": True})
    assert nowhere.status_code == 404
    assert nowhere.json() == {"status": 404, "title": "Not Found", "detail": "Not Found"}


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
        ({"candidates": [7]}, 422, "ids are of type int64, and those of the store are string"),
        ({"weights": {"buy": 1}}, 422, "no task 'buy'; this ranker predicts finish, like, skip"),
        ({"ranker": "other"}, 422, "no ranker 'other'; there are small"),
        ({"colour": "red"}, 422, "Object contains unknown field `colour`"),
    ],
)
def test_what_cannot_be_answered_is_said(changes: dict, status: int, detail: str, folder: Path) -> None:
    assert re.search(detail, refusal_of(folder, status, **changes))
