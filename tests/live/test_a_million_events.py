"""A million events out of order, with duplicates and late labels: features as the batch has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from stream_clocks import stream_clocks

from interestclock.admission import AdmissionConfig, Admitted, EventBuffer
from interestclock.clock_features import ClockFeatureConfig
from interestclock.events.schema import LogSchema
from interestclock.live import LiveConfig
from interestclock.live.exposure_queue import ExposureQueue
from interestclock.samples import BatchMaker, Rows
from interestclock.state import FeatureState, Ingested

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
LATENESS_MS, WAIT_MS = 10 * 60_000, 2 * HOUR_MS
SCHEMA = LogSchema(
    labels=("finish", "like", "skip"), attributes=("genre", "mood"), clock_attributes=("genre", "mood")
)
VALUES = {"genre": [f"genre {n}" for n in range(30)], "mood": [f"mood {n}" for n in range(9)]}
DAYS, ITEMS = 60, 3_000


@dataclass
class Stream:
    """Exposures and labels, each with the moment at which it arrives."""

    time_ms: np.ndarray
    user: np.ndarray
    item: np.ndarray
    second: np.ndarray
    event: np.ndarray  # of each label
    label: np.ndarray
    value: np.ndarray
    known_ms: np.ndarray
    arrives_ms: np.ndarray  # of all exposures, then of all labels
    values: dict[str, list[list[str]]]


def drawn(seed: int, exposures: int, users: int) -> Stream:
    random = np.random.default_rng(seed)
    time_ms = np.sort(1_700_000_000_000 + random.integers(0, DAYS * DAY_MS, exposures))
    event = np.repeat(np.arange(exposures), 3)
    label = np.tile(np.arange(3), exposures)
    asked = random.random(event.size) < 0.6
    event, label = event[asked], label[asked]
    delay_ms = random.exponential(30 * 60_000, event.size).astype(np.int64)  # some after the wait
    known_ms = time_ms[event] + delay_ms
    happened_ms = np.concatenate([time_ms, known_ms])
    late = random.random(happened_ms.size) < 0.01
    travels_ms = np.where(
        late, random.integers(0, 3 * HOUR_MS, late.size), random.integers(0, 9 * 60_000, late.size)
    )
    return Stream(
        time_ms=time_ms,
        user=random.integers(0, users, exposures),
        item=random.integers(0, ITEMS, exposures),
        second=random.integers(0, 86_400, exposures).astype(np.int32),
        event=event,
        label=label,
        value=(random.random(event.size) < 0.5).astype(np.int8),
        known_ms=known_ms,
        arrives_ms=happened_ms + travels_ms,
        values={
            name: [random.choice(names, random.integers(0, 4), replace=False).tolist() for _ in range(ITEMS)]
            for name, names in VALUES.items()
        },
    )


def used(stream: Stream, order: np.ndarray, duplicates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which exposures and labels count, said once more from the rule alone."""
    happened_ms = np.concatenate([stream.time_ms, stream.known_ms])
    watermark_ms = np.maximum.accumulate(happened_ms[order]) - LATENESS_MS
    late = np.zeros(happened_ms.size, bool)
    first = ~duplicates
    late[order[first]] = (happened_ms[order] < watermark_ms)[first]
    exposures = ~late[: stream.time_ms.size]
    labels = ~late[stream.time_ms.size :] & exposures[stream.event]
    labels &= stream.known_ms <= stream.time_ms[stream.event] + WAIT_MS
    return exposures, labels


def arrivals(stream: Stream, order: np.ndarray, first: int, most: int) -> dict[str, pa.Table]:
    rows = order[first : first + most]
    arrival = np.arange(rows.size)
    is_label = rows >= stream.time_ms.size
    shown, said = rows[~is_label], rows[is_label] - stream.time_ms.size
    item = stream.item[shown]
    exposures = {
        "event_id": pa.array(shown.astype(str)),
        "user_id": stream.user[shown],
        "item_id": item,
        "timestamp_ms": stream.time_ms[shown],
        "second_of_day": stream.second[shown],
        "day_of_week": np.zeros(shown.size, np.int8),
        "arrival": arrival[~is_label],
    }
    for name in SCHEMA.attributes:
        exposures[f"attribute.{name}"] = pa.array(
            [stream.values[name][each] for each in item.tolist()], pa.list_(pa.string())
        )
    for name in SCHEMA.labels:
        exposures |= {f"label.{name}": pa.nulls(shown.size, pa.int8())}
        exposures |= {f"known_ms.{name}": pa.nulls(shown.size, pa.int64())}
    labels = {
        "event_id": pa.array(stream.event[said].astype(str)),
        "label": pa.array(np.array(SCHEMA.labels)[stream.label[said]]),
        "value": stream.value[said],
        "known_ms": stream.known_ms[said],
        "arrival": arrival[is_label],
    }
    return {"exposures": pa.table(exposures), "labels": pa.table(labels)}


