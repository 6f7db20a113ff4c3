"""What stands out in a log's times: what was guessed of them, and what no log is likely to hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.events.local_time import Located, Order
from interestclock.events.mapping import ColumnMapping
from interestclock.events.raw_tables import RawBlock
from interestclock.events.times import Moments
from interestclock.events.unix_times import UNITS
from interestclock.timeofday import DAY_MS, TimeSource

__all__ = ["TimeWatch"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_LIKELY_MS = 631_152_000_000  # 1990
_LONGEST_SHIFT_MS = 3_600_000  # by which a clock is set back
_MOST_LOOKED_AT = 1_000  # rows of a block; all of a column's are of one unit
_FEW = 20  # rows whose being alike says nothing
_GIVE_UNIT = "if that is not so, give --time-unit, or time_format in the mapping file"
_BITS_OF = {"halffloat": 11, "float": 24}

Bools = npt.NDArray[np.bool_]
About = TypeVar("About")


class TimeWatch:
    """Looks at a log's times block by block, and says each thing once.

    Args:
        mapping: of the log. lateness_ms: how far a row may stand behind the newest.
        remarks: what is said of the log (``LogCounts.remarks``); it is added to.

    Example:
        >>> watch = TimeWatch(ColumnMapping(zone="UTC", positive_only="play"), lateness_ms=0, remarks=[])
        >>> watch.close()
        >>> watch.remedy_for_late(3_000_000) is None
        True
    """

    def __init__(self, mapping: ColumnMapping, *, lateness_ms: int, remarks: list[str]) -> None:
        self._mapping, self._lateness_ms, self._remarks = mapping, lateness_ms, remarks
        self._first_ms, self._newest_ms = np.iinfo(np.int64).max, np.iinfo(np.int64).min // 2
        self._newest_value_ms = np.iinfo(np.int64).min
        self._rows, self._all_at_midnight = 0, True
        self._of_unit = np.zeros(len(UNITS), np.int64)
        self._looked_for: set[str] = set()  # what was found once is looked for no more
        self._wall_clock_as_utc = False

    @property
    def order(self) -> Order:
        """What the rows so far tell of those that come."""
        return Order(newest_ms=int(self._newest_ms), lateness_ms=self._lateness_ms)

    def remedy_for_late(self, gap_ms: int) -> str | None:
        """What to do about a row so far behind, where its wall-clock time may have been read as UTC."""
        if not self._wall_clock_as_utc or gap_ms > _LONGEST_SHIFT_MS:
            return None
        return (
            "These times name no offset and were read as UTC; if they are the clock on the user's wall, "
            "which is set back once a year, give --time-is-local. If they are UTC, say --time-is-utc"
        )

    def add(self, block: RawBlock, moments: Moments, place: Located, usable_N: Bools) -> None:
        """Look at a block, whose usable rows are those that hold a time."""
        good_N = usable_N & moments.valid_N & ~place.unplaced_N
        if not good_N.any():
            return
        all_good = bool(good_N.all())
        value_ms_N = moments.ms_N if all_good else moments.ms_N[good_N]
        utc_ms_N = place.timestamp_ms_N if all_good else place.timestamp_ms_N[good_N]
        self._rows += value_ms_N.size
        self._first_ms = min(self._first_ms, int(value_ms_N.min()))
        self._newest_value_ms = max(self._newest_value_ms, int(value_ms_N.max()))
        self._newest_ms = max(self._newest_ms, int(utc_ms_N.max()))
        if self._all_at_midnight:
            wall_ms_N = value_ms_N + moments.offset_minutes_N[good_N] * 60_000
            self._all_at_midnight = not np.any(wall_ms_N % DAY_MS)
        self._count_units(moments, good_N)
        self._look_at_type(block)
        self._look_at_offsets(block, moments, good_N)
        self._look_at_unit_of_offsets(block, place)
        self._look_at_wall_clock(block, moments, place, good_N)
        self._look_for("skipped", block, good_N & place.skipped_N, self._skipped, place)

    def close(self) -> None:
        """Look at all of it together."""
        if not self._rows:
            return
        column = f"column '{self._mapping.time}'"
        first, last = _written(self._first_ms), _written(self._newest_value_ms)
        if self._first_ms < _FIRST_LIKELY_MS:
            self._say(f"{column}: read as times from {first} to {last}, before 1990; {_GIVE_UNIT}")
        next_year = _EPOCH.replace(year=(_EPOCH + timedelta(milliseconds=TimeSource().now_ms())).year + 2)
        if self._newest_value_ms >= (next_year - _EPOCH) // timedelta(milliseconds=1):
            self._say(f"{column}: read as times from {first} to {last}, after next year; {_GIVE_UNIT}")
        if np.count_nonzero(self._of_unit) > 1:
            read = [f"{n:,} as {unit}" for n, unit in zip(self._of_unit.tolist(), UNITS, strict=True) if n]
            self._say(f"{column}: numbers are read by their size, {' and '.join(read)}; {_GIVE_UNIT}")
        if self._rows >= _FEW and self._first_ms == self._newest_value_ms:
            self._say(f"{column}: all {self._rows:,} rows are of one time, {first}")
        elif self._rows >= _FEW and self._all_at_midnight:
            self._say(
                f"{column}: all {self._rows:,} rows are at 00:00:00; a date without its time of day tells no "
                "clock anything"
            )

    def _say(self, remark: str) -> None:
        if remark not in self._remarks:
            self._remarks.append(remark)

    def _count_units(self, moments: Moments, good_N: Bools) -> None:
        if moments.units is None:
            return
        if isinstance(moments.units, str):
            self._of_unit[UNITS.index(moments.units)] += np.count_nonzero(good_N)
        else:
            unit_N = moments.units[good_N]
            self._of_unit += np.bincount(unit_N[unit_N >= 0], minlength=len(UNITS))

    def _look_at_type(self, block: RawBlock) -> None:
        kind = block.table.schema.field(self._mapping.time).type
        bits = _BITS_OF.get(str(kind))
        if bits is None or "type" in self._looked_for:
            return
        self._looked_for.add("type")
        largest = np.nanmax(np.abs(block.table[self._mapping.time].cast(pa.float64()).to_numpy()))
        apart = float(2.0 ** (np.floor(np.log2(max(largest, 1.0))) + 1 - bits))
        if apart > 1:
            self._say(
                f"{block.path}: column '{self._mapping.time}' holds {kind}, which has only every "
                f"{apart:,.0f}th of the numbers as large as {largest:.0f}; write it as integers or double"
            )

    def _look_at_offsets(self, block: RawBlock, moments: Moments, good_N: Bools) -> None:
        zoned = self._mapping.zone_column or self._mapping.zone
        if zoned is None or self._mapping.utc_offset_minutes is not None:
            return
        carried_N = good_N & moments.offset_given_N & (moments.offset_minutes_N != 0)
        self._look_for("offset", block, carried_N, self._carried, moments)

    def _look_at_unit_of_offsets(self, block: RawBlock, place: Located) -> None:
        column = self._mapping.utc_offset_minutes
        if column is None or "unit" in self._looked_for:
            return
        written = block.table[column].slice(0, _MOST_LOOKED_AT)
        for value, minutes in zip(written.to_pylist(), place.offset_minutes_N.tolist(), strict=False):
            if minutes and _number(value) not in (None, minutes):
                self._looked_for.add("unit")
                self._say(f"{block.path}: column '{column}': {value} is read as {minutes} minutes")
                return

    def _look_at_wall_clock(self, block: RawBlock, moments: Moments, place: Located, good_N: Bools) -> None:
        if self._mapping.time_is_local is not None or "wall" in self._looked_for:
            return
        either_N = good_N & ~moments.utc_N & ~moments.number_N & (place.offset_minutes_N != 0)
        if either_N.any():
            self._wall_clock_as_utc = True
            self._look_for("wall", block, either_N, self._either, place)

    def _look_for(
        self,
        what: str,
        block: RawBlock,
        rows_N: Bools,
        say: Callable[[About, int, str], str],
        about: About,
    ) -> None:
        if what in self._looked_for or not rows_N.any():
            return
        self._looked_for.add(what)
        at = int(rows_N.argmax())
        value = block.table[self._mapping.time].slice(at, 1).cast(pa.string())[0].as_py()
        self._say(f"{block.path}, row {block.row_N[at]}: {say(about, at, value)}")

    def _carried(self, moments: Moments, at: int, value: str) -> str:
        zone = self._mapping.zone_column or self._mapping.zone
        return (
            f"'{value}' carries the event's own offset, {moments.offset_minutes_N[at]} minutes, which tells "
            f"its local time; '{zone}' counts only where there is none"
        )

    def _either(self, place: Located, at: int, value: str) -> str:
        local = _written(int(place.timestamp_ms_N[at]) + int(place.offset_minutes_N[at]) * 60_000)
        return (
            f"'{value}' names no offset and is read as UTC, which is {local} where the user is; if it is "
            f"the clock on the user's wall, and {value} there, give --time-is-local (if not, "
            "--time-is-utc says so)"
        )

    def _skipped(self, place: Located, at: int, value: str) -> str:
        local = _written(int(place.timestamp_ms_N[at]) + int(place.offset_minutes_N[at]) * 60_000)
        zone = "" if place.zone is None else f" in {place.zone[at].as_py()}"
        return (
            f"'{value}' does not exist{zone}: the clock is set forward over it; it is read as {local}, and "
            "so are all like it"
        )


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _written(wall_ms: int) -> str:
    return f"{_EPOCH + timedelta(milliseconds=wall_ms):%Y-%m-%d %H:%M:%S}"
