"""A clock and a source outside the project, as the page on them shows: compared, loaded, trained live."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from own_code import command, write_own_code
from warm_command import WarmCommand, warm_command

from interestclock.errors import ResultError
from interestclock.live import Checkpoints
from interestclock.live.folder_config import config_of
from interestclock.ranking import load_ranker

CLOCK, WIDE = "my_clocks.weekend:WeekendConfig", "my_clocks.wide:WideWeekendConfig"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    write_own_code(folder)
    return folder


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmCommand]:
    with warm_command("interestclock.studies.compare", "interestclock.live") as made:
        yield made


@pytest.fixture(scope="module")
def compared(folder: Path) -> Path:
    given = ["--rankers", f"base,{CLOCK},{WIDE}", "--seeds", "1", "--replicates", "20", "--out", "results"]
    done = command(folder, "compare", "my_logs:Plays", *given)
    assert done.returncode == 0, done.stderr
    assert "weekend" in done.stdout
    assert "1,200 rows read" in done.stdout
    return folder / "results"


def test_results_name_the_clock_and_say_where_it_came_from(compared: Path) -> None:
    results = json.loads((compared / "results.json").read_text())
    assert list(results["rankers"]) == ["base", "weekend", "weekend-wide"]
    assert "weekend" in (compared / "report.html").read_text()
    settings = json.loads((compared / "config.json").read_text())["settings"]
    assert settings["rankers"] == {
        "base": [],
        "weekend": [{"kind": CLOCK, "width": 8}],
        "weekend-wide": [{"kind": WIDE, "width": 16}],
    }
    saved = json.loads((compared / "rankers" / "weekend-seed0" / "ranker.json").read_text())
    assert saved["config"]["clocks"] == [{"kind": CLOCK, "width": 8}]


def test_a_saved_ranker_imports_nothing_that_the_caller_has_not_named(
    compared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(compared.parent)  # it could be imported
    for allow in ((), ("my_clocks.weekend:Other",)):
        with pytest.raises(ResultError, match=rf'would run; if you trust it, .* allow=\("{CLOCK}",\)'):
            load_ranker(compared / "rankers" / "weekend-seed0", allow=allow)
    assert "my_clocks" not in sys.modules


def test_the_page_loads_it(compared: Path) -> None:
    told = (
        "\nassert ranker.config.clocks[0].width == 8\nassert ranker.clocks[0].linear.weight.abs().sum() > 0"
    )
    script = compared.parent / "told.py"
    script.write_text((compared.parent / "load.py").read_text() + told)
    done = subprocess.run(
        [sys.executable, script.name], cwd=compared.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_page_s_test_passes(folder: Path) -> None:
    ask = "from my_clocks.test_weekend import test_it_is_a_clock as test; test()"
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["inspect"], ["features", "--out", "features"]])
def test_a_source_stands_where_a_path_stands(arguments: list[str], folder: Path) -> None:
    done = command(folder, arguments[0], "my_logs:Plays", *arguments[1:])
    assert done.returncode == 0, done.stderr
    assert "1,200" in done.stdout


@pytest.mark.slow
def test_a_killed_trainer_goes_on_to_the_bit(folder: Path) -> None:
    def train(source: str, to: str, *more: str) -> subprocess.CompletedProcess[str]:
        return command(folder, "train", source, "--ranker", CLOCK, "--checkpoints", to, *more)

    assert train("dying:Pieces", "whole").returncode == 0
    assert train("dying:Dying", "killed").returncode == -signal.SIGKILL
    assert any((folder / "killed" / "checkpoints").iterdir())
    resumed = train("dying:Pieces", "killed", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert predictions(folder / "killed").equals(predictions(folder / "whole"))
    killed, whole = (newest_state(folder / name) for name in ("killed", "whole"))
    assert any("linear.weight" in name for name in whole)
    assert killed.keys() == whole.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(killed[name], value, err_msg=name)
    assert command(folder, "snapshots", "verify", "killed/snapshots").returncode == 0
    said = config_of(folder / "killed")
    assert said["config"]["ranker"]["clocks"] == [{"kind": CLOCK, "width": 8}]
    other = train("dying:Pieces", "killed", "--resume", "--label-wait-minutes", "60", "--seed", "1")
    assert "train.seed was 0 and is 1" in other.stderr
    unnamed = command(folder, "train", "dying:Pieces", "--checkpoints", "killed", "--resume")
    assert f"the ranker was {CLOCK} and is gaussian+longterm (give --ranker {CLOCK})" in unnamed.stderr


def predictions(trainer: Path) -> pa.Table:
    """All parts joined; where they are cut is the process's own matter."""
    parts = [pq.read_table(path) for path in sorted((trainer / "predictions").glob("*.parquet"))]
    return pa.concat_tables(parts).combine_chunks()


def newest_state(trainer: Path) -> dict[str, np.ndarray]:
    found = Checkpoints(trainer / "checkpoints", kept=3).newest(fingerprint=config_of(trainer)["fingerprint"])
    assert found is not None
    return dict(found[1])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["compare", "my_logs:Plays", "--rankers", "base,nowhere.clock:My", "--out", "x"],
            "no module 'nowhere'",
        ),
        (
            ["compare", "my_logs:Plays", "--rankers", "my_clocks.weekend:Weekend", "--out", "x"],
            "module my_clocks.weekend has no 'Weekend' (did you mean WeekendModule?)",
        ),
        (
            ["train", "my_logs:Plays", "--ranker", "my_logs:Plays", "--checkpoints", "x"],
            "is no clock's configuration: it is no dataclass",
        ),
        (["inspect", "my_logs.py:Plays"], "current folder; write my_logs:Plays"),
        (
            ["train", "./logs/my_logs.py:Plays", "--checkpoints", "x"],
            "logs/my_logs.py:Plays: no such file or folder; write logs.my_logs:Plays",
        ),
        (
            ["inspect", "my_logs:Plays", "--zone", "UTC"],
            "which says itself what its columns mean; leave out --zone",
        ),
        (
            ["train", "my_clocks.weekend:WeekendConfig", "--checkpoints", "x"],
            "is no live source: it has no 'schema'",
        ),
        *(
            (
                [command, "shuffled:Shuffled", *more],
                "shuffled:Shuffled: log_row 1199 is of 2023-12-05 17:23:20 UTC, 0:25:00 before "
                "shuffled:Shuffled: log_row 1200 of",
            )
            for command, more in {
                "inspect": [],
                "compare": ["--out", "x"],
                "features": ["--out", "x"],
                "train": ["--checkpoints", "y"],
            }.items()
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    arguments: list[str], told: str, folder: Path, warm: WarmCommand
) -> None:
    done = warm.run(arguments, folder=folder)
    assert done.status == 1
    assert told in " ".join(done.said.split())
    assert "Traceback" not in done.said
    assert not (folder / "x").exists()
