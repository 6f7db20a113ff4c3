"""Damage to a file of a log: an error that says where, or no difference; never another content."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from small_segments import contents, name, opened, three_files

from interestclock.errors import ResultError


def test_the_bytes_of_a_file_by_hand(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    segments.new_segment(b"head")
    segments.append([b"a", b""])
    head = b"ICSEGMNT" + struct.pack("<HQI", 1, 1, 4) + b"head"
    expected = head + struct.pack("<I", zlib.crc32(head))
    for number, content in ((1, b"a"), (2, b"")):
        said = struct.pack("<II", len(content), zlib.crc32(content))
        expected += said + struct.pack("<I", zlib.crc32(struct.pack("<Q", number) + said)) + content
    assert (tmp_path / name(1)).read_bytes() == expected


def test_every_flipped_bit_is_an_error_or_makes_no_difference(tmp_path: Path) -> None:
    entries = three_files(tmp_path)
    for place, path in enumerate(sorted(tmp_path.iterdir())):
        whole = path.read_bytes()
        for bit in range(8 * len(whole)):
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            for position in (0, 2, 4, 5):
                file_needed = position < 2 * (place + 1)
                passed_over = position == 5 and bit // 8 in content_of_entry(5, whole)
                if file_needed and not passed_over:
                    with pytest.raises(ResultError, match=rf"{path.name}(, byte \d+)?: "):
                        contents(opened(tmp_path), position)
                else:
                    assert contents(opened(tmp_path), position) == entries[position:]
        path.write_bytes(whole)
    assert contents(opened(tmp_path)) == entries


def content_of_entry(number: int, whole: bytes) -> range:
    start = whole.find(b"entry %d" % number)
    return range(start, start + len(b"entry 5")) if start >= 0 else range(0)


def test_every_cut_of_the_last_entry_costs_that_entry_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entries = three_files(tmp_path)
    path = tmp_path / name(5)
    whole = path.read_bytes()
    last = len(whole) - 12 - len(entries[-1])
    for size in range(last, len(whole)):
        path.write_bytes(whole[:size])
        caplog.clear()
        segments = opened(tmp_path)
        assert contents(segments) == entries[:-1]
        assert ("cut short while it was written" in caplog.text) == (size > last)
        with pytest.raises(ResultError, match="the log ends with entry 5, but 6 was read before: files"):
            segments.read_after(6)
        assert segments.append([b"again"]) == 6
        assert contents(opened(tmp_path)) == [*entries[:-1], b"again"]


def test_every_cut_of_a_file_that_others_follow_is_an_error(tmp_path: Path) -> None:
    three_files(tmp_path)
    path = tmp_path / name(3)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ResultError, match=rf"{name(3)}, byte \d+: .*back from a copy"):
            contents(opened(tmp_path), 2)
        assert contents(opened(tmp_path), 4) == [b"entry 5", b"entry 6"]


def test_bytes_that_belong_to_no_entry_are_an_error(tmp_path: Path) -> None:
    three_files(tmp_path)
    path = tmp_path / name(3)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(ResultError, match=f"{name(3)}, byte {size}: 4 bytes that belong to no entry"):
        contents(opened(tmp_path))


def test_two_entries_that_changed_places_are_an_error(tmp_path: Path) -> None:
    opened(tmp_path).append([b"a", b"b"])
    path = tmp_path / name(1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-26] + whole[-13:] + whole[-26:-13])
    with pytest.raises(ResultError, match="entry 1 is damaged"):
        opened(tmp_path)


def test_an_error_names_file_byte_and_remedy(tmp_path: Path) -> None:
    three_files(tmp_path)
    path = tmp_path / name(3)
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    reading = opened(tmp_path).read_after(2)
    assert next(reading).content == b"entry 3"  # what is whole comes first
    place = len(whole) - 12 - len(b"entry 4")
    with pytest.raises(
        ResultError,
        match=f"{path}, byte {place}: entry 4 is damaged; bring the file back from a copy, or start anew in",
    ):
        next(reading)


def test_missing_files_are_named(tmp_path: Path) -> None:
    three_files(tmp_path)
    (tmp_path / name(3)).unlink()
    with pytest.raises(
        ResultError,
        match=rf"{name(1)}, byte \d+: entry 3 should stand here, and entries up to 4 behind it: the file "
        "ends, so it was cut short, or the file that followed is missing; bring the files back",
    ):
        contents(opened(tmp_path))
    assert contents(opened(tmp_path), 4) == [b"entry 5", b"entry 6"]
    (tmp_path / name(1)).unlink()
    with pytest.raises(ResultError, match="the log begins with entry 5, but 4 is needed; bring the older"):
        opened(tmp_path).read_after(3)


def test_a_file_that_goes_while_it_is_asked_for_is_named(tmp_path: Path) -> None:
    three_files(tmp_path)
    reading = opened(tmp_path).read_after(0)
    next(reading)
    (tmp_path / name(3)).unlink()
    with pytest.raises(ResultError, match=f"{name(3)}: it cannot be read .*No such file"):
        list(reading)


def test_a_file_under_another_name_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    three_files(tmp_path)
    (tmp_path / name(5)).rename(tmp_path / name(7))
    with pytest.raises(ResultError, match=f"{name(7)}: it begins with entry 5; give it back the name it had"):
        opened(tmp_path)
    (tmp_path / name(7)).write_bytes(b"something else altogether")
    with pytest.raises(ResultError, match="byte 0: no file of this log, or damaged"):
        opened(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    head = b"ICSEGMNT" + struct.pack("<HQI", 2, 1, 0)
    (tmp_path / name(1)).write_bytes(head + struct.pack("<I", zlib.crc32(head)))
    with pytest.raises(ResultError, match="format 2, this version reads 1; go on with the version"):
        opened(tmp_path)


def test_reading_holds_one_entry_and_not_the_log(tmp_path: Path) -> None:
    segments = opened(tmp_path)
    for _ in range(4):
        segments.append([b"x" * (1 << 20)] * 8)
    tracemalloc.start()
    try:
        assert sum(len(entry.content) for entry in segments.read_after(0)) == 1 << 25
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()
