"""Settings and arrays of older formats by the names and in the encodings of now."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from interestclock.arrays import Arrays, below, table_from_bytes, table_to_bytes, texts_in
from interestclock.live import LiveConfig
from interestclock.live.checkpoints import FORMAT
from interestclock.live.old_states import (
    format_of_arrays,
    format_of_settings,
    settings_now,
    state_now,
)


def test_the_settings_of_now_are_left_alone() -> None:
    settings = json.loads(json.dumps(LiveConfig().learned_from()))
    assert settings_now(settings, FORMAT) == settings
    assert format_of_settings(settings) == FORMAT


def test_converted_settings_have_the_names_of_now() -> None:
    """As a trainer of format 4 had them."""
    old = json.loads(json.dumps(LiveConfig().learned_from()))
    for kind in ("users", "items", "contexts"):
        old[kind]["sightings"] = old[kind].pop("min_count")
    del old["admission"]["labels_come_along"]
    before = json.dumps(old)
    assert format_of_settings(old) == 4
    assert settings_now(old, 4) == json.loads(json.dumps(LiveConfig().learned_from()))
    assert json.dumps(old) == before


def test_settings_that_were_never_written_have_no_format_of_their_own() -> None:
    for damaged in ({}, {"users": None}, {"users": {}}, {"users": 3}):
        assert format_of_settings(damaged) == FORMAT


@pytest.mark.parametrize("since", [4, 5])
def test_a_batch_that_waits_names_its_requests(since: int) -> None:
    """As it does since format 6; labels may have any name, that one too."""
    names = ("pending/0/moment_of_B", "pending/12/recent_MN", "pending/0/labels/moment_of_B")
    old: Arrays = {name: np.arange(3) for name in names}
    now = state_now(old, since)
    assert list(now) == ["pending/0/request_row_B", "pending/12/recent_MK", "pending/0/labels/moment_of_B"]
    assert now["pending/0/request_row_B"] is old["pending/0/moment_of_B"]


def old_texts(**columns: list[str | None]) -> np.ndarray:
    return table_to_bytes(pa.table({name: pa.array(each, pa.string()) for name, each in columns.items()}))


def test_texts_of_format_4() -> None:
    """Three encodings of text become one: a table's column, a table's columns, a list of JSON."""
    state: Arrays = {
        "admission/ids": old_texts(event_id=["r1/7", "öl", ""]),
        "admission/derived/texts": old_texts(**{"raw.country": ["XX", None], "raw.a/b": [None, None]}),
        "admission/watermark/names": np.frombuffer(json.dumps(["plays/0", "plays/1"]).encode(), np.uint8),
        "features/values/names/genre": old_texts(value=["rock", "jazz"]),
        "features/values/names/mood/texts": old_texts(value=[]),
        "features/zones": old_texts(zone=["Europe/Berlin"]),
    }
    now = state_now(state, 4)
    wanted = {
        "admission/ids": ["r1/7", "öl", ""],
        "admission/derived/texts/raw.country": ["XX", None],
        "admission/derived/texts/raw.a/b": [None, None],
        "admission/watermark/names": ["plays/0", "plays/1"],
        "features/values/names/genre": ["rock", "jazz"],
        "features/values/names/mood/texts": [],
        "features/zones": ["Europe/Berlin"],
    }
    for name, texts in wanted.items():
        assert texts_in(below(name, now)).to_pylist() == texts, name
    assert {name.rsplit("/", 1)[0] for name in now} == set(wanted)


def test_separators_of_format_4() -> None:
    """Only those of ours: names of a log's columns may hold anything."""
    renamed = {
        "features/histories/column.item": "features/histories/column/item",
        "features/choices/column.serial": "features/choices/column/serial",
        "features/votes/votes.base_U": "features/votes/votes/base_U",
        "features/votes/votes.column.known_ms": "features/votes/votes/column/known_ms",
        "features/votes/sets.code": "features/votes/sets/code",
    }
    same = (
        "features/histories/free_C",
        "features/values/values/votes.base_U",
        "queue/features/votes/votes.base_U",
        "admission/early/labels",
        "ranker/dense/clocks.0.weight",
        "learner/dense/0/exp_avg",
    )
    state = {name: np.array([place]) for place, name in enumerate((*renamed, *same))}
    now = state_now(state, 4)
    assert list(now) == [*renamed.values(), *same]
    assert [int(each[0]) for each in now.values()] == list(range(len(state)))


def test_the_state_of_now_is_left_alone() -> None:
    state = {"features/zones/text": np.zeros(0, np.uint8), "features/histories/column.item": np.ones(1)}
    assert state_now(state, FORMAT) == state


def test_names_of_format_6() -> None:
    """Counters, cached projections, modules of the ranker and times of changes got the field's names."""
    names = {
        "admission/accounts/counts": "admission/counters/counts",
        "features/values/said_ms": "features/values/stated_ms",
        "ranker/kept/0/key_NZ": "ranker/cached/0/key_NZ",
        "ranker/dense/slots.1.clock.key.weight": "ranker/dense/clocks.1.clock.key.weight",
        "ranker/dense/slots.10.peer.last.weight": "ranker/dense/clocks.10.baseline.last.weight",
        "ranker/dense/towers.slots.peer.weight": "ranker/dense/towers.slots.peer.weight",
    }
    old: Arrays = {name: np.arange(3) for name in names}
    assert format_of_arrays(old) == 6
    now = state_now(old, 6)
    assert dict(zip(old, now, strict=True)) == names
    assert all(now[new] is old[name] for name, new in names.items())
    assert format_of_arrays(now) == FORMAT


def test_changes_of_items_of_format_6() -> None:
    changes = pa.table({"item": [3], "from_ms": [50], "said_ms": [20], "attribute.genre": [[1, 2]]})
    now = state_now({"features/values/changes/changes": table_to_bytes(changes)}, 6)
    assert list(now) == ["features/values/changes/changes"]
    assert table_from_bytes(now["features/values/changes/changes"]).to_pylist() == [
        {"item": 3, "from_ms": 50, "stated_ms": 20, "attribute.genre": [1, 2]}
    ]
