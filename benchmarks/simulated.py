"""The simulator's logs, as the package reads them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa

from interestclock.events import EventSource, open_log
from interestclock.simulator import size_named, write_simulated_log


def open_simulated(size: str, folder: Path) -> EventSource:
    """Write a log of a named size to a folder, and open it."""
    write_simulated_log(folder, size=size_named(size), seed=0)
    return open_log(folder)


def simulated_log(size: str) -> tuple[pa.Table, pa.Table]:
    """Events in time order, with local time and label times, and the items, of a log of a named size."""
    with tempfile.TemporaryDirectory() as folder:
        source = open_simulated(size, Path(folder))
        events = pa.concat_tables(source.chunks())
        items = source.items()
    assert items is not None
    return events, items
