"""A feature state's copy: written behind the stream, read by any number of processes."""

from interestclock.store.lmdb_store import LmdbStore
from interestclock.store.open_store import on_redis, open_store, open_writer
from interestclock.store.redis_store import RedisStore
from interestclock.store.redis_writer import RedisStoreWriter
from interestclock.store.store_view import StoreView
from interestclock.store.store_writer import FeatureWriter, StoreLostError
from interestclock.store.writer import StoreWriter

__all__ = [
    "FeatureWriter",
    "LmdbStore",
    "RedisStore",
    "RedisStoreWriter",
    "StoreLostError",
    "StoreView",
    "StoreWriter",
    "on_redis",
    "open_store",
    "open_writer",
]
