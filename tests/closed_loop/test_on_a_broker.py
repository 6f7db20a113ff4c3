"""The loop with a real broker in the middle: what is sent is admitted, and learned once all is silent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from redis_server import SERVER, RedisServer

from interestclock.closed_loop import ClosedLoop, LoopConfig, LoopFolder

CONFIG = LoopConfig(
    size="tiny",
    days_before=1,
    requests_per_day=600,
    candidates=20,
    speed_up=1_440,
    ranker="gaussian",
    outage_seconds=40,
)


@pytest.mark.slow
@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_over_redis_every_event_counts_once(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis")
    server.start()
    try:
        config = replace(CONFIG, broker=f"redis://127.0.0.1:{server.port}/plays")
        with LoopFolder(tmp_path / "loop", config=config) as folder:
            loop = ClosedLoop(folder, settle_seconds=240)
            counts = loop.run(days=0.4)
    finally:
        server.stop()
    assert counts is not None
    assert counts.equal, [*map(str, counts.compared()), str(counts.set_aside())]
    assert counts.users.exposures == counts.users.exposures_acknowledged > 100
