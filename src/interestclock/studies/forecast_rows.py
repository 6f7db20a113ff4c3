"""The rows a forecast is made of: what ``compare`` would train on, in time order, as plain arrays.

Shapes: ``N`` rows, ``S`` items by slot, ``V`` values of one item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.clock_features import ClockFeatureConfig
from interestclock.events.schema import LogSchema
from interestclock.samples import CandidateConfig
from interestclock.samples.sample_maker import REQUEST, SAME_TIME, Columns, SampleMaker

__all__ = ["ForecastRows", "RowGatherer", "together"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ForecastRows:
    """Exposures (and candidates sampled beside choices) whose label is there, in time order.

    Args:
        user_N, item_N: numbers from 1.
        timestamp_ms_N: UTC milliseconds, ascending. second_of_day_N: local, 0..86399.
        label_N: 0 or 1. known_ms_N: UTC milliseconds at which it was known.
        values: attribute -> (I, V), the numbers of each item's values, 0 is none.
        positive_only: the log holds choices, and candidates were sampled.

    Example:
        >>> none = np.zeros(0, np.int64)
        >>> ForecastRows(user_N=none, item_N=none, timestamp_ms_N=none, second_of_day_N=none, label_N=none,
        ...     known_ms_N=none, values={}, positive_only=False).values
        {}
    """

    user_N: Ints
    item_N: Ints
    timestamp_ms_N: Ints
    second_of_day_N: Ints
    label_N: Ints
    known_ms_N: Ints
    values: Mapping[str, Ints]
    positive_only: bool


def together(schema: LogSchema) -> tuple[str, ...]:
    """Columns in which rows agree that have to be gathered in one table, as ``whole_runs`` takes them."""
    return SAME_TIME if schema.positive_only else REQUEST


class RowGatherer:
    """Makes the samples that ``compare`` would make of a log, and keeps what a forecast reads of them.

    Args:
        schema: the log's names. items: its item table, or None. candidates: sampled beside each choice.

    Example:
        >>> gatherer = RowGatherer(LogSchema(labels=("play",)), None, candidates=CandidateConfig())
        >>> names = ("user_id", "item_id", "timestamp_ms", "known_ms.play", "log_row")
        >>> one = {name: pa.array([7]) for name in names}
        >>> small = {"second_of_day": pa.array([0], pa.int32()), "day_of_week": pa.array([3], pa.int8())}
        >>> gatherer.add(pa.table(one | small | {"label.play": pa.array([1], pa.int8())}))
        >>> gatherer.rows().label_N.tolist()
        [1]
    """

    def __init__(self, schema: LogSchema, items: pa.Table | None, *, candidates: CandidateConfig) -> None:
        self._schema = schema
        self._maker = SampleMaker(
            schema=schema, item_table=items, candidates=candidates, clocks=ClockFeatureConfig()
        )
        label = schema.main_label
        self._names = ("user", "item", "timestamp_ms", "second_of_day", f"label.{label}", f"known_ms.{label}")
        self._kept: list[Columns] = []

    def add(self, chunk: pa.Table) -> None:
        """Gather an event table; no run of rows that belong together may be cut in two."""
        samples, _ = self._maker.make(chunk)
        there_N = samples[self._names[4]] >= 0
        self._kept.append({name: samples[name][there_N] for name in self._names})

    def rows(self) -> ForecastRows:
        """All that was gathered."""
        columns = [
            np.concatenate([np.zeros(0, np.int64), *(kept[name] for kept in self._kept)]).astype(np.int64)
            for name in self._names
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
            values={n: state.values.of(n, item_S).astype(np.int64) for n in self._schema.attributes},
            positive_only=self._schema.positive_only,
        )
