"""Logs of known content, in every spelling and damaged: it comes out, or something says what did not."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from known_logs import Row, local
from spelled_files import SpelledLog
from spelled_logs import spelled_logs

from interestclock.errors import InterestClockError
from interestclock.events import open_log, raw_tables, text_tables
from interestclock.events.schema import LogCounts

SETTINGS = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
}


def content_of(row: Row, folder: str | None) -> tuple[Any, ...]:
    """What an event table has to say of a row."""
    wall = local(row)
    second = wall.hour * 3_600 + wall.minute * 60 + wall.second
    who = (row.user, row.item, row.at_ms, second, wall.weekday())
    known_ms = row.at_ms if row.known_ms is None else row.known_ms
    return (*who, row.label, known_ms, row.genres, row.device, row.age, folder)


def content_read(event: dict[str, Any]) -> tuple[Any, ...]:
    who = (str(event["user_id"]), str(event["item_id"]), event["timestamp_ms"], event["second_of_day"])
    what = (event["label.finish"], event["known_ms.finish"], tuple(event["attribute.genre"]))
    context = (event["categorical.device"], event["numeric.age"], event.get("categorical.part"))
    return (*who, event["day_of_week"], *what, *context)


def check(log: SpelledLog, folder: Path) -> None:
    """Hold a log to its content."""
    (folder / "log").mkdir()
    path, dead = log.write(folder / "log"), folder / "dead.jsonl"
    small = (
        {"BATCH_ROWS": 5 if log.small_blocks else 65_536},
        {"BLOCK_BYTES": 1_500 if log.small_blocks else 1 << 22},
    )
    with mock.patch.multiple(raw_tables, **small[0]), mock.patch.multiple(text_tables, **small[1]):
        try:
            source = open_log(path, mapping=log.mapping, lateness_ms=log.lateness_ms, dead_letters=dead)
            events = [event for chunk in source.chunks(log.chunk) for event in chunk.to_pylist()]
        except InterestClockError as error:
            check_refusal(log, str(error))
            return
    assert log.damage is None or not log.damage.stops, "was read, though it is damaged"
    letters = [json.loads(line) for line in dead.read_text().splitlines()] if dead.exists() else []
    check_counts(log, source.counts, events)
    check_events(log, events, source.counts.remarks)
    if log.damage is None:
        assert not letters


def check_refusal(log: SpelledLog, error: str) -> None:
    """An error has its reason in the order of rows or in damage that is no single value's, and says where."""
    damage = log.damage
    if all(None in line.readings for line in log.lines):  # a log of one row, and that is damaged
        assert "can be used" in error, error
        return
    assert not log.in_order or (damage and (damage.stops or damage.swallows or damage.said_of)), error
    assert "plays-" in error or any(f"'{column}'" in error for column in log.plan.types), error


def lines_in_quotes(remarks: list[str]) -> int:
    said = [re.match(r"([\d,]+) lines stand inside quoted values", each) for each in remarks]
    return sum(int(each[1].replace(",", "")) for each in said if each)


def check_counts(log: SpelledLog, counts: LogCounts, events: list[dict[str, Any]]) -> None:
    """What went in came out, or was counted."""
    assert counts.add_up()
    assert counts.used == len(events)
    in_values = sum(line.values["note"].count("\n") for line in log.lines if line.mark != "torn")
    assert counts.read + lines_in_quotes(counts.remarks) == len(log.lines) + in_values


def check_events(log: SpelledLog, events: list[dict[str, Any]], remarks: list[str]) -> None:
    """Each event is what its row says; events are in order; no row is missing without a reason."""
    order = [(event["timestamp_ms"], event["log_row"]) for event in events]
    assert order == sorted(order)
    contents = [
        {None if row is None else content_of(row, line.folder) for row in line.readings} for line in log.lines
    ]
    if log.damage is not None and log.damage.swallows:  # rows have other numbers then
        known = set.union(*contents)
        other = [event for event in events if content_read(event) not in known]
        assert len(other) <= (lines_in_quotes(remarks) > 0)
        return
    said_of = log.damage.said_of if log.damage is not None else ()
    is_said = any(f"'{column}'" in remark for column in said_of for remark in remarks)
    read = {event["log_row"]: content_read(event) for event in events}
    assert len(read) == len(events)
    seen: set[tuple[Any, ...]] = set()
    for number, content in enumerate(contents, start=1):
        keys = {each[:3] for each in content if each is not None}  # who, what and when
        if number in read:
            assert read[number] in content or (None in content and is_said)
        else:
            assert None in content or keys & seen, f"row {number} was lost"
        seen |= keys


def run(log: SpelledLog) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check(log, Path(folder))


@settings(max_examples=200, **SETTINGS)
@given(spelled_logs())
def test_two_hundred_logs(log: SpelledLog) -> None:
    run(log)


@pytest.mark.slow
@settings(max_examples=2_000, **SETTINGS)
@given(spelled_logs())
def test_two_thousand_logs(log: SpelledLog) -> None:
    run(log)
