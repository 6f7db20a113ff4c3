"""Parts are joined at a bounded size, and start as they do alone."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_batches import NAMES, SIZES, item_values, make_batch, make_histories
from torch.nn import functional

from interestclock.clocks import (
    ClockConfig,
    GaussianConfig,
    LongTermConfig,
    RoutineConfig,
    TimeEncodingConfig,
)
from interestclock.errors import ConfigError
from interestclock.ranking import (
    Ranker,
    RankerConfig,
    describe_ranker,
    described_ranker,
    limit_rms,
    load_ranker,
    save_ranker,
)
from interestclock.ranking.joining import limit_part, running_square
from interestclock.training.learner import Learner

PARTS = (TimeEncodingConfig(), GaussianConfig())
SEARCH = {"behaviours": 3, "longest": 12, "heads": 2, "latent_dim": 4, "output_dim": 4}
WHOLE = (TimeEncodingConfig(), RoutineConfig(**SEARCH, row_limit=False))


def test_a_row_by_hand() -> None:
    out_BO = torch.tensor([[3.0, 4.0], [0.3, 0.4]])  # rms is sqrt(12.5) and sqrt(0.125)
    limited_BO = limit_rms(out_BO, limit=0.5)
    expected = [0.5 * 3 / math.sqrt(12.5), 0.5 * 4 / math.sqrt(12.5)]
    assert limited_BO[0].tolist() == pytest.approx(expected, abs=1e-7)
    assert limited_BO[1].tolist() == out_BO[1].tolist()  # within the limit: to the bit


def by_loops(rows: list[list[float]], limit: float) -> list[list[float]]:
    limited = []
    for row in rows:
        rms = math.sqrt(sum(x * x for x in row) / len(row))
        limited.append([x * min(1.0, limit / rms) if rms > 0 else x for x in row])
    return limited


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 5),
    width=st.integers(1, 6),
    scale=st.sampled_from([0.0, 1e-4, 0.1, 1.0, 1e3]),
    limit=st.sampled_from([0.05, 0.2, 2.0]),
    seed=st.integers(0, 99),
)
def test_it_equals_loops_and_stays_within_the_limit(
    rows: int, width: int, scale: float, limit: float, seed: int
) -> None:
    out_BO = scale * torch.randn(rows, width, generator=torch.Generator().manual_seed(seed))
    limited_BO = limit_rms(out_BO, limit=limit)
    assert limited_BO.tolist() == [pytest.approx(row, rel=1e-5) for row in by_loops(out_BO.tolist(), limit)]
    rms_B = limited_BO.square().mean(dim=1).sqrt()
    assert bool((rms_B <= limit * (1 + 1e-6)).all())
    within_B = out_BO.square().mean(dim=1).sqrt() < limit * (1 - 1e-6)
    assert torch.equal(limited_BO[within_B], out_BO[within_B])
    assert bool((functional.cosine_similarity(limited_BO, out_BO) > 1 - 1e-5).logical_or(rms_B == 0).all())


def test_gradients_flow_through_the_limit() -> None:
    out_BO = torch.tensor([[3.0, -4.0], [0.01, 0.02], [0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda each: limit_rms(each, limit=0.2), out_BO)


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan])
def test_a_limit_that_is_none_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match=r"give a number above 0, for example 0\.2"):
        limit_rms(torch.ones(1, 2), limit=limit)


@pytest.mark.parametrize("limit", [0.0, -0.2])
def test_so_is_one_of_a_ranker(limit: float) -> None:
    with pytest.raises(ConfigError, match=rf"rms_limit is {limit}; give a number above 0, for example 0\.2"):
        RankerConfig(rms_limit=limit)


def test_one_part_alone_is_not_limited() -> None:
    histories = make_histories()
    batch = make_batch(histories)
    for part in PARTS:
        freely, limited = (_ranker((part,), limit=limit)(batch, histories) for limit in (None, 1e-3))
        assert torch.equal(freely["finish"], limited["finish"])
    freely, limited = (_ranker(PARTS, limit=limit)(batch, histories) for limit in (None, 1e-3))
    assert not torch.equal(freely["finish"], limited["finish"])


def test_what_is_joined_is_each_part_limited() -> None:
    histories = make_histories()
    ranker = _ranker(PARTS, limit=0.05)
    inputs = ranker.clock_inputs(make_batch(histories), histories)
    joined = ranker._parts(inputs)
    for module, part_BO in zip(ranker.clock_modules(), joined, strict=True):
        assert torch.equal(part_BO, limit_rms(module(inputs), limit=0.05))
        assert float(part_BO.detach().square().mean(dim=1).sqrt().max()) <= 0.05 * (1 + 1e-6)


@pytest.mark.parametrize("seed", [0, 3, -1])
def test_a_part_of_a_sum_starts_as_it_does_alone(seed: int) -> None:
    parts = (TimeEncodingConfig(), GaussianConfig(), LongTermConfig(**SEARCH), RoutineConfig(**SEARCH))
    joined = Ranker(names=NAMES, config=_config(*parts), seed=seed)
    modules = joined.clock_modules()
    assert sum(len(module.state_dict()) for module in modules) > 10
    for part, module in zip(parts, modules, strict=True):
        alone = Ranker(names=NAMES, config=_config(part), seed=seed)
        [module_alone] = alone.clock_modules()
        assert _equal(module, module_alone)


def test_two_parts_of_a_kind_start_apart() -> None:
    twice = Ranker(names=NAMES, config=_config(*[LongTermConfig(**SEARCH)] * 2), seed=0)
    assert not _equal(*twice.clock_modules())


def test_what_an_earlier_version_saved_is_joined_as_it_was() -> None:
    described = describe_ranker(_ranker(PARTS, limit=0.2))
    assert described_ranker(described, where="a snapshot").config.rms_limit == 0.2
    del described["config"]["rms_limit"]
    assert described_ranker(described, where="a snapshot").config.rms_limit is None


def test_a_part_by_hand() -> None:
    """The mean of squares is 4: the factor is a tenth, whatever the row; below the limit it is 1."""
    out_BO = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    limited_BO = limit_part(out_BO, square=torch.tensor(4.0), limit=0.2)
    assert torch.allclose(limited_BO, out_BO / 10)
    for square in (0.0, 0.01, 0.04):
        assert limit_part(out_BO, square=torch.tensor(square), limit=0.2).tolist() == out_BO.tolist()


def test_a_running_mean_by_hand() -> None:
    square_P = torch.zeros(2)
    for of_batch in ([4.0, 1.0], [2.0, 1.0], [0.0, 3.0]):
        square_P = running_square(square_P, torch.tensor(of_batch))
    assert square_P.tolist() == pytest.approx([0.99 * (0.99 * 4 + 0.01 * 2), 0.99 + 0.01 * 3])


def test_a_part_that_is_limited_as_a_whole_keeps_what_rows_are_beside_one_another() -> None:
    """By loops over what is learned, batch by batch; the hour's rows are limited one by one as before."""
    histories, squares = make_histories(), []
    ranker = _ranker(WHOLE, limit=0.01)
    for seed in range(3):
        batch = make_batch(histories, seed=seed)
        inputs = ranker.clock_inputs(batch, histories)
        hour, routine = ranker.clock_modules()
        said_BO = routine(inputs)
        limited_BO, joined_BO = ranker._parts(inputs)
        assert torch.equal(limited_BO, limit_rms(hour(inputs), limit=0.01))
        mean = 0.0 if not squares else squares[0]
        for later in squares[1:]:
            mean = 0.99 * mean + 0.01 * later
        factor = min(1.0, 0.01 / math.sqrt(mean)) if mean else 1.0
        assert torch.allclose(joined_BO, said_BO * factor, rtol=1e-5)
        squares.append(float(said_BO.detach().square().mean()))
        ranker.learned(ranker.batch_square_P)


