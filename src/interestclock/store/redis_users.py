"""Users' changes into a store on Redis: read what they go behind, then write each user by one script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from interestclock.clock_features import UserVotes
from interestclock.state.state_changes import Gone, UsersNow
from interestclock.store.change_records import UserChange, user_changes
from interestclock.store.records import NOBODY, Header
from interestclock.store.redis_connection import Command, RedisConnection
from interestclock.store.redis_keys import AS_OF, HEADER, AsOf, RedisKeys, behaviours_field, votes_field
from interestclock.store.redis_scripts import DROP_USER, PUT_USER

__all__ = ["RedisUsers"]

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
        changes = user_changes(now, votes)
        while users := list(islice(changes, _AT_A_TIME)):
            found = self._connection.run(self._reads(user) for user in users)
            self._connection.run(self._writes(users, found))

    def _reads(self, user: UserChange) -> Command:
        leads = (user.history.lead, behaviours_field), (user.votes.lead, votes_field)
        fields = (_NO_FIELD if lead is None else field(lead) for lead, field in leads)
        return ("HMGET", self._keys.user(user.id), AS_OF, HEADER, *fields)

    def _writes(
        self, users: Sequence[UserChange], found: Sequence[Sequence[bytes | None]]
    ) -> Iterator[Command]:
        for user, (as_of, header, history, votes) in zip(users, found, strict=True):
            there = AsOf() if as_of is None else AsOf.unpack(as_of)
            if there.position < self._position:
                same = there.number == user.header.number and header is not None
                before = Header.unpack(header) if same and header is not None else NOBODY
                leads = (history or b"", votes or b"") if same else (b"", b"")
                yield self._put(user, there, before, *leads, anew=not same)

    def _put(
        self, user: UserChange, there: AsOf, before: Header, history: bytes, votes: bytes, *, anew: bool
    ) -> Command:
        gone = [
            *map(
                behaviours_field,
                user.history.gone(count=before.behaviours, dropped=before.behaviours_dropped),
            ),
            *map(votes_field, user.votes.gone(count=before.votes, dropped=before.votes_dropped)),
        ]
        as_of = AsOf(self._position, user.header.number, self._complete_from_ms)
        fields = [AS_OF, as_of.pack(), HEADER, user.header.pack()]
        for chunk, value in user.history.chunks(history):
            fields += (behaviours_field(chunk), value)
        for chunk, value in user.votes.chunks(votes):
            fields += (votes_field(chunk), value)
        head = (there.position, self._position, int(anew), len(gone))
        return ("EVAL", PUT_USER, 1, self._keys.user(user.id), *head, *gone, *fields)
