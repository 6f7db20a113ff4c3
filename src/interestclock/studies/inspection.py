"""What an inspection of a log found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interestclock.events.schema import LogCounts
from interestclock.studies.column_readings import ColumnReading
from interestclock.studies.gain_estimate import GainForecast
from interestclock.studies.hour_information import BitsWithinUsers
from interestclock.studies.log_sample import SampleRow

__all__ = ["HourInformation", "LabelRate", "LogInspection"]


@dataclass(frozen=True, kw_only=True)
class LabelRate:
    """How often a label is 1 where it is there, and how often it is missing.

    Example:
        >>> LabelRate(positive=0.5, missing=0.0).positive
        0.5
    """

    positive: float
    missing: float


@dataclass(frozen=True, kw_only=True)
class HourInformation:
    """Bits the local hour gives about an attribute, beyond what sittings shuffled within it would.

    Args:
        values: how many the attribute has. overall_bits: about it. within_users: once the user is known.

    Example:
        >>> within = BitsWithinUsers(bits=0.3, low=0.2, high=0.4)
        >>> HourInformation(values=10, overall_bits=0.1, within_users=within).values
        10
    """

    values: int
    overall_bits: float
    within_users: BitsWithinUsers


@dataclass(frozen=True, kw_only=True)
class LogInspection:
    """What a log holds.

    Args:
        counts: what became of its rows.
        first_ms, last_ms: UTC milliseconds of the first and last event.
        users, items: how many there are.
        events_per_user: quantile (0..1) -> events.
        labels: name -> rates.
        events_by_hour: 24 counts by local hour.
        hour_information: attribute -> bits, over engaged events.
        sample: its first rows and its last, as understood. columns: how each column was read.
        forecast: what the time of day would gain, and users' own past.
        unsplit: attribute or multi-valued context -> the separator that its values seem to hold unsplit.

    Example:
        >>> LogInspection.__dataclass_fields__["events_by_hour"].name
        'events_by_hour'
    """

    counts: LogCounts
    first_ms: int
    last_ms: int
    users: int
    items: int
    events_per_user: Mapping[float, float]
    labels: Mapping[str, LabelRate]
    events_by_hour: Sequence[int]
    hour_information: Mapping[str, HourInformation]
    unsplit: Mapping[str, str]
    sample: Sequence[SampleRow]
    columns: Sequence[ColumnReading]
    forecast: GainForecast
