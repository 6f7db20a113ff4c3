"""Why a candidate has its score: behaviours that spoke for it, at their times of day; the hour's profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from interestclock.clocks import ClockInputs, LongTermClock
from interestclock.clocks.search_module import SearchModule
from interestclock.histories import Histories
from interestclock.ranking import Ranker
from interestclock.samples import Batch
from interestclock.search import retrieved_gaps
from interestclock.search.two_stage import vectors_of
from interestclock.state import FeatureView
from interestclock.timeofday import DAY_SECONDS

__all__ = ["CarryingBehaviour", "Explanation", "explained"]

# Shapes: B candidates, K retrieved, Q heads, V values.

Id = int | str


@dataclass(frozen=True, kw_only=True)
class CarryingBehaviour:
    """A past behaviour that a clock attended to.

    Args:
        item: id; None of one that is gone. timestamp_ms: when it happened, UTC milliseconds.
        second_of_day: local, 0..86399. gap_seconds: between that time of day and the request's, 0..43200.
        weight: of attention, the mean over heads; those of a candidate add up to 1.
    """

    item: Id | None
    timestamp_ms: int
    second_of_day: int
    gap_seconds: int
    weight: float


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What the clocks saw for one candidate.

    Args:
        item: its id. behaviours: by the place of the clock in the ranker's configuration, those of most
            weight first; only Long-term Clocks attend.
        profile: the user's values of this hour by clock attribute, the most liked first.
    """

    item: Id
    behaviours: Mapping[int, Sequence[CarryingBehaviour]]
    profile: Mapping[str, Sequence[str]]


def explained(
    ranker: Ranker, batch: Batch, histories: Histories, view: FeatureView, *, items: Sequence[Id], most: int
) -> list[Explanation]:
    """An explanation for each candidate of a batch that is one request.

    Args:
        items: ids of the candidates. most: behaviours for each clock.
    """
    inputs = ranker.clock_inputs(batch, histories)
    modules = enumerate(ranker.clock_modules())
    by_clock = {
        place: _behaviours(module, module.model, inputs, view, most=most)
        for place, module in modules
        if isinstance(module, SearchModule) and isinstance(module.model, LongTermClock)
    }
    profile = _profile(batch, view)
    return [
        Explanation(
            item=item,
            behaviours={place: each[number] for place, each in by_clock.items()},
            profile=profile,
        )
        for number, item in enumerate(items)
    ]


def _behaviours(
    module: SearchModule, clock: LongTermClock, inputs: ClockInputs, view: FeatureView, *, most: int
) -> list[list[CarryingBehaviour]]:
    spans = module.spans(inputs)
    retrieved = module.search(inputs, spans)
    behaviour_BKI = vectors_of(retrieved, spans, items=len(inputs.items.row_NF), vectors=inputs.items)
    request_row_B = inputs.batch.request_row_B
    apart = clock.apart(retrieved, spans, request_row_B)
    weight_BQK = clock.weights(inputs.candidate_BI, behaviour_BKI, apart, retrieved.present_BK)
    gap_BK = retrieved_gaps(retrieved, spans, request_row_B)
    weight_BK = weight_BQK.mean(1)
    order_BK = weight_BK.argsort(dim=1, descending=True, stable=True)[:, :most]
    return [
        _carrying(inputs.histories, view, offset_K[order_K], gap_K[order_K], weight_K[order_K])
        for offset_K, gap_K, weight_K, order_K in zip(
            retrieved.offset_BK, gap_BK, weight_BK, order_BK, strict=True
        )
    ]


def _carrying(
    histories: Histories, view: FeatureView, offset_K: Tensor, gap_K: Tensor, weight_K: Tensor
) -> list[CarryingBehaviour]:
    there = weight_K > 0
    place_K = offset_K[there]
    columns = zip(
        view.ids("item", histories.item_E[place_K].numpy()).to_pylist(),
        histories.timestamp_ms_E[place_K].tolist(),
        histories.second_of_day_E[place_K].tolist(),
        gap_K[there].tolist(),
        weight_K[there].tolist(),
        strict=True,
    )
    return [
        CarryingBehaviour(item=item, timestamp_ms=at, second_of_day=second, gap_seconds=gap, weight=weight)
        for item, at, second, gap, weight in columns
    ]


def _profile(batch: Batch, view: FeatureView) -> dict[str, list[str]]:
    profile = {}
    for name, best_MHV in batch.clocks.items():
        buckets = best_MHV.shape[1]
        bucket = int(batch.second_of_day_B[0]) * buckets // DAY_SECONDS
        texts = view.named(name)
        profile[name] = [texts[number - 1].as_py() for number in best_MHV[0, bucket].tolist() if number]
    return profile
