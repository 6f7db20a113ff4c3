"""Clocks as of the start of each UTC day, laid beside the samples that were shown on that day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from safetensors import safe_open
from safetensors.numpy import save_file

from interestclock.events.schema import LogSchema
from interestclock.features import ClockFeatureConfig, stream_clocks
from interestclock.timeofday import utc_day_start_ms

__all__ = ["DayClocks", "write_clock_rows"]

# Shapes: B samples, R clock rows (one per user and day), H hour buckets, V values kept.

IntArray = npt.NDArray[np.integer]
Progress = Callable[[str, int, int], None]
_QUERY_MEMORY_MIB = 512  # beyond it DuckDB uses the disk, so that a long log needs no more than a short one


class DayClocks:
    """Eq. 3 by UTC day, asked for in the order of the days.

    Args:
        batches: what ``stream_clocks`` yields for ascending moments.
        values: each attribute's values; the one with number n stands at n - 1.
        config: how many buckets and values a clock has.
    """

    def __init__(
        self, batches: Iterator[pa.RecordBatch], values: dict[str, pa.Array], config: ClockFeatureConfig
    ) -> None:
        self._batches = batches
        self._next = next(batches, None)
        self._values = values
        self._shape = (config.buckets_per_day, config.values_per_attribute)
        self._day_ms: int | None = None
        self._today = pa.table({})

    def rows(self, day_ms: int, user_R: IntArray) -> dict[str, npt.NDArray[np.int32]]:
        """Value numbers of the named users' clocks as of the day's start: int32 (R, H, V) per attribute.

        Args:
            day_ms: start of a UTC day, not before the one asked for last.
            user_R: ascending, no user twice.
        """
        self._advance(day_ms)
        clocks = {name: np.zeros((user_R.size, *self._shape), np.int32) for name in self._values}
        if self._today.num_rows == 0:
            return clocks
        user = self._today["user"].to_numpy()
        row = np.minimum(np.searchsorted(user_R, user), user_R.size - 1)
        wanted = user_R[row] == user
        for name, numbers in clocks.items():
            mine = wanted & pc.equal(self._today["attribute"], name).to_numpy()
            found = self._today.filter(pa.array(mine))
            value = pc.index_in(found["value"], self._values[name].cast(pa.string())).to_numpy() + 1
            numbers[row[mine], found["bucket"].to_numpy(), found["rank"].to_numpy()] = value
        return clocks

    def _advance(self, day_ms: int) -> None:
        if day_ms == self._day_ms:
            return
        today = []
        while self._next is not None and self._next["as_of_ms"][0].as_py() <= day_ms:
            if self._next["as_of_ms"][0].as_py() == day_ms:
                today.append(self._next)
            self._next = next(self._batches, None)
        self._day_ms = day_ms
        self._today = pa.Table.from_batches(today) if today else pa.table({})


def write_clock_rows(
    folder: Path,
    *,
    schema: LogSchema,
    values: dict[str, pa.Array],
    item_values: list[pa.Table],
    config: ClockFeatureConfig,
    progress: Progress,
) -> None:
    """Write ``clocks/NNNNN.safetensors`` beside every ``samples/NNNNN.safetensors`` of a folder.

    Row 0 of a chunk's clocks is empty; ``row`` says for each sample which row is its user's.
    """
    chunks = sorted((folder / "samples").glob("*.safetensors"))
    days = [np.unique(utc_day_start_ms(_column(chunk, "timestamp_ms"))) for chunk in chunks]
    moments = np.unique(np.concatenate(days))
    batches: Iterator[pa.RecordBatch] = iter(())
    if schema.clock_attributes:
        exposures = sorted((folder / "exposures").glob("*.parquet"))
        batches = stream_clocks(
            exposures,
            pa.concat_tables(item_values),
            moments.tolist(),
            config=config,
            memory_limit_mib=_QUERY_MEMORY_MIB,
        )
    clocks = DayClocks(batches, {name: values[name] for name in schema.clock_attributes}, config)
    for done, chunk in enumerate(chunks):
        columns = _chunk_clocks(_column(chunk, "user"), _column(chunk, "timestamp_ms"), clocks)
        save_file(columns, folder / "clocks" / chunk.name)
        progress("reading clocks (Eq. 3)", done + 1, len(chunks))


def _column(chunk: Path, name: str) -> npt.NDArray[np.int64]:
    with safe_open(chunk, framework="numpy") as columns:
        return np.asarray(columns.get_tensor(name)).astype(np.int64)


def _chunk_clocks(
    user_B: IntArray, timestamp_ms_B: npt.NDArray[np.int64], clocks: DayClocks
) -> dict[str, npt.NDArray[np.int32]]:
    day_B = utc_day_start_ms(timestamp_ms_B)
    row_B = np.zeros(user_B.size, dtype=np.int32)
    pieces: list[dict[str, npt.NDArray[np.int32]]] = []
    count = 1
    for day_ms in np.unique(day_B):
        of_day = np.flatnonzero(day_B == day_ms)
        user_R, row_of_B = np.unique(user_B[of_day], return_inverse=True)
        pieces.append(clocks.rows(int(day_ms), user_R))
        row_B[of_day] = count + row_of_B
        count += user_R.size
    columns = {"row": row_B}
    for name in pieces[0]:
        rows = np.concatenate([piece[name] for piece in pieces])
        columns[f"clock.{name}"] = np.concatenate([np.zeros((1, *rows.shape[1:]), np.int32), rows])
    return columns
