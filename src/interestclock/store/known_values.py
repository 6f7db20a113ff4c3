"""Values of attributes and sets of them: few, ever more, and read once by a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from interestclock.events.schema import LogSchema
from interestclock.features import UserVotes
from interestclock.state import StateConfig
from interestclock.store.meta import ZONES, new_votes
from interestclock.store.records import number_key, value_key

__all__ = ["KnownValues", "Named"]


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a snapshot reads values by: texts by attribute and of zones; votes of nobody over all sets."""

    texts: dict[str, pa.Array]
    zones: pa.Array
    votes: UserVotes | None


class KnownValues:
    """All that was read of one generation of a store; numbers stay, so older snapshots read by it, too.

    Args:
        schema, config: of the store. generation: that numbers are of.
    """

    def __init__(self, schema: LogSchema, config: StateConfig, *, generation: int) -> None:
        self.generation = generation
        self._places = [*enumerate(schema.attributes), (ZONES, "")]  # no attribute has an empty name
        self._texts: dict[str, pa.Array] = {name: pa.array([], pa.string()) for _, name in self._places}
        self._votes = new_votes(schema, config)

    def update(self, txn: Any, databases: dict[str, Any]) -> None:
        """Read what is new."""
        for place, name in self._places:
            self._read_texts(txn, databases["values"], place, name)
        if self._votes is None:
            return
        for name in self._votes.attributes:
            if len(self._texts[name]) != self._votes.values_named(name):
                self._votes.name_values(name, self._texts[name])
        cursor = txn.cursor(db=databases["sets"])
        if cursor.set_range(number_key(self._votes.sets.count)):
            for value in cursor.iternext(keys=False):
                self._votes.sets.extend(np.frombuffer(value, "<i4").astype(np.int32))

    def copy(self) -> Named:
        """As it is now, for one snapshot."""
        votes = None if self._votes is None else self._votes.without_votes()
        return Named(texts=dict(self._texts), zones=self._texts[""], votes=votes)

    def _read_texts(self, txn: Any, values: Any, place: int, name: str) -> None:
        cursor, new = txn.cursor(db=values), []
        if cursor.set_range(value_key(place, len(self._texts[name]) + 1)):
            for key, value in cursor:
                if bytes(key[:2]) != value_key(place, 0)[:2]:
                    break
                new.append(bytes(value).decode())
        if new:
            self._texts[name] = pa.concat_arrays([self._texts[name], pa.array(new, pa.string())])
