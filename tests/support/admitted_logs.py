"""Random little logs as they are admitted: shown late or not, their labels in any order, ties all over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from interestclock.admission import LabelEvents
from interestclock.events.schema import LogSchema

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
START_MS = 20_000 * DAY_MS
LATE_MS, LABEL_WAIT_MS = 6 * HOUR_MS, 12 * HOUR_MS
SCHEMA = LogSchema(
    labels=("finish", "like", "skip"),
    attributes=("genre", "mood"),
    clock_attributes=("genre", "mood"),
)
NOTHING_MS = -(1 << 62)  # newest time where nothing came
STEP_MS = 3 * HOUR_MS  # time is coarse: midnights, ends of windows and labels fall together


class Shown(NamedTuple):
    """An exposure; its serial number is its place among those of its log."""

    user: str
    item: str
    at_ms: int
    offset_minutes: int
    genre: tuple[str, ...]
    mood: tuple[str, ...]

    @property
    def local_second(self) -> int:
        return (self.at_ms + self.offset_minutes * 60_000) // 1_000 % 86_400


class Said(NamedTuple):
    """A label of an exposure, and when it was known."""

    serial: int
    label: str
    value: int
    known_ms: int


class Told(NamedTuple):
    """What an item is from a moment on; what came before it: exposures, and the newest time."""

    item: str
    from_ms: int
    genre: tuple[str, ...]
    mood: tuple[str, ...]
    serial: int = 0
    newest_ms: int = NOTHING_MS


class Midnight(NamedTuple):
    """The watermark passes a midnight (UTC)."""

    at_ms: int


Step = Shown | Said | Told | Midnight


@dataclass(frozen=True)
class AdmittedLog:
    """What was admitted, in order, midnights between; and where the watermark stands after each."""

    steps: list[Step]
    watermark_ms: list[int]

    @property
    def shown(self) -> list[Shown]:
        return [step for step in self.steps if isinstance(step, Shown)]


_DRAWN = st.tuples(
    st.sampled_from(["ann", "bob", "eve"]),
    st.integers(0, 5),
    st.integers(0, 5 * DAY_MS // STEP_MS),
    st.sampled_from([-300, 0, 90, 330]),
    st.sets(st.sampled_from(["zulu", "ärger", "a", "b"]), max_size=2),
    st.sets(st.sampled_from(["x", "calm"]), max_size=1),
    st.integers(0, LATE_MS // STEP_MS),
    st.lists(
        st.none()
        | st.tuples(
            st.sampled_from([1, 1, 0]),
            st.integers(0, LABEL_WAIT_MS // STEP_MS),
            st.integers(0, LATE_MS // STEP_MS),
        ),
        min_size=3,
        max_size=3,
    ),
)


_TOLD = st.tuples(
    st.integers(0, 5),
    st.integers(0, 5 * DAY_MS // STEP_MS),
    st.integers(-8, 8),
    st.sets(st.sampled_from(["zulu", "ärger", "a", "neu"]), max_size=2),
    st.sets(st.sampled_from(["x", "calm"]), max_size=1),
)


@st.composite
def admitted_logs(draw: st.DrawFn, *, most: int = 25) -> AdmittedLog:
    """Events arrive up to ``LATE_MS`` after their times, and none before the exposure that it belongs to."""
    drawn = sorted(draw(st.lists(_DRAWN, max_size=most)), key=lambda each: each[2] + each[6])
    events: list[tuple[int, Shown | Said | Told]] = []
    for serial, (user, item, steps, offset, genre, mood, late, labels) in enumerate(drawn):
        at_ms, arrival = START_MS + steps * STEP_MS, START_MS + (steps + late) * STEP_MS
        shown = Shown(user, f"i{item}", at_ms, offset, tuple(sorted(genre)), tuple(sorted(mood)))
        events.append((arrival, shown))
        for label, said in zip(SCHEMA.labels, labels, strict=True):
            if said is not None:
                value, delay, label_late = said
                known_ms = at_ms + delay * STEP_MS
                come = max(arrival, known_ms + label_late * STEP_MS)
                events.append((come, Said(serial, label, value, known_ms)))
    for item, steps, since, genre, mood in draw(st.lists(_TOLD, max_size=8)):
        from_ms = START_MS + (steps + since) * STEP_MS
        told = Told(f"i{item}", from_ms, tuple(sorted(genre)), tuple(sorted(mood)))
        events.append((START_MS + steps * STEP_MS, told))
    events.sort(key=lambda each: each[0])
    return with_midnights([event for _, event in events])


def with_midnights(events: list[Shown | Said | Told]) -> AdmittedLog:
    """The watermark is the newest time so far less ``LATE_MS``; it passes midnights before what moves it."""
    steps: list[Step] = []
    watermarks: list[int] = []
    now_ms, newest_ms, serial = START_MS - LATE_MS, NOTHING_MS, 0
    for event in events:
        if isinstance(event, Told):
            steps.append(event._replace(serial=serial, newest_ms=newest_ms))
            watermarks.append(now_ms)
            continue
        serial += isinstance(event, Shown)
        time_ms = event.at_ms if isinstance(event, Shown) else event.known_ms
        newest_ms = max(newest_ms, time_ms)
        after_ms = max(now_ms, time_ms - LATE_MS)
        for day in range(now_ms // DAY_MS + 1, after_ms // DAY_MS + 1):
            steps.append(Midnight(day * DAY_MS))
            watermarks.append(day * DAY_MS)
        steps.append(event)
        watermarks.append(after_ms)
        now_ms = after_ms
    return AdmittedLog(steps, watermarks)


def micro_batches(log: AdmittedLog, cuts: list[int]) -> Iterator[tuple[int, list[Step]]]:
    """Steps cut at some places and at midnights, with the place behind each piece; a midnight is alone."""
    edges = {0, len(log.steps), *(each for each in cuts if each < len(log.steps))}
    for place, step in enumerate(log.steps):
        if isinstance(step, Midnight):
            edges |= {place, place + 1}
    for first, stop in itertools.pairwise(sorted(edges)):
        yield stop, log.steps[first:stop]


def as_table(shown: list[Shown]) -> pa.Table:
    """Exposures as the event table has them, without labels."""
    local_ms = np.array([each.at_ms + each.offset_minutes * 60_000 for each in shown], np.int64)
    lists = pa.list_(pa.string())
    return pa.table(
        {
            "user_id": pa.array([each.user for each in shown], pa.string()),
            "item_id": pa.array([each.item for each in shown], pa.string()),
            "timestamp_ms": np.array([each.at_ms for each in shown], np.int64),
            "second_of_day": np.array([each.local_second for each in shown], np.int32),
            "day_of_week": ((local_ms // DAY_MS + 3) % 7).astype(np.int8),
            "attribute.genre": pa.array([list(each.genre) for each in shown], lists),
            "attribute.mood": pa.array([list(each.mood) for each in shown], lists),
        }
    )


def as_items(told: list[Told]) -> pa.Table | None:
    """What was said of items, as it is admitted."""
    lists = pa.list_(pa.string())
    columns = {
        "item_id": pa.array([each.item for each in told], pa.string()),
        "from_ms": np.array([each.from_ms for each in told], np.int64),
        "attribute.genre": pa.array([list(each.genre) for each in told], lists),
        "attribute.mood": pa.array([list(each.mood) for each in told], lists),
        "serial": np.array([each.serial for each in told], np.int64),
        "newest_ms": np.array([each.newest_ms for each in told], np.int64),
    }
    return pa.table(columns) if told else None


def as_labels(said: list[Said]) -> LabelEvents:
    return LabelEvents(
        known_ms_E=np.array([each.known_ms for each in said], np.int64),
        serial_E=np.array([each.serial for each in said], np.int64),
        label_E=np.array([SCHEMA.labels.index(each.label) for each in said], np.int8),
        value_E=np.array([each.value for each in said], np.int8),
    )
