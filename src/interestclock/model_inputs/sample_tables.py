"""Samples as tables for other people's models: the log's own ids, values and rows in the place of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.events.context import CONTEXT_KINDS, ContextKind
from interestclock.samples import Batch, SampleChunk, SampleFolder
from interestclock.state import FeatureState
from interestclock.timeofday import utc_offset_minutes

__all__ = ["SampleTables", "lists_of"]

# Shapes: B samples, R clock rows, U users, H hour buckets, V values, X rows of anything.


class SampleTables:
    """Makes the tables of a folder's samples, chunk by chunk.

    Args:
        folder: the samples. state: at the end of the log. first_row_U: int64, where each user's behaviours
            begin among all.
    """

    def __init__(
        self, folder: SampleFolder, state: FeatureState, *, first_row_U: npt.NDArray[np.int64]
    ) -> None:
        self._schema, self._values, self._first_row_U = folder.schema, state.values, first_row_U
        self._ids = {name: folder.vocabulary(name) for name in ("user", "item")}
        self._attributes = {
            name: folder.vocabulary(f"attribute.{name}").cast(pa.string()) for name in self._schema.attributes
        }
        self._context = {
            name: folder.vocabulary(f"context.{name}").cast(pa.string()) for name in self._schema.with_ids
        }

    def samples(self, chunk: SampleChunk, *, clock_row_B: npt.NDArray[np.int64]) -> pa.Table:
        """A row per sample: ``samples.parquet`` as ``export_features`` describes it."""
        s = chunk.samples
        user_B, item_B = s.user_B.numpy(), s.item_B.numpy()
        moment = (s.timestamp_ms_B.numpy(), s.second_of_day_B.numpy(), s.day_of_week_B.numpy())
        columns: dict[str, Any] = {
            "log_row": pa.array(chunk.log_row_B, mask=chunk.log_row_B == 0),
            "user_id": _of(user_B, self._ids["user"]),
            "item_id": _of(item_B, self._ids["item"]),
            "request": s.request_B.numpy(),
            "timestamp_ms": moment[0],
            "second_of_day": moment[1].astype(np.int32),
            "day_of_week": moment[2].astype(np.int8),
            "utc_offset_minutes": utc_offset_minutes(*moment),
            "label_known_ms": s.known_ms_B.numpy(),
        }
        for name, values in s.labels.items():
            label = values.numpy()
            columns[f"label.{name}"] = pa.array(label, mask=label < 0)
        columns |= self._attributes_of(item_B) | self._context_of(s)
        columns["history_first"] = self._first_row_U[user_B]
        columns["history_end"] = columns["history_first"] + s.known_behaviours_B.numpy()
        columns["clock_row"] = clock_row_B
        return pa.table(columns)

    def clocks(self, samples: Batch, request_R: npt.NDArray[np.int64]) -> pa.Table:
        """Lists of lists of values, of some requests; empty where a bucket has no preference."""
        clocks: Mapping[str, npt.NDArray[np.int32]] = {
            name: samples.clocks[name].numpy()[request_R] for name in self._schema.clock_attributes
        }
        return pa.table({name: _day_lists(each, self._attributes[name]) for name, each in clocks.items()})

    def _attributes_of(self, item_B: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
        return {
            f"attribute.{name}": lists_of(self._values.of(name, item_B), words)
            for name, words in self._attributes.items()
        }

    def _context_of(self, samples: Batch) -> dict[str, pa.Array]:
        """Context under the names that the mapping's tables give it: ``KIND.NAME``."""
        return {
            f"{kind.name}.{name}": self._of_kind(kind, name, values.numpy())
            for kind in CONTEXT_KINDS
            for name, values in getattr(samples, kind.name).items()
        }

    def _of_kind(self, kind: ContextKind, name: str, values: npt.NDArray[Any]) -> pa.Array:
        if not kind.ids:
            return pa.array(values, mask=np.isnan(values))
        return (lists_of if kind.several else _of)(values, self._context[name])


def lists_of(number_XV: npt.NDArray[np.integer], words: pa.Array) -> pa.Array:
    """Numbers of values as lists of the values.

    Args:
        number_XV: 0 is none. words: the value with number n at n - 1.

    Example:
        >>> lists_of(np.array([[2, 1], [0, 0]]), pa.array(["rock", "jazz"])).to_pylist()
        [['jazz', 'rock'], []]
    """
    is_one_XV = number_XV > 0
    ends = np.concatenate([[0], np.cumsum(is_one_XV.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), words.take(pa.array(number_XV[is_one_XV] - 1)))


def _day_lists(number_RHV: npt.NDArray[np.int32], words: pa.Array) -> pa.Array:
    rows, buckets, values = number_RHV.shape
    hours = lists_of(number_RHV.reshape(rows * buckets, values), words)
    return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32) * buckets), hours)


def _of(number_X: npt.NDArray[np.integer], words: pa.Array) -> pa.Array:
    """The values that numbers stand for; null where there is none."""
    return words.take(pa.array(number_X - 1, mask=number_X == 0))
