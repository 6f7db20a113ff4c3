"""A store behind a feature state, and what both say by external ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from admitted_logs import DAY_MS, SCHEMA, START_MS, Said, Shown, as_labels, as_table

from interestclock.state import FeatureState
from interestclock.store import FeatureWriter, StoreView

USERS = pa.array(["ann", "bob", "eve", "nobody"])
ITEMS = pa.array([*(f"i{each}" for each in range(6)), "nothing"])
TIMES = [START_MS + 5_000, START_MS + DAY_MS]
_HISTORY = ("known_ms", "timestamp_ms", "serial", "second_of_day", "hour", "utc_offset_minutes", "day_kind")


def features_by_id(
    view: FeatureState | StoreView,
    times_ms: list[int],
    *,
    users: pa.Array = USERS,
    items: pa.Array = ITEMS,
    attributes: tuple[str, ...] = SCHEMA.attributes,
) -> dict[str, Any]:
    """Everything that can be read as of some moments, of all users and items, unknown ones included."""
    user_M, item_N = view.slots("user", users), view.slots("item", items)
    said: dict[str, Any] = {"complete": view.complete_from_ms}
    everyone = view.everyone if isinstance(view, FeatureState) else view.everyone()
    said["everyone"] = {midnight: each.tolist() for midnight, each in everyone.items()}
    for at_ms in times_ms:
        at_ms_M = np.full(user_M.size, at_ms)
        features = view.read(user_M, at_ms_M, clocks_at_ms_M=at_ms_M)
        # A state that is told of no midnight counts everyone when asked; a store has midnights alone.
        filled = view.read(user_M, at_ms_M, clocks_at_ms_M=at_ms_M, population_votes=3.0 if everyone else 0.0)
        values = {name: named(view, name, view.item_values(name, item_N, at_ms=at_ms)) for name in attributes}
        said[str(at_ms)] = {
            "known": features.known_M.tolist(),
            "clocks": {name: named(view, name, each) for name, each in features.clocks.items()},
            "filled": {name: each.tolist() for name, each in filled.clocks.items()},
            "items": values,
            "listed": listings(view, attributes, at_ms),
            "numbers": {name: each.tolist() for name, each in features.clocks.items()},
            "newest": [
                newest(view, user, known) for user, known in zip(user_M, features.known_M, strict=True)
            ],
        }
    said["histories"] = [history(view, int(user)) for user in user_M]
    said["offsets"] = [view.last_offset(int(user)) if user else None for user in user_M]
    return said


def listings(view: FeatureState | StoreView, attributes: tuple[str, ...], at_ms: int) -> dict[str, Any]:
    """All items, and those of each value, newest first."""
    listed: dict[str, Any] = {"all": item_ids(view, view.list_items(at_ms=at_ms, limit=1_000))}
    for name in attributes:
        texts = view.values.named(name) if isinstance(view, FeatureState) else view.named(name)
        for value in [*texts.to_pylist(), "nothing has it"]:
            having = view.list_items(at_ms=at_ms, limit=1_000, having=(name, value))
            listed[f"{name} {value}"] = item_ids(view, having)
    return listed


def named(view: FeatureState | StoreView, name: str, numbers: np.ndarray) -> Any:
    texts = view.values.named(name) if isinstance(view, FeatureState) else view.named(name)
    table = np.array([None, *texts.to_pylist()], object)
    return table[numbers].tolist()


def item_ids(view: FeatureState | StoreView, slots: np.ndarray) -> list[str | None]:
    return (view.items.ids(slots) if isinstance(view, FeatureState) else view.ids("item", slots)).to_pylist()


def newest(view: FeatureState | StoreView, user: int, known: int) -> list[str | None]:
    """Items of up to three behaviours that were known last, of those that are kept."""
    histories, kept = view.histories(), view.user_histories.of_user(int(user))["item"].size
    every = int(view.user_histories.known_before(np.array([user]), np.array([1 << 62]))[0])
    most = max(0, min(3, kept - (every - known)))
    stop = int(histories.offset_U[int(user)]) + known
    return item_ids(view, histories.item_E[stop - most : stop].numpy())


def history(view: FeatureState | StoreView, user: int) -> list[Any]:
    if not user:
        return []
    kept = view.user_histories.of_user(user)
    return [item_ids(view, kept["item"]), *(kept[name].tolist() for name in _HISTORY)]


def keep(writer: FeatureWriter, state: FeatureState, position: int, watermark_ms: int) -> None:
    writer.apply(state.changes(), position=position, offsets={"0": str(position)}, watermark_ms=watermark_ms)


def step(state: FeatureState, number: int, *, users: tuple[str, ...] = ("ann", "bob", "eve")) -> None:
    """Some exposures of one moment, all of them finished a second later."""
    first, at_ms = number * len(users), START_MS + number * 1_000
    state.ingest(as_table([Shown(user, f"i{number % 6}", at_ms, 0, ("a", "zulu"), ("x",)) for user in users]))
    state.apply_labels(
        as_labels([Said(first + each, "finish", 1, at_ms + 1_000) for each in range(len(users))])
    )
