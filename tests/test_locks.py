"""A lock by a file: one has it, and the file says who."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from interestclock.errors import ResultError
from interestclock.locks import lock


def test_a_lock_says_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = lock(path, taken="it is taken", remedy="wait for it")
    with pytest.raises(
        ResultError, match=rf"^it is taken \(process {os.getpid()}, since .* UTC\); wait for it$"
    ):
        lock(path, taken="it is taken", remedy="wait for it")
    path.write_text("")  # as a system that lets nobody read it
    with pytest.raises(ResultError, match=r"^it is taken; wait for it$"):
        lock(path, taken="it is taken", remedy="wait for it")
    first.release()
    lock(path, taken="it is taken", remedy="wait for it").release()
