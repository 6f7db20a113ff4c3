"""A place in the ranker for models that search long histories: search, then attend, in one way for all."""

from __future__ import annotations

from torch import Tensor

from interestclock.clocks.clock_module import ClockInputs, ClockModule
from interestclock.search import ItemKeys, ItemSearch, Retrieved, Spans, TwoStage

__all__ = ["SearchModule", "TwoStageModule", "newest_spans"]

# Shapes: B exposures, M requests, E behaviours of all users, O output.


class TwoStageModule(ClockModule):
    """A ``TwoStage`` in its place in the ranker; abstract.

    A subclass holds the model under the name that it is saved by (``model`` says which), and says what is
    searched (``spans``) and how (``search``).

    Example: see ``SearchModule``, which knows how.
    """

    @property
    def model(self) -> TwoStage:
        """What searches and attends."""
        raise NotImplementedError

    def spans(self, inputs: ClockInputs) -> Spans:
        """What each request may look at; ``newest_spans`` makes it."""
        raise NotImplementedError

    def search(self, inputs: ClockInputs, spans: Spans) -> Retrieved:
        """What of it matters to each candidate."""
        raise NotImplementedError

    def forward(self, inputs: ClockInputs) -> Tensor:
        """Search, then attend, float32 (B, O)."""
        spans = self.spans(inputs)
        return self.model.attend_retrieved(
            inputs.candidate_BI,
            self.search(inputs, spans),
            request_row_B=inputs.batch.request_row_B,
            spans=spans,
            items=len(inputs.items.row_NF),
            vectors=inputs.items,
        )


class SearchModule(TwoStageModule):
    """An ``ItemSearch`` in its place in the ranker; abstract: a subclass says ``model`` and ``spans``.

    Example:
        >>> class NewestTen(SearchModule):
        ...     def __init__(self, clock: ItemSearch) -> None:
        ...         super().__init__()
        ...         self.clock, self.output_dim = clock, 1
        ...     @property
        ...     def model(self) -> ItemSearch:
        ...         return self.clock
        ...     def spans(self, inputs: ClockInputs) -> Spans:
        ...         return newest_spans(
        ...             inputs, most=10, time_E=inputs.histories.hour_E, now_M=inputs.hour_M,
        ...             period=0, gaps=99)
        >>> NewestTen(ItemSearch(item_dim=2, behaviours=3, scale=1.0)).model.behaviours
        3
    """

    @property
    def model(self) -> ItemSearch:
        """What searches and attends."""
        raise NotImplementedError

    def keys(self, inputs: ClockInputs) -> ItemKeys | None:
        """Older projections of all items to search among; None, unless a subclass says otherwise."""
        return None

    def search(self, inputs: ClockInputs, spans: Spans) -> Retrieved:
        """The model's own search."""
        return self.model.search(
            inputs.candidate_BI,
            request_row_B=inputs.batch.request_row_B,
            spans=spans,
            items=len(inputs.items.row_NF),
            vectors=inputs.items,
            cached=self.keys(inputs),
        )


def newest_spans(
    inputs: ClockInputs, *, most: int, time_E: Tensor, now_M: Tensor, period: int, gaps: int
) -> Spans:
    """Each request's newest behaviours, as spans.

    Args:
        most: how many. time_E, now_M: times of behaviours and of requests, in one unit.
        period, gaps: as ``Spans`` has them.

    Example: see ``SearchModule``.
    """
    start_M, stop_M = inputs.batch.newest(inputs.histories, most=most)
    return Spans(
        item_E=inputs.histories.item_E,
        time_E=time_E,
        start_M=start_M,
        stop_M=stop_M,
        now_M=now_M,
        period=period,
        gaps=gaps,
    )
