"""Whatever the training batches: the same state, and the same features of every exposure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
from admitted_logs import DAY_MS, HOUR_MS, LABEL_WAIT_MS, SCHEMA, START_MS, STEP_MS
from fed_state import CLOCKS, by_name
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import CHOICES
from small_live import LIVE

from interestclock.admission import AdmissionConfig
from interestclock.clocks import GaussianConfig
from interestclock.embeddings import IdPolicy
from interestclock.events import exposure_message, label_message
from interestclock.events.schema import LogSchema
from interestclock.live import LiveConfig, LiveTrainer
from interestclock.samples import Batch, BatchMaker, CandidateConfig
from interestclock.streams import Message, MessageParser, OffsetRanges
from interestclock.training.trainer import PredictedBatch

DAYS = 6
WITH_CONTEXT = replace(SCHEMA, categorical=("device",), multivalued=("tags",), numeric=("age",))
EVERYTHING = replace(
    LIVE,
    ranker=replace(LIVE.ranker, clocks=(GaussianConfig(),)),
    admission=AdmissionConfig(lateness_ms=STEP_MS, label_wait_ms=LABEL_WAIT_MS),
    clocks=CLOCKS,
    keep_hours=24,
    forget_users_after_days=2,  # sooner than the stream ends: users and items leave on the way
    users=IdPolicy(min_count=2, unused_days=1),
    items=IdPolicy(most=3),  # rows change hands; no feature may tell
    contexts=IdPolicy(),  # a value of context has nothing but its row: without one it is no feature
)
Lines = list[tuple[int, str, bytes]]  # when it arrives, in which partition, what it says


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to train on a stream."""

    batch_size: int
    batch_minutes: int
    arrival: int  # messages that are taken at a time


class FeaturesSeen:
    """A recorder that notes what each exposure was predicted from, by the ids of everything."""

    def __init__(self) -> None:
        self.trainer: LiveTrainer | None = None
        self.made: list[Batch] = []
        self.of_event: dict[str, list[dict[str, Any]]] = {}

    def predicted(self, told: PredictedBatch) -> None:
        (batch,), rows = self.made, told.rows
        self.made.clear()
        for event_id, features in zip(rows["event_id"].to_pylist(), self._by_id(batch), strict=True):
            self.of_event.setdefault(event_id, []).append(features)

    def learned(self, batch: Batch) -> None:
        pass

    def _by_id(self, batch: Batch) -> Iterator[dict[str, Any]]:
        assert self.trainer is not None
        state, rows = self.trainer.features, self.trainer.rows
        user, item = _names(state.users.ids()), _names(state.items.ids())
        value = {name: _names(state.values.named(name)) for name in batch.clocks}
        context = {name: _names(identity.ids()) for name, identity in rows.contexts.items()}
        for place, moment in enumerate(batch.request_row_B.tolist()):
            features: dict[str, Any] = {
                "user": user[batch.user_B[place]],
                "item": item[batch.item_B[place]],
                "time": (int(batch.timestamp_ms_B[place]), int(batch.second_of_day_B[place])),
                "weekday": int(batch.day_of_week_B[place]),
                "known": int(batch.known_behaviours_B[place]),
                "recent": [item[each] for each in batch.recent_MK[moment]],
            }
            for name, clock_MHV in batch.clocks.items():
                features[f"clock of {name}"] = [[value[name][v] for v in row] for row in clock_MHV[moment]]
            for name, number_B in batch.categorical.items():
                features[name] = context[name][number_B[place]]
            for name, number_BV in batch.multivalued.items():
                features[name] = [context[name][each] for each in number_BV[place] if each]
            for name, number_B in batch.numeric.items():
                number = float(number_B[place])
                features[name] = None if math.isnan(number) else number
            yield features


def _names(ids: pa.Array) -> list[str | None]:
    return [None, *ids.to_pylist()]


def trained(lines: Lines, way: Way, schema: LogSchema, config: LiveConfig) -> tuple[FeaturesSeen, Any]:
    """What was seen of each exposure, and the trainer at the end of the stream."""
    seen, make = FeaturesSeen(), BatchMaker.make

    def noted(maker: BatchMaker, *given: Any, **named: Any) -> Batch:
        seen.made.append(make(maker, *given, **named))
        return seen.made[-1]

    train = replace(config.train, batch_size=way.batch_size)
    config = replace(config, train=train, batch_minutes=way.batch_minutes)
    trainer = seen.trainer = LiveTrainer(schema, items=None, config=config, recorder=seen)
    parser = MessageParser(schema)
    with mock.patch.object(BatchMaker, "make", noted):
        for first in range(0, len(lines), way.arrival):
            piece = [
                Message(partition=partition, offset=str(place), payload=payload)
                for place, (_, partition, payload) in enumerate(lines[first : first + way.arrival])
            ]
            arrivals = parser.parse(OffsetRanges(source="s", ranges={}, messages=len(piece)), piece)
            assert not arrivals.bad
            trainer.process(arrivals.exposures, arrivals.labels)
        trainer.finish()
    assert trainer.buffer.counters.add_up()
    return seen, trainer


