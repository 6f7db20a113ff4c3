"""A store that may go away while a service runs: nobody is known then, until it is back."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from interestclock.errors import ResultError
from interestclock.events.schema import LogSchema
from interestclock.serving import FeatureSource
from interestclock.state import FeatureState, FeatureView, StateConfig
from interestclock.state.item_feed import ItemsChanged, Mark

__all__ = ["OpenedStore", "ReopenedStore"]

_log = logging.getLogger("interestclock.service")


class OpenedStore(FeatureSource, Protocol):
    """A store that can be closed."""

    def close(self) -> None:
        """No snapshot is read any more."""


class ReopenedStore:
    """Reads a store while it is there, and nothing while it is not.

    A snapshot that fails makes it ``away``; from then on snapshots are of a state in which nobody is known,
    until ``reopen`` finds the store again.

    Args:
        open_again: opens the store.

    Raises:
        ResultError: it cannot be opened at first.

    Example:
        >>> import tempfile
        >>> from interestclock.store import StoreWriter, open_store
        >>> folder = tempfile.mkdtemp()
        >>> StoreWriter(folder, schema=LogSchema(labels=("finish",)), config=StateConfig()).close()
        >>> store = ReopenedStore(lambda: open_store(folder))
        >>> with store.snapshot() as view:
        ...     view.complete_from_ms < 0, store.away
        (True, None)
        >>> store.close()
    """

    def __init__(self, open_again: Callable[[], OpenedStore]) -> None:
        self._open_again = open_again
        self._store: OpenedStore | None = open_again()
        self._schema, self._config = self._store.schema, self._store.config
        self._nobody = _Nobody(self._schema, items=None, config=self._config)
        self._readers, self._guard = 0, threading.Condition()
        self._reopening = threading.Lock()
        self._closed = False
        self._away: str | None = None
        self._was_away = "it was never away"

    @property
    def schema(self) -> LogSchema:
        """The log's names."""
        return self._schema

    @property
    def config(self) -> StateConfig:
        """What is kept."""
        return self._config

    @property
    def away(self) -> str | None:
        """Why the store cannot be read; None while it can."""
        return self._away

    @property
    def was_away(self) -> str:
        """Why it could not be read when it was away last, for who read nothing then."""
        return self._away or self._was_away

    @contextmanager
    def snapshot(self) -> Iterator[FeatureView]:
        """What there is at a moment: nothing while the store is away.

        Raises:
            ResultError: (also from reading) the store goes away just now.
        """
        with self._guard:
            store = None if self._away else self._store
            self._readers += store is not None
        if store is None:
            yield self._nobody
            return
        try:
            with store.snapshot() as view:
                yield view
        except ResultError as error:
            self._lose(str(error))
            raise
        finally:
            with self._guard:
                self._readers -= 1
                self._guard.notify_all()

    def reopen(self) -> bool:
        """Open the store again if it is away; whether it is there now. Nobody who reads waits for that."""
        with self._reopening:
            with self._guard:
                if self._away is None or self._readers or self._closed:
                    return self._away is None
                gone, self._store = self._store, None
            _close(gone)
            try:
                store = self._opened()
            except ResultError as error:
                with self._guard:
                    self._away = str(error)
                return False
            with self._guard:
                self._store = store
                self._was_away, self._away = self._away, None
        _log.info("the store is back")
        return True

    def close(self) -> None:
        """No snapshot is read any more; those that are open are waited for, as memory of theirs goes."""
        with self._reopening, self._guard:
            self._closed, self._away = True, "the store is closed"
            self._guard.wait_for(lambda: not self._readers)
            gone, self._store = self._store, None
        _close(gone)

    def _opened(self) -> OpenedStore:
        store = self._open_again()
        if (store.schema, store.config) == (self._schema, self._config):
            return store
        store.close()
        raise ResultError("the store has other names or settings than before; start the service again")

    def _lose(self, reason: str) -> None:
        with self._guard:
            first, self._away = self._away is None, reason
        if first:
            _log.warning("the store is away, nobody is known meanwhile: %s", reason)


def _close(store: OpenedStore | None) -> None:
    if store is not None:
        with contextlib.suppress(ResultError):
            store.close()


class _Nobody(FeatureState):
    """A state that nothing is in, and whose items are no store's."""

    def items_changed(self, since: Mark | None) -> ItemsChanged:  # noqa: ARG002
        return ItemsChanged(mark=(-1, 0), slots=None)
