"""Whether users, their behaviours and their votes are whole, and fit each other and the rest."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.events.schema import EQ3_ROLES
from interestclock.histories.blocks import KNOWN
from interestclock.store.records import CHUNK, Header, chunks, id_of_key, joined
from interestclock.store.verify_values import Checked, type_of
from interestclock.timeofday import DAY_SECONDS

__all__ = ["Records", "User", "check_behaviours", "check_users", "check_votes"]

# Shapes: N records of a user, S items by slot.

Columns = Mapping[str, npt.NDArray[Any]]
_KEY = struct.Struct(">QI")


class User(NamedTuple):
    """A user's id and header."""

    id: int | str
    header: Header


class Records(NamedTuple):
    """Records of one kind, and what they have to be like.

    ``counts`` are those dropped and those there ever were, by user's index; ``types`` are of columns;
    ``check`` says what is wrong with a user's, if anything.
    """

    database: str
    name: str
    counts: Mapping[int, tuple[int, int]]
    types: Mapping[str, np.dtype[Any]]
    check: Callable[[Columns], str | None]


def check_users(store: Checked, users: dict[int, User]) -> Iterator[str]:
    """Ids and headers can be read, and no two users have one index.

    Args:
        users: is filled with them, by index.
    """
    size = len(Header(*range(8)).pack())
    for key, value in store.pairs("user_of_id"):
        try:
            user = id_of_key(key)
        except ValueError:
            yield f"an id of a user cannot be read (key {key.hex()})"
            continue
        if len(value) != size:
            yield f"user {user!r} has a header of {len(value)} bytes, not {size}"
            continue
        header = Header.unpack(value)
        if type_of(user) != store.meta.id_types.get("user"):
            yield f"user id {user!r} is of another type than those of the store"
        if not 0 <= header.zone <= store.values[""]:
            yield f"user {user!r} is in zone {header.zone}, which is not there"
        counts = ((header.behaviours_dropped, header.behaviours), (header.votes_dropped, header.votes))
        if not all(0 <= dropped <= count for dropped, count in counts):
            yield f"user {user!r} has more records dropped than there were"
            continue
        if header.number in users:
            yield f"users {users[header.number].id!r} and {user!r} have one index, {header.number}"
        users[header.number] = User(user, header)


def check_behaviours(
    store: Checked, users: Mapping[int, User], types: Mapping[str, np.dtype[Any]]
) -> Iterator[str]:
    """Histories are whole and in order, and name items that are there.

    Args:
        users: by index. types: of the columns.
    """
    there_S = np.zeros(1 << 16, np.bool_)
    for key, _ in store.pairs("item"):
        slot = int.from_bytes(key, "big")
        if slot >= there_S.size:
            there_S = np.concatenate([there_S, np.zeros(slot + 1, np.bool_)])
        there_S[slot] = True

    def check(columns: Columns) -> str | None:
        item_N, second_N = columns["item"], columns["second_of_day"]
        if (item_N < 1).any() or (item_N >= there_S.size).any() or not there_S[item_N].all():
            return "name an item that is not there"
        if (second_N < 0).any() or (second_N >= DAY_SECONDS).any():
            return "have a time of day that is none"
        return _order(columns, ("timestamp_ms", "serial"))

    counts = {
        index: (each.header.behaviours_dropped, each.header.behaviours) for index, each in users.items()
    }
    yield from _check(store, users, Records("history", "behaviours", counts, types, check))


def check_votes(
    store: Checked, users: Mapping[int, User], types: Mapping[str, np.dtype[Any]]
) -> Iterator[str]:
    """Votes are whole and in order, and name sets that are there.

    Args:
        users: by index. types: of the columns; none where no attribute feeds clocks.
    """
    sets = store.entries("sets")
    ballots = store.config.clocks.buckets_per_day * len(EQ3_ROLES)

    def check(columns: Columns) -> str | None:
        for name, count in (("set", sets), ("ballot", ballots)):
            if (columns[name] < 0).any() or (columns[name] >= count).any():
                return f"have a {name} that is not there"
        return _order(columns, ())

    counts = {index: (each.header.votes_dropped, each.header.votes) for index, each in users.items()}
    yield from _check(store, users, Records("votes", "votes", counts, types, check))


def _check(store: Checked, users: Mapping[int, User], records: Records) -> Iterator[str]:
    """Of each user, all chunks that the header speaks of and no others, as long as they should be."""
    seen = set()
    keyed = ((_KEY.unpack(key), value) for key, value in store.pairs(records.database))
    for index, several in groupby(keyed, key=lambda each: each[0][0]):
        seen.add(index)
        found = {chunk: value for (_, chunk), value in several}
        if index not in users:
            yield f"{records.name} of nobody (index {index})"
        elif problem := _problem(found, records, index):
            yield f"{records.name} of user {users[index].id!r} {problem}"
    for index, (dropped, count) in records.counts.items():
        if dropped < count and index not in seen:
            lacking = f"are missing, all {count - dropped:,} of them"
            yield f"{records.name} of user {users[index].id!r} {lacking}"


def _problem(found: Mapping[int, bytes], records: Records, index: int) -> str | None:
    dropped, count = records.counts[index]
    types = records.types
    problem = _chunks(found, dropped, count, sum(kind.itemsize for kind in types.values()))
    if problem is not None:
        return problem
    return records.check(joined([found[chunk] for chunk in sorted(found)], types, dropped=dropped))


def _chunks(found: Mapping[int, bytes], dropped: int, count: int, row_bytes: int) -> str | None:
    wanted = chunks(dropped, count)
    if missing := sorted(set(wanted) - set(found)):
        return f"lack chunk {missing[0]}"
    if more := sorted(set(found) - set(wanted)):
        return f"have chunk {more[0]}, which nobody needs"
    for chunk, value in found.items():
        rows = min(CHUNK, count - chunk * CHUNK)
        if len(value) != rows * row_bytes:
            return f"have {len(value)} bytes in chunk {chunk}, not {rows} records of {row_bytes}"
    return None


def _order(columns: Columns, ties: tuple[str, ...]) -> str | None:
    if (columns[KNOWN] < columns["timestamp_ms"]).any():
        return "were known before they happened"
    equal = np.ones(columns[KNOWN].size - 1, np.bool_)
    for name in (KNOWN, *ties):
        step = np.diff(columns[name])
        if (step[equal] < 0).any():
            return f"are out of order ({name})"
        equal &= step == 0
    return None
