"""Values and everyone's counts into a store on Redis: whatever users and items may name."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from interestclock.state.state_changes import StateChanges
from interestclock.store.change_records import new_texts, set_values
from interestclock.store.records import midnight_key, number_key, value_key
from interestclock.store.redis_connection import Command
from interestclock.store.redis_keys import RedisKeys

__all__ = ["ValueCounts", "value_commands"]


class ValueCounts(msgspec.Struct, kw_only=True):
    """How many values are numbered at a position: those that are new then go on from here.

    ``texts`` are by the place of their attribute.
    """

    texts: dict[int, int] = {}
    sets: int = 0

    def after(self, changes: StateChanges, attributes: tuple[str, ...]) -> ValueCounts:
        """How many there are with changes.

        Args:
            attributes: of the log.
        """
        counts = ValueCounts() if changes.whole else self
        texts = dict(counts.texts)
        for place, new in new_texts(changes, attributes):
            texts[place] = texts.get(place, 0) + len(new)
        return ValueCounts(texts=texts, sets=counts.sets + sum(1 for _ in set_values(changes.sets)))


def value_commands(
    keys: RedisKeys, changes: StateChanges, attributes: tuple[str, ...], *, known: ValueCounts
) -> Iterator[Command]:
    """Write what is new of values, sets and everyone's counts; done again, it is the same.

    Args:
        attributes: of the log. known: how many there are without these.
    """
    for place, texts in new_texts(changes, attributes):
        for number, text in enumerate(texts, start=known.texts.get(place, 0) + 1):
            yield "HSET", keys.values, value_key(place, number), text
    for number, value in enumerate(set_values(changes.sets), start=known.sets):
        yield "HSET", keys.sets, number_key(number), value
    for midnight_ms, counts in changes.everyone.items():
        yield "HSET", keys.everyone, midnight_key(midnight_ms), counts.astype("<i8").tobytes()
