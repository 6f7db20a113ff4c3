"""Keys and values of the store: how ids, records and items are written down."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = [
    "CHUNK",
    "FORMAT",
    "HEADER_TYPE",
    "NOBODY",
    "Header",
    "ItemRecord",
    "StoreMeta",
    "Types",
    "chunk_key",
    "chunk_keys",
    "chunks",
    "feed_key",
    "id_key",
    "id_keys",
    "id_of_key",
    "joined",
    "midnight_key",
    "number_key",
    "pieces",
    "value_key",
]

# Shapes: N records of a chunk, or ids, C chunks.

FORMAT = 3
CHUNK = 256  # records of a user in one value: one behaviour more rewrites that many at most
_HEADER = struct.Struct("<qqhhqqqq")
_SIGN = 1 << 63
_ID_KEY = np.dtype([("kind", "S1"), ("number", ">u8")])
_CHUNK_KEY = np.dtype([("index", ">u8"), ("chunk", ">u4")])
Columns = Mapping[str, npt.NDArray[Any]]
Types = Mapping[str, np.dtype[Any]]


class Header(NamedTuple):
    """What is kept of a user beside records, by its index; so many there ever were, and are gone."""

    number: int
    seen_ms: int
    offset_minutes: int
    zone: int
    behaviours: int
    behaviours_dropped: int
    votes: int
    votes_dropped: int

    def pack(self) -> bytes:
        """As a value."""
        return _HEADER.pack(*self)

    @classmethod
    def unpack(cls, value: bytes) -> Header:
        """What ``pack`` gave."""
        return cls(*_HEADER.unpack(value))


NOBODY = Header(0, 0, 0, 0, 0, 0, 0, 0)
HEADER_TYPE = np.dtype(
    list(zip(Header._fields, ("<i8", "<i8", "<i2", "<i2", "<i8", "<i8", "<i8", "<i8"), strict=True))
)
"""A ``Header`` as it is packed, to read many at a time."""


class ItemRecord(msgspec.Struct, array_like=True):
    """An item: what it was at first and is from later moments on, by attribute in the log's order."""

    id: int | str
    index: int
    values: list[list[int]]
    versions: list[tuple[int, int, list[list[int]]]]  # from_ms, stated_ms


class StoreMeta(msgspec.Struct, kw_only=True):
    """Where the store stands.

    ``generation`` counts how often all of it was written anew; ``position`` is that of the last that was
    admitted, ``offsets`` where its source stood, by partition; ``catalogue`` is the version of the item table
    whose items are all here, "" where none is; ``items_changed_after`` the position from which on the store
    knows which items changed.
    """

    format: int
    generation: int
    position: int
    offsets: dict[str, str]
    watermark_ms: int
    complete_from_ms: int
    midnights: list[int]
    widths: dict[str, int]
    id_types: dict[str, str]  # by kind: int64 or string, once there is an id
    catalogue: str = ""
    items_changed_after: int = 0


def id_key(each: int | str) -> bytes:
    """An id; integers in their order.

    Example:
        >>> id_key(-1) < id_key(1), id_key("ann")
        (True, b'sann')
    """
    return b"s" + each.encode() if isinstance(each, str) else b"i" + (each + _SIGN).to_bytes(8, "big")


def id_keys(ids: pa.Array) -> list[bytes]:
    """``id_key`` of many.

    Example:
        >>> id_keys(pa.array([-1, 7])) == [id_key(-1), id_key(7)], id_keys(pa.array(["ann"]))
        (True, [b'sann'])
    """
    if pa.types.is_string(ids.type):
        return [b"s" + each.encode() for each in ids.to_pylist()]
    key_N = np.zeros(len(ids), _ID_KEY)
    key_N["kind"], key_N["number"] = b"i", ids.to_numpy(zero_copy_only=False).view(np.uint64) ^ _SIGN
    return pieces(key_N)


def pieces(rows: npt.NDArray[Any]) -> list[bytes]:
    """The bytes of each row of an array."""
    whole, size = rows.tobytes(), rows.itemsize
    return [whole[begin : begin + size] for begin in range(0, len(whole), size)]


def id_of_key(key: bytes) -> int | str:
    """What ``id_key`` was given.

    Raises:
        ValueError: it never gave that.

    Example:
        >>> id_of_key(id_key(-1)), id_of_key(id_key("ann"))
        (-1, 'ann')
    """
    kind, rest = key[:1], key[1:]
    if kind == b"i" and len(rest) == 8:
        return int.from_bytes(rest, "big") - _SIGN
    if kind == b"s":
        return rest.decode()
    raise ValueError(f"{key!r} is no key of an id")


def chunk_key(index: int, chunk: int) -> bytes:
    """A chunk of a user's records."""
    return struct.pack(">QI", index, chunk)


def chunk_keys(index_C: npt.NDArray[np.integer], chunk_C: npt.NDArray[np.integer]) -> list[bytes]:
    """``chunk_key`` of many.

    Example:
        >>> chunk_keys(np.array([7, 7]), np.array([0, 1])) == [chunk_key(7, 0), chunk_key(7, 1)]
        True
    """
    key_C = np.zeros(index_C.size, _CHUNK_KEY)
    key_C["index"], key_C["chunk"] = index_C, chunk_C
    return pieces(key_C)


def number_key(number: int) -> bytes:
    """An item's slot, or a set's number."""
    return struct.pack(">I", number)


def feed_key(position: int, slot: int) -> bytes:
    """An item that changed at a position."""
    return struct.pack(">QI", position, slot)


def value_key(place: int, number: int) -> bytes:
    """A value by its attribute's place and its number."""
    return struct.pack(">HI", place, number)


def midnight_key(midnight_ms: int) -> bytes:
    """A midnight, UTC milliseconds."""
    return (midnight_ms + _SIGN).to_bytes(8, "big")


def chunks(dropped: int, count: int) -> range:
    """Numbers of the chunks that hold what is left of ``count`` records.

    Example:
        >>> chunks(300, 513), chunks(5, 5)
        (range(1, 3), range(0, 0))
    """
    return range(dropped // CHUNK, -(-count // CHUNK)) if dropped < count else range(0)


def joined(values: Sequence[bytes], types: Types, *, dropped: int) -> Columns:
    """Records of a user's chunks, in each of which column stands behind column, little-endian.

    Args:
        values: the chunks, in order. types: of the columns.
        dropped: how many records are gone; those of them that the first chunk has are left out.

    Example:
        >>> types = {"item": np.dtype("int32"), "kind": np.dtype("uint8")}
        >>> values = [bytes([7, 0, 0, 0, 8, 0, 0, 0, 1, 2]), bytes([9, 0, 0, 0, 3])]
        >>> {name: each.tolist() for name, each in joined(values, types, dropped=CHUNK + 1).items()}
        {'item': [8, 9], 'kind': [2, 3]}
    """
    row_bytes = sum(kind.itemsize for kind in types.values())
    lengths = [len(value) // row_bytes for value in values]
    gone = dropped % CHUNK if values else 0
    columns, before = {}, 0
    for name, kind in types.items():
        behind = before + kind.itemsize
        pieces = [value[before * n : behind * n] for value, n in zip(values, lengths, strict=True)]
        columns[name] = np.frombuffer(b"".join(pieces), kind.newbyteorder("<"))[gone:]
        before = behind
    return columns
