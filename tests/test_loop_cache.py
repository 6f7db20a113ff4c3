"""Compiled loops are kept where they can be, and never where others can write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
import pytest

from interestclock import compiled, loop_cache
from interestclock.loop_cache import BESIDE_THE_SOURCE, cache_folder

posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no owners and modes here")


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    cache_folder.cache_clear()
    yield
    cache_folder.cache_clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder in which nothing can be written, as a file stands where ``__pycache__`` would."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__pycache__").touch()
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_given_folder_goes_first(tmp_path: Path, home: Path) -> None:
    given = str(tmp_path / "given")
    assert cache_folder(tmp_path, given) == given
    assert not home.exists()


def test_then_the_folder_beside_the_source(tmp_path: Path, home: Path) -> None:
    assert cache_folder(tmp_path, "") == BESIDE_THE_SOURCE
    assert not home.exists()


def test_a_given_folder_that_cannot_be_written_is_passed_over(source: Path, tmp_path: Path) -> None:
    assert cache_folder(tmp_path, str(source / "__pycache__" / "x")) == BESIDE_THE_SOURCE


def test_then_the_users_own(source: Path, home: Path) -> None:
    users = home / ".cache" / "interestclock"
    assert cache_folder(source, "") == str(users)
    assert users.stat().st_mode & 0o077 == 0
    assert list(users.iterdir()) == []


def test_the_users_cache_is_where_the_environment_says(
    source: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache_folder(source, "") == str(tmp_path / "caches" / "interestclock")
    cache_folder.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")  # the standard: relative ones are invalid
    assert cache_folder(source, "") == str(home / ".cache" / "interestclock")


def test_in_the_end_nowhere(source: Path, home: Path) -> None:
    home.touch()
    assert cache_folder(source, "") is None


def test_no_home_at_all_is_nowhere(
    source: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.chdir(tmp_path)
    assert cache_folder(source, "") is None
    assert not (tmp_path / "~").exists()  # what numba itself makes there


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_can_write_is_not_used(source: Path, home: Path, mode: int) -> None:
    users = home / ".cache" / "interestclock"
    users.mkdir(parents=True)
    users.chmod(mode)
    assert cache_folder(source, "") is None


@posix
@pytest.mark.parametrize(("mode", "used"), [(0o777, False), (0o1777, True), (0o755, True)])
def test_a_folder_that_others_can_replace_is_not_used(
    source: Path, home: Path, mode: int, used: bool
) -> None:
    home.mkdir()
    home.chmod(mode)
    assert (cache_folder(source, "") is not None) == used


@posix
@pytest.mark.parametrize("owned", ["interestclock", ".cache"])
def test_a_folder_of_someone_else_is_not_used(source: Path, home: Path, owned: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give folders away")
    users = home / ".cache" / "interestclock"
    users.mkdir(parents=True)
    os.chown(users if owned == users.name else users.parent, 54_321, 54_321)
    assert cache_folder(source, "") is None


@pytest.mark.parametrize("where", [None, "kept"])
def test_a_loop_gives_the_same_kept_or_not(
    where: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = None if where is None else str(tmp_path / where)
    monkeypatch.setattr(compiled, "cache_folder", lambda source_folder, given: folder)
    before = numba.config.CACHE_DIR

    @compiled.compiled()
    def total(some: np.ndarray) -> float:
        found = 0.0
        for each in some:
            found += each
        return found

    assert total(np.array([1.0, 2.0])) == 3.0
    assert before == numba.config.CACHE_DIR
    assert len(list(tmp_path.glob("kept/*/*.nbi"))) == (0 if where is None else 1)


def test_what_can_be_written_is_tried(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert loop_cache._can_write(tmp_path / "new" / "folder")
    assert not loop_cache._can_write(tmp_path / "file")
