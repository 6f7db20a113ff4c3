"""Who is refused: other hosts and sites, no token, no JSON, too much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from small_service import answers_to, asking, small_service

from interestclock.errors import ConfigError
from interestclock.service import Access, ServiceConfig

TOKEN = "0123456789abcdef"
RANK = {"user": "ann", "candidates": ["a", "b"], "zone": "UTC"}


def status_of(folder: Path, access: Access | None = None, **arguments: Any) -> tuple[int, str]:
    """Of a request to rank, and what is said of it."""
    asked = ("POST", "/v1/rank", {"json": RANK} | arguments)
    (response,) = answers_to(small_service(folder), asked, access=access)
    return response.status_code, response.json().get("detail", "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "rebound.example:8000"}, 421),
        ({"Host": "127.0.0.1.example"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "127.0.0.1:8000@page.example"}, 421),
        ({"Host": "[::1]page.example"}, 421),
        ({"Host": "127.0.0.1:"}, 200),
        ({"Origin": "http://127.0.0.1:8000"}, 200),
        ({"Origin": "http://127.0.0.1:9000"}, 403),
        ({"Origin": "https://page.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_no_page_of_another_site_reaches_it(headers: dict[str, str], status: int, folder: Path) -> None:
    assert status_of(folder, headers=headers)[0] == status


@pytest.mark.parametrize(
    ("name", "first", "second", "status"),
    [
        ("Origin", "http://127.0.0.1:8000", "https://page.example", 403),
        ("Sec-Fetch-Site", "none", "cross-site", 403),
        ("Content-Type", "application/json", "text/plain", 415),
    ],
)
def test_a_header_that_comes_twice_is_judged_twice(
    name: str, first: str, second: str, status: int, folder: Path
) -> None:
    async def ask() -> httpx.Response:
        async with asking(small_service(folder)) as client:
            headers = {"Content-Type": "application/json"} if name != "Content-Type" else {}
            given = [*headers.items(), (name, first), (name, second)]
            return await client.post("/v1/rank", content=b"{}", headers=given)

    assert asyncio.run(ask()).status_code == status


def test_a_path_is_text_and_a_wrong_method_is_told_the_right_one(folder: Path) -> None:
    asked = [("GET", f"/v1/users/{each}/clock", {}) for each in ("%ff", "%ED%A0%80")]
    *no_text, wrong = answers_to(small_service(folder), *asked, ("GET", "/v1/rank", {}))
    assert [each.status_code for each in no_text] == [400, 400]
    assert "the path is no UTF-8" in no_text[0].json()["detail"]
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_no_other_site_is_let_in_by_cors(folder: Path) -> None:
    ask = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}
    before, simple = answers_to(
        small_service(folder),
        ("OPTIONS", "/v1/rank", {"headers": ask}),
        ("POST", "/v1/rank", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
    )
    assert before.status_code == 403
    assert simple.status_code == 415
    assert not {
        name for each in (before, simple) for name in each.headers if name.startswith("access-control")
    }


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_json_is_wanted(kind: str, status: int, folder: Path) -> None:
    assert status_of(folder, headers={"Content-Type": kind})[0] == status


def test_what_is_no_json_is_said(folder: Path) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b"", b"\xff", b'{"user": NaN}', b'{"user": "\xff"}'):
        status, detail = status_of(folder, content=content, json=None, headers=headers)
        assert (status, detail[:20]) == (400, "the body is no JSON:")


def test_a_body_is_as_large_as_it_may_be(folder: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 500

    async def ask() -> list[httpx.Response]:
        config = ServiceConfig(body_bytes=1_000, timeout_seconds=60)
        async with asking(small_service(folder, config=config)) as client:
            headers = {"Content-Type": "application/json"}
            return [
                await client.post("/v1/rank", content=b" " * 1_001, headers=headers),
                await client.post("/v1/rank", content=pieces(), headers=headers),
                await client.post("/v1/rank", json=RANK),
            ]

    promised, in_pieces, small = asyncio.run(ask())
    assert [each.status_code for each in (promised, in_pieces, small)] == [413, 413, 200]
    assert promised.json()["detail"] == in_pieces.json()["detail"]
    assert "more than 1,000 bytes; send fewer candidates" in promised.json()["detail"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (None, 401),
        ("Bearer 0123456789abcdeg", 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}é", 401),
        ("Bearer", 401),
    ],
)
def test_the_token_is_wanted_of_everyone(given: str | None, status: int, folder: Path) -> None:
    headers = {} if given is None else {"Authorization": given.encode()}
    asked = ("POST", "/v1/rank", {"json": RANK, "headers": headers})
    others = [("GET", path, {}) for path in ("/metrics", "/openapi.json", "/healthz", "/readyz")]
    access = Access(token=TOKEN, host="0.0.0.0")
    response, *rest = answers_to(small_service(folder), asked, *others, access=access)
    assert response.status_code == status
    assert [each.status_code for each in rest] == [401, 401, 200, 200]
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"


def test_a_load_balancer_asks_by_address(folder: Path) -> None:
    access, headers = Access(token=TOKEN, host="0.0.0.0"), {"Host": "10.0.0.7:8000"}
    asked = [("GET", path, {"headers": headers}) for path in ("/healthz", "/readyz", "/metrics")]
    answers = answers_to(small_service(folder), *asked, access=access)
    assert [each.status_code for each in answers] == [200, 200, 421]


def test_histories_are_for_who_has_the_token(folder: Path) -> None:
    for access, status in ((Access(), 403), (Access(demo=True), 200)):
        asked = [("GET", f"/v1/users/ann/{what}", {}) for what in ("history", "clock")]
        assert [each.status_code for each in answers_to(small_service(folder), *asked, access=access)] == [
            status,
            status,
        ]


def test_others_are_served_with_a_token_alone() -> None:
    for host in ("0.0.0.0", "::", "10.0.0.1", "rank.example"):
        with pytest.raises(ConfigError, match="can be reached from other machines; set INTERESTCLOCK_TOKEN"):
            Access(host=host)
        assert Access(host=host, token=TOKEN).admits(f"Bearer {TOKEN}")
    for host in ("127.0.0.1", "127.8.9.1", "::1", "localhost"):
        assert Access(host=host).admits(None)
    for token in ("short", "0123456789 abcdef", "0123456789abcdeé"):
        with pytest.raises(ConfigError, match="give one of 16 characters or more"):
            Access(token=token)


def test_the_token_is_in_no_text() -> None:
    assert TOKEN not in repr(Access(token=TOKEN))
    environment = {"INTERESTCLOCK_TOKEN": TOKEN}
    assert Access.of_environment(environment, host="0.0.0.0", names=("Rank.Example",)).hosts >= {
        "rank.example",
        "0.0.0.0",
    }
    assert Access.of_environment({"INTERESTCLOCK_TOKEN": ""}, host="localhost").token is None
