"""What only says something imports nothing that takes long to import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner
from warm_command import WarmCommand, warm_command

from interestclock.cli.app import app
from interestclock.defaults import DEFAULT_RANKERS, LAYOUTS, ORDERS, PARTS, SIMULATOR_SIZES
from interestclock.events.open_log import resolve_mapping
from interestclock.ranking.known_clocks import CLOCKS_OF_OURS
from interestclock.simulator import SIZES
from interestclock.studies import CompareConfig
from interestclock.training import TrainConfig

# All we depend on but what a command line is made of, and what declares the keys that are its options.
HEAVY = {
    "confluent_kafka", "duckdb", "fastapi", "httpx", "ibis", "jinja2", "llvmlite", "numba", "numpy", "pandas",
    "plotly", "prometheus_client", "pyarrow", "redis", "safetensors", "sqlglot", "starlette",
    "torch", "uvicorn",
}  # fmt: skip


def commands(group: TyperGroup, *before: str) -> Iterator[list[str]]:
    for name, command in group.commands.items():
        yield [*before, name]
        if isinstance(command, TyperGroup):
            yield from commands(command, *before, name)


def every_command() -> list[list[str]]:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    return list(commands(group))


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmCommand]:
    with warm_command() as made:
        yield made


def packages(modules: frozenset[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_the_command_line_is_imported_light(warm: WarmCommand) -> None:
    assert packages(warm.imported) & HEAVY == set()


@pytest.mark.parametrize("words", [["--version"], ["--help"], []], ids=" ".join)
def test_the_command_itself_is_light(words: list[str], warm: WarmCommand) -> None:
    done = warm.run(words)
    assert done.status == (0 if words else 2)
    assert "interestclock" in done.said
    assert packages(done.imported) & HEAVY == set()


def test_the_package_alone_imports_nothing() -> None:
    ask = "import sys, interestclock; print(*{name.split('.')[0] for name in sys.modules} & set(sys.argv))"
    done = subprocess.run(
        [sys.executable, "-c", ask, *HEAVY, "typer", "rich"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_the_help_of_every_command_is_light(command: list[str], warm: WarmCommand) -> None:
    done = warm.run([*command, "--help"])
    assert done.status == 0
    assert " ".join(command) in done.said
    assert packages(done.imported) & HEAVY == set()


@pytest.mark.parametrize("command", [[], *every_command()], ids=" ".join)
def test_the_help_is_whole_at_80_columns(command: list[str]) -> None:
    said = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}).output
    assert "Usage:" in said
    assert [line for line in said.splitlines() if "…" in line or len(line) > 80] == []
    shown = get_command(app)
    for word in command:
        assert isinstance(shown, TyperGroup)
        shown = shown.commands[word]
    assert [
        name for each in shown.params for name in each.opts if name.startswith("-") and name not in said
    ] == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["compar"], "No such command"),
        (["compare", "log.csv"], "--out"),
        (["compare", "log.csv", "--out", "results", "--seeds", "0"], "--seeds"),
        (["compare", "log.csv", "--out", "results", "--rankers", "base,gausian"], "did you mean gaussian?"),
        (["train", "log.csv", "--checkpoints", "t", "--ranker", "longtrem"], "did you mean longterm?"),
        (["train", "log.csv", "--checkpoints", "t", "--ranker", "base,hour"], "names several rankers"),
        (["train", "log.csv", "--checkpoints", "t", "--then-from", "2026-03-01"], "--then-from"),
        (["train", "log.csv", "--checkpoints", "t", "--label-wait-minutes", "inf"], "--label-wait-minutes"),
        (["compare", "log.csv", "--out", "r", "--order", "streming"], "did you mean streaming?"),
        (["train", "log.csv", "--checkpoints", "t", "--order", "streming"], "did you mean streaming?"),
        (["train", "log.csv", "--checkpoints", "t", "--layout", "fursquare"], "did you mean foursquare?"),
        (["simulate", "--out", "r", "--size", "smal"], "did you mean small?"),
        (["inspect", "log.csv", "--layout", "fursquare"], "did you mean foursquare?"),
        (["inspect", "no-log.csv"], "no-log.csv: no such file or folder"),
        (["compare", "no-log.csv", "--out", "r"], "no-log.csv: no such file or folder"),
        (["features", "no-log.csv", "--out", "r"], "no-log.csv: no such file or folder"),
        (["train", "no-log.csv", "--checkpoints", "no-folder"], "no-log.csv: no such file or folder"),
        (["train", "no-log.csv", "--checkpoints", "no-folder", "--resume"], "no-log.csv: no such file"),
        (
            ["train", "redis://h/s", "--checkpoints", "t", "--state-from", "no-folder"],
            "no-folder holds no trainer",
        ),
        (["snapshots", "list", "no-folder"], "no-folder holds no snapshots"),
        (["snapshots", "verify", "no-folder"], "no-folder holds no snapshots"),
        (["snapshots", "diff", "no-folder", "a", "b"], "no-folder holds no snapshots"),
        (["serve", "--store", "s", "--snapshots", "no-folder"], "no-folder holds no snapshots"),
        (["serve", "--store", "s", "--snapshots", ".", "--snapshots", "."], "a ranker has that name already"),
        (["serve", "--store", "s", "--snapshots", "=."], "name or folder is missing"),
        (["migrate", "no-folder", "--out", "r"], "no-folder holds no trainer"),
        (["store", "migrate", "no-folder"], "no-folder holds no store"),
        (["store", "stats", "no-folder"], "no-folder holds no store"),
        (["store", "user", "no-folder", "7"], "no-folder holds no store"),
        (["store", "verify", "no-folder"], "no-folder holds no store"),
        (["store", "compact", "no-folder"], "no-folder holds no store"),
        (["store", "backup", "no-folder", "r"], "no-folder holds no store"),
        (["store", "restore", "no-folder", "r"], "no-folder is no backup of a store"),
    ],
)
def test_what_is_refused_at_once_is_light(words: list[str], complaint: str, warm: WarmCommand) -> None:
    done = warm.run(words)
    assert done.status != 0
    assert complaint in done.said
    assert packages(done.imported) & HEAVY == set()


def test_what_is_light_would_be_noticed(tmp_path: Path, warm: WarmCommand) -> None:
    done = warm.run(["snapshots", "list", str(tmp_path)])
    assert done.status != 0
    assert "holds no snapshots" in done.said
    assert {"numpy", "torch"} <= packages(done.imported)


def test_a_clock_is_listed_under_its_kind() -> None:
    assert {name: kind().kind for name, kind in CLOCKS_OF_OURS.items()} == {
        name: name for name in CLOCKS_OF_OURS
    }


def test_what_help_names_is_what_there_is() -> None:
    assert tuple(CLOCKS_OF_OURS) == PARTS
    assert tuple(SIZES) == SIMULATOR_SIZES
    assert CompareConfig().rankers == DEFAULT_RANKERS
    assert [TrainConfig(order=order).order for order in ORDERS] == list(ORDERS)
    assert all(resolve_mapping(None, layout=layout) for layout in LAYOUTS)
