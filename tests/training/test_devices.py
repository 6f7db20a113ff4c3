"""Every ranker on another device than the CPU: nothing is mixed up, and the predictions are the same."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from pretend_device import PRETENDED, PretendDevice
from slow_but import slow_but

from interestclock.defaults import BASE, PARTS
from interestclock.samples import SampleChunk, SampleFolder
from interestclock.studies.rankers import lineup
from interestclock.training import ORDERS, RunPlan, TrainConfig, run_ranker


def run(folder: SampleFolder, out: Path, ranker: str, **train: str) -> dict[str, np.ndarray]:
    for part in ("predictions", "rankers"):
        (out / part).mkdir(parents=True)
    plan = RunPlan(
        ranker=ranker,
        config=replace(lineup([ranker])[ranker], dim=8, hidden=(8,)),
        train=TrainConfig(batch_size=16, **train),
        samples=folder.path,
        out=out,
        label="finish",
        freeze_ms=folder.manifest.counts["last_ms"] - 86_400_000,
    )
    run_ranker(plan, lambda progress: None)
    table = pq.read_table(out / "predictions" / f"{ranker}-seed0.parquet")
    return {name: table[name].to_numpy() for name in table.column_names}


def check_close(found_N: np.ndarray, expected_N: np.ndarray) -> None:
    """Rounded otherwise, a unit may fall to the other side of its kink, and Adam makes steps of that."""
    np.testing.assert_allclose(found_N[:120], expected_N[:120], atol=1e-5)
    np.testing.assert_allclose(found_N, expected_N, atol=0.02)


@pytest.mark.parametrize(
    "ranker", slow_but(["hour+gaussian+routine"], [BASE, *PARTS, "hour+gaussian+routine"])
)
def test_a_ranker_learns_the_same_elsewhere(ranker: str, folder: SampleFolder, tmp_path: Path) -> None:
    here = run(folder, tmp_path / "here", ranker)
    with PretendDevice():
        elsewhere = run(folder, tmp_path / "elsewhere", ranker, device="meta")
    assert here.keys() == elsewhere.keys()
    for name, values in here.items():
        check_close(elsewhere[name], values)
    assert np.std(here["p.finish"]) > 0


@pytest.mark.slow
@pytest.mark.parametrize("order", [each for each in ORDERS if each != "streaming"])
def test_so_does_another_order(order: str, folder: SampleFolder, tmp_path: Path) -> None:
    here = run(folder, tmp_path / "here", "gaussian", order=order)
    with PretendDevice():
        elsewhere = run(folder, tmp_path / "elsewhere", "gaussian", order=order, device="meta")
    check_close(elsewhere["p.finish"], here["p.finish"])


def test_the_pretended_device_refuses_what_a_gpu_refuses(chunks: list[SampleChunk]) -> None:
    with PretendDevice():
        away, here = torch.ones(3).to(PRETENDED), torch.ones(3)
        with pytest.raises(RuntimeError, match="add: tensors on two devices"):
            away + here
        with pytest.raises(RuntimeError, match="index: tensors on two devices"):
            away[torch.tensor([0, 2])]
        assert (away + torch.tensor(1.0)).cpu().tolist() == [2.0, 2.0, 2.0]
        assert copy.deepcopy(away).device == PRETENDED
