"""A log, then a stream: one form for both, offsets that tell them apart, and what must agree."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from in_memory import REQUESTS, requests_log
from message_stream import MessageStream, as_archive, as_messages

from interestclock.errors import ConfigError
from interestclock.events.message_tables import OF_A_LOG
from interestclock.streams import HybridSource, LiveSource, MicroBatch, open_hybrid
from interestclock.streams.hybrid_source import ARCHIVE

MAPPING = 'event_id = "event_id"\nzone = "UTC"\n[labels]\nfinish = "finish"\n'


@pytest.fixture(scope="module")
def events() -> pa.Table:
    return requests_log(4, requests=20)


def polled(source: LiveSource, most: int = 25) -> list[MicroBatch]:
    found = []
    while not source.ended:
        arrivals = source.poll(most, 0.0)
        if arrivals is not None:
            found.append(arrivals)
    return found


def both(events: pa.Table, **named: object) -> HybridSource:
    return HybridSource(as_archive(events), MessageStream([said for _, said in as_messages(events)]), **named)


def opened(events: pa.Table) -> HybridSource:
    source = both(events)
    source.start_after({})
    return source


def test_rows_have_the_form_of_messages(events: pa.Table) -> None:
    arrivals = polled(opened(events), most=1_000)
    archive, stream = (each.exposures for each in arrivals)
    assert archive.schema.equals(stream.schema)
    assert archive["user_id"].to_pylist() == [str(each) for each in events["user_id"].to_pylist()]
    ids = stream["event_id"].to_pylist()
    as_rows = archive.take(pa.array([archive["event_id"].to_pylist().index(each) for each in ids]))
    told_later = {"arrival", "partition", "values"} | {
        f"{kind}.{each}" for kind in ("label", "known_ms") for each in REQUESTS.labels
    }
    assert as_rows.drop_columns(sorted(told_later)).equals(stream.drop_columns(sorted(told_later)))
    assert set(archive["partition"].to_pylist()) == {ARCHIVE}
    assert set(archive["values"].to_pylist()) == {OF_A_LOG}


def test_it_has_partitions_once_the_archive_has_ended(events: pa.Table) -> None:
    source = opened(events)
    cuts = []
    while (arrivals := source.poll(25, 0.0)) is not None and ARCHIVE in arrivals.offset_ranges.ranges:
        assert source.partitions() == ()
        source.acknowledge({ARCHIVE: "25"})  # nothing to the stream
        cuts.append(arrivals.offset_ranges)
    assert [offset_ranges.polled_ms for offset_ranges in cuts] == [None] * 3
    assert arrivals is not None
    assert arrivals.offset_ranges.polled_ms is not None
    assert source.partitions() == ("plays",)
    source.acknowledge({ARCHIVE: "60", "plays": "25"})
    assert source._stream.acknowledged == {"plays": "25"}


def test_it_goes_on_behind_any_cut(events: pa.Table) -> None:
    whole = polled(opened(events))
    last: dict[str, str] = {}
    for taken, each in enumerate(whole, 1):
        last |= {partition: offset for partition, (_, offset) in each.offset_ranges.ranges.items()}
        later = both(events)
        later.start_after(last)
        rest = polled(later)
        assert [one.offset_ranges.ranges for one in rest] == [
            one.offset_ranges.ranges for one in whole[taken:]
        ]


def test_rows_without_an_id_are_no_message_s_namesake(events: pa.Table) -> None:
    source = HybridSource(as_archive(events, event_ids=False), MessageStream([]))
    arrivals = source.poll(2, 0.0)
    assert arrivals is not None
    assert arrivals.exposures["event_id"].to_pylist() == ["row 1", "row 2"]


@pytest.mark.parametrize("again", [False, True], ids=["in one go", "resumed at the turn"])
def test_a_gap_is_said(again: bool, events: pa.Table, caplog: pytest.LogCaptureFixture) -> None:
    stream = MessageStream([said for _, said in as_messages(events.slice(30))])
    source = HybridSource(as_archive(events.slice(0, 12)), stream)
    source.start_after({ARCHIVE: "12"} if again else {})
    with caplog.at_level(logging.WARNING):
        polled(source)
    (said,) = (each.getMessage() for each in caplog.records)
    assert "log 0000000000000000 ends at 2024-10-05T03:00:00.000+00:00" in said
    assert "and plays of a test begins at 2024-10-06T12:00:00.000+00:00" in said
    assert "give an archive that reaches further, or let the broker keep more" in said


def test_a_gap_is_said_of_a_stream_whose_exposures_leave_their_time_to_requests(
    events: pa.Table, caplog: pytest.LogCaptureFixture
) -> None:
    late_ms = events["timestamp_ms"][-1].as_py() + 1
    said = [
        b'{"request_id": "r", "item_id": 1}',
        b'{"served": "r", "user_id": 1, "timestamp_ms": %d, "utc_offset_minutes": 0, "items": []}' % late_ms,
    ]
    source = HybridSource(as_archive(events), MessageStream(said))
    source.start_after({})
    with caplog.at_level(logging.WARNING):
        polled(source, most=1)
    assert "what happened between, if anything did, is in neither" in caplog.text


@pytest.mark.parametrize(("behind_ms", "warned"), [(0, False), (1, True)])
def test_no_gap_where_the_stream_begins_at_the_moment_said(
    behind_ms: int, warned: bool, events: pa.Table, caplog: pytest.LogCaptureFixture
) -> None:
    first_ms = events["timestamp_ms"][30].as_py()
    stream = MessageStream([said for _, said in as_messages(events.slice(30))])
    source = HybridSource(as_archive(events.slice(0, 12)), stream, from_ms=first_ms - behind_ms)
    source.start_after({})
    with caplog.at_level(logging.WARNING):
        polled(source)
    assert [("what --then-from says" in each.getMessage()) for each in caplog.records] == [True] * warned


@pytest.mark.parametrize(("behind_ms", "warned"), [(0, True), (-1, False)])
def test_an_archive_that_ends_too_late_is_said(
    behind_ms: int, warned: bool, events: pa.Table, caplog: pytest.LogCaptureFixture
) -> None:
    source = both(events, from_ms=events["timestamp_ms"][-1].as_py() - behind_ms)
    source.start_after({})
    with caplog.at_level(logging.WARNING):
        polled(source)
    assert ["is learned from the stream, too" in each.getMessage() for each in caplog.records] == [
        True
    ] * warned


def test_an_overlap_is_no_gap(events: pa.Table, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        polled(opened(events))
    assert not caplog.records


def test_the_two_must_agree(events: pa.Table) -> None:
    stream = MessageStream([])
    stream.schema = replace(REQUESTS, labels=("finish", "like"), truths=(), eq3_labels={})
    with pytest.raises(ConfigError, match=r"labels of log 0+ are finish, like, skip, and of plays of a test"):
        HybridSource(as_archive(events), stream)
    archive = as_archive(events)
    archive.item_table = pa.table({"item_id": [1]})
    with pytest.raises(ConfigError, match=r"attributes of log 0+ stand in a file, and of plays of a test in"):
        HybridSource(archive, MessageStream([]))


def test_opened_by_name(tmp_path: Path) -> None:
    log, mapping = tmp_path / "plays.csv", tmp_path / "plays.toml"
    log.write_text("event_id,user_id,item_id,timestamp_ms,finish\ne7,7,1,1970-01-01T09:00:00,1\n")
    mapping.write_text(MAPPING)
    source = open_hybrid(str(log), "redis://127.0.0.1:1/plays", mapping=mapping)
    assert source.name.endswith(", then redis://127.0.0.1:1/plays")
    arrivals = source.poll(10, 0.0)
    assert arrivals is not None
    assert arrivals.exposures.select(["event_id", "user_id"]).to_pylist() == [
        {"event_id": "e7", "user_id": "7"}
    ]
    source.close()
    (tmp_path / "folder").mkdir()
    log.rename(tmp_path / "folder" / "plays.csv")
    (tmp_path / "folder" / "log.toml").write_text(f'log = "plays.csv"\n{MAPPING}')  # serves the stream, too
    source = open_hybrid(str(tmp_path / "folder"), "redis://127.0.0.1:1/plays", from_ms=0)
    assert source.name.endswith(", then redis://127.0.0.1:1/plays from 1970-01-01T00:00:00.000+00:00")
    source.close()


@pytest.mark.parametrize(
    ("log", "stream", "mapped", "reason"),
    [
        (
            "redis://me:s3cret@h/plays",
            "redis://h/plays",
            MAPPING,
            "redis://h/plays' is no log; --then follows",
        ),
        ("plays.csv", "later.csv", MAPPING, "^'later.csv' is no stream; --then takes log://DIR, redis://"),
        (
            "plays.csv",
            "redis://h/plays",
            MAPPING.partition("\n")[2],
            r"names no event_id, .*--then-from TIME",
        ),
    ],
)
def test_what_cannot_follow_is_refused(
    log: str, stream: str, mapped: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "plays.toml").write_text(mapped)
    with pytest.raises(ConfigError, match=reason) as refused:
        open_hybrid(log, stream, mapping=tmp_path / "plays.toml")
    assert "s3cret" not in str(refused.value)
