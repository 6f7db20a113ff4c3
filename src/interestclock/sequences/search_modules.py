"""What baselines that search long histories are fed inside the ranker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from interestclock.clocks import ClockInputs, ClockModule
from interestclock.errors import ConfigError
from interestclock.search import Retrieved, Spans, TwoStage
from interestclock.sequences.hours import HOUR_GAPS

if TYPE_CHECKING:
    from interestclock.sequences.by_hour import HourSearch
    from interestclock.sequences.sim_hard import SimHard, SimHardConfig

__all__ = ["SearchModule", "SimHardModule"]

# Shapes: B exposures, M requests, K retrieved, O output.


class SearchModule(ClockModule):
    """A baseline that searches long histories by item vectors: SIM's soft search, or TWIN.

    Args:
        baseline: the model.
    """

    def __init__(self, peer: HourSearch) -> None:
        super().__init__()
        self.peer = peer
        self.output_dim = peer.output_dim

    def forward(self, inputs: ClockInputs) -> Tensor:
        """Search, then attend."""
        spans = _spans(inputs, most=self.peer.config.longest)
        retrieved = self.peer.search(
            inputs.candidate_BI,
            request_row_B=inputs.batch.request_row_B,
            spans=spans,
            items=len(inputs.items.row_NF),
            vectors=inputs.items,
        )
        return _attended(self.peer, inputs, spans, retrieved)


class SimHardModule(ClockModule):
    """SIM with hard search by an attribute of the log.

    Args:
        baseline: the model. attributes: that items have.

    Raises:
        ConfigError: there are none, or not the one of the baseline's configuration.
    """

    def __init__(self, peer: SimHard, *, attributes: Sequence[str]) -> None:
        super().__init__()
        self.attribute = _category_attribute(peer.config, attributes)
        self.peer = peer
        self.output_dim = peer.output_dim

    def forward(self, inputs: ClockInputs) -> Tensor:
        """Search, then attend."""
        spans = _spans(inputs, most=self.peer.config.longest)
        category_N = inputs.items.first_value(self.attribute)
        retrieved = self.peer.search(
            category_N[inputs.batch.item_B],
            request_row_B=inputs.batch.request_row_B,
            category_N=category_N,
            spans=spans,
        )
        return _attended(self.peer, inputs, spans, retrieved)


def _category_attribute(config: SimHardConfig, attributes: Sequence[str]) -> str:
    if not attributes:
        raise ConfigError(
            "sim-hard searches by an attribute of the items and this log names none; name one of the log's, "
            "or take another ranker, for example sim-soft"
        )
    if config.attribute is not None and config.attribute not in attributes:
        raise ConfigError(
            f"sim-hard is to search by '{config.attribute}', which is no attribute of an item; "
            f"there are {', '.join(attributes)}"
        )
    return config.attribute or attributes[0]


def _spans(inputs: ClockInputs, *, most: int) -> Spans:
    """Each request's newest behaviours, their times in whole hours."""
    start_M, stop_M = inputs.batch.newest(inputs.histories, most=most)
    return Spans(
        item_E=inputs.histories.item_E,
        time_E=inputs.histories.hour_E,
        start_M=start_M,
        stop_M=stop_M,
        now_M=inputs.hour_M,
        period=0,
        gaps=HOUR_GAPS,
    )


def _attended(peer: TwoStage, inputs: ClockInputs, spans: Spans, retrieved: Retrieved) -> Tensor:
    return peer.attend_retrieved(
        inputs.candidate_BI,
        retrieved,
        request_row_B=inputs.batch.request_row_B,
        spans=spans,
        items=len(inputs.items.row_NF),
        vectors=inputs.items,
    )
