"""How much memory a run took, wherever it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from interestclock.training import memory
from interestclock.training.memory import peak_rss_mib


def test_linux_says_it_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmPeak:\t9999 kB\nVmHWM:\t   524288 kB\nVmRSS:\t 1024 kB\n")
    monkeypatch.setattr(memory, "_STATUS", status)
    assert peak_rss_mib() == 512


def test_a_peak_stays_what_was_given_back() -> None:
    before = peak_rss_mib()
    np.ones(40 << 17).sum()  # 40 MiB
    assert peak_rss_mib() >= max(before, 40)


@pytest.mark.parametrize("without", ["a file", "a line"])
def test_elsewhere_the_system_is_asked(without: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = tmp_path / "status"
    if without == "a line":
        status.write_text("Name:\tpython\n")
    monkeypatch.setattr(memory, "_STATUS", status)
    assert peak_rss_mib() > 10


def test_where_no_one_knows_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "status")
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_rss_mib() is None
