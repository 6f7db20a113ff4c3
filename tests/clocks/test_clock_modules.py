"""What each clock is fed in the ranker: the same as a caller would feed it by hand."""

from __future__ import annotations

import pytest
import torch
from random_batches import ITEMS, NAMES, inputs_of, make_batch, make_histories, make_ranker
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from interestclock.clocks import GaussianConfig, HourlyModule, LongTermConfig, NaiveConfig
from interestclock.ranking import Ranker


@pytest.mark.parametrize("longest", [1, 5, 10_000])
def test_the_long_term_slot_is_the_clock_over_the_newest_of_each_history(longest: int) -> None:
    config = LongTermConfig(behaviours=3, longest=longest, heads=2, latent_dim=3, output_dim=4)
    ranker, histories = make_ranker(clocks=(config,)), make_histories(longest=30)
    batch = make_batch(histories)
    module = ranker.clocks[0]
    spans = [slice(start, stop) for start, stop in zip(*batch.newest(histories, most=longest), strict=True)]
    items_of, seconds_of = (
        pad_sequence([values_E[span] for span in spans], batch_first=True).long()
        for values_E in (histories.item_E, histories.second_of_day_E)
    )
    by_hand_BO = module.clock(
        ranker.items(batch.item_B),
        second_of_day_M=batch.second_of_day_B[batch.first_M],
        request_row_B=batch.request_row_B,
        item_vectors_NI=ranker.items(torch.arange(ITEMS + 1)),
        behaviour_ML=items_of,
        behaviour_second_ML=seconds_of,
        present_ML=items_of > 0,
    )
    torch.testing.assert_close(module(inputs_of(ranker, batch, histories)), by_hand_BO, atol=1e-6, rtol=0)


@pytest.mark.parametrize("config", [NaiveConfig(), GaussianConfig(sigma_hours=2.0)])
def test_an_hourly_slot_is_the_clock_over_mean_values_by_hour(config: NaiveConfig | GaussianConfig) -> None:
    ranker, histories = make_ranker(clocks=(config,)), make_histories()
    batch = make_batch(histories, requests=2, candidates=2)
    table, module = ranker.table, ranker.clocks[0]
    interests_MHC = torch.zeros(2, 24, 8)
    for request in range(2):
        for hour in range(24):
            for part, name in enumerate(NAMES.clock_attributes):
                values = [v for v in batch.clocks[name][request, hour].tolist() if v > 0]
                rows = table.rows(f"attribute.{name}", torch.tensor(values, dtype=torch.int64))
                if values:
                    interests_MHC[request, hour, 4 * part : 4 * part + 4] = table.weight[rows].mean(0)
    second_M = batch.second_of_day_B[batch.first_M]
    by_hand_BC = module.clock(interests_MHC, second_of_day_B=second_M)[batch.request_row_B]
    torch.testing.assert_close(module(inputs_of(ranker, batch, histories)), by_hand_BC, atol=1e-6, rtol=0)


def test_a_third_clock_is_called_with_what_the_naive_one_is() -> None:
    class AtNoon(nn.Module):
        output_dim = 8

        def forward(self, clock_BHD: Tensor, *, second_of_day_B: Tensor) -> Tensor:
            return clock_BHD[:, 12] * (second_of_day_B >= 43_200).unsqueeze(1)

    ranker, histories = make_ranker(clocks=(NaiveConfig(),)), make_histories()
    inputs = inputs_of(ranker, make_batch(histories), histories)
    by_hand_MC = inputs.interests[:, 12] * (inputs.second_of_day_M >= 43_200).unsqueeze(1)
    out_BC = HourlyModule(AtNoon())(inputs)
    assert torch.equal(out_BC, by_hand_MC[inputs.batch.request_row_B])
    assert out_BC.any()


def test_a_clock_that_needs_interests_says_so_when_there_are_none() -> None:
    ranker, histories = make_ranker(clocks=()), make_histories()
    inputs = inputs_of(ranker, make_batch(histories), histories)
    with pytest.raises(ValueError, match=r"no interests in this batch; .* must say reads_preferences = True"):
        make_ranker(clocks=(GaussianConfig(),)).clocks[0](inputs)


def long_term(**refresh: float) -> Ranker:
    sizes = {"behaviours": 3, "heads": 2, "latent_dim": 3, "output_dim": 4}
    return make_ranker(clocks=(LongTermConfig(**sizes, **refresh),))


def test_old_projections_find_what_was_near_when_they_were_made() -> None:
    fresh, old, histories = long_term(), long_term(refresh_batches=2), make_histories(longest=40)
    batch = make_batch(histories, requests=6)
    assert torch.allclose(fresh(batch, histories)["finish"], old(batch, histories)["finish"], atol=1e-6)
    for ranker in (fresh, old):
        with torch.no_grad():
            ranker.clocks[0].clock.key.weight.neg_()
    now = fresh(batch, histories)["finish"]
    assert not torch.allclose(now, old(batch, histories)["finish"], atol=1e-6)
    assert torch.allclose(now, old(batch, histories)["finish"], atol=1e-6)  # two batches on: made anew
