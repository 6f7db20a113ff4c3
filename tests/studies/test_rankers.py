"""The rankers that a comparison knows, and those it runs unasked."""

from __future__ import annotations

import pytest
from own_clocks import OwnConfig, SetConfig

from interestclock.errors import ConfigError
from interestclock.sequences import BASELINES
from interestclock.studies import DEFAULT_RANKERS, RANKERS, CompareConfig, lineup


def test_unasked_a_comparison_runs_the_clocks_and_no_baseline() -> None:
    assert CompareConfig().rankers == DEFAULT_RANKERS
    asked_for = [
        ranker.clocks[0] for ranker in lineup([n for n in RANKERS if n not in DEFAULT_RANKERS]).values()
    ]
    assert asked_for == [baseline() for baseline in BASELINES]


def test_every_single_model_is_known_by_the_kind_it_is_saved_under() -> None:
    for name, ranker in lineup(list(RANKERS)).items():
        assert "+".join(clock.kind for clock in ranker.clocks) == ("" if name == "base" else name)


def test_a_clock_of_the_user_s_own_goes_by_its_kind() -> None:
    by_path = lineup(["base", "own_clocks:OwnConfig"])
    by_instance = lineup(["base", OwnConfig()])
    assert by_path == by_instance
    assert list(by_path) == ["base", "own"]
    assert by_path["own"].clocks == (OwnConfig(),)


@pytest.mark.parametrize(
    ("rankers", "reason"),
    [
        (["own_clocks:HourConfig"], "own_clocks:HourConfig calls itself 'hour', as a ranker of this project"),
        (
            ["own_clocks:OwnConfig", OwnConfig(width=5)],
            "two different rankers call themselves 'own', .* a kind of its own",
        ),
        (
            ["base", "own_clocks:OwnConfig", OwnConfig()],
            "a ranker is named twice in base, own, own; name each",
        ),
        (["own_clocks:OwnConfig", "own_clocks:wide"], r'ClassVar\[str\] = "own-2"'),
        (["own_clocks:Module"], "is no clock's configuration"),
        ([SetConfig()], "which JSON cannot hold"),
        (
            ["acme/fresh.py:FreshConfig"],
            "no ranker 'acme/fresh.py:FreshConfig'; write acme.fresh:FreshConfig$",
        ),
        (["no-such-clock"], "or name a clock of your own, my_package.my_module:MyClockConfig"),
    ],
)
def test_what_would_fail_later_is_refused_at_once(rankers: list, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        lineup(rankers)
    with pytest.raises(ConfigError, match=reason):
        CompareConfig(rankers=tuple(rankers))
