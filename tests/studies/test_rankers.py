"""The rankers of a comparison: names that are sums of parts, clocks of the user's own, names of one's own."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_clocks import OwnConfig, SetConfig

from interestclock.clocks import GaussianConfig, TimeEncodingConfig
from interestclock.defaults import DEFAULT_RANKERS, PARTS
from interestclock.errors import ConfigError
from interestclock.ranking.known_clocks import CLOCKS_OF_OURS
from interestclock.studies import CompareConfig, NamedRanker, lineup


def test_every_single_model_is_known_by_the_kind_it_is_saved_under() -> None:
    for name, ranker in lineup(["base", *PARTS]).items():
        assert "+".join(clock.kind for clock in ranker.clocks) == ("" if name == "base" else name)


@given(st.lists(st.sampled_from(PARTS), min_size=1, unique=True))
def test_any_sum_of_parts_is_a_ranker_of_these_parts_in_this_order(parts: list[str]) -> None:
    ((name, ranker),) = lineup(["+".join(parts)]).items()
    assert name == "+".join(parts)
    assert ranker.clocks == tuple(CLOCKS_OF_OURS[part]() for part in parts)


def test_a_comparison_s_gaussian_is_that_of_every_sum() -> None:
    wide = GaussianConfig(sigma_hours=3.0)
    sharp = NamedRanker(name="sharp", clocks=(GaussianConfig(sigma_hours=0.5),))
    rankers = lineup(["gaussian", "hour+gaussian", sharp], gaussian=wide)
    assert rankers["hour+gaussian"].clocks == (TimeEncodingConfig(), wide)
    assert rankers["sharp"].clocks == sharp.clocks


def test_a_clock_of_the_user_s_own_goes_by_its_kind() -> None:
    by_path = lineup(["base", "own_clocks:OwnConfig", "hour+own_clocks:OwnConfig"])
    by_instance = lineup(
        ["base", OwnConfig(), NamedRanker(name="hour+own", clocks=(TimeEncodingConfig(), OwnConfig()))]
    )
    assert by_path == by_instance
    assert list(by_path) == ["base", "own", "hour+own"]
    assert by_path["own"].clocks == (OwnConfig(),)


def test_unasked_a_comparison_runs_rankers_that_there_are() -> None:
    assert CompareConfig().rankers == DEFAULT_RANKERS
    assert set(lineup(DEFAULT_RANKERS)) == set(DEFAULT_RANKERS)


@pytest.mark.parametrize(
    ("rankers", "reason"),
    [
        (["own_clocks:HourConfig"], "own_clocks:HourConfig calls itself 'hour', as a ranker of this project"),
        (
            ["own_clocks:OwnConfig", OwnConfig(width=5)],
            "two different rankers call themselves 'own', .* a name of its own",
        ),
        (
            ["base", "own_clocks:OwnConfig", OwnConfig()],
            "a ranker is named twice in base, own, own; name each",
        ),
        (["own_clocks:OwnConfig", "own_clocks:wide"], r'NamedRanker\(name="own-2"'),
        (["own_clocks:Module"], "a Module is a clock and not its settings; give a configuration"),
        ([SetConfig()], "which JSON cannot hold"),
        (
            ["acme/fresh.py:FreshConfig"],
            "no ranker 'acme/fresh.py:FreshConfig'; write acme.fresh:FreshConfig$",
        ),
        (["no-such-clock"], "or name a clock of your own, my_package.my_module:MyClockConfig"),
        (["hour+gausian"], r"no part 'gausian' \(did you mean gaussian\?\)"),
        (["hour+"], r"no ranker 'hour\+': no part ''"),
        (["base+gaussian"], "names base, which is in every ranker; write gaussian$"),
        (["gaussian+base+hour"], r"write gaussian\+hour$"),
        (["gaussian+gaussian"], "names gaussian twice; .* line-up file"),
    ],
)
def test_what_would_fail_later_is_refused_at_once(rankers: list, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        lineup(rankers)
    with pytest.raises(ConfigError, match=reason):
        CompareConfig(rankers=tuple(rankers))


def test_two_differences_of_one_name_are_refused() -> None:
    some = [NamedRanker(name=name) for name in ("a", "a-b", "b-c", "c")]
    assert len(lineup(some[:3])) == 3
    with pytest.raises(ConfigError, match=r"'a-b-c' would be .* minus .* and .*; give one"):
        lineup(some)


@pytest.mark.parametrize("name", ["", "a/b", "../up", ".hidden", "a" * 101, "a,b", "a\nb"])
def test_a_name_that_no_file_could_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="becomes the name of files"):
        NamedRanker(name=name)


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(["base", "hour", "hour+gaussian"], 2)))
def test_a_name_of_other_parts_is_refused(one: str, other: str) -> None:
    clocks = lineup([other])[other].clocks
    with pytest.raises(ConfigError, match="a name that is not of other parts"):
        NamedRanker(name=one, clocks=clocks)
