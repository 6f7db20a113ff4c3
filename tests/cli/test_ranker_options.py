"""Rankers named on the command line and in a line-up file."""

from __future__ import annotations

from pathlib import Path

import pytest

from interestclock.cli.ranker_options import check_ranker, named_ranker, named_rankers
from interestclock.clocks import GaussianConfig, TimeEncodingConfig
from interestclock.defaults import DEFAULT_RANKERS
from interestclock.errors import ConfigError
from interestclock.ranking import RankerConfig

SHARP = RankerConfig(clocks=(TimeEncodingConfig(), GaussianConfig(sigma_hours=0.5)))


@pytest.fixture
def lineup(tmp_path: Path) -> Path:
    path = tmp_path / "lineup.toml"
    path.write_text('[base]\n["hour+sharp"]\nparts = ["hour", {kind = "gaussian", sigma_hours = 0.5}]')
    return path


def test_a_trainer_s_ranker_is_a_sum_or_one_of_a_file(lineup: Path) -> None:
    assert named_ranker("hour+gaussian", None).clocks == (TimeEncodingConfig(), GaussianConfig())
    check_ranker("hour+sharp", lineup)
    assert named_ranker("hour+sharp", lineup) == SHARP
    with pytest.raises(
        ConfigError, match=r"has no ranker 'gaussian'; give --ranker one of base, hour\+sharp"
    ):
        named_ranker("gaussian", lineup)


@pytest.mark.parametrize(
    ("name", "reason"), [("base,hour", "names several rankers"), ("hour+gausian", "no part 'gausian'")]
)
def test_what_is_no_ranker_is_refused(name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        check_ranker(name, None)


def test_a_comparison_s_rankers_are_named_in_one_place(lineup: Path) -> None:
    assert named_rankers(None, None) == DEFAULT_RANKERS
    assert named_rankers("base, hour+gaussian", None) == ("base", "hour+gaussian")
    assert [getattr(each, "name", each) for each in named_rankers(None, lineup)] == ["base", "hour+sharp"]
    with pytest.raises(ConfigError, match="give one of them"):
        named_rankers("base", lineup)
