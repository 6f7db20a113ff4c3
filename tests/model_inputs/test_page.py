"""The model that the page on features shows: twenty lines, and better with the clock than without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

import interestclock
from interestclock.embeddings import masked_mean
from interestclock.events import open_log
from interestclock.metrics import auc
from interestclock.model_inputs import ModelFeatures, features_as_of
from interestclock.simulator import SimulatorSize, write_simulated_log

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
(CODE,) = re.findall(r"^## In twenty lines\n\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SIZE = SimulatorSize(users=40, items=300, days=45, exposures_per_day=400)


class NoClock(nn.Module):
    def forward(self, hours_BHD: Tensor, *, second_of_day_B: Tensor) -> Tensor:
        return torch.zeros_like(hours_BHD[:, 0])


def shown_model(features: ModelFeatures) -> nn.Module:
    """The class that the page shows, without what it does with it."""
    names = {"torch": torch, "nn": nn, "interestclock": interestclock, "masked_mean": masked_mean}
    exec(compile(CODE[CODE.index("class MyRanker") : CODE.index("features =")], "features.md", "exec"), names)
    torch.manual_seed(0)
    return names["MyRanker"](features.embedding_rows)


def auc_of(model: nn.Module, features: ModelFeatures) -> float:
    """Of the last fifth of the rows, after three passes over those before."""
    data = features.torch(longest=1)
    boundary = len(data) * 4 // 5
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    before = Subset(data, range(boundary))
    for _ in range(3):
        for batch in DataLoader(before, batch_size=128, shuffle=True, collate_fn=data.collate):
            loss = nn.functional.binary_cross_entropy_with_logits(model(batch), batch.labels["finish"])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    last = data.batch(range(boundary, len(data)))
    with torch.no_grad():
        return auc(last.labels["finish"].numpy(), model(last).numpy())


def test_it_takes_twenty_lines_behind_its_imports() -> None:
    lines = [line for line in CODE.splitlines() if line and not line.startswith(("import ", "from "))]
    assert len(lines) <= 20


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> ModelFeatures:
    folder = tmp_path_factory.mktemp("simulated") / "log"
    write_simulated_log(folder, size=SIZE)
    return features_as_of(open_log(folder))


def test_with_the_clock_it_is_as_much_better_as_the_page_says(features: ModelFeatures) -> None:
    with_clock = shown_model(features)
    without = shown_model(features)
    without.clock = NoClock()
    rows, better, worse = re.search(
        r"simulated log of ([\d,]+) rows.*?AUC of (0\.\d+);.*?has (0\.\d+)\.", PAGE, re.DOTALL
    ).groups()
    assert f"{len(features.table):,}" == rows
    assert auc_of(with_clock, features) == pytest.approx(float(better), abs=0.012)
    assert auc_of(without, features) == pytest.approx(float(worse), abs=0.012)
