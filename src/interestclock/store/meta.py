"""What a store says of itself: its format, whose it is, and where it stands."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from interestclock.clock_features import UserVotes
from interestclock.errors import ResultError
from interestclock.events.schema import LogSchema
from interestclock.saved import made_of, object_of
from interestclock.state import StateConfig
from interestclock.store.records import FORMAT, StoreMeta
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = [
    "DESCRIPTION",
    "META",
    "ZONES",
    "check_format",
    "check_owner",
    "described",
    "description_in",
    "new_votes",
    "nothing",
    "read_description",
    "read_meta",
    "stored_meta",
]

META, DESCRIPTION = b"meta", b"description"
ZONES = (1 << 16) - 2  # the place of zones among attributes' values
_REMEDY = "write the store anew"


def described(schema: LogSchema, config: StateConfig) -> dict[str, Any]:
    """Whose store it is, as it goes through JSON.

    Example:
        >>> described(LogSchema(labels=("finish",)), StateConfig())["config"]["longest"]
        10000
    """
    plain: dict[str, Any] = json.loads(json.dumps({"schema": asdict(schema), "config": asdict(config)}))
    return plain


def description_in(value: bytes, where: str) -> tuple[LogSchema, StateConfig]:
    """What ``described`` was given.

    Args:
        value: JSON. where: which store it is of.
    """
    there = object_of(value, where=where, remedy=_REMEDY)
    schema = made_of(LogSchema, there.get("schema"), where=f"{where}: schema", remedy=_REMEDY)
    config = made_of(StateConfig, there.get("config"), where=f"{where}: config", remedy=_REMEDY)
    return schema, config


def check_format(value: bytes, where: str) -> StoreMeta:
    """Where a store stands, if it is of this format.

    Args:
        value: ``StoreMeta`` as it is written down; empty: there is none. where: which store it is of.

    Raises:
        ResultError: it is of another one, or damaged.
    """
    found = stored_meta(value, where)
    if found.format < FORMAT:
        raise ResultError(
            f"{where} is of format {found.format}, and this reads {FORMAT}; convert a folder with "
            "`interestclock store migrate FOLDER`; a store on Redis is written anew, under another prefix"
        )
    if found.format != FORMAT:
        raise ResultError(f"{where} is of format {found.format}, and this reads {FORMAT}; {_REMEDY}")
    return found


def stored_meta(value: bytes, where: str) -> StoreMeta:
    """Where a store stands, of whatever format it is.

    Args:
        value, where: as of ``check_format``.

    Raises:
        ResultError: nothing is committed to it yet, or it is damaged.
    """
    if not value:
        raise ResultError(
            f"{where}: nothing is committed to it yet, or it is no store; wait for what writes it, or name "
            "another folder"
        )
    try:
        return msgspec.msgpack.decode(value, type=StoreMeta)
    except msgspec.DecodeError as error:
        raise ResultError(f"{where}: a damaged store ({error}); {_REMEDY}") from error


def read_meta(txn: Any, meta: Any, path: Path) -> StoreMeta:
    """Where a store of LMDB stands, as ``check_format`` has it.

    Args:
        txn: to read from. meta: the database of that name. path: of the store.
    """
    return check_format(txn.get(META, b"", db=meta), str(path))


def read_description(txn: Any, meta: Any, path: Path) -> tuple[LogSchema, StateConfig]:
    """Whose a store of LMDB is, as ``description_in`` has it; arguments are those of ``read_meta``."""
    return description_in(bytes(txn.get(DESCRIPTION, b"", db=meta)), str(path))


def check_owner(there: bytes, mine: str, where: str) -> None:
    """Refuse the store of another schema or configuration.

    Args:
        there: what it says of itself. mine: what is wanted, both as ``described`` gives it, in JSON.
        where: which store it is.

    Raises:
        ResultError: they differ.

    Example:
        >>> check_owner(b'{"config": {"longest": 9}}', '{"config": {"longest": 10}}', "features.lmdb")
        Traceback (most recent call last):
        interestclock.errors.ResultError: features.lmdb is the store of ... is 9, not 10; take ...
    """
    if (other := json.loads(there)) == (own := json.loads(mine)):
        return
    differs = [
        f"{part}.{key} is {other[part].get(key)}, not {value}"
        for part in own
        for key, value in own[part].items()
        if other[part].get(key) != value
    ]
    raise ResultError(
        f"{where} is the store of another schema or configuration: "
        f"{'; '.join(differs) or 'it lacks some of these keys'}; take another folder, or the same names and "
        "settings"
    )


def nothing() -> StoreMeta:
    """Where a new store stands."""
    return StoreMeta(
        format=FORMAT,
        generation=0,
        position=0,
        offsets={},
        watermark_ms=BEFORE_ALL_MS,
        complete_from_ms=BEFORE_ALL_MS,
        midnights=[],
        widths={},
        id_types={},
    )


def new_votes(schema: LogSchema, config: StateConfig) -> UserVotes | None:
    """Votes of nobody; None where the log names no clock attribute."""
    if not schema.clock_attributes:
        return None
    return UserVotes(attributes=schema.clock_attributes, config=config.clocks)
