"""Admission: on the disk before it is handed over, and handed over again as it was, without its source."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from in_memory import HOUR_MS, REQUESTS, MemorySource, requests_log
from live_stream import messages, same

from interestclock.admission import (
    Admission,
    AdmissionConfig,
    Admitted,
    AdmittedEntry,
    AdmittedLog,
    Disposition,
    EventBuffer,
)
from interestclock.errors import ResultError
from interestclock.events import exposure_message, item_message, served_message
from interestclock.streams import (
    Message,
    MessageParser,
    MicroBatch,
    OffsetRanges,
    RedisSource,
    ReplaySource,
    Tick,
)

CONFIG = AdmissionConfig(lateness_ms=HOUR_MS, label_wait_ms=HOUR_MS)
Step = tuple[AdmittedEntry, list[Admitted]]


def broker() -> RedisSource:
    """Whose server does not exist: to ask it anything is an error."""
    return RedisSource(host="127.0.0.1", port=1, streams=["a", "b"], schema=REQUESTS, patience_s=0.0)


def opened(source: Any, folder: Path, **changes: int) -> Admission:
    config = replace(CONFIG, **changes)
    return Admission(source, folder, buffer=EventBuffer(REQUESTS, config=config))


def arrivals(source: RedisSource, *, size: int = 40) -> Iterator[MicroBatch]:
    """Some out of order, twice, unreadable; the first have exposures only, labels only, or neither."""
    said = with_all_kinds(messages(requests=30))
    is_label = [b"label_of" in each for each in said]
    first = [said[is_label.index(False)]], [said[is_label.index(True)]], [b"{}"]
    rest = [said[at : at + size][::-1] for at in range(0, len(said), size)]
    offset = itertools.count()
    for payloads in [*first, *rest]:
        found = [
            Message(partition="ab"[at % 2], offset=str(next(offset)), payload=payload)
            for at, payload in enumerate(payloads)
        ]
        names = sorted({each.partition for each in found})
        mine = {name: [each.offset for each in found if each.partition == name] for name in names}
        ranges = {name: (those[0], those[-1]) for name, those in mine.items()}
        offset_ranges = OffsetRanges(
            source=source.name, ranges=ranges, messages=len(found), polled_ms=2_000_000_000_000
        )
        yield MessageParser(REQUESTS).parse(offset_ranges, found)


def with_all_kinds(said: list[bytes]) -> list[bytes]:
    """Items that change, and exposures that leave the rest to a request, among the others."""
    found: list[bytes] = []
    for place, each in enumerate(said):
        shown = json.loads(each)
        if place % 12 == 0 and "user_id" in shown:
            request, item = f"q{place}", shown["item_id"]
            local = {
                name: shown[name] for name in ("timestamp_ms", "utc_offset_minutes", "zone") if name in shown
            }
            items = [{"item_id": item, "score": 0.5}]
            found.append(served_message(served=request, user_id=shown["user_id"], items=items, **local))
            found.append(exposure_message(request_id=request, item_id=item))
            found.append(
                item_message(item=item, attributes={"genre": [request]}, from_ms=shown["timestamp_ms"])
            )
        found.append(each)
    return found


def check_same(first: list[Step], second: list[Step]) -> None:
    assert len(first) == len(second)
    for (entry, admitted), (entry_again, again) in zip(first, second, strict=True):
        assert (entry.first_arrival, entry.ranges, entry.polled_ms, entry.awaited, entry.dead) == (
            *(entry_again.first_arrival, entry_again.ranges, entry_again.polled_ms),
            *(entry_again.awaited, entry_again.dead),
        )
        for mine, theirs in zip(admitted, again, strict=True):
            assert mine.watermark_ms == theirs.watermark_ms
            assert asdict(mine.labels).keys() == asdict(theirs.labels).keys()
            for name, values in asdict(mine.labels).items():
                np.testing.assert_array_equal(values, asdict(theirs.labels)[name])
            for own, other in ((mine.exposures, theirs.exposures), (mine.items, theirs.items)):
                if own is None or other is None:
                    assert own is other
                else:
                    assert same(own, other)


def check_same_state(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


def test_what_a_broker_brought_is_handed_over_again_without_it(tmp_path: Path) -> None:
    source = broker()
    admission = opened(source, tmp_path)
    steps: list[Step] = []
    for number, each in enumerate(arrivals(source)):
        steps.append(admission.admit(each))
        if number % 4 == 2:
            steps.append(admission.tick(Tick(awaited=("a",), polled_ms=2_000_000_000_000)))
    counts = admission._buffer.counters
    assert min(counts.duplicates, counts.dead_letters, counts.labels_joined, counts.late_exposures) > 0
    assert min(counts.items, counts.served) > 0
    assert {kind for entry, _ in steps for kind in entry.tables} >= {"items", "served", "references"}
    again = opened(source, tmp_path)
    check_same(steps, list(again.again()))
    assert (again.position, again.offsets) == (admission.position, admission.offsets)
    check_same_state(admission._buffer.state(), again._buffer.state())


def test_it_is_on_the_disk_before_it_is_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the two, the next one hands it over."""
    source = broker()
    first, second = itertools.islice(arrivals(source), 2)
    admission = opened(source, tmp_path)
    admission.admit(first)
    with monkeypatch.context() as patch:
        patch.setattr(Admission, "_follow", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception, match="killed"):
            admission.admit(second)
    assert [entry.messages for entry, _ in opened(source, tmp_path).again()] == [1, 1]


