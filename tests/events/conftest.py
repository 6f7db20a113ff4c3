"""Small logs to read."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from interestclock.events import ColumnMapping

HEADER = "user_id,item_id,timestamp_ms"


@pytest.fixture
def visits() -> ColumnMapping:
    """The plainest mapping: canonical names, UTC, positive-only."""
    return ColumnMapping(zone="UTC", positive_only="visit")


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write lines under a header; ``.gz`` names are compressed."""

    def write(lines: Iterable[str], *, header: str = HEADER, name: str = "log.csv") -> Path:
        path = tmp_path / name
        text = "".join(f"{line}\n" for line in (header, *lines)).encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return path

    return write


@pytest.fixture
def repository_examples() -> Callable[[str], ColumnMapping]:
    """A mapping out of the examples folder, by name."""
    examples = Path(__file__).resolve().parents[2] / "examples"
    return lambda name: ColumnMapping.from_toml(examples / f"{name}.toml")
