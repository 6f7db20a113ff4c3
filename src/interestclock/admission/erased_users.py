"""Who was erased: what happened to them until then is used no more, whatever brings it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.admission.counters import Counters
from interestclock.admission.dispositions import Disposition
from interestclock.admission.judged import Dispositions
from interestclock.admission.user_hashes import HASH_BYTES, UserHashes
from interestclock.arrays import Arrays
from interestclock.timeofday import AFTER_ALL_MS, BEFORE_ALL_MS

__all__ = ["ErasedUsers", "Erasures"]

# Shapes: N ids of a call, X messages of one kind, U distinct users among them.

_MOST_REMEMBERED = 1 << 18  # ids whose hash was looked up


@dataclass(frozen=True, kw_only=True)
class Erasures:
    """Users who are erased at one point of a stream.

    Args:
        until_ms: by hash, until when, UTC milliseconds. hashes: of ids.
        user_ids: as text; None, where nothing but their hashes is known any more.

    Example:
        >>> hashes = UserHashes()
        >>> gone = Erasures(until_ms={hashes.of("7"): 5}, hashes=hashes, user_ids=None)
        >>> gone.among(pa.array([7, 8, None, 7])).tolist()
        [True, False, False, True]
    """

    until_ms: Mapping[bytes, int]
    hashes: UserHashes
    user_ids: tuple[str, ...] | None

    def among(self, ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
        """Which ids, text or whole numbers, are theirs, bool (N,)."""
        text = _as_text(ids)
        user_ids = self.user_ids
        if user_ids is None:
            there = text.unique().drop_null().to_pylist()
            user_ids = tuple(each for each in there if self.hashes.of(each) in self.until_ms)
        mine_N: npt.NDArray[np.bool_] = pc.is_in(text, pa.array(user_ids, pa.string())).to_numpy(
            zero_copy_only=False
        )
        return mine_N


class ErasedUsers:
    """Who was erased so far, by hash, and until when.

    Nothing is hashed before the first of them. From then on each id of a micro-batch is, once.

    Args:
        hashes: of ids.

    Example:
        >>> erased = ErasedUsers(UserHashes())
        >>> erased.note(["ann"], [50]).user_ids
        ('ann',)
        >>> disposition_N = np.zeros(3, np.int8)
        >>> erased.mark(pa.array(["ann", "bob", "ann"]), pa.array([50, 50, 51]), disposition_N)
        >>> (disposition_N == Disposition.ERASED).tolist()
        [True, False, False]
    """

    def __init__(self, hashes: UserHashes) -> None:
        self.hashes = hashes
        self.until_ms: dict[bytes, int] = {}
        self._remembered: dict[str, int] = {}  # by id, as text

    def admit(self, messages: pa.Table, disposition_X: Dispositions, *, counters: Counters) -> Erasures:
        """Take messages that erase users.

        Args:
            messages: ``user_id`` and ``timestamp_ms``. disposition_X: of each; where no user is named, a
                message stood that was erased, and this becomes ``ERASED``. counters: count both.
        """
        nobody_X = messages["user_id"].is_null().to_numpy()
        disposition_X[nobody_X] = Disposition.ERASED
        counters.erased += int(nobody_X.sum())
        counters.erasures += int((~nobody_X).sum())
        named = messages.filter(pa.array(~nobody_X))
        return self.note(named["user_id"].to_pylist(), named["timestamp_ms"].to_pylist())

    def note(self, user_ids: Sequence[str], until_ms: Sequence[int]) -> Erasures:
        """They are erased; of two erasures of one user the later time holds."""
        by_hash: dict[bytes, int] = {}
        for user_id, until in zip(user_ids, until_ms, strict=True):
            each = self.hashes.of(user_id)
            by_hash[each] = max(until, by_hash.get(each, until))
        self._add(by_hash)
        return Erasures(until_ms=by_hash, hashes=self.hashes, user_ids=tuple(dict.fromkeys(user_ids)))

    def note_hashes(self, until_ms: Mapping[bytes, int]) -> Erasures:
        """Users of whom nothing else is known are erased."""
        self._add(until_ms)
        return Erasures(until_ms=dict(until_ms), hashes=self.hashes, user_ids=None)

    def unknown_of(self, until_ms: Mapping[bytes, int]) -> dict[bytes, int]:
        """Those erasures that were not noted, or not with so late a time."""
        return {each: ms for each, ms in until_ms.items() if self.until_ms.get(each, BEFORE_ALL_MS) < ms}

    def mark(
        self,
        user_ids: pa.Array | pa.ChunkedArray,
        timestamp_ms: pa.Array | pa.ChunkedArray,
        disposition_X: Dispositions,
    ) -> None:
        """Messages of erased users, of moments until then, become ``ERASED``.

        Args:
            user_ids, timestamp_ms: (X,); a message without one of the two is left as it is.
        """
        if not self.until_ms or not len(user_ids):
            return
        coded = _as_text(user_ids).dictionary_encode()
        until_U = np.array([*map(self._until, coded.dictionary.to_pylist()), BEFORE_ALL_MS], np.int64)
        until_X = until_U[coded.indices.fill_null(until_U.size - 1).to_numpy()]
        disposition_X[timestamp_ms.fill_null(AFTER_ALL_MS).to_numpy() <= until_X] = Disposition.ERASED

    def state(self) -> Arrays:
        """For a checkpoint."""
        hashes = np.frombuffer(b"".join(self.until_ms), np.uint8).reshape(-1, HASH_BYTES)
        return {"hashes": hashes, "until_ms": np.array([*self.until_ms.values()], np.int64)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        hashes = [bytes(each) for each in state["hashes"]]
        self.until_ms = dict(zip(hashes, state["until_ms"].tolist(), strict=True))
        self._remembered.clear()

    def check_key(self) -> None:
        """Refuse to go on where somebody was erased and the key is missing.

        Raises:
            ResultError: so it is.
        """
        if self.until_ms:
            self.hashes.check_there(needed_by="the checkpoint")

    def _add(self, until_ms: Mapping[bytes, int]) -> None:
        self.until_ms |= self.unknown_of(until_ms)
        self._remembered.clear()

    def _until(self, user_id: str) -> int:
        """Until when a user was erased; before all time who never was."""
        found = self._remembered.get(user_id)
        if found is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            found = self.until_ms.get(self.hashes.of(user_id), BEFORE_ALL_MS)
            self._remembered[user_id] = found
        return found


def _as_text(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Whole numbers stand for their digits."""
    text = ids.cast(pa.string())
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
