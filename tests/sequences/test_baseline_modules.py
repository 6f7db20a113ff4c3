"""What each baseline is fed in the ranker: the same as a caller would feed it by hand."""

from __future__ import annotations

import pytest
import torch
from random_batches import (
    ITEMS,
    SMALL_SEARCH,
    inputs_of,
    item_values,
    make_batch,
    make_histories,
    make_ranker,
)
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from interestclock.clocks import ClockConfig
from interestclock.histories import Histories
from interestclock.samples import Batch
from interestclock.sequences import DinConfig, SimHardConfig, SimSoftConfig, TwinConfig

HOUR_MS = 3_600_000
of_each_length = pytest.mark.parametrize("longest", [1, 5, 10_000])


def padded(batch: Batch, histories: Histories, *, longest: int) -> dict[str, Tensor]:
    """Each request's newest behaviours in a row of their own."""
    spans = [slice(*edges) for edges in zip(*batch.newest(histories, most=longest), strict=True)]
    item_ML, hour_ML = (
        pad_sequence([values_E[span] for span in spans], batch_first=True).long()
        for values_E in (histories.item_E, histories.timestamp_ms_E // HOUR_MS)
    )
    return {
        "request_row_B": batch.request_row_B,
        "behaviour_ML": item_ML,
        "behaviour_hour_ML": hour_ML,
        "now_hour_M": batch.timestamp_ms_B[batch.first_M] // HOUR_MS,
        "present_ML": item_ML > 0,
    }


def check(config: ClockConfig, longest: int, *, categories: str = "", timed: bool = True) -> None:
    ranker, histories = make_ranker(clocks=(config,)), make_histories(longest=30)
    with torch.no_grad():
        for parameter in ranker.clocks.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    batch = make_batch(histories)
    given = padded(batch, histories, longest=longest)
    if not timed:
        given = {name: value for name, value in given.items() if "hour" not in name}
    if categories:
        given["category_N"] = item_values()[categories][:, 0]
        given["candidate_category_B"] = given["category_N"][batch.item_B]
    by_hand_BO = ranker.clocks[0].baseline(
        ranker.items(batch.item_B), item_vectors_NI=ranker.items(torch.arange(ITEMS + 1)), **given
    )
    assert by_hand_BO.std(0).max() > 0
    slot_BO = ranker.clocks[0](inputs_of(ranker, batch, histories))
    torch.testing.assert_close(slot_BO, by_hand_BO, atol=1e-6, rtol=0)


@of_each_length
def test_din_reads_the_newest_of_each_history(longest: int) -> None:
    check(DinConfig(behaviours=longest, hidden=4), longest, timed=False)


@of_each_length
@pytest.mark.parametrize(("attribute", "categories"), [(None, "genre"), ("label", "label")])
def test_hard_search_goes_by_an_attributes_first_value(
    longest: int, attribute: str | None, categories: str
) -> None:
    config = SimHardConfig(longest=longest, attribute=attribute, **SMALL_SEARCH)
    check(config, longest, categories=categories)


@of_each_length
@pytest.mark.parametrize("config", [SimSoftConfig, TwinConfig])
def test_who_searches_by_vectors_looks_over_the_newest(longest: int, config: type) -> None:
    check(config(longest=longest, **SMALL_SEARCH), longest)
