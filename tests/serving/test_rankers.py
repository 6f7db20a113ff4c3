"""Several rankers and versions side by side, each following its own snapshots."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from micro_batches import NO_LABELS
from served_trainer import EACH, exposures, plain_scores, trainer_of, turn_ms

from interestclock.errors import ConfigError, RequestError, ResultError
from interestclock.live import LiveTrainer
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.service.model_page import model_page
from interestclock.serving import Following, OneVersion, Rankers, RankerVersion, RankRequest, Scorer
from interestclock.snapshots import SnapshotReader

BASE = replace(EACH, ranker=replace(EACH.ranker, clocks=()))


def learn(trainer: LiveTrainer, turn: int) -> None:
    genres = [["rock"], ["jazz", "soul"], []]
    trainer.process(exposures(turn, ["ann", "bob", "ann"], ["a", "b", "c"], genres, hours=4), NO_LABELS)


def request_at(turn: int, **changes) -> RankRequest:
    plain = {"user": "ann", "items": ["a", "b"], "at_ms": turn_ms(turn, 4), "utc_offset_minutes": 0}
    return RankRequest(**plain | changes)


def check(scorer: Scorer, request: RankRequest, expected: dict[str, list[float]]) -> None:
    (scored,) = scorer.score([request])
    for task, probability in expected.items():
        np.testing.assert_allclose(scored.probabilities[task], probability, rtol=0, atol=1e-5)


def test_each_follows_its_own_snapshots_and_an_older_one_stays(tmp_path: Path) -> None:
    trainers = {"gaussian": trainer_of(EACH), "base": trainer_of(BASE)}
    writers = {name: TrainerSnapshots(tmp_path / name, each) for name, each in trainers.items()}
    for turn in range(3):
        for trainer in trainers.values():
            learn(trainer, turn)
    for writer in writers.values():
        writer.write(whole=True)
    store, before = trainers["gaussian"].features, plain_scores(trainers["gaussian"], request_at(5))
    folders = {name: tmp_path / name for name in trainers}
    first = OneVersion(folder=tmp_path / "gaussian", version="00000001-full")
    rankers = Rankers(store, folders | {"first": first})
    assert rankers.names == ("gaussian", "base", "first")
    assert rankers.scorer() is rankers.scorer("gaussian")
    for name in ("gaussian", "first"):
        check(rankers.scorer(name), request_at(5), before)
    for trainer in trainers.values():
        learn(trainer, 3)
    after = {name: plain_scores(each, request_at(5)) for name, each in trainers.items()}
    writers["base"].write(whole=False)
    assert rankers.refresh() == ["base"]
    writers["gaussian"].write(whole=False)
    assert rankers.refresh() == ["gaussian"]
    for name, expected in after.items():
        check(rankers.scorer(name), request_at(5), expected)
    (old,) = rankers.scorer("first").score([request_at(5)])
    (new,) = rankers.scorer("gaussian").score([request_at(5)])
    assert (old.ranker, old.version) == ("first", "00000001-full")
    assert (new.ranker, new.version) == ("gaussian", "00000002-delta")
    assert old.probabilities["finish"].tolist() != new.probabilities["finish"].tolist()
    shutil.rmtree(tmp_path / "gaussian")  # what is in memory answers all the same
    assert rankers.refresh() == []
    assert rankers.scorer("first").refused is None
    assert rankers.scorer("gaussian").refused is not None
    assert rankers.scorer("first").score([request_at(5)])[0].version == "00000001-full"


def test_strange_names_are_refused(trained) -> None:
    state, folder = trained
    with pytest.raises(RequestError, match="no ranker 'b'; there are a"):
        Rankers(state, {"a": folder}).scorer("b")
    for folders in ({}, {"": folder}):
        with pytest.raises(ConfigError, match="name one or more"):
            Rankers(state, folders)
    with pytest.raises(ResultError, match="no snapshot '00000009-full'"):
        Rankers(state, {"a": OneVersion(folder=folder, version="00000009-full")})


def test_a_snapshot_of_other_features_is_refused_and_the_one_before_stays(tmp_path: Path) -> None:
    trainer = trainer_of(EACH)
    learn(trainer, 0)
    TrainerSnapshots(tmp_path, trainer).write(whole=True)
    scorer = Scorer(trainer.features, tmp_path)
    other = trainer_of(replace(EACH, longest=13))
    learn(other, 0)
    TrainerSnapshots(tmp_path, other).write(whole=True)
    for _ in range(2):
        assert not scorer.refresh()
        assert "trained with longest 13, and the store has 12" in (scorer.refused or "")
        assert scorer.version == scorer.manifest.name == "00000001-full"
    learn(trainer, 1)
    TrainerSnapshots(tmp_path, trainer).write(whole=True)
    assert scorer.refresh()
    assert (scorer.refused, scorer.version) == (None, "00000003-full")


def test_no_answer_is_of_two_versions_while_snapshots_are_swapped(tmp_path: Path) -> None:
    """Whole rankers of other sizes and deltas of one come in turn, while threads score."""
    trainers = [trainer_of(EACH), trainer_of(BASE)]
    writers = [TrainerSnapshots(tmp_path, each) for each in trainers]

    def write(turn: int) -> None:
        trainer, writer = trainers[turn // 2 % 2], writers[turn // 2 % 2]
        learn(trainer, turn)
        writer.write(whole=turn % 2 == 0)

    write(1)
    frozen = trainer_of(EACH)  # of which the scorer reads; the trainers' own go on
    learn(frozen, 0)
    rankers, answers, done = Rankers(frozen.features, {"r": tmp_path}), [], []

    def score() -> None:
        while not done:
            answers.extend(rankers.scorer().score([request_at(40)] * 3))

    threads = [threading.Thread(target=score) for _ in range(2)]
    with Following(rankers, every_seconds=0.01):
        for each in threads:
            each.start()
        for turn in range(2, 12):
            write(turn)
            wanted = len(answers) + 8
            while len(answers) < wanted:
                time.sleep(0.001)
        done.append(True)
        for each in threads:
            each.join()
    versions = {each.version for each in answers}
    assert len(versions) > 4
    by_version: dict[str, set[tuple[float, ...]]] = {}
    for each in answers:
        by_version.setdefault(each.version, set()).add(tuple(each.probabilities["finish"].tolist()))
    assert all(len(each) == 1 for each in by_version.values())


def test_following_goes_on_after_an_error(trained, caplog: pytest.LogCaptureFixture) -> None:
    state, folder = trained
    rankers, looked = Rankers(state, {"r": folder}), threading.Semaphore(0)

    def refresh() -> list[str]:
        looked.release()
        raise OSError("the disk is gone")

    rankers.refresh = refresh  # type: ignore[method-assign]
    with Following(rankers, every_seconds=0.01):
        assert all(looked.acquire(timeout=60) for _ in range(3))
    assert "snapshots cannot be looked for" in caplog.text


def test_one_that_fails_keeps_none_of_the_others_from_following(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = trainer_of(EACH)
    names = ("first", "broken", "last")
    writers = {name: TrainerSnapshots(tmp_path / name, trainer) for name in names}
    learn(trainer, 0)
    for each in writers.values():
        each.write(whole=True)
    rankers = Rankers(trainer.features, {name: tmp_path / name for name in names})
    learn(trainer, 1)
    for each in writers.values():
        each.write(whole=True)
    update, broken = RankerVersion.update, rankers.scorer("broken")

    def fails(version: RankerVersion, snapshot) -> None:
        if version is broken._version:
            raise ZeroDivisionError("in a clock of its own")
        update(version, snapshot)

    monkeypatch.setattr(RankerVersion, "update", fails)
    assert rankers.refresh() == ["first", "last"]
    versions = [rankers.scorer(name).version for name in names]
    assert versions == ["00000002-full", "00000001-full", "00000002-full"]
    assert broken.refused == "ZeroDivisionError: in a clock of its own"
    assert rankers.scorer("last").refused is None
    (shown,) = [each for each in model_page(rankers).rankers if each.refused]
    assert (shown.name, shown.refused) == ("broken", broken.refused)
    monkeypatch.undo()
    writers["broken"].write(whole=True)
    assert (rankers.refresh(), broken.refused, broken.version) == (["broken"], None, "00000003-full")


def test_what_cannot_even_be_looked_for_is_said(trained, monkeypatch: pytest.MonkeyPatch) -> None:
    state, folder = trained
    rankers = Rankers(state, {"r": folder, "s": folder})

    def gone(reader: SnapshotReader) -> bool:
        raise OSError("the disk is gone")

    monkeypatch.setattr(SnapshotReader, "refresh", gone)
    assert rankers.refresh() == []
    assert rankers.scorer("s").refused == "OSError: the disk is gone"
    monkeypatch.undo()
    rankers.refresh()
    assert rankers.scorer("s").refused is None
