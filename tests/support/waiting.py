"""Waiting for what other threads and processes do."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    """As long as a slow machine may need."""
    give_up_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_s
        time.sleep(0.005)
