"""The command line as a person meets it."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interestclock.cli import main
from interestclock.clocks import GaussianConfig
from interestclock.ranking import load_ranker


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str) -> Done:
    """The command in this process: starting one costs seconds."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        patch.object(sys, "argv", ["interestclock", *arguments]),
        pytest.raises(SystemExit) as stopped,
    ):
        main()
    return Done(int(stopped.value.code or 0), stdout.getvalue(), stderr.getvalue())


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "interestclock", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("interestclock 0.")


def test_wall_clocks_are_asked_about_until_an_option_says_what_they_are(tmp_path: Path) -> None:
    log = tmp_path / "plays.csv"
    log.write_text("user_id,item_id,timestamp_ms\n7,a,2023-11-14 22:13:20\n7,b,2023-11-14 23:13:20\n")
    command = ("inspect", str(log), "--zone", "Asia/Tokyo", "--positive-only", "play")
    hours = {
        "": "2023-11-14 22:13:20 UTC",
        "--time-is-local": "13:13:20 UTC",
        "--time-is-utc": "22:13:20 UTC",
    }
    for option, first in hours.items():
        done = run(*command, *filter(None, [option]))
        assert (done.returncode, first in done.stdout) == (0, True)


@pytest.mark.parametrize("command", ["compare", "features", "simulate", "inspect"])
def test_help_says_what_a_command_does(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert "--help" in done.stdout


def test_from_simulation_to_comparison(tmp_path: Path) -> None:
    log, out = str(tmp_path / "log"), tmp_path / "out"
    assert run("simulate", "--size", "tiny", "--out", log).returncode == 0
    inspected = run("inspect", log)
    assert inspected.returncode == 0, inspected.stderr
    assert "genre" in inspected.stdout
    lineup = tmp_path / "lineup.toml"
    lineup.write_text('[base]\n[sharp]\nparts = ["hour", {kind = "gaussian", sigma_hours = 0.5}]')
    quick = ("--lineup", str(lineup), "--seeds", "1", "--replicates", "20")
    done = run("compare", log, *quick, "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "report.html" in done.stdout
    assert set(json.loads((out / "results.json").read_text())["rankers"]) == {"base", "sharp"}
    config = json.loads((out / "config.json").read_text())
    assert config["settings"]["seeds"] == 1
    assert [(part["kind"], part.get("sigma_hours")) for part in config["settings"]["rankers"]["sharp"]] == [
        ("hour", None),
        ("gaussian", 0.5),
    ]
    assert load_ranker(out / "rankers" / "sharp-seed0").config.clocks[1] == GaussianConfig(sigma_hours=0.5)
    both = run("compare", log, *quick, "--rankers", "base", "--out", str(tmp_path / "again"))
    assert both.returncode == 1
    assert "both name rankers; give one of them" in both.stderr
    assert len(config["fingerprint"]) == 64


def test_columns_named_on_the_command_line(tmp_path: Path) -> None:
    rows = 200
    table = pa.table(
        {
            "uid": [f"u{i % 6}" for i in range(rows)],
            "song": [i % 9 for i in range(rows)],
            "at": [1_700_000_000 + 3_600 * i for i in range(rows)],
            "done": [i * 7 % 3 == 0 for i in range(rows)],
            "style": ["rock|pop" if i % 9 < 4 else "jazz" for i in range(rows)],
        }
    )
    pq.write_table(table, tmp_path / "plays.parquet")
    done = run(
        "features", str(tmp_path / "plays.parquet"), "--user", "uid", "--item", "song", "--time", "at",
        "--zone", "Europe/Berlin", "--label-column", "finish=done", "--attribute", "genre=style",
        "--separator", "|", "--out", str(tmp_path / "out"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    clocks = pq.read_table(tmp_path / "out" / "clocks.parquet")["genre"].to_pylist()
    assert {value for row in clocks for bucket in row for value in bucket} == {"rock", "pop", "jazz"}


def test_engaged_labels_fill_the_histories(tmp_path: Path) -> None:
    lines = [f"u{i % 3},{i % 5},{1_700_000_000_000 + i * 3_600_000},1,{int(i < 7)}" for i in range(30)]
    (tmp_path / "plays.csv").write_text(
        "user_id,item_id,timestamp_ms,finish,save\n" + "\n".join(lines) + "\n"
    )
    log = ("features", str(tmp_path / "plays.csv"), "--zone", "UTC")
    labels = ("--label-column", "finish", "--label-column", "save")
    done = run(*log, *labels, "--engaged", "save", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert pq.read_metadata(tmp_path / "out" / "histories.parquet").num_rows == 7


def test_a_malformed_row_names_the_option_that_sets_it_aside(tmp_path: Path) -> None:
    lines = [f"u1,3,{1_700_000_000_000 + i},1" for i in range(3)] + ["u1,3,not a time,1"]
    (tmp_path / "plays.csv").write_text("user_id,item_id,timestamp_ms,click\n" + "\n".join(lines) + "\n")
    log = ("inspect", str(tmp_path / "plays.csv"), "--zone", "UTC", "--label-column", "click")
    done = run(*log)
    assert done.returncode == 1
    assert "row 4" in done.stderr
    assert "--dead-letters FILE" in done.stderr
    assert run(*log, "--dead-letters", str(tmp_path / "aside.jsonl")).returncode == 0


def test_an_error_is_a_sentence_not_a_traceback(tmp_path: Path) -> None:
    done = run("inspect", str(tmp_path / "nothing.csv"), "--zone", "UTC")
    assert done.returncode == 1
    assert "no such file or folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_malformed_rows_go_beside_the_results(tmp_path: Path) -> None:
    lines = [f"u{i % 3},{i % 5},{1_700_000_000_000 + i * 3_600_000},{i % 2}" for i in range(80)]
    lines[10] = "u1,3,not a time,1"
    (tmp_path / "plays.csv").write_text("user_id,item_id,timestamp_ms,click\n" + "\n".join(lines) + "\n")
    done = run(
        "compare", str(tmp_path / "plays.csv"), "--zone", "UTC", "--label-column", "click",
        "--rankers", "base", "--seeds", "1", "--replicates", "10", "--out", str(tmp_path / "out"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    letters = (tmp_path / "out-dead-letters.jsonl").read_text().splitlines()
    assert len(letters) == 1
    assert "not a time" in letters[0]
    assert json.loads((tmp_path / "out" / "results.json").read_text())["log"]["dead_letters"] == 1


@pytest.mark.parametrize("minutes", ["inf", "1e30", "nan", "-1"])
def test_a_lateness_beyond_all_time_is_a_usage_error(tmp_path: Path, minutes: str) -> None:
    done = run("inspect", str(tmp_path), "--lateness-minutes", minutes)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--window-days", "--candidates-by-popularity"])
def test_numbers_that_would_never_end_are_usage_errors(tmp_path: Path, option: str) -> None:
    assert (
        run("features", str(tmp_path), "--out", str(tmp_path / "out"), option, "1000000000").returncode == 2
    )


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("simulate", "--size", "tiny", "--out", str(tmp_path / "file" / "log"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_an_out_without_a_name_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run("simulate", "--size", "tiny", "--out", str(log))
    done = run("features", str(log), "--out", ".")
    assert done.returncode == 1
    assert "is there already" in done.stderr


WRITING = """
import pathlib, sys
from interestclock.files import new_folder
with new_folder(pathlib.Path(sys.argv[1])):
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize(
    "command", [["compare", "no-such-log"], ["features", "no-such-log"], ["simulate", "--size", "tiny"]]
)
def test_what_another_process_writes_is_refused_before_anything_is_read(
    command: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = subprocess.Popen(
        [sys.executable, "-c", WRITING, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with first:
        assert first.stdout is not None
        first.stdout.readline()
        done = run(*command, "--out", str(out))
    assert done.returncode == 1
    said = f"out is being written by another process (process {first.pid}, since "
    assert said in done.stderr
    assert done.stderr.endswith("UTC); stop it, or give another --out\n")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_several_files_and_a_pattern_are_one_log(tmp_path: Path) -> None:
    for part in (2, 10):
        lines = [f"u1,{i},{1_700_000_000_000 + part * 1_000 + i},1," for i in range(3)]
        text = "user_id,item_id,timestamp_ms,click,like\n" + "\n".join(lines) + "\n"
        (tmp_path / f"plays-{part}.csv").write_text(text)
    (tmp_path / "notes.txt").write_text("of plays\n")
    options = ("--zone", "UTC", "--label-column", "click", "--label-column", "like")
    by_a_shell = (str(tmp_path / "plays-10.csv"), str(tmp_path / "plays-2.csv"))
    for log in (by_a_shell, (str(tmp_path / "plays-*.csv"),), (str(tmp_path),)):
        done = run("inspect", *log, *options)
        assert done.returncode == 0, done.stderr
        assert "6" in next(line for line in done.stdout.splitlines() if "events used" in line)
        said = " ".join(done.stdout.split())
        assert "label 'like' is missing in every row" in said
        assert ("left out, as no file of the log's format" in said) == (log == (str(tmp_path),))
