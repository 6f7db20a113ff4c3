"""Each user as of one moment: a log up to then, and a sample for everybody in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.schema import EventSource, LogCounts, LogSchema
from interestclock.samples import BatchMaker, Rows, SampleChunk
from interestclock.state import FeatureState
from interestclock.timeofday import day_of_week, seconds_of_day, zone_offset_minutes

__all__ = ["EventsBefore", "users_as_of"]

# Shapes: U users of a state.


@dataclass(frozen=True, kw_only=True)
class EventsBefore:
    """What of a log happened before a moment; an ``EventSource``, that reads and checks all of the log.

    Args:
        source: the log. before_ms: UTC milliseconds.

    Raises:
        LogError: (from ``chunks``) nothing did.
    """

    source: EventSource
    before_ms: int

    @property
    def schema(self) -> LogSchema:
        """The log's."""
        return self.source.schema

    @property
    def counts(self) -> LogCounts:
        """Of the whole log."""
        return self.source.counts

    def items(self) -> pa.Table | None:
        """The log's."""
        return self.source.items()

    def chunks(self, rows: int = 65_536) -> Iterator[pa.Table]:
        """Event tables in time order, the last of which may be empty."""
        any_before = False
        for table in self.source.chunks(rows):
            before = table.filter(table["timestamp_ms"].to_numpy() < self.before_ms)
            any_before |= before.num_rows > 0
            yield before
        if not any_before:
            moment = datetime.fromtimestamp(self.before_ms / 1_000, UTC).isoformat()
            raise LogError(f"nothing in the log happened before {moment} (as_of); give a later moment")

    def fingerprint(self) -> str:
        """Of the whole log."""
        return self.source.fingerprint()


def users_as_of(state: FeatureState, *, at_ms: int) -> SampleChunk:
    """A sample for each user of a state, by slot, without an item or a label.

    Args:
        state: of what happened before the moment. at_ms: UTC milliseconds.
    """
    user_U = np.arange(1, state.users.capacity + 1)
    at_ms_U, none_U = np.full(user_U.size, at_ms), np.zeros(user_U.size, np.int64)
    offset_U = _offsets(state, user_U, at_ms)
    rows = Rows(
        user_B=user_U,
        item_B=none_U,
        request_B=user_U,
        timestamp_ms_B=at_ms_U,
        second_of_day_B=seconds_of_day(at_ms_U, offset_U),
        day_of_week_B=day_of_week(at_ms_U, offset_U),
        known_ms_B=at_ms_U,
    )
    samples = BatchMaker(recent=1, clocks=True).make(rows, state)
    return SampleChunk(samples=samples, truths={}, sizes={}, log_row_B=none_U)


def _offsets(state: FeatureState, user_U: npt.NDArray[np.int64], at_ms: int) -> npt.NDArray[np.int64]:
    """Minutes that each user's clock is ahead of UTC: in the last zone, else as it was last."""
    offset_U = np.zeros(user_U.size, np.int64)
    in_zone: dict[str, list[int]] = defaultdict(list)
    for place, user in enumerate(user_U.tolist()):
        zone, last = state.last_zone(user), state.last_offset(user)
        assert last is not None  # every row of a log says what the clock on the wall was
        offset_U[place] = last[0]
        if zone is not None:
            in_zone[zone].append(place)
    for zone, places in in_zone.items():
        offset_U[places] = zone_offset_minutes(np.array([at_ms]), zone)[0]
    return offset_U
