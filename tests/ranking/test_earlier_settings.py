"""A clock that an earlier version saved does what it did there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from random_batches import make_ranker

from interestclock.checksums import digest_of_json
from interestclock.clocks import (
    AdaptiveConfig,
    GaussianConfig,
    NaiveConfig,
    RoutineConfig,
    TimeEncodingConfig,
)
from interestclock.errors import ConfigError
from interestclock.live import LiveConfig
from interestclock.ranking import (
    RankerConfig,
    describe_clock,
    describe_ranker,
    described_ranker,
    load_ranker,
    save_ranker,
)
from interestclock.ranking.earlier_settings import with_earlier_settings, without_earlier_settings


def _without(clock: RoutineConfig, *names: str) -> dict[str, Any]:
    return {name: value for name, value in describe_clock(clock).items() if name not in names}


@pytest.mark.parametrize(
    ("clock", "unknown"),
    [
        (AdaptiveConfig(hour_dim=0), ["hour_dim"]),
        (RoutineConfig(output_dim=8, features_in_values=False), ["features_in_values"]),
        (RoutineConfig(output_dim=8, match=False, features_in_values=False), ["features_in_values", "match"]),
    ],
)
def test_a_ranker_of_an_earlier_version(clock: Any, unknown: list[str], tmp_path: Path) -> None:
    clocks = (TimeEncodingConfig(), clock)
    saved = make_ranker(clocks=clocks)
    save_ranker(saved, tmp_path)
    path = tmp_path / "ranker.json"
    described = json.loads(path.read_text())
    for name in unknown:
        assert not described["config"]["clocks"][1].pop(name)
    weights = described.pop("weights_sha256")
    del described["description_sha256"]
    described |= {"description_sha256": digest_of_json(described), "weights_sha256": weights}
    path.write_text(json.dumps(described))
    loaded = load_ranker(tmp_path)
    assert loaded.config.clocks == clocks
    for name, value in saved.clocks.state_dict().items():
        assert torch.equal(loaded.clocks.state_dict()[name], value)


@pytest.mark.parametrize("hour_dim", [0, 4])
def test_a_description_without_the_setting_is_of_the_published_clock(hour_dim: int) -> None:
    described = describe_ranker(make_ranker(clocks=(AdaptiveConfig(hour_dim=hour_dim),)))
    assert described_ranker(described, where="a snapshot").config.clocks == (
        AdaptiveConfig(hour_dim=hour_dim),
    )
    del described["config"]["clocks"][0]["hour_dim"]
    assert described_ranker(described, where="a snapshot").config.clocks == (AdaptiveConfig(hour_dim=0),)


@pytest.mark.parametrize(
    ("clock", "described"),
    [
        (AdaptiveConfig(hour_dim=0), {"kind": "adaptive"}),
        (AdaptiveConfig(), {"kind": "adaptive", "hour_dim": 4}),
        (
            GaussianConfig(),
            {"kind": "gaussian", "sigma_hours": 1.0, "mu_hours": 0.0, "bucket_centre_hours": None},
        ),
        (
            RoutineConfig(match=False, features_in_values=False),
            _without(RoutineConfig(), "holidays", "match", "features_in_values", "row_limit"),
        ),
        (RoutineConfig(), _without(RoutineConfig(), "holidays", "row_limit")),
    ],
)
def test_a_trainer_s_folder_of_an_earlier_version_is_of_the_same_settings(clock, described) -> None:
    config = LiveConfig(ranker=RankerConfig(clocks=(clock,)))
    assert config.learned_from()["ranker"]["clocks"] == [described]


@pytest.mark.parametrize(
    "described", [{}, {"kind": 3}, {"kind": ["adaptive"]}, {"kind": "my:Clock", "width": [1]}]
)
def test_what_is_described_otherwise_is_left_as_it_is(described) -> None:
    assert with_earlier_settings(described) == without_earlier_settings(described) == described


def test_parts_that_read_the_same_preferences_read_the_same_population() -> None:
    assert RankerConfig().population_votes == 0.0
    config = RankerConfig(clocks=(TimeEncodingConfig(), GaussianConfig(population_votes=3.0)))
    assert config.population_votes == 3.0
    with pytest.raises(
        ConfigError,
        match="adaptive has population_votes 0 and another part 3; the parts of a ranker read one clock",
    ):
        RankerConfig(clocks=(GaussianConfig(population_votes=3.0), AdaptiveConfig()))


@pytest.mark.parametrize("kind", [NaiveConfig, AdaptiveConfig, GaussianConfig])
@pytest.mark.parametrize("votes", [-1.0, float("inf"), float("nan")])
def test_a_population_of_less_than_none_or_of_no_number(kind, votes: float) -> None:
    with pytest.raises(ValueError, match="population_votes is"):
        kind(population_votes=votes)
