"""Servers as they are: restarted empty, full, away, shared with others; a lock that runs out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from admitted_logs import SCHEMA, START_MS
from fed_state import FOREVER, new_state
from redis_server import NOTHING_IS_KEPT, SERVER, RedisCluster, RedisServer
from store_places import address
from stored_state import TIMES, features_by_id, keep, step

from interestclock.errors import ConfigError, ResultError
from interestclock.state import FeatureState
from interestclock.store import RedisStore, RedisStoreWriter, StoreLostError, redis_lock
from interestclock.store.redis_address import RedisAddress
from interestclock.store.redis_connection import RedisAwayError

pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path, NOTHING_IS_KEPT)
    server.start()
    yield server
    server.stop()


def writer_at(where: str, *, owner: str = "one", patience_s: float = 5.0) -> RedisStoreWriter:
    return RedisStoreWriter(where, schema=SCHEMA, config=FOREVER, owner=owner, patience_s=patience_s)


def check_equal(where: str, state: FeatureState) -> None:
    with RedisStore(where) as store, store.snapshot() as view:
        assert features_by_id(view, TIMES) == features_by_id(state, TIMES)


def features_of(server: RedisServer) -> list[bytes]:
    """Keys of the store, but for the lock."""
    with server.client() as client:
        return sorted(each for each in client.scan_iter() if not each.endswith(b":lock"))


def test_a_server_that_lost_all_gets_all(server: RedisServer) -> None:
    where, state = address(server), new_state()
    with writer_at(where) as writer, server.client() as client:
        for number in range(3):
            step(state, number)
            keep(writer, state, number + 1, START_MS)
        client.flushall()
        step(state, 3)
        with pytest.raises(StoreLostError, match="has nothing, and had 3: the server lost it"):
            keep(writer, state, 4, START_MS)
        with pytest.raises(ResultError, match="no store; write one first"):
            RedisStore(where)
        state.unfollow()
        keep(writer, state, 4, START_MS)
        check_equal(where, state)


def test_a_server_that_lost_its_last_minute_gets_all(server: RedisServer) -> None:
    where, state = address(server, "shop"), new_state()
    with writer_at(where) as writer, server.client() as client:
        step(state, 0)
        keep(writer, state, 1, START_MS)
        before = {key: client.dump(key) for key in features_of(server)}
        step(state, 1)
        keep(writer, state, 2, START_MS)
        for key, value in before.items():
            client.restore(key, 0, value, replace=True)
        step(state, 2)
        with pytest.raises(StoreLostError, match="has position 1, and had 2"):
            keep(writer, state, 3, START_MS)
        state.unfollow()
        keep(writer, state, 3, START_MS)
        check_equal(where, state)


def test_a_cluster_whose_node_was_started_again_gets_all(tmp_path: Path) -> None:
    server, state = RedisCluster(tmp_path), new_state()
    server.start()
    try:
        where = address(server)
        with writer_at(where) as writer:
            for number in range(2):
                step(state, number)
                keep(writer, state, number + 1, START_MS)
            server.kill()
            server.start()
            step(state, 2)
            with pytest.raises(StoreLostError, match="has nodes that were started again"):
                keep(writer, state, 3, START_MS)
            state.unfollow()
            keep(writer, state, 3, START_MS)
            step(state, 3)
            keep(writer, state, 4, START_MS)
        check_equal(where, state)
    finally:
        server.stop()


def test_nothing_is_left_of_what_was_written_anew(server: RedisServer) -> None:
    where, state = address(server), new_state()
    with writer_at(where) as writer:
        for number in range(2):
            step(state, number, users=("ann", "bob"))
        keep(writer, state, 1, START_MS)
        keys = len(features_of(server))
        state.unfollow()
        keep(writer, state, 2, START_MS)
    assert len(features_of(server)) == keys
    check_equal(where, state)


def test_what_a_kill_left_of_writing_anew_goes_at_the_next_start(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, state = address(server), new_state()
    step(state, 0)
    with writer_at(where) as writer:
        keep(writer, state, 1, START_MS)
        keys = features_of(server)
        state.unfollow()
        with monkeypatch.context() as patched:
            patched.setattr("interestclock.store.redis_users.RedisUsers.write", _killed)
            with pytest.raises(KeyboardInterrupt):
                keep(writer, state, 2, START_MS)
    assert len(features_of(server)) > len(keys)
    with writer_at(where) as writer:
        assert (writer.position, writer.furthest) == (1, 2)
        assert features_of(server) == keys
        check_equal(where, state)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_other_stores_and_keys_of_a_server_stay(server: RedisServer) -> None:
    state = new_state()
    step(state, 0)
    with server.client() as client:
        for key in ("shop:mine", "shop:000000000000", "shopping", "shop2:0123456789ab:u:x", "{shop}:mine"):
            client.set(key, "1")
        others = features_of(server)
        for position in (1, 2):
            state.unfollow()
            with writer_at(address(server, "shop")) as writer:
                keep(writer, state, position, START_MS)
        assert set(others) < set(features_of(server))


def test_a_snapshot_of_what_was_written_anew_says_so(server: RedisServer) -> None:
    where, state = address(server), new_state()
    step(state, 0)
    with writer_at(where) as writer:
        keep(writer, state, 1, START_MS)
        with RedisStore(where) as store:
            with store.snapshot() as view:
                assert view.slots("user", pa.array(["ann"])).tolist() == [1]
                state.unfollow()
                keep(writer, state, 2, START_MS)
                with pytest.raises(ResultError, match="written anew while it was read; take another snapsh"):
                    view.slots("user", pa.array(["bob"]))
            with store.snapshot() as view:
                assert view.slots("user", pa.array(["bob"])).tolist() == [1]


def test_what_is_newer_than_a_snapshot_names_what_is_new(server: RedisServer) -> None:
    where, state = address(server), new_state()
    step(state, 0, users=("ann",))
    with writer_at(where) as writer, RedisStore(where) as store:
        keep(writer, state, 1, START_MS)
        with store.snapshot() as view:
            step(state, 1, users=("bob",))
            keep(writer, state, 2, START_MS)
            bob = view.slots("user", pa.array(["bob"]))
            assert view.position == 1
            assert view.read(bob, np.array(TIMES[1:]), clocks_at_ms_M=None).known_M.tolist() == [1]
            named = view.user_histories.of_user(int(bob[0]))["item"]
            assert view.ids("item", named).to_pylist() == [None]  # it was not there then
        check_equal(where, state)


def test_a_lock_that_ran_out_is_another_s(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_lock, "_RENEWED_EVERY_S", 60.0)
    where, state = address(server, "shop"), new_state()
    with writer_at(where) as writer, server.client() as client:
        keep(writer, state, 1, START_MS)
        with pytest.raises(ResultError, match=r"is written to by one; end that.* \(one that was killed"):
            writer_at(where, owner="one two")
        client.delete("{shop}:lock")
        step(state, 0)
        keep(writer, state, 2, START_MS)  # nobody took it: it has it again
        client.delete("{shop}:lock")
        with writer_at(where, owner="two") as other:
            with pytest.raises(ResultError, match="is written to by two"):
                keep(writer, state, 3, START_MS)
            whole = new_state()
            keep(other, whole, 7, START_MS)
        with pytest.raises(ResultError, match="at position 7, and was left at 2: another writer was there"):
            keep(writer, state, 4, START_MS)


def test_a_lock_is_renewed(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_lock, "_RENEWED_EVERY_S", 0.01)
    with writer_at(address(server, "shop")), server.client() as client:
        client.pexpire("{shop}:lock", 60_000)
        while client.pttl("{shop}:lock") > 30_000:
            pass
    with server.client() as client:
        assert not client.exists("{shop}:lock")


def test_its_owner_has_a_lock_again_at_once(server: RedisServer) -> None:
    where = address(server)
    killed = writer_at(where, owner="web:/data")
    with writer_at(where, owner="web:/data") as writer:
        state = new_state()
        keep(writer, state, 1, START_MS)
        with pytest.raises(ResultError, match="is written to by web:/data"):
            keep(killed, state, 2, START_MS)
    killed.close()


def test_a_server_that_is_full_says_so_and_goes_on(server: RedisServer) -> None:
    where, state = address(server), new_state()
    with writer_at(where) as writer, server.client() as client:
        step(state, 0)
        keep(writer, state, 1, START_MS)
        step(state, 1)
        changes = state.changes()
        client.config_set("maxmemory", 1)
        with pytest.raises(ResultError, match=r"maxmemory.*give the server more memory, then go on"):
            writer.apply(changes, position=2, offsets={}, watermark_ms=START_MS)
        with RedisStore(where) as store, store.snapshot() as view:
            assert view.position == 1
        client.config_set("maxmemory", 0)
        writer.apply(changes, position=2, offsets={}, watermark_ms=START_MS)
    check_equal(where, state)


def test_a_server_that_throws_keys_away_is_refused(server: RedisServer) -> None:
    with server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        writer_at(address(server)).close()  # it never does
        client.config_set("maxmemory", 1 << 30)
        with pytest.raises(ResultError, match="set maxmemory-policy noeviction"):
            writer_at(address(server))


def test_what_a_crash_costs_is_told(
    server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        writer_at(address(server)).close()
        assert "with neither an append-only file nor saves, all that it acknowledged is lost" in caplog.text
        caplog.clear()
        (tmp_path / "kept").mkdir()
        keeps = RedisServer(tmp_path / "kept")
        keeps.start()
        try:
            writer_at(address(keeps)).close()
        finally:
            keeps.stop()
        assert caplog.text == ""


def test_an_outage_that_is_too_long(server: RedisServer) -> None:
    where, state = address(server), new_state()
    with writer_at(where, patience_s=0.1) as writer, RedisStore(where) as store:
        server.stop()
        with pytest.raises(
            ResultError, match=r"is away for more than 0 s .*start it again: it goes on: nothi"
        ):
            keep(writer, state, 1, START_MS)
        with (
            pytest.raises(RedisAwayError, match=r"is away .*; bring it back, then try again"),
            store.snapshot(),
        ):
            pass


def test_a_login(server: RedisServer) -> None:
    with server.client() as client:
        client.config_set("requirepass", "secret")
        try:
            with pytest.raises(ResultError, match=r"AUTH.*give the user and password"):
                writer_at(address(server))
            writer_at(address(server).replace("//", "//:secret@")).close()
        finally:
            client.execute_command("AUTH", "secret")
            client.config_set("requirepass", "")


def test_a_cluster_has_one_database(tmp_path: Path) -> None:
    server = RedisCluster(tmp_path)
    server.start()
    try:
        with pytest.raises(ConfigError, match="is a cluster, which has database 0 alone"):
            writer_at(address(server).replace("/0?", "/3?"))
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("redis://", "no address of a store; give redis://"),
        ("redis://host/x", "'x' is no number of a database"),
        ("redis://host:port/0", "no port of that kind"),
        ("redis://me:secret@host/0?prefix=", "redis://host/0.prefix=: prefix is ''; give one, of letters"),
        ("redis://host/0?prefix=a:b", "prefix is 'a:b'; give one"),
        ("redis://host/0?prefix=a&prefix=b", "prefix is 'a', 'b'; give one"),
        ("redis://host/0?timeout=3", "no address of a store"),
        ("redis://host/0#a", "no address of a store"),
    ],
)
def test_addresses_that_are_none(written: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RedisAddress.parse(written)


def test_addresses() -> None:
    found = RedisAddress.parse("rediss://ann%40:s%2Fe@[::1]:7/2?prefix=shop")
    assert (found.host, found.port, found.database, found.tls) == ("::1", 7, 2, True)
    assert (found.username, found.password, found.prefix) == ("ann@", "s/e", "shop")
    assert found.name == "rediss://[::1]:7/2?prefix=shop"
    assert "s/e" not in repr(found)
