"""Requests that schemathesis makes up of the service's OpenAPI: no 5xx but a deliberate 503."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from in_memory import REQUESTS
from running_service import running
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from small_service import small_service, stopped_clock

from interestclock.service import Access, EventService, create_app
from interestclock.streams import open_event_log

PLACES = {"user": "ann", "item": "a"}
NEVER_WRONG = {"/healthz", "/readyz", "/v1/model", "/v1/status"}  # they are given nothing


@pytest.fixture(scope="module")
def schema(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    log = f"log://{tmp_path_factory.mktemp('events')}"
    with EventService(open_event_log(log), schema=REQUESTS, time=stopped_clock()) as events:
        service = small_service(folder, zone="UTC", served=events.served)
        app = create_app(service, access=Access(demo=True), events=events)
        with running(app) as url:
            yield schemathesis.openapi.from_url(f"{url}/openapi.json")


Counts = Counter[tuple[str, str, int]]


def answered(schema: Any, examples: int) -> Counts:
    """How often each operation was asked, as its schema has it or not, and answered with which status."""
    counts: Counts = Counter()
    for operation in (each.ok() for each in schema.get_all_operations()):
        most = 1 if operation.path in NEVER_WRONG else examples
        for mode in [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if operation.body else [])]:
            counts += asked(operation, mode, most)
    return counts


def asked(operation: Any, mode: GenerationMode, examples: int) -> Counts:
    counts: Counts = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.sampled_from([True, True, True, False]))
    def ask(case: Any, known: bool) -> None:
        if known and mode is GenerationMode.POSITIVE:
            name_what_is_known(case)
        response = case.call()
        counts[operation.label, mode.value, response.status_code] += 1
        assert response.status_code < 500 or response.status_code == 503, response.text
        if response.status_code not in (404, 405):  # of a path that is none of the operation's
            case.validate_response(response, checks=[content_type_conformance, response_schema_conformance])

    ask()
    return counts


def name_what_is_known(case: Any) -> None:
    """What is made up at random is of nobody: have some of it be about users and tasks that there are."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = PLACES[name]
    if case.operation.path == "/v1/rank":
        case.body["user"] = "ann"
        for name in ("weights", "context", "ranker", "catalogue", "zone", "local_time"):
            case.body.pop(name, None)
        case.body["candidates"] = [
            each for each in case.body.get("candidates") or () if isinstance(each, str)
        ]
        case.body["candidates"].append("a")


def check(counts: Counts, *, at_least: int) -> None:
    assert counts.total() >= at_least
    good = {label for label, _, status in counts if status in (200, 202)}
    assert len(good) == 10, good
    assert {status for _, mode, status in counts if mode == "negative"} <= {400, 404, 405, 409, 413, 422, 503}


def test_no_request_breaks_it(schema: Any) -> None:
    check(answered(schema, 20), at_least=150)


@pytest.mark.slow
def test_ten_thousand_requests_do_not(schema: Any) -> None:
    counts = answered(schema, 1_150)
    check(counts, at_least=10_000)
    print(sorted(counts.items()))
