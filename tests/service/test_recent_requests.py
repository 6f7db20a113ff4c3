"""What a server remembers of its answers, and for how long."""

from __future__ import annotations

import pytest

from interestclock.errors import ConfigError
from interestclock.events.message_models import Exposure
from interestclock.service import RecentRequests

MINUTE_MS = 60_000


def shown(item: int | str, request: int | str = "r1", **fields: int | str) -> Exposure:
    return Exposure(request_id=request, item_id=item, **fields)


def test_an_exposure_has_to_be_of_its_requests_user_and_items() -> None:
    recent = RecentRequests()
    recent.remember("r1", user=7, items=["a", 3], at_ms=0)
    for agrees in (shown("a"), shown(3), shown("3", user_id="7"), shown("a", user_id=7), shown("x", "r2")):
        assert recent.contradiction(agrees) is None
    assert recent.contradiction(shown("b")) == "request 'r1' did not return item 'b'"
    assert recent.contradiction(shown("a", user_id="ann")) == "request 'r1' was not of user 'ann'"
    whole = shown("b", event_id="e1", user_id=7, timestamp_ms=5, zone="UTC")
    assert recent.contradiction(whole) == "request 'r1' did not return item 'b'"


def test_it_forgets_the_oldest() -> None:
    recent = RecentRequests(keep_minutes=2, most_items=5)
    recent.remember("r1", user=1, items=["a", "b"], at_ms=0)
    recent.remember("r2", user=1, items=["a", "b"], at_ms=2 * MINUTE_MS)
    assert len(recent) == 2
    recent.remember("r3", user=1, items=["c"], at_ms=2 * MINUTE_MS + 1)
    assert recent.contradiction(shown("c", "r1")) is None  # older than two minutes
    assert len(recent) == 2
    recent.remember("r4", user=1, items=["d", "e", "f"], at_ms=2 * MINUTE_MS + 2)
    assert recent.contradiction(shown("x", "r2")) is None  # six items were too many
    assert recent.contradiction(shown("x", "r3")) is not None
    assert recent.contradiction(shown("x", "r4")) is not None
    recent.remember("r5", user=1, items=list(range(9)), at_ms=2 * MINUTE_MS + 3)
    assert len(recent) == 0


def test_the_same_id_again_is_the_newer_request() -> None:
    recent = RecentRequests(most_items=3)
    for _ in range(5):
        recent.remember("r1", user=1, items=["a", "b"], at_ms=0)
    recent.remember("r1", user=2, items=["c"], at_ms=0)
    assert len(recent) == 1
    assert recent.contradiction(shown("a")) is not None
    assert recent.contradiction(shown("c", user_id=2)) is None


def test_nothing_of_an_erased_user_stays() -> None:
    recent = RecentRequests()
    for number in range(4):
        recent.remember(f"r{number}", user=number % 2, items=["a"], at_ms=0)
    recent.forget_user("1")
    assert len(recent) == 2
    assert recent.contradiction(shown("x", "r1")) is None
    assert recent.contradiction(shown("x", "r2")) is not None


@pytest.mark.parametrize("setting", [{"keep_minutes": 0}, {"most_items": 0}, {"keep_minutes": float("nan")}])
def test_numbers_that_cannot_be_are_refused(setting: dict) -> None:
    with pytest.raises(ConfigError, match="give numbers above 0"):
        RecentRequests(**setting)
