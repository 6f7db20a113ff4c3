"""When each row of a block was: in UTC and in its local day, and why not where it cannot be told."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import ConfigError, LogError
from interestclock.events.expected import A_PLACE, A_TIME
from interestclock.events.local_time import Located, Order, locate_in_day
from interestclock.events.mapping import ColumnMapping
from interestclock.events.raw_tables import RawBlock
from interestclock.events.row_checks import RowChecks
from interestclock.events.times import Moments, parse_times, time_faults
from interestclock.events.utc_offsets import parse_offsets
from interestclock.events.values import parse_categorical
from interestclock.timeofday import check_zone, day_of_week, seconds_of_day

__all__ = ["check_times", "located", "when"]

_UTC = ("UTC", "Etc/UTC", "Z", "GMT", "+00:00")
_FEW = 10  # rows that may all be malformed without the column being at fault


def when(
    checks: RowChecks, mapping: ColumnMapping, unit: str, order: Order | None, events: dict[str, pa.Array]
) -> tuple[Moments, Located]:
    """Add a block's times to its event table, and refuse rows without one, each with its reason.

    Args:
        checks: of the block. mapping: of the log. unit: of times that are numbers.
        order: what the blocks before tell of these times. events: columns so far.

    Example:
        >>> from pathlib import Path
        >>> table = pa.table({"timestamp_ms": ["1970-01-01T09:00+09:00"]})
        >>> block = RawBlock(path=Path("a.csv"), table=table, row_N=np.array([1]), typed=False)
        >>> events = {}
        >>> _ = when(RowChecks(block), ColumnMapping(), "s", None, events)
        >>> events["timestamp_ms"].to_pylist(), events["second_of_day"].to_pylist()
        ([0], [32400])
    """
    moments, place = located(checks, mapping.time, mapping, unit, order)
    _refuse(checks, mapping, unit, moments)
    if place.unplaced_N.any():
        column = mapping.zone_column or mapping.utc_offset_minutes or mapping.time
        of = (column, A_PLACE)
        checks.reject(place.unplaced_N, _no_zone(checks, mapping, place.unplaced_N), of=of)
    events["timestamp_ms"] = pa.array(place.timestamp_ms_N)
    events["second_of_day"] = pa.array(seconds_of_day(place.timestamp_ms_N, place.offset_minutes_N))
    events["day_of_week"] = pa.array(day_of_week(place.timestamp_ms_N, place.offset_minutes_N))
    if place.zone is not None:
        events["zone"] = place.zone
    return moments, place


def located(
    checks: RowChecks, name: str, mapping: ColumnMapping, unit: str, order: Order | None
) -> tuple[Moments, Located]:
    """The times in a column, and where in UTC and in the local day they stand.

    Args:
        checks: of the block. name: of the column. mapping, unit, order: as of ``when``.
    """
    moments = _read(checks, name, mapping, unit)
    offset_column, zone_column = mapping.utc_offset_minutes, mapping.zone_column
    offset = None if offset_column is None else checks.accept(offset_column, parse_offsets)
    zone = None if zone_column is None else checks.accept(zone_column, parse_categorical)
    place = locate_in_day(
        moments,
        offset=offset,
        zone=zone,
        fallback=mapping.zone,
        local=mapping.time_is_local or False,
        order=order,
    )
    return moments, place


def check_times(blocks: Iterable[RawBlock], mapping: ColumnMapping, unit: str) -> None:
    """Refuse a log that nothing tells the local time of, or of which no row has a time that can be read.

    Blocks are read on until one has what is needed, mostly the first; so it does not matter which that is.

    Args:
        blocks: of the log, at least its times. mapping: of the log. unit: of times that are numbers.

    Raises:
        ConfigError: no key tells local time, and of its times none carries an offset; names the zone that
            the column's type has, if it has one.
        LogError: the column is at fault, and not a row.

    Example:
        >>> from pathlib import Path
        >>> table = pa.table({"timestamp_ms": ["soon"] * 10})
        >>> block = RawBlock(path=Path("a.csv"), table=table, row_N=np.arange(1, 11), typed=False)
        >>> check_times([block], ColumnMapping(zone="UTC"), "s")
        Traceback (most recent call last):
        interestclock.errors.LogError: a.csv: column 'timestamp_ms' holds 'soon', no time as ...
    """
    needs_offsets = not (mapping.zone or mapping.zone_column or mapping.utc_offset_minutes)
    rows, empty = 0, ""
    first_with_times: RowChecks | None = None
    why: str | None = None
    for block in blocks:
        checks = RowChecks(block)
        moments = _read(checks, mapping.time, mapping, unit)
        rows += len(moments.valid_N)
        if moments.valid_N.any():
            first_with_times = first_with_times or checks
            if not needs_offsets or moments.offset_minutes_N.any():  # +00:00 says UTC, and not where
                return
        elif first_with_times is None and why is None:
            why = _first_fault(checks, mapping, unit, moments.valid_N)
            empty = f"{block.path}: column '{mapping.time}' is empty"
    if first_with_times is not None:
        raise ConfigError(_tells_no_local_time(first_with_times, mapping))
    if rows >= _FEW:
        raise LogError(f"{why or empty}; none of its rows has a time")


def _first_fault(
    checks: RowChecks, mapping: ColumnMapping, unit: str, valid_N: npt.NDArray[np.bool_]
) -> str | None:
    """What is wrong with the first time that is none, in words; None: all are empty."""
    faults = [each for each in _faults(checks, mapping, unit, valid_N) if each[1] != "is empty"]
    if not faults:
        return None
    _, reason = min(faults, key=lambda fault: int(fault[0].argmax()))
    return f"{checks.path}: column '{mapping.time}' {reason}"


def _read(checks: RowChecks, name: str, mapping: ColumnMapping, unit: str) -> Moments:
    return checks.read(name, lambda column: parse_times(column, unit=unit, time_format=mapping.time_format))


def _faults(
    checks: RowChecks, mapping: ColumnMapping, unit: str, valid_N: npt.NDArray[np.bool_]
) -> list[tuple[npt.NDArray[np.bool_], str]]:
    return checks.read(
        mapping.time,
        lambda column: time_faults(column, valid_N, unit=unit, time_format=mapping.time_format),
    )


def _refuse(checks: RowChecks, mapping: ColumnMapping, unit: str, moments: Moments) -> None:
    if not moments.valid_N.all():
        for rows_N, reason in _faults(checks, mapping, unit, moments.valid_N):
            checks.reject(rows_N, f"column '{mapping.time}' {reason}")
        checks.reject(~moments.valid_N, "no time", of=(mapping.time, A_TIME))


def _tells_no_local_time(checks: RowChecks, mapping: ColumnMapping) -> str:
    tz = getattr(checks.column(mapping.time).type, "tz", None)
    zone = "--zone America/New_York"
    if tz is not None and tz not in _UTC:  # which says nothing of where users are
        zone = f"--zone {tz}, which the type of column '{mapping.time}' names"
    return (
        f"{checks.path}: nothing tells its local time; give a zone ({zone}), "
        "a zone column, or a column of UTC offsets in minutes"
    )


def _no_zone(checks: RowChecks, mapping: ColumnMapping, unplaced_N: npt.NDArray[np.bool_]) -> str:
    columns = [f"'{name}'" for name in (mapping.utc_offset_minutes, mapping.zone_column) if name]
    if not columns:
        return f"column '{mapping.time}': no offset in it; correct it, or give the log a zone"
    hint = ""
    if mapping.zone_column is not None:
        zones = pc.filter(checks.accept(mapping.zone_column, parse_categorical), pa.array(unplaced_N))
        try:
            for name in filter(None, zones.to_pylist()):
                check_zone(name)
        except ConfigError as error:
            hint = f" ({error})"
    return f"{' and '.join(columns)}: no offset and no known zone; correct it, or give the log a zone{hint}"
