"""Where entries of an admitted log are published for other machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["LastPublished", "Publication"]


@dataclass(frozen=True, kw_only=True)
class LastPublished:
    """What a broker says of the last entry that it was given.

    Args:
        number: of the entry; None where it cannot say any more. record: None where it forgot it.

    Example:
        >>> LastPublished(number=7, record=None).number
        7
    """

    number: int | None
    record: bytes | None


class Publication(Protocol):
    """A stream of a broker that one process writes."""

    @property
    def name(self) -> str:
        """The address, without a login."""

    @property
    def away(self) -> tuple[type[Exception], ...]:
        """What is raised where the broker does not answer or refuses for now; it is tried again."""

    def last(self) -> LastPublished | None:
        """The last entry that stands there; None where none ever did.

        Raises:
            ResultError: it cannot be what entries are published to.
        """

    def publish(self, records: Sequence[tuple[int, bytes]]) -> None:
        """Add records with the numbers of their entries, in order; they are there when it returns.

        Where it raises, some of them may be there: ``last`` says how many.
        """

    def close(self) -> None:
        """Let go of connections."""
