"""When files of an embedded log go: old enough, and passed by whoever follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from embedded_logs import filled, followed, offsets, polled
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ResultError
from interestclock.streams import EmbeddedLogWriter, Segments, remove_follower
from interestclock.streams.embedded_log_folder import HEADER, PREFIX, entry_bytes
from interestclock.streams.log_followers import FollowerOffset
from interestclock.streams.log_retention import LogRetention

HOUR_MS = 3_600_000


def opened(folder: Path, segment_bytes: int = 1) -> Segments:
    """Of one entry a file, unless told otherwise."""
    segments = Segments(folder, prefix=PREFIX, segment_bytes=segment_bytes)
    if not segments.firsts:
        segments.new_segment(HEADER)
    return segments


def append(segments: Segments, *times_ms: int) -> None:
    for time_ms in times_ms:
        segments.append([entry_bytes(time_ms, b"m")])


def test_files_go_by_their_age(tmp_path: Path) -> None:
    """Entries of 0 to 4 h; three hours are kept, and a file goes with the last entry in it."""
    segments = opened(tmp_path)
    append(segments, *(hour * HOUR_MS for hour in range(5)))
    retention = LogRetention(segments, keep_ms=3 * HOUR_MS)
    kept = []
    for hour in range(3, 10):
        retention.apply(now_ms=hour * HOUR_MS)
        kept.append(segments.first)
    assert kept == [1, 2, 3, 4, 5, 6, 6]  # behind the last one another file was begun at 5 h


def test_what_a_follower_did_not_pass_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    segments = opened(tmp_path)
    append(segments, *range(10))
    retention = LogRetention(segments, keep_ms=HOUR_MS)
    slow, fast = FollowerOffset(tmp_path, "slow"), FollowerOffset(tmp_path, "fast")
    slow.write(3)
    fast.write(8)
    retention.apply(now_ms=5 * HOUR_MS)
    assert segments.first == 4
    assert "follower 'slow' is 7 entries behind, last heard of 20" in caplog.text
    assert "follower 'fast' is 2 entries behind" in caplog.text  # 9 is old as well
    assert "If it never comes back, remove followers/slow.offset" in caplog.text
    retention.apply(now_ms=5 * HOUR_MS + 60_000)
    assert caplog.text.count("'slow'") == 1
    slow.write(10)
    fast.write(10)
    retention.apply(now_ms=6 * HOUR_MS + 60_000)
    assert segments.first == 11
    assert caplog.text.count("'slow'") == 1
    slow.release()
    fast.release()


def test_one_that_was_removed_is_not_waited_for(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    append(segments, *range(5))
    retention = LogRetention(segments, keep_ms=HOUR_MS)
    gone = FollowerOffset(tmp_path, "gone")
    gone.write(0)
    gone.release()
    retention.apply(now_ms=3 * HOUR_MS)
    assert segments.first == 1
    remove_follower(tmp_path, "gone")
    retention.apply(now_ms=3 * HOUR_MS)
    assert segments.first == 5


def test_a_file_begins_when_the_last_is_an_eighth_of_what_is_kept_old(tmp_path: Path) -> None:
    """However little is appended: what was is not kept for ever."""
    segments = opened(tmp_path, 1 << 20)
    retention = LogRetention(segments, keep_ms=8 * HOUR_MS)
    begun = []
    for quarter in range(12):
        append(segments, quarter * HOUR_MS // 4)
        retention.apply(now_ms=quarter * HOUR_MS // 4)
        begun.append(len(segments.firsts))
    assert begun == [1] * 4 + [2] * 4 + [3] * 4


def test_a_quiet_log_is_let_go_of_too(tmp_path: Path) -> None:
    segments = opened(tmp_path, 1 << 20)
    append(segments, 0, 1)
    for now_ms in (HOUR_MS, 9 * HOUR_MS):
        LogRetention(opened(tmp_path), keep_ms=8 * HOUR_MS).apply(now_ms=now_ms)  # each time started anew
    retention = LogRetention(opened(tmp_path), keep_ms=8 * HOUR_MS)
    retention.apply(now_ms=10 * HOUR_MS)
    retention.apply(now_ms=19 * HOUR_MS)
    assert opened(tmp_path).firsts == (3,)
    assert opened(tmp_path).position == 2


def test_a_clock_that_was_wrong_for_a_while_holds_nothing_for_long(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    append(segments, 0, 1, 99_999 * HOUR_MS, 2, 3)
    LogRetention(segments, keep_ms=HOUR_MS).apply(now_ms=2 * HOUR_MS)
    assert segments.first == 5


@settings(max_examples=60, deadline=None)
@given(
    gaps_ms=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    of_followers=st.lists(st.integers(0, 12), max_size=3),
    keep_ms=st.integers(0, 20),
    later_ms=st.integers(0, 40),
)
def test_nothing_goes_that_is_young_or_was_not_passed(
    gaps_ms: list[int],
    of_followers: list[int],
    keep_ms: int,
    later_ms: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Entry by entry: it went if it and the next one are old, and all have passed it."""
    folder = tmp_path_factory.mktemp("log")
    segments = opened(folder)
    times_ms = [sum(gaps_ms[: place + 1]) for place in range(len(gaps_ms))]
    append(segments, *times_ms)
    for number, offset in enumerate(of_followers):
        follower = FollowerOffset(folder, f"f{number}")
        follower.write(offset)
        follower.release()
    now_ms = times_ms[-1] + later_ms
    LogRetention(segments, keep_ms=keep_ms).apply(now_ms=now_ms)
    gone = [
        number
        for number, (_, next_ms) in enumerate(zip(times_ms, [*times_ms[1:], now_ms], strict=True), 1)
        if next_ms <= now_ms - keep_ms and all(number <= offset for offset in of_followers)
    ]
    assert segments.first - 1 == len(gone)


def test_the_writer_lets_go_and_a_new_follower_begins_with_what_is_kept(tmp_path: Path) -> None:
    old = followed(tmp_path, "old")
    old.start_after({})
    for message in (b"a", b"b", b"c"):
        filled(tmp_path, [message], segment_bytes=1)
    assert offsets(polled(old)) == [1, 2, 3]
    old.acknowledge({"0": "2"})
    EmbeddedLogWriter(tmp_path, keep_hours=0, segment_bytes=1).close()
    new = followed(tmp_path, "new")
    new.start_after({})
    assert offsets(polled(new)) == [3]
    old.start_after({"0": "1"})
    with pytest.raises(ResultError, match=r"the log begins with entry 3; entry 2 is needed: start anew"):
        old.poll(5, 0.0)
    old.close()
    new.close()
    EmbeddedLogWriter(tmp_path, keep_hours=0).close()
    filled(tmp_path, [b"d"])
    late = followed(tmp_path, "late")
    late.start_after({})
    assert offsets(polled(late)) == [3, 4]  # of which old did not say that it has it
    late.close()


def test_all_of_a_log_may_have_gone(tmp_path: Path) -> None:
    filled(tmp_path, [b"a", b"b"])
    EmbeddedLogWriter(tmp_path, keep_hours=0).close()
    source = followed(tmp_path)
    source.start_after({})
    assert source.poll(5, 0.0) is None
    assert source.at_end(("0",)) == {"0"}
    filled(tmp_path, [b"c"])
    assert source.at_end(("0",)) == frozenset()
    assert offsets(polled(source)) == [3]
    source.close()
