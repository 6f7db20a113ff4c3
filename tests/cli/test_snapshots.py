"""The commands about snapshots as an operator meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from interestclock.cli.snapshots import snapshots_app
from interestclock.errors import ResultError
from interestclock.snapshots import SnapshotWriter, Touched


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(snapshots_app, list(arguments))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole snapshot and two deltas: rows 1 and 3 of a table of 4, then nothing."""
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    writer.full(
        dense={"bias": torch.zeros(2)},
        tables={"weight[0]": torch.ones(3, 2)},
        about={},
        watermark_ms=1_795_516_200_000,
        step=1_000,
    )
    touched = Touched(rows=4, row_R=torch.tensor([1, 3]), value_RD=torch.tensor([[1.5, 1.0], [7.0, 7.0]]))
    for step, tables in ((2_000, {"weight[0]": touched}), (3_000, {})):
        writer.delta(
            dense={"bias": torch.zeros(2)},
            tables=tables,
            about={},
            watermark_ms=1_795_516_200_000 + 60 * step,
            step=step,
        )
    return tmp_path


def cells(said: str, first: str) -> list[str]:
    """Of the row of a printed table that starts with a name."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.splitlines() if "│" in line]
    return next(row for row in rows if row[0] == first)


def test_list(folder: Path) -> None:
    done = run("list", str(folder))
    assert done.exit_code == 0
    size = (folder / "00000001-full" / "weights.safetensors").stat().st_size
    assert cells(done.stdout, "00000001-full") == [
        "00000001-full", "", "2026-11-24T10:30:00", "1,000", "3", f"{size:,}",
    ]  # fmt: skip
    assert cells(done.stdout, "00000002-delta")[:5] == [
        "00000002-delta", "00000001-full", "2026-11-24T10:32:00", "2,000", "2",
    ]  # fmt: skip
    assert cells(done.stdout, "00000003-delta")[4] == "0"


def test_verify(folder: Path) -> None:
    done = run("verify", str(folder))
    assert done.exit_code == 0
    names = ("00000001-full", "00000002-delta", "00000003-delta", "CURRENT")
    assert done.stdout.splitlines() == [f"{name}  OK" for name in names]


def test_verify_says_what_is_wrong(folder: Path) -> None:
    weights = folder / "00000002-delta" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    done = run("verify", str(folder))
    assert done.exit_code == 1
    first, second, third, current = done.stdout.splitlines()
    assert first == "00000001-full  OK"
    assert second.startswith("00000002-delta  ")
    assert "bytes, should be" in second
    assert "it goes on from, 00000002-delta, is not whole" in third
    assert current.endswith("names 00000003-delta, which is not whole; let the trainer write a snapshot")


def test_verify_looks_at_current(folder: Path) -> None:
    (folder / "CURRENT").write_text("00000007-full")
    done = run("verify", str(folder))
    assert done.exit_code == 1
    assert "names '00000007-full', which is not there" in done.stdout


def test_diff(folder: Path) -> None:
    done = run("diff", str(folder), "00000001-full", "00000002-delta")
    assert done.exit_code == 0
    assert cells(done.stdout, "weight[0]") == ["weight[0]", "4", "1", "0", "1", "0.5"]
    assert "bias" not in done.stdout
    same = run("diff", str(folder), "00000002-delta", "00000003-delta")
    assert same.stdout == "nothing changed from 00000002-delta to 00000003-delta\n"


@pytest.mark.parametrize("command", ["list", "verify"])
def test_a_folder_of_something_else(command: str, tmp_path: Path) -> None:
    done = run(command, str(tmp_path))
    assert isinstance(done.exception, ResultError)
    assert "holds no snapshots; name the folder snapshots/ of a trainer" in str(done.exception)


@pytest.mark.parametrize("name", ["00000009-full", "../00000001-full", "newest"])
def test_a_snapshot_that_is_not_there(name: str, folder: Path) -> None:
    done = run("diff", str(folder), "00000001-full", name)
    assert isinstance(done.exception, ResultError)


@pytest.mark.parametrize("command", ["list", "verify", "diff"])
def test_help_shows_how(command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"interestclock snapshots {command} trainer/snapshots" in done.stdout
