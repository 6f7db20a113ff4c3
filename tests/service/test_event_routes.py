"""Events, items and erasures over HTTP: acknowledged once the log has them, all of a batch or none."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from embedded_logs import messages_in
from small_event_service import Asks, admitted, responses
from small_service import NOW_MS

from interestclock.client import Erased, ItemChange, Logged, Problem, Ranked
from interestclock.errors import RequestError
from interestclock.events.message_json import read_message
from interestclock.events.message_models import Erase, Item, Served
from interestclock.service import EventService, Exploration, ServiceConfig
from interestclock.streams import EmbeddedLogWriter
from interestclock.updater.progress import UpdaterNumbers

_FSYNC = "interestclock.streams.segment_files.os.fsync"
RANK = {"user": "ann", "candidates": ["a", "b", "c"], "zone": "Europe/Berlin"}
SHOWN = {"event_id": "e1", "user_id": "ann", "item_id": "a", "timestamp_ms": NOW_MS, "zone": "UTC"}
LIKED = {"label_of": "e1", "label": "like", "value": 1, "known_ms": NOW_MS + 1}


def posts(*bodies: Any) -> Asks:
    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.post("/v1/events", json=body) for body in bodies]

    return ask


def posted(folder: Path, log: Path, *bodies: Any, **settings: Any) -> list[httpx.Response]:
    return responses(folder, EmbeddedLogWriter(log), posts(*bodies), **settings)


def refusal(response: httpx.Response, status: int) -> Problem:
    assert response.status_code == status, response.text
    return msgspec.json.decode(response.content, type=Problem)


def counts(numbers: UpdaterNumbers) -> dict[str, int]:
    return {name: count for name, count in numbers.counts.items() if count}


def test_a_batch_is_in_the_log_when_it_is_answered(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    logged: list[list[bytes]] = []

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        found = []
        for body in ([SHOWN, LIKED], [LIKED | {"label": "finish"}]):
            found.append(await client.post("/v1/events", json=body))
            logged.append(messages_in(log))
        return found

    for response, count in zip(responses(folder, EmbeddedLogWriter(log), ask), (2, 1), strict=True):
        assert response.status_code == 200, response.text
        answer = msgspec.json.decode(response.content, type=Logged)
        assert (answer.logged, answer.log) == (count, f"log://{log}")
        assert answer.acknowledged == "on the disk of this machine"
    assert [len(each) for each in logged] == [2, 3]
    assert [json.loads(each) for each in logged[0]] == [SHOWN, LIKED]


def test_a_batch_that_is_sent_again_counts_once(folder: Path, tmp_path: Path) -> None:
    batch = [SHOWN, LIKED, SHOWN | {"event_id": "e2", "item_id": "b"}]
    posted(folder, tmp_path / "log", batch, batch, batch[:2])
    numbers = admitted(tmp_path / "log", tmp_path / "store", 8)
    assert (numbers.exposures, counts(numbers)) == (2, {"received": 8, "duplicates": 5, "labels_joined": 1})


def test_of_a_batch_with_faults_nothing_is_logged(folder: Path, tmp_path: Path) -> None:
    item = {"item": "a", "attributes": {}, "from_ms": NOW_MS}
    served = {"served": "r1", "user_id": 7, "timestamp_ms": NOW_MS, "zone": "UTC", "items": []}
    batch = [SHOWN, {"event_id": "x"}, 7, item, {"erase": "ann", "timestamp_ms": NOW_MS}, served]
    batch += [LIKED | {"label": "love"}, LIKED | {"known_ms": 1_700_000_000}, SHOWN | {"zone": "Mars/North"}]
    (response,) = posted(folder, tmp_path / "log", batch)
    problem = refusal(response, 422)
    assert problem.detail.startswith("message 1: item_id is missing, and 7 others; nothing of the batch is")
    assert {each.index: each.reason for each in problem.faults} == {
        1: "item_id is missing",
        2: "no JSON object",
        3: "it is an item; send it to PUT /v1/items/ITEM",
        4: "it is an erasure; send DELETE /v1/users/USER",
        5: "it is a served request, which the service writes itself",
        6: "label 'love' is none of finish, like, skip",
        7: "known_ms 1700000000 reads as seconds; give UTC milliseconds",
        8: "zone 'Mars/North' is not an IANA zone such as Europe/Berlin",
    }
    assert messages_in(tmp_path / "log") == []


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"[]", 422, "the batch has 0 messages; send 1 to 3 at a time"),
        (b"[{},{},{},{}]", 422, "the batch has 4 messages; send 1 to 3 at a time"),
        (b"{}", 422, "the body is no list"),
        (b"[{", 400, "the body is no JSON"),
        (b"\xff", 400, "the body is no JSON"),
        (b"", 400, "the body is no JSON"),
        (b'[{"event_id":"' + b"x" * 300_000 + b'"}]', 422, "it has 300,015 bytes; send at most 262,144"),
        (b'[{"event_id":"' + b"x" * 1_000_000 + b'"}]', 413, "more than 1,000,000 bytes"),
        (b"[" * 100_000, 400, "the body is no JSON"),
    ],
)
def test_bodies_that_are_no_batches(
    body: bytes, status: int, reason: str, folder: Path, tmp_path: Path
) -> None:
    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        headers = {"Content-Type": "application/json"}
        return [await client.post("/v1/events", content=body, headers=headers)]

    (response,) = responses(
        folder, EmbeddedLogWriter(tmp_path / "log"), ask, config=ServiceConfig(messages=3)
    )
    assert reason in refusal(response, status).detail
    assert messages_in(tmp_path / "log") == []


def test_an_answer_stands_in_the_log_before_its_exposures(folder: Path, tmp_path: Path) -> None:
    log, answers = tmp_path / "log", []

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        for body in (RANK, RANK | {"zone": None, "utc_offset_minutes": -210, "arm": "B", "top": 2}):
            response = await client.post("/v1/rank", json={k: v for k, v in body.items() if v is not None})
            answers.append(msgspec.json.decode(response.content, type=Ranked))
        references = [
            {"request_id": answers[0].request_id, "item_id": "b", "position": 0},
            {"request_id": answers[1].request_id, "item_id": answers[1].items[1].item, "user_id": "ann"},
        ]
        return [await client.post("/v1/events", json=references)]

    (response,) = responses(folder, EmbeddedLogWriter(log), ask)
    assert response.status_code == 200, response.text
    assert all(answer.logged for answer in answers)
    messages = messages_in(log)
    assert len(messages) == 4
    for answer, message in zip(answers, messages[:2], strict=True):
        served = read_message(message)
        assert isinstance(served, Served)
        assert (served.served, served.user_id, served.timestamp_ms) == (answer.request_id, "ann", NOW_MS)
        assert (served.ranker, served.version, served.arm) == ("small", answer.version, answer.arm)
        assert served.admitted_offset == answer.admitted_offset == "7"
        assert [each.item_id for each in served.items] == [each.item for each in answer.items]
        scores = [each.score for each in answer.items]
        assert [each.score for each in served.items] == pytest.approx(scores, rel=1e-7)
        assert all(each.propensity is None for each in served.items)
    first, second = (read_message(message) for message in messages[:2])
    assert (first.zone, first.utc_offset_minutes) == ("Europe/Berlin", None)
    assert (second.zone, second.utc_offset_minutes, second.arm) == (None, -210, "B")
    numbers = admitted(log, tmp_path / "store", 4)
    assert (numbers.exposures, counts(numbers)) == (2, {"received": 4, "served": 2})


def test_an_exposure_that_contradicts_its_request_is_a_conflict(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        response = await client.post("/v1/rank", json=RANK)
        request_id = msgspec.json.decode(response.content, type=Ranked).request_id
        other_item = {"request_id": request_id, "item_id": "z"}
        other_user = {"request_id": request_id, "item_id": "a", "user_id": "bob"}
        unknown_here = {"request_id": "of-another-server", "item_id": "z"}
        bodies = [[SHOWN, other_item, other_user], [other_item, {}], [unknown_here]]
        found = [await client.post("/v1/events", json=body) for body in bodies]
        await client.delete("/v1/users/ann")
        return [*found, await client.post("/v1/events", json=[other_item])]

    conflict, malformed, accepted, forgotten = responses(folder, EmbeddedLogWriter(log), ask)
    faults = refusal(conflict, 409).faults
    assert [each.index for each in faults] == [1, 2]
    assert faults[0].reason.endswith("did not return item 'z'")
    assert faults[1].reason.endswith("was not of user 'bob'")
    assert [each.index for each in refusal(malformed, 422).faults] == [1]
    assert (accepted.status_code, forgotten.status_code) == (200, 200)
    assert len(messages_in(log)) == 4  # the answer, two references, an erasure
    numbers = admitted(log, tmp_path / "store", 4)
    assert counts(numbers) == {"received": 4, "served": 1, "erasures": 1, "waiting": 2}


def test_an_explored_answer_says_so_in_the_log(folder: Path, tmp_path: Path) -> None:
    log, answers = tmp_path / "log", []

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        for _ in range(20):
            response = await client.post("/v1/rank", json=RANK)
            answers.append(msgspec.json.decode(response.content, type=Ranked))
        return []

    responses(folder, EmbeddedLogWriter(log), ask, exploration=Exploration(share=0.5, top=2))
    assert {answer.explored for answer in answers} == {False, True}
    best = next(answer for answer in answers if not answer.explored)
    ranks = {each.item: rank for rank, each in enumerate(best.items)}
    for answer, message in zip(answers, messages_in(log), strict=True):
        served = read_message(message)
        propensities = [each.propensity for each in answer.items]
        assert [each.propensity for each in served.items] == propensities
        own = [ranks[each.item] == place for place, each in enumerate(answer.items)]
        assert propensities == [0.75 if own[0] else 0.25, 0.75 if own[1] else 0.25, 1.0]


def test_an_item_and_an_erasure(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        now = {"attributes": {"genre": ["rock", "live"]}}
        return [
            await client.put("/v1/items/song%2F9", json=now),
            await client.put("/v1/items/7", json={"attributes": {}, "from_ms": NOW_MS - 5}),
            await client.delete("/v1/users/ann%2Fb"),
        ]

    put, changed, erased = responses(folder, EmbeddedLogWriter(log), ask)
    assert (put.status_code, changed.status_code, erased.status_code) == (200, 200, 202)
    answer = msgspec.json.decode(erased.content, type=Erased)
    assert (answer.user, answer.until_ms) == ("ann/b", NOW_MS)
    assert [read_message(each) for each in messages_in(log)] == [
        Item(item="song/9", attributes={"genre": ["rock", "live"]}, from_ms=NOW_MS),
        Item(item="7", attributes={}, from_ms=NOW_MS - 5),
        Erase(erase="ann/b", timestamp_ms=NOW_MS),
    ]
    numbers = admitted(log, tmp_path / "store", 3)
    assert counts(numbers) == {"received": 3, "items": 2, "erasures": 1}


def test_a_user_whose_id_ends_with_a_line_is_no_other(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [
            *[await client.delete(f"/v1/users/{each}") for each in ("ann%0A", "a%0Ab", "%ff")],
            await client.put("/v1/items/song%0A", json={"attributes": {}}),
        ]

    statuses = [each.status_code for each in responses(folder, EmbeddedLogWriter(log), ask)]
    assert statuses == [202, 202, 400, 200]
    named = [json.loads(each) for each in messages_in(log)]
    assert [each.get("erase", each.get("item")) for each in named] == ["ann\n", "a\nb", "song\n"]


@pytest.mark.parametrize("call", ["POST /v1/events", "PUT /v1/items/a"])
def test_a_body_that_does_not_arrive_keeps_nobody_waiting(call: str, folder: Path, tmp_path: Path) -> None:
    method, path = call.split()

    async def never() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        headers = {"Content-Type": "application/json"}
        return [await client.request(method, path, content=never(), headers=headers)]

    config = ServiceConfig(log_seconds=0.1)
    (late,) = responses(folder, EmbeddedLogWriter(tmp_path / "log"), ask, config=config)
    assert "the body did not arrive in 0.1 s and nothing is logged" in refusal(late, 504).detail


@pytest.mark.parametrize(
    ("call", "body", "reason"),
    [
        ("PUT /v1/items/a", {"attributes": {"mood": ["up"]}}, "attributes 'mood' is none of genre"),
        ("PUT /v1/items/a", {"genre": ["up"]}, "unknown field `genre`"),
        ("PUT /v1/items/a", {"attributes": {}, "from_ms": 1_700_000_000}, "reads as seconds"),
        ("PUT /v1/items/" + "a" * 257, {"attributes": {}}, "257"),
        ("PUT /v1/items/", {"attributes": {}}, "item"),
        ("DELETE /v1/users/" + "a" * 257, None, "user is 257 bytes long"),
        ("DELETE /v1/users/", None, "user is missing"),
    ],
)
def test_items_and_users_that_cannot_be(
    call: str, body: Any, reason: str, folder: Path, tmp_path: Path
) -> None:
    method, path = call.split()

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.request(method, path, json=body)]

    (response,) = responses(folder, EmbeddedLogWriter(tmp_path / "log"), ask)
    assert reason in refusal(response, 422).detail
    assert messages_in(tmp_path / "log") == []


def test_an_item_that_no_log_takes_is_refused(tmp_path: Path) -> None:
    change = ItemChange(attributes={f"name {number}": ["\x01" * 250] * 100 for number in range(7)})
    fewer = pytest.raises(RequestError, match="send fewer or shorter values, at most 900,000 bytes")
    with EventService(EmbeddedLogWriter(tmp_path)) as events, fewer:
        events.change_item("a", change)
    assert messages_in(tmp_path) == []


def test_a_log_that_is_broken_acknowledges_nothing_and_ranks_go_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, metrics = tmp_path / "log", []

    def broken(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        with monkeypatch.context() as patch:
            patch.setattr(_FSYNC, broken)
            refused = await client.post("/v1/events", json=[SHOWN])
            first = await client.post("/v1/rank", json=RANK)
            while msgspec.json.decode(first.content, type=Ranked).logged:  # nobody knew yet
                await asyncio.sleep(0.01)
                first = await client.post("/v1/rank", json=RANK)
        metrics.append((await client.get("/metrics")).text)
        for _ in range(1_000):
            later = await client.post("/v1/rank", json=RANK)
            if msgspec.json.decode(later.content, type=Ranked).logged:
                break
            await asyncio.sleep(0.02)
        metrics.append((await client.get("/metrics")).text)
        return [refused, first, later, await client.post("/v1/events", json=[SHOWN])]

    refused, first, later, accepted = responses(folder, EmbeddedLogWriter(log), ask)
    assert "interestclock_served_log_away 1.0" in metrics[0]
    assert 'interestclock_served_log_answers_total{outcome="lost"} 0.0' in metrics[1]
    assert "interestclock_served_log_away 0.0" in metrics[1]
    problem = refusal(refused, 503)
    assert "No space left on device" in problem.detail
    assert "make room" in problem.detail
    assert refused.headers["Retry-After"] == "1"
    assert (first.status_code, later.status_code, accepted.status_code) == (200, 200, 200)
    assert msgspec.json.decode(later.content, type=Ranked).logged
    messages = [json.loads(each) for each in messages_in(log)]
    assert messages.count(SHOWN) == 1
    ids = [each["served"] for each in messages if "served" in each]
    assert {msgspec.json.decode(each.content, type=Ranked).request_id for each in (first, later)} <= set(ids)


@contextmanager
def disk_that_waits(monkeypatch: pytest.MonkeyPatch, go_on: asyncio.Event) -> Iterator[None]:
    """What is written is on the disk once the loop that runs says so."""
    loop, fsync = asyncio.get_running_loop(), os.fsync

    def slow(descriptor: int) -> None:
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(60)
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(_FSYNC, slow)
        yield


def test_more_calls_than_may_wait_for_the_log_are_shed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        with disk_that_waits(monkeypatch, go_on):
            calls = [
                asyncio.create_task(client.post("/v1/events", json=[SHOWN | {"event_id": f"e{number}"}]))
                for number in range(5)
            ]
            while sum(call.done() for call in calls) < 2:
                await asyncio.sleep(0.005)
            go_on.set()
            return list(await asyncio.gather(*calls))

    config = ServiceConfig(in_flight=3)
    answers = responses(folder, EmbeddedLogWriter(tmp_path / "log"), ask, config=config)
    assert sorted(each.status_code for each in answers) == [200, 200, 200, 503, 503]
    shed = next(each for each in answers if each.status_code == 503)
    assert "3 calls wait for the log, and no more may be; try" in refusal(shed, 503).detail
    assert shed.headers["Retry-After"] == "1"
    assert len(messages_in(tmp_path / "log")) == 3


def test_a_log_that_does_not_answer_is_not_waited_for_for_ever(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        with disk_that_waits(monkeypatch, begun):
            late = await client.post("/v1/events", json=[SHOWN])
            begun.set()
        return [late, await client.post("/v1/events", json=[SHOWN])]

    config = ServiceConfig(log_seconds=0.1)
    late, _ = responses(folder, EmbeddedLogWriter(tmp_path / "log"), ask, config=config)
    detail = refusal(late, 503).detail
    assert "did not acknowledge it in 0.1 s: whether it has it is not known; send it again" in detail
    assert late.headers["Retry-After"] == "1"
