"""The state of a compared log at its end, kept beside the results, so that trained rankers can be asked.

::

    state/manifest.json       schema and settings, as prepared samples have them
    state/state.safetensors   what features are read from
    state/columns.json        which columns rows to be scored are read from, where the log came from files or
                              a table
    vocabulary/               ids and values by number

Shapes: ``B`` samples, ``X`` values of all of them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interestclock.errors import ConfigError, ResultError
from interestclock.events import ColumnMapping, EventSource, TableSource
from interestclock.events.context import CONTEXT_KINDS
from interestclock.files import write_text
from interestclock.ids import Identity
from interestclock.ranking import Ranker
from interestclock.samples import Rows, SampleFolder
from interestclock.samples.context import context_arrays, context_of_table
from interestclock.saved import read_object

__all__ = ["EndState", "keep_end_state"]

_KEPT = (
    "user", "item", "id_type", "time", "time_unit", "time_format", "time_is_local", "utc_offset_minutes",
    "zone_column", "zone", "separator", *(kind.name for kind in CONTEXT_KINDS), "csv",
)  # fmt: skip
_NO_LABEL = "row"  # a log of choices has no column of labels
_REMEDY = "compare again"


def keep_end_state(samples: Path, out: Path, source: EventSource) -> None:
    """Move what rankers are asked by from prepared samples to a folder of results; nothing is copied.

    Args:
        samples: what ``prepare_samples`` wrote; it is of no use afterwards. out: the folder of results.
        source: the log.
    """
    (out / "state").mkdir()
    for name in ("manifest.json", "state.safetensors"):
        shutil.move(samples / name, out / "state" / name)
    shutil.move(samples / "vocabulary", out / "vocabulary")
    if isinstance(source, TableSource):
        named = msgspec.to_builtins({name: getattr(source.mapping, name) for name in _KEPT})
        write_text(out / "state" / "columns.json", json.dumps(named, indent=1))


class EndState:
    """The feature state of a compared log as it stood at its end; it is read, and never changes.

    As of a moment within the log, it gives what was known strictly before that moment; as of a later one,
    what was known at the log's end.

    Args:
        folder: what ``compare`` wrote.

    Raises:
        ResultError: it holds no state, or one that is damaged.

    Example:
        >>> EndState(Path("nowhere"))
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere/state holds no prepared samples (no manifest.json); ...
    """

    def __init__(self, folder: Path) -> None:
        self._folder, samples = folder, SampleFolder(folder / "state")
        self.schema, self.state = samples.schema, samples.state()
        self.buckets_per_day: int = samples.manifest.settings["clocks"]["buckets_per_day"]
        self.last_ms = samples.manifest.counts["last_ms"]
        self._item_values = samples.item_attributes(self.state)
        self._contexts = {name: self._vocabulary(f"context.{name}") for name in self.schema.with_ids}

    def columns(self) -> ColumnMapping:
        """How rows to be scored are read: the log's own user, item, time and context; no label.

        Raises:
            ResultError: the log came from a source of its own, which has no columns.
        """
        path = self._folder / "state" / "columns.json"
        if not path.exists():
            raise ResultError(
                f"{self._folder}: the compared log came from a source that names no columns; give an event "
                "source to score, not files or a frame"
            )
        try:
            named = msgspec.convert(read_object(path, remedy=_REMEDY), ColumnMapping)
        except msgspec.ValidationError as error:
            raise ResultError(f"{path}: {error}; {_REMEDY}") from error
        return msgspec.structs.replace(named, positive_only=_NO_LABEL)

    def check_context(self, source: EventSource) -> None:
        """Refuse rows that lack some of the log's context.

        Raises:
            ConfigError: so it is.
        """
        for kind, names in self.schema.context.items():
            for name in names:
                if name not in source.schema.context[kind]:
                    raise ConfigError(
                        f"{kind} context '{name}' was compared with, and the rows to be scored do not have "
                        "it; name its column in their mapping"
                    )

    def rows(self, events: pa.Table) -> Rows:
        """Rows to be scored, by the numbers that rankers know; 0 is not known.

        Args:
            events: an event table of B rows.
        """
        timestamp_ms_B = events["timestamp_ms"].to_numpy()
        context = context_of_table(events, self.schema, self._context_numbers)
        return Rows(
            user_B=_slots(self.state.users, events["user_id"]),
            item_B=_slots(self.state.items, events["item_id"]),
            request_B=np.arange(events.num_rows),
            timestamp_ms_B=timestamp_ms_B,
            second_of_day_B=events["second_of_day"].to_numpy(),
            day_of_week_B=events["day_of_week"].to_numpy(),
            known_ms_B=timestamp_ms_B,
            **context_arrays(context),
        )

    def reach(self, ranker: Ranker) -> None:
        """Let a ranker know every id of the state, those too that came behind its last sample."""
        state = self.state
        sizes = {"user": state.users.capacity, "item": state.items.capacity}
        sizes |= {f"attribute.{name}": len(each) for name, each in state.values.vocabularies.items()}
        sizes |= {f"context.{name}": len(each) for name, each in self._contexts.items()}
        ranker.grow(sizes, self._item_values)

    def _vocabulary(self, feature: str) -> pa.Array:
        path = self._folder / "vocabulary" / f"{feature}.parquet"
        return pq.read_table(path)["value"].combine_chunks().cast(pa.string())

    def _context_numbers(self, name: str, values_X: pa.Array) -> npt.NDArray[np.int32]:
        place_X = pc.index_in(values_X.cast(pa.string()), self._contexts[name], skip_nulls=True)
        number_X: Any = pc.add(place_X, 1).fill_null(0).to_numpy(zero_copy_only=False)
        return np.asarray(number_X, np.int32)


def _slots(known: Identity, ids_B: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    """By what an id says: one that is text here may have been a number in the log, and otherwise."""
    return known.find(ids_B.cast(pa.string()).to_pylist())
