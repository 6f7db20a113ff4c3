"""What became of every message of a live stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NO_MESSAGES", "Counters"]

NO_MESSAGES = ("item_changes", "known_ahead", "known_ahead_most_ms")  # what is counted beside messages
_NO_PARTS = ("received", "given_labels_late", *NO_MESSAGES)


@dataclass(kw_only=True)
class Counters:
    """Totals since the stream began; the parts add up to ``received``.

    Args:
        received: messages, good and bad. learned: exposures that were predicted and learned.
        waiting: exposures and labels that are neither used nor set aside yet.
        unscored: choices of items that nobody was known to have chosen before: nothing is asked of them.
        labels_joined: labels that came as messages of their own and reached their exposure in time.
        outcomes_joined: outcomes, likewise.
        items: what items are from a moment on. served: requests that a service answered.
        duplicates: exposures whose ``event_id``, and labels whose exposure and name, came before.
        late_exposures: older than the newest event of their partition by more than the lateness, and than the
            watermark; not learned, in no feature.
        late_labels: labels and outcomes that came later than that after they were known, or were known after
            the wait; likewise. late_served: requests that nothing can refer to any more when they come.
        orphan_labels: labels and outcomes of an exposure that never came, came too late, or is forgotten, the
            wait being long over.
        orphan_exposures: exposures that leave something to a request that never came, is forgotten, did not
            return the item, or was another user's. dead_letters: unreadable messages.
        late_after_idle: exposures and labels that a partition brought after it was let go as idle, older than
            the watermark; likewise not used.
        in_archive: exposures and labels of a stream that follows an archive, older than what the archive
            leaves to the stream: they were learned from it.
        in_kept_state: messages that another trainer, on whose state this one began, had taken; what became of
            them stands in its folder.
        ahead: exposures and labels further ahead of the clock on the wall than allowed; likewise not used.
        erasures: messages that erase a user. erased: messages of a user who was erased until after them, that
            came behind the erasure; and exposures that waited to be learned when their user was erased.
        given_labels_late: labels that came with their exposure and were known after the wait; not learned.
            They were no messages of their own, and are no part of the sum.
        item_changes: items that are not as they were, known_ahead: times at which something was known that
            lay ahead of its arrival, and count as that, and known_ahead_most_ms: by how much at most; no
            parts of the sum either.

    Example:
        >>> counters = Counters(received=3, learned=1, waiting=1, duplicates=1)
        >>> counters.add_up()
        True
    """

    received: int = 0
    learned: int = 0
    waiting: int = 0
    unscored: int = 0
    labels_joined: int = 0
    outcomes_joined: int = 0
    items: int = 0
    served: int = 0
    duplicates: int = 0
    late_exposures: int = 0
    late_labels: int = 0
    late_served: int = 0
    orphan_labels: int = 0
    orphan_exposures: int = 0
    dead_letters: int = 0
    ahead: int = 0
    late_after_idle: int = 0
    in_archive: int = 0
    in_kept_state: int = 0
    given_labels_late: int = 0
    item_changes: int = 0
    known_ahead: int = 0
    known_ahead_most_ms: int = 0
    erasures: int = 0
    erased: int = 0

    def add_up(self) -> bool:
        """Whether every message is accounted for."""
        parts = (count for name, count in self.counts().items() if name not in _NO_PARTS)
        return self.received == sum(parts)

    def counts(self) -> dict[str, int]:
        """All totals by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        return {"counts": np.array(list(self.counts().values()), np.int64)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        for field, count in zip(fields(self), state["counts"].tolist(), strict=True):
            setattr(self, field.name, count)
