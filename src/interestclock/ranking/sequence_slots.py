"""What each peer is fed inside the ranker, so that the peers themselves know nothing of batches."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from interestclock.errors import ConfigError
from interestclock.ranking.config import FeatureNames
from interestclock.ranking.slot import ClockSlot, SlotInputs, distinct, found_vectors
from interestclock.search import Found, Stretches, found_gaps
from interestclock.sequences import (
    HOUR_GAPS,
    DeepInterest,
    DinConfig,
    SimHard,
    SimHardConfig,
    SimSoft,
    SimSoftConfig,
    Twin,
    TwinConfig,
)

__all__ = ["build_sequence_slot"]

# Shapes: B exposures, M moments, L behaviours, K found, S distinct items, O output.


class _DinSlot(ClockSlot):
    """DIN over each moment's newest behaviours."""

    def __init__(self, config: DinConfig, item_dim: int) -> None:
        super().__init__()
        self.peer = DeepInterest(item_dim=item_dim, config=config)
        self.behaviours = config.behaviours
        self.output_dim = self.peer.output_dim

    def forward(self, inputs: SlotInputs) -> Tensor:
        start_M, stop_M = inputs.batch.newest(inputs.histories, most=self.behaviours)
        longest = int((stop_M - start_M).max()) if start_M.numel() else 0
        item_ML = inputs.histories.items_between(start_M, stop_M, width=longest)
        chosen_S, place_ML = distinct(item_ML, len(inputs.items.row_NF))
        out_BO: Tensor = self.peer(
            inputs.candidate_BI,
            moment_of_B=inputs.batch.moment_of_B,
            item_vectors_NI=inputs.items(chosen_S),
            behaviour_ML=place_ML,
            present_ML=item_ML > 0,
        )
        return out_BO


class _SearchSlot(ClockSlot):
    """A peer that searches long histories by item vectors: SIM's soft search, or TWIN."""

    def __init__(self, peer: SimSoft | Twin) -> None:
        super().__init__()
        self.peer = peer
        self.output_dim = peer.output_dim

    def forward(self, inputs: SlotInputs) -> Tensor:
        stretches = _stretches(inputs, most=self.peer.config.longest)
        found = self.peer.search(
            inputs.candidate_BI,
            moment_of_B=inputs.batch.moment_of_B,
            stretches=stretches,
            items=len(inputs.items.row_NF),
            vectors=inputs.items,
        )
        return _attended(self.peer, inputs, stretches, found)


class _SimHardSlot(ClockSlot):
    """SIM with hard search by an attribute of the log."""

    def __init__(self, config: SimHardConfig, item_dim: int, *, attributes: Sequence[str]) -> None:
        super().__init__()
        self.attribute = _category_attribute(config, attributes)
        self.peer = SimHard(item_dim=item_dim, config=config)
        self.output_dim = self.peer.output_dim

    def forward(self, inputs: SlotInputs) -> Tensor:
        stretches = _stretches(inputs, most=self.peer.config.longest)
        category_N = inputs.items.first_value(self.attribute)
        found = self.peer.search(
            category_N[inputs.batch.item_B],
            moment_of_B=inputs.batch.moment_of_B,
            category_N=category_N,
            stretches=stretches,
        )
        return _attended(self.peer, inputs, stretches, found)


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


def _stretches(inputs: SlotInputs, *, most: int) -> Stretches:
    """Each moment's newest behaviours, their times in whole hours."""
    start_M, stop_M = inputs.batch.newest(inputs.histories, most=most)
    return Stretches(
        item_T=inputs.histories.item_E,
        time_T=inputs.histories.hour_E,
        start_M=start_M,
        stop_M=stop_M,
        now_M=inputs.hour_M,
        period=0,
        gaps=HOUR_GAPS,
    )


def _attended(
    peer: SimHard | SimSoft | Twin, inputs: SlotInputs, stretches: Stretches, found: Found
) -> Tensor:
    vectors_BKI = found_vectors(inputs.items, found, stretches.item_T)
    gap_BK = found_gaps(found, stretches, inputs.batch.moment_of_B)
    return peer.attend(inputs.candidate_BI, vectors_BKI, gap_BK, found.present_BK)


def build_sequence_slot(
    peer: DinConfig | SimHardConfig | SimSoftConfig | TwinConfig, *, names: FeatureNames, item_dim: int
) -> ClockSlot:
    """The slot of a configured peer.

    Args:
        peer: its configuration. names: the ranker's. item_dim: I, width of an item's vector.

    Raises:
        ConfigError: SIM is to search by an attribute that the log has not.

    Example:
        >>> build_sequence_slot(TwinConfig(), names=FeatureNames(tasks=("finish",)), item_dim=16).output_dim
        32
    """
    match peer:
        case DinConfig():
            return _DinSlot(peer, item_dim)
        case SimHardConfig():
            return _SimHardSlot(peer, item_dim, attributes=names.attributes)
        case SimSoftConfig():
            return _SearchSlot(SimSoft(item_dim=item_dim, config=peer))
        case TwinConfig():
            return _SearchSlot(Twin(item_dim=item_dim, config=peer))
