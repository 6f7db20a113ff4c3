"""The search of a batch: against scoring behaviour by behaviour, on every way it can take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from slow_search import check_retrieved, whole_numbers

from interestclock.search import ItemKeys, Retrieved, Spans, search_batch, seen_in
from interestclock.search import batch as batch_module

WAYS = ("product", "single products", "anywhere")


def question(
    seed: int, *, candidates: int, requests: int, longest: int, items: int, period: int
) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int, size: int) -> torch.Tensor:
        return torch.randint(low, high, (size,), generator=generator)

    length_M = draw(0, longest + 1, requests)
    behaviours = max(1, 2 * longest)
    start_M = (draw(0, behaviours, requests)).clamp(max=behaviours - length_M)
    gaps = period // 2 + 1 if period else 40  # without a period, greater gaps count as the greatest
    times = period or 60
    spans = Spans(
        item_E=draw(-1, items, behaviours).to(torch.int32),
        time_E=draw(0, times, behaviours).to(torch.int32),
        start_M=start_M,
        stop_M=start_M + length_M,
        now_M=draw(0, times, requests),
        period=period,
        gaps=gaps,
    )
    return {
        "query_BZ": whole_numbers(candidates, 3, seed=seed),
        "request_row_B": draw(0, requests, candidates).sort().values,
        "keys": ItemKeys(
            key_UZ=whole_numbers(items, 3, seed=seed + 1),
            row_N=torch.randperm(items, generator=generator)
            .to(torch.int32)
            .masked_fill(draw(0, 4, items) == 0, -1),
        ),
        "time_score_G": whole_numbers(gaps, seed=seed + 2),
        "spans": spans,
    }


def slow_scores(asked: dict[str, Any]) -> list[list[float]]:
    """By behaviour of all users; −inf outside the candidate's span."""
    spans, keys = asked["spans"], asked["keys"]
    scores = []
    for query_Z, request in zip(asked["query_BZ"].tolist(), asked["request_row_B"].tolist(), strict=True):
        row = [-torch.inf] * len(spans.item_E)
        for place in range(int(spans.start_M[request]), int(spans.stop_M[request])):
            item = int(spans.item_E[place])
            if item < 0 or keys.row_N[item] < 0:
                continue
            apart = abs(int(spans.time_E[place]) - int(spans.now_M[request]))
            gap = min(apart, spans.period - apart) if spans.period else apart
            key_Z = keys.key_UZ[keys.row_N[item]].tolist()
            product = sum(q * k for q, k in zip(query_Z, key_Z, strict=True))
            row[place] = product + float(asked["time_score_G"][min(gap, spans.gaps - 1)])
        scores.append(row)
    return scores


def search(way: str, asked: dict[str, Any], top_k: int) -> Retrieved:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_module, "_ROWS_FOR_ONE", 0 if way == "single products" else 10**9)
        if way == "anywhere":
            patch.setattr(batch_module, "_search_compiled", batch_module._search_anywhere)
        return search_batch(**asked, top_k=top_k)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    candidates=st.integers(0, 6),
    requests=st.integers(1, 4),
    longest=st.integers(0, 30),
    items=st.sampled_from([1, 3, 50]),
    period=st.sampled_from([0, 24]),
    top_k=st.integers(1, 40),
)
def test_every_way_finds_what_scoring_one_by_one_finds(
    way: str, *, seed: int, candidates: int, requests: int, longest: int, items: int, period: int, top_k: int
) -> None:
    asked = question(
        seed, candidates=candidates, requests=requests, longest=longest, items=items, period=period
    )
    retrieved = search(way, asked, top_k)
    assert retrieved.offset_BK.shape == (candidates, min(top_k, asked["spans"].longest))
    check_retrieved(retrieved, slow_scores(asked), top_k)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 9_999), known=st.sampled_from([1, 7, 9]))
