"""The store goes away and comes back: rankings go on, without histories, and say so."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from redis_server import SERVER, RedisServer
from served_trainer import EACH
from small_service import answers_to, small_service, stopped_clock, trained
from waiting import wait_for

from interestclock.client import Rank
from interestclock.errors import ResultError
from interestclock.events.schema import LogSchema
from interestclock.service import Access, RankingService, ReopenedStore, ServiceConfig
from interestclock.serving import Rankers
from interestclock.store import LmdbStore, StoreWriter, open_store

RANK = Rank(user="ann", candidates=["a", "b", "c"], zone="UTC")
SOON = ServiceConfig(refresh_seconds=0.01, timeout_seconds=60)


def test_a_folder_that_is_gone_for_a_while(tmp_path: Path) -> None:
    trained(tmp_path)
    with small_service(tmp_path, config=SOON) as service:
        before = service.rank(RANK)
        (tmp_path / "store").rename(tmp_path / "gone")
        without = service.rank(RANK)
        assert without.without_store is not None
        assert (without.known_behaviours, without.admitted_offset) == (0, None)
        assert {each.item for each in without.items} == {"a", "b", "c"}
        assert {each.score for each in without.items} != {each.score for each in before.items}
        (tmp_path / "gone").rename(tmp_path / "store")
        wait_for(lambda: service.store.away is None)
        assert service.rank(RANK).items == before.items
        assert service.rank(RANK).without_store is None


def test_who_is_unknown_without_a_store_is_ranked_as_anyone_unknown(tmp_path: Path) -> None:
    """The user's own vector is the snapshot's, so a user nobody knows is as with the store."""
    trained(tmp_path)
    nobody = msgspec.structs.replace(RANK, user="nobody")
    with small_service(tmp_path, config=SOON) as service:
        items = service.rank(nobody).items
        shutil.rmtree(tmp_path / "store")
        alike = service.rank(nobody).items
    # Items' attributes are the store's, too: only an item without any scores alike.
    assert {each.item: each.score for each in alike}["c"] == pytest.approx(
        {each.item: each.score for each in items}["c"], abs=1e-6
    )


def test_others_say_that_the_store_is_away(tmp_path: Path) -> None:
    trained(tmp_path)
    service = small_service(tmp_path)
    shutil.rmtree(tmp_path / "store")
    rank = {"user": "ann", "candidates": ["a"], "zone": "UTC"}
    no_zone, catalogue = rank | {"zone": None}, {"user": "ann", "catalogue": {}, "zone": "UTC"}
    asked = [("POST", "/v1/rank", {"json": body}) for body in (rank, no_zone, catalogue)]
    asked += [("GET", f"/{path}", {}) for path in ("v1/users/ann/clock", "v1/status", "readyz", "metrics")]
    answers = answers_to(service, *asked, access=Access(demo=True))
    assert [each.status_code for each in answers] == [200, 422, 503, 503, 200, 200, 200]
    ranked, _, listed, clock, status, ready, metrics = answers
    assert "was compacted or replaced" in ranked.json()["without_store"]
    assert (listed.headers["retry-after"], clock.headers["retry-after"]) == ("1", "1")
    assert "holds no store" in status.json()["store"]["away"] or "replaced" in status.json()["store"]["away"]
    assert ready.json()["without_store"]
    assert "interestclock_store_away 1.0" in metrics.text
    assert 'interestclock_ranked_total{ranker="small",store="away"} 1.0' in metrics.text


def test_a_store_of_others_names_is_not_read(tmp_path: Path) -> None:
    trained(tmp_path)
    with small_service(tmp_path) as service:
        (tmp_path / "store").rename(tmp_path / "gone")
        assert service.rank(RANK).without_store
        StoreWriter(tmp_path / "other", schema=LogSchema(labels=("finish",)), config=EACH.state()).close()
        (tmp_path / "other").rename(tmp_path / "store")
        assert service.store.reopen() is False
        assert "the store has other names or settings than before" in str(service.store.away)


def test_a_store_that_is_not_there_at_first_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="holds no store"):
        ReopenedStore(lambda: open_store(tmp_path))


def test_nobody_waits_for_a_store_that_is_looked_for(tmp_path: Path) -> None:
    """A server that does not answer at all is waited for by who looks for it, and by nobody else."""
    trained(tmp_path)
    opened, looking, go_on = threading.Event(), threading.Event(), threading.Event()

    def open_again() -> LmdbStore:
        if opened.is_set():
            looking.set()
            assert go_on.wait(60)
        return LmdbStore(tmp_path / "store")

    store = ReopenedStore(open_again)
    opened.set()
    (tmp_path / "store").rename(tmp_path / "gone")
    with pytest.raises(ResultError), store.snapshot():
        pass
    (tmp_path / "gone").rename(tmp_path / "store")
    looks = threading.Thread(target=store.reopen, daemon=True)
    looks.start()
    assert looking.wait(60)
    read = threading.Thread(target=lambda: store.snapshot().__enter__(), daemon=True)
    read.start()
    read.join(60)
    assert not read.is_alive()
    go_on.set()
    looks.join(60)
    assert store.away is None
    store.close()
    assert store.reopen() is False


def test_a_store_is_closed_behind_who_reads_it(tmp_path: Path) -> None:
    trained(tmp_path)
    store = ReopenedStore(lambda: open_store(tmp_path / "store"))
    closes = threading.Thread(target=store.close, daemon=True)
    with store.snapshot() as view:
        closes.start()
        wait_for(lambda: store.away is not None)
        assert closes.is_alive()
        assert view.slots("user", pa.array(["ann"])).tolist() == [1]
    closes.join(60)
    assert not closes.is_alive()
    with store.snapshot() as view:
        assert view.slots("user", pa.array(["ann"])).tolist() == [0]


@pytest.mark.skipif(SERVER is None, reason="no redis-server")
def test_a_server_that_is_killed_and_started_again(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        where = f"redis://127.0.0.1:{server.port}/0?prefix=shop"
        trained(tmp_path / "trainer", store=where)
        store = ReopenedStore(lambda: open_store(where))
        rankers = Rankers(store, {"small": tmp_path / "trainer" / "snapshots"})
        with RankingService(rankers, store, config=SOON, time=stopped_clock()) as service:
            before = service.rank(RANK)
            assert before.known_behaviours > 0
            server.kill()
            assert "is away" in str(service.rank(RANK).without_store)
            assert service.rank(RANK).known_behaviours == 0
            server.start()
            wait_for(lambda: service.store.away is None)
            assert service.rank(RANK).items == before.items
    finally:
        server.stop()
