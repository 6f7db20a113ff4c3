"""Who uses the service of a loop: what a visit asks for, and what is seen and done then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from interestclock.client import Rank, Ranked

__all__ = ["LogBefore", "LoopUsers", "Seen", "Visit"]

Message = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class LogBefore:
    """What parts have to know of the log that is learned before the first user comes.

    Args:
        start_ms: where it ends and the loop's clock begins, UTC milliseconds.
        label_wait_minutes: how long behind an exposure a label may come.
        missing_labels: labels that some exposures never get.
        span_ms: from its first exposure to its last; None where it is as long as it was asked for.

    Example:
        >>> LogBefore(start_ms=86_400_000).label_wait_minutes
        60.0
    """

    start_ms: int
    label_wait_minutes: float = 60.0
    missing_labels: tuple[str, ...] = ()
    span_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What comes of a visit, as messages.

    Args:
        exposures: as short as they can be. whole: the same, with all of themselves.
        labels: each is sent when the clock shows its ``known_ms``.
        unseen: items that were ranked and of which nothing is known, not even whether they were looked at.

    Example:
        >>> Seen(exposures=[{"item_id": "7"}], whole=[{"item_id": "7"}], labels=[]).unseen
        0
    """

    exposures: Sequence[Message]
    whole: Sequence[Message]
    labels: Sequence[Message]
    unseen: int = 0


class Visit(Protocol):
    """A user comes."""

    @property
    def timestamp_ms(self) -> int:
        """When, UTC milliseconds."""

    def asks(self) -> Rank:
        """For what to be ranked."""

    def sees(self, answer: Ranked | None) -> Seen | None:
        """What is seen and done then; None where it is nothing.

        Args:
            answer: of the service; None where there is none.
        """


class LoopUsers(Protocol):
    """All who come to a loop."""

    patient: bool
    """Whether nobody may be left out: the clock stands before the first until all parts are up, and who
    comes while all callers are busy waits, instead of staying away."""

    def write_archive(self, folder: str | Path) -> None:
        """Write the log before as a folder that opens by itself, rows in its ``events``."""

    def log_before(self, folder: str | Path) -> LogBefore:
        """What parts have to know of it, once it is written there."""

    def visits(self, folder: str | Path, *, from_ms: int) -> Iterator[Visit]:
        """Who comes from a moment on, in time order, UTC milliseconds."""

    def due(self, folder: str | Path, *, from_ms: int, until_ms: int) -> int | None:
        """How many exposures visits of that time have, counted beforehand; None where nobody knows."""
