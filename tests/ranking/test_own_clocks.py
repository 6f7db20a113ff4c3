"""Clocks outside the project in a ranker: described, loaded, held to what all clocks promise."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import own_clocks
import pytest
import torch
from own_clocks import BreaksConfig, OwnConfig
from random_batches import make_batch, make_histories, make_ranker

from interestclock.clocks import (
    CLOCKS,
    ClockInputs,
    GaussianClock,
    GaussianConfig,
    RankerSizes,
    RequestModule,
)
from interestclock.clocks.clock_config import _REQUIRED
from interestclock.errors import ConfigError, ResultError
from interestclock.ranking import (
    RankerConfig,
    check_clock,
    clock_named,
    describe_clock,
    described_clock,
    is_ours,
    load_ranker,
    save_ranker,
)
from interestclock.sequences import BASELINES

PATH = "own_clocks:OwnConfig"


@pytest.mark.parametrize("kind", [*CLOCKS, *BASELINES], ids=lambda kind: kind.__name__)
def test_every_clock_of_the_project_holds_what_clocks_promise(kind: type) -> None:
    check_clock(kind())
    assert is_ours(kind())
    assert describe_clock(kind())["kind"] == kind.kind


def test_a_clock_outside_holds_it_too() -> None:
    check_clock(OwnConfig(width=3))
    assert not is_ours(OwnConfig())


@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        ("RandomSlot", "the same batch gave other numbers the second time"),
        ("CountingSlot", "asking it changed its 'asked'; only the optimiser may"),
        ("GreedySlot", "an exposure alone gave other numbers than in its batch"),
        ("AheadSlot", "behaviours matter that were not known yet, or lie before the newest 0"),
        ("UnusedSlot", "no gradient reaches its 'spare.weight'"),
        ("InfiniteSlot", "numbers that are not finite"),
        ("DoubleSlot", r"it gave torch\.float64; give torch\.float32, for example by \.float\(\)"),
    ],
)
def test_a_broken_promise_is_said(slot: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"breaks: .*{reason}"):
        check_clock(BreaksConfig(slot=slot))


def test_it_is_saved_by_its_class_and_settings_and_loaded_if_allowed(tmp_path: Path) -> None:
    clocks = (GaussianConfig(), OwnConfig(width=3, hours=(1.0,)))
    ranker, histories = make_ranker(clocks=clocks), make_histories()
    save_ranker(ranker, tmp_path)
    loaded = load_ranker(tmp_path, allow=(PATH,))
    assert loaded.config == ranker.config
    batch = make_batch(histories)
    assert torch.equal(loaded(batch, histories)["finish"], ranker(batch, histories)["finish"])
    with pytest.raises(
        ResultError, match=f"ranker.json, config.clocks: a clock of it is '{PATH}', code from outside"
    ):
        load_ranker(tmp_path)


def test_it_is_described_as_its_class_with_its_settings() -> None:
    described = describe_clock(OwnConfig(hours=(1.0, 2.0)))
    assert described == {"kind": PATH, "width": 2, "hours": [1.0, 2.0]}
    assert described_clock(described, allow=(PATH,)) == OwnConfig(hours=(1.0, 2.0))
    assert clock_named(PATH) == OwnConfig()


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        (
            {"kind": PATH, "depth": 1},
            f"{PATH}: OwnConfig has no setting 'depth'; it has width, hours; use the version",
        ),
        (
            {"kind": "own_clocks:NeedyConfig"},
            "NeedyConfig lacks its setting 'depth', which has no default; use",
        ),
        (
            {"kind": "own_clocks:StrictConfig", "width": 4},
            r"StrictConfig refuses its settings \{'width': 4\} \(ValueError: width may be 3 at most\); use",
        ),
        (
            {"kind": "own_clocks:StrictConfig", "hours": [3.0]},
            r"refuses its settings .* \(TypeError: object of",
        ),
        ({"kind": "own_clocks:dataclass"}, "no class of a clock's configuration"),
        ({"kind": "own_clocks:Module"}, "a Module is a clock and not its settings"),
    ],
)
def test_what_is_described_otherwise_is_refused(described: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        described_clock(described, allow=(described["kind"],))


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"width": 4}, "ValueError: width may be 3 at most"),
        ({"hours": [3.0]}, "TypeError: object of"),
        ({"depth": 1}, "StrictConfig has no setting 'depth'; it has width, hours"),
        ({"width": 1}, "own: build failed .TypeError: cannot build this"),
    ],
)
def test_what_a_clock_of_ones_own_raises_is_said_of_the_file(
    setting: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    save_ranker(make_ranker(clocks=(own_clocks.StrictConfig(),)), tmp_path)
    path = tmp_path / "ranker.json"
    described = json.loads(path.read_text())
    described["config"]["clocks"][0] |= setting
    path.write_text(json.dumps(described))
    with pytest.raises(ResultError, match=rf"ranker\.json.*{reason}") as caught:
        load_ranker(tmp_path, allow=("own_clocks:StrictConfig",))
    assert "keyword argument" not in str(caught.value)


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        ({"kind": "sundial"}, "a description: no clock is called 'sundial'; there are hour, naive, .* anew"),
        ({"kind": "gaussian", "sigma": 1.0}, "a description, gaussian: key 'sigma' is unknown; there are "),
        ({"kind": "gaussian", "sigma_hours": "1"}, "key 'sigma_hours': expected float, got str; describe "),
        ({"kind": PATH}, f"a description: a clock of it is '{PATH}', code from outside this project"),
        ("gaussian", "no clock is called None"),
    ],
)
def test_what_was_not_described_here_is_refused(described: Any, reason: str) -> None:
    with pytest.raises(ResultError, match=reason):
        described_clock(described)


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        (own_clocks.SetConfig(), r"own: days is frozenset\(\{1\}\), which JSON cannot hold"),
        (own_clocks.ListConfig(), r"own: .* is not the same after JSON"),
    ],
)
def test_settings_that_json_cannot_hold_are_refused_when_it_is_saved(
    clock: OwnConfig, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=reason):
        save_ranker(make_ranker(clocks=(clock,)), tmp_path / "ranker")
    assert not (tmp_path / "ranker").exists()


def test_a_class_that_cannot_be_imported_again_is_refused() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Local(OwnConfig):
        pass

    with pytest.raises(ConfigError, match="cannot be imported again"):
        describe_clock(Local())


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        (OwnConfig, "but a class: make one, for example OwnConfig()"),
        (
            GaussianClock(dim=24, sigma_hours=1.0),
            "a GaussianClock is a clock and not its settings; give a con",
        ),
        (3, "3 is no clock's configuration: it is no dataclass"),
        (make_dataclass("Bare", [])(), "it has no 'kind'; give it the clock's name in results"),
        (
            make_dataclass("Some", [], namespace={"kind": "some", "reads_preferences": False})(),
            "it has no 'reads_behaviours'",
        ),
        (
            make_dataclass("Field", [("kind", str)])("x"),
            "'kind' is a setting of it; annotate it as a ClassVar",
        ),
        (make_dataclass("Soft", [], namespace=dict.fromkeys(_REQUIRED, 0))(), "it can be changed"),
    ],
)
def test_what_is_no_configuration_is_refused(clock: object, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        RankerConfig(clocks=(clock,))
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("kind", "My Clock", "kind is 'My Clock'; give small letters"),
        ("kind", "../own", "give small letters"),
        (
            "kind",
            "k" * 101,
            r"a clock's kind is 101 letters long \('kkkkkkkkkkkkkkkkkkkk\.\.\.'\); it becomes",
        ),
        ("reads_preferences", 1, "reads_preferences is 1; give True or False"),
        ("reads_behaviours", -1, "reads_behaviours is -1; give 0 or more"),
        ("build", None, "build is None; give it the method build"),
    ],
)
def test_what_a_configuration_says_is_looked_at(name: str, value: object, reason: str) -> None:
    clock = type("Odd", (OwnConfig,), {name: value})()
    with pytest.raises(ConfigError, match=reason):
        RankerConfig(clocks=(clock,))


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        (own_clocks.NoModuleConfig(), "own: build gave a Linear; give a ClockModule"),
        (own_clocks.NoWidthConfig(), "own: output_dim is None; set it in the constructor, 1 or more"),
    ],
)
def test_what_is_built_is_looked_at(clock: OwnConfig, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        make_ranker(clocks=(clock,))


def test_an_answer_of_another_width_is_refused() -> None:
    ranker, histories = make_ranker(clocks=(own_clocks.WrongWidthConfig(),)), make_histories()
    with pytest.raises(ConfigError, match=r"clock 'own': it gave shape \(15, 2\) for 15 .* give \(15, 3\)"):
        ranker(make_batch(histories), histories)


class PerRequest(RequestModule):
    """Gives what a function makes of how many requests there are."""

    output_dim = 2

    def __init__(self, give: Callable[[int], Any]) -> None:
        super().__init__()
        self.give = give

    def per_request(self, inputs: ClockInputs) -> Any:
        return self.give(len(inputs.batch.first_M))


@pytest.mark.parametrize(
    ("give", "reason"),
    [
        (lambda requests: torch.zeros(requests + 1, 2), r"gave shape \(4, 2\) for 3 requests; give \(3, 2\)"),
        (lambda requests: torch.zeros(requests - 1, 2), r"gave shape \(2, 2\) for 3 requests"),
        (lambda requests: torch.zeros(requests, 3), r"gave shape \(3, 3\) for 3 requests"),
        (torch.zeros, r"gave shape \(3,\) for 3 requests"),
        (lambda _: None, r"gave NoneType; give a torch\.Tensor, float32 \(3, 2\), a row for each of the req"),
        (lambda requests: np.zeros((requests, 2), np.float32), r"gave ndarray; give a torch\.Tensor"),
        (
            lambda requests: torch.zeros(requests, 2, dtype=torch.float64),
            r"gave torch\.float64; give",
        ),
        (lambda requests: torch.zeros(requests, 2, device="meta"), "gave a tensor on meta; give one on cpu"),
    ],
)
def test_an_answer_by_request_is_looked_at_before_it_is_read(give: Callable[[int], Any], reason: str) -> None:
    kind = type("Odd", (OwnConfig,), {"build": lambda self, sizes: PerRequest(give)})
    ranker, histories = make_ranker(clocks=(kind(),)), make_histories()
    with pytest.raises(ConfigError, match=rf"clock 'own': PerRequest\.per_request {reason}"):
        ranker(make_batch(histories, requests=3), histories)


def test_a_clock_is_told_the_ranker_s_sizes() -> None:
    told: list[RankerSizes] = []
    noting = type(
        "Noting", (OwnConfig,), {"build": lambda self, sizes: told.append(sizes) or own_clocks.Module()}
    )
    make_ranker(clocks=(noting(),))
    assert told == [
        RankerSizes(
            dim=4, std=0.1, item_dim=12, attributes=("genre", "label"), preferences_dim=8, buckets_per_day=24
        )
    ]
