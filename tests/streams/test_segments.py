"""A log in files: a list in memory, a full disk, a killed process and a second writer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_segments import contents, files_of_at_most, name, opened, three_files

from interestclock.errors import ResultError
from interestclock.streams import Segments


def test_entries_come_back_with_their_numbers_and_the_header_of_their_file(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    assert segments.append([b"a", b"b"]) == 1
    segments.new_segment(b"later")
    assert segments.append([b"c"]) == 3
    assert list(opened(tmp_path).read_after(1)) == [(2, b"b", b""), (3, b"c", b"later")]
    assert opened(tmp_path).header == b"later"


def test_an_empty_log_has_no_entries(tmp_path: Path) -> None:
    segments = opened(tmp_path / "new")
    assert (segments.position, segments.first, contents(segments)) == (0, 1, [])
    assert segments.append([]) == 1
    assert (segments.position, contents(opened(tmp_path / "new"))) == (0, [])


def test_a_file_that_is_long_enough_is_followed_by_another(tmp_path: Path) -> None:
    segments = opened(tmp_path, segment_bytes=100)
    segments.new_segment(b"kept")
    for number in range(10):
        segments.append([b"x" * 30 + b"%d" % number])
    assert sorted(path.name for path in tmp_path.iterdir()) == [name(1), name(3), name(5), name(7), name(9)]
    assert {entry.header for entry in segments.read_after(0)} == {b"kept"}


def test_a_new_file_without_entries_is_not_made_twice(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    segments.append([b"a"])
    for header in (None, None, b"other"):
        segments.new_segment(header)
    segments.append([b"b"])
    assert [entry.header for entry in opened(tmp_path).read_after(0)] == [b"", b"other"]
    assert len(list(tmp_path.iterdir())) == 2


def test_what_was_appended_since_does_not_come_into_a_reading(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    segments.append([b"a"])
    reading = segments.read_after(0)
    segments.append([b"b"])
    assert [entry.content for entry in reading] == [b"a"]


_STEP = st.one_of(
    st.tuples(st.just("append"), st.lists(st.binary(max_size=40), max_size=4)),
    st.tuples(st.just("cut short"), st.tuples(st.lists(st.binary(max_size=40), min_size=1), st.floats(0, 1))),
    st.tuples(st.just("full disk"), st.tuples(st.lists(st.binary(max_size=40), min_size=1), st.floats(0, 1))),
    st.tuples(st.just("segment"), st.sampled_from([None, b"", b"h"])),
    st.tuples(st.just("reopen"), st.none()),
    st.tuples(st.just("drop"), st.floats(0, 1)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_STEP, max_size=20), st.data())
def test_a_list_in_memory_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, object]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("s")
    segments = opened(folder, segment_bytes=150)
    known: list[bytes] = []  # every entry there ever was
    needed = 0
    for step, what in steps:
        match step, what:
            case "append", entries:
                assert segments.append(entries) == len(known) + 1
                known += entries
            case "cut short", (entries, share):
                segments, found = killed_within(segments, folder, entries, share)
                assert found == entries[: len(found)]
                known += found
            case "full disk", (entries, share):
                refused_within(segments, folder, entries, share)
            case "segment", header:
                segments.new_segment(header)
            case "reopen", _:
                segments = opened(folder, segment_bytes=150)
            case "drop", share:
                needed = max(needed, int(share * len(known)))
                segments.drop_before(needed)
        assert segments.position == len(known)
        after = data.draw(st.integers(needed, len(known)))
        read = list(segments.read_after(after))
        assert [(entry.number, entry.content) for entry in read] == list(enumerate(known, 1))[after:]


def killed_within(
    segments: Segments, folder: Path, entries: list[bytes], share: float
) -> tuple[Segments, list[bytes]]:
    """A process dies within a write: some bytes of it are there, and nothing was acknowledged."""
    position = segments.position
    segments.append(entries)
    path = max(folder.iterdir())
    written = sum(len(entry) + 12 for entry in entries)
    os.truncate(path, path.stat().st_size - written + int(share * written))
    again = opened(folder, segment_bytes=150)
    return again, contents(again, position)


def refused_within(segments: Segments, folder: Path, entries: list[bytes], share: float) -> None:
    """The disk is full after some bytes of a write."""
    segments.append([])  # so that there is a file, with room
    size = max(folder.iterdir()).stat().st_size
    written = sum(len(entry) + 12 for entry in entries)
    with files_of_at_most(size + int(share * (written - 1))), pytest.raises(ResultError, match="make room"):
        segments.append(entries)


def test_files_go_once_nothing_in_them_is_needed(tmp_path: Path) -> None:
    entries = three_files(tmp_path)
    segments = opened(tmp_path)
    segments.drop_before(3)
    assert (segments.first, contents(segments, 2)) == (3, entries[2:])
    segments.drop_before(100)
    assert [path.name for path in tmp_path.iterdir()] == [name(5)]  # the last one stays
    assert opened(tmp_path).position == 6


def test_other_logs_and_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    other = Segments(tmp_path, prefix="log-2")
    other.append([b"other"])
    (tmp_path / "readme.txt").write_text("mine")
    segments = opened(tmp_path)
    segments.append([b"a"])
    segments.new_segment()
    segments.drop_before(1)
    assert (contents(segments, 1), contents(Segments(tmp_path, prefix="log-2"))) == ([], [b"other"])


def test_what_a_crash_left_goes_only_once_something_is_written(tmp_path: Path) -> None:
    """Half a new file, and half an entry."""
    opened(tmp_path).append([b"a"])
    (tmp_path / f"{name(2)}.unfinished").write_bytes(b"ICSE")
    with (tmp_path / name(1)).open("ab") as stream:
        stream.write(b"half")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    segments = opened(tmp_path)
    assert contents(segments) == [b"a"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    segments.append([b"b"])
    assert [path.name for path in tmp_path.iterdir()] == [name(1)]
    assert contents(opened(tmp_path)) == [b"a", b"b"]


def test_a_last_file_without_entries_that_is_damaged_is_made_again_once_something_is_written(
    tmp_path: Path,
) -> None:
    segments = opened(tmp_path)
    segments.append([b"a"])
    segments.new_segment()
    damaged = bytes(len((tmp_path / name(2)).read_bytes()))
    (tmp_path / name(2)).write_bytes(damaged)
    segments = opened(tmp_path)
    assert (contents(segments), segments.position) == ([b"a"], 1)
    assert (tmp_path / name(2)).read_bytes() == damaged
    segments.append([b"b"])
    assert contents(opened(tmp_path)) == [b"a", b"b"]


def test_a_folder_is_made_once_something_is_written(tmp_path: Path) -> None:
    segments = opened(tmp_path / "log")
    assert (contents(segments), (tmp_path / "log").exists()) == ([], False)
    segments.append([b"a"])
    assert contents(opened(tmp_path / "log")) == [b"a"]


def test_a_new_file_that_finds_no_room_leaves_all_as_it_was(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    segments.append([b"a"])
    with files_of_at_most(10), pytest.raises(ResultError, match=r"log cannot be written .*make room"):
        segments.new_segment(b"a header")
    assert [path.name for path in tmp_path.iterdir()] == [name(1)]
    assert segments.append([b"b"]) == 2
    assert [(entry.content, entry.header) for entry in segments.read_after(0)] == [(b"a", b""), (b"b", b"")]


def test_what_the_disk_did_not_confirm_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segments = opened(tmp_path)
    segments.append([b"a"])

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("interestclock.streams.segment_files.os.fsync", full)
        with pytest.raises(
            ResultError,
            match=r"cannot be written .*No space left on device.*; make room or mend the disk, then start "
            "again: what was acknowledged before is kept",
        ):
            segments.append([b"b", b"c"])
    assert contents(opened(tmp_path)) == contents(segments) == [b"a"]
    assert segments.append([b"d"]) == 2
    assert contents(opened(tmp_path)) == [b"a", b"d"]


def test_what_cannot_even_be_undone_stops_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segments = opened(tmp_path)
    segments.append([b"a"])

    def broken(*arguments: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        for call in ("fsync", "truncate"):
            patch.setattr(f"interestclock.streams.segment_files.os.{call}", broken)
        with pytest.raises(ResultError, match="Input/output error"):
            segments.append([b"b"])
    with pytest.raises(ResultError, match="another process wrote to it, or a write could not be undone"):
        segments.append([b"c"])
    assert contents(segments) == [b"a"]


def test_a_second_writer_is_noticed_and_loses_nothing(tmp_path: Path) -> None:
    one = opened(tmp_path)
    one.append([b"a"])
    other = opened(tmp_path)
    other.append([b"b"])
    with pytest.raises(ResultError, match=r"52 bytes, 39 were written: another process wrote to it"):
        one.append([b"c"])
    assert contents(opened(tmp_path)) == [b"a", b"b"]


def test_a_second_writer_behind_half_an_entry_loses_nothing(tmp_path: Path) -> None:
    opened(tmp_path).append([b"a"])
    with (tmp_path / name(1)).open("ab") as stream:
        stream.write(b"half")
    one, other = opened(tmp_path), opened(tmp_path)
    other.append([b"b"])
    with pytest.raises(ResultError, match=r"another process wrote to it"):
        one.append([b"c"])
    assert contents(opened(tmp_path)) == [b"a", b"b"]


def test_a_file_that_was_removed_is_not_written_anew(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    segments.append([b"a"])
    (tmp_path / name(1)).unlink()
    with pytest.raises(ResultError, match=r"cannot be written .*No such file"):
        segments.append([b"b"])
    assert list(tmp_path.iterdir()) == []


def test_a_size_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="segment_bytes is 0; give a size above 0, for example 67108864"):
        opened(tmp_path, segment_bytes=0)


_APPENDS_FOR_EVER = """
import sys
from pathlib import Path
from interestclock.streams import Segments
segments = Segments(Path(sys.argv[1]), prefix="log", segment_bytes=2_000)
while True:
    entries = [b"%d" % (segments.position + each) * 40 for each in (1, 2, 3)]
    print(segments.append(entries) + 2, flush=True)
