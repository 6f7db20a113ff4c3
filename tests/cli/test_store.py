"""The commands about stores as one meets them who operates one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result
from updated_stores import Log, embedded, update

from interestclock.cli.app import app
from interestclock.errors import ResultError


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=60)


@pytest.fixture(scope="module")
def store(log: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "store"
    update(*log, folder)
    return folder


def run(*arguments: str, columns: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["store", *arguments])


def test_what_is_in_a_store_is_shown(store: Path, log: Log) -> None:
    done = run("stats", str(store))
    assert done.exit_code == 0, done.output
    for words in (
        "7 (ids are text)",
        f"0: {log.messages}",
        "an exposure with a 1 in finish or like",
        "of genre, by like = like, finish = finish, skip = skip",
        " d ago",
        "votes of Eq. 3",
    ):
        assert words in done.output
    plain = json.loads(run("stats", str(store), "--json").output)
    assert plain["offsets"] == {"0": str(log.messages)}
    assert plain["users"] == 7
    assert plain["schema"]["labels"] == ["finish", "like", "skip"]
    assert plain["usage"]["entries"]["item"] == plain["items"]


@pytest.mark.parametrize("words", [["stats"]], ids=" ".join)
def test_where_there_is_no_store_it_is_said(words: list[str], tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        done = run(words[0], str(folder), *words[1:])
        assert isinstance(done.exception, ResultError)
        assert f"{folder} holds no store; name the folder that" in str(done.exception)
