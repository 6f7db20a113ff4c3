"""The command that trains on a stream: what it decides by the kind of its source."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.cli.stream_settings import default_lateness_minutes, moment_ms
from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.live import PredictionParts
from interestclock.streams import ReplaySource, open_live

MAPPING = 'zone = "UTC"\n[labels]\nfinish = "finish"\n[attributes]\ngenre = "genre"\n'


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "plays.toml"
    path.write_text(MAPPING)
    return path


@pytest.mark.parametrize(
    ("address", "minutes"), [("redis://127.0.0.1:1/plays", 1.0), ("kafka://127.0.0.1:1/plays", 1.0)]
)
def test_messages_of_a_stream_may_pass_each_other(address: str, minutes: float, mapping: Path) -> None:
    source = open_live(address, mapping=mapping)
    assert default_lateness_minutes(source) == minutes
    source.close()


@pytest.mark.parametrize(("options", "lateness_ms"), [([], 0), (["--lateness-minutes", "2"], 120_000)])
def test_a_log_is_in_order(options: list[str], lateness_ms: int, mapping: Path, tmp_path: Path) -> None:
    log = tmp_path / "plays.csv"
    rows = [f"{n % 3},{n % 5},1970-01-01T09:{n:02}:00,{n % 2},rock" for n in range(40)]
    log.write_text("user_id,item_id,timestamp_ms,finish,genre\n" + "\n".join(rows) + "\n")
    folder = tmp_path / "trainer"
    ran = CliRunner().invoke(
        app, ["train", str(log), "--mapping", str(mapping), "--checkpoints", str(folder), *options]
    )
    assert ran.exit_code == 0, ran.output
    assert "40 messages: 40 learned" in ran.output
    said = json.loads((folder / "config.json").read_text())
    assert said["config"]["admission"]["lateness_ms"] == lateness_ms


def test_choices_stand_beside_so_many_candidates(tmp_path: Path) -> None:
    log, mapping = tmp_path / "visits.csv", tmp_path / "visits.toml"
    rows = [f"{n % 3},{n % 5},1970-01-01T09:{n:02}:00,bar" for n in range(40)]
    log.write_text("user_id,item_id,timestamp_ms,kind\n" + "\n".join(rows) + "\n")
    mapping.write_text('zone = "UTC"\npositive_only = "visit"\n[attributes]\nkind = "kind"\n')
    folder = tmp_path / "trainer"
    given = ["--candidates-by-popularity", "3", "--candidates-from-own-past", "0"]
    ran = CliRunner().invoke(
        app, ["train", str(log), "--mapping", str(mapping), "--checkpoints", str(folder), *given]
    )
    assert ran.exit_code == 0, ran.output
    assert "AUC among candidates" in ran.output
    said = json.loads((folder / "config.json").read_text())
    assert said["config"]["candidates"] == {"by_popularity": 3, "from_own_past": 0, "seed": 0}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--then", "redis://127.0.0.1:1/plays"], "its mapping names no event_id"),
        (["--then", "later.csv"], "'later.csv' is no stream"),
        (["--then-from", "2026-03-01T00:00:00Z"], "--then-from goes with --then; leave it out"),
        (
            ["--then-from", "2026-03-01"],
            "--then-from is '2026-03-01'; give a date and time with Z or an offset",
        ),
        (["--then-from", "soon"], "--then-from is 'soon'; give a date and time with Z or an offset"),
    ],
)
def test_what_follows_a_log_is_a_stream(
    options: list[str], reason: str, mapping: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "trainer"
    ran = CliRunner().invoke(
        app, ["train", "plays.csv", "--mapping", str(mapping), "--checkpoints", str(folder), *options]
    )
    assert isinstance(ran.exception, ConfigError)
    assert reason in str(ran.exception)
    assert not folder.exists()


def test_from_when_on_a_stream_follows() -> None:
    assert moment_ms("2026-03-01T01:00:00.5+01:00") == moment_ms("2026-03-01T00:00:00.500Z") == 1772323200500


def test_another_ranker_starts_on_the_state_of_a_replay_that_was_stopped(
    mapping: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second half of the log is learned by the second ranker, and none of the first."""
    log = tmp_path / "plays.csv"
    rows = [
        f"e{n},{n % 7},{n % 5},2026-03-{1 + n // 720:02}T{n // 30 % 24:02}:{2 * n % 60:02}:00,{n % 2},rock"
        for n in range(3_000)
    ]
    log.write_text("event_id,user_id,item_id,timestamp_ms,finish,genre\n" + "\n".join(rows) + "\n")
    mapping.write_text('event_id = "event_id"\n' + MAPPING)
    poll = ReplaySource.poll

    def stopping(self: ReplaySource, most: int, wait_s: float):
        arrivals = poll(self, most, wait_s)
        if arrivals is not None and self._next > 2_000:
            signal.raise_signal(signal.SIGTERM)
        return arrivals

    def train(folder: str, *options: str) -> Result:
        common = ["train", str(log), "--mapping", str(mapping), "--checkpoints", str(tmp_path / folder)]
        return CliRunner().invoke(app, [*common, "--label-wait-minutes", "10", *options])

    with monkeypatch.context() as patch:
        patch.setattr(ReplaySource, "poll", stopping)
        first = train("first", "--ranker", "base")
    assert first.exit_code == 0, first.output
    log_file = tmp_path / "log.jsonl"
    second = train("second", "--ranker", "gaussian", "--learning-rate", "0.01", "--state-from",
                   str(tmp_path / "first"), "--log-file", str(log_file))  # fmt: skip
    assert second.exit_code == 0, second.output
    said = [
        PredictionParts(tmp_path / each / "predictions", ("finish",)).read() for each in ("first", "second")
    ]
    ids = [table["event_id"].to_pylist() for table in said]
    assert len(ids[0]) > 1_900
    assert ids[0] + ids[1] == [f"e{n}" for n in range(3_000)]
    assert f"3,000 messages: {len(ids[1]):,} learned, {len(ids[0]):,} in kept state" in second.output
    assert "are left to it" in log_file.read_text()
    refused = train("third", "--state-from", str(tmp_path / "first"), "--keep-hours", "2")
    assert isinstance(refused.exception, ResultError)
    assert "config.keep_hours was 1.0 and is 2.0" in str(refused.exception)


