"""Keys of a store on Redis, and the values that no other store has."""

from __future__ import annotations

import re
from typing import NamedTuple

from interestclock.store.item_lists import ItemList
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = [
    "AS_OF",
    "BEGUN",
    "COUNTS",
    "DESCRIPTION",
    "HEADER",
    "LEFT_OVER",
    "META",
    "NODES",
    "AsOf",
    "ItemValue",
    "RedisKeys",
    "behaviours_field",
    "votes_field",
]

# Fields: of meta, where the store stands, whose it is, up to which position anything may have been written,
# whether keys of other generations may be there, how many values are numbered, and a cluster's nodes; of a
# user.
META, DESCRIPTION, BEGUN, LEFT_OVER, COUNTS = b"meta", b"description", b"begun", b"left_over", b"counts"
NODES = b"nodes"
HEADER, AS_OF = b"h", b"p"


class RedisKeys:
    """Names of keys. Those of one generation are told from another's; a user's records are all in one.

    Args:
        prefix: of all of them. generation: of those that hold features.

    Example:
        >>> keys = RedisKeys("shop", 255)
        >>> keys.meta, keys.user("ann"), keys.user(7), keys.user("{x}")
        (b'{shop}:meta', b'shop:0000000000ff:u:sann', b'shop:0000000000ff:u:i7', b'shop:...:u:s%7bx}')
        >>> keys.is_left_over(b"shop:0000000000fe:values"), keys.is_left_over(keys.user("ann"))
        (True, False)
    """

    def __init__(self, prefix: str, generation: int) -> None:
        self._prefix = prefix
        self._of_generation = re.compile(re.escape(prefix).encode() + rb":([0-9a-f]{12}):")
        self._generation = b"%012x" % generation
        self._all = prefix.encode() + b":" + self._generation + b":"
        self.meta, self.lock = f"{{{prefix}}}:meta".encode(), f"{{{prefix}}}:lock".encode()  # of one slot
        self.values, self.sets, self.everyone = (
            self._all + each for each in (b"values", b"sets", b"everyone")
        )
        self.pattern = prefix.encode() + b":*"

    def user(self, each: int | str) -> bytes:
        """All of a user."""
        return self._all + b"u:" + _id(each)

    def item(self, each: int | str) -> bytes:
        """An item by its id."""
        return self._all + b"n:" + _id(each)

    def slot(self, slot: int) -> bytes:
        """An item by its slot."""
        return self._all + b"s:%d" % slot

    def list_of(self, those: ItemList) -> bytes:
        """Slots of a list's items, by index."""
        return self._all + b"l:%d:%d" % those

    def is_left_over(self, key: bytes) -> bool:
        """Whether a key is of this store and another generation."""
        found = self._of_generation.match(key)
        return found is not None and found[1] != self._generation


class AsOf(NamedTuple):
    """What a user's records are of: the last change's position, the user's index, and what held then."""

    position: int = -1
    number: int = 0
    complete_from_ms: int = BEFORE_ALL_MS

    def pack(self) -> bytes:
        """As a value, which scripts read, too."""
        return b"%d %d %d" % self

    @classmethod
    def unpack(cls, value: bytes) -> AsOf:
        """What ``pack`` gave."""
        return cls(*map(int, value.split()))


class ItemValue(NamedTuple):
    """An item's record under its id and under its slot, as ``scripts.PUT_ITEM`` writes it down.

    ``position`` is that of the last change, ``since`` the one at which the item was given the slot, and
    ``number`` its index.
    """

    position: int
    since: int
    slot: int
    number: int
    record: bytes

    @classmethod
    def unpack(cls, value: bytes) -> ItemValue:
        """Out of a value.

        Example:
            >>> ItemValue.unpack(b"9 7 2 3 rec ord")
            ItemValue(position=9, since=7, slot=2, number=3, record=b'rec ord')
        """
        position, since, slot, number, record = value.split(b" ", 4)
        return cls(int(position), int(since), int(slot), int(number), record)


def behaviours_field(chunk: int) -> bytes:
    """Of a chunk of behaviours in a user's key."""
    return b"b%d" % chunk


def votes_field(chunk: int) -> bytes:
    """Of a chunk of votes."""
    return b"v%d" % chunk


def _id(each: int | str) -> bytes:
    """An id; without what a cluster would cut it by."""
    if isinstance(each, int):
        return b"i%d" % each
    return b"s" + each.encode().replace(b"%", b"%25").replace(b"{", b"%7b")
