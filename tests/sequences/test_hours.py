from __future__ import annotations

import pytest
import torch
from plain_sequences import gap_bucket

from interestclock.sequences import HOUR_GAPS, hour_bucket
from interestclock.sequences.hours import GAP_BUCKETS


def test_every_gap_falls_where_counting_bits_says() -> None:
    buckets = hour_bucket(torch.arange(HOUR_GAPS)).tolist()
    assert buckets == [gap_bucket(gap) for gap in range(HOUR_GAPS)]
    assert sorted(set(buckets)) == list(range(GAP_BUCKETS))


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_any_shape_and_integer(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    bucket_X = hour_bucket(torch.full(shape, 6, dtype=dtype))
    assert bucket_X.shape == shape
    assert bucket_X.dtype == torch.int64
    assert (bucket_X == 2).all()
