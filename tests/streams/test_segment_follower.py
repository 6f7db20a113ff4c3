"""Reading a log while another writes: a list in memory, a torn end, files that come and go, two processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from admitted_tables import admitted
from hypothesis import given, settings
from hypothesis import strategies as st
from small_segments import name, opened, three_files

from interestclock.admission import AdmittedFollower, AdmittedLog
from interestclock.errors import ResultError
from interestclock.streams import SegmentFollower


def follower_of(folder: Path, position: int = 0) -> SegmentFollower:
    return SegmentFollower(folder, prefix="log", position=position)


def read(follower: SegmentFollower) -> list[bytes]:
    return [entry.content for entry in follower.read()]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_entry_is_given_out_once(tmp_path: Path) -> None:
    segments, follower = opened(tmp_path), follower_of(tmp_path)
    segments.append([b"a", b"b"])
    assert read(follower) == [b"a", b"b"]
    assert read(follower) == []
    segments.new_segment(b"later")
    assert read(follower) == []
    segments.append([b"c"])
    assert list(follower.read()) == [(3, b"c", b"later")]
    assert follower.position == 3


def test_it_goes_on_behind_a_position(tmp_path: Path) -> None:
    entries = three_files(tmp_path)
    for position in range(7):
        assert read(follower_of(tmp_path, position)) == entries[position:]


def test_what_was_not_asked_for_comes_the_next_time(tmp_path: Path) -> None:
    entries, follower = three_files(tmp_path), follower_of(tmp_path)
    reading = follower.read()
    assert [next(reading).content for _ in range(3)] == entries[:3]
    assert follower.position == 3
    assert read(follower) == entries[3:]


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    follower = follower_of(folder)
    assert read(follower) == []
    assert not folder.exists()
    segments = opened(folder)
    assert read(follower) == []
    assert not folder.exists()
    segments.append([b"a"])
    assert read(follower) == [b"a"]


def test_an_entry_that_is_half_there_is_not_there_yet(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    segments.append([b"a"])
    path, short = tmp_path / name(1), (tmp_path / name(1)).stat().st_size
    segments.append([b"long enough"])
    whole = path.read_bytes()
    follower = follower_of(tmp_path)
    assert read(follower_of(tmp_path)) == [b"a", b"long enough"]
    for size in range(short, len(whole)):
        path.write_bytes(whole[:size])
        assert read(follower) == ([b"a"] if size == short else [])
        assert path.stat().st_size == size  # that is for who writes to cut off
    path.write_bytes(whole)
    assert read(follower) == [b"long enough"]


def test_it_reads_up_to_where_it_is_told(tmp_path: Path) -> None:
    """Not what may not be on the disk yet, however the log goes on and into whichever file."""
    entries = three_files(tmp_path)
    for position in range(7):
        for up_to in range(7):
            follower = follower_of(tmp_path, position)
            assert [entry.content for entry in follower.read(up_to=up_to)] == entries[position:up_to]
            assert follower.position == max(position, up_to)
            assert read(follower) == entries[max(position, up_to) :]


def test_what_was_acknowledged_has_to_be_there(tmp_path: Path) -> None:
    three_files(tmp_path)
    with pytest.raises(ResultError, match="the log ends with entry 6, though 7 were acknowledged; entry 7"):
        list(follower_of(tmp_path, 4).read(up_to=7))
    with pytest.raises(ResultError, match="the log ends with entry 6, though 8 was read before"):
        list(follower_of(tmp_path, 8).read(up_to=2))


_STEP = st.one_of(
    st.tuples(st.just("append"), st.lists(st.binary(max_size=40), max_size=4)),
    st.tuples(st.just("segment"), st.sampled_from([None, b"", b"h"])),
    st.tuples(st.just("drop"), st.integers(0, 3)),
    st.tuples(st.just("read"), st.integers(0, 5)),
    st.tuples(st.just("open"), st.booleans()),
)


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(_STEP, max_size=25), segment_bytes=st.sampled_from([1, 60, 10_000]))
def test_it_reads_what_is_appended_however_files_come_and_go(
    steps: list, segment_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Who writes keeps what was not read, or what was read lately."""
    folder = tmp_path_factory.mktemp("log")
    segments, follower = opened(folder, segment_bytes=segment_bytes), follower_of(folder)
    appended: list[bytes] = []
    for step, said in steps:
        if step == "append":
            segments.append(said)
            appended += said
        elif step == "segment":
            segments.new_segment(said)
        elif step == "drop":
            segments.drop_before(max(0, follower.position - said))
        elif step == "read":
            before, there = follower.position, files(folder)
            for entry, _ in zip(follower.read(), range(said), strict=False):
                assert entry.content == appended[entry.number - 1]
            assert follower.position >= min(before + said, len(appended))
            assert files(folder) == there
        else:
            segments = opened(folder, segment_bytes=segment_bytes)
            follower = follower_of(folder, follower.position)
    first = follower.position
    assert read(follower) == appended[first:]


