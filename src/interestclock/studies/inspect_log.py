"""What is in a log, and how much the time of day tells about it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from interestclock.defaults import SITTING_MINUTES
from interestclock.events.schema import EventSource
from interestclock.samples import CandidateConfig
from interestclock.samples.sample_maker import whole_runs
from interestclock.studies.column_readings import ColumnTally
from interestclock.studies.forecast_rows import RowGatherer, together
from interestclock.studies.gain_forecast import ForecastConfig, forecast_of_rows
from interestclock.studies.inspect_tables import render
from interestclock.studies.inspection import HourInformation, LabelRate, LogInspection
from interestclock.studies.log_sample import LogSample
from interestclock.studies.log_tally import LogTally, Shuffles

__all__ = ["HourInformation", "LabelRate", "LogInspection", "inspect_log", "render"]

_ROWS = 32_768  # of a table: the memory that each takes is what an inspection takes beside what it gathers


def inspect_log(
    source: EventSource, *, sitting_minutes: float = SITTING_MINUTES, permutations: int = 5, seed: int = 0
) -> LogInspection:
    """Read a log once, say what is in it, and foretell what the time of day would gain.

    The information of the hour is measured over engaged events (a visit, a purchase, a finished song):
    what was merely shown tells about the system, not about its users. Holds a dozen bytes of each engaged
    event, and a few dozen numbers of each row of the forecast (``RowGatherer``).

    Args:
        source: an event log.
        sitting_minutes: a gap of so many minutes between a user's events ends a sitting.
        permutations: shuffles the information is corrected by.
        seed: of the shuffles.

    Raises:
        ConfigError: ``sitting_minutes`` is negative or not finite.
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
    config = ForecastConfig(sitting_minutes=sitting_minutes)
    shuffles = Shuffles(sitting_minutes=sitting_minutes, permutations=permutations, seed=seed)
    tally = LogTally(source.schema, source.items(), shuffles=shuffles)
    columns = ColumnTally(source)
    sample = LogSample(source.schema, source.items())
    gatherer = RowGatherer(source.schema, source.items(), candidates=CandidateConfig())
    _read(source, (tally, columns, sample, gatherer))
    pa.default_memory_pool().release_unused()  # what reading took and the rest may have
    rows = gatherer.rows()
    del gatherer  # its state is as large as what it gathered
    information = tally.hour_information()
    return tally.result(
        source.counts,
        hour_information=information,
        sample=sample.rows(),
        columns=columns.readings(),
        forecast=forecast_of_rows(rows, config=config),
    )


def _read(source: EventSource, readers: Sequence[LogTally | ColumnTally | LogSample | RowGatherer]) -> None:
    """All of the log to each reader; then no table of it is held."""
    for chunk in whole_runs(source.chunks(_ROWS), together(source.schema)):
        for each in readers:
            each.add(chunk)
