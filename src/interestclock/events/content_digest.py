"""A digest of a table's values: the same for the same rows, whoever holds them and in what pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.values import is_list

__all__ = ["content_digest"]

_PLAIN = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}


def content_digest(tables: Iterable[pa.Table]) -> str:
    """A SHA-256 over names, types and values.

    Args:
        tables: of plain columns, which follow one another and are cut alike each time.

    Example:
        >>> one = pa.table({"u": ["a", None]})
        >>> same = pa.table({"u": pa.array(["a", None], pa.large_string())})
        >>> content_digest([one]) == content_digest([same]), content_digest([one]) == content_digest([])
        (True, False)
    """
    digest = hashlib.sha256()
    for table in tables:
        for name in table.column_names:
            digest.update(name.encode())
            _add(digest, table[name].combine_chunks())
    return digest.hexdigest()


def _add(digest: hashlib._Hash, values: pa.Array) -> None:
    """Which are missing, and the bytes of those that are there."""
    values = values.cast(_PLAIN.get(values.type, values.type))
    digest.update(f"{_kind(values.type)} {len(values)}".encode())
    valid = values.is_valid()
    digest.update(np.asarray(valid).tobytes())
    given = values.filter(valid)
    if is_list(values.type):
        digest.update(np.asarray(pc.list_value_length(given)).astype(np.int64).tobytes())
        _add(digest, pc.list_flatten(given))
    elif pa.types.is_string(values.type) or pa.types.is_binary(values.type):
        digest.update(np.asarray(pc.binary_length(given)).tobytes())
        digest.update(b"".join(given.cast(pa.binary()).to_pylist()))
    elif pa.types.is_primitive(values.type):
        digest.update(given.to_numpy(zero_copy_only=False).tobytes())
    else:
        digest.update(repr(given.to_pylist()).encode())


def _kind(kind: pa.DataType) -> str:
    """Moments are moments, whatever zone they are written in."""
    if is_list(kind):
        return "list"
    return f"moment {kind.unit}" if pa.types.is_timestamp(kind) and kind.tz is not None else str(kind)
