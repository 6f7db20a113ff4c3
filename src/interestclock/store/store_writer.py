"""What keeps a store current, whichever keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self

from interestclock.errors import ResultError
from interestclock.state.state_changes import StateChanges

__all__ = ["FeatureWriter", "StoreLostError"]


class StoreLostError(ResultError):
    """The store has less than was brought to it: all there is has to be brought.

    Example:
        >>> issubclass(StoreLostError, ResultError)
        True
    """


class FeatureWriter(Protocol):
    """The one writer of a store, as ``StoreWriter`` and ``RedisStoreWriter`` are.

    Example:
        >>> def stands_at(writer: FeatureWriter) -> str:
        ...     return f"{writer.name} is at entry {writer.position}"
        >>> from types import SimpleNamespace
        >>> stands_at(SimpleNamespace(name="store", position=7))
        'store is at entry 7'
    """

    @property
    def name(self) -> str:
        """Where it is, as it may be shown."""

    @property
    def position(self) -> int:
        """Of what was admitted last and is in the store with all before it; 0 of a new one."""

    @property
    def furthest(self) -> int:
        """Of what was admitted last and may be in the store in part."""

    @property
    def catalogue(self) -> str:
        """The version of the item table whose items are all in the store; "" where none is."""

    def apply(
        self, changes: StateChanges, *, position: int, offsets: Mapping[str, str], watermark_ms: int
    ) -> None:
        """Bring the store to where the state is; it is there when this returns.

        Raises:
            StoreLostError: it has less than before; bring whole changes.
        """

    def tidy(self) -> None:
        """Let go of what nobody needs any more; to be done now and then."""

    def close(self) -> None:
        """Let others write."""

    def __enter__(self) -> Self:
        """For ``with``."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
