"""Appending to an embedded log: many callers, a full disk, one process; acknowledged is on the disk."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from embedded_logs import followed, messages_in, offsets, polled
from hypothesis import given, settings
from hypothesis import strategies as st
from small_segments import files_of_at_most, name

from interestclock.errors import ConfigError, QueueFullError, ResultError
from interestclock.streams import EmbeddedLogWriter, SegmentFollower
from interestclock.streams.commit_mark import CommitMark, committed
from interestclock.streams.embedded_log_folder import entry_bytes, read_entry
from interestclock.streams.segment_files import framed
from interestclock.timeofday import TimeSource

_FSYNC = "interestclock.streams.segment_files.os.fsync"


@contextmanager
def disk_that_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The first wait for the disk takes until the second event is set; the first says that it began."""
    begun, go_on = threading.Event(), threading.Event()
    fsync = os.fsync

    def wait(descriptor: int) -> None:
        begun.set()
        assert go_on.wait(30)
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(_FSYNC, wait)
        try:
            yield begun, go_on
        finally:
            go_on.set()


def test_each_message_has_its_offset(tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path / "new" / "log") as writer:
        assert writer.append([b"a"]) == 1
        assert writer.append([b"b", b"", b"c"]) == 2
        assert writer.position == 4
    with EmbeddedLogWriter(tmp_path / "new" / "log") as writer:
        assert writer.append([b"d"]) == 5
    assert messages_in(tmp_path / "new" / "log") == [b"a", b"b", b"", b"c", b"d"]


def test_an_entry_has_the_time_of_its_append(tmp_path: Path) -> None:
    clock = TimeSource(start_ms=5_000, left_ms=TimeSource().now_ms(), factor=1e-9)
    with EmbeddedLogWriter(tmp_path, clock=clock) as writer:
        writer.append([b"a"])
    (entry,) = SegmentFollower(tmp_path, prefix="log").read()
    assert read_entry(tmp_path, entry) == (5_000, b"a")


