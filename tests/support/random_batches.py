"""A made-up world for rankers: names, sizes, items, histories, and random batches of exposures in it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from interestclock.clocks import (
    AdaptiveConfig,
    ClockInputs,
    GaussianConfig,
    LongTermConfig,
    NaiveConfig,
    RoutineConfig,
    TimeEncodingConfig,
)
from interestclock.histories import Histories
from interestclock.ranking import FeatureNames, Ranker, RankerConfig
from interestclock.samples import Batch
from interestclock.sequences import DinConfig, SimHardConfig, SimSoftConfig, TwinConfig

USERS, ITEMS, GENRES = 4, 30, 5
HOUR_MS, NOW_MS = 3_600_000, 1_000 * 3_600_000
SIZES = {
    "user": USERS,
    "item": ITEMS,
    "attribute.genre": GENRES,
    "attribute.label": 3,
    "context.device": 3,
    "context.tags": 4,
}
NAMES = FeatureNames(
    tasks=("finish", "like"),
    attributes=("genre", "label"),
    clock_attributes=("genre", "label"),
    categorical=("device",),
    multivalued=("tags",),
    numeric=("age",),
)
BARE_NAMES = FeatureNames(tasks=("finish",))
SMALL_SEARCH = {"behaviours": 3, "heads": 2, "latent_dim": 3, "output_dim": 4}
EVERY_CLOCK = (
    TimeEncodingConfig(),
    NaiveConfig(),
    AdaptiveConfig(),
    GaussianConfig(),
    LongTermConfig(**SMALL_SEARCH),
    DinConfig(behaviours=3, hidden=4),
    SimHardConfig(**SMALL_SEARCH),
    SimSoftConfig(**SMALL_SEARCH),
    TwinConfig(**SMALL_SEARCH),
    RoutineConfig(**SMALL_SEARCH),
)


def make_ranker(*, names: FeatureNames = NAMES, seed: int = 0, clocks: tuple = EVERY_CLOCK) -> Ranker:
    """A small ranker with room for everything in the world."""
    config = RankerConfig(clocks=clocks, dim=4, recent=2, hidden=(8,), tower_width=4)
    ranker = Ranker(names=names, config=config, seed=seed)
    ranker.grow(SIZES, item_values())
    return ranker


def item_values() -> dict[str, Tensor]:
    """Up to two genres an item, some with none; one label each."""
    generator = torch.Generator().manual_seed(1)
    genre_NV = torch.randint(0, GENRES + 1, (ITEMS + 1, 2), generator=generator)
    label_NV = torch.randint(0, 4, (ITEMS + 1, 1), generator=generator)
    genre_NV[0] = label_NV[0] = 0
    return {"genre": genre_NV, "label": label_NV}


def make_histories(*, longest: int = 8, seed: int = 2) -> Histories:
    """User u of the world has ``u * longest / USERS`` behaviours, so lengths differ."""
    generator = torch.Generator().manual_seed(seed)
    length_U = torch.tensor([user * longest // USERS for user in range(USERS + 1)])
    total = int(length_U.sum())
    return Histories(
        offset_U=torch.cat([torch.zeros(1, dtype=torch.int64), length_U.cumsum(0)]),
        item_E=torch.randint(1, ITEMS + 1, (total,), generator=generator),
        second_of_day_E=torch.randint(0, 86_400, (total,), generator=generator),
        timestamp_ms_E=torch.arange(total) * 7 * HOUR_MS,
        utc_offset_minutes_E=torch.randint(-600, 840, (total,), generator=generator, dtype=torch.int16),
    )


def make_batch(histories: Histories, *, requests: int = 5, candidates: int = 3, seed: int = 3) -> Batch:
    """``requests`` users at a time, ``candidates`` exposures each, with every feature the names have."""
    torch.manual_seed(seed)
    rows = requests * candidates
    request_row_B = torch.arange(requests).repeat_interleave(candidates)
    user_M = torch.randint(1, USERS + 1, (requests,))
    length_U = histories.offset_U[1:] - histories.offset_U[:-1]
    known_M = (torch.rand(requests) * (length_U[user_M] + 1)).to(torch.int64)
    age_B = torch.randn(rows) * 40
    age_B[::3] = torch.nan
    return Batch(
        user_B=user_M[request_row_B],
        item_B=torch.randint(1, ITEMS + 1, (rows,)),
        request_B=request_row_B,
        timestamp_ms_B=NOW_MS + request_row_B * HOUR_MS,
        second_of_day_B=torch.randint(0, 86_400, (requests,))[request_row_B],
        day_of_week_B=torch.randint(0, 7, (requests,))[request_row_B],
        known_ms_B=NOW_MS + request_row_B * HOUR_MS,
        known_behaviours_B=known_M[request_row_B],
        request_row_B=request_row_B,
        first_M=torch.arange(requests) * candidates,
        recent_MK=torch.randint(0, ITEMS + 1, (requests, 2)),
        labels={task: torch.randint(-1, 2, (rows,), dtype=torch.int8) for task in NAMES.tasks},
        categorical={"device": torch.randint(0, 4, (rows,))},
        multivalued={"tags": torch.randint(0, 5, (rows, 3))},
        numeric={"age": age_B},
        clocks={
            "genre": torch.randint(0, GENRES + 1, (requests, 24, 3)),
            "label": torch.randint(0, 4, (requests, 24, 3)),
        },
    )


def inputs_of(ranker: Ranker, batch: Batch, histories: Histories) -> ClockInputs:
    """What the ranker's slots are given for a batch."""
    return ranker.clock_inputs(batch, histories)


def by_exposure(batch: Batch) -> Batch:
    """The same exposures, each as a request of its own."""
    alone_B = torch.arange(len(batch))
    return replace(
        batch,
        request_row_B=alone_B,
        first_M=alone_B,
        recent_MK=batch.recent_MK[batch.request_row_B],
        clocks={name: rows[batch.request_row_B] for name, rows in batch.clocks.items()},
    )
