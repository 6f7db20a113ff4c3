"""Baselines that search by items and hours: what they are given, by hand and in the ranker."""

from __future__ import annotations

from torch import Tensor

from interestclock.clocks import ClockInputs
from interestclock.clocks.search_module import SearchModule, newest_spans
from interestclock.search import ItemSearch, Spans
from interestclock.search.padded import check_candidates, padded_spans
from interestclock.sequences.hours import HOUR_GAPS
from interestclock.sequences.sizes import HourSearchSizes

__all__ = ["HourModule", "HourSearch", "hour_spans", "newest_hours"]

# Shapes: B candidates, M requests (a user at a time), L behaviours, N distinct items, I item vector.


class HourSearch(ItemSearch):
    """A baseline that searches by items' projections, and maybe by how many hours ago; abstract: TWIN is one.

    Args:
        item_dim: I. config: sizes, of which K counts here. scale: as in ``ItemSearch``.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> class LastOnes(HourSearch):
        ...     def __init__(self):
        ...         super().__init__(item_dim=1, config=HourSearchSizes(behaviours=2), scale=1.0)
        ...         self.query, self.key = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        ...     def gap_scores(self, gap_P, *, dtype):
        ...         return -1e6 * gap_P.to(dtype)
        ...     def attend(self, candidate_BI, behaviour_BKI, gap_hours_BK, present_BK):
        ...         return gap_hours_BK
        >>> LastOnes()(
        ...     torch.ones(1, 1), now_hour_M=torch.tensor([9]), request_row_B=torch.tensor([0]),
        ...     item_vectors_NI=torch.ones(1, 1), behaviour_ML=torch.tensor([[0, 0, 0]]),
        ...     behaviour_hour_ML=torch.tensor([[8, 2, 7]]),
        ...     present_ML=torch.ones(1, 3, dtype=torch.bool)).tolist()
        [[1, 2]]
    """

    config: HourSearchSizes
    output_dim: int

    def __init__(self, *, item_dim: int, config: HourSearchSizes, scale: float) -> None:
        super().__init__(item_dim=item_dim, behaviours=config.behaviours, scale=scale)
        self.config = config

    def forward(
        self,
        candidate_BI: Tensor,
        *,
        now_hour_M: Tensor,
        request_row_B: Tensor,
        item_vectors_NI: Tensor,
        behaviour_ML: Tensor,
        behaviour_hour_ML: Tensor,
        present_ML: Tensor,
    ) -> Tensor:
        """Search, then attend.

        Args:
            candidate_BI: float32, the candidates' item vectors.
            now_hour_M: int64, each request in whole hours since 1970.
            request_row_B: int64, each candidate's request, a row of the M.
            item_vectors_NI: float32, distinct items of all histories; at least one unless L is 0.
            behaviour_ML: int64 row of each behaviour's item in them; on padding any row, as 0.
            behaviour_hour_ML: int64, when each happened, as ``now_hour_M``.
            present_ML: bool, false on padding.

        Returns:
            float32 (B, ``output_dim``).

        Raises:
            ValueError: shapes do not go together, or an item or a request is out of range.
        """
        check_candidates(candidate_BI, request_row_B, item_dim=self.item_dim, requests=len(behaviour_ML))
        spans = hour_spans(
            behaviour_ML,
            behaviour_hour_ML=behaviour_hour_ML,
            present_ML=present_ML,
            now_hour_M=now_hour_M,
            items=len(item_vectors_NI),
        )
        return self.search_and_attend(
            candidate_BI, request_row_B=request_row_B, spans=spans, item_vectors_NI=item_vectors_NI
        )


class HourModule(SearchModule):
    """A baseline that is an ``HourSearch`` in its place in the ranker: over each request's newest behaviours.

    Args:
        baseline: which.

    Example:
        >>> from interestclock.sequences import Twin, TwinConfig
        >>> HourModule(Twin(item_dim=4, config=TwinConfig())).output_dim
        32
    """

    def __init__(self, baseline: HourSearch) -> None:
        super().__init__()
        self.baseline, self.output_dim = baseline, baseline.output_dim

    @property
    def model(self) -> HourSearch:
        """The baseline."""
        return self.baseline

    def spans(self, inputs: ClockInputs) -> Spans:
        """As many as its configuration says, their times in whole hours."""
        return newest_hours(inputs, most=self.baseline.config.longest)


def newest_hours(inputs: ClockInputs, *, most: int) -> Spans:
    """Each request's newest behaviours, their times in whole hours.

    Args:
        most: how many.

    Example: see ``HourModule``, which searches among them.
    """
    return newest_spans(
        inputs, most=most, time_E=inputs.histories.hour_E, now_M=inputs.hour_M, period=0, gaps=HOUR_GAPS
    )


def hour_spans(
    behaviour_ML: Tensor, *, behaviour_hour_ML: Tensor, present_ML: Tensor, now_hour_M: Tensor, items: int
) -> Spans:
    """Spans over padded histories in whole hours; a behaviour's offset is its request · L + its column.

    Args:
        behaviour_ML: int64 row of each behaviour's item among the distinct items.
        behaviour_hour_ML: int64, when each happened, in whole hours since 1970.
        present_ML: bool, false on padding. now_hour_M: int64, the requests' hours.
        items: N, distinct items.

    Raises:
        ValueError: shapes or types do not go together, or an item is out of range.

    Example:
        >>> import torch
        >>> spans = hour_spans(
        ...     torch.tensor([[7, 8], [9, 0]]), behaviour_hour_ML=torch.tensor([[3, 4], [5, 0]]),
        ...     present_ML=torch.tensor([[True, True], [True, False]]), now_hour_M=torch.tensor([6, 6]),
        ...     items=10)
        >>> spans.item_E.tolist(), spans.start_M.tolist()
        ([7, 8, 9, -1], [0, 2])
    """
    return padded_spans(
        behaviour_ML,
        present_ML=present_ML,
        times=("behaviour_hour_ML", behaviour_hour_ML),
        now=("now_hour_M", now_hour_M),
        items=items,
        period=0,
        gaps=HOUR_GAPS,
    )