def check(exposures: int, users: int, moments: int) -> None:
    stream = drawn(0, exposures, users)
    random, order = np.random.default_rng(1), np.argsort(stream.arrives_ms, kind="stable")
    again = np.sort(random.choice(order.size, order.size // 50, replace=False))
    order = np.insert(order, again + 1, order[again])  # some come twice in a row
    duplicates = np.zeros(order.size, bool)
    duplicates[again + np.arange(1, again.size + 1)] = True
    buffer = EventBuffer(SCHEMA, config=AdmissionConfig(lateness_ms=LATENESS_MS, label_wait_ms=WAIT_MS))
    config = LiveConfig(admission=buffer.config)
    state = FeatureState(SCHEMA, items=None, config=config.state())
    queue = ExposureQueue(most=1_024, fill_ms=0)
    maker = BatchMaker(recent=1, clocks=True, clocks_of_day=False)
    watched = np.sort(random.choice(users, min(users, 25), replace=False))
    of_watched = np.flatnonzero(np.isin(stream.user, watched))
    wanted = set(random.choice(of_watched, moments, replace=False).tolist())
    found: dict[int, dict[str, np.ndarray]] = {}
    given_out = 0

    def predict(watermark_ms: int) -> None:
        nonlocal given_out
        queue.advance(watermark_ms)
        while (rows := queue.next_batch()) is not None:
            given_out += rows.num_rows
            batch = maker.make(as_rows(rows), state)
            for place, event_id in enumerate(rows["event_id"].to_pylist()):
                if int(event_id) in wanted:
                    moment = int(batch.request_row_B[place])
                    found[int(event_id)] = {n: each[moment].numpy() for n, each in batch.clocks.items()}

    def ingest(admitted: Admitted) -> None:
        for midnight_ms in state.midnights_until(admitted.watermark_ms):
            predict(midnight_ms)
            state.pass_midnight(midnight_ms)
        assert admitted.exposures is not None
        ingested = state.ingest(admitted.exposures)
        queue.add(with_slots(admitted.exposures, ingested))
        state.apply_labels(admitted.labels)
        predict(admitted.watermark_ms)
        state.close_before_ms(admitted.watermark_ms - config.waits_ms)

    for first in range(0, order.size, 5_000):
        for admitted in buffer.admit(arrivals(stream, order, first, 5_000)):
            ingest(admitted)
    buffer.end()
    queue.end()
    predict(np.iinfo(np.int64).max)
    counted, joined = used(stream, order, duplicates)
    counters = buffer.counters
    counters.learned, counters.waiting = given_out, buffer.waiting + len(queue)
    assert counters.received == order.size
    assert counters.add_up()
    assert (given_out, counters.labels_joined) == (counted.sum(), joined.sum())
    assert min(counters.duplicates, counters.late_exposures, counters.late_labels, counters.orphan_labels) > 0
    moments_checked = [event for event in sorted(wanted) if counted[event]]
    assert len(moments_checked) > 0.9 * moments
    mine = counted & np.isin(stream.user, watched)
    batch = counted_by_batch(stream, mine, joined, moments_checked)
    assert mismatches(stream, moments_checked, found, state, batch) == 0


def with_slots(exposures: pa.Table, ingested: Ingested) -> pa.Table:
    exposures = exposures.append_column("user", pa.array(ingested.user_N))
    return exposures.append_column("item", pa.array(ingested.item_N))


def as_rows(rows: pa.Table) -> Rows:
    names = ("user", "item", "timestamp_ms", "second_of_day", "day_of_week")
    columns = {f"{name}_B": rows[name].to_numpy() for name in names}
    return Rows(**columns, request_B=np.arange(rows.num_rows), known_ms_B=columns["timestamp_ms_B"])


def counted_by_batch(stream: Stream, mine: np.ndarray, joined: np.ndarray, events: list[int]) -> dict:
    """The best values, by moment, user, attribute and bucket, as DuckDB counts them."""
    rows = np.flatnonzero(mine)
    place = np.full(mine.size, -1)
    place[rows] = np.arange(rows.size)
    columns = {
        "user": stream.user[rows],
        "item": stream.item[rows],
        "timestamp_ms": stream.time_ms[rows],
        "second_of_day": stream.second[rows],
    }
    for number, label in enumerate(SCHEMA.labels):
        of_label = np.flatnonzero(joined & (stream.label == number) & mine[stream.event])
        value, known_ms = np.zeros(rows.size, np.int8), np.zeros(rows.size, np.int64)
        value[place[stream.event[of_label]]] = stream.value[of_label]
        known_ms[place[stream.event[of_label]]] = stream.known_ms[of_label]
        columns |= {label: value, f"known_ms_{label}": known_ms}
    carried = [
        {"item": item, "attribute": name, "value": value}
        for name in SCHEMA.attributes
        for item, values in enumerate(stream.values[name])
        for value in values
    ]
    times = sorted({int(stream.time_ms[event]) for event in events})
    batch: dict[tuple, list] = {}
    users_at: dict[int, set[int]] = {}
    for event in events:
        users_at.setdefault(int(stream.time_ms[event]), set()).add(int(stream.user[event]))
    values = pa.Table.from_pylist(carried)
    for table in stream_clocks(pa.table(columns), values, times, config=ClockFeatureConfig()):
        at_ms = table["as_of_ms"][0].as_py()
        wanted = pa.table(table).filter(pa.compute.is_in(table["user"], pa.array(sorted(users_at[at_ms]))))
        for row in wanted.to_pylist():
            key = (at_ms, row["user"], row["attribute"], row["bucket"])
            batch.setdefault(key, []).append((row["rank"], row["value"]))
    return batch


def mismatches(stream: Stream, events: list[int], found: dict, state: FeatureState, batch: dict) -> int:
    """How many of the clocks that were read live are others."""
    wrong = 0
    for event in events:
        for name in SCHEMA.attributes:
            names = state.values.named(name).to_pylist()
            for bucket, values in enumerate(found[event][name].tolist()):
                key = (int(stream.time_ms[event]), int(stream.user[event]), name, bucket)
                expected = [value for _, value in sorted(batch.get(key, []))]
                wrong += [names[value - 1] for value in values if value] != expected
    return wrong


def test_twenty_thousand_events() -> None:
    check(exposures=7_000, users=30, moments=60)


@pytest.mark.slow
def test_a_million_events() -> None:
    check(exposures=360_000, users=500, moments=1_000)  # with their labels and duplicates a million messages
