"""Features as of any moment; to read them changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.histories import Histories
from interestclock.state.item_feed import ItemsChanged, Mark

__all__ = ["FeatureView", "Features"]

# Shapes: M users at a time, H hour buckets, V values kept, N ids.

IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class Features:
    """What is known of users, each as of a moment of its own.

    Args:
        known_M: int64, how many behaviours of the user were known: a pointer into ``FeatureView.histories``.
            Of length 0 where histories were not asked for.
        clocks: int32 (M, H, V) per clock attribute: Eq. 3's best values by bucket, best first, 0 is none.
    """

    known_M: npt.NDArray[np.int64]
    clocks: dict[str, npt.NDArray[np.int32]]


class FeatureView(Protocol):
    """A state to read from: in memory, or one that outlives the process.

    Users and items go by the slots that this very view gives; they mean nothing to another one.
    """

    @property
    def complete_from_ms(self) -> int:
        """From when on features can be read, UTC milliseconds."""

    def position_of(self, user: int) -> int | None:
        """Position in what was admitted up to which a user's features go; None where it is not counted.

        Args:
            user: slot; 0, of who is not known, stands where the view does.
        """

    def id_type(self, kind: str) -> str | None:
        """Type of ids of a kind, ``int64`` or ``string``; None while there is none."""

    def slots(self, kind: str, ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int32]:
        """Slots of ids of a kind, ``user`` or ``item``; 0 for those not known."""

    def read(
        self,
        user_M: IntArray,
        known_at_ms_M: IntArray | None,
        *,
        clocks_at_ms_M: IntArray | None,
        population_votes: float = 0.0,
    ) -> Features:
        """What was known of users strictly before moments, in any order.

        Args:
            user_M: slots; 0 and who has no past get empty features.
            known_at_ms_M: of histories. clocks_at_ms_M: of clocks. None reads none of them, and of a store
                does not even fetch them.
            population_votes: κ, how many votes everyone else's come to in each bucket, as of the last
                midnight (UTC) that had passed at ``clocks_at_ms_M`` (``with_population``); 0 adds none.

        Raises:
            ValueError: a moment lies before ``complete_from_ms``.
        """

    def histories(self) -> Histories:
        """All behaviours, as they stand; it holds until the state goes on."""

    def item_values(self, name: str, item_N: IntArray, *, at_ms: int) -> npt.NDArray[np.int32]:
        """Numbers of items' values of an attribute, int32 (N, V), 0 is none.

        Args:
            at_ms: as they were then, UTC milliseconds.

        Raises:
            ValueError: the state is not complete any more as of then.
        """

    def named(self, name: str) -> pa.Array:
        """An attribute's values as text, the one with number n at n - 1; there are ever more."""

    def ids(self, kind: str, slot_N: IntArray) -> pa.Array:
        """Ids of users or items in slots; null where there is none."""

    def items_changed(self, since: Mark | None) -> ItemsChanged:
        """Items that became new, other or gone: what was kept of them from an earlier read is old.

        Args:
            since: the mark of an earlier call, to any view of this state or store; None: nothing was kept.
        """

    def last_offset(self, user: int) -> tuple[int, int] | None:
        """A user's last offset to UTC in minutes, and when it was said (UTC milliseconds); None: never."""

    def last_zone(self, user: int) -> str | None:
        """The zone that told a user's last offset; None where the offset was said itself, or never."""

    def list_items(
        self, *, at_ms: int, limit: int, having: tuple[str, str] | None = None
    ) -> npt.NDArray[np.int32]:
        """Slots of items that are known, shown or not, int32 (R,): those that became known last come first.

        Args:
            at_ms: as they were then, UTC milliseconds. limit: so many at most.
            having: an attribute and a value of it that they have; None: all.

        Raises:
            ValueError: there is no such attribute, the limit is negative, or the state is not complete any
                more as of then. (A value that no item ever had is none of these: nothing is listed.)
        """
