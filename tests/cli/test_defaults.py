"""An option that is called as a setting is by default what the setting is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from interestclock.cli.app import compare_command, features_command, inspect_command
from interestclock.cli.train import train_command
from interestclock.clock_features import ClockFeatureConfig
from interestclock.clocks import GaussianConfig
from interestclock.live import LiveConfig
from interestclock.samples import CandidateConfig
from interestclock.studies.compare import CompareConfig
from interestclock.studies.gain_forecast import ForecastConfig
from interestclock.training import TrainConfig

LIVE = LiveConfig()
COMMANDS: list[tuple[Callable[..., Any], list[object], int]] = [  # the last: how many options at least
    (train_command, [LIVE, LIVE.train, LIVE.users], 14),
    (compare_command, [CompareConfig(), TrainConfig(), GaussianConfig(), ClockFeatureConfig()], 10),
    (features_command, [ClockFeatureConfig()], 2),
    (inspect_command, [ForecastConfig()], 1),
]
OTHERWISE = {"rankers": "the names, with commas", "items": "a file", "ranker": "a name", "mapping": "a file"}


@pytest.mark.parametrize(("command", "configs", "least"), COMMANDS)
def test_an_option_and_its_setting_have_one_default(
    command: Callable[..., Any], configs: list[object], least: int
) -> None:
    settings = {each.name: getattr(config, each.name) for config in configs for each in fields(config)}
    options = inspect.signature(command).parameters
    shared = (options.keys() & settings.keys()) - OTHERWISE.keys()
    assert len(shared) >= least
    assert {name: options[name].default for name in shared} == {name: settings[name] for name in shared}


def test_candidates_have_theirs_in_every_command() -> None:
    for command in (train_command, compare_command, features_command):
        options = inspect.signature(command).parameters
        for each in ("by_popularity", "from_own_past", "own_past"):
            assert options[f"candidates_{each}"].default == getattr(CandidateConfig(), each)