"""


def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _APPENDS_FOR_EVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(40):
            process.stdout.readline()
        process.kill()
        acknowledged = 120 + 3 * len(process.stdout.read().splitlines())
    segments = opened(tmp_path)
    assert acknowledged <= segments.position <= acknowledged + 3
    assert contents(segments) == [b"%d" % number * 40 for number in range(1, segments.position + 1)]


def test_a_new_name_is_forced_before_anything_rests_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments = opened(tmp_path)
    forced: list[Path] = []
    with monkeypatch.context() as patch:
        patch.setattr("interestclock.streams.segments.force", forced.append)
        for expected in (1, 1, 2):  # two entries in the first file, one in the second
            segments.append([b"a"])
            assert forced == [tmp_path] * expected
            if segments.position == 2:
                segments.new_segment()
        segments.new_segment()
        segments.drop_before(3)
        assert forced == [tmp_path] * 3
    assert [path.name for path in tmp_path.iterdir()] == [name(4)]


def test_what_a_killed_process_wrote_is_on_the_disk_before_anything_follows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have died between writing and waiting for the disk, with the file as long as it gets."""
    opened(tmp_path, segment_bytes=10).append([b"a"])
    forced: list[Path] = []
    monkeypatch.setattr("interestclock.streams.segments.force", forced.append)
    opened(tmp_path, segment_bytes=10).append([b"b"])
    assert forced == [tmp_path / name(1), tmp_path]


def test_a_name_that_cannot_be_forced_is_forced_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments = opened(tmp_path)
    segments.append([b"a"])
    segments.new_segment()

    def broken(path: Path) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("interestclock.streams.segments.force", broken)
        for _ in range(2):
            with pytest.raises(ResultError, match="Input/output error"):
                segments.append([b"b"])
        with pytest.raises(ResultError, match=r"needed no more, and cannot be removed .*nothing is lost"):
            segments.drop_before(1)
    assert segments.append([b"b"]) == 2
    assert contents(opened(tmp_path)) == [b"a", b"b"]
