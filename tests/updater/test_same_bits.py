"""Wherever the updater is stopped, memory, LMDB and Redis say the same of whoever is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from in_memory import DAY_MS, REQUESTS, START_MS
from many_messages import ITEMS, USERS, many_messages
from redis_server import SERVER, RedisServer
from store_places import address
from stored_state import features_by_id
from updated_stores import CONFIG, offset_of, seen, update

from interestclock.admission import EventBuffer
from interestclock.state import FeatureState
from interestclock.state.apply_admitted import apply_admitted
from interestclock.store import StoreView
from interestclock.streams import EmbeddedLogWriter, Message, MessageParser, OffsetRanges

MANY = replace(
    CONFIG, longest=300, forget_users_after_days=2.5, most_state_users=1_500, checkpoint_messages=10_000_000
)
POLLED_MS = START_MS + 400 * DAY_MS
Ask = Callable[[FeatureState | StoreView], dict[str, Any]]


class InMemory:
    """A state that is fed all messages up to an offset, without an updater."""

    def __init__(self, told: list[bytes]) -> None:
        self.buffer = EventBuffer(REQUESTS, config=MANY.admission)
        self.state = FeatureState(REQUESTS, items=None, config=MANY.state())
        self._told, self._offset, self._parser = told, 0, MessageParser(REQUESTS)
        self._apply(self.buffer.tick(awaited=("0",), polled_ms=POLLED_MS))

    def go_to(self, offset: int) -> None:
        first, new = self._offset + 1, self._told[self._offset : offset]
        ranges = {"0": (str(first), str(offset))}
        messages = [
            Message(partition="0", offset=str(place), payload=each)
            for place, each in enumerate(new, start=first)
        ]
        parsed = self._parser.parse(
            OffsetRanges(source="", ranges=ranges, messages=len(new), polled_ms=POLLED_MS), messages
        )
        self._apply(self.buffer.admit(parsed.tables(), bad=len(parsed.bad), polled_ms=POLLED_MS))
        self._offset = offset

    def _apply(self, admitted: list[Any]) -> None:
        for each in admitted:
            apply_admitted(self.state, each)


def questions(draw: np.random.Generator, first_ms: int) -> list[Ask]:
    """Ten users as of moments from the first that can be read on; some are unknown, and so are some items."""
    asked = []
    for _ in range(10):
        at_ms = first_ms + int(draw.integers(0, 3 * DAY_MS))
        user = str(min(int(draw.zipf(1.3)), USERS + 10)) if draw.random() < 0.9 else "nobody"
        items = [*map(str, draw.integers(0, 2 * ITEMS, 5)), "nothing"]
        asked.append((at_ms, user, items))
    return [
        lambda view, at_ms=at_ms, user=user, items=items: features_by_id(
            view, [at_ms], users=pa.array([user]), items=pa.array(items), attributes=REQUESTS.attributes
        )
        for at_ms, user, items in asked
    ]


def check(messages: int, stops: int, folder: Path, server: RedisServer, *, days: int, poll: int) -> None:
    told, draw, config = list(many_messages(messages, seed=5, days=days)), np.random.default_rng(7), MANY
    with EmbeddedLogWriter(folder / "log") as writer:
        for first in range(0, messages, 10_000):
            writer.append(told[first : first + 10_000])
    memory, store, with_history = InMemory(told), address(server), 0
    config = replace(config, poll_messages=poll)
    for until in np.sort(draw.choice(messages, stops, replace=False) + 1).tolist():
        update(folder / "log", until, folder / "lmdb", config=config)
        update(folder / "log", until, folder / "updater", config=config, store=store)
        with seen(folder / "lmdb") as in_lmdb, seen(store) as in_redis:
            offset = offset_of(in_lmdb)
            assert until <= offset == offset_of(in_redis)
            memory.go_to(offset)
            first_ms = memory.state.complete_from_ms
            for ask in questions(draw, max(first_ms, START_MS)):
                answer = ask(memory.state)
                assert ask(in_lmdb) == ask(in_redis) == answer
                with_history += bool(answer["histories"][0])
    assert with_history > 2 * stops  # of ten


@pytest.fixture
def server(tmp_path: Path) -> Any:
    server = RedisServer(tmp_path, "--appendonly yes --appendfsync everysec --save ''")
    server.start()
    yield server
    server.stop()


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_at_five_offsets_of_a_few_thousand_events(tmp_path: Path, server: RedisServer) -> None:
    check(6_000, 5, tmp_path, server, days=12, poll=500)


@pytest.mark.slow
@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_at_a_hundred_offsets_of_a_million_events(tmp_path: Path, server: RedisServer) -> None:
    check(1_000_000, 100, tmp_path, server, days=40, poll=4_096)
