"""A log replayed: the same rows whenever they are read, at the speed that was asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from in_memory import REQUESTS, MemorySource, requests_log
from live_stream import same

from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.streams import MicroBatch, OffsetRanges, ReplaySource


class Counting(MemorySource):
    passes = 0

    def chunks(self, rows: int = 65_536) -> Iterator[pa.Table]:
        self.passes += 1
        yield from super().chunks(50)


@pytest.fixture
def log() -> Counting:
    return Counting(schema=REQUESTS, events=requests_log(4, requests=80))


def polled(source: ReplaySource, most: int = 37) -> list[MicroBatch]:
    found = []
    while not source.ended:
        arrivals = source.poll(most, 0.0)
        if arrivals is not None:
            found.append(arrivals)
    return found


def test_what_is_reread_is_what_came(log: Counting) -> None:
    first = polled(ReplaySource(log))
    assert sum(each.offset_ranges.messages for each in first) == log.events.num_rows
    again = ReplaySource(log)
    before = log.passes
    for each in first:
        assert same(again.reread(each.offset_ranges).exposures, each.exposures)
    assert log.passes - before <= 2  # one pass for all of them
    assert same(again.reread(first[1].offset_ranges).exposures, first[1].exposures)


def test_it_goes_on_behind_a_row(log: Counting) -> None:
    whole = polled(ReplaySource(log))
    later = ReplaySource(log)
    later.start_after({"0": whole[1].offset_ranges.ranges["0"][1]})
    rest = polled(later)
    assert [each.offset_ranges for each in rest] == [each.offset_ranges for each in whole[2:]]
    assert all(same(mine.exposures, theirs.exposures) for mine, theirs in zip(rest, whole[2:], strict=True))


def test_another_log_is_refused(log: Counting) -> None:
    offset_ranges = OffsetRanges(source="another", ranges={"0": ("1", "5")}, messages=5)
    with pytest.raises(ResultError, match="give the log that was replayed before, unchanged"):
        ReplaySource(log).reread(offset_ranges)


def test_time_runs_as_fast_as_asked(log: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the clock that no one sets counts: here it jumps an hour at a time."""
    now = [0.0]
    monkeypatch.setattr(
        "interestclock.streams.replay.time.sleep", lambda seconds: now.__setitem__(0, now[0] + 1)
    )
    source = ReplaySource(log, speed_up=3_600.0, monotonic_s=lambda: now[0])
    began_ms = log.events["timestamp_ms"][0].as_py()
    while not source.ended:
        arrivals = source.poll(1_000, 1.0)
        if arrivals is not None:
            assert arrivals.exposures["timestamp_ms"].to_numpy().max() <= began_ms + now[0] * 3_600_000
    span_hours = (log.events["timestamp_ms"][-1].as_py() - began_ms) / 3_600_000
    assert span_hours <= now[0] <= span_hours + 2
    with pytest.raises(ConfigError, match=r"speed_up is 0.0; give a number above 0"):
        ReplaySource(log, speed_up=0.0)


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        (
            "user_id",
            pa.array(["é" * 129]),
            r"rows 1 to 1: user_id holds a text of 258 bytes; give at most 256",
        ),
        ("attribute.genre", pa.array([["a", "x" * 257]]), r"attribute.genre holds a text of 257 bytes"),
        ("item_id", pa.array([-(2**63)]), r"item_id is -9223372036854775808 in a row behind 1"),
    ],
)
def test_what_no_table_of_ids_can_hold_is_refused(column: str, values: pa.Array, reason: str) -> None:
    events = requests_log(4, requests=80).slice(0, 1)
    events = events.set_column(events.column_names.index(column), column, values)
    with pytest.raises(LogError, match=reason):
        ReplaySource(MemorySource(schema=REQUESTS, events=events)).poll(10, 0.0)