def test_it_goes_on_behind_a_checkpoint(tmp_path: Path) -> None:
    source = broker()
    admission, steps = opened(source, tmp_path), []
    state, position, offsets = {}, 0, {}
    for number, each in enumerate(arrivals(source)):
        steps.append(admission.admit(each))
        if number == 3:
            state = {name: np.array(values) for name, values in admission._buffer.state().items()}
            position, offsets = admission.position, dict(admission.offsets)
            admission.new_segment()
    admission.drop_before(position)
    again = opened(source, tmp_path)
    again._buffer.restore(state)
    again.restore(position=position, offsets=offsets)
    check_same(steps[position:], list(again.again()))
    assert again.offsets == admission.offsets
    with pytest.raises(ResultError, match="the log begins with entry 5, but 1 is needed"):
        list(opened(source, tmp_path).again())


def test_of_a_log_places_stand_for_its_rows(tmp_path: Path) -> None:
    events = requests_log(4, requests=40)
    source = ReplaySource(MemorySource(schema=REQUESTS, events=events))
    admission, steps = opened(source, tmp_path, lateness_ms=0), []
    while (each := source.poll(37, 0.0)) is not None:
        steps.append(admission.admit(each))
    for _, entry in AdmittedLog(tmp_path).read_after(0):
        assert not entry.tables
        assert entry.dispositions is not None
        assert entry.dispositions.to_pylist() == [Disposition.USED] * entry.messages
    later = ReplaySource(MemorySource(schema=REQUESTS, events=events))
    check_same(steps, list(opened(later, tmp_path, lateness_ms=0).again()))
    other = ReplaySource(MemorySource(schema=REQUESTS, events=events.slice(0, 50)), name=source.name)
    with pytest.raises(ResultError, match="give the log that was replayed before, unchanged"):
        list(opened(other, tmp_path, lateness_ms=0).again())


def test_of_a_log_that_others_follow_the_rows_stand_there_in_full(tmp_path: Path) -> None:
    """Also behind entries of a version that wrote dispositions alone."""
    events = requests_log(4, requests=40)

    def replay() -> ReplaySource:
        return ReplaySource(MemorySource(schema=REQUESTS, events=events))

    def admitting(source: Any) -> Admission:
        buffer = EventBuffer(REQUESTS, config=replace(CONFIG, lateness_ms=0))
        return Admission(source, tmp_path / "log", buffer=buffer, followed=True)

    source = replay()
    older, steps = opened(source, tmp_path / "log", lateness_ms=0), []
    steps.append(older.admit(source.poll(37, 0.0)))
    admission = admitting(source)
    assert [len(admitted) for _, admitted in admission.again()] == [len(steps[0][1])]
    while (each := source.poll(37, 0.0)) is not None:
        steps.append(admission.admit(each))
    admission.close()
    for number, entry in AdmittedLog(tmp_path / "log").read_after(1):
        assert entry == steps[number - 1][0]
        assert entry.tables["exposures"].num_rows == entry.messages > 0
        assert set(entry.tables["exposures"]["partition"].to_pylist()) == {"0"}
    check_same(steps, list(admitting(replay()).again()))


def test_another_disposition_is_an_error(tmp_path: Path) -> None:
    source = broker()
    admission = opened(source, tmp_path / "a")
    for each in arrivals(source):
        admission.admit(each)
    log, changed, row = AdmittedLog(tmp_path / "a"), AdmittedLog(tmp_path / "b"), -1
    for number, entry in log.read_after(0):
        tables = dict(entry.tables)
        if number == 5:
            said = tables["exposures"]["verdict"].to_numpy().copy()
            row = said.tolist().index(Disposition.USED)
            said[row] = Disposition.AHEAD
            place = tables["exposures"].schema.get_field_index("verdict")
            tables["exposures"] = tables["exposures"].set_column(place, "verdict", pa.array(said))
        changed.append(replace(entry, tables=tables))
    message = rf"entry 5: row {row + 1} of its exposures was AHEAD when it was admitted and is USED now"
    with pytest.raises(ResultError, match=message):
        list(opened(source, tmp_path / "b").again())
