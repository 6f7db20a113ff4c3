"""The search of one request: exact, bounded in memory, clear about what it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_search import check_retrieved, whole_numbers

from interestclock.search import request as request_module
from interestclock.search import search_request


def scores(query_CZ: torch.Tensor, key_LZ: torch.Tensor, time_score_L: torch.Tensor) -> list[list[float]]:
    return (query_CZ.double() @ key_LZ.double().T + time_score_L.double()).tolist()


@settings(max_examples=100, deadline=None)
@given(
    candidates=st.integers(0, 9),
    length=st.integers(0, 400),
    top_k=st.integers(1, 120),
    masked=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 9_999),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
def test_whole_numbers_are_found_in_the_order_of_a_sort(
    *, candidates: int, length: int, top_k: int, masked: float, seed: int, dtype: torch.dtype
) -> None:
    query_CZ, key_LZ = whole_numbers(candidates, 4, seed=seed), whole_numbers(length, 4, seed=seed + 1)
    time_score_L = whole_numbers(length, seed=seed + 2)
    generator = torch.Generator().manual_seed(seed)
    time_score_L[torch.rand(length, generator=generator) < masked] = -torch.inf
    retrieved = search_request(query_CZ.to(dtype), key_LZ.to(dtype), time_score_L.to(dtype), top_k=top_k)
    assert retrieved.offset_BK.shape == (candidates, min(top_k, length))
    check_retrieved(retrieved, scores(query_CZ, key_LZ, time_score_L), top_k)


@pytest.mark.parametrize("length", [3, 90, 10_000])
def test_random_scores_agree_with_the_reference(length: int) -> None:
    torch.manual_seed(length)
    query_CZ, key_LZ, time_score_L = torch.randn(5, 16), torch.randn(length, 16), torch.randn(length)
    retrieved = search_request(query_CZ, key_LZ, time_score_L, top_k=100)
    check_retrieved(retrieved, scores(query_CZ, key_LZ, time_score_L), 100, close=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_blocks_of_candidates_do_not_show(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype) -> None:
    query_CZ, key_LZ = whole_numbers(150, 4, seed=1).to(dtype), whole_numbers(50, 4, seed=2).to(dtype)
    whole = search_request(query_CZ, key_LZ, torch.zeros(50, dtype=dtype), top_k=7)
    monkeypatch.setattr(request_module, "_BLOCK_FLOATS", 1)
    monkeypatch.setattr(request_module, "_BLOCK_SCORES", 1)
    blocks = search_request(query_CZ, key_LZ, torch.zeros(50, dtype=dtype), top_k=7)
    assert torch.equal(whole.offset_BK, blocks.offset_BK)


def test_keys_laid_out_for_the_product_are_as_good() -> None:
    query_CZ, key_LZ = whole_numbers(3, 4, seed=1), whole_numbers(50, 4, seed=2)
    turned_LZ = key_LZ.T.contiguous().T
    first, second = (search_request(query_CZ, keys, torch.zeros(50), top_k=7) for keys in (key_LZ, turned_LZ))
    assert torch.equal(first.offset_BK, second.offset_BK)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_finds_the_same() -> None:
    given = whole_numbers(30, 8, seed=1), whole_numbers(500, 8, seed=2), whole_numbers(500, seed=3)
    retrieved = search_request(*given, top_k=40)
    on_gpu = search_request(*(each.cuda() for each in given), top_k=40)
    assert torch.equal(retrieved.offset_BK, on_gpu.offset_BK.cpu())
    assert torch.equal(retrieved.score_BK, on_gpu.score_BK.cpu())


def test_no_gradient_flows() -> None:
    query_CZ = torch.randn(2, 3, requires_grad=True)
    assert not search_request(query_CZ, torch.randn(4, 3), torch.zeros(4), top_k=2).score_BK.requires_grad


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query_CZ": torch.zeros(2, 5)}, r"query_CZ has shape \(2, 5\) and key_LZ \(6, 4\)"),
        ({"time_score_L": torch.zeros(5)}, r"time_score_L has shape \(5,\); give \(6,\)"),
        (
            {"key_LZ": torch.zeros(6, 4).half()},
            "key_LZ is torch.float16 on cpu, query_CZ torch.float32 on cpu; give floats of one type",
        ),
        ({"top_k": 0}, "top_k is 0; give 1 or more"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict, message: str) -> None:
    given = {
        "query_CZ": torch.zeros(2, 4), "key_LZ": torch.zeros(6, 4), "time_score_L": torch.zeros(6), "top_k": 3
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        search_request(**given | change)


MEMORY = """
import resource, torch
from interestclock.search import search_request

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

torch.set_num_threads(1)
query, key, time_score = torch.randn(500, 64), torch.randn(100_000, 64), torch.randn(100_000)
search_request(query[:70], key[:1000], time_score[:1000], top_k=100)
before = peak_mib()
search_request(query, key, time_score, top_k=100)
print(peak_mib() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of resident memory as Linux counts it")
def test_a_long_history_is_not_copied_for_each_candidate() -> None:
    """500 x 100,000 scores are 191 MiB, the history 24; a block of products is 64 rows, 24 MiB."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 24 + 2 + 24  # block, keys, and as much again for the product's own packing
