"""A whole store is found whole, and each damage is found by what it breaks."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from filled_stores import fill, open_writer

from interestclock.store.environment import Environment
from interestclock.store.records import (
    CHUNK,
    Header,
    ItemRecord,
    StoreMeta,
    chunk_key,
    id_key,
    number_key,
    value_key,
)
from interestclock.store.verify import problems_in, verify_store

STEPS = CHUNK + 44  # of each of three users two chunks
Databases = dict[str, Any]
Damage = Callable[[Any, Databases], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    fill(folder, STEPS)
    return folder


def problems(folder: Path) -> list[str]:
    return list(problems_in(folder, lambda _: None))


def list_key(place: int, number: int, index: int) -> bytes:
    return struct.pack(">HIQ", place, number, (1 << 64) - 1 - index)


def header(txn: Any, databases: Databases, user: str = "ann") -> Header:
    return Header.unpack(txn.get(id_key(user), db=databases["user_of_id"]))


def put_header(txn: Any, databases: Databases, **changed: int) -> None:
    value = header(txn, databases)._replace(**changed).pack()
    txn.put(id_key("ann"), value, db=databases["user_of_id"])


def delete_chunk(txn: Any, databases: Databases, database: str, chunk: int) -> None:
    assert txn.delete(chunk_key(header(txn, databases).number, chunk), db=databases[database])


def put_chunk(database: str, chunk: int, change: Callable[[bytearray], bytes]) -> Damage:
    def damage(txn: Any, databases: Databases) -> None:
        key = chunk_key(header(txn, databases).number, chunk)
        value = bytearray(txn.get(key, db=databases[database]))
        txn.put(key, bytes(change(value)), db=databases[database])

    return damage


def set_bytes(place: int, new: bytes) -> Callable[[bytearray], bytes]:
    def change(value: bytearray) -> bytes:
        value[place : place + len(new)] = new
        return bytes(value)

    return change


def put_item(txn: Any, databases: Databases, **changed: Any) -> None:
    record = msgspec.msgpack.decode(txn.get(number_key(1), db=databases["item"]), type=ItemRecord)
    for name, value in changed.items():
        setattr(record, name, value)
    txn.put(number_key(1), msgspec.msgpack.encode(record), db=databases["item"])


def put_meta(txn: Any, databases: Databases, **changed: Any) -> None:
    meta = msgspec.msgpack.decode(txn.get(b"meta", db=databases["meta"]), type=StoreMeta)
    for name, value in changed.items():
        setattr(meta, name, value)
    txn.put(b"meta", msgspec.msgpack.encode(meta), db=databases["meta"])


def put(database: str, key: bytes, value: bytes) -> Damage:
    return lambda txn, databases: txn.put(key, value, db=databases[database])


def delete(database: str, key: bytes) -> Damage:
    def damage(txn: Any, databases: Databases) -> None:
        assert txn.delete(key, db=databases[database])

    return damage


ITEM_AT = CHUNK * 24  # behind three columns of 8 bytes
DAMAGES: dict[str, Damage] = {
    "behaviours of user 'ann' lack chunk 1": lambda *of: delete_chunk(*of, "history", 1),
    "votes of user 'ann' lack chunk 0": lambda *of: delete_chunk(*of, "votes", 0),
    "behaviours of user 'ann' have 3900 bytes in chunk 0, not": put_chunk("history", 0, lambda v: v[:3_900]),
    "behaviours of user 'ann' have chunk 2, which nobody needs": (
        lambda txn, databases: txn.put(
            chunk_key(header(txn, databases).number, 2), b"", db=databases["history"]
        )
    ),
    "behaviours of nobody (index 77)": put("history", chunk_key(77, 0), b"x"),
    "behaviours of user 'ann' have 1716 bytes in chunk 1, not 45": (
        lambda *of: put_header(*of, behaviours=STEPS + 1)
    ),
    "user 'ann' has more records dropped than there were": lambda *of: put_header(*of, votes_dropped=9_999),
    "user 'ann' is in zone 7, which is not there": lambda *of: put_header(*of, zone=7),
    "behaviours of user 'ann' name an item that is not there": put_chunk(
        "history", 0, set_bytes(ITEM_AT, np.int32(1_000).tobytes())
    ),
    "behaviours of user 'ann' were known before they happened": put_chunk(
        "history", 0, set_bytes(8, np.int64(5).tobytes())
    ),
    "behaviours of user 'ann' are out of order (known_ms)": put_chunk(
        "history", 0, set_bytes(0, np.int64(1 << 60).tobytes())
    ),
    "votes of user 'ann' have a set that is not there": put_chunk(
        "votes", 0, set_bytes(CHUNK * 16, np.int32(99).tobytes())
    ),
    "an id of a user cannot be read (key 78)": put("user_of_id", b"x", b""),
    "user 'eva' has a header of 3 bytes, not 52": put("user_of_id", b"seva", b"abc"),
    "user id 5 is of another type than those of the store": put(
        "user_of_id", id_key(5), Header(50, 0, 0, 0, 0, 0, 0, 0).pack()
    ),
    "users 'ann' and 'zoe' have one index": lambda txn, databases: txn.put(
        id_key("zoe"), header(txn, databases).pack(), db=databases["user_of_id"]
    ),
    "item 1 is not found by its id 'i0'": delete("item_of_id", id_key("i0")),
    "item 'i0' has no record": delete("item", number_key(1)),
    "an id of an item cannot be read (key 78)": put("item_of_id", b"x", number_key(1)),
    "item id 5 is of another type than those of the store": put("item_of_id", id_key(5), number_key(1)),
    "item 1 cannot be read": put("item", number_key(1), b"\xff"),
    "items 1 and 2 have one index": lambda *of: put_item(*of, index=2),
    "item 'i0' has values of genre that are not there": lambda *of: put_item(*of, values=[[1, 99], []]),
    "item 'i0' has values of 1 attributes, not of 2": lambda *of: put_item(*of, values=[[1]]),
    "item 'i0' has versions out of order": (
        lambda *of: put_item(*of, versions=[(9, 9, [[], []]), (8, 8, [[], []])])
    ),
    "value 1 of genre is missing, before 2": delete("values", value_key(0, 1)),
    "value 1 of genre is no text": put("values", value_key(0, 1), b"\xff"),
    "a value of no attribute": put("values", value_key(9, 1), b"x"),
    "votes of user 'bob' have a set that is not there": delete("sets", number_key(0)),
    "a list names item 2, which is not in it": put("item_lists", list_key(0, 99, 2), number_key(2)),
    "an item is said to have changed at entry 999,999, which the store is not at": put(
        "item_feed", struct.pack(">QI", 999_999, 1), b""
    ),
    "lists of items lack 1 entries": lambda txn, databases: txn.delete(
        list_key(0, 1, 1), db=databases["item_lists"]
    ),
    "set 1 of values is missing": put("sets", number_key(2), b""),
    "set 0 of values has 3 bytes": put("sets", number_key(0), b"abc"),
    "set 0 of values names values that are not there, or out of order": put(
        "sets", number_key(0), np.array([3, 2], "<i4").tobytes()
    ),
    "counts of all users are there for 0 midnights, and 1 are kept": lambda *of: put_meta(*of, midnights=[0]),
    "counts of all users at a midnight have 3 bytes": lambda txn, databases: (
        put_meta(txn, databases, midnights=[0]),
        txn.put((1 << 63).to_bytes(8, "big"), b"abc", db=databases["everyone"]),
    ),
}


def test_a_whole_store_is_whole(whole: Path, tmp_path: Path) -> None:
    assert problems(whole) == []
    open_writer(tmp_path).close()
    assert problems(tmp_path) == []


def test_how_far_it_is_is_told(whole: Path) -> None:
    told: list[tuple[int, int]] = []
    assert list(problems_in(whole, told.append)) == []
    assert told[-1][0] == told[-1][1] > 0


@pytest.mark.parametrize("expected", DAMAGES)
def test_damage_is_found(expected: str, whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "store")
    environment = Environment.open(tmp_path / "store", map_bytes=1 << 20)
    environment.write(lambda txn: DAMAGES[expected](txn, environment.databases))
    environment.close()
    found = problems(tmp_path / "store")
    assert any(each.startswith(expected) for each in found), found


def test_a_page_that_ends_its_reader_ends_nobody_else(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "store")
    file = tmp_path / "store" / "features.lmdb" / "data.mdb"
    content = bytearray(file.read_bytes())
    for page in range(2, len(content) // 4_096):
        there = content[page * 4_096 : (page + 1) * 4_096]
        if b"genre" not in there and b"user_of_id" not in there:  # what it says of itself is whole
            content[page * 4_096 + 16 : page * 4_096 + 64] = b"\xa5" * 48
    file.write_bytes(content)
    found = verify_store(tmp_path / "store", lambda _: None)
    assert found
