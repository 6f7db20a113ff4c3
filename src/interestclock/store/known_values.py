"""Values of attributes and sets of them: few, ever more, and read once by a process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from interestclock.clock_features import Midnights, UserVotes
from interestclock.events.schema import LogSchema
from interestclock.state import StateConfig
from interestclock.store.meta import ZONES, new_votes
from interestclock.store.store_reader import StoreReader

__all__ = ["KnownValues", "Named", "name_values"]


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a snapshot reads values by: texts by attribute and of zones; votes of nobody over all sets.

    ``midnights`` are laid out once for all snapshots.
    """

    texts: dict[str, pa.Array]
    zones: pa.Array
    votes: UserVotes | None
    midnights: Midnights


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
        self._midnights = Midnights(config.clocks.weights)

    def update(self, reader: StoreReader) -> None:
        """Read what is new."""
        known = {place: len(self._texts[name]) for place, name in self._places}
        new = reader.values_after(known, None if self._votes is None else self._votes.sets.count)
        for place, name in self._places:
            if texts := new.texts[place]:
                more = pa.array([each.decode() for each in texts], pa.string())
                self._texts[name] = pa.concat_arrays([self._texts[name], more])
        if self._votes is None:
            return
        name_values(self._votes, self._texts)
        for value in new.sets:
            self._votes.sets.extend(np.frombuffer(value, "<i4").astype(np.int32))

    def copy(self) -> Named:
        """As it is now, for one snapshot."""
        votes = None if self._votes is None else self._votes.without_votes()
        return Named(texts=dict(self._texts), zones=self._texts[""], votes=votes, midnights=self._midnights)


def name_values(votes: UserVotes, texts: Mapping[str, pa.Array]) -> None:
    """Say what the values are called that votes are of."""
    for name in votes.attributes:
        if len(texts[name]) != votes.values_named(name):
            votes.name_values(name, texts[name])
