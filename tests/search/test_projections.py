"""What a model makes of items, on disk: the same numbers back, or a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from interestclock.errors import ResultError
from interestclock.search import ProjectionCache, Retrieved, hit_rate, search_request


def random_rows(items: int = 40) -> dict[str, torch.Tensor]:
    torch.manual_seed(items)
    return {"key_NZ": torch.randn(items, 8), "query_NZ": torch.randn(items, 8)}


@pytest.mark.parametrize(
    ("dtype", "close"), [(torch.float32, 0), (torch.float16, 2e-3), (torch.bfloat16, 2e-2)]
)
def test_rows_come_back(tmp_path: Path, dtype: torch.dtype, close: float) -> None:
    rows, item = random_rows(), torch.tensor([3, 39, 3, 0])
    cache = ProjectionCache.write(tmp_path / "p", **rows, version="1", dtype=dtype)
    for retrieved, given in ((cache.keys(item), rows["key_NZ"]), (cache.queries(item), rows["query_NZ"])):
        torch.testing.assert_close(retrieved, given[item], atol=close, rtol=close)
        assert retrieved.dtype == torch.float32
    assert (len(cache), cache.version) == (40, "1")


def test_half_the_bytes(tmp_path: Path) -> None:
    wide, narrow = (
        ProjectionCache.write(tmp_path / str(dtype), **random_rows(1_000), version="1", dtype=dtype)
        for dtype in (torch.float32, torch.float16)
    )
    assert narrow.path.stat().st_size < 0.51 * wide.path.stat().st_size


def test_changed_and_new_rows_are_the_new_versions_alone(tmp_path: Path) -> None:
    old = ProjectionCache.write(tmp_path / "p", **random_rows(), version="1", dtype=torch.float32)
    rows_RZ = torch.full((3, 8), 7.0)
    new = old.updated(
        tmp_path / "p", item_R=torch.tensor([5, 40, 41]), key_RZ=rows_RZ, query_RZ=-rows_RZ, version="2"
    )
    assert (len(old), len(new), new.version) == (40, 42, "2")
    assert torch.equal(new.keys(torch.tensor([5, 41])), rows_RZ[:2])
    assert torch.equal(new.queries(torch.tensor([40])), -rows_RZ[:1])
    others = torch.tensor([i for i in range(40) if i != 5])
    assert torch.equal(new.keys(others), old.keys(others))
    assert torch.equal(old.keys(torch.arange(40)), random_rows()["key_NZ"])
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_search_over_the_cache_hits_nearly_all(tmp_path: Path) -> None:
    rows, nothing_L = random_rows(2_000), torch.zeros(2_000)
    cache = ProjectionCache.write(tmp_path / "p", **rows, version="1")
    query_CZ, item_L = rows["query_NZ"][:20], torch.arange(2_000)
    exact = search_request(query_CZ, rows["key_NZ"], nothing_L, top_k=100)
    retrieved = search_request(cache.queries(item_L[:20]), cache.keys(item_L), nothing_L, top_k=100)
    assert 0.98 < hit_rate(retrieved, exact) <= 1


def test_hits_by_hand() -> None:
    def at(places: list[list[int]], present: list[list[bool]]) -> Retrieved:
        offset_BK = torch.tensor(places)
        return Retrieved(offset_BK=offset_BK, score_BK=offset_BK.float(), present_BK=torch.tensor(present))

    exact = at([[1, 2], [5, 0]], [[True, True], [True, False]])
    assert hit_rate(at([[2, 9], [0, 5]], [[True, True], [True, False]]), exact) == pytest.approx(1 / 3)
    assert hit_rate(exact, exact) == 1
    nothing = at([[0]], [[False]])
    assert hit_rate(nothing, nothing) == 1


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e6])
def test_numbers_that_cannot_be_kept_are_refused(tmp_path: Path, bad: float) -> None:
    rows = random_rows()
    rows["key_NZ"][17, 2] = bad
    with pytest.raises(
        ResultError, match=r"as torch.float16, the key of item 17 holds a number that is not finite"
    ):
        ProjectionCache.write(tmp_path / "p", **rows, version="1")
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="nowhere: no such file; write the projections first"):
        ProjectionCache(tmp_path / "nowhere")
    ProjectionCache.write(tmp_path / "p", **random_rows(), version="1")
    whole = (tmp_path / "p").read_bytes()
    for cut in (0, 10, len(whole) - 1):
        (tmp_path / "cut").write_bytes(whole[:cut])
        with pytest.raises(ResultError, match="no whole cache of projections"):
            ProjectionCache(tmp_path / "cut")
    save_file({"key": torch.zeros(1, 1)}, tmp_path / "foreign")
    with pytest.raises(ResultError, match="no whole cache of projections"):
        ProjectionCache(tmp_path / "foreign")
    bad = torch.full((2, 2), torch.nan)
    save_file({"key": bad, "query": bad.clone()}, tmp_path / "bad", {"version": "1"})
    with pytest.raises(ResultError, match="bad: the key of item 0 holds a number that is not finite"):
        ProjectionCache(tmp_path / "bad")


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"keys have shape \(2, 3\), queries \(2, 4\)"):
        ProjectionCache.write(
            tmp_path / "p", key_NZ=torch.zeros(2, 3), query_NZ=torch.zeros(2, 4), version="1"
        )
    with pytest.raises(ResultError, match=r"cannot be kept as torch\.int8"):
        ProjectionCache.write(tmp_path / "p", **random_rows(), version="1", dtype=torch.int8)
    cache = ProjectionCache.write(tmp_path / "p", **random_rows(), version="1")
    one = torch.zeros(1, 8)
    with pytest.raises(ResultError, match="item 40 is new and has no row"):
        cache.updated(tmp_path / "p", item_R=torch.tensor([41]), key_RZ=one, query_RZ=one, version="2")
