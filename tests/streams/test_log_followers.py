"""How far followers have come: in the folder, one process for each name, forgotten only when told."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from interestclock.errors import ConfigError, ResultError
from interestclock.files import force
from interestclock.streams import LogFollower, followers_of, remove_follower
from interestclock.streams.log_followers import FollowerOffset


def known(folder: Path) -> dict[str, int]:
    return {each.name: each.offset for each in followers_of(folder)}


def test_an_offset_stays_when_its_follower_ends(tmp_path: Path) -> None:
    for name, offset in (("web", 3), ("trainer-2.old", 7)):
        follower = FollowerOffset(tmp_path / "log", name)
        follower.write(1)
        follower.write(offset)
        follower.release()
    os.utime(tmp_path / "log" / "followers" / "web.offset", (5, 5))
    trainer, web = followers_of(tmp_path / "log")
    assert (trainer.name, trainer.offset) == ("trainer-2.old", 7)
    assert web == LogFollower(name="web", offset=3, since_ms=5_000)
    assert list(tmp_path.rglob("*.unfinished")) == []


def test_one_that_has_no_offset_yet_holds_nothing(tmp_path: Path) -> None:
    FollowerOffset(tmp_path, "web").release()
    assert known(tmp_path) == {}


def test_one_process_follows_under_a_name(tmp_path: Path) -> None:
    follower = FollowerOffset(tmp_path, "web")
    with pytest.raises(
        ResultError,
        match=rf"is followed as 'web' by another process \(process {os.getpid()}, .*another name \(--group\)",
    ):
        FollowerOffset(tmp_path, "web")
    FollowerOffset(tmp_path, "app").release()
    follower.release()
    FollowerOffset(tmp_path, "web").release()


def test_a_step_back_is_waited_for_and_one_forward_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read again must not go meanwhile; what is kept for too long harms nobody."""
    follower = FollowerOffset(tmp_path, "web")
    forced: list[Path] = []
    monkeypatch.setattr("interestclock.files.force", lambda path: (forced.append(path), force(path)))
    names = []
    for offset in (5, 9, 12, 4, 6):
        forced.clear()
        follower.write(offset)
        names.append(tmp_path / "followers" in forced)
    assert names == [True, False, False, True, False]
    follower.release()


@pytest.mark.parametrize("said", ["", "7", "-3\n", "half", "\xff"])
def test_one_whose_file_is_damaged_holds_everything(said: str, tmp_path: Path) -> None:
    (tmp_path / "followers").mkdir()
    (tmp_path / "followers" / "web.offset").write_text(said, encoding="latin-1")
    assert known(tmp_path) == {"web": 7 if said == "7" else 0}


def test_one_that_never_comes_back_can_be_removed(tmp_path: Path) -> None:
    gone, running = FollowerOffset(tmp_path, "gone"), FollowerOffset(tmp_path, "running")
    for follower in (gone, running):
        follower.write(3)
    gone.release()
    remove_follower(tmp_path, "gone")
    assert known(tmp_path) == {"running": 3}
    with pytest.raises(ResultError, match="no follower is called 'gone'; there is running"):
        remove_follower(tmp_path, "gone")
    with pytest.raises(ResultError, match="is followed as 'running' by another process"):
        remove_follower(tmp_path, "running")
    running.release()
    assert known(tmp_path) == {"running": 3}


def test_an_offset_that_cannot_be_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = FollowerOffset(tmp_path, "web")
    follower.write(3)

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("interestclock.files.force", full)
        with pytest.raises(ResultError, match=r"how far a follower has come cannot be written .*; make"):
            follower.write(9)
    follower.release()
    assert known(tmp_path) == {"web": 3}


@pytest.mark.parametrize("name", ["", ".", "a/b", "../web", ".web", "ä", "a" * 101, "a b"])
def test_a_name_that_is_no_file_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"follower '{name}': give letters, digits")):
        FollowerOffset(tmp_path, name)
    assert list(tmp_path.iterdir()) == []