@settings(max_examples=30, deadline=None)
@given(
    callers=st.lists(
        st.lists(st.lists(st.binary(max_size=9), min_size=1, max_size=3), max_size=8), min_size=1, max_size=5
    ),
    segment_bytes=st.sampled_from([1, 100, 1 << 20]),
)
def test_each_message_stands_once_in_its_callers_order(
    callers: list[list[list[bytes]]], segment_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However calls of threads meet; messages of one call stand together, where its future says."""
    folder = tmp_path_factory.mktemp("log")
    with (
        EmbeddedLogWriter(folder, segment_bytes=segment_bytes) as writer,
        ThreadPoolExecutor(len(callers)) as threads,
    ):

        def hand_over(calls: list[list[bytes]]) -> list[int]:
            futures = [writer.submit(call) for call in calls]
            return [future.result() for future in futures]

        firsts = list(threads.map(hand_over, callers))
    stand = messages_in(folder)
    assert len(stand) == sum(len(call) for calls in callers for call in calls)
    taken: list[int] = []
    for calls, of_calls in zip(callers, firsts, strict=True):
        assert of_calls == sorted(of_calls)
        for call, first in zip(calls, of_calls, strict=True):
            assert stand[first - 1 : first - 1 + len(call)] == call
            taken += range(first, first + len(call))
    assert sorted(taken) == list(range(1, len(stand) + 1))


def test_coroutines_hand_over_too(tmp_path: Path) -> None:
    async def all_of(writer: EmbeddedLogWriter) -> list[int]:
        calls = [asyncio.wrap_future(writer.submit([b"%d" % number])) for number in range(50)]
        return await asyncio.gather(*calls)

    with EmbeddedLogWriter(tmp_path) as writer:
        assert asyncio.run(all_of(writer)) == list(range(1, 51))
    assert messages_in(tmp_path) == [b"%d" % number for number in range(50)]


def test_what_comes_during_a_wait_for_the_disk_takes_one_wait_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        with disk_that_waits(monkeypatch) as (begun, go_on):
            first = writer.submit([b"a"])
            assert begun.wait(30)
            others = [writer.submit([b"%d" % number]) for number in range(20)]
            assert not any(future.done() for future in (first, *others))
            waits = []
            fsync = os.fsync
            monkeypatch.setattr(_FSYNC, lambda descriptor: (waits.append(descriptor), fsync(descriptor)))
            go_on.set()
            assert [future.result(30) for future in (first, *others)] == list(range(1, 22))
        assert len(waits) == 1


def test_nobody_sees_what_is_not_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = followed(tmp_path)
    source.start_after({})
    with EmbeddedLogWriter(tmp_path) as writer:
        writer.append([b"a"])
        assert offsets(polled(source)) == [1]
        with disk_that_waits(monkeypatch) as (begun, go_on):
            later = writer.submit([b"b"])
            assert begun.wait(30)
            assert len(list(SegmentFollower(tmp_path, prefix="log").read())) == 2  # it is in the file
            assert source.poll(5, 0.01) is None
            assert source.at_end(("0",)) == {"0"}
            go_on.set()
            assert later.result(30) == 2
        assert offsets(polled(source)) == [2]
    source.close()


def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    source = followed(tmp_path)
    source.start_after({})
    with EmbeddedLogWriter(tmp_path) as writer:
        writer.append([b"a" * 50])
        size = (tmp_path / name(1)).stat().st_size
        with files_of_at_most(size + 100), pytest.raises(ResultError, match="make room"):
            writer.append([b"b" * 50, b"c" * 50])  # the first of the two has room
        assert (tmp_path / name(1)).stat().st_size == size
        assert offsets(polled(source)) == [1]
        assert writer.append([b"d" * 50]) == 2
        assert offsets(polled(source)) == [2]
    source.close()
    assert messages_in(tmp_path) == [b"a" * 50, b"d" * 50]


def test_a_full_disk_at_the_turn_of_a_file(tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path, segment_bytes=1) as writer:
        writer.append([b"a"])
        with files_of_at_most(10), pytest.raises(ResultError, match="make room"):
            writer.append([b"b"])
        assert writer.append([b"c"]) == 2
    assert messages_in(tmp_path) == [b"a", b"c"]


def test_a_broken_disk_is_told_to_all_of_the_group_and_seen_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = followed(tmp_path)
    source.start_after({})
    with EmbeddedLogWriter(tmp_path) as writer:
        writer.append([b"a"])
        seen: list[int] = []

        def broken(descriptor: int) -> None:
            seen.extend(offsets(polled(source)))  # a follower looks while it is in the file
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(_FSYNC, broken)
            refused = [writer.submit([b"b"]), writer.submit([b"c"])]
            errors = [future.exception(30) for future in refused]
        assert [str(each) for each in errors] == [str(errors[0])] * 2
        assert "Input/output error" in str(errors[0])
        assert errors[0] is not errors[1]
        assert writer.append([b"d"]) == 2
        assert (seen + offsets(polled(source)), writer.position) == ([1, 2], 2)
    source.close()
    assert messages_in(tmp_path) == [b"a", b"d"]


def test_too_much_that_waits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedLogWriter(tmp_path, most_waiting_bytes=250) as writer:
        with disk_that_waits(monkeypatch) as (begun, _):
            futures = [writer.submit([b"a" * 80])]
            assert begun.wait(30)
            futures.append(writer.submit([b"b" * 80]))
            with pytest.raises(
                QueueFullError, match=r"200 bytes wait for the disk, and at most 250 may; try again later"
            ):
                writer.submit([b"c" * 80])
        assert [future.result(30) for future in futures] == [1, 2]
        assert writer.append([b"d" * 80]) == 3
        with pytest.raises(ValueError, match=r"1 messages of 251 bytes; at most 250 may wait .*in parts"):
            writer.submit([b"e" * 231])
    assert messages_in(tmp_path) == [b"a" * 80, b"b" * 80, b"d" * 80]


def test_what_was_taken_back_in_time_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        with disk_that_waits(monkeypatch) as (begun, _):
            first = writer.submit([b"a"])
            assert begun.wait(30)
            second, third = writer.submit([b"b"]), writer.submit([b"c"])
            assert second.cancel()
            assert not first.cancel()
        assert third.result(30) == 2
    assert messages_in(tmp_path) == [b"a", b"c"]


@pytest.mark.parametrize("messages", [[], b"a", "a", ["a"], [b"a", None]])
def test_what_is_no_list_of_messages_is_refused(messages: list, tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        with pytest.raises(ValueError, match=r"give a list of one or more|a message is no bytes"):
            writer.submit(messages)
        assert writer.append([b"a"]) == 1


def test_one_process_appends(tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        with pytest.raises(
            ResultError, match=rf"is appended to by another process \(process {os.getpid()}, since .*stop it"
        ):
            EmbeddedLogWriter(tmp_path)
        assert writer.append([b"a"]) == 1
    EmbeddedLogWriter(tmp_path).close()


def _append_in_a_fork(writer: EmbeddedLogWriter, told: multiprocessing.Queue) -> None:
    try:
        writer.submit([b"fork"])
    except ResultError as error:
        told.put(str(error))


@pytest.mark.filterwarnings("ignore:This process")  # which has threads: that is the point
def test_a_fork_is_told_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    with EmbeddedLogWriter(tmp_path) as writer:
        fork = context.Process(target=_append_in_a_fork, args=(writer, told), daemon=True)
        fork.start()
        assert f"was opened by process {os.getpid()}, and this is {fork.pid}, a fork" in told.get(timeout=30)
        fork.join(30)


def test_closing_writes_what_was_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = EmbeddedLogWriter(tmp_path)
    futures: list[Future[int]] = []
    with disk_that_waits(monkeypatch):
        futures += [writer.submit([b"%d" % number]) for number in range(9)]
    writer.close()
    writer.close()
    assert [future.result(0) for future in futures] == list(range(1, 10))
    with pytest.raises(ResultError, match="the writer was closed; open another"):
        writer.submit([b"a"])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.999])
def test_a_torn_tail_is_cut_off(share: float, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        writer.append([b"a", b"b"])
    torn = framed(3, [entry_bytes(0, b"half of it is there")])
    with (tmp_path / name(1)).open("ab") as stream:
        stream.write(torn[: 1 + int(share * (len(torn) - 1))])
    assert messages_in(tmp_path) == [b"a", b"b"]
    with EmbeddedLogWriter(tmp_path) as writer:
        assert "cut short while it was written" in caplog.text
        assert writer.append([b"c"]) == 3
    assert messages_in(tmp_path) == [b"a", b"b", b"c"]


def test_whole_entries_that_nobody_was_told_of_are_told_at_the_next_start(tmp_path: Path) -> None:
    """A process died behind its write; followers wait until another has them on the disk."""
    with EmbeddedLogWriter(tmp_path) as writer:
        writer.append([b"a"])
        said = (tmp_path / "committed").read_bytes()
        writer.append([b"b"])
    (tmp_path / "committed").write_bytes(said)
    assert messages_in(tmp_path) == [b"a"]
    EmbeddedLogWriter(tmp_path).close()
    assert messages_in(tmp_path) == [b"a", b"b"]


def test_files_that_are_missing_are_no_new_beginning(tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        writer.append([b"a", b"b"])
    (tmp_path / name(1)).unlink()
    with pytest.raises(ResultError, match="ends with entry 0, but 2 were acknowledged: files are missing"):
        EmbeddedLogWriter(tmp_path)
    with pytest.raises(ResultError, match="files are missing"):  # and the lock was given back
        EmbeddedLogWriter(tmp_path)


def test_a_mark_that_is_damaged_or_gone_is_made_again(tmp_path: Path) -> None:
    for damage in (b"", b"00", b"0000000000000009 00000000\n", None):
        with EmbeddedLogWriter(tmp_path) as writer:
            writer.append([b"a"])
            position = writer.position
        if damage is None:
            (tmp_path / "committed").unlink()
        else:
            (tmp_path / "committed").write_bytes(damage)
        EmbeddedLogWriter(tmp_path).close()
        assert committed(tmp_path) == position


def test_a_mark_that_cannot_be_written_delays_followers_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(mark: object, number: int) -> None:
        raise OSError(28, "No space left on device")

    with EmbeddedLogWriter(tmp_path) as writer:
        with monkeypatch.context() as patch:
            patch.setattr("interestclock.streams.embedded_log_writer.CommitMark.write", full)
            assert writer.append([b"a"]) == 1
        assert "followers cannot be told of new entries yet (" in caplog.text
        assert messages_in(tmp_path) == []
        writer.append([b"b"])
    assert messages_in(tmp_path) == [b"a", b"b"]


def test_a_mark_that_could_not_be_written_is_written_without_another_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, errors = CommitMark.write, iter([OSError(28, "No space left on device")])

    def full_once(mark: CommitMark, number: int) -> None:
        if (error := next(errors, None)) is not None:
            raise error
        write(mark, number)

    with EmbeddedLogWriter(tmp_path) as writer:
        monkeypatch.setattr(CommitMark, "write", full_once)
        assert writer.append([b"a"]) == 1
    assert next(errors, None) is None
    assert messages_in(tmp_path) == [b"a"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "plays.parquet").write_bytes(b"mine")
    for opened in (EmbeddedLogWriter, followed):
        with pytest.raises(ResultError, match=r"holds plays.parquet and no embedded log; give the log a"):
            opened(tmp_path)
        with pytest.raises(ResultError, match=r"plays.parquet is a file; an embedded log needs a folder"):
            opened(tmp_path / "plays.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["plays.parquet"]


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"keep_hours": -1}, "keep_hours is -1; give a number of hours"),
        ({"keep_hours": float("inf")}, "keep_hours is inf"),
        ({"keep_hours": float("nan")}, "keep_hours is nan"),
        ({"most_waiting_bytes": 0}, "most_waiting_bytes is 0; give a size"),
    ],
)
def test_numbers_that_cannot_be_are_refused(setting: dict, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=reason):
        EmbeddedLogWriter(tmp_path / "log", **setting)
    assert not (tmp_path / "log").exists()
