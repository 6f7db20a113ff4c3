"""What a view reads of a store, whichever keeps it: much at once, as a call may be a way to a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from interestclock.store.item_lists import ItemList
from interestclock.store.records import Header
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["NewValues", "StoreReader", "UserValues"]


class UserValues(NamedTuple):
    """A user's records, all of one moment.

    ``history`` and ``votes`` give chunks in order, to whom asks for them before the snapshot ends (else they
    raise ``ResultError``). ``position`` is that of the user's last change, and
    ``complete_from_ms`` (UTC) what held then: of stores whose snapshots are not of one moment for everyone.
    """

    header: Header
    history: Callable[[], Sequence[bytes]]
    votes: Callable[[], Sequence[bytes]]
    position: int = 0
    complete_from_ms: int = BEFORE_ALL_MS


class NewValues(NamedTuple):
    """Texts by the place of their attribute, and sets of codes: those behind the ones that are known."""

    texts: Mapping[int, Sequence[bytes]]
    sets: Sequence[bytes]


class StoreReader(Protocol):
    """One snapshot of a store; results stand in the order of what was asked for.

    Raises:
        ResultError: (from each) the snapshot has ended.
    """

    def users(self, ids: Sequence[int | str]) -> list[UserValues | None]:
        """Records of users; None of those not known."""

    def item_slots(self, ids: Sequence[int | str]) -> list[int]:
        """The store's slots of items; 0 for those not known."""

    def items(self, slots: Sequence[int]) -> list[bytes | None]:
        """Items' records, as ``ItemRecord`` is written down; None where there is none."""

    def items_changed_after(self, position: int) -> list[int]:
        """Slots of items that became new, other or gone behind a position, of those that the store tells."""

    def slots_in(self, those: ItemList) -> Iterator[int]:
        """Slots of the items of a list, those with the largest indexes first, read as they are taken."""

    def everyone(self, midnights: Sequence[int]) -> dict[int, bytes]:
        """Everyone's counts at midnights."""

    def values_after(self, texts: Mapping[int, int], sets: int | None) -> NewValues:
        """What is new.

        Args:
            texts: how many of each place are known. sets: how many of these; None: none are needed.
        """

    def end(self) -> None:
        """The snapshot is closed: nothing is read any more."""
