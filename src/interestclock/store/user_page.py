"""What a store knows of one user: who they are, what they did last, what they prefer at which hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import ConfigError, ResultError
from interestclock.ids import id_as
from interestclock.store.store_view import StoreView
from interestclock.timeofday import DAY_SECONDS

__all__ = ["BehaviourRow", "UnknownUserError", "UserPage", "user_page"]

# Shapes: M users at a time, N behaviours, H buckets, V values.

_INT64 = np.iinfo(np.int64)


class UnknownUserError(ResultError):
    """A user whom the store does not know.

    Example:
        >>> issubclass(UnknownUserError, ResultError)
        True
    """


@dataclass(frozen=True, kw_only=True)
class BehaviourRow:
    """A behaviour, in words.

    Args:
        timestamp_ms: of the exposure, UTC. utc_offset_minutes: of local time then. item: its id.
        values: of the item, by attribute.
    """

    timestamp_ms: int
    utc_offset_minutes: int
    item: int | str
    values: dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class UserPage:
    """What a store knows of one user as of a moment.

    Args:
        user: the id. at_ms: the moment, UTC milliseconds. seen_ms: when the user was last seen.
        utc_offset_minutes, zone: of the user's local time then; zone where it told the offset.
        known, kept: behaviours there ever were, and how many of these are still there.
        last: the newest, oldest first. by_hour: how many of those kept stand in each hour of the local day.
        profile: by clock attribute, of each bucket the best values, best first.
    """

    user: int | str
    at_ms: int
    seen_ms: int
    utc_offset_minutes: int
    zone: str | None
    known: int
    kept: int
    last: tuple[BehaviourRow, ...]
    by_hour: tuple[int, ...]
    profile: dict[str, tuple[tuple[str, ...], ...]]


def user_page(view: StoreView, user: str, *, at_ms: int, last: int) -> UserPage:
    """Look a user up.

    Args:
        user: the id as text. at_ms: as of when, UTC milliseconds. last: how many behaviours to give.

    Raises:
        UnknownUserError: the store does not know the user. ConfigError: the id is of another type than the
            store's, or features cannot be read as of then any more.

    Example:
        >>> import tempfile
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import StateConfig
        >>> from interestclock.store import LmdbStore, StoreWriter
        >>> folder = tempfile.mkdtemp()
        >>> StoreWriter(folder, schema=LogSchema(labels=("finish",)), config=StateConfig()).close()
        >>> with LmdbStore(folder) as store, store.snapshot() as view:
        ...     user_page(view, "7", at_ms=0, last=20)
        Traceback (most recent call last):
        interestclock.store.user_page.UnknownUserError: the store does not know user '7': not seen yet, ...
    """
    if at_ms < view.complete_from_ms:
        raise ConfigError(
            f"features as of {_iso(at_ms)} are asked for, but they are kept from "
            f"{_iso(view.complete_from_ms)} on; ask for a later moment, or let `features follow` keep more "
            "(--keep-hours)"
        )
    user_M = _slot(view, user)
    if not user_M[0]:
        raise UnknownUserError(
            f"the store does not know user '{user}': not seen yet, or forgotten; ask for another"
        )
    slot, at_ms_M = int(user_M[0]), np.array([at_ms])
    features = view.read(user_M, at_ms_M, clocks_at_ms_M=at_ms_M)
    columns = view.user_histories.of_user(slot)
    ever = int(view.user_histories.known_before(user_M, np.array([_INT64.max]))[0])
    kept = columns["item"].size - (ever - int(features.known_M[0]))
    second_N = columns["second_of_day"][:kept].astype(np.int64)
    offset_minutes, seen_ms = view.last_offset(slot) or (0, 0)
    return UserPage(
        user=view.ids("user", user_M)[0].as_py(),
        at_ms=at_ms,
        seen_ms=seen_ms,
        utc_offset_minutes=offset_minutes,
        zone=view.last_zone(slot),
        known=int(features.known_M[0]),
        kept=kept,
        last=_rows(view, {name: each[max(kept - last, 0) : kept] for name, each in columns.items()}, at_ms),
        by_hour=tuple(np.bincount(second_N * 24 // DAY_SECONDS, minlength=24).tolist()),
        profile={
            name: tuple(tuple(_named(view, name, value_V)) for value_V in value_MHV[0])
            for name, value_MHV in features.clocks.items()
        },
    )


def _slot(view: StoreView, user: str) -> npt.NDArray[np.int32]:
    """Of an id of the type that the store's have."""
    found = id_as(user, text=view.id_type("user") != "int64")
    if found is None:
        raise ConfigError(f"user ids of the store are 64-bit integers, and '{user}' is none; give one")
    return view.slots("user", pa.array([found]))


def _rows(
    view: StoreView, columns: dict[str, npt.NDArray[np.generic]], at_ms: int
) -> tuple[BehaviourRow, ...]:
    item_N = columns["item"].astype(np.int32)
    values = {
        name: [_named(view, name, value_V) for value_V in view.item_values(name, item_N, at_ms=at_ms)]
        for name in view.schema.attributes
    }
    times = zip(columns["timestamp_ms"].tolist(), columns["utc_offset_minutes"].tolist(), strict=True)
    items: Sequence[int | str] = view.ids("item", item_N).to_pylist()
    return tuple(
        BehaviourRow(
            timestamp_ms=timestamp_ms,
            utc_offset_minutes=offset_minutes,
            item=items[row],
            values={name: each[row] for name, each in values.items()},
        )
        for row, (timestamp_ms, offset_minutes) in enumerate(times)
    )


def _named(view: StoreView, name: str, value_V: npt.NDArray[np.int32]) -> list[str]:
    number_V = value_V[value_V > 0] - 1
    names: list[str] = pc.take(view.named(name), pa.array(number_V)).to_pylist()
    return names


def _iso(timestamp_ms: int) -> str:
    return f"{np.datetime64(timestamp_ms, 'ms')}Z"
