"""A small comparison that the tests of this folder look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_comparison import compared, simulated_log

from interestclock.results import Comparison


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_log(tmp_path_factory.mktemp("log") / "log")


@pytest.fixture(scope="session")
def folder(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compared(log, tmp_path_factory.mktemp("compared") / "results")


@pytest.fixture
def comparison(folder: Path) -> Comparison:
    return Comparison.open(folder)
