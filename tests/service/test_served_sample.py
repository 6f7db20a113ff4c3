"""Service, updater and trainer each keep their part of a sample; ``store skew`` makes a report of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from admitted_trainers import admitted_source
from admitted_trainers import trained as learn
from in_memory import HOUR_MS
from serving_command import serving
from skewed_streams import CONFIG, NOW_MS, Stream, finished, shown, stream_in
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.cli.served_sample import sampled_by_ranker
from interestclock.client import Client, Rank
from interestclock.errors import ConfigError
from interestclock.live import LiveRun
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.samples import read_records
from interestclock.timeofday import TimeSource, write_clock

SHOWN_S = 2


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    """With a trainer that knows the log so far, and a snapshot of it."""
    stream = stream_in(tmp_path)
    with LiveRun(admitted_source(stream.store), tmp_path / "trainer", config=CONFIG) as run:
        counters = run.trainer.buffer.counters
        run.run(lambda: setattr(run, "stopping", counters.received >= stream.messages))
        TrainerSnapshots(tmp_path / "snapshots", run.trainer).write(whole=True)
    return stream


def serve_and_show(stream: Stream, *names: str) -> str:
    """The service ranks for somebody and is told what was shown; its request's id."""
    clock = stream.folder / "clock.json"
    write_clock(clock, TimeSource(start_ms=NOW_MS, left_ms=TimeSource().now_ms(), factor=1e-12))
    snapshots = stream.folder / "snapshots"
    arguments = ["--store", str(stream.store), "--log", f"log://{stream.log}", "--clock", str(clock)]
    for name in names:
        arguments += ["--snapshots", f"{name}={snapshots}"]
    arguments += ["--sample-requests", "1", "--served", str(stream.folder / "served")]
    with (
        serving(*arguments) as started,
        Client(started.address, timeout_seconds=60) as client,
    ):
        answer = client.rank(Rank(user="1", candidates=["100", "101"], utc_offset_minutes=-300))
        at_ms = NOW_MS + 1_000 * SHOWN_S
        client.log_events([{"request_id": answer.request_id, "item_id": "100", "timestamp_ms": at_ms}])
    stream.messages += 2  # what was served, and what was shown
    return answer.request_id


def test_what_a_service_kept_is_held_against_what_was_trained_on(stream: Stream) -> None:
    stream.append(finished("e1", NOW_MS - 1_000))  # which the store does not have yet
    name = serve_and_show(stream, "one")
    (record,) = read_records(stream.folder / "served")
    assert (record.request_id, record.user, record.features.at_ms) == (name, "1", NOW_MS)
    assert record.log_ends == {"0": str(stream.messages - 2)}

    stream.append(shown("end", NOW_MS + 5 * HOUR_MS, user=7))
    stream.apply()
    trainer = stream.folder / "trainer"
    learn(admitted_source(stream.store), trainer, stream.messages, resume=True, config=CONFIG)
    where = ["--served", str(stream.folder / "served"), "--trained", str(trainer / "requests"), "--json"]
    said = CliRunner().invoke(app, ["store", "skew", str(stream.store), *where])
    assert said.exit_code == 0, said.output
    report = json.loads(said.output)
    assert report["compared"] == 1
    causes = {cause for cause, found in report["causes"].items() if found}
    assert causes == {"clock", "not_yet_applied"}
    assert report["causes"]["clock"]["second_of_day"] == {"requests": 1, "values": SHOWN_S}
    assert report["causes"]["not_yet_applied"]["behaviours"] == {"requests": 1, "values": 1}


def test_of_several_rankers_each_has_its_own_folder(stream: Stream) -> None:
    name = serve_and_show(stream, "one", "two")
    assert [each.request_id for each in read_records(stream.folder / "served" / "one")] == [name]
    assert list(read_records(stream.folder / "served" / "two")) == []


def test_where_a_brokers_log_ends_is_not_known(tmp_path: Path) -> None:
    kept = sampled_by_ranker(["one"], share=0.5, served=tmp_path, log="redis://127.0.0.1:1/plays")
    assert kept["one"].share == 0.5
    assert sampled_by_ranker(["one"], share=0.0, served=None, log=None) == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--sample-requests", "0.1"], "--sample-requests 0.1 has no folder; give --served FOLDER, too"),
        (["--served", "kept"], "--served kept keeps nothing; give --sample-requests SHARE, too"),
    ],
)
def test_one_option_without_the_other_is_refused(given: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    where = ["serve", "--store", str(tmp_path), "--snapshots", str(tmp_path / "snapshots")]
    result = CliRunner().invoke(app, [*where, *given])
    assert isinstance(result.exception, ConfigError)
    assert said in str(result.exception)
