"""The command as an operator of an older version's trainer meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from old_folders import unpacked
from typer.testing import CliRunner, Result

from interestclock.cli.app import app
from interestclock.errors import ResultError


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, list(arguments))


def test_it_says_what_became_of_it_and_how_to_go_on(tmp_path: Path) -> None:
    old, new = unpacked(tmp_path), tmp_path / "new"
    done = run("migrate", str(old), "--out", str(new))
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"{new}: 1 checkpoint converted; {old} is as it was",
        f"go on with: interestclock train ... --checkpoints {new} --resume",
    ]
    again = run("migrate", str(old), "--out", str(new))
    assert isinstance(again.exception, ResultError)
    assert str(again.exception) == f"{new} is there already; give another --out, or remove it first"


def test_train_names_the_command(tmp_path: Path) -> None:
    """Before the log is looked at: it need not be there."""
    old = unpacked(tmp_path)
    done = run("train", str(tmp_path / "no log"), "--checkpoints", str(old), "--resume")
    with pytest.raises(ResultError, match=r"convert it with 'interestclock migrate .*trainer --out NEW'"):
        raise done.exception or AssertionError
