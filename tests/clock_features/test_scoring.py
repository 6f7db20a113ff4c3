from __future__ import annotations

import duckdb
import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from interestclock.clock_features import Eq3Weights, preference_score
from interestclock.errors import ConfigError

TERMS = ("like", "finish", "skip", "dislike")
weight = st.floats(min_value=0, max_value=1e6, allow_nan=False)
weights = st.builds(Eq3Weights, like=weight, finish=weight, skip=weight, dislike=weight)
counts = st.lists(st.tuples(*[st.integers(0, 2**31)] * 4), min_size=1, max_size=8)


def scores_in_duckdb(columns: dict[str, np.ndarray], weights: Eq3Weights) -> np.ndarray:
    table = ibis.table(dict.fromkeys(TERMS, "float64"), name="counts")
    scored = table.select(score=preference_score(*(table[term] for term in TERMS), weights))
    with duckdb.connect() as connection:
        connection.register("counts", pa.table(columns))
        result = connection.sql(ibis.to_sql(scored, dialect="duckdb")).to_arrow_table()
    return result["score"].to_numpy()


def test_hand_computed() -> None:
    weights = Eq3Weights(like=2, finish=1, skip=0.5, dislike=3)
    assert preference_score(2.0, 5.0, 4.0, 1.0, weights) == 4 + 5 - 2 - 3


@settings(max_examples=40, deadline=None)
@example(rows=[(3, 7, 1, 1)], weights=Eq3Weights(like=0.1 + 0.2, finish=1 / 3, skip=1e-17, dislike=0.7))
@given(rows=counts, weights=weights)
def test_python_numpy_and_duckdb_agree_to_the_bit(rows: list[tuple[int, ...]], weights: Eq3Weights) -> None:
    columns = {term: np.array([row[i] for row in rows], np.float64) for i, term in enumerate(TERMS)}
    in_python = [preference_score(*map(float, row), weights) for row in rows]
    in_numpy = preference_score(*columns.values(), weights)
    in_duckdb = scores_in_duckdb(columns, weights)
    expected = np.array(in_python, np.float64).view(np.int64)
    np.testing.assert_array_equal(in_numpy.view(np.int64), expected)
    np.testing.assert_array_equal(in_duckdb.view(np.int64), expected)


@pytest.mark.parametrize("value", [-1.0, -1e-9])
def test_weight_out_of_range(value: float) -> None:
    with pytest.raises(ConfigError, match=r"weight of skip is .*; give 0 or more"):
        Eq3Weights(skip=value)
