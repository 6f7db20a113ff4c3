"""A feature state's copy on disk: written behind the stream, read by any number of processes."""

from interestclock.store.lmdb_store import LmdbStore
from interestclock.store.store_view import StoreView
from interestclock.store.writer import StoreWriter

__all__ = ["LmdbStore", "StoreView", "StoreWriter"]
