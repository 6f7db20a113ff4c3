"""Users' changes into a store on Redis: read what they go behind, then write each user by one script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from interestclock.clock_features import UserVotes
from interestclock.state.state_changes import Gone, UsersNow
from interestclock.store.change_records import ChangedUsers
from interestclock.store.new_records import NO_LEAD, NewRecords
from interestclock.store.records import NOBODY, Header
from interestclock.store.redis_connection import Command, RedisConnection
from interestclock.store.redis_keys import AS_OF, HEADER, AsOf, RedisKeys, behaviours_field, votes_field
from interestclock.store.redis_scripts import DROP_USER, PUT_USER

__all__ = ["RedisUsers"]

# Shapes: R users, C chunks.

_AT_A_TIME = 256
_NO_FIELD = b"-"


class RedisUsers:
    """Writes users of one generation as of a position; who is there at that position already stays.

    Args:
        connection, keys: where to. position: of what was admitted last.
        complete_from_ms: from when on features can be read then, UTC milliseconds.
    """

    def __init__(
        self, connection: RedisConnection, keys: RedisKeys, *, position: int, complete_from_ms: int
    ) -> None:
        self._connection, self._keys = connection, keys
        self._position, self._complete_from_ms = position, complete_from_ms

    def write(self, left: Gone, now: UsersNow, votes: UserVotes | None) -> None:
        """Who left goes, then who changed is brought to the position."""
        gone = zip(left.ids.to_pylist(), left.index_R.tolist(), strict=True)
        self._connection.run(
            ("EVAL", DROP_USER, 1, self._keys.user(each), self._position, index) for each, index in gone
        )
        changed = ChangedUsers(now, votes)
        ids, headers = changed.ids.to_pylist(), changed.headers()
        for first in range(0, len(changed), _AT_A_TIME):
            rows = range(first, min(first + _AT_A_TIME, len(changed)))
            some = slice(rows.start, rows.stop)
            found = self._connection.run(self._reads(changed, ids[some], rows))
            self._connection.run(self._writes(changed, ids[some], headers[some], rows, found))

    def _reads(self, changed: ChangedUsers, ids: Sequence[int | str], rows: range) -> Iterator[Command]:
        history, votes = (each.lead_R.tolist() for each in (changed.history, changed.votes))
        for row, each in zip(rows, ids, strict=True):
            leads = (history[row], behaviours_field), (votes[row], votes_field)
            fields = (_NO_FIELD if lead == NO_LEAD else field(lead) for lead, field in leads)
            yield ("HMGET", self._keys.user(each), AS_OF, HEADER, *fields)

    def _writes(
        self,
        changed: ChangedUsers,
        ids: Sequence[int | str],
        headers: Sequence[bytes],
        rows: range,
        found: Sequence[Sequence[bytes | None]],
    ) -> Iterator[Command]:
        there = [
            _There.of(each, index)
            for each, index in zip(found, changed.index_R[rows.start : rows.stop].tolist(), strict=True)
        ]
        history = _fields(changed.history, rows, [each.history for each in there], behaviours_field)
        votes = _fields(changed.votes, rows, [each.votes for each in there], votes_field)
        for row, each, header, was, *fields in zip(rows, ids, headers, there, history, votes, strict=True):
            if was.as_of.position < self._position:
                number = int(changed.index_R[row])
                as_of = AsOf(self._position, number, self._complete_from_ms)
                written = [AS_OF, as_of.pack(), HEADER, header, *fields[0], *fields[1]]
                yield self._put(each, was, _gone(changed, row, was.header), written)

    def _put(self, each: int | str, was: _There, gone: Sequence[bytes], written: Sequence[bytes]) -> Command:
        head = (was.as_of.position, self._position, int(was.anew), len(gone))
        return ("EVAL", PUT_USER, 1, self._keys.user(each), *head, *gone, *written)


class _There(NamedTuple):
    """What the server has of a user: nothing, where what is there is another's."""

    as_of: AsOf
    anew: bool
    header: Header
    history: bytes
    votes: bytes

    @classmethod
    def of(cls, found: Sequence[bytes | None], index: int) -> _There:
        as_of, header, history, votes = found
        there = AsOf() if as_of is None else AsOf.unpack(as_of)
        if header is None or there.number != index:
            return cls(there, True, NOBODY, b"", b"")
        return cls(there, False, Header.unpack(header), history or b"", votes or b"")


def _gone(changed: ChangedUsers, row: int, was: Header) -> list[bytes]:
    """Fields of which nothing is left."""
    history = changed.history.gone(row, count=was.behaviours, dropped=was.behaviours_dropped)
    votes = changed.votes.gone(row, count=was.votes, dropped=was.votes_dropped)
    return [*map(behaviours_field, history), *map(votes_field, votes)]


def _fields(
    new: NewRecords, rows: range, leads: Sequence[bytes], field: Callable[[int], bytes]
) -> Iterator[list[bytes]]:
    """Of each user the fields of chunks that change, and their values."""
    values, numbers = new.values(rows, leads), new.chunk_C[new.chunks_of(rows)].tolist()
    pairs = iter(zip(numbers, values, strict=True))
    for row in rows:
        own = new.chunks_of(range(row, row + 1))
        some = islice(pairs, own.stop - own.start)
        yield [part for number, value in some for part in (field(number), bytes(value))]
