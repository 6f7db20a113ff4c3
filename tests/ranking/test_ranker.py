"""The ranker: what it shares by request, what it leaves untouched, what its seed decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_batches import (
    BARE_NAMES,
    EVERY_CLOCK,
    NAMES,
    SIZES,
    by_exposure,
    make_batch,
    make_histories,
    make_ranker,
)

from interestclock.clocks import ClockConfig, GaussianConfig, LongTermConfig, NaiveConfig, TimeEncodingConfig
from interestclock.errors import ConfigError
from interestclock.ranking import FeatureNames, Ranker, RankerConfig, multi_task_loss
from interestclock.sequences import DinConfig, HourSearchSizes, SimHardConfig, SimSoftConfig, TwinConfig

CLOCKS = [(), *((clock,) for clock in EVERY_CLOCK), EVERY_CLOCK]
NAMES_OF_CLOCKS = ["base", *(clock.kind for clock in EVERY_CLOCK), "all"]
READ_HISTORIES = (LongTermConfig, DinConfig, HourSearchSizes)
of_each_clock = pytest.mark.parametrize("clocks", CLOCKS, ids=NAMES_OF_CLOCKS)


@of_each_clock
def test_sharing_by_moment_changes_nothing(clocks: tuple) -> None:
    histories, ranker = make_histories(), make_ranker(clocks=clocks)
    batch = make_batch(histories)
    shared, alone = ranker(batch, histories), ranker(by_exposure(batch), histories)
    assert list(shared) == ["finish", "like"]
    for task, logit_B in shared.items():
        assert logit_B.shape == (15,)
        torch.testing.assert_close(logit_B, alone[task], atol=1e-6, rtol=0)


@settings(max_examples=15, deadline=None)
@given(
    requests=st.integers(0, 5),
    candidates=st.integers(1, 4),
    longest=st.integers(0, 12),
    seed=st.integers(0, 999),
)
def test_every_row_is_scored_as_if_alone(requests: int, candidates: int, longest: int, seed: int) -> None:
    histories, ranker = make_histories(longest=longest, seed=seed), make_ranker()
    batch = make_batch(histories, requests=requests, candidates=candidates, seed=seed)
    together_B = ranker(batch, histories)["finish"]
    assert together_B.shape == (requests * candidates,)
    for row in range(len(batch)):
        alone_B = ranker(batch.select(torch.tensor([row])), histories)["finish"]
        torch.testing.assert_close(alone_B, together_B[row : row + 1], atol=1e-6, rtol=0)


@of_each_clock
def test_only_rows_of_the_batch_and_of_what_was_found_have_gradients(clocks: tuple) -> None:
    histories, ranker = make_histories(longest=40), make_ranker(clocks=clocks)
    batch = make_batch(histories, requests=1, candidates=1, seed=1)
    batch = replace(batch, user_B=torch.tensor([4]), known_behaviours_B=torch.tensor([40]))
    multi_task_loss(ranker(batch, histories), {"finish": torch.ones(1), "like": torch.ones(1)}).backward()
    gradient_RD = ranker.table.weight.grad.coalesce()
    touched = set(gradient_RD.indices()[0].tolist())  # even a gradient of zero would move a row's momentum
    named = ranker._rows(batch)
    expected = {row for rows in named.values() for row in rows.flatten().tolist()} - {0}
    extra = touched - expected
    [start], [stop] = batch.newest(histories, most=10_000)
    window = histories.item_E[start:stop].long()
    in_history = set(ranker.items.row_NF[window].flatten().tolist())
    assert extra <= in_history
    items_touched = extra & set(ranker.table.rows("item", window).tolist())
    readers = sum(isinstance(clock, READ_HISTORIES) for clock in clocks)
    assert len(items_touched) <= 3 * readers if readers else not extra  # K is 3
    assert len(in_history - touched) > 10


@pytest.mark.parametrize(
    "clock", [c for c in EVERY_CLOCK if isinstance(c, READ_HISTORIES)], ids=lambda clock: clock.kind
)
def test_who_reads_histories_learns_from_what_it_found(clock: ClockConfig) -> None:
    histories, ranker = make_histories(longest=40), make_ranker(clocks=(clock,))
    batch = make_batch(histories, requests=12)
    ones_B = torch.ones(len(batch))
    multi_task_loss(ranker(batch, histories), {"finish": ones_B, "like": ones_B}).backward()
    for name, parameter in ranker.clocks.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@of_each_clock
def test_parameters_are_sparse_or_dense_and_none_is_lost(clocks: tuple) -> None:
    ranker = make_ranker(clocks=clocks)
    sparse, dense = ranker.sparse_parameters(), ranker.dense_parameters()
    assert {id(p) for p in sparse + dense} == {id(p) for p in ranker.parameters()}
    assert len(sparse) + len(dense) == len({id(p) for p in sparse + dense})
    histories = make_histories()
    batch = make_batch(histories)
    multi_task_loss(ranker(batch, histories), batch.labels).backward()
    assert all(parameter.grad.is_sparse for parameter in sparse)
    assert not any(parameter.grad.is_sparse for parameter in dense if parameter.grad is not None)


def test_a_bare_log_needs_neither_attributes_nor_context() -> None:
    histories = make_histories()
    clocks = (TimeEncodingConfig(), LongTermConfig(behaviours=3), DinConfig(), SimSoftConfig(), TwinConfig())
    ranker = make_ranker(names=BARE_NAMES, clocks=clocks)
    batch = make_batch(histories)
    bare = replace(batch, categorical={}, multivalued={}, numeric={}, clocks={})
    assert ranker(bare, histories)["finish"].isfinite().all()


def test_users_without_any_history_are_scored() -> None:
    histories = make_histories(longest=0)
    assert make_ranker()(make_batch(histories), histories)["finish"].isfinite().all()


def test_a_missing_number_is_no_zero_and_no_nan() -> None:
    histories, ranker = make_histories(), make_ranker(clocks=())
    batch = make_batch(histories)
    scores = {}
    for name, age in {"missing": torch.nan, "zero": 0.0, "huge": 1e30, "below": -5.0, "above": 5.0}.items():
        of_age = replace(batch, numeric={"age": torch.full((len(batch),), age)})
        scores[name] = ranker(of_age, histories)["finish"]
        assert scores[name].isfinite().all()
    assert all(not torch.equal(scores["zero"], scores[name]) for name in scores if name != "zero")
    assert not torch.equal(scores["below"], scores["above"])


def test_context_with_several_values_is_their_mean_in_any_order() -> None:
    histories, ranker = make_histories(), make_ranker(clocks=())
    batch = make_batch(histories)

    def scored(*tags: int) -> torch.Tensor:
        of_tags = replace(batch, multivalued={"tags": torch.tensor([tags]).expand(len(batch), -1)})
        return ranker(of_tags, histories)["finish"]

    torch.testing.assert_close(scored(1, 2, 0), scored(2, 1), atol=1e-6, rtol=0)
    torch.testing.assert_close(scored(3), scored(3, 0, 0), atol=1e-6, rtol=0)
    assert not torch.equal(scored(1, 2), scored(1, 3))
    assert scored(0, 0).isfinite().all()


def test_equal_seeds_give_equal_bits_and_others_do_not() -> None:
    histories = make_histories()
    batch = make_batch(histories)
    torch.manual_seed(77)
    first, again, other = (make_ranker(seed=seed)(batch, histories)["like"] for seed in (4, 4, 5))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_building_a_ranker_leaves_the_random_state_alone() -> None:
    torch.manual_seed(8)
    expected = torch.rand(1)
    torch.manual_seed(8)
    make_ranker()
    assert torch.equal(torch.rand(1), expected)


def test_growing_changes_no_score() -> None:
    histories, ranker = make_histories(), make_ranker()
    batch = make_batch(histories)
    before = ranker(batch, histories)
    ranker.table.grow({name: size + 900 for name, size in SIZES.items()})
    for task, logit_B in ranker(batch, histories).items():
        assert torch.equal(logit_B, before[task])


def test_a_clock_without_attributes_to_feed_it_is_refused() -> None:
    for clock in (NaiveConfig(), GaussianConfig()):
        with pytest.raises(
            ConfigError, match=r"no attribute feeds the clocks.*name one of the log's attributes"
        ):
            Ranker(names=BARE_NAMES, config=RankerConfig(clocks=(clock,)), seed=0)


@pytest.mark.parametrize(
    ("names", "attribute", "message"),
    [
        (
            BARE_NAMES,
            None,
            "sim-hard searches by an attribute of the items and this log names none; name one",
        ),
        (NAMES, "mood", "sim-hard is to search by 'mood', which is no attribute of an item; there are genre"),
    ],
)
def test_hard_search_without_its_attribute_is_refused(
    names: FeatureNames, attribute: str | None, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Ranker(names=names, config=RankerConfig(clocks=(SimHardConfig(attribute=attribute),)), seed=0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: RankerConfig(dim=0), "dim is 0; give 1 or more"),
        (lambda: RankerConfig(hidden=(8, 0)), r"hidden is \(8, 0\); give widths of 1 or more"),
        (lambda: RankerConfig(std=0.0), r"std is 0\.0; give a deviation above 0"),
        (lambda: FeatureNames(tasks=()), "a ranker without tasks predicts nothing"),
        (lambda: FeatureNames(tasks=("finish",), buckets_per_day=0), "buckets_per_day is 0; give 1 to 86400"),
        (
            lambda: FeatureNames(tasks=("finish",), attributes=("genre",), clock_attributes=("mood",)),
            "clock attribute 'mood' is no attribute of an item; there are genre",
        ),
    ],
)
def test_wrong_settings_are_refused(build: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build()
