"""What a log's times are does not follow from what its first block happens to hold."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError, InterestClockError, LogError
from interestclock.events import ColumnMapping, open_log, text_tables

START = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
OFFSETS = {"Z": 0, "": 0, "+00:00": 0, "+05:30": 330, "-03:00": -180, "soon": 0}
CHOSEN = ColumnMapping(positive_only="play")


def written(row: int, spelling: str) -> str:
    if spelling == "soon":
        return spelling
    moment = START + timedelta(minutes=30 * row + OFFSETS[spelling])
    return f"{moment:%Y-%m-%dT%H:%M:%S}{spelling}"


def write(path: Path, spellings: Sequence[str]) -> Path:
    rows = [f"{row},{row % 12},{row % 20},{written(row, each)}" for row, each in enumerate(spellings)]
    path.write_text("\n".join(["row,user_id,item_id,timestamp_ms", *rows, ""]))
    return path


def outcome(path: Path, mapping: ColumnMapping, *, block_bytes: int) -> object:
    """All that a log's reader sees: events, dead letters and remarks, or the error."""
    dead = path.with_name("dead.jsonl")
    with mock.patch.object(text_tables, "BLOCK_BYTES", block_bytes):
        try:
            source = open_log(path, mapping=mapping, dead_letters=dead)
            events = [row for chunk in source.chunks() for row in chunk.to_pylist()]
        except InterestClockError as error:
            return type(error), str(error), getattr(error, "__notes__", [])
    letters = [json.loads(line) for line in dead.read_text().splitlines()] if dead.exists() else []
    source.counts.remarks.sort()  # said of a block in another order than of all
    return events, letters, source.counts


@settings(deadline=None)
@given(
    st.sampled_from([CHOSEN, ColumnMapping(zone="Asia/Tokyo", positive_only="play")]),
    st.lists(st.tuples(st.sampled_from(list(OFFSETS)), st.integers(1, 30)), min_size=1, max_size=6),
    st.integers(100, 1_000),
)
def test_the_cut_into_blocks_changes_nothing(
    mapping: ColumnMapping, runs: list[tuple[str, int]], block_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spellings = [each for spelling, rows in runs for each in [spelling] * rows]
        path = write(Path(folder) / "log.csv", spellings)
        whole = outcome(path, mapping, block_bytes=1 << 22)
        assert outcome(path, mapping, block_bytes=block_bytes) == whole


@pytest.mark.parametrize("spelling", ["Z", "", "soon"])
def test_what_comes_first_changes_nothing(tmp_path: Path, spelling: str) -> None:
    """Three of a hundred rows tell nothing of local time: they are dead letters, wherever they stand."""
    some = [spelling] * 3 + ["+05:30"] * 97
    for seed in (None, 1, 2):
        if seed is not None:
            random.Random(seed).shuffle(some)
        path = write(tmp_path / "log.csv", some)
        events, letters, counts = outcome(path, CHOSEN, block_bytes=100)
        assert (counts.used, counts.dead_letters) == (97, 3)
        assert {event["timestamp_ms"] for event in events} == {
            round((START + timedelta(minutes=30 * row)).timestamp()) * 1_000
            for row, each in enumerate(some)
            if each != spelling
        }
        assert [letter["row"] - 1 for letter in letters] == [
            row for row, each in enumerate(some) if each == spelling
        ]


def test_a_log_without_any_offset_or_time_is_refused_as_before(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing tells its local time; give a zone"):
        open_log(write(tmp_path / "log.csv", ["Z", ""] * 300), mapping=CHOSEN)
    with pytest.raises(LogError, match=r"'timestamp_ms' holds 'soon', no time as .*; none of its rows has a"):
        open_log(write(tmp_path / "log.csv", ["soon"] * 600), mapping=CHOSEN)
