"""Made-up users, items and exposures on which a clock can be asked without a log."""

from __future__ import annotations

import torch
from torch import Tensor

from interestclock.histories import Histories
from interestclock.ranking.config import FeatureNames, RankerConfig
from interestclock.ranking.ranker import Ranker
from interestclock.samples import Batch

__all__ = ["made_up_batch", "made_up_histories", "made_up_ranker"]

# Shapes: B exposures, M requests, E behaviours, U users, H buckets, V values.

_USERS, _ITEMS, _GENRES, _LONGEST = 5, 40, 6, 12
_HOUR_MS, _NOW_MS = 3_600_000, 1_000_000 * 3_600_000
_NAMES = FeatureNames(tasks=("finish",), attributes=("genre",), clock_attributes=("genre",))


def made_up_ranker(config: RankerConfig, *, seed: int = 0) -> Ranker:
    """A ranker with room for everyone in the made-up world.

    Example:
        >>> made_up_ranker(RankerConfig(dim=4)).names.attributes
        ('genre',)
    """
    generator = torch.Generator().manual_seed(1)
    genre_NV = torch.randint(0, _GENRES + 1, (_ITEMS + 1, 2), generator=generator)
    ranker = Ranker(names=_NAMES, config=config, seed=seed)
    ranker.grow({"user": _USERS, "item": _ITEMS, "attribute.genre": _GENRES}, {"genre": genre_NV})
    return ranker


def made_up_histories() -> Histories:
    """User 1 has no behaviours, each further one more.

    Example:
        >>> made_up_histories().offset_U.tolist()
        [0, 0, 0, 3, 9, 18, 30]
    """
    generator = torch.Generator().manual_seed(2)
    length_U = torch.tensor([0, 0, *(user * _LONGEST // (_USERS - 1) for user in range(1, _USERS))])
    total = int(length_U.sum())
    time_ms_E = _NOW_MS - (total - torch.arange(total)) * 7 * _HOUR_MS
    return Histories(
        offset_U=torch.cat([torch.zeros(1, dtype=torch.int64), length_U.cumsum(0)]),
        item_E=torch.randint(1, _ITEMS + 1, (total,), generator=generator, dtype=torch.int32),
        second_of_day_E=torch.randint(0, 86_400, (total,), generator=generator, dtype=torch.int32),
        timestamp_ms_E=time_ms_E,
        utc_offset_minutes_E=torch.randint(-600, 840, (total,), generator=generator, dtype=torch.int16),
    )


def made_up_batch(histories: Histories, *, requests: int, candidates: int = 3) -> Batch:
    """Each user in turn, at any time of day, before some of the user's behaviours.

    Args:
        histories: of the users. requests: M. candidates: exposures in each.

    Example:
        >>> len(made_up_batch(made_up_histories(), requests=4))
        12
    """
    generator = torch.Generator().manual_seed(3)

    def anything(most: int, *shape: int) -> Tensor:
        return torch.randint(0, most, shape, generator=generator)

    request_row_B = torch.arange(requests).repeat_interleave(candidates)
    user_M = torch.arange(requests) % _USERS + 1
    length_M = histories.offset_U[user_M + 1] - histories.offset_U[user_M]
    time_ms_M = _NOW_MS + torch.arange(requests) * _HOUR_MS
    rows = requests * candidates
    return Batch(
        user_B=user_M[request_row_B],
        item_B=anything(_ITEMS, rows) + 1,
        request_B=request_row_B,
        timestamp_ms_B=time_ms_M[request_row_B],
        second_of_day_B=anything(86_400, requests)[request_row_B],
        day_of_week_B=anything(7, requests)[request_row_B],
        known_ms_B=time_ms_M[request_row_B],
        known_behaviours_B=(length_M - length_M // 3)[request_row_B],
        request_row_B=request_row_B,
        first_M=torch.arange(requests) * candidates,
        recent_MK=anything(_ITEMS + 1, requests, 2),
        labels={"finish": anything(2, rows).to(torch.int8)},
        clocks={"genre": anything(_GENRES + 1, requests, 24, 3)},
    )
