"""The journal: a cut is on the disk before it is learned, and half a line never was."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ResultError
from interestclock.events.live import Cut, Journal


def cut(number: int) -> Cut:
    return Cut(source="s", ranges={"0": (str(number), str(number)), "ü": ("a", "b")}, messages=number)


def numbers(journal: Journal, position: int = 0) -> list[int]:
    return [each.messages for each in journal.read_after(position)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["append", "segment", "reopen", "drop"]), max_size=25))
def test_what_is_not_dropped_is_read(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    folder = tmp_path_factory.mktemp("j")
    journal, appended, dropped = Journal(folder), 0, 0
    for step in steps:
        match step:
            case "append":
                appended += 1
                assert journal.append(cut(appended)) == appended
            case "segment":
                journal.new_segment()
            case "reopen":
                journal = Journal(folder)
            case "drop":
                dropped = appended // 2
                journal.drop_before(dropped)
        assert journal.position == appended
        assert numbers(journal, dropped) == list(range(dropped + 1, appended + 1))


def test_files_go_once_they_are_needed_no_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in (1, 2, 3, 4):
        journal.append(cut(number))
        journal.new_segment()
    journal.drop_before(2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"journal-{n:010d}.jsonl" for n in (3, 4, 5)]
    with pytest.raises(ResultError, match="the journal begins with cut 3, but 2 is needed"):
        numbers(journal, 1)


def test_a_file_that_is_missing_between_others_is_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in (1, 2, 3):
        journal.append(cut(number))
        journal.new_segment()
    (tmp_path / "journal-0000000002.jsonl").unlink()
    with pytest.raises(
        ResultError, match=r"journal-0000000003.jsonl: it should begin with cut 2.* bring journal-0000000002"
    ):
        numbers(Journal(tmp_path))


def test_a_new_file_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    (tmp_path / "j").rmdir()
    with pytest.raises(ResultError, match=r"the journal cannot be written .* --resume"):
        journal.new_segment()


@pytest.mark.parametrize("missing", [1, 5, 30])
def test_a_torn_last_line_is_cut_off(missing: int, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(tmp_path)
    for number in (1, 2):
        journal.append(cut(number))
    path = tmp_path / "journal-0000000001.jsonl"
    path.write_bytes(path.read_bytes()[:-missing])
    with caplog.at_level(logging.WARNING):
        journal = Journal(tmp_path)
    assert "half-written line is cut off" in caplog.text
    assert numbers(journal) == [1]
    assert journal.append(cut(2)) == 2
    assert numbers(journal) == [1, 2]


def test_damage_elsewhere_is_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in (1, 2):
        journal.append(cut(number))
    path = tmp_path / "journal-0000000001.jsonl"
    content = bytearray(path.read_bytes())
    content[30] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ResultError, match=r"journal-0000000001.jsonl, line 1: damaged; bring the file back"):
        numbers(Journal(tmp_path))


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.append(cut(1))
    with monkeypatch.context() as patch:

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr("interestclock.events.live.journal.os.fsync", full)
        with pytest.raises(ResultError, match=r"No space left on device.*make room .* --resume"):
            journal.append(cut(2))
    assert numbers(Journal(tmp_path)) == [1]
    assert journal.append(cut(2)) == 2
    assert numbers(Journal(tmp_path)) == [1, 2]
