"""Changes on Redis are no transaction: cut short they are done again, and readers find users whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pytest
from admitted_logs import DAY_MS, SCHEMA, START_MS, AdmittedLog, admitted_logs, micro_batches
from fed_state import CLOCKS, FOREVER, feed, new_state
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from redis_server import NOTHING_IS_KEPT, SERVER, RedisServer
from store_places import address
from stored_state import USERS, features_by_id, keep

from interestclock.state import FeatureState, StateConfig
from interestclock.store import RedisStore, RedisStoreWriter
from interestclock.store.redis_connection import Command, RedisAwayError, RedisConnection
from interestclock.streams.outage import Outage

pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")

CONFIG = StateConfig(
    clocks=CLOCKS, longest=2, waits_ms=FOREVER.waits_ms, keep_hours=24.0, forget_after_days=0.5, most_users=2
)
LOGS = st.tuples(admitted_logs(), st.lists(st.integers(0, 120), min_size=4, max_size=12))


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), NOTHING_IS_KEPT)
        server.start()
        yield server
        server.stop()


def writer_at(where: str) -> RedisStoreWriter:
    return RedisStoreWriter(where, schema=SCHEMA, config=CONFIG, owner="a test")


@contextmanager
def cut_after(commands: Iterator[int]) -> Iterator[None]:
    """The connection breaks after so many commands, each time that many more, until there are no numbers."""
    run, left = RedisConnection.run, [next(commands, None)]

    def broken(self: RedisConnection, wanted: Iterable[Command]) -> list[Any]:
        replies: list[Any] = []
        for command in wanted:
            if left[0] == 0:
                left[0] = next(commands, None)
                raise RedisAwayError("cut")
            if left[0] is not None:
                left[0] -= 1
            replies += run(self, [command])
        return replies

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RedisConnection, "run", broken)
        patched.setattr(Outage, "failed", lambda *_, **__: None)
        yield


def check_equal(where: str, state: FeatureState, times_ms: list[int]) -> None:
    with RedisStore(where) as store, store.snapshot() as view:
        assert features_by_id(view, times_ms) == features_by_id(state, times_ms)


@pytest.mark.parametrize("chunk", [2, 256])
@settings(max_examples=15, deadline=None)
@given(LOGS, st.lists(st.integers(0, 25), min_size=1, max_size=8))
def test_calls_that_are_cut_short_are_done_again(
    server: RedisServer, chunk: int, pieces: tuple[AdmittedLog, list[int]], cuts: list[int]
) -> None:
    (log, stops), state, where = pieces, new_state(CONFIG), address(server)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("interestclock.store.records.CHUNK", chunk)
        with writer_at(where) as writer, cut_after(iter(cuts)):
            for stop, piece in micro_batches(log, stops):
                feed(state, piece, log.watermark_ms[stop - 1])
                keep(writer, state, stop, log.watermark_ms[stop - 1])
        check_equal(where, state, [max(START_MS, state.complete_from_ms) + DAY_MS])


@settings(max_examples=15, deadline=None)
@given(LOGS, st.data())
def test_what_is_behind_a_position_may_be_written_any_number_of_times(
    server: RedisServer, pieces: tuple[AdmittedLog, list[int]], data: st.DataObject
) -> None:
    """As after a kill: users are further than the position, and what they have comes again, cut anew."""
    (log, stops), state, where = pieces, new_state(CONFIG), address(server)
    cut = list(micro_batches(log, stops))
    assume(len(cut) > 1)
    first = data.draw(st.integers(1, len(cut) - 1))
    with writer_at(where) as writer, server.client() as client:
        key = writer._keys(0).meta
        for number, (stop, piece) in enumerate(cut):
            if number == first:
                at_first = client.hgetall(key)
            feed(state, piece, log.watermark_ms[stop - 1])
            keep(writer, state, stop, log.watermark_ms[stop - 1])
    for _ in range(2):
        client.hset(key, mapping={name: at_first[name] for name in (b"meta", b"counts")})
        again = new_state(CONFIG)
        with writer_at(where) as writer:
            assert writer.position == cut[first - 1][0] < writer.furthest == cut[-1][0]
            for number, (stop, piece) in enumerate(cut):
                feed(again, piece, log.watermark_ms[stop - 1])
                if number == first - 1:
                    again.follow()
                if number >= first and (data.draw(st.booleans()) or number == len(cut) - 1):
                    keep(writer, again, stop, log.watermark_ms[stop - 1])
        check_equal(where, state, [max(START_MS, state.complete_from_ms) + DAY_MS])


@settings(max_examples=25, deadline=None)
@given(LOGS, st.integers(0, 60))
def test_a_reader_finds_each_user_whole_whenever_a_call_is_cut(
    server: RedisServer, pieces: tuple[AdmittedLog, list[int]], cut: int
) -> None:
    (log, stops), state, where = pieces, new_state(CONFIG), address(server)
    assume(log.steps)
    *cuts, (last, last_piece) = micro_batches(log, stops)
    with writer_at(where) as writer, RedisStore(where) as store:
        for stop, piece in cuts:
            feed(state, piece, log.watermark_ms[stop - 1])
            keep(writer, state, stop, log.watermark_ms[stop - 1])
        at_ms = state.complete_from_ms + 8 * DAY_MS
        before, known = by_user(state, at_ms), item_indexes(state)
        feed(state, last_piece, log.watermark_ms[last - 1])
        new = {each for each, index in item_indexes(state).items() if known.get(each) != index}
        after = by_user(state, at_ms)
        with cut_after(iter([cut])), pytest.MonkeyPatch.context() as patched, suppress(RedisAwayError):
            patched.setattr(Outage, "failed", raises)
            keep(writer, state, last, log.watermark_ms[last - 1])
        with store.snapshot() as view:
            found = by_user(view, at_ms)
            if view.position == last:  # all but the tidying was done
                assert found == after
                return
            after = without(new, after)
            assert all(found[user] in (before[user], after[user]) for user in found)


def raises(_: Outage, error: Exception, **__: float) -> NoReturn:
    raise error


def by_user(view: Any, at_ms: int) -> dict[str, Any]:
    """What is said of each user."""
    said = {}
    for user in USERS.to_pylist():
        found = features_by_id(view, [at_ms], users=pa.array([user]))
        said[user] = [
            found["histories"],
            found["offsets"],
            found[str(at_ms)]["known"],
            found[str(at_ms)]["clocks"],
        ]
    return said


def item_indexes(state: FeatureState) -> dict[str, int]:
    slot_R = state.items.known()
    return dict(zip(state.items.ids(slot_R).to_pylist(), state.items.index(slot_R).tolist(), strict=True))


def without(items: set[str], said: dict[str, Any]) -> dict[str, Any]:
    """Histories as one sees them who does not know some items yet."""
    for histories, *_ in said.values():
        for history in histories:
            if history:
                history[0] = [None if each in items else each for each in history[0]]
    return said
