"""Results appear whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from interestclock.errors import ResultError
from interestclock.studies.result_folder import result_folder


def test_what_exists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="is there already"), result_folder(tmp_path):
        pass


def _write_half(folder: Path, kind: type[BaseException]) -> None:
    (folder / "half").write_text("")
    raise kind


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_of_what_failed(tmp_path: Path, kind: type[BaseException]) -> None:
    with pytest.raises(kind), result_folder(tmp_path / "a" / "out") as folder:
        _write_half(folder, kind)
    assert list((tmp_path / "a").iterdir()) == []


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"cannot be written .*No space left.*; see that its disk has room"):  # noqa: SIM117
        with result_folder(tmp_path / "out"):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_nothing_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="cannot be written"), result_folder(tmp_path / "file" / "out"):
        pass
