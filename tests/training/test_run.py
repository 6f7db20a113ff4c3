from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from interestclock.errors import ConfigError
from interestclock.histories import Histories
from interestclock.ranking import RankerConfig, load_ranker
from interestclock.samples import SampleChunk, SampleFolder
from interestclock.training import RunPlan, RunProgress, TrainConfig, run_ranker

BASE = RankerConfig(dim=4, recent=3, hidden=(8,), tower_width=4)


@pytest.fixture
def plan(folder: SampleFolder, tmp_path: Path) -> Callable[..., RunPlan]:
    def make(name: str = "base", *, device: str = "cpu", freeze_ms: int | None = None) -> RunPlan:
        for part in ("predictions", "rankers"):
            (tmp_path / name / part).mkdir(parents=True)
        return RunPlan(
            ranker="base",
            config=BASE,
            train=TrainConfig(batch_size=16, device=device),
            samples=folder.path,
            out=tmp_path / name,
            label="finish",
            freeze_ms=freeze_ms,
        )

    return make


def read(plan: RunPlan) -> dict[str, np.ndarray]:
    table = pq.read_table(plan.out / "predictions" / "base-seed0.parquet")
    return {name: table[name].to_numpy() for name in table.column_names}


def test_a_run_writes_predictions_and_weights(
    plan: Callable[..., RunPlan], folder: SampleFolder, histories: Histories, chunks: list[SampleChunk]
) -> None:
    reported: list[RunProgress] = []
    middle_ms = int(chunks[2].samples.timestamp_ms_B[0])
    this = plan(freeze_ms=middle_ms)
    cost = run_ranker(this, reported.append)
    predicted, samples = read(this), sum(map(len, chunks))
    assert set(predicted) == {f"{kind}.{task}" for kind in ("p", "frozen") for task in folder.schema.labels}
    assert all(values.size == samples for values in predicted.values())
    assert ((predicted["p.finish"] > 0) & (predicted["p.finish"] < 1)).all()
    assert 0 < np.isnan(predicted["frozen.finish"]).sum() < samples
    assert (cost.ranker, cost.seed, cost.samples) == ("base", 0, samples)
    assert cost.seconds > 0
    assert cost.peak_rss_mib > 10
    assert (reported[-1].samples, reported[-1].total, reported[-1].run) == (samples, samples, "base-seed0")
    assert reported[-1].event_ms == folder.manifest.counts["last_ms"]


def test_the_saved_ranker_is_the_trained_one(
    plan: Callable[..., RunPlan], folder: SampleFolder, histories: Histories, chunks: list[SampleChunk]
) -> None:
    this = plan()
    run_ranker(this, lambda _: None)
    ranker = load_ranker(this.out / "rankers" / "base-seed0")
    ranker.items.describe(chunks[-1].sizes["item"], folder.item_attributes(folder.state()))
    batch = next(chunks[-1].batches(16))
    assert ranker(batch, histories)["finish"].shape == (len(batch),)
    fresh = torch.sigmoid(ranker(batch, histories)["finish"]).detach().numpy()
    assert np.abs(fresh - read(this)["p.finish"][-len(chunks[-1]) :][: len(batch)]).max() < 0.2


def test_the_same_plan_writes_the_same_predictions(plan: Callable[..., RunPlan]) -> None:
    first, again = plan("one"), plan("two")
    for this in (first, again):
        run_ranker(this, lambda _: None)
    for name, values in read(first).items():
        np.testing.assert_array_equal(values, read(again)[name], err_msg=name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there")
@pytest.mark.parametrize("device", ["cuda", "nonsense"])
def test_a_device_that_is_not_there_is_refused(plan: Callable[..., RunPlan], device: str) -> None:
    with pytest.raises(ConfigError, match=rf"device '{device}' cannot be used \(.+\); use --device cpu, or"):
        run_ranker(plan(device=device), lambda _: None)
