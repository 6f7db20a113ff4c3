"""A taste that depends on the time of day: the long-term clock learns it, and only through the time.

Each user loves six items in the morning and six others in the evening. Every item is shown as often
right as wrong, so without the time of day no ranker can do better than a coin.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from interestclock.clocks import ClockConfig, LongTermConfig
from interestclock.embeddings import RowAdam
from interestclock.histories import Histories
from interestclock.ranking import FeatureNames, Ranker, RankerConfig, multi_task_loss
from interestclock.samples import Batch

USERS, ITEMS, LOVED, BEHAVIOURS = 20, 60, 6, 36
MORNING, EVENING, SPREAD = 8 * 3600, 20 * 3600, 2 * 3600
STEPS, BATCH, ASKED = 150, 128, 1_000


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Batches this small only lose by being shared out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class World:
    """Users' tastes, the histories that follow from them, and exposures with their labels."""

    def __init__(self) -> None:
        self.random = torch.Generator().manual_seed(0)
        orders = torch.stack([torch.randperm(ITEMS, generator=self.random) for _ in range(USERS)])
        self.loved_UPI = 1 + orders[:, : 2 * LOVED].reshape(USERS, 2, LOVED)  # by part of the day
        user_E = torch.arange(USERS).repeat_interleave(BEHAVIOURS)
        part_E, second_E = self._moments(len(user_E))
        self.histories = Histories(
            offset_U=torch.arange(-1, USERS + 1).clamp(min=0) * BEHAVIOURS,  # user numbers begin at 1
            item_E=self._loved(user_E, part_E),
            second_of_day_E=second_E,
            timestamp_ms_E=torch.arange(len(user_E)),
        )

    def exposures(self, rows: int) -> Batch:
        """Half of them loved at another part of the day than now."""
        user_B = torch.randint(0, USERS, (rows,), generator=self.random)
        now_B, second_B = self._moments(rows)
        loved_at_B, _ = self._moments(rows)
        zero_B, each_B = torch.zeros(rows, dtype=torch.int64), torch.arange(rows)
        return Batch(
            user_B=1 + user_B,
            item_B=self._loved(user_B, loved_at_B),
            request_B=each_B,
            timestamp_ms_B=zero_B,
            second_of_day_B=second_B,
            day_of_week_B=zero_B,
            known_ms_B=zero_B,
            known_behaviours_B=torch.full((rows,), BEHAVIOURS),
            request_row_B=each_B,
            first_M=each_B,
            recent_MK=torch.zeros(rows, 1, dtype=torch.int64),
            labels={"finish": (now_B == loved_at_B).to(torch.int8)},
        )

    def _moments(self, rows: int) -> tuple[Tensor, Tensor]:
        """Part of the day, 0 or 1, and a second in it."""
        part = torch.randint(0, 2, (rows,), generator=self.random)
        apart = torch.randint(-SPREAD, SPREAD, (rows,), generator=self.random)
        return part, torch.where(part == 0, MORNING, EVENING) + apart

    def _loved(self, user: Tensor, part: Tensor) -> Tensor:
        return self.loved_UPI[user, part, torch.randint(0, LOVED, user.shape, generator=self.random)]


def told_the_wrong_time(batch: Batch) -> Batch:
    """The same exposures with the time part dropped: all at 14:00, as far from morning as from evening."""
    batch.second_of_day_B.fill_(14 * 3600)
    return batch


def auc(score_B: Tensor, label_B: Tensor) -> float:
    better = score_B[label_B == 1].unsqueeze(1) - score_B[label_B == 0]
    return ((better > 0).float() + 0.5 * (better == 0).float()).mean().item()


def learned_auc(*clocks: ClockConfig, knows_the_time: bool = True) -> float:
    """Train a ranker for a few hundred steps and ask it about exposures it has not seen."""
    world = World()
    config = RankerConfig(clocks=clocks, recent=1, dim=8, hidden=(32,))
    ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=config, seed=1)
    ranker.grow({"user": USERS, "item": ITEMS}, {})
    optimisers = (
        torch.optim.Adam(ranker.dense_parameters(), lr=0.005),
        RowAdam(ranker.sparse_parameters(), lr=0.005),
    )

    def shown(rows: int) -> Batch:
        batch = world.exposures(rows)
        return batch if knows_the_time else told_the_wrong_time(batch)

    for _ in range(STEPS):
        batch = shown(BATCH)
        ranker.zero_grad()
        multi_task_loss(ranker(batch, world.histories), batch.labels).backward()
        for optimiser in optimisers:
            optimiser.step()
    asked = shown(ASKED)
    with torch.no_grad():
        return auc(ranker(asked, world.histories)["finish"], asked.labels["finish"])


LONG_TERM = LongTermConfig(behaviours=8, latent_dim=8, output_dim=16)


def test_long_term_learns_what_base_cannot() -> None:
    assert learned_auc() < 0.6
    assert learned_auc(LONG_TERM) > 0.8


def test_without_the_time_long_term_cannot_either() -> None:
    assert learned_auc(LONG_TERM, knows_the_time=False) < 0.6
