"""The command that runs the loop: what it refuses, and what it says in the end."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.closed_loop import ClosedLoop, LoopConfig, LoopCounts, PartNumbers, UserNumbers
from interestclock.errors import ConfigError, LogError

RUNNER = CliRunner()


def outcome(name: str) -> str:
    return f"events_by_outcome_total{{outcome={name}}}"


@pytest.mark.parametrize(
    ("option", "match"),
    [
        (("--size", "huge"), "--size 'huge'"),
        (("--ranker", "gausian"), "gausian"),
        (("--shown", "51"), "shown is 51, of 50 candidates"),
        (("--speed-up", "0"), "speed_up is 0.0"),
        (("--redis", "kafka://h:1/t"), "--redis 'kafka://h:1/t': give redis://HOST:PORT/STREAM"),
        (("--kafka", "h:1"), "--kafka 'h:1': give kafka://HOST:PORT/TOPIC"),
        (("--redis", "redis://h/s", "--kafka", "kafka://h:1/t"), "are both given; give one of them"),
        (("--redis", "redis://ann:secret@h/s"), "redis://h/s: a loop writes the address down"),
        (("--redis", "redis://h/a,b"), "redis://h/a,b: names several streams; give one"),
        (("--user", "uid", "--label-column", "a=b"), "--user, --label-column: say what a log is like"),
        (("--lateness-minutes", "5"), "--lateness-minutes: say what a log is like, and none is replayed"),
        (("--replay", "a.csv", "--size", "tiny", "--shown", "3"), "--size, --shown: of simulated users"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    option: tuple[str, str], match: str, tmp_path: Path
) -> None:
    result = RUNNER.invoke(app, ["live", str(tmp_path / "loop"), *option])
    assert isinstance(result.exception, ConfigError)
    assert match in str(result.exception)
    assert not (tmp_path / "loop").exists()


@pytest.mark.parametrize("learned", [104, 103])
def test_status_and_words_say_whether_the_counts_are_equal(
    learned: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs is a loop of no processes: the counts are given."""
    config = LoopConfig(size="tiny")
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / "loop.json").write_text(json.dumps(asdict(config)))
    counts = LoopCounts(
        users=UserNumbers(ranks=1, exposures=4, exposures_acknowledged=4),
        log=5,
        archive=100,
        updater={"events_total": 105.0, outcome("exposures"): 104.0},
        trainer={"events_total": 105.0, outcome("learned"): float(learned)},
        before={"events_total": 100.0, outcome("exposures"): 100.0},
    )

    def run(loop: ClosedLoop, **_: Any) -> LoopCounts:
        part = PartNumbers(name="trainer", up=True, restarts=1, resident_bytes=5e8)
        loop.at_begin = loop.at_end = (part,)
        loop.days, loop.seconds = 0.5, 60.0
        return counts

    monkeypatch.setattr(ClosedLoop, "run", run)
    result = RUNNER.invoke(app, ["live", str(tmp_path / "loop"), "--size", "tiny"])
    assert result.exit_code == int(learned != 104)
    verdict = "equal" if learned == 104 else "1 fewer"
    assert f"104 in features since the log before, {learned} learned: {verdict}" in result.output
    assert "0.50 days in 1.0 minutes" in result.output
    assert "trainer up, 1 restart, 500 MB; in the end trainer up" in result.output


def test_a_log_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["live", str(tmp_path / "loop"), "--replay", str(tmp_path / "none.csv")])
    assert isinstance(result.exception, LogError)
    assert "none.csv: no such file" in str(result.exception)
    assert not (tmp_path / "loop").exists()


def test_a_folder_goes_on_with_the_same_log_and_mapping_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[tuple[bool, str]] = []

    def run(loop: ClosedLoop, **_: Any) -> None:
        loop.folder.write_archive()
        found.append((loop.folder.users.patient, loop.folder.archive.joinpath("log.toml").read_text()))

    monkeypatch.setattr(ClosedLoop, "run", run)
    (tmp_path / "plays.csv").write_text("uid,item_id,timestamp_ms,done\na,1,0,1\nb,2,86400000,0\n")
    given = ["live", str(tmp_path / "loop"), "--replay", str(tmp_path / "plays.csv"), "--days-before", "1"]
    given += ["--user", "uid", "--zone", "UTC", "--label-column"]
    assert RUNNER.invoke(app, [*given, "finish=done"]).exit_code == 0
    assert RUNNER.invoke(app, [*given, "finish=done"]).exit_code == 0
    assert found[0] == found[1]
    assert found[0][0]
    assert '"finish" = { column = "label.finish"' in found[0][1]
    result = RUNNER.invoke(app, [*given, "like=done"])
    assert isinstance(result.exception, ConfigError)
    assert "is a loop with replayed" in str(result.exception)
