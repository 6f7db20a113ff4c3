"""Rows set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interestclock.errors import LogError
from interestclock.events.dead_letters import DeadLetter, DeadLetterFile
from interestclock.streams import BadMessage

LETTER = DeadLetter(
    file=Path("log.csv"), row=3, reason="column 'user': expected an id", values={"user": None}
)


def test_one_json_object_per_line(tmp_path):
    path = tmp_path / "new" / "dead.jsonl"
    with DeadLetterFile(path) as letters:
        letters.begin()
        letters.write([LETTER])
        letters.write([LETTER])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert (
        lines
        == [
            {"file": "log.csv", "row": 3, "reason": "column 'user': expected an id", "values": {"user": None}}
        ]
        * 2
    )


def test_a_run_without_dead_letters_leaves_no_old_file(tmp_path):
    path = tmp_path / "dead.jsonl"
    with DeadLetterFile(path) as letters:
        letters.write([LETTER])
    DeadLetterFile(path).begin()
    assert not path.exists()


@pytest.mark.parametrize("text", ["notes of mine\n", '{"a": 1}\n', "[1]\n"])
def test_a_file_that_holds_something_else_is_left_alone(tmp_path, text):
    path = tmp_path / "dead.jsonl"
    path.write_text(text)
    with pytest.raises(LogError, match="is there and holds no dead letters; name another file"):
        DeadLetterFile(path).begin()
    assert path.read_text() == text


def test_without_a_file_the_first_is_an_error():
    with pytest.raises(
        LogError,
        match=r"log\.csv, row 3: column 'user': expected an id; correct the row, .* --dead-letters FILE",
    ):
        DeadLetterFile(None).write([LETTER])


@pytest.mark.parametrize("name", ["file/dead.jsonl", "folder"])
def test_a_place_that_cannot_be_written(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(LogError, match="dead letters cannot be written there"):
        DeadLetterFile(tmp_path / name).begin()


def test_a_device_outlives_a_run():
    with DeadLetterFile(Path("/dev/null")) as letters:
        letters.write([DeadLetter(file=Path("a.csv"), row=3, reason="empty", values={})])
    assert Path("/dev/null").is_char_device()


def test_a_full_disk_is_told():
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full here")
    with pytest.raises(LogError, match="/dev/full: dead letters cannot be written there"):  # noqa: SIM117
        with DeadLetterFile(Path("/dev/full")) as letters:
            letters.write([DeadLetter(file=Path("a.csv"), row=3, reason="empty", values={})])


def test_what_could_not_be_read_of_a_stream_has_fields_of_its_own(tmp_path):
    letter = BadMessage(partition="0", offset="7", reason="no JSON", payload="\udcff{")
    with DeadLetterFile(tmp_path / "dead.jsonl") as letters:
        letters.write([letter])
    line = (tmp_path / "dead.jsonl").read_text()
    assert line == '{"partition": "0", "offset": "7", "reason": "no JSON", "payload": "\\udcff{"}\n'
    with pytest.raises(LogError, match="holds no dead letters"):  # a log does not begin it anew
        DeadLetterFile(tmp_path / "dead.jsonl").begin()


def test_a_file_goes_on_where_it_was_cut_back(tmp_path):
    path = tmp_path / "dead.jsonl"
    with DeadLetterFile(path) as letters:
        assert letters.force() == 0
        letters.write([LETTER])
        size = letters.force()
        letters.write([LETTER] * 3)
        letters.truncate(size)
        letters.write([LETTER])
    with DeadLetterFile(path) as again:
        again.truncate(10**9)
        assert again.force() == 2 * size
        again.write([LETTER])
    assert [json.loads(line)["row"] for line in path.read_text().splitlines()] == [3, 3, 3]


def test_the_remedy_is_the_callers(tmp_path):
    (tmp_path / "folder").mkdir()
    letters = DeadLetterFile(tmp_path / "folder", remedy="make room, then go on with --resume")
    with pytest.raises(LogError, match=r"cannot be written there .*; make room, then go on with --resume$"):
        letters.write([LETTER])