def test_where_every_item_is_its_own_row(way: str, *, seed: int, known: int) -> None:
    """Nothing is looked up; items beyond those that are known are not found."""
    asked = question(seed, candidates=4, requests=2, longest=30, items=9, period=24)
    keys = ItemKeys(key_UZ=asked["keys"].key_UZ[:known], row_N=torch.arange(known, dtype=torch.int32))
    retrieved = search(way, asked | {"keys": keys}, 5)
    rows = torch.cat([keys.row_N, torch.full((9 - known,), -1, dtype=torch.int32)])
    check_retrieved(retrieved, slow_scores(asked | {"keys": replace(keys, row_N=rows)}), 5)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_do_not_show(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = question(3, candidates=30, requests=7, longest=200, items=50, period=86_400)
    expected = search_batch(**asked, top_k=20)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert torch.equal(search_batch(**asked, top_k=20).offset_BK, expected.offset_BK)


def test_candidates_of_moments_in_any_order() -> None:
    asked = question(5, candidates=12, requests=4, longest=20, items=9, period=24)
    turned = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    other = asked | {name: asked[name][turned] for name in ("query_BZ", "request_row_B")}
    assert torch.equal(
        search_batch(**other, top_k=4).offset_BK, search_batch(**asked, top_k=4).offset_BK[turned]
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_are_searched_too(dtype: torch.dtype) -> None:
    asked = question(7, candidates=5, requests=2, longest=20, items=9, period=24)
    narrow = asked | {
        "query_BZ": asked["query_BZ"].to(dtype),
        "keys": replace(asked["keys"], key_UZ=asked["keys"].key_UZ.to(dtype)),
        "time_score_G": asked["time_score_G"].to(dtype),
    }
    assert torch.equal(search_batch(**narrow, top_k=4).offset_BK, search_batch(**asked, top_k=4).offset_BK)


def test_nothing_wanted_is_refused() -> None:
    asked = question(1, candidates=1, requests=1, longest=3, items=2, period=24)
    with pytest.raises(ValueError, match="top_k is 0; give 1 or more behaviours to keep"):
        search_batch(**asked, top_k=0)


@pytest.mark.parametrize("way", WAYS)
def test_an_item_without_a_key_is_never_found(way: str) -> None:
    spans = Spans(
        item_E=torch.tensor([4, 1, 9]),  # of 1 there is no key, and 9 is beyond them
        time_E=torch.zeros(3, dtype=torch.int64),
        start_M=torch.tensor([0]),
        stop_M=torch.tensor([3]),
        now_M=torch.tensor([0]),
        gaps=1,
    )
    row_N = torch.tensor([-1, -1, 0, -1, 1], dtype=torch.int32)
    keys = ItemKeys(key_UZ=torch.tensor([[0.5], [2.0]]), row_N=row_N)
    asked = {"query_BZ": torch.ones(1, 1), "request_row_B": torch.tensor([0]), "keys": keys}
    retrieved = search(way, asked | {"time_score_G": torch.zeros(1), "spans": spans}, 3)
    assert retrieved.present_BK.tolist() == [[True, False, False]]
    assert retrieved.score_BK.tolist() == [[2.0, -torch.inf, -torch.inf]]


def test_what_learns_is_searched_by_its_values() -> None:
    asked = question(7, candidates=5, requests=2, longest=20, items=9, period=24)
    learning = asked | {
        "query_BZ": torch.nn.Parameter(asked["query_BZ"]),
        "keys": replace(asked["keys"], key_UZ=torch.nn.Parameter(asked["keys"].key_UZ)),
    }
    assert torch.equal(search_batch(**learning, top_k=4).offset_BK, search_batch(**asked, top_k=4).offset_BK)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query_BZ": torch.zeros(5, 2)}, r"query_BZ has shape \(5, 2\) and key_UZ \(9, 3\); give two axes"),
        (
            {"request_row_B": torch.full((5,), 2)},
            "request_row_B holds 2; give whole numbers from 0 on, below 2",
        ),
        ({"request_row_B": torch.zeros(4).long()}, r"request_row_B has shape \(4,\); give \(5,\)"),
        ({"time_score_G": torch.zeros(12)}, r"time_score_G has shape \(12,\); give \(13,\)"),
        (
            {"time_score_G": torch.zeros(13).half()},
            "time_score_G is torch.float16 on cpu, query_BZ torch.float32",
        ),
        (
            {"keys": ItemKeys(key_UZ=torch.zeros(2, 3), row_N=torch.tensor([0, 2], dtype=torch.int32))},
            "row_N holds 2 and key_UZ has 2 rows; give rows of it, or −1 for none",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    asked = question(7, candidates=5, requests=2, longest=20, items=9, period=24)
    with pytest.raises(ValueError, match=message):
        search_batch(**asked | change, top_k=4)


@pytest.mark.parametrize("behaviours", [8 * 12 - 1, 8 * 12])
def test_all_is_taken_as_seen_where_behaviours_are_far_more(behaviours: int) -> None:
    spans = Spans(
        item_E=torch.zeros(behaviours, dtype=torch.int32),
        time_E=torch.zeros(behaviours, dtype=torch.int32),
        start_M=torch.tensor([0]),
        stop_M=torch.tensor([behaviours]),
        now_M=torch.tensor([3]),
        period=22,
        gaps=12,
    )
    seen = seen_in(spans, items=5)
    looked = behaviours < 8 * 12
    assert seen.item_U.tolist() == ([0] if looked else list(range(5)))
    assert seen.row_N.tolist() == ([0, -1, -1, -1, -1] if looked else list(range(5)))
    assert seen.gap_P.tolist() == ([3] if looked else list(range(12)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9_999), st.integers(0, 40), st.sampled_from([0, 24]))
def test_seen_is_what_occurs(seed: int, longest: int, period: int) -> None:
    spans = question(seed, candidates=1, requests=3, longest=longest, items=8, period=period)["spans"]
    assume(int((spans.stop_M - spans.start_M).sum()) < 8 * max(8, spans.gaps))
    items, gaps = set(), set()
    for start, stop, now in zip(spans.start_M, spans.stop_M, spans.now_M.tolist(), strict=True):
        for item, time in zip(
            spans.item_E[start:stop].tolist(), spans.time_E[start:stop].tolist(), strict=True
        ):
            if item >= 0:
                apart = abs(time - now)
                items.add(item)
                gaps.add(min(apart, period - apart) if period else min(apart, spans.gaps - 1))
    seen = seen_in(spans, items=8)
    assert seen.item_U.tolist() == sorted(items)
    assert seen.gap_P.tolist() == sorted(gaps)
    rows = {item: place for place, item in enumerate(sorted(items))}
    assert seen.row_N.tolist() == [rows.get(item, -1) for item in range(8)]


def test_an_item_that_there_is_not_is_refused() -> None:
    spans = question(0, candidates=1, requests=3, longest=8, items=9, period=24)["spans"]
    greatest = max(
        int(spans.item_E[a:b].max()) for a, b in zip(spans.start_M, spans.stop_M, strict=True) if a < b
    )
    seen_in(spans, items=greatest + 1)
    with pytest.raises(ValueError, match=f"item_E holds {greatest} and there are {greatest} items"):
        seen_in(spans, items=greatest)
