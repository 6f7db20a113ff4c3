from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest

import interestclock.simulator.write as writing
from interestclock.errors import ConfigError, ResultError
from interestclock.events.open_log import open_log
from interestclock.simulator import (
    SimulatorSize,
    SimulatorTruth,
    size_named,
    write_simulated_log,
)

SIZE = SimulatorSize(users=8, items=200, days=5, exposures_per_day=60)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_simulated_log(tmp_path / name, size=SIZE, seed=4)
    write_simulated_log(tmp_path / "c", size=SIZE, seed=5)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert (
        digests(tmp_path / "a")["events/part-0000.parquet"]
        != digests(tmp_path / "c")["events/part-0000.parquet"]
    )


def test_another_log_of_a_world_has_its_songs_and_says_so(tmp_path: Path) -> None:
    for log in (0, 1):
        write_simulated_log(tmp_path / str(log), size=SIZE, seed=4, log=log)
    first, other = digests(tmp_path / "0"), digests(tmp_path / "1")
    assert [name for name in first if first[name] == other[name]] == ["items.parquet"]
    said = [(tmp_path / str(log) / "log.toml").read_text(encoding="utf-8").splitlines()[0] for log in (0, 1)]
    assert said[0].endswith("5 days, seed 4.")
    assert said[1].endswith("5 days, seed 4, log 1.")


def test_the_folder_opens_by_itself(tmp_path: Path) -> None:
    rows = write_simulated_log(tmp_path / "log", size=size_named("tiny"), seed=0)
    source = open_log(tmp_path / "log")
    events = pa.concat_tables(source.chunks())
    assert source.schema.labels == ("finish", "like", "skip", "dislike")
    assert source.schema.clock_attributes == ("genre", "mood", "language")
    assert source.schema.truths == ("finish", "like", "skip", "dislike")
    assert source.schema.outcomes == ("comment", "played_ms")
    assert events.num_rows == rows == source.counts.used
    known = events["known_ms.finish"].to_numpy() - events["timestamp_ms"].to_numpy()
    assert set(known.tolist()) == {600_000}
    items = source.items()
    assert items is not None
    assert items.num_rows == 300


def test_many_files_hold_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_simulated_log(tmp_path / "one", size=SIZE, seed=4)
    monkeypatch.setattr(writing, "_ROWS_PER_GROUP", 50)
    monkeypatch.setattr(writing, "_ROWS_PER_FILE", 100)
    write_simulated_log(tmp_path / "many", size=SIZE, seed=4)
    assert len(list((tmp_path / "many" / "events").iterdir())) > 1
    one, many = (pa.concat_tables(open_log(tmp_path / name).chunks()) for name in ("one", "many"))
    assert one.equals(many)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ResultError, match=r"is not empty \(it holds 'mine.txt'\); name a new folder"):
        write_simulated_log(tmp_path, size=SIZE)
    with pytest.raises(ResultError, match="is a file; name a folder"):
        write_simulated_log(tmp_path / "mine.txt", size=SIZE)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_half_a_log_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "_write_events", stop)
    with pytest.raises(KeyboardInterrupt):
        write_simulated_log(tmp_path / "log", size=SIZE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"users": 0}, "users is 0; give 1 or more"),
        ({"items": 50}, "items is 50; give 200 or more"),
        ({"days": 0}, "days is 0; give 1 or more"),
    ],
)
def test_sizes_out_of_range(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SimulatorSize(**{"users": 8, "items": 200, "days": 5, "exposures_per_day": 60} | arguments)


def test_unknown_size() -> None:
    with pytest.raises(ConfigError, match="no simulator size 'medium'; there are tiny, small, large"):
        size_named("medium")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"moments": 9}, "moments is 9; give 1 to 7"),
        ({"popular_share": 0.8}, "give shares that add to 1 at most"),
        ({"time_effect": -0.5}, r"time_effect is -0.5; give 0 \(none\) or above"),
        ({"time_effect": float("nan")}, "time_effect is nan"),
        ({"common_share": 1.5}, r"common_share is 1.5; give 0 \(all personal\) to 1"),
        ({"hour_activity": (1.0,)}, "hour_activity has 1 weights; give 24"),
    ],
)
def test_truth_out_of_range(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SimulatorTruth(**arguments)  # type: ignore[arg-type]
