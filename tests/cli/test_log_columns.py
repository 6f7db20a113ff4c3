"""Logs whose columns or keys are not what the command line says, as a person meets them."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from interestclock.cli import main

START_S, STEP_S = 1_700_000_000, 1_800


def run(*arguments: str) -> tuple[int, str]:
    """The command in this process, at a width at which nothing is broken."""
    said = io.StringIO()
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        patch.object(sys, "argv", ["interestclock", *arguments]),
        pytest.raises(SystemExit) as stopped,
    ):
        main()
    return int(stopped.value.code or 0), said.getvalue()


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    """600 rows of ratings 0 to 5, items 100.0 to 119.0."""
    rows = [
        f"{row % 12},{100 + row % 20}.0,{START_S + row * STEP_S},{row % 6},{('pop', 'jazz')[row % 2]}\n"
        for row in range(600)
    ]
    path = tmp_path / "ratings.csv"
    path.write_text("user_id,item_id,ts,rating,genre\n" + "".join(rows))
    return path


def options(log: Path) -> list[str]:
    return [str(log), "--time", "ts", "--zone", "UTC"]


def test_compare_refuses_ratings_as_a_label_and_its_remedy_is_one(rated: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    given = [*options(rated), "--attribute", "genre"]
    label = ["--label-column", "finish=rating"]
    code, said = run("compare", *given, *label, "--out", str(out))
    assert (code, out.exists()) == (1, False)
    assert (
        "column 'rating': 400 of its 600 rows (66.7%) hold something else than 0, 1, true, false or" in said
    )
    remedy = re.search(r'--label-column "[^"]*"', said)
    assert remedy is not None
    code, said = run("inspect", *given, *shlex.split(remedy[0]))
    assert code == 0
    assert re.search(r"finish\D+33\.33%\D+0\.00%", said)  # 4 and 5 of 0 to 5


def test_inspect_shows_what_an_items_file_lacks(rated: Path, tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("item_id,mood\n" + "".join(f"{item},calm\n" for item in range(100, 118)))
    given = [*options(rated), "--label-column", "finish=rating >= 4", "--items", str(items)]
    given += ["--item-attribute", "mood"]
    code, said = run("inspect", *given)
    assert code == 1
    assert "none of the log's 20 values of 'item_id' is in it: the log has '100.0', '101.0'" in said
    remedy = re.search(r"--id-type integer", said)
    assert remedy is not None
    code, said = run("inspect", *given, *shlex.split(remedy[0]))
    assert code == 0
    assert re.search(r"items not in the items file\W+2 of 20 \(10\.0%\)", said)
    assert re.search(r"rows of these, without attributes\W+60 of 600 \(10\.0%\)", said)
    assert "have no attributes: the log has 118, 119" in " ".join(said.split())


def test_help_teaches_the_expression() -> None:
    code, said = run("inspect", "--help")
    assert code == 0
    assert "finish=rating >= 4" in " ".join(re.sub(r"[│|]", " ", said).split())
