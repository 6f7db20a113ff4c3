"""What is in a log, and how much the time of day tells about it."""

from __future__ import annotations

from interestclock.events.schema import EventSource
from interestclock.studies.inspect_tables import render
from interestclock.studies.inspection import HourInformation, LabelRate, LogInspection
from interestclock.studies.log_tally import LogTally

__all__ = ["HourInformation", "LabelRate", "LogInspection", "inspect_log", "render"]


def inspect_log(source: EventSource, *, permutations: int = 5, seed: int = 0) -> LogInspection:
    """Read a log once and say what is in it.

    The information of the hour is measured over engaged events (a visit, a purchase, a finished song):
    what was merely shown tells about the system, not about its users. Holds a few numbers per event.

    Args:
        source: an event log.
        permutations: shuffles the information is corrected by.
        seed: of the shuffles.

    Raises:
        LogError: the log cannot be read as described.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import ColumnMapping, open_log
        >>> path = Path(tempfile.mkdtemp()) / "plays.csv"
        >>> rows = "7,a,1970-01-01T09:00\\n7,b,1970-01-01T10:00\\n"
        >>> _ = path.write_text("user_id,item_id,timestamp_ms\\n" + rows)
        >>> found = inspect_log(open_log(path, mapping=ColumnMapping(zone="UTC", positive_only="play")))
        >>> found.users, found.items, found.events_by_hour[9], found.labels["play"].positive
        (1, 2, 1, 1.0)
    """
    tally = LogTally(source.schema, source.items())
    for chunk in source.chunks():
        tally.add(chunk)
    return tally.result(source.counts, permutations, seed)
