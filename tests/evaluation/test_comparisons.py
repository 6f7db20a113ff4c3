"""Intervals that hold for all comparisons at once, other users and other seeds in mind."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.evaluation.comparisons import comparisons
from interestclock.evaluation.estimates import Estimate


def of(*figures: float, spread: float = 0.0) -> Estimate:
    """A ranker of so many seeds, whose two replicates lie so far below and above its mean."""
    mean = float(np.mean(figures))
    return Estimate(point=mean, replicate_T=np.array([mean - spread, mean + spread]), seeds=list(figures))


def test_by_hand_with_one_seed() -> None:
    """Variance of users 2 · 0.01² (of two replicates); t of one degree of freedom at 97.5% is 12.706."""
    result = comparisons({"base": of(0.6), "clock": of(0.7, spread=0.01)}, baseline="base", users=2)
    half = 12.706204736 * math.sqrt(2) * 0.01
    gain = result["gains"]["clock"]
    assert gain["mean"] == pytest.approx(0.1)
    assert gain["interval"] == pytest.approx([0.1 - half, 0.1 + half])
    assert gain["detectable"] == pytest.approx(half + 1.376381920 * math.sqrt(2) * 0.01)
    assert (result["count"], result["seeds_counted"]) == (1, False)


def test_by_hand_seeds_alone() -> None:
    """Both rankers' seeds vary by 0.01²; of three each, a mean by 0.01² / 3, the difference by twice that."""
    auc = {"base": of(0.59, 0.60, 0.61), "clock": of(0.69, 0.70, 0.71)}
    result = comparisons(auc, baseline="base", users=1_000)
    half = 2.776445105 * math.sqrt(2 * 0.01**2 / 3)  # t of 4 degrees of freedom, 2 of each ranker
    assert result["gains"]["clock"]["interval"] == pytest.approx([0.1 - half, 0.1 + half])
    assert result["seeds_counted"]


def test_more_comparisons_are_harder_to_pass() -> None:
    base, rankers = of(0.6), {f"r{i}": of(0.61, spread=0.0028) for i in range(6)}
    alone = comparisons({"base": base, "r0": rankers["r0"]}, baseline="base", users=500)
    among = comparisons({"base": base, **rankers}, baseline="base", users=500)
    assert alone["gains"]["r0"]["interval"][0] > 0 > among["gains"]["r0"]["interval"][0]
    assert among["count"] == 6


def trial(random: np.random.Generator, gain: float, rankers: int) -> dict[str, Estimate]:
    """Rankers whose figures vary with users (0.01) and seeds (0.006); all but base are better by so much."""
    auc = {}
    for number in range(rankers):
        true = 0.6 + gain * (number > 0)
        mean = true + random.normal(0, 0.01)  # of these users
        seeds = mean + random.normal(0, 0.006, 3)
        auc["base" if number == 0 else f"r{number}"] = Estimate(
            point=float(seeds.mean()),
            replicate_T=seeds.mean() + random.normal(0, 0.01, 200),
            seeds=seeds.tolist(),
        )
    return auc


def test_where_nothing_gains_something_is_said_in_5_of_100_logs_at_most() -> None:
    random, crowed = np.random.default_rng(0), 0
    for _ in range(600):
        gains = comparisons(trial(random, 0.0, 7), baseline="base", users=1_000)["gains"].values()
        crowed += any(gain["interval"][0] > 0 or gain["interval"][1] < 0 for gain in gains)
    assert crowed <= 600 * 0.05 + 3 * math.sqrt(600 * 0.05 * 0.95)


def test_a_gain_as_large_as_is_detectable_is_seen_in_80_of_100_logs() -> None:
    random = np.random.default_rng(1)
    least = [
        comparisons(trial(random, 0.0, 3), baseline="base", users=1_000)["gains"]["r1"]["detectable"]
        for _ in range(100)
    ]
    seen = sum(
        comparisons(trial(random, float(np.mean(least)), 3), baseline="base", users=1_000)["gains"]["r1"][
            "interval"
        ][0]
        > 0
        for _ in range(600)
    )
    assert abs(seen / 600 - 0.8) < 0.06


@given(
    figures=st.lists(st.floats(0.3, 0.9), min_size=1, max_size=4),
    other=st.lists(st.floats(0.3, 0.9), min_size=1, max_size=4),
    spread=st.floats(0, 0.1),
    users=st.integers(0, 50),
)
def test_intervals_hold_their_mean_and_are_plain_json(
    figures: list[float], other: list[float], spread: float, users: int
) -> None:
    auc = {"base": of(*figures), "clock": of(*other, spread=spread), "hour": of(0.5)}
    result = json.loads(json.dumps(comparisons(auc, baseline="base", users=users), allow_nan=False))
    for each in (*result["gains"].values(), *result["auc"].values()):
        low, high = each["interval"]
        if users < 2:
            assert low is high is each["mean"] is None
        else:
            assert low <= each["mean"] <= high


def test_what_has_no_auc_has_no_interval() -> None:
    nan = Estimate(point=math.nan, replicate_T=np.full(3, math.nan), seeds=[math.nan])
    result = comparisons({"base": nan, "clock": nan}, baseline="base", users=9)
    assert result["gains"]["clock"] == {"mean": None, "interval": [None, None], "detectable": None}


def test_without_a_baseline_nothing_is_compared() -> None:
    result = comparisons({"hour": of(0.6, spread=0.01)}, baseline="base", users=9)
    assert result["gains"] == {}
    assert result["auc"]["hour"]["mean"] == pytest.approx(0.6)
