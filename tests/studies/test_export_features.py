"""Features for a model of one's own, and a plain model that uses them with one of the clocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

from interestclock.clocks import GaussianClock
from interestclock.errors import ConfigError, ResultError
from interestclock.events import ColumnMapping, open_log
from interestclock.samples import PrepareConfig
from interestclock.simulator import size_named, write_simulated_log
from interestclock.studies.export_features import export_features


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("features")
    write_simulated_log(folder / "log", size=size_named("tiny"), seed=1)
    export_features(open_log(folder / "log"), folder / "out", config=PrepareConfig())
    return folder / "out"


def test_histories_before_a_sample_are_its_users_and_known_by_then(features: Path) -> None:
    samples = pq.read_table(features / "samples.parquet").to_pylist()
    histories = pq.read_table(features / "histories.parquet").to_pylist()
    for sample in samples[-500::25]:
        before = histories[sample["history_first"] : sample["history_end"]]
        assert {row["user_id"] for row in before} <= {sample["user_id"]}
        assert all(row["timestamp_ms"] + 600_000 < sample["timestamp_ms"] for row in before)
    finished = [s for s in samples if s["label.finish"] == 1 or s["label.like"] == 1]
    one = next(s for s in reversed(samples) if s["history_end"] > s["history_first"])
    mine = [
        s for s in finished
        if s["user_id"] == one["user_id"] and s["timestamp_ms"] + 600_000 < one["timestamp_ms"]
    ]  # fmt: skip
    assert len(mine) == one["history_end"] - one["history_first"]


def test_clock_lists_have_24_buckets_and_at_most_three_values(features: Path) -> None:
    clocks = pq.read_table(features / "clocks.parquet")
    for name in ("genre", "mood", "language"):
        for row in clocks[name].to_pylist()[:200]:
            assert len(row) == 24
            assert all(len(bucket) <= 3 for bucket in row)
    samples = pq.read_table(features / "samples.parquet")
    assert samples["clock_row"].to_numpy().max() < clocks.num_rows


def test_an_existing_folder_is_refused(features: Path) -> None:
    with pytest.raises(ResultError, match="is there already"):
        export_features(open_log(features.parent / "log"), features, config=PrepareConfig())


def test_a_log_without_a_term_of_eq3_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text("user_id,item_id,timestamp_ms,click,genre\n1,1,not a time,1,rock\n")
    mapping = ColumnMapping(zone="UTC").with_options(labels=["click"], attributes=["genre"])
    source = open_log(tmp_path / "plays.csv", mapping=mapping)
    with pytest.raises(ConfigError, match=r"this log has click; say which .* for example --eq3 finish=click"):
        export_features(source, tmp_path / "out", config=PrepareConfig())
    assert [path.name for path in tmp_path.iterdir()] == ["plays.csv"]


class PlainModel(nn.Module):
    """Somebody's own ranker, with a Gaussian Clock put into it."""

    def __init__(self, items: int, genres: int, dim: int = 8) -> None:
        super().__init__()
        self.item = nn.Embedding(items, dim)
        self.genre = nn.EmbeddingBag(genres + 1, dim, mode="mean", padding_idx=genres)
        self.clock = GaussianClock(dim=dim)
        self.out = nn.Linear(2 * dim, 1)

    def forward(self, item_B: torch.Tensor, clock_BHV: torch.Tensor, second_B: torch.Tensor) -> torch.Tensor:
        batch, buckets, values = clock_BHV.shape
        clock_BHD = self.genre(clock_BHV.reshape(-1, values)).reshape(batch, buckets, -1)
        seen_BD = torch.cat([self.item(item_B), self.clock(clock_BHD, second_of_day_B=second_B)], dim=1)
        return self.out(seen_BD)[:, 0]


def test_a_plain_pytorch_model_learns_from_them(features: Path) -> None:
    samples = pq.read_table(features / "samples.parquet").slice(0, 2048)
    clocks = pq.read_table(features / "clocks.parquet")["genre"].to_pylist()
    words = {word: i for i, word in enumerate(sorted({w for row in clocks for b in row for w in b}))}
    clock_RHV = np.full((len(clocks), 24, 3), len(words))
    for row, buckets in enumerate(clocks):
        for bucket, values in enumerate(buckets):
            clock_RHV[row, bucket, : len(values)] = [words[value] for value in values]
    torch.manual_seed(0)
    item_B = torch.from_numpy(np.unique(samples["item_id"].to_numpy(), return_inverse=True)[1])
    clock_BHV = torch.from_numpy(clock_RHV[samples["clock_row"].to_numpy()])
    second_B = torch.from_numpy(samples["second_of_day"].to_numpy().astype(np.int64))
    target_B = torch.from_numpy(samples["label.finish"].to_numpy().astype(np.float32))
    model = PlainModel(items=int(item_B.max()) + 1, genres=len(words))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(20):
        loss = nn.functional.binary_cross_entropy_with_logits(model(item_B, clock_BHV, second_B), target_B)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert model.genre.weight.grad is not None
    assert model.genre.weight.grad.abs().sum() > 0
