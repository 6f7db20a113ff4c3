"""What the service promises in OpenAPI holds: its examples run, and answers are what their schemas say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from in_memory import REQUESTS
from small_service import answers_to, small_service

import interestclock.client as wire
from interestclock.client import Problem
from interestclock.service import Access, EventService
from interestclock.streams import open_event_log

DEMO = Access(demo=True)
OPERATIONS = {
    ("post", "/v1/rank"),
    ("post", "/v1/events"),
    ("put", "/v1/items/{item}"),
    ("delete", "/v1/users/{user}"),
    ("get", "/v1/users/{user}/clock"),
    ("get", "/v1/users/{user}/history"),
    ("get", "/v1/model"),
    ("get", "/v1/status"),
    ("get", "/healthz"),
    ("get", "/readyz"),
}


@pytest.fixture
def events(tmp_path: Path) -> Iterator[EventService]:
    with EventService(open_event_log(f"log://{tmp_path / 'events'}"), schema=REQUESTS) as made:
        yield made


def document_of(folder: Path, events: EventService) -> dict[str, Any]:
    (response,) = answers_to(small_service(folder), ("GET", "/openapi.json", {}), events=events)
    found: dict[str, Any] = response.json()
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(method, path): each for path, some in document["paths"].items() for method, each in some.items()}


def test_every_route_is_there_and_every_reference_leads_somewhere(folder: Path, events: EventService) -> None:
    document = document_of(folder, events)
    assert operations(document).keys() == OPERATIONS
    known = document["components"]["schemas"].keys()
    text = msgspec.json.encode(document).decode()
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= known
    assert {"Rank", "Ranked", "Problem", "Exposure", "Logged"} <= named
    for each in operations(document).values():
        assert {"401", "403", "421"} < each["responses"].keys()


def test_every_example_runs(folder: Path, events: EventService) -> None:
    """Each operation with its example, or with a user whom the store knows."""
    some = operations(document_of(folder, events))
    asked = []
    for (method, path), each in some.items():
        body = each.get("requestBody", {}).get("content", {}).get("application/json", {})
        example = {"json": body["example"]} if body else {}
        asked.append((method, path.replace("{user}", "ann").replace("{item}", "song 1"), example))
    answers = answers_to(small_service(folder), *asked, access=DEMO, events=events)
    for each, answer in zip(some.values(), answers, strict=True):
        (status,) = [code for code in each["responses"] if code.startswith("2")]
        assert answer.status_code == int(status), answer.text
        schema = each["responses"][status]["content"]["application/json"]["schema"]
        struct = getattr(wire, schema["$ref"].rpartition("/")[2])
        assert (
            msgspec.to_builtins(msgspec.json.decode(answer.content, type=struct)).keys()
            >= answer.json().keys()
        )
    assert sum("requestBody" in each for each in some.values()) == 3


def test_problems_are_as_they_are_described(folder: Path, events: EventService) -> None:
    asked = [
        ("PUT", "/v1/items/a", {"json": {"attributes": {"mood": ["?"]}}}),
        ("POST", "/v1/events", {"json": [{}]}),
        ("GET", "/v1/users/nobody/clock", {}),
        ("DELETE", "/v1/model", {}),
    ]
    answers = answers_to(small_service(folder), *asked, access=DEMO, events=events)
    assert [each.status_code for each in answers] == [422, 422, 404, 405]
    for each in answers:
        assert each.headers["content-type"] == "application/problem+json"
        assert msgspec.json.decode(each.content, type=Problem).status == each.status_code


def test_no_page_with_scripts_is_served(folder: Path) -> None:
    asked = [("GET", path, {}) for path in ("/docs", "/redoc", "/")]
    assert [each.status_code for each in answers_to(small_service(folder), *asked)] == [404] * 3
