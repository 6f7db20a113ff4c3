"""Answers are those of the ranker that a snapshot holds, on features in memory at the offset of the store.

An embedded log, an updater with its store, a trainer beside it that is ahead or behind, snapshots swapped
between requests: of each answer a ranker is loaded anew from the snapshot that it names, and put by ids to a
state that was fed the same messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from admitted_trainers import as_updated
from in_memory import DAY_MS, HOUR_MS, REQUESTS, START_MS
from plain_scorer import Found, PlainScorer, searches
from served_trainer import RANKER, Nobody
from store_places import can_be, places
from updated_stores import CONFIG, payloads, update

from interestclock.admission import Admitted, EventBuffer
from interestclock.clocks import GaussianConfig, LongTermConfig
from interestclock.embeddings import IdPolicy
from interestclock.live import LiveConfig, LiveTrainer
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.ranking import RankerConfig
from interestclock.serving import RankRequest, Scorer
from interestclock.snapshots import SnapshotReader
from interestclock.state import FeatureState
from interestclock.state.apply_admitted import apply_admitted
from interestclock.store import open_store
from interestclock.streams import EmbeddedLogWriter, Message, MessageParser, OffsetRanges
from interestclock.training import TrainConfig

LONG_TERM = LongTermConfig(behaviours=5, longest=30, heads=2, latent_dim=4, output_dim=4)
CLOCKED = RankerConfig(
    clocks=(GaussianConfig(population_votes=3.0), LONG_TERM),
    dim=8,
    std=0.3,
    recent=RANKER.recent,
    hidden=(16,),
    tower_width=8,
)
TRAINED = as_updated(
    LiveConfig(
        ranker=CLOCKED,
        train=TrainConfig(batch_size=16, learning_rate=0.02),
        users=IdPolicy(most=6, unused_days=1.0),
        items=IdPolicy(most=15, unused_days=1.0),
        batch_minutes=30.0,
    )
)
POLLED_MS = START_MS + 400 * DAY_MS
USERS = [*map(str, range(1, 9)), "nobody"]
ITEMS = [*map(str, range(100, 125)), "nothing", "new"]
TIE = 1e-5


class Feed:
    """Admits the messages of a log up to an offset, as a source of one partition brings them."""

    def __init__(self, messages: list[bytes], buffer: EventBuffer) -> None:
        self._messages, self._buffer, self._offset = messages, buffer, 0
        self._parser, self._begun = MessageParser(REQUESTS), False

    def up_to(self, offset: int) -> Iterator[Admitted]:
        if not self._begun:
            self._begun = True
            yield from self._buffer.tick(awaited=("0",), polled_ms=POLLED_MS)
        first, new = self._offset + 1, self._messages[self._offset : offset]
        if not new:
            return
        ranges = OffsetRanges(
            source="", ranges={"0": (str(first), str(offset))}, messages=len(new), polled_ms=POLLED_MS
        )
        placed = [
            Message(partition="0", offset=str(place), payload=each) for place, each in enumerate(new, first)
        ]
        parsed = self._parser.parse(ranges, placed)
        self._offset = offset
        yield from self._buffer.admit(parsed.tables(), bad=len(parsed.bad), polled_ms=POLLED_MS)


class Moment(NamedTuple):
    """What was admitted, and up to when."""

    state: FeatureState
    watermark_ms: int


@dataclass
class Compared:
    """How many answers were compared, and of how many candidates something else was found."""

    requests: int = 0
    candidates: int = 0
    otherwise: int = 0
    apart: float = 0.0
    versions: set[str] = field(default_factory=set)


def run(
    place: str | Path, folder: Path, *, log_requests: int, steps: int, requests: int, seed: int
) -> Compared:
    messages, draw, compared = payloads(seed, requests=log_requests), np.random.default_rng(seed), Compared()
    with EmbeddedLogWriter(folder / "log") as writer:
        writer.append(messages)
    trainer = LiveTrainer(REQUESTS, items=None, config=TRAINED, recorder=Nobody())
    state = FeatureState(REQUESTS, items=None, config=CONFIG.state())
    learned = Feed(messages, trainer.buffer)
    ingested = Feed(messages, EventBuffer(REQUESTS, config=CONFIG.admission))
    snapshots, reader = TrainerSnapshots(folder / "snapshots", trainer), SnapshotReader(folder / "snapshots")
    scorer, at, trained = None, 0, 0
    each_step = requests // (2 * steps)
    edges = np.linspace(len(messages) // 4, len(messages), steps, dtype=int).tolist()
    for edge in edges:
        trained = max(trained, min(len(messages), edge + int(draw.integers(-200, 200))))
        at = max(at, min(len(messages), edge + int(draw.integers(-20, 20))))
        update(folder / "log", at, folder / "updater", store=None if isinstance(place, Path) else place)
        with (
            open_store(folder / "updater" if isinstance(place, Path) else place) as store,
            store.snapshot() as view,
        ):
            at, watermark_ms = int(view.offsets["0"]), view.watermark_ms  # of whole micro-batches
        for each in ingested.up_to(at):
            apply_admitted(state, each)
        for half in (trained - (trained - at) // 2, trained):  # two snapshots while the store stands
            for each in learned.up_to(half):
                trainer.ingest(each)
            snapshots.write(whole=bool(draw.random() < 0.3))
            with open_store(folder / "updater" if isinstance(place, Path) else place) as store:
                if scorer is None or draw.random() < 0.2:
                    scorer = Scorer(store, folder / "snapshots")  # a server that starts again
                scorer._store = store
                assert scorer.refresh() or scorer.version == reader.answers
                plain = PlainScorer(reader.load(scorer.version))
                moment = Moment(state, watermark_ms)
                answer(scorer, plain, moment, each_step, draw=draw, compared=compared)
    return compared


def answer(
    scorer: Scorer,
    plain: PlainScorer,
    moment: Moment,
    requests: int,
    *,
    draw: np.random.Generator,
    compared: Compared,
) -> None:
    compared.versions.add(scorer.version)
    state, watermark_ms = moment
    known = [each for each in USERS if state.slots("user", pa.array([each]))[0]]
    while requests > 0:
        together = min(requests, int(draw.integers(1, 5)))
        users = draw.choice(known, together).tolist() if draw.random() < 0.9 and known else ["nobody"]
        asked = [request_of(user, watermark_ms, draw) for user in users]
        requests -= len(asked)
        with searches() as found:
            scored = scorer.score(asked)
        ends = np.cumsum([len(each.items) for each in asked])[:-1]
        parts = [np.split(each, ends) for each in found[0]]
        for number, one in enumerate(scored):
            assert one.version == plain.name
            with searches() as expected:
                probabilities = plain.probabilities(
                    one.request,
                    state,
                    second_of_day=one.local.second_of_day,
                    day_of_week=one.local.day_of_week,
                )
            same_B = same_found(Found(*(each[number] for each in parts)), expected[0])
            compared.requests += 1
            compared.candidates += same_B.size
            compared.otherwise += int((~same_B).sum())
            for task, expected_B in probabilities.items():
                apart_B = np.abs(one.probabilities[task] - expected_B)[same_B]
                compared.apart = max(compared.apart, float(apart_B.max(initial=0)))
                assert compared.apart <= 1e-5, (one, task, expected_B)


def request_of(user: str, watermark_ms: int, draw: np.random.Generator) -> RankRequest:
    items = draw.choice(ITEMS, int(draw.integers(1, 9))).tolist()
    context = {"device": str(draw.choice(["phone", "tv", "watch"])), "age": float(draw.normal(30, 9))}
    context["tags"] = [f"t{tag}" for tag in draw.integers(0, 9, int(draw.integers(0, 4)))]
    given = {name: context[name] for name in context if draw.random() < 0.7}
    return RankRequest(
        user=user,
        items=items,
        at_ms=watermark_ms + int(draw.integers(0, 3 * HOUR_MS)),
        utc_offset_minutes=int(draw.choice([-300, 0, 330])),
        attributes={"new": {"genre": ["rock", "soul"]}},
        context=given,
    )


def same_found(found: Found, expected: Found) -> np.ndarray:
    """Of which candidates the same was found; whatever else was found is as relevant as what was not."""
    same = []
    columns = zip(*found, *expected, strict=True)
    for place_K, score_K, there_K, other_K, other_score_K, other_there_K in columns:
        own = dict(zip(place_K[there_K].tolist(), score_K[there_K].tolist(), strict=True))
        others = dict(
            zip(other_K[other_there_K].tolist(), other_score_K[other_there_K].tolist(), strict=True)
        )
        same.append(own.keys() == others.keys())
        for mine, theirs in ((own, others), (others, own)):
            for place in mine.keys() - theirs.keys():
                assert abs(mine[place] - min(theirs.values())) <= TIE, (own, others)
    return np.array(same, bool)


def held(compared: Compared, *, requests: int, versions: int) -> None:
    assert compared.requests >= requests
    assert len(compared.versions) >= versions
    assert compared.otherwise <= compared.candidates / 10_000
    print(f"{compared}")


def test_answers_are_those_of_the_snapshot_at_the_offset(tmp_path: Path) -> None:
    compared = run(tmp_path, tmp_path, log_requests=80, steps=3, requests=200, seed=3)
    held(compared, requests=190, versions=5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lmdb", "redis"])
def test_ten_thousand_answers_across_swaps(kind: str, tmp_path: Path) -> None:
    if not can_be(kind):
        pytest.skip("there is no redis-server")
    with places(kind) as place:
        compared = run(place(), tmp_path, log_requests=600, steps=40, requests=10_000, seed=11)
    held(compared, requests=10_000, versions=70)
