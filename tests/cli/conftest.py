"""The command sets handlers of signals for the rest of its process, which tests go on in."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from interestclock.unfinished import SIGNALS


@pytest.fixture(autouse=True)
def handlers_come_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
