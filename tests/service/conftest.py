"""One small trainer for all tests of the service."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_service import trained


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With ``store/`` and ``snapshots/``."""
    made = tmp_path_factory.mktemp("service")
    trained(made)
    return made
