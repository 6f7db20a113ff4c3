"""Context in samples, beside a row-by-row reference."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events.context import ContextNames
from interestclock.ids import Vocabulary
from interestclock.samples.context import context_arrays, context_numbered, context_of_table

NAMES = ContextNames(categorical=("device",), multivalued=("tags",), numeric=("age",))
IDS = st.sampled_from(["a", "b", "c"])


@given(
    rows=st.lists(
        st.tuples(
            st.none() | IDS, st.none() | st.lists(IDS, max_size=3), st.none() | st.floats(-9, 9, width=32)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_each_row_stands_for_itself(rows):
    devices, tags, ages = (list(each) for each in zip(*rows, strict=True))
    table = pa.table(
        {
            "categorical.device": pa.array(devices, pa.string()),
            "multivalued.tags": pa.array(tags, pa.list_(pa.string())),
            "numeric.age": pa.array(ages, pa.float64()),
        }
    )
    known = {"device": Vocabulary(), "tags": Vocabulary()}
    columns = context_of_table(table, NAMES, lambda name, ids: known[name].number(ids))
    numbered = {
        name: {value: n for n, value in enumerate(v.values().to_pylist(), 1)} for name, v in known.items()
    }
    assert columns["categorical.device"].tolist() == [numbered["device"].get(each, 0) for each in devices]
    for row, said in zip(columns["multivalued.tags"].tolist(), tags, strict=True):
        expected = [numbered["tags"][each] for each in said or []]
        assert row == expected + [0] * (len(row) - len(expected))
    for value, said in zip(columns["numeric.age"].tolist(), ages, strict=True):
        assert math.isnan(value) if said is None else value == said
    assert columns["numeric.age"].dtype == np.float32

    given_numbers = {"device": columns["categorical.device"], "tags": columns["multivalued.tags"]}
    again, once = context_numbered(table, NAMES, given_numbers), context_arrays(columns)
    assert {kind: list(each) for kind, each in again.items()} == {
        kind: list(each) for kind, each in once.items()
    }
    for kind, each in once.items():
        for name, column in each.items():
            np.testing.assert_array_equal(again[kind][name], column)


def test_other_columns_are_no_context():
    columns = {"user": np.zeros(1), "numeric.age": np.ones(1), "numerical.age": np.zeros(1)}
    assert {kind: list(each) for kind, each in context_arrays(columns).items()} == {
        "categorical": [],
        "multivalued": [],
        "numeric": ["age"],
    }
