from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.ids import Vocabulary


@given(st.lists(st.lists(st.one_of(st.none(), st.text("abc", max_size=2)), max_size=20), max_size=5))
def test_numbers_come_in_order_of_first_appearance(chunks: list[list[str | None]]) -> None:
    vocabulary, seen = Vocabulary(), []
    for chunk in chunks:
        for value in chunk:
            if value is not None and value not in seen:
                seen.append(value)
        numbers = vocabulary.number(pa.array(chunk, pa.string()))
        assert numbers.tolist() == [0 if value is None else seen.index(value) + 1 for value in chunk]
    assert vocabulary.values().to_pylist() == seen
    assert len(vocabulary) == len(seen)


def test_a_number_does_not_change_when_more_values_come() -> None:
    vocabulary = Vocabulary()
    first = vocabulary.number(pa.array([30, 10, 30]))
    vocabulary.number(pa.array([99, 98, 97]))
    assert vocabulary.number(pa.array([30, 10, 30])).tolist() == first.tolist() == [1, 2, 1]
    assert vocabulary.values()[1].as_py() == 10


@pytest.mark.parametrize("kind", [pa.int64(), pa.string()])
def test_empty_and_chunked_columns(kind: pa.DataType) -> None:
    vocabulary = Vocabulary()
    assert vocabulary.number(pa.array([], kind)).tolist() == []
    values = pa.array([1, 2], pa.int64()).cast(kind)
    assert vocabulary.number(pa.chunked_array([values, values])).tolist() == [1, 2, 1, 2]
    assert vocabulary.number(pa.chunked_array([values])).dtype == "int32"