WAYS = st.builds(
    Way,
    batch_size=st.sampled_from([1, 2, 3, 17, 1024]),
    batch_minutes=st.sampled_from([0, 60, 7 * 60, 24 * 60]),
    arrival=st.sampled_from([1, 2, 5, 13, 1000]),
)
STEPS, LATER = st.integers(0, DAYS * DAY_MS // STEP_MS), st.sampled_from([0, 0, 1, 2, 8])
PARTITIONS = st.sampled_from("ab")
SAID = st.none() | st.tuples(
    st.sampled_from([1, 1, 0]),
    st.integers(0, LABEL_WAIT_MS // STEP_MS + 1),  # known after so many steps, some after the wait
    st.integers(-1, 3),  # and arrives so many after that: before its exposure, too, or late
    PARTITIONS,
)
SHOWN = st.fixed_dictionaries(
    {
        "user_id": st.sampled_from(["ann", "bob", "eve"]),
        "item_id": st.sampled_from("uvwxyz"),
        "utc_offset_minutes": st.sampled_from([-300, 0, 330]),
        "request_id": st.sampled_from(["r", "s"]),
        "attributes": st.fixed_dictionaries(
            {
                "genre": st.lists(st.sampled_from(["zulu", "ärger", "a"]), max_size=2, unique=True),
                "mood": st.lists(st.just("calm"), max_size=1),
            }
        ),
        "categorical": st.fixed_dictionaries({"device": st.sampled_from(["tv", "phone", None])}),
        "multivalued": st.fixed_dictionaries(
            {"tags": st.lists(st.sampled_from("pqr"), max_size=3, unique=True)}
        ),
        "numeric": st.fixed_dictionaries({"age": st.sampled_from([None, 0.25, 30.0])}),
    }
)


@st.composite
def streams(draw: st.DrawFn) -> Lines:
    """Exposures of six days and two partitions; labels on their own, of each exposure up to three."""
    lines: Lines = []
    drawn = st.lists(st.tuples(SHOWN, STEPS, LATER, PARTITIONS, st.tuples(SAID, SAID, SAID)), max_size=30)
    for number, (shown, steps, later, partition, said) in enumerate(draw(drawn)):
        at_ms, event_id = START_MS + steps * STEP_MS, f"e{number}"
        payload = exposure_message(event_id=event_id, timestamp_ms=at_ms, **shown)
        lines.append((at_ms + later * STEP_MS, partition, payload))
        for name, each in zip(SCHEMA.labels, said, strict=True):
            if each is not None:
                value, delay, after, through = each
                known_ms = at_ms + delay * STEP_MS
                payload = label_message(label_of=event_id, label=name, value=value, known_ms=known_ms)
                lines.append((known_ms + after * STEP_MS, through, payload))
    return sorted(lines, key=lambda line: line[0])


@settings(max_examples=40, deadline=None)
@given(lines=streams(), ways=st.lists(WAYS, min_size=2, max_size=3, unique=True))
def test_state_and_features_do_not_depend_on_training_batches(lines: Lines, ways: list[Way]) -> None:
    """Users and items leave the state and lose their rows meanwhile; messages are late, labels early."""
    times_ms = [START_MS + day * DAY_MS + HOUR_MS for day in range(DAYS + 2)]
    (first, one), *others = [trained(lines, way, WITH_CONTEXT, EVERYTHING) for way in ways]
    for seen, trainer in others:
        assert seen.of_event == first.of_event
        assert by_name(trainer.features, times_ms) == by_name(one.features, times_ms)
        assert trainer.buffer.counters == one.buffer.counters


@st.composite
def streams_of_choices(draw: st.DrawFn) -> Lines:
    """A message a choice: that it was made is known at once."""
    drawn = draw(st.lists(st.tuples(SHOWN, STEPS, LATER, PARTITIONS), max_size=40))
    lines = []
    for number, (shown, steps, later, partition) in enumerate(drawn):
        at_ms = START_MS + steps * STEP_MS
        said = {name: shown[name] for name in ("user_id", "item_id", "utc_offset_minutes")}
        said["attributes"] = {"genre": shown["attributes"]["genre"]}
        payload = exposure_message(event_id=f"e{number}", timestamp_ms=at_ms, **said)
        lines.append((at_ms + later * STEP_MS, partition, payload))
    return sorted(lines, key=lambda line: line[0])


@settings(max_examples=40, deadline=None)
@given(lines=streams_of_choices(), ways=st.lists(WAYS, min_size=2, max_size=3, unique=True))
def test_candidates_do_not_depend_on_training_batches_either(lines: Lines, ways: list[Way]) -> None:
    """They are drawn as the watermark passes a choice, from what was known before it: not with its batch."""
    config = replace(EVERYTHING, candidates=CandidateConfig(by_popularity=2, from_own_past=2))
    (first, one), *others = [trained(lines, way, CHOICES, config) for way in ways]
    for seen, trainer in others:
        assert seen.of_event == first.of_event
        assert everyones(trainer) == everyones(one)
        assert trainer.buffer.counters == one.buffer.counters


def everyones(trainer: LiveTrainer) -> list[str]:
    """What was chosen, in the order in which it became known."""
    choices = trainer.features.choices
    assert choices is not None
    position_N = np.arange(choices.known_before(np.array([1 << 62]))[0])
    return trainer.features.items.ids(choices.item_at(position_N)).to_pylist()
