"""Names, defaults and types of arguments are those of a mapping's keys and of the commands."""

from __future__ import annotations

import inspect as signatures
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

import pytest

import interestclock
from interestclock.cli.app import compare_command, features_command, inspect_command, simulate_command
from interestclock.cli.key_options import key_options
from interestclock.cli.log_options import LogOptions
from interestclock.mapping_keys import LogKeys

READERS = (interestclock.inspect, interestclock.compare, interestclock.features)
SAID_ELSEWHERE = {"mapping", "layout", "items", "lateness_minutes", "dead_letters"}
NOT_OF_ROWS = {
    "candidates_by_popularity",
    "candidates_from_own_past",
    "candidates_own_past",
}  # features of rows that are there alone


def parameters(function: Callable[..., Any]) -> dict[str, signatures.Parameter]:
    return dict(signatures.signature(function).parameters)


def of_the_log() -> set[str]:
    return {name for name in LogKeys.__struct_fields__ if name != "log"} | {"label_delays", *SAID_ELSEWHERE}


@pytest.mark.parametrize("function", READERS)
def test_every_key_of_a_mapping_is_an_argument_that_is_not_given_by_default(function):
    here = parameters(function)
    assert of_the_log() <= here.keys()
    given = {name: here[name].default for name in of_the_log()}
    assert given == dict.fromkeys(of_the_log()) | {"lateness_minutes": 0.0}
    assert [name for name, each in here.items() if each.kind is not each.KEYWORD_ONLY] == ["data"]


@pytest.mark.parametrize("function", READERS)
def test_a_key_is_written_out_alike_everywhere(function):
    hints, first = get_type_hints(function), get_type_hints(READERS[0])
    assert {name: hints[name] for name in of_the_log()} == {name: first[name] for name in of_the_log()}


def test_every_option_of_a_log_is_an_argument():
    options = {"delay_seconds": "label_delays"}
    assert {options.get(each.key, each.key) for each in key_options(LogKeys)} <= of_the_log()
    assert {each.name for each in fields(LogOptions)} - {"log", "keys"} == SAID_ELSEWHERE


@pytest.mark.parametrize(
    ("function", "command", "without"),
    [
        (interestclock.inspect, inspect_command, set()),
        (interestclock.compare, compare_command, {"progress"}),
        (interestclock.features, features_command, {"as_of"}),
        (interestclock.simulate, simulate_command, set()),
    ],
)
def test_arguments_and_options_have_the_same_names_and_defaults(function, command, without):
    of_command = parameters(command.__wrapped__ if hasattr(command, "__wrapped__") else command)
    command_own = {name: each.default for name, each in of_command.items() if name != "log"}
    own = {name: each.default for name, each in parameters(function).items()}
    own = {name: default for name, default in own.items() if name not in of_the_log() | {"data"} | without}
    if function is interestclock.features:
        command_own = {name: each for name, each in command_own.items() if name not in NOT_OF_ROWS | {"out"}}
    if function is interestclock.compare:
        assert own.pop("out") is None  # a temporary folder
        del command_own["out"]
    assert own == command_own
