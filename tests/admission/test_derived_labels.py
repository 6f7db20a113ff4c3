"""Labels of raw columns and outcomes: what is held of raw columns, and what a checkpoint gives back."""

from __future__ import annotations

import numpy as np
import pytest

from interestclock.admission.derived_labels import DerivedLabels
from interestclock.events.schema import LogSchema

SCHEMA = LogSchema(
    labels=("finish", "home"),
    outcomes=("played",),
    label_expressions={
        "finish": "played >= 0.8 * coalesce(length, 10)",
        "home": "played > 0 and country = 'DE' and kids is not null",
    },
)
RAW = [
    '{"length":100,"country":"DE","kids":true,"app":"4.2"}',
    '{"length":null,"country":"FR","kids":false}',
    '{"country":"DE","kids":null}',
    '{"country":"","kids":0}',
    None,
]
FINISH = {(0, 0, 0), (1, 0, 1), (2, 0, 1), (3, 0, 1), (4, 0, 1)}  # serial number, label, value
HOME = {(0, 1, 1), (1, 1, 0), (2, 1, 0), (4, 1, 0)}  # empty text is null: of 3 it is not known


def opened() -> DerivedLabels:
    derived = DerivedLabels(SCHEMA)
    assert len(derived.open(np.arange(5), np.full(5, 100), RAW)) == 0
    return derived


def labels_of(derived: DerivedLabels) -> set[tuple[int, int, int]]:
    made = derived.apply(
        serial_E=np.arange(5),
        outcome_E=np.zeros(5, np.int64),
        value_E=np.full(5, 9.0),
        known_ms_E=np.full(5, 150),
        arrival_E=np.arange(5),
    ).labels
    assert set(made.known_ms_E.tolist()) == {150}
    return set(zip(made.serial_E.tolist(), made.label_E.tolist(), made.value_E.tolist(), strict=True))


@pytest.mark.parametrize("restored", [False, True])
def test_null_stays_null(restored: bool) -> None:
    derived = opened()
    if restored:
        state = {name: np.array(each) for name, each in derived.state().items()}
        derived = DerivedLabels(SCHEMA)
        derived.restore(state)
        again = derived.state()
        assert again.keys() == state.keys()
        for name, each in state.items():
            np.testing.assert_array_equal(again[name], each)
    assert labels_of(derived) == FINISH | HOME


def test_columns_that_no_expression_names_are_not_held() -> None:
    held = {name for name in opened().state() if "raw" in name}
    texts = {f"texts/raw.country/{part}" for part in ("text", "ends", "given")}
    assert held == {"columns/raw.length", "columns/raw.kids"} | texts
