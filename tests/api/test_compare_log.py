"""A frame compared gives what the command gives on the same rows in a file, to the digit."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from small_comparison import simulated_log
from typer.testing import CliRunner

import interestclock
from interestclock import ConfigError, GaussianConfig, NamedRanker, ResultError
from interestclock.cli.app import app

COSTS = ("seconds", "samples_per_second", "peak_rss_mib")


@pytest.fixture(scope="module")
def plays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of one log with a row that cannot be used, and beside it what its columns mean."""
    log = simulated_log(tmp_path_factory.mktemp("plays") / "log")
    table = pq.read_table(log / "events").drop_columns(
        ["true_finish", "true_like", "true_skip", "true_dislike"]
    )
    pq.write_table(table, log.parent / "plays.parquet")
    return log.parent


def of_its_figures(results: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from run to run, and the fingerprint, which is of bytes in a file."""
    rankers = {
        name: {key: each for key, each in row.items() if key not in COSTS}
        for name, row in results["rankers"].items()
    }
    log = {key: each for key, each in results["log"].items() if key != "fingerprint"}
    return {**results, "rankers": rankers, "log": log}


def test_a_frame_gives_the_commands_figures_to_the_digit(plays, tmp_path):
    words = ["--zone-column", "zone", "--label-column", "finish", "--item-attribute", "genre"]
    words += [
        "--items",
        str(plays / "log" / "items.parquet"),
        "--rankers",
        "base,hour+gaussian",
        "--seeds",
        "1",
    ]
    words += ["--replicates", "20", "--out", str(tmp_path / "by_command")]
    ran = CliRunner().invoke(app, ["compare", str(plays / "plays.parquet"), *words])
    assert ran.exit_code == 0, ran.output
    compared = interestclock.compare(
        pl.read_parquet(plays / "plays.parquet"),
        zone_column="zone",
        labels=["finish"],
        item_attributes=["genre"],
        items=pl.read_parquet(plays / "log" / "items.parquet"),
        rankers=["base", "hour+gaussian"],
        seeds=1,
        replicates=20,
        out=tmp_path / "by_python",
        progress=False,
    )
    by_command = json.loads((tmp_path / "by_command" / "results.json").read_text())
    assert of_its_figures(dict(compared.results)) == of_its_figures(by_command)
    assert isinstance(compared.table(), pl.DataFrame)
    assert compared.title == "Rankers on polars DataFrame"


def test_without_a_folder_results_lie_in_a_temporary_one(plays, tmp_path, capsys):
    table = pq.read_table(plays / "plays.parquet")
    broken = table.set_column(0, table.column_names[0], table.column(0).take([*range(1, len(table)), None]))
    with pytest.warns(
        UserWarning, match=r"1 of [\d,]+ rows cannot be used and are set aside in .*results-dead"
    ):
        compared = interestclock.compare(
            broken,
            zone_column="zone",
            labels=["finish"],
            rankers=[NamedRanker(name="wide", clocks=())],
            seeds=1,
            replicates=20,
        )
    compared.report(tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 1_000
    assert "writing the report" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wanted", "line"),
    [(True, r"\r\[ +\d+\.\d s\] reading the log"), (False, "$")],
    ids=["told", "not told"],
)
def test_in_a_notebook_progress_is_one_line(wanted, line, plays, monkeypatch, capsys):
    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    table = pq.read_table(plays / "plays.parquet")
    said = {"zone_column": "zone", "labels": ["finish"], "seeds": 1, "replicates": 20}
    interestclock.compare(table, rankers=["base"], progress=wanted, **said)
    told = capsys.readouterr().err
    assert re.match(line, told)
    assert told.count("\n") == int(wanted)


def test_rankers_are_named_once_and_in_a_list(plays):
    table = pq.read_table(plays / "plays.parquet")
    said = {"zone_column": "zone", "labels": ["finish"]}
    with pytest.raises(
        ConfigError, match=r"rankers is the text 'base,hour'; give a list, as \['base', 'hour'\]"
    ):
        interestclock.compare(table, rankers="base,hour", **said)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"rankers and lineup a\.toml both name rankers; give one of them"):
        interestclock.compare(table, rankers=[GaussianConfig()], lineup="a.toml", **said)
    with pytest.raises(ResultError, match=r"is there already; give another out=, or remove it first"):
        interestclock.compare(table, out=plays, rankers=["base"], **said)
