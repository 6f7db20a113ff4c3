"""Every configuration refuses numbers that are none, and fractions where something is counted."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
import typing
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import interestclock
from interestclock.clocks import RankerSizes
from interestclock.errors import ConfigError
from interestclock.ranking import FeatureNames, RankerConfig
from interestclock.simulator import SimulatorSize
from interestclock.simulator.truth import AttributeTruth
from interestclock.studies.gain_estimate import VerdictBounds
from interestclock.training import RunPlan, TrainConfig

ENDINGS = (
    "Bounds",
    "Config",
    "Names",
    "Plan",
    "Policy",
    "Shuffles",
    "Size",
    "Sizes",
    "TimeSource",
    "Truth",
    "Weights",
)
NEEDED = {  # what has no default
    AttributeTruth: {"values": ("a",), "extra_share": 0.1, "taste_std": 0.1, "moment_std": 0.1},
    FeatureNames: {"tasks": ("finish",)},
    RankerSizes: {"dim": 4, "item_dim": 4},
    RunPlan: {
        "ranker": "base",
        "config": RankerConfig(),
        "train": TrainConfig(),
        "samples": Path(),
        "out": Path(),
        "label": "finish",
    },
    SimulatorSize: {"users": 1, "items": 200, "days": 1, "exposures_per_day": 1.0},
    VerdictBounds: {"likely_above": 0.1, "unlikely_below": 0.1},
}
ALSO_NEEDED = {"RefreshPolicy": {"minutes": 5.0}}  # one of two
WRONG = {
    int: (2.5, 2.0, math.nan, math.inf, True, "3"),
    float: (math.nan, math.inf, -math.inf, True, "3"),
    bool: (1, "no", None),
}


def configurations() -> list[type[Any]]:
    """Every dataclass of the package that is called as settings are."""
    modules = pkgutil.walk_packages(interestclock.__path__, "interestclock.")
    modules = [importlib.import_module(each.name) for each in modules if not each.name.endswith("__main__")]
    found = {
        kind
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind) and is_dataclass(kind) and kind.__module__.startswith("interestclock.")
    }
    return sorted((each for each in found if each.__name__.endswith(ENDINGS)), key=lambda each: each.__name__)


def made(kind: type[Any]) -> Any:
    return kind(**NEEDED.get(kind, {}), **ALSO_NEEDED.get(kind.__name__, {}))


def numbers_of(kind: type[Any]) -> list[tuple[str, type, Any]]:
    """Fields of numbers and flags: name, type, how a value stands in it."""
    hints, found = typing.get_type_hints(kind), []
    for each in fields(kind):
        hint = hints[each.name]
        parts = (hint, *typing.get_args(hint))
        wrap = (lambda value: (value,)) if typing.get_origin(hint) is tuple else (lambda value: value)
        found += [(each.name, part, wrap) for part in (bool, int, float) if part in parts][:1]
    return found


CASES = [
    pytest.param(kind, name, wrap(wrong), id=f"{kind.__name__}-{name}-{wrong!r}")
    for kind in configurations()
    for name, number, wrap in numbers_of(kind)
    for wrong in WRONG[number]
]


@pytest.mark.parametrize(("kind", "name", "wrong"), CASES)
def test_a_setting_that_is_no_such_number_is_refused(kind: type[Any], name: str, wrong: object) -> None:
    with pytest.raises((ConfigError, ValueError), match=rf"{name} is .*; give (a whole|a finite|True or)"):
        replace(made(kind), **{name: wrong})


def test_all_that_are_settings_are_looked_at() -> None:
    named = {each.__name__ for each in configurations()}
    assert {"LiveConfig", "GaussianConfig", "TwinConfig", "IdPolicy", "Eq3Weights", "TimeSource"} <= named
    assert len(CASES) > 300
    required = {
        each.__name__
        for each in configurations()
        if any(one.default is MISSING and one.default_factory is MISSING for one in fields(each))
    }
    assert required == {each.__name__ for each in NEEDED}


def test_a_size_of_a_module_is_whole() -> None:
    from interestclock.clocks import NaiveClock

    for wrong in (2.5, math.nan, True):
        with pytest.raises(ValueError, match=r"dim is .*; give a whole number"):
            NaiveClock(dim=wrong)  # type: ignore[arg-type]
