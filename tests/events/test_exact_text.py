"""Numbers that their type cannot tell apart are refused, wherever they would be an id or text."""

from __future__ import annotations

import pyarrow as pa
import pytest

from interestclock.errors import LogError
from interestclock.events.exact_text import exact_text
from interestclock.events.id_values import parse_ids
from interestclock.events.values import parse_categorical, parse_lists

AS_IDS = [
    lambda column: parse_ids(column, pa.int64()),
    lambda column: parse_ids(column, pa.string()),
    parse_categorical,
    lambda column: parse_lists(column, None),
]


@pytest.mark.parametrize("parse", AS_IDS)
@pytest.mark.parametrize(
    ("kind", "first"), [(pa.float64(), 1 << 53), (pa.float32(), 1 << 24), (pa.float16(), 1 << 11)]
)
def test_ids_that_a_type_of_floats_merges_are_the_columns_fault(parse, kind, first):
    told_apart = pa.array([float(first - 12 + each) for each in range(12)]).cast(kind)
    values = parse(told_apart).values.to_pylist()
    assert len({str(value) for value in values}) == 12
    merged = pa.array([float(first + each) for each in range(1, 13)]).cast(kind)
    assert len(set(merged.to_pylist())) < 12
    kept = f"only below {first:,}: different ids may be one there; .*whole, as integers or text"
    with pytest.raises(LogError, match=kept):
        parse(merged)
    with pytest.raises(LogError, match=kept):
        parse(pa.array([7.0, None, float(first)]).cast(kind))  # 2^53 + 1 is written as 2^53


def test_equal_numbers_of_every_type_are_one_text():
    for kind in (pa.int8(), pa.uint64(), pa.float16(), pa.float64()):
        assert exact_text(pa.array([7, None], kind)).to_pylist() == ["7", None]
    assert exact_text(pa.array([0.5, 1e15, float("inf")])).to_pylist() == ["0.5", "1000000000000000", "inf"]
