"""A folder of snapshots copied file by file: what is half there is not taken, however files are ordered."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
import torch

from interestclock.snapshots import SnapshotReader, SnapshotWriter, Touched, pin

COMMON = {"about": {}, "watermark_ms": 0, "step": 0}


def written(folder: Path) -> list[str]:
    """A whole snapshot, and two deltas behind it that change a row each."""
    writer = SnapshotWriter(folder, feature_fingerprint="f")
    names = [writer.full(dense={"bias": torch.zeros(1)}, tables={"weight": torch.zeros(3, 2)}, **COMMON).name]
    for number in (1, 2):
        one = Touched(rows=3, row_R=torch.tensor([number]), value_RD=torch.full((1, 2), float(number)))
        dense = {"bias": torch.full((1,), float(number))}
        names.append(writer.delta(dense=dense, tables={"weight": one}, **COMMON).name)
    return names


def copied(folder: Path, source: Path, files: list[Path]) -> None:
    for each in files:
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / each, folder / each)


def halves(content: bytes) -> list[bytes]:
    """What may be there of a file while it is copied: its beginning, or its place with nothing in it yet."""
    lengths = {0, 1, len(content) // 2, len(content) - 1}
    return [*(content[:length] for length in lengths), bytes(len(content))]


def state_of(reader: SnapshotReader) -> tuple[str, list[float], float]:
    snapshot = reader.current
    assert snapshot is not None
    weights = snapshot.tables["weight"][:, 0].tolist()
    return snapshot.manifest.name, weights, float(snapshot.dense["bias"])


def files_of(folder: Path) -> list[Path]:
    return sorted(each.relative_to(folder) for each in folder.rglob("*") if each.is_file())


@pytest.mark.parametrize("by_pin", [False, True])
def test_copied_in_any_order_the_one_before_answers_until_all_is_there(by_pin: bool, tmp_path: Path) -> None:
    """``CURRENT``, or ``PINNED`` beside it, names the newest; the other server holds the first."""
    source = tmp_path / "source"
    names = written(source)
    first = [each for each in files_of(source) if names[0] in str(each)]
    if by_pin:
        pin(source, names[2])
        (source / "CURRENT").write_text(names[1], encoding="utf-8")
    pointer = Path("PINNED" if by_pin else "CURRENT")
    news = [each for each in files_of(source) if each not in first and each.parent != Path()] + [pointer]
    assert len(news) == 5
    for number, order in enumerate(itertools.permutations(news)):
        folder = tmp_path / str(number)
        copied(folder, source, first)
        (folder / "CURRENT").write_text(names[0], encoding="utf-8")
        reader = SnapshotReader(folder)
        assert reader.refresh()
        for each in order:
            assert state_of(reader) == (names[0], [0.0, 0.0, 0.0], 0.0)
            (folder / each).parent.mkdir(exist_ok=True)
            for half in halves((source / each).read_bytes())[number % 5 :: 5]:  # in turn, all of them
                (folder / each).write_bytes(half)
                assert not reader.refresh(), (order, each, half)
                assert state_of(reader)[0] == names[0]
            copied(folder, source, [each])
            took = reader.refresh()
            assert took is (each == order[-1])
        assert state_of(reader) == (names[2], [0.0, 1.0, 2.0], 2.0)
        assert reader.refused is None
        shutil.rmtree(folder)


def test_a_server_that_starts_on_half_a_copy_waits_for_the_rest(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "copy"
    names = written(source)
    order = sorted(files_of(source), key=lambda each: (each.parent == Path(), each.name == "manifest.json"))
    assert [each.name for each in order] == ["weights.safetensors"] * 3 + ["manifest.json"] * 3 + ["CURRENT"]
    reader = SnapshotReader(folder)
    for each in order:
        assert not reader.refresh()
        assert reader.current is None
        assert reader.refused is not None
        copied(folder, source, [each])
    assert reader.refresh()
    assert state_of(reader)[0] == names[2]
