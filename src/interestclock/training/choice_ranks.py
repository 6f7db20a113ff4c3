"""Where choices stand among many candidates, asked when each is predicted, before it is learned."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from interestclock.arrays import whole_tensor
from interestclock.samples import Batch
from interestclock.samples.ranked_choices import RankedChoices

__all__ = ["ChoiceRanks"]

# Shapes: B samples of a batch, N choices that are ranked, C the choice and its candidates, X some of the N.

_TOGETHER = 8  # choices asked in one call: 1,600 samples


class ChoiceRanks:
    """Counts for each choice how many of its candidates a ranker puts above it, and how many level with it.

    Its candidates are asked with what the ranker was asked of the choice itself: features as of that moment,
    and context.

    Args:
        choices: to be ranked. label: of a choice.
        ask: the logits of a batch by task, float32 (B,), with what has been learned so far.

    Example:
        >>> one, zero = torch.ones(1, dtype=torch.int64), torch.zeros(1, dtype=torch.int64)
        >>> batch = Batch(user_B=one, item_B=one + 6, request_B=one, timestamp_ms_B=one,
        ...     second_of_day_B=one, day_of_week_B=one, known_ms_B=one, known_behaviours_B=zero,
        ...     request_row_B=zero, first_M=zero, recent_MK=zero.unsqueeze(1),
        ...     labels={"visit": torch.ones(1, dtype=torch.int8)})
        >>> few = RankedChoices(request_N=np.array([1]), user_N=np.array([1]), part_N=np.array(["test"]),
        ...     item_NC=np.array([[7, 9, 8, 0]], np.int32))
        >>> ranks = ChoiceRanks(few, label="visit", ask=lambda batch: {"visit": batch.item_B.float()})
        >>> ranks.predicted(batch)
        >>> ranks.above_N.tolist(), ranks.level_N.tolist()      # 0 is no candidate
        ([2], [0])
    """

    def __init__(
        self, choices: RankedChoices, *, label: str, ask: Callable[[Batch], Mapping[str, Tensor]]
    ) -> None:
        self._request_N = whole_tensor(choices.request_N)
        self._item_NC = whole_tensor(choices.item_NC)
        self._label, self._ask = label, ask
        self.above_N = np.full(len(choices.request_N), -1, np.int16)
        self.level_N = np.full(len(choices.request_N), -1, np.int16)
        self.seconds = 0.0

    def predicted(self, batch: Batch) -> None:
        """Rank those of the choices that a batch holds, which has been predicted and not been learned."""
        began = time.perf_counter()
        row_X = torch.nonzero(
            (batch.labels[self._label] == 1) & torch.isin(batch.request_B, self._request_N)
        )[:, 0]
        for some_X in torch.split(row_X, _TOGETHER):
            self._rank(batch, some_X)
        self.seconds += time.perf_counter() - began

    def _rank(self, batch: Batch, row_X: Tensor) -> None:
        place_X = torch.searchsorted(self._request_N, batch.request_B[row_X]).numpy()
        item_XC = self._item_NC[place_X]
        beside = batch.select(row_X.repeat_interleave(item_XC.shape[1]))
        logit_XC = self._ask(replace(beside, item_B=item_XC.flatten()))[self._label].reshape(item_XC.shape)
        own_X1, other_XC = logit_XC[:, :1], logit_XC[:, 1:]
        there_XC = item_XC[:, 1:] > 0
        self.above_N[place_X] = ((other_XC > own_X1) & there_XC).sum(dim=1).numpy()
        self.level_N[place_X] = ((other_XC == own_X1) & there_XC).sum(dim=1).numpy()

    def write(self, path: Path) -> None:
        """Write ``above`` and ``level`` as Parquet, a row for each choice in the order of the choices."""
        assert (self.above_N >= 0).all()  # each is a sample of its own, so each was asked
        pq.write_table(pa.table({"above": self.above_N, "level": self.level_N}), path)
