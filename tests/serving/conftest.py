"""A trained state with its snapshots, which the tests of scoring read and none of them changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from micro_batches import NO_LABELS
from served_trainer import EACH, exposures, trainer_of, turn_ms

from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.state import FeatureState

TURNS = 6


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[FeatureState, Path]:
    """A state, and a folder of three snapshots of one trainer."""
    trainer = trainer_of(EACH)
    folder = tmp_path_factory.mktemp("snapshots")
    snapshots = TrainerSnapshots(folder, trainer)
    for turn in range(TURNS):
        genres = [["rock"], ["jazz", "soul"], []]
        trainer.process(exposures(turn, ["ann", "bob", "ann"], ["a", "b", "c"], genres, hours=4), NO_LABELS)
        if turn in (2, 4):
            snapshots.write(whole=True)
    trainer.finish()
    snapshots.write(whole=False)
    return trainer.features, folder


@pytest.fixture(scope="session")
def now_ms() -> int:
    return turn_ms(TURNS, 4)