def test_who_falls_behind_what_was_removed_is_told(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    three_files(tmp_path)
    segments = opened(tmp_path)
    segments.drop_before(4)
    with pytest.raises(ResultError, match=r"the log begins with entry 5; entry 3 is needed: start anew from"):
        read(follower_of(tmp_path, 2))
    assert read(follower_of(tmp_path, 4)) == [b"entry 5", b"entry 6"]


def test_a_file_that_is_removed_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    entries, follower = three_files(tmp_path), follower_of(tmp_path)
    reading = follower.read()
    assert next(reading).content == entries[0]
    opened(tmp_path).drop_before(2)
    assert [entry.content for entry in reading] == entries[1:]
    behind = follower_of(tmp_path, 2)
    reading = behind.read()
    assert next(reading).content == entries[2]
    opened(tmp_path).drop_before(4)
    assert [entry.content for entry in reading] == entries[3:]


def test_a_log_that_ends_before_the_position_is_another(tmp_path: Path) -> None:
    three_files(tmp_path)
    with pytest.raises(ResultError, match="the log ends with entry 6, though 7 was read before"):
        read(follower_of(tmp_path, 7))
    with pytest.raises(ResultError, match="no files of this log; entry 4 is needed"):
        read(follower_of(tmp_path / "nowhere", 3))


def test_damage_is_told(tmp_path: Path) -> None:
    three_files(tmp_path)
    middle = tmp_path / name(3)
    whole = middle.read_bytes()
    middle.write_bytes(whole[:-1])
    with pytest.raises(ResultError, match=f"no whole entry 4 in {name(3)}; entry 4 is needed"):
        read(follower_of(tmp_path))
    middle.write_bytes(whole[:-1] + b"?")
    with pytest.raises(ResultError, match="entry 4 is damaged"):
        read(follower_of(tmp_path))
    middle.unlink()
    with pytest.raises(ResultError, match=f"no whole entry 3 in {name(1)}"):
        read(follower_of(tmp_path))


WRITER = """
import sys
from pathlib import Path
from interestclock.streams import Segments
folder, read_up_to = Path(sys.argv[1]), Path(sys.argv[2])
segments = Segments(folder, prefix="log", segment_bytes=4_000)
for group in range(300):
    segments.append([b"%d " % number * (number % 40) for number in range(5 * group, 5 * group + 5)])
    segments.drop_before(int(read_up_to.read_text()))
    if group % 50 == 49:
        segments = Segments(folder, prefix="log", segment_bytes=4_000)
"""


def test_a_process_reads_while_another_writes_and_removes_what_was_read(tmp_path: Path) -> None:
    folder, read_up_to = tmp_path / "log", tmp_path / "position"
    read_up_to.write_text("0")
    follower, entries = follower_of(folder), []
    until_s = time.monotonic() + 120
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(read_up_to)]) as writer:
        while len(entries) < 1_500 and time.monotonic() < until_s:
            entries += read(follower)
            aside = tmp_path / "aside"
            aside.write_text(str(follower.position))
            aside.replace(read_up_to)
            if writer.poll():
                break
    assert writer.returncode == 0
    assert entries == [b"%d " % number * (number % 40) for number in range(1_500)]
    assert name(1) not in files(folder)


def test_an_admitted_log_is_followed_too(tmp_path: Path) -> None:
    log, follower = AdmittedLog(tmp_path, segment_bytes=2_000), AdmittedFollower(tmp_path)
    entries = []
    for _ in range(20):
        first = log.next_arrival
        assert first is not None
        entries.append(admitted(first_arrival=first, exposures=first % 3, labels=first % 2, dead=1))
        log.append(entries[-1])
        ((number, entry),) = follower.read()
        assert (number, entry) == (len(entries), entries[-1])
        log.drop_before(follower.position)
    assert follower.position == len(entries)
    ((number, entry),) = AdmittedFollower(tmp_path, position=19).read()
    assert (number, entry) == (20, entries[-1])
