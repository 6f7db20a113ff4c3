"""Hits of every ranker beside the baseline's and the hour's."""

from __future__ import annotations

import numpy as np
import pytest

from interestclock.evaluation.ranked_rows import ranked_rows
from interestclock.metrics.bootstrap import UserResamples

USER_N = np.array([7, 7, 3, 7, 9])
HITS = {
    "base": [np.array([1, 0, 0, 0, 0.5]), np.array([0, 0, 0, 0, 0.5])],
    "hour": [np.array([1, 1, 0, 0, 0.5]), np.array([1, 0, 0, 0, 1])],
    "hour+gaussian": [np.array([1, 1, 1, 1, 1.0]), np.array([1, 1, 1, 0, 1])],
}


def rows(replicates: int = 50, **more: list[str]) -> dict:
    return ranked_rows(HITS, USER_N, baseline="base", beside=more, replicates=replicates)


def test_means_and_differences_by_hand() -> None:
    found = rows(hour=["hour+gaussian"])["rankers"]
    assert found["base"]["seeds"] == pytest.approx([0.3, 0.1])
    assert [found[name]["mean"] for name in HITS] == pytest.approx([0.2, 0.45, 0.9])
    assert found["base"]["over"] == {}
    assert found["hour"]["over"]["base"]["mean"] == pytest.approx(0.25)
    assert set(found["hour"]["over"]) == {"base"}
    assert found["hour+gaussian"]["over"]["hour"]["mean"] == pytest.approx(0.45)


def test_intervals_draw_users_alike_for_all() -> None:
    resamples = UserResamples(users=3, replicates=50)  # users 3, 7 and 9
    differences = []
    for count_U in resamples.block(0, 50):
        weight_N = count_U[np.unique(USER_N, return_inverse=True)[1]]
        of_seeds = [
            (weight_N * (hour - base)).sum() / weight_N.sum()
            for hour, base in zip(HITS["hour"], HITS["base"], strict=True)
        ]
        differences.append(np.mean(of_seeds))
    low, high = rows()["rankers"]["hour"]["over"]["base"]["ci95"]
    assert (low, high) == pytest.approx(tuple(np.percentile(differences, [2.5, 97.5])))


def test_all_comparisons_are_counted_in() -> None:
    found = rows(hour=["hour+gaussian"])["comparisons"]
    assert {other: (each["count"], list(each["gains"])) for other, each in found.items()} == {
        "base": (2, ["hour", "hour+gaussian"]),
        "hour": (1, ["hour+gaussian"]),
    }
    assert "auc" not in found["base"]
    low, high = found["base"]["gains"]["hour"]["interval"]
    assert low < 0.25 < high


def test_who_is_not_there_is_compared_with_nobody() -> None:
    alone = ranked_rows({"hour": HITS["hour"]}, USER_N, baseline="base", beside={"x": ["hour"]}, replicates=5)
    assert alone["comparisons"] == {}
    assert alone["rankers"]["hour"]["over"] == {}
