"""A share of requests is shuffled, and each item's propensity is the probability of its place, exactly."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.service import Exploration


def by_hand(share: float, *, top: int, candidates: int, rank: int, place: int) -> float:
    """Over all orders that there are, each as likely as the other."""
    first = min(top, candidates)
    orders = [[*each, *range(first, candidates)] for each in permutations(range(first))]
    shuffled = sum(order[place] == rank for order in orders) / len(orders)
    return (1 - share) * (rank == place) + share * shuffled


@pytest.mark.parametrize(("top", "candidates", "most"), [(3, 5, 4), (4, 3, 3), (3, 5, 2), (2, 1, 1)])
def test_propensities_are_those_of_all_orders(top: int, candidates: int, most: int) -> None:
    exploration = Exploration(share=0.4, top=top)
    seen = set()
    for number in range(200):
        order = exploration.order(f"r{number}", candidates=candidates, most=most)
        assert order.propensities is not None
        for place, (rank, propensity) in enumerate(zip(order.ranks, order.propensities, strict=True)):
            expected = by_hand(0.4, top=top, candidates=candidates, rank=rank, place=place)
            assert propensity == pytest.approx(expected, abs=1e-12)
            seen.add((rank, place))
    first = min(top, candidates)
    assert {each for each in seen if each[1] < first} == {
        (rank, place) for rank in range(first) for place in range(min(first, most))
    }


def test_a_case_by_hand() -> None:
    """Half of requests, three shuffled: a place is its own rank's with 1/2 + 1/6, another's with 1/6."""
    exploration = Exploration(share=0.5, top=3)
    for number in range(50):
        order = exploration.order(f"r{number}", candidates=4, most=4)
        assert order.propensities is not None
        sixths = [round(6 * each, 9) for each in order.propensities]
        assert sixths == [4 if rank == place else 1 for place, rank in enumerate(order.ranks[:3])] + [6]


def test_items_stand_where_they_do_as_often_as_is_said() -> None:
    exploration, requests = Exploration(share=0.3, top=3, seed=5), 20_000
    orders = [exploration.order(f"r{number}", candidates=6, most=6) for number in range(requests)]
    places = Counter((rank, place) for order in orders for place, rank in enumerate(order.ranks))
    for rank in range(3):
        for place in range(3):
            expected = by_hand(0.3, top=3, candidates=6, rank=rank, place=place)
            deviation = sqrt(expected * (1 - expected) / requests)
            assert abs(places[rank, place] / requests - expected) < 4 * deviation
    explored = sum(order.explored for order in orders) / requests
    assert abs(explored - 0.3) < 4 * sqrt(0.3 * 0.7 / requests)


@settings(max_examples=50, deadline=None)
@given(
    share=st.floats(0, 1, exclude_min=True),
    top=st.integers(2, 12),
    candidates=st.integers(1, 20),
    most=st.integers(1, 25),
    request_id=st.text("r09", max_size=9),
)
def test_all_orders(share: float, top: int, candidates: int, most: int, request_id: str) -> None:
    exploration = Exploration(share=share, top=top)
    order = exploration.order(request_id, candidates=candidates, most=most)
    assert order == exploration.order(request_id, candidates=candidates, most=most)
    assert len(set(order.ranks)) == len(order.ranks) == min(candidates, most)
    assert order.ranks[top:] == list(range(candidates))[top:most]
    assert set(order.ranks) <= set(range(candidates))
    assert order.propensities is not None
    assert all(0 < each <= 1 for each in order.propensities)
    whole = exploration.order(request_id, candidates=candidates, most=candidates)
    assert whole.ranks[:most] == order.ranks
    assert sorted(whole.ranks) == list(range(candidates))
    if not order.explored:
        assert order.ranks == sorted(order.ranks)


@settings(max_examples=20, deadline=None)
@given(candidates=st.integers(1, 9), most=st.integers(1, 9))
def test_nothing_is_explored_by_default(candidates: int, most: int) -> None:
    order = Exploration().order("r1", candidates=candidates, most=most)
    assert order.ranks == list(range(min(candidates, most)))
    assert (order.explored, order.propensities) == (False, None)


def test_the_seed_decides() -> None:
    orders = [
        [Exploration(share=0.5, seed=seed).order(f"r{number}", candidates=9, most=9) for number in range(20)]
        for seed in (0, 1)
    ]
    assert orders[0] != orders[1]


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"share": -0.1}, "share is -0.1; give a share of requests in 0..1"),
        ({"share": 1.5}, "share is 1.5"),
        ({"share": float("nan")}, "share is nan"),
        ({"top": 1}, "top is 1; give 2 or more items to shuffle"),
        ({"seed": 0.5}, "seed is 0.5"),
    ],
)
def test_settings_that_cannot_be_are_refused(setting: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Exploration(**setting)
