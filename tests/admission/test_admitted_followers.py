"""An admitted log that others follow: they see what is on the disk, and what they need stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from admitted_tables import admitted

from interestclock.admission import AdmittedEntry, AdmittedFollower, AdmittedLog
from interestclock.errors import ResultError
from interestclock.streams import segment_files
from interestclock.streams.commit_mark import CommitMark, committed
from interestclock.streams.log_followers import FollowerOffset

NO_ROOM = OSError(28, "No space left on device")


def append(log: AdmittedLog, entries: int) -> None:
    for _ in range(entries):
        assert log.next_arrival is not None
        log.append(admitted(first_arrival=log.next_arrival, exposures=2))


def numbers(follower: AdmittedFollower) -> list[int]:
    return [number for number, _ in follower.read()]


def test_what_is_not_on_the_disk_yet_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk takes back what was being written: another entry gets its number."""
    log, follower = AdmittedLog(tmp_path / "log", followed=True), AdmittedFollower(tmp_path / "log")
    assert numbers(follower) == []  # there is no log yet
    append(log, 2)
    assert numbers(follower) == [1, 2]
    seen_meanwhile: list[list[int]] = []

    def full(descriptor: int) -> None:
        seen_meanwhile.append(numbers(follower))
        raise NO_ROOM

    with monkeypatch.context() as patch:
        patch.setattr(segment_files.os, "fsync", full)
        with pytest.raises(ResultError, match="No space left on device"):
            append(log, 1)
    assert seen_meanwhile == [[]]
    log.append(AdmittedEntry(first_arrival=4, source="wall", polled_ms=9_000, awaited=()))
    ((number, entry),) = follower.read()
    assert (number, entry.awaited) == (3, ())
    log.close()


def test_the_mark_stands_before_the_first_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A follower that looks before the first entry is on the disk would read it otherwise."""
    log, follower = AdmittedLog(tmp_path, followed=True), AdmittedFollower(tmp_path)
    looked: list[list[int]] = []
    with monkeypatch.context() as patch:
        write = CommitMark.write
        patch.setattr(
            CommitMark, "write", lambda mark, number: (looked.append(numbers(follower)), write(mark, number))
        )
        append(log, 1)
    assert looked == [[]]
    assert numbers(follower) == [1]


def test_an_entry_whose_mark_a_kill_prevented_is_seen_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(mark: CommitMark, number: int) -> None:
        raise NO_ROOM

    log = AdmittedLog(tmp_path, followed=True)
    append(log, 1)
    with monkeypatch.context() as patch:
        patch.setattr(CommitMark, "write", full)
        append(log, 1)
    assert "followers cannot be told of new entries yet" in caplog.text
    follower = AdmittedFollower(tmp_path)
    assert numbers(follower) == [1]
    AdmittedLog(tmp_path, followed=True)
    assert numbers(follower) == [2]


def not_heard_of(path: Path, *, hours: float) -> None:
    since_s = time.time() - hours * 3_600
    os.utime(path, (since_s, since_s))


def test_what_a_follower_has_not_passed_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log, trainer = AdmittedLog(tmp_path, segment_bytes=1, followed=True), FollowerOffset(tmp_path, "trainer")
    append(log, 9)
    trainer.write(3)
    log.drop_before(7)
    assert log.first == 4
    assert "trainer" not in caplog.text  # it is behind, and was heard of a moment ago
    not_heard_of(tmp_path / "followers" / "trainer.offset", hours=2)
    log.drop_before(7)
    assert "follower 'trainer' is 6 entries behind" in caplog.text
    assert "remove followers/trainer.offset" in caplog.text
    trainer.write(8)
    log.drop_before(7)
    assert log.first == 8
    assert caplog.text.count("'trainer'") == 1


def test_entries_that_are_gone_are_missed_where_somebody_may_have_read_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = AdmittedLog(tmp_path, segment_bytes=1, followed=True)
    append(log, 3)
    log.close()
    max(tmp_path.glob("*.segment")).unlink()
    trainer = FollowerOffset(tmp_path, "trainer")
    trainer.write(1)  # it may have read more
    with pytest.raises(ResultError, match=r"ends with entry 2, but 3 were on the disk, and trainer may"):
        AdmittedLog(tmp_path, followed=True)
    (tmp_path / "followers" / "trainer.offset").unlink()
    assert AdmittedLog(tmp_path, followed=True).position == 2
    assert "what is missing is asked of the source again" in caplog.text
    assert committed(tmp_path) == 2


def test_a_log_of_a_version_without_a_mark_gets_one(tmp_path: Path) -> None:
    append(AdmittedLog(tmp_path), 2)
    assert committed(tmp_path) is None
    assert numbers(AdmittedFollower(tmp_path)) == [1, 2]
    AdmittedLog(tmp_path, followed=True)
    assert committed(tmp_path) == 2
