"""An archive, then its stream: what is in the archive is counted so, and what it has twice a duplicate."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_messages import parse

from interestclock.admission import AdmissionConfig, Admitted, Disposition, EventBuffer
from interestclock.admission.watermark import Watermark
from interestclock.errors import ConfigError
from interestclock.events.schema import LogSchema
from interestclock.streams.messages import LABELS

SCHEMA = LogSchema(labels=("finish",))
LONG_AFTER_MS = 10**9


def admit(buffer: EventBuffer, exposures: pa.Table, labels: pa.Table, **said: int | None) -> list[Admitted]:
    return buffer.admit({"exposures": exposures, "labels": labels}, **said)


def exposures(partition: str, *shown: tuple[str, int]) -> pa.Table:
    rows = len(shown)
    return pa.table(
        {
            "event_id": pa.array([event_id for event_id, _ in shown], pa.string()),
            "timestamp_ms": pa.array([at_ms for _, at_ms in shown], pa.int64()),
            "arrival": pa.array(range(rows), pa.int64()),
            "label.finish": pa.nulls(rows, pa.int8()),
            "known_ms.finish": pa.nulls(rows, pa.int64()),
            "partition": pa.array([partition] * rows, pa.string()),
        }
    )


def labels(partition: str, *said: tuple[str, int], first: int = 100) -> pa.Table:
    rows = [
        {"event_id": each, "label": "finish", "value": 1, "known_ms": known_ms, "arrival": first + place}
        for place, (each, known_ms) in enumerate(said)
    ]
    table = pa.Table.from_pylist(rows, LABELS)
    return table.append_column("partition", pa.array([partition] * len(rows), pa.string()))


def archived(**named: object) -> EventBuffer:
    """a to c at 100, 200 and 300, learned from an archive; waits of 50 and 1,000."""
    config = AdmissionConfig(lateness_ms=50, label_wait_ms=1_000, archive_first=True, **named)
    buffer = EventBuffer(SCHEMA, config=config)
    admit(buffer, exposures("archive/0", ("a", 100), ("b", 200), ("c", 300)), labels("archive/0"))
    assert buffer.watermark_ms == 250
    return buffer


def restored(buffer: EventBuffer) -> EventBuffer:
    again = EventBuffer(SCHEMA, config=buffer.config)
    again.restore({name: np.array(each) for name, each in buffer.state().items()})
    return again


OVERLAP = exposures("0", ("b", 200), ("x", 249), ("y", 250), ("c", 300), ("d", 310))


@pytest.mark.parametrize("stop", ["nowhere", "before the turn", "at the tick", "after it"])
@pytest.mark.parametrize("tick", [False, True])
def test_what_the_archive_has(stop: str, tick: bool) -> None:
    buffer = archived()
    if stop == "before the turn":
        buffer = restored(buffer)
    if tick:
        buffer.tick(awaited=("0",), polled_ms=LONG_AFTER_MS)
        assert buffer.watermark_ms == 250  # the stream is waited for, the archive no more
    if stop == "at the tick":
        buffer = restored(buffer)
    admitted = admit(buffer, OVERLAP, labels("0", ("a", 240), ("c", 305)), polled_ms=LONG_AFTER_MS)
    assert [each for one in admitted for each in one.exposures["event_id"].to_pylist()] == ["y", "d"]
    if stop == "after it":
        buffer = restored(buffer)
    assert buffer.watermark_ms == 260
    later = exposures("0", ("w", 255), ("e", 900), ("z", 240), ("z", 840))
    admit(buffer, later, labels("0"), polled_ms=LONG_AFTER_MS)
    counters = buffer.counters
    assert counters.in_archive == 4  # b and x, the label known at 240, and z of 240, however late it comes
    assert (counters.duplicates, counters.labels_joined, counters.late_exposures) == (1, 1, 2)
    counters.waiting = 6  # a to e, and y
    assert counters.add_up()
    assert buffer.watermark_ms == 850


def test_a_moment_that_is_said_decides() -> None:
    buffer = archived(then_from_ms=310)
    admitted = admit(buffer, OVERLAP, labels("0", ("c", 309), ("c", 311)), polled_ms=LONG_AFTER_MS)
    assert [each for one in admitted for each in one.exposures["event_id"].to_pylist()] == ["d"]
    assert (buffer.counters.in_archive, buffer.counters.labels_joined) == (5, 1)


def test_without_an_archive_nothing_is_in_it() -> None:
    buffer = EventBuffer(SCHEMA, config=AdmissionConfig(lateness_ms=50))
    admit(buffer, exposures("0", ("a", 300)), labels("0"))
    admit(buffer, exposures("0", ("b", 200)), labels("0"), polled_ms=LONG_AFTER_MS)
    assert (buffer.counters.in_archive, buffer.counters.late_exposures) == (0, 1)


def test_a_moment_needs_an_archive() -> None:
    with pytest.raises(ConfigError, match="from when on a stream follows an archive; there is none"):
        AdmissionConfig(then_from_ms=5)


def test_partitions_that_are_all_let_go_hold_nothing_back() -> None:
    watermark = Watermark(lateness_ms=10)
    watermark.passed(np.array([100, 500]), ["a", "b"], np.array([0, 1]))
    watermark.let_all_go()
    assert watermark.at_ms == 90
    watermark.passed(np.array([700]), ["c"], np.array([0]))
    assert watermark.at_ms == 690


def admitted(
    buffer: EventBuffer, told: list[tuple], partition: str, polled_ms: int | None, size: int
) -> list[tuple]:
    """Feed exposures (id, time) and labels (id, time, None) in this order; what is used of them."""
    found: list[tuple] = []
    for first in range(0, len(told), size):
        part = list(enumerate(told[first : first + size]))
        shown = exposures(partition, *[each for _, each in part if len(each) == 2])
        places = pa.array([place for place, each in part if len(each) == 2], pa.int64())
        shown = shown.set_column(shown.column_names.index("arrival"), "arrival", places)
        said = labels(partition, *[each[:2] for _, each in part if len(each) == 3])
        places = pa.array([place for place, each in part if len(each) == 3], pa.int64())
        said = said.set_column(said.column_names.index("arrival"), "arrival", places)
        for piece in admit(buffer, shown, said, polled_ms=polled_ms):
            found += [("shown", *each) for each in zip(*event_columns(piece.exposures), strict=True)]
            known = piece.labels
            found += [("known", *each) for each in zip(known.serial_E, known.known_ms_E, strict=True)]
    return found


def event_columns(table: pa.Table | None) -> list[list]:
    if table is None:
        return [[]]
    return [table[name].to_pylist() for name in ("event_id", "timestamp_ms", "serial")]


@settings(deadline=None)  # how long it takes is the machine's matter
@given(
    events=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 100)), min_size=2, max_size=30),
    lateness_ms=st.integers(0, 200),
    split=st.floats(0.1, 1),
    overlap=st.integers(0, 40),
    sizes=st.tuples(st.integers(1, 7), st.integers(1, 7)),
)
def test_an_archive_then_its_stream_is_one_stream(
    events: list[tuple[int, int]], lateness_ms: int, split: float, overlap: int, sizes: tuple[int, int]
) -> None:
    """Wherever the one is cut and however far the other goes back: the same is used, and the rest counted."""
    times = np.cumsum([gap for gap, _ in events]).tolist()
    told: list[tuple] = [(f"e{each}", at_ms) for each, at_ms in enumerate(times)]
    told += [(f"e{each}", times[each] + wait, None) for each, (_, wait) in enumerate(events)]
    told.sort(key=lambda each: each[1])
    cut = max(1, round(split * len(told)))
    config = AdmissionConfig(lateness_ms=lateness_ms, label_wait_ms=100)
    one = EventBuffer(SCHEMA, config=config)
    expected = admitted(one, told, "0", LONG_AFTER_MS, 5)
    two = EventBuffer(SCHEMA, config=replace(config, archive_first=True))
    found = admitted(two, told[:cut], "archive/0", None, sizes[0])
    before_ms = two.watermark_ms
    again = told[max(0, cut - overlap) : cut]
    found += admitted(two, again + told[cut:], "0", LONG_AFTER_MS, sizes[1])
    assert sorted(found) == sorted(expected)
    assert two.watermark_ms == one.watermark_ms
    in_archive = sum(at_ms < before_ms for _, at_ms, *_ in again)
    assert (two.counters.in_archive, two.counters.duplicates) == (in_archive, len(again) - in_archive)


def test_a_request_that_the_archive_outlived_is_in_it_and_not_late() -> None:
    config = AdmissionConfig(lateness_ms=50, request_wait_ms=100, archive_first=True)
    buffer = EventBuffer(SCHEMA, config=config)
    admit(buffer, exposures("archive/0", ("a", 100), ("b", 500)), labels("archive/0"))
    served = {"served": "r", "user_id": "u", "items": []}
    said = [json.dumps(served | {"timestamp_ms": at_ms}).encode() for at_ms in (300, 440, 460)]
    buffer.admit(parse(*said, zone="UTC", schema=SCHEMA).tables(), polled_ms=LONG_AFTER_MS)
    assert buffer.dispositions["served"].tolist() == [
        Disposition.IN_ARCHIVE,
        Disposition.USED,
        Disposition.DUPLICATE,
    ]
    counters = buffer.counters
    assert (counters.in_archive, counters.served, counters.late_served) == (1, 1, 0)
    counters.waiting = 2
    assert counters.add_up()