def test_resuming_nothing_says_that_it_starts_anew(mapping: Path, tmp_path: Path) -> None:
    log, folder = tmp_path / "plays.csv", tmp_path / "trainer"
    log.write_text("user_id,item_id,timestamp_ms,finish,genre\n1,2,1970-01-01T09:00:00,1,rock\n")
    command = ["train", str(log), "--mapping", str(mapping), "--checkpoints", str(folder), "--resume"]
    assert f"nothing to resume in {folder}: starting anew" in CliRunner().invoke(app, command).output
    assert "starting anew" not in CliRunner().invoke(app, command).output
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    assert f"no checkpoint in {folder} to go on from" in CliRunner().invoke(app, command).output


@pytest.mark.parametrize("command", [["no-such-log"], ["redis://127.0.0.1:1/plays"]])
def test_a_folder_that_is_taken_is_refused_before_the_source_is_opened(
    command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "config.json").touch()
    with pytest.raises(ResultError, match="holds a trainer; go on with --resume, or name another folder"):
        CliRunner().invoke(app, ["train", *command, "--checkpoints", str(tmp_path)], catch_exceptions=False)


def write_plays(log: Path, rows: list[str]) -> None:
    log.write_text("user_id,item_id,timestamp_ms,finish,genre\n" + "\n".join(rows) + "\n")


def play(minute: int, user: object = 1, finish: int = 1) -> str:
    return f"{user},{minute % 5},2023-11-14T09:{minute:02}:00,{finish},rock"


def train(*given: object) -> Result:
    return CliRunner().invoke(app, ["train", *map(str, given)])


def test_rows_of_a_log_that_cannot_be_used_are_set_aside_and_what_is_said_of_it_is_told(
    mapping: Path, tmp_path: Path
) -> None:
    log, folder = tmp_path / "plays.csv", tmp_path / "trainer"
    long = "é" * 129
    write_plays(log, [*(play(n) for n in range(20)), play(20, long), play(21), play(21, finish=0)])
    ran = train(log, "--mapping", mapping, "--checkpoints", folder)
    assert ran.exit_code == 0, ran.output
    letters = folder / "log-dead-letters.jsonl"
    assert (
        f"23 rows read: 21 used, 1 duplicates (with other labels: 1 dropped), 1 malformed (set aside in "
        f"{letters})" in ran.output
    )
    assert "1 of the duplicates has other labels than the first row of its user, item and time" in ran.output
    (letter,) = map(json.loads, letters.read_text().splitlines())
    assert (letter["row"], letter["values"]["user_id"]) == (21, long)


