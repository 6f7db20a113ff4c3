"""An outage: pauses that grow, one warning, one word at its end, patience that ends."""

from __future__ import annotations

import logging

import pytest

from interestclock.errors import LogError
from interestclock.streams.outage import Outage

AWAY = OSError("refused")


def test_pauses_grow_up_to_what_a_poll_may_wait(caplog: pytest.LogCaptureFixture) -> None:
    now_s, pauses = [0.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now_s[0] += 1.0

    outage = Outage("s", patience_s=100.0, monotonic_s=lambda: now_s[0], sleep=sleep)
    with caplog.at_level(logging.INFO):
        for _ in range(6):
            outage.failed(AWAY, wait_s=1.0)
        outage.over()
        outage.over()
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert [record.message for record in caplog.records] == [
        "s is away (refused); trying again for 100 s",
        "s is back after 6.0 s",
    ]
    outage.failed(AWAY, wait_s=1.0)
    assert pauses[-1] == 0.1


def test_patience_counts_from_the_first_failure_of_an_outage() -> None:
    now_s = [0.0]
    outage = Outage("s", patience_s=10.0, monotonic_s=lambda: now_s[0], sleep=lambda seconds: None)
    outage.failed(AWAY, wait_s=1.0)
    now_s[0] = 9.0
    outage.over()
    now_s[0] = 12.0
    outage.failed(AWAY, wait_s=1.0)
    now_s[0] = 22.0
    outage.failed(AWAY, wait_s=1.0)
    now_s[0] = 22.5
    with pytest.raises(LogError, match=r"s is away for more than 10 s \(refused\); bring it back"):
        outage.failed(AWAY, wait_s=1.0)
