"""What a snapshot may hold: every type that can be read again, tables long, short and empty."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor

from interestclock.errors import ResultError
from interestclock.snapshots import SnapshotReader, SnapshotWriter, Touched, diff, list_manifests, verify
from interestclock.snapshots.rows import _DTYPES

SAID = {"about": {}, "watermark_ms": 0, "step": 0}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on disk after a power cut is not the matter here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def bits(values: Tensor) -> list[int]:
    return values.contiguous().reshape(-1).view(torch.uint8).tolist()


@pytest.mark.parametrize("dtype", _DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (2,)], ids=["one axis", "two axes"])
def test_every_type_to_the_bit(dtype: torch.dtype, shape: tuple[int, ...], tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    table = torch.ones(3, *shape).to(dtype)
    first = writer.full(dense={"bias": table}, tables={"weight": table}, **SAID)
    zero = torch.zeros(2, *shape).to(dtype)
    two = Touched(rows=5, row_R=torch.tensor([1, 4]), value_RD=torch.cat([zero[:1], table[:1]]))
    writer.delta(dense={"bias": table[:1]}, tables={"weight": two}, **SAID)
    expected = torch.cat([table[:1], zero[:1], table[:1], zero[:1], table[:1]])
    found = SnapshotReader(tmp_path).load()
    assert found.tables["weight"].dtype == dtype
    assert found.tables["weight"].shape == (5, *shape)
    assert bits(found.tables["weight"]) == bits(expected)
    assert bits(found.dense["bias"]) == bits(table[:1])
    change = next(each for each in diff(tmp_path, first.name, found.manifest.name) if each.name == "weight")
    assert (change.added, change.changed, change.largest) == (2, 1, 1.0)


@pytest.mark.parametrize("dtype", [torch.float8_e8m0fnu, torch.complex128], ids=str)
def test_what_could_not_be_read_again_is_not_written(dtype: torch.dtype, tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    with pytest.raises(ResultError, match="cannot be read again"):
        writer.full(dense={"bias": torch.ones(2).to(dtype)}, tables={}, **SAID)
    assert list_manifests(tmp_path) == []


@pytest.mark.parametrize(
    "odd",
    [torch.tensor([torch.nan]).to(torch.float8_e4m3fn), torch.tensor([complex(0.0, float("inf"))])],
    ids=str,
)
def test_not_finite_in_any_type(odd: Tensor, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="dense/bias holds a number that is not finite"):
        SnapshotWriter(tmp_path, feature_fingerprint="f").full(dense={"bias": odd}, tables={}, **SAID)


@pytest.mark.parametrize("shape", [(), (2, 2, 2)])
def test_a_table_has_one_axis_or_two(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="a table has one axis or two"):
        SnapshotWriter(tmp_path, feature_fingerprint="f").full(
            dense={}, tables={"weight": torch.ones(shape)}, **SAID
        )


@pytest.mark.parametrize("shape", [(0,), (0, 4), (3, 0)], ids=str)
def test_tables_without_rows_or_numbers(shape: tuple[int, ...], tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    empty = torch.zeros(shape)
    first = writer.full(dense={"bias": torch.zeros(0)}, tables={"weight": empty}, **SAID)
    none = Touched(rows=shape[0] + 2, row_R=torch.zeros(0, dtype=torch.int64), value_RD=empty[:0])
    second = writer.delta(dense={"bias": torch.zeros(0)}, tables={"weight": none}, **SAID)
    found = SnapshotReader(tmp_path).load().tables["weight"]
    assert found.shape == (shape[0] + 2, *shape[1:])
    assert not found.any()
    assert verify(tmp_path) == []
    assert [each.added for each in diff(tmp_path, first.name, second.name)] == [2]


def test_a_table_left_out_of_a_delta_is_as_it_was(tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    writer.full(dense={}, tables={"one": torch.ones(2), "other": torch.ones(3)}, **SAID)
    one = Touched(rows=2, row_R=torch.tensor([0]), value_RD=torch.tensor([5.0]))
    manifest = writer.delta(dense={}, tables={"one": one}, **SAID)
    assert (manifest.tables["other"].rows, manifest.tables["other"].touched) == (3, 0)
    other = Touched(rows=4, row_R=torch.tensor([3]), value_RD=torch.tensor([7.0]))
    SnapshotWriter(tmp_path, feature_fingerprint="f").delta(dense={}, tables={"other": other}, **SAID)
    tables = SnapshotReader(tmp_path).load().tables
    assert {name: each.tolist() for name, each in tables.items()} == {
        "one": [5.0, 1.0],
        "other": [1.0, 1.0, 1.0, 7.0],
    }


def test_arrays_that_share_memory_are_written_each(tmp_path: Path) -> None:
    tied = torch.arange(6.0).reshape(3, 2)
    SnapshotWriter(tmp_path, feature_fingerprint="f").full(
        dense={"one": tied, "turned": tied.T}, tables={"all": tied, "some": tied[1:]}, **SAID
    )
    found = SnapshotReader(tmp_path).load()
    assert torch.equal(found.dense["one"], tied)
    assert torch.equal(found.dense["turned"], tied.T)
    assert torch.equal(found.tables["all"], tied)
    assert torch.equal(found.tables["some"], tied[1:])


def test_about_comes_back_as_json_has_it(tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    said = {"watermark_ms": 0, "step": 0, "dense": {}, "tables": {}}
    manifest = writer.full(about={"sizes": (1, 2), "by": {10: "b", 9: "a"}, "title": "\u2713"}, **said)
    assert manifest.about == {"sizes": [1, 2], "by": {"10": "b", "9": "a"}, "title": "\u2713"}
    assert SnapshotReader(tmp_path).load().manifest == manifest
    for odd in ({"set": {1}}, {"not a number": float("nan")}):
        with pytest.raises(ResultError, match="about cannot be written as JSON"):
            writer.full(about=odd, **said)
    assert writer.full(about={}, **said).name == "00000002-full"


def test_differences_a_float_would_lose(tmp_path: Path) -> None:
    """Ids differ in the last bit; a table loses rows; a type changes; one name is dense and a table."""
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    first = writer.full(
        dense={"x": torch.zeros(1), "gone": torch.zeros(2)},
        tables={"ids": torch.tensor([2**60, -(2**63)]), "x": torch.ones(3), "type": torch.ones(1)},
        **SAID,
    )
    second = writer.full(
        dense={"x": torch.ones(1)},
        tables={
            "ids": torch.tensor([2**60 + 1, 2**63 - 1]),
            "x": torch.ones(1),
            "type": torch.ones(1, dtype=torch.int64),
        },
        **SAID,
    )
    found = [
        (each.name, each.rows, each.added, each.removed, each.changed, each.largest)
        for each in diff(tmp_path, first.name, second.name)
    ]
    assert found == [
        ("gone", 0, 0, 2, 0, None),
        ("x", 1, 0, 0, 1, 1.0),
        ("ids", 2, 0, 0, 2, float(2**64 - 1)),
        ("type", 1, 1, 1, 0, None),
        ("x", 1, 0, 2, 0, 0.0),
    ]
    assert diff(tmp_path, second.name, second.name) == []
