"""The rows a forecast is made of: what ``compare`` would train on, in time order, as plain arrays.

Shapes: ``N`` rows, ``S`` items by slot, ``V`` values of one item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.clock_features import ClockFeatureConfig
from interestclock.events.schema import LogSchema
from interestclock.samples import CandidateConfig
from interestclock.samples.past_choices import uniform
from interestclock.samples.sample_maker import REQUEST, SAME_TIME, Columns, SampleMaker

__all__ = ["ForecastRows", "RowGatherer", "together"]

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.integer]  # of as few bytes as samples have them in
MOST_ROWS = 300_000
LEAST_USERS = 1_000
_FEWER = 0.75  # of the users, each time that there are too many rows
_DRAW = 2_019  # a stream of chance that nothing else draws from


@dataclass(frozen=True, kw_only=True)
class ForecastRows:
    """Exposures (and candidates sampled beside choices) whose label is there, in time order.

    Args:
        user_N, item_N: numbers from 1.
        timestamp_ms_N: UTC milliseconds, ascending. second_of_day_N: local, 0..86399.
        label_N: 0 or 1. known_ms_N: UTC milliseconds at which it was known.
        values: attribute -> (I, V), the numbers of each item's values, 0 is none.
        positive_only: the log holds choices, and candidates were sampled.
        share_of_users: of those of the log, drawn by chance, whose rows these are.

    Example:
        >>> none = np.zeros(0, np.int64)
        >>> ForecastRows(user_N=none, item_N=none, timestamp_ms_N=none, second_of_day_N=none, label_N=none,
        ...     known_ms_N=none, values={}, positive_only=False).values
        {}
    """

    user_N: Numbers
    item_N: Numbers
    timestamp_ms_N: Ints
    second_of_day_N: Numbers
    label_N: Numbers
    known_ms_N: Ints
    values: Mapping[str, Numbers]
    positive_only: bool
    share_of_users: float = 1.0


def together(schema: LogSchema) -> tuple[str, ...]:
    """Columns in which rows agree that have to be gathered in one table, as ``whole_runs`` takes them."""
    return SAME_TIME if schema.positive_only else REQUEST


class RowGatherer:
    """Makes the samples that ``compare`` would make of a log, and keeps what a forecast reads of them.

    Args:
        schema: the log's names. items: its item table, or None. candidates: sampled beside each choice.
        most_rows: of a longer log the rows of some users are kept, all of each, drawn by chance; of 1,000 at
            least.

    Example:
        >>> gatherer = RowGatherer(LogSchema(labels=("play",)), None, candidates=CandidateConfig())
        >>> names = ("user_id", "item_id", "timestamp_ms", "known_ms.play", "log_row")
        >>> one = {name: pa.array([7]) for name in names}
        >>> small = {"second_of_day": pa.array([0], pa.int32()), "day_of_week": pa.array([3], pa.int8())}
        >>> gatherer.add(pa.table(one | small | {"label.play": pa.array([1], pa.int8())}))
        >>> gatherer.rows().label_N.tolist()
        [1]
    """

    def __init__(
        self,
        schema: LogSchema,
        items: pa.Table | None,
        *,
        candidates: CandidateConfig,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._schema, self._most_rows = schema, most_rows
        self._share, self._rows = 1.0, 0
        without_clocks = replace(schema, clock_attributes=())
        self._maker = SampleMaker(
            schema=without_clocks,
            item_table=items,
            candidates=candidates,
            clocks=ClockFeatureConfig(),
            longest=None if schema.positive_only else 1,  # candidates are drawn from own pasts
        )
        label = schema.main_label
        self._label = f"label.{label}"
        self._kinds: dict[str, type[np.signedinteger]] = {
            "user": np.int32,
            "item": np.int32,
            "timestamp_ms": np.int64,
            "second_of_day": np.int32,
            self._label: np.int8,
            f"known_ms.{label}": np.int64,
        }
        self._kept: list[Columns] = []

    def add(self, chunk: pa.Table) -> None:
        """Gather an event table; no run of rows that belong together may be cut in two."""
        samples, _ = self._maker.make(chunk)
        self._maker.state.user_histories.trim(known_before_ms=self._maker.last_ms)
        kept_N = (samples[self._label] >= 0) & self._drawn(samples["user"])
        self._keep({name: samples[name][kept_N].astype(kind) for name, kind in self._kinds.items()})
        while self._rows > self._most_rows and self._share * _FEWER * self._users() >= LEAST_USERS:
            self._draw_fewer()

    def rows(self) -> ForecastRows:
        """All that was gathered; it is handed over and no longer held."""
        kept, self._kept = self._kept, []
        columns = [
            np.concatenate([np.zeros(0, kind), *(each.pop(name) for each in kept)])
            for name, kind in self._kinds.items()
        ]
        state = self._maker.state
        item_S = np.arange(state.items.capacity + 1)
        return ForecastRows(
            user_N=columns[0],
            item_N=columns[1],
            timestamp_ms_N=columns[2],
            second_of_day_N=columns[3],
            label_N=columns[4],
            known_ms_N=columns[5],
            values={name: state.values.of(name, item_S) for name in self._schema.attributes},
            positive_only=self._schema.positive_only,
            share_of_users=self._share,
        )

    def _users(self) -> int:
        return self._maker.state.users.capacity

    def _keep(self, columns: Columns) -> None:
        self._kept.append(columns)
        self._rows += len(columns["user"])

    def _draw_fewer(self) -> None:
        """Go on with a part of the users that were drawn so far."""
        self._share *= _FEWER
        kept, self._kept, self._rows = self._kept, [], 0
        for columns in kept:
            drawn_N = self._drawn(columns["user"])
            self._keep({name: values[drawn_N] for name, values in columns.items()})

    def _drawn(self, user_N: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """Whose rows are kept; with a smaller share the same users, less some."""
        drawn_N: npt.NDArray[np.bool_] = uniform(user_N.astype(np.uint64), _DRAW) < self._share
        return drawn_N