def test_it_follows_what_is_learned_and_nothing_that_is_asked(tmp_path: Path) -> None:
    histories = make_histories()
    batch, other = make_batch(histories), make_batch(histories, seed=9)
    learner = Learner(_ranker(WHOLE, limit=0.01), lambda: histories, learning_rate=0.01)
    asked = learner.predict(batch)
    for _ in range(3):
        learner.predict(other)
    assert not learner.ranker.square_P.any()
    learner.learn(batch, asked)
    assert torch.equal(learner.ranker.square_P, asked.square_P)
    learner.learn(batch)
    saved = learner.predict(batch).logits["finish"]
    save_ranker(learner.ranker, tmp_path / "ranker")
    again = load_ranker(tmp_path / "ranker")
    assert torch.equal(again(batch, histories)["finish"], saved)


def test_where_rows_are_limited_there_is_nothing_to_follow() -> None:
    assert "square_P" not in _ranker(PARTS, limit=0.2).state_dict()
    assert "square_P" not in _ranker(WHOLE[1:], limit=0.2).state_dict()
    assert "square_P" not in _ranker(WHOLE, limit=None).state_dict()
    assert "square_P" in _ranker(WHOLE, limit=0.2).state_dict()


def _ranker(parts: tuple, *, limit: float | None) -> Ranker:
    ranker = Ranker(names=NAMES, config=_config(*parts, limit=limit), seed=0)
    ranker.grow(SIZES, item_values())
    return ranker


def _config(*parts: ClockConfig, limit: float | None = 0.2) -> RankerConfig:
    return RankerConfig(clocks=parts, dim=4, recent=2, hidden=(8,), tower_width=4, rms_limit=limit)


def _equal(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    weights, others = one.state_dict(), other.state_dict()
    assert weights.keys() == others.keys()
    return all(torch.equal(weights[name], others[name]) for name in weights)