def test_a_log_that_is_mended_begins_anew_in_the_folder_of_the_first_try(
    mapping: Path, tmp_path: Path
) -> None:
    log, folder = tmp_path / "plays.csv", tmp_path / "trainer"
    given = (log, "--mapping", mapping, "--checkpoints", folder)
    write_plays(log, [*(play(n) for n in range(1, 20)), play(0)])
    died = train(*given)
    assert isinstance(died.exception, LogError)
    assert "row 20 is of 2023-11-14 09:00:00 UTC" in str(died.exception)
    again = train(*given)
    assert isinstance(again.exception, ResultError)  # nothing was changed
    assert "go on with --resume" in str(again.exception)
    write_plays(log, [play(n) for n in range(20)])
    resumed = train(*given, "--resume")
    assert "without --resume it begins anew" in str(resumed.exception)
    ran = train(*given)
    assert ran.exit_code == 0, ran.output
    assert f"no checkpoint in {folder}: it begins anew" in ran.output
    assert "20 messages: 20 learned" in ran.output
    fresh = train(log, "--mapping", mapping, "--checkpoints", tmp_path / "fresh")
    assert fresh.exit_code == 0
    read = [
        PredictionParts(each / "predictions", ("finish",)).read() for each in (folder, tmp_path / "fresh")
    ]
    assert read[0].equals(read[1])


def test_a_folder_with_a_checkpoint_is_not_begun_anew(mapping: Path, tmp_path: Path) -> None:
    log, folder = tmp_path / "plays.csv", tmp_path / "trainer"
    write_plays(log, [play(n) for n in range(20)])
    assert train(log, "--mapping", mapping, "--checkpoints", folder).exit_code == 0
    write_plays(log, [play(n) for n in range(30)])
    refused = train(log, "--mapping", mapping, "--checkpoints", folder)
    assert "go on with --resume" in str(refused.exception)
    assert "is of another source" in str(
        train(log, "--mapping", mapping, "--checkpoints", folder, "--resume").exception
    )


def test_a_trainer_of_the_published_adaptive_clock_is_told_what_it_goes_on_with(
    mapping: Path, tmp_path: Path
) -> None:
    """Folders of earlier versions have no ``hour_dim``, and neither has one of the form that they were of."""
    log, folder, lineup = tmp_path / "plays.csv", tmp_path / "trainer", tmp_path / "lineup.toml"
    write_plays(log, [play(n) for n in range(20)])
    lineup.write_text('[published]\nparts = [{kind = "adaptive", hour_dim = 0}]')
    given = (log, "--mapping", mapping, "--checkpoints", folder)
    published = ("--lineup", lineup, "--ranker", "published")
    assert train(*given, *published).exit_code == 0
    settings = json.loads((folder / "config.json").read_text())["config"]
    assert settings["ranker"]["clocks"] == [{"kind": "adaptive"}]
    refused = train(*given, "--ranker", "adaptive", "--resume")
    assert (
        '(give parts = [{kind = "adaptive", hour_dim = 0, population_votes = 0.0}] to the ranker in a '
        "--lineup file); go on with" in str(refused.exception)
    )
    resumed = train(*given, *published, "--resume")
    assert resumed.exit_code == 0, resumed.output


def test_a_source_of_ones_own_does_not_end_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaving_logs.py").write_text(LEAVING)
    monkeypatch.syspath_prepend(tmp_path)
    ran = train("leaving_logs:Plays", "--checkpoints", tmp_path / "trainer", "--ranker", "base")
    assert isinstance(ran.exception, ConfigError)
    assert str(ran.exception) == (
        "leaving_logs:Plays: chunks() called sys.exit(0); raise an error that says what is wrong, or return"
    )
    inspected = CliRunner().invoke(app, ["inspect", "leaving_logs:Plays"])
    assert str(inspected.exception) == str(ran.exception)


LEAVING = """
import sys
from interestclock.events.schema import LogCounts, LogSchema

class Plays:
    schema, counts = LogSchema(labels=("finish",)), LogCounts()

    def items(self):
        return None

    def fingerprint(self):
        return "f"

    def chunks(self, rows=1):
        sys.exit(0)
        yield
"""
