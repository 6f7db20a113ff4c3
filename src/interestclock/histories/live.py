"""Histories that a stream appends to in place, bounded for as long as it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.compiled import compiled
from interestclock.errors import ConfigError
from interestclock.histories.arena import BehaviourArena, Blocks
from interestclock.histories.frozen import Histories
from interestclock.histories.known import Behaviours

__all__ = ["LiveHistories"]

# Shapes: N exposures, K behaviours, R users of a call, U users by number, E places of all users.

IntArray = npt.NDArray[np.integer]
Int64s = npt.NDArray[np.int64]
_NO_ITEM = -1
_BEFORE_ALL_MS = np.iinfo(np.int64).min


class LiveHistories:
    """What ``KnownBehaviours`` holds, bounded: users' newest behaviours only, until the users leave.

    Counts are as there, and never fall: behaviours are counted from the first on that a user number ever had,
    those dropped since included. So a count that was given out stays a valid pointer, as long as ``trim`` is
    told from when on exposures are still asked for.

    Args:
        longest: behaviours kept of each user, the newest; more only while waiting exposures need them.

    Raises:
        ConfigError: ``longest`` is below 1.

    Example:
        >>> live = LiveHistories(longest=2)
        >>> def played(*items):
        ...     at = np.array(items)
        ...     return Behaviours(user_N=np.ones_like(at), item_N=at, timestamp_ms_N=at, second_of_day_N=at,
        ...                       known_ms_N=at)
        >>> live.observe(np.array([1, 1]), np.array([6, 9]), played(5, 6, 7)).tolist()
        [1, 3]
        >>> live.trim(needed_from_ms=9)
        >>> histories = live.view(users=1)
        >>> start_M, stop_M = histories.newest(torch.tensor([1]), torch.tensor([3]), most=2)
        >>> histories.items_between(start_M, stop_M, width=2).tolist()
        [[6, 7]]
    """

    def __init__(self, *, longest: int = 10_000) -> None:
        if longest < 1:
            raise ConfigError(f"longest is {longest}; give 1 or more behaviours to keep of each user")
        self.longest = longest
        self._arena = BehaviourArena()
        empty = np.zeros(0, np.int64)
        self._waiting = Behaviours(
            user_N=empty, item_N=empty, timestamp_ms_N=empty, second_of_day_N=empty, known_ms_N=empty
        )
        self._too_long_R = empty  # users with more than ``longest``: those to look at when trimming
        self._seen_ms = _BEFORE_ALL_MS

    @property
    def bytes_used(self) -> int:
        """Of all arrays, with what they have to spare."""
        waiting: int = sum(getattr(self._waiting, field.name).nbytes for field in fields(Behaviours))
        return self._arena.bytes_used + waiting + self._too_long_R.nbytes

    def observe(self, user_N: IntArray, timestamp_ms_N: IntArray, engaged: Behaviours) -> Int64s:
        """Take the exposures of a stretch (in time order) and behaviours, which wait until they are known.

        Returns:
            For each exposure how many behaviours of its user were known strictly before it. int64, (N,).
        """
        ripe = self._ripe(timestamp_ms_N, engaged)
        self._arena.admit(int(user_N.max(initial=-1)) + 1)
        self._arena.make_room(_whole(ripe.user_N))
        known_N, place_K = np.empty(user_N.size, np.int64), np.empty(ripe.count, np.int64)
        _count(
            self._arena.blocks,
            (_whole(user_N), _whole(timestamp_ms_N), known_N),
            (_whole(ripe.user_N), _whole(ripe.known_ms_N), place_K),
        )
        # Ascending, also where something known long ago comes late: counts given out are without it.
        not_before_ms = np.maximum(ripe.known_ms_N, self._seen_ms)
        self._arena.write(place_K, replace(ripe, known_ms_N=not_before_ms))
        self._seen_ms = max(self._seen_ms, int(timestamp_ms_N.max(initial=_BEFORE_ALL_MS)))
        self._note_too_long(_whole(ripe.user_N))
        return known_N

    def trim(self, *, needed_from_ms: int) -> None:
        """Drop what no exposure at or after a moment can see.

        Of what was known before it each user keeps the newest ``longest``, and all that is known since.
        """
        self._arena.drop(self._too_long_R, known_before_ms=needed_from_ms, kept=self.longest)
        self._too_long_R = self._too_long_R[self._arena.lengths(self._too_long_R) > self.longest]

    def view(self, *, users: int = 0) -> Histories:
        """The histories as they stand, for counts that ``observe`` gave; copies nothing.

        It holds until the next call that changes anything.

        Args:
            users: the largest user number that may be asked for.
        """
        self._arena.admit(users + 1)
        item_E, second_of_day_E, hour_E, timestamp_ms_E, _ = (
            torch.from_numpy(each[: self._arena.used]) for each in self._arena.places
        )
        return _Standing(
            offset_U=torch.from_numpy(self._arena.blocks.offset_U[: self._arena.users]),
            item_E=item_E,
            second_of_day_E=second_of_day_E,
            timestamp_ms_E=timestamp_ms_E,
            kept_hour_E=hour_E,
        )

    def forget_users(self, user_X: IntArray) -> None:
        """Drop all of these users; their numbers may stand for others, whose counts begin at 0."""
        self._arena.release(_whole(user_X))
        self._waiting = self._waiting.select(~np.isin(self._waiting.user_N, user_X))
        self._too_long_R = self._too_long_R[~np.isin(self._too_long_R, user_X)]

    def forget_items(self, item_X: IntArray) -> None:
        """Behaviours with these items keep their places, but their item is −1, which no search finds."""
        self._arena.replace_items(item_X, by=_NO_ITEM)
        left_K = np.isin(self._waiting.item_N, item_X)
        self._waiting = replace(self._waiting, item_N=np.where(left_K, _NO_ITEM, self._waiting.item_N))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint; shares memory."""
        waiting = {f"waiting.{each.name}": getattr(self._waiting, each.name) for each in fields(Behaviours)}
        return {**self._arena.state(), **waiting, "seen_ms": np.array(self._seen_ms)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        waiting = {each.name: np.array(state[f"waiting.{each.name}"]) for each in fields(Behaviours)}
        self._waiting, self._seen_ms = Behaviours(**waiting), int(state["seen_ms"])
        self._arena.restore(state)
        self._too_long_R = np.flatnonzero(self._arena.lengths(np.arange(self._arena.users)) > self.longest)

    def _ripe(self, timestamp_ms_N: IntArray, engaged: Behaviours) -> Behaviours:
        """What is known before the last exposure, as it became known; the rest waits on."""
        columns = {each.name: _whole(getattr(engaged, each.name)) for each in fields(Behaviours)}
        waiting = Behaviours.joined(self._waiting, Behaviours(**columns))
        horizon_ms = timestamp_ms_N[-1] if timestamp_ms_N.size else _BEFORE_ALL_MS
        ripe = np.flatnonzero(waiting.known_ms_N < horizon_ms)
        self._waiting = waiting.select(waiting.known_ms_N >= horizon_ms)
        return waiting.select(ripe[np.argsort(waiting.known_ms_N[ripe], kind="stable")])

    def _note_too_long(self, grown_K: Int64s) -> None:
        user_R, added_R = np.unique(grown_K, return_counts=True)
        length_R = self._arena.lengths(user_R)
        crossed_R = (length_R > self.longest) & (length_R - added_R <= self.longest)
        self._too_long_R = np.concatenate([self._too_long_R, user_R[crossed_R]])


@dataclass(frozen=True, kw_only=True)
class _Standing(Histories):
    """Histories that know the hours already: to work them out for each batch would read all there is."""

    kept_hour_E: Tensor

    @cached_property
    def hour_E(self) -> Tensor:  # noqa: N802 - shapes stand in names
        return self.kept_hour_E


def _whole(values_X: IntArray) -> Int64s:
    return np.ascontiguousarray(values_X, np.int64)


@compiled()
def _count(
    blocks: Blocks, exposures: tuple[Int64s, Int64s, Int64s], behaviours: tuple[Int64s, Int64s, Int64s]
) -> None:
    """Walk through both in time: at equal times exposures first. Fills in counts, and places to write to."""
    user_N, timestamp_ms_N, known_N = exposures
    user_K, known_ms_K, place_K = behaviours
    behaviour = 0
    for exposure in range(user_N.shape[0]):
        while behaviour < user_K.shape[0] and known_ms_K[behaviour] < timestamp_ms_N[exposure]:
            user = user_K[behaviour]
            place_K[behaviour] = blocks.offset_U[user] + blocks.count_U[user]
            blocks.count_U[user] += 1
            behaviour += 1
        known_N[exposure] = blocks.count_U[user_N[exposure]]
