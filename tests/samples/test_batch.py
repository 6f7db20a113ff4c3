from __future__ import annotations

import itertools
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interestclock.samples import Batch, BatchMaker, SampleChunk, SampleFolder
from interestclock.samples.batch import request_starts

PER_REQUEST = ("recent_MK", "request_row_B", "first_M", "clocks")


@pytest.fixture(scope="session")
def chunk(prepared_requests: SampleFolder) -> SampleChunk:
    return list(prepared_requests.chunks(BatchMaker(recent=3, clocks=True), prepared_requests.state()))[2]


@pytest.fixture(scope="session")
def chunks(prepared_requests: SampleFolder) -> list[SampleChunk]:
    return list(prepared_requests.chunks(BatchMaker(recent=3, clocks=True), prepared_requests.state()))


def by_exposure(batch: Batch) -> dict[str, Tensor]:
    """Every column with one row per exposure, those by request too; named after fields and features."""
    columns = {"recent": batch.recent_MK[batch.request_row_B]}
    columns |= {f"clocks.{name}": rows[batch.request_row_B] for name, rows in batch.clocks.items()}
    for field in fields(batch):
        value = getattr(batch, field.name)
        if field.name not in PER_REQUEST:
            named = value if isinstance(value, dict) else {"": value}
            columns |= {f"{field.name}.{name}": column for name, column in named.items()}
    return columns


def assert_same(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, column in first.items():
        torch.testing.assert_close(column, second[name], rtol=0, atol=0, equal_nan=True, msg=name)


def assert_moments_hold(batch: Batch) -> None:
    """Each request's first exposure is its first; exposures of a request share user and time."""
    of_row = batch.request_row_B.tolist()
    assert batch.first_M.tolist() == [of_row.index(request) for request in range(len(batch.first_M))]
    for column in (batch.user_B, batch.timestamp_ms_B, batch.second_of_day_B, batch.known_behaviours_B):
        assert torch.equal(column, column[batch.first_M][batch.request_row_B])


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 16, 10_000])
def test_batches_cover_everything_once_and_split_no_request(chunk: SampleChunk, batch_size: int) -> None:
    batches = list(chunk.batches(batch_size))
    assert torch.equal(torch.cat([batch.item_B for batch in batches]), chunk.samples.item_B)
    requests = [set(batch.request_B.tolist()) for batch in batches]
    assert sum(map(len, requests)) == len(set.union(*requests))
    for batch, following in itertools.pairwise(batches):
        more = int((following.request_B == following.request_B[0]).sum())
        assert len(batch) <= batch_size or len(set(batch.request_B.tolist())) == 1
        assert len(batch) + more > batch_size


def test_an_empty_chunk_has_no_batches(chunk: SampleChunk) -> None:
    nothing = chunk.samples.select(torch.zeros(0, dtype=torch.int64))
    assert len(nothing) == 0
    empty = SampleChunk(samples=nothing, truths={}, sizes=chunk.sizes, log_row_B=np.zeros(0, np.int64))
    assert list(empty.batches(16)) == []


@pytest.mark.parametrize("batch_size", [1, 16])
def test_rows_are_the_chunks_own_with_their_clocks(chunk: SampleChunk, batch_size: int) -> None:
    samples, start = by_exposure(chunk.samples), 0
    for name, clock_MHV in chunk.samples.clocks.items():
        samples[f"clocks.{name}"] = clock_MHV[chunk.samples.request_row_B]
    for batch in chunk.batches(batch_size):
        stop = start + len(batch)
        assert_same(by_exposure(batch), {name: column[start:stop] for name, column in samples.items()})
        assert_moments_hold(batch)
        start = stop


def test_clocks_are_not_empty(chunk: SampleChunk) -> None:
    assert any(int((batch.clocks["genre"] > 0).sum()) for batch in chunk.batches(16))


@settings(max_examples=40, deadline=None)
@given(index=st.lists(st.integers(0, 59), min_size=1, max_size=80))
def test_take_is_indexing_row_by_row(chunk: SampleChunk, index: list[int]) -> None:
    batch = next(chunk.batches(60))
    taken = batch.select(torch.tensor(index))
    assert_same(by_exposure(taken), {name: c[torch.tensor(index)] for name, c in by_exposure(batch).items()})
    assert_moments_hold(taken)


@pytest.mark.parametrize("batch_size", [1, 5, 40])
def test_joined_is_one_after_the_other(chunks: list[SampleChunk], batch_size: int) -> None:
    batches = [batch for chunk in chunks[1:3] for batch in chunk.batches(batch_size)]
    joined, parts = by_exposure(Batch.joined(batches)), [by_exposure(batch) for batch in batches]
    for name, column in joined.items():
        rows = torch.cat([_as_wide(part[name], column) for part in parts])
        torch.testing.assert_close(column, rows, rtol=0, atol=0, equal_nan=True, msg=name)
    assert len(Batch.joined(batches)) == sum(map(len, batches))


def test_joining_one_batch_changes_nothing(chunk: SampleChunk) -> None:
    batch = next(chunk.batches(16))
    assert_same(by_exposure(Batch.joined([batch])), by_exposure(batch))


def test_the_same_device_is_the_same_batch(chunk: SampleChunk) -> None:
    batch = next(chunk.batches(16))
    assert batch.to(torch.device("cpu")) is batch
    elsewhere = batch.to(torch.device("meta"))
    assert {column.device.type for column in by_exposure(elsewhere).values()} == {"meta"}


def test_a_moment_ends_where_user_time_or_local_time_changes() -> None:
    user, time, second = np.array([1, 1, 1, 2, 2]), np.array([5, 5, 6, 6, 6]), np.zeros(5, np.int64)
    assert request_starts(user, time, second).tolist() == [True, False, True, True, False]
    second[4] = 3600
    assert request_starts(user, time, second).tolist() == [True, False, True, True, True]
    assert request_starts(user[:0], time[:0]).tolist() == []


def _as_wide(column: Tensor, like: Tensor) -> Tensor:
    if column.ndim != 2:
        return column
    return torch.nn.functional.pad(column, (0, like.shape[1] - column.shape[1]))
