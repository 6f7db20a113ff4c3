"""Snapshots are swapped and the store goes and comes under load: an answer is of one version, none fails."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from running_service import running
from small_service import NOW_MS, small_service, trained
from waiting import wait_for

from interestclock.client import Client, Rank, Ranked, ServiceError
from interestclock.live import LiveTrainer
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.service import ServiceConfig, create_app
from interestclock.serving import RankRequest, Scorer
from interestclock.store import LmdbStore

ITEMS = ["a", "b", "c", "never seen"]
RANK = Rank(user="ann", candidates=ITEMS, zone="UTC", weights={"finish": 1.0, "like": 0.5})
SOON = ServiceConfig(refresh_seconds=0.01, timeout_seconds=30)
Scores = dict[str, float]


class Callers:
    """Threads that have the same candidates ranked, again and again."""

    def __init__(self, address: str, count: int) -> None:
        self.answers: list[Ranked] = []
        self.problems: list[ServiceError] = []
        self._address, self._ending = address, threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(count)]
        for each in self._threads:
            each.start()

    def _call(self) -> None:
        with Client(self._address, timeout_seconds=60) as client:
            while not self._ending.is_set():
                try:
                    self.answers.append(client.rank(RANK))
                except ServiceError as error:
                    self.problems.append(error)

    def newest(self) -> str:
        """Version of the newest answer; none yet: nothing."""
        return self.answers[-1].version if self.answers else ""

    def end(self) -> None:
        self._ending.set()
        for each in self._threads:
            each.join(60)
            assert not each.is_alive()


def scores_by(folder: Path, version: str) -> Scores:
    """What one snapshot says with the store."""
    with LmdbStore(folder / "store") as store:
        request = RankRequest(user="ann", items=ITEMS, at_ms=NOW_MS, zone="UTC")
        (scored,) = Scorer(store, folder / "snapshots", only=version).score([request])
    return {str(item): score for item, score in scored.best(RANK.weights)}


def learn_something(trainer: LiveTrainer) -> None:
    """Weights that score otherwise than before."""
    with torch.no_grad():
        for each in trainer.ranker.parameters():
            each.add_(0.01 * torch.randn(each.shape))


def swapped_under_load(folder: Path, *, swaps: int, callers: int) -> tuple[Callers, dict[str, Scores]]:
    trainer = trained(folder)
    snapshots = TrainerSnapshots(folder / "snapshots", trainer)
    service = small_service(folder, config=SOON)
    expected = {service.rankers.scorer().version: scores_by(folder, service.rankers.scorer().version)}
    with running(create_app(service)) as address:
        some = Callers(address, callers)
        try:
            wait_for(lambda: some.newest() != "")
            for swap in range(swaps):
                learn_something(trainer)
                name = snapshots.write(whole=swap % 5 == 4).name
                expected[name] = scores_by(folder, name)
                wait_for(lambda name=name: some.newest() == name)  # type: ignore[misc]
                if swap % 3 == 2:
                    (folder / "store").rename(folder / "gone")
                    wait_for(lambda: some.answers[-1].without_store is not None)
                    (folder / "gone").rename(folder / "store")
                    wait_for(lambda: some.answers[-1].without_store is None)
        finally:
            some.end()
    return some, expected


def check(some: Callers, expected: dict[str, Scores], *, swaps: int) -> None:
    assert some.problems == []
    assert {each.version for each in some.answers} == expected.keys()
    assert len(expected) == swaps + 1
    assert len({tuple(scores.values()) for scores in expected.values()}) == swaps + 1
    for each in some.answers:
        if each.without_store is None:
            scores = {item.item: item.score for item in each.items}
            assert scores == pytest.approx(expected[each.version], abs=1e-5)
        else:
            assert each.known_behaviours == 0
    assert any(each.without_store for each in some.answers)


def test_each_answer_is_of_one_version(tmp_path: Path) -> None:
    check(*swapped_under_load(tmp_path, swaps=3, callers=2), swaps=3)


@pytest.mark.slow
def test_a_hundred_swaps(tmp_path: Path) -> None:
    some, expected = swapped_under_load(tmp_path, swaps=100, callers=4)
    check(some, expected, swaps=100)
    print(f"{len(some.answers):,} answers of {len(expected)} versions")
