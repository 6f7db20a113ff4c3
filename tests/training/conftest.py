"""A small prepared log, and rankers small enough to train in a moment."""

from __future__ import annotations

import pytest
from in_memory import HOUR_MS, REQUESTS, MemorySource, requests_log

from interestclock.clocks import GaussianConfig, LongTermConfig
from interestclock.histories import Histories
from interestclock.ranking import FeatureNames, Ranker, RankerConfig
from interestclock.samples import BatchMaker, PrepareConfig, SampleChunk, SampleFolder, prepare_samples
from interestclock.state import FeatureState
from interestclock.training import SampleTrainer, TrainConfig

SMALL = RankerConfig(
    clocks=(GaussianConfig(), LongTermConfig(behaviours=3, longest=12, heads=2, latent_dim=4, output_dim=4)),
    dim=4,
    recent=3,
    hidden=(8,),
    tower_width=4,
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> SampleFolder:
    """Four days, 150 requests of three, labels known up to an hour later."""
    source = MemorySource(schema=REQUESTS, events=requests_log(21, requests=150, delay_ms=HOUR_MS))
    config = PrepareConfig(rows_per_chunk=120)
    return prepare_samples(source, tmp_path_factory.mktemp("log") / "samples", config=config)


@pytest.fixture(scope="session")
def state(folder: SampleFolder) -> FeatureState:
    return folder.state()


@pytest.fixture(scope="session")
def histories(state: FeatureState) -> Histories:
    return state.histories()


@pytest.fixture(scope="session")
def chunks(folder: SampleFolder, state: FeatureState) -> list[SampleChunk]:
    return list(folder.chunks(BatchMaker(recent=SMALL.recent, clocks=True), state))


@pytest.fixture
def make_ranker(folder: SampleFolder):
    """A ranker of a seed that knows the ids up to the given sizes."""

    def make(sizes: dict[str, int] | None = None, seed: int = 0) -> Ranker:
        ranker = Ranker(names=FeatureNames.of(folder.schema), config=SMALL, seed=seed)
        if sizes is not None:
            ranker.grow(sizes, folder.item_attributes(folder.state()))
        return ranker

    return make


@pytest.fixture
def make_trainer(folder: SampleFolder, histories: Histories, make_ranker):
    """A trainer of a fresh ranker."""

    def make(*, seed: int = 0, order: str = "streaming", freeze_ms: int | None = None) -> SampleTrainer:
        return SampleTrainer(
            make_ranker(seed=seed),
            histories=histories,
            item_values=folder.item_attributes(folder.state()),
            config=TrainConfig(batch_size=16, learning_rate=0.02, order=order, seed=seed),
            freeze_ms=freeze_ms,
        )

    return make
