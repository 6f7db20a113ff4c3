"""Following an embedded log: from wherever it is told, as it grows, in another process."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from embedded_logs import filled, followed, offsets, polled
from small_segments import name

from interestclock.errors import ConfigError, ResultError
from interestclock.streams import EmbeddedLogWriter, Segments, followers_of


def test_its_name_is_the_folder_however_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert followed(Path("plays")).name == followed(tmp_path / "x" / ".." / "plays").name
    assert followed(Path("plays")).name == f"log://{tmp_path.resolve()}/plays"
    assert not (tmp_path / "plays").exists()


def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = followed(tmp_path / "plays")
    source.start_after({})
    assert "no log is there yet; waiting for one" in caplog.text
    assert source.poll(5, 0.01) is None
    assert source.at_end(("0",)) == frozenset()  # a log may come with anything
    filled(tmp_path / "plays", [b"a"])
    assert offsets(polled(source)) == [1]
    assert source.at_end(("0",)) == {"0"}
    source.close()


def test_a_follower_holds_what_it_may_need_from_its_start_on(tmp_path: Path) -> None:
    filled(tmp_path, [b"a", b"b", b"c"])
    source = followed(tmp_path, "mine")
    assert followers_of(tmp_path) == []
    for last, offset in (({}, 0), ({"0": "2"}, 2), ({"0": "1"}, 1)):
        source.start_after(last)
        assert [(each.name, each.offset) for each in followers_of(tmp_path)] == [("mine", offset)]
    source.acknowledge({"0": "3"})
    source.acknowledge({"archive/0": "9"})
    source.close()
    assert [(each.name, each.offset) for each in followers_of(tmp_path)] == [("mine", 3)]


def test_one_process_follows_under_a_name(tmp_path: Path) -> None:
    source = followed(tmp_path, "mine")
    source.start_after({})
    with pytest.raises(ResultError, match=r"is followed as 'mine' by another process .*\(--group\)"):
        followed(tmp_path, "mine").start_after({})
    other = followed(tmp_path, "other")
    other.start_after({})
    other.close()
    source.close()
    again = followed(tmp_path, "mine")
    again.start_after({})
    again.close()
    with pytest.raises(ConfigError, match="follower 'a/b': give letters"):
        followed(tmp_path, "a/b")


def test_an_offset_that_cannot_be_noted_is_noted_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path, [b"a", b"b"])
    source = followed(tmp_path)
    source.start_after({})

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("interestclock.files.force", full)
        source.acknowledge({"0": "1"})
    assert "how far a follower has come cannot be written" in caplog.text
    source.acknowledge({"0": "2"})
    source.close()
    assert [each.offset for each in followers_of(tmp_path)] == [2]


def test_who_was_ahead_of_the_log_is_told(tmp_path: Path) -> None:
    filled(tmp_path, [b"a", b"b"])
    source = followed(tmp_path)
    source.start_after({"0": "3"})
    with pytest.raises(ResultError, match="the log ends with entry 2, though 3 was read before; entry 4"):
        source.poll(5, 0.0)
    source.close()


def test_a_copy_without_the_mark_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    filled(tmp_path / "log", [b"a", b"b", b"c"], segment_bytes=1)
    (tmp_path / "copy").mkdir()
    for path in (tmp_path / "log").glob("*.segment"):
        shutil.copy(path, tmp_path / "copy")
    source = followed(tmp_path / "copy")
    source.start_after({})
    assert source.at_end(("0",)) == frozenset()
    assert offsets(polled(source, 2)) == [1, 2, 3]
    assert source.at_end(("0",)) == {"0"}
    filled(tmp_path / "copy", [b"d"])
    assert offsets(polled(source)) == [4]
    source.close()


def test_a_mark_that_a_power_cut_left_behind_hides_what_follows_and_nothing_more(tmp_path: Path) -> None:
    """Who read on is in order, and waits until somebody appends again."""
    filled(tmp_path, [b"a"])
    before = (tmp_path / "committed").read_bytes()
    filled(tmp_path, [b"b", b"c"])
    (tmp_path / "committed").write_bytes(before)
    new, ahead = followed(tmp_path, "new"), followed(tmp_path, "ahead")
    new.start_after({})
    ahead.start_after({"0": "2"})
    assert (offsets(polled(new)), offsets(polled(ahead))) == ([1], [])
    assert offsets(polled(ahead)) == []
    EmbeddedLogWriter(tmp_path).close()
    assert (offsets(polled(new)), offsets(polled(ahead))) == ([2, 3], [3])
    new.close()
    ahead.close()


def test_a_mark_that_is_damaged_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interestclock.streams.embedded_log._LOOK_AGAIN_S", 0.0)
    filled(tmp_path, [b"a"])
    (tmp_path / "committed").write_bytes(b"0000000000000009 00000000\n")
    source = followed(tmp_path)
    source.start_after({})
    with pytest.raises(ResultError, match="committed is damaged; whoever appends mends it as it starts"):
        source.poll(5, 0.0)
    source.close()


def test_an_acknowledged_entry_that_is_missing_is_told(tmp_path: Path) -> None:
    filled(tmp_path, [b"a", b"b"])
    path = tmp_path / name(1)
    path.write_bytes(path.read_bytes()[:-1])
    source = followed(tmp_path)
    source.start_after({})
    with pytest.raises(ResultError, match="the log ends with entry 1, though 2 were acknowledged"):
        polled(source)
    source.close()


def test_a_log_of_another_format_is_refused(tmp_path: Path) -> None:
    segments = Segments(tmp_path, prefix="log")
    segments.new_segment(b"interestclock log 2")
    segments.append([b"12345678{}"])
    source = followed(tmp_path)
    source.start_after({})
    with pytest.raises(ResultError, match=r"entry 1 says b'interestclock log 2', this version reads b'inter"):
        source.poll(5, 0.0)
    source.close()


APPENDS = """
import sys
from pathlib import Path
from interestclock.streams import EmbeddedLogWriter
with EmbeddedLogWriter(Path(sys.argv[1]), segment_bytes=3_000) as writer:
    for number in range(400):
        writer.append([b"%d" % number] * (1 + number % 3))
"""


def test_another_process_sees_entries_as_they_are_appended(tmp_path: Path) -> None:
    source = followed(tmp_path)
    source.start_after({})
    sent = [b"%d" % number for number in range(400) for _ in range(1 + number % 3)]
    found, until_s = [], time.monotonic() + 120
    with subprocess.Popen([sys.executable, "-c", APPENDS, str(tmp_path)]) as writer:
        while len(found) < len(sent) and time.monotonic() < until_s:
            batch = source.poll(7, 0.1)
            found += [] if batch is None else batch.bad
            if batch is not None and len(found) == 7:
                assert writer.poll() is None  # it goes on meanwhile
    source.close()
    assert writer.returncode == 0
    assert [bad.payload.encode() for bad in found] == sent
    assert [bad.offset for bad in found] == [str(number) for number in range(1, len(sent) + 1)]
