"""The local second and weekday that a request is scored with are those that its exposure is learned with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from in_memory import DAY_MS, HOUR_MS, REQUESTS
from served_trainer import EACH

from interestclock.admission import AdmissionConfig
from interestclock.events import exposure_message, served_message
from interestclock.live import LiveTrainer
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.serving import RankRequest, Scorer
from interestclock.streams import Message, MessageParser, OffsetRanges

# When clocks change, UTC milliseconds: forward, and back.
CHANGES = {
    "Europe/Berlin": (1_711_846_800_000, 1_729_990_800_000),
    "America/New_York": (1_710_054_000_000, 1_730_613_600_000),
    "America/St_Johns": (1_710_048_600_000, 1_730_608_200_000),
    "Australia/Lord_Howe": (1_728_142_200_000, 1_712_415_600_000),  # by half an hour
}
OFFSETS = (-210, 345, -720, 0)
APART_MS = 1_000_000 + 7_001  # nights are walked through in steps that meet no whole minute
CONFIG = replace(
    EACH,
    train=replace(EACH.train, batch_size=64),
    admission=AdmissionConfig(label_wait_ms=HOUR_MS),
    forget_users_after_days=None,
    keep_hours=365 * 24.0,
)


class Shown(NamedTuple):
    """An exposure: where its user is, and when it was shown."""

    at_ms: int
    place: str | int

    @property
    def user(self) -> str:
        return f"of {self.place}"

    @property
    def local(self) -> dict[str, str | int]:
        return {"zone": self.place} if isinstance(self.place, str) else {"utc_offset_minutes": self.place}


class Learned:
    """Notes local times of what was learned, by moment."""

    def __init__(self) -> None:
        self.local_at: dict[int, tuple[int, int]] = {}

    def predicted(self, predicted) -> None:
        pass

    def learned(self, batch) -> None:
        columns = (batch.timestamp_ms_B, batch.second_of_day_B, batch.day_of_week_B)
        for at_ms, second, day in zip(*(each.tolist() for each in columns), strict=True):
            self.local_at[at_ms] = (second, day)


def nights() -> list[Shown]:
    """Each place's nights of both changes; offsets are there on the first of them. No two at one moment."""
    first_ms = min(min(each) for each in CHANGES.values())
    spans = [(change, place) for place, both in CHANGES.items() for change in both]
    spans += [(first_ms, offset) for offset in OFFSETS]
    shown = [
        Shown(int(at_ms) + number, place)
        for number, (change, place) in enumerate(spans)
        for at_ms in np.arange(change - 8 * HOUR_MS, change + 8 * HOUR_MS, APART_MS)
    ]
    return sorted(shown)


def messages(shown: list[Shown]) -> Iterator[bytes]:
    """Every second exposure leaves who and when to a served request, as those of a service do."""
    for number, each in enumerate(shown):
        if number % 2:
            yield exposure_message(
                event_id=f"e{number}", user_id=each.user, item_id="a", timestamp_ms=each.at_ms, **each.local
            )
            continue
        items = [{"item_id": "a", "score": 0.5}]
        yield served_message(
            served=f"r{number}", user_id=each.user, timestamp_ms=each.at_ms, items=items, **each.local
        )
        yield exposure_message(request_id=f"r{number}", item_id="a", position=0)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[int, tuple[int, int]], Scorer]:
    """Local times of what was learned, and a scorer of the ranker that learned it."""
    recorder, polled_ms = Learned(), 1_800_000_000_000
    trainer = LiveTrainer(REQUESTS, items=None, config=CONFIG, recorder=recorder)
    placed = [
        Message(partition="0", offset=str(place), payload=each)
        for place, each in enumerate(messages(nights()), 1)
    ]
    ranges = OffsetRanges(
        source="", ranges={"0": ("1", str(len(placed)))}, messages=len(placed), polled_ms=polled_ms
    )
    parsed = MessageParser(REQUESTS).parse(ranges, placed)
    assert not parsed.bad
    admitted = trainer.buffer.tick(awaited=("0",), polled_ms=polled_ms)
    for each in [*admitted, *trainer.buffer.admit(parsed.tables(), bad=0, polled_ms=polled_ms)]:
        trainer.ingest(each)
    trainer.finish()
    folder = tmp_path_factory.mktemp("snapshots")
    TrainerSnapshots(Path(folder), trainer).write(whole=True)
    state = trainer.features
    return recorder.local_at, Scorer(state, folder)


@pytest.mark.parametrize("by", ["place", "user's last zone", "offset of the answer"])
def test_what_is_scored_is_what_is_learned(by: str, learned) -> None:
    local_at, scorer = learned
    shown = nights()
    assert local_at.keys() == {each.at_ms for each in shown}
    if by == "user's last zone":  # an offset is the user's for a day alone
        shown = [each for each in shown if isinstance(each.place, str)]
    local = [{} if by == "user's last zone" else each.local for each in shown]
    batches = []
    hook = scorer._ready.ranker.register_forward_pre_hook(lambda _, given: batches.append(given[0]))
    if by == "offset of the answer":
        offsets = [each.local.utc_offset_minutes for each in scorer.score(requests_of(shown, local))]
        local = [{"utc_offset_minutes": each} for each in offsets]
    scored = scorer.score(requests_of(shown, local))
    hook.remove()
    asked = zip(batches[-1].second_of_day_B.tolist(), batches[-1].day_of_week_B.tolist(), strict=True)
    for each, one, of_ranker in zip(shown, scored, asked, strict=True):
        assert of_ranker == local_at[each.at_ms] == (one.local.second_of_day, one.local.day_of_week), each
        assert by != "user's last zone" or one.local.source == by
    for zone in CHANGES:  # over midnight
        assert len({local_at[each.at_ms][1] for each in shown if each.place == zone}) >= 2


def requests_of(shown: list[Shown], local: list[dict[str, str | int]]) -> list[RankRequest]:
    return [
        RankRequest(user=each.user, items=["a"], at_ms=each.at_ms, **given)
        for each, given in zip(shown, local, strict=True)
    ]


def test_the_nights_have_an_hour_twice_and_an_hour_never(learned) -> None:
    """Else nothing was held above: of Berlin 02:30 is there twice in autumn, and never in spring."""
    local_at, _ = learned
    spring, autumn = CHANGES["Europe/Berlin"]
    for change, hour, times in ((spring, 2, 0), (autumn, 2, 2)):
        near = [
            each for each in nights() if each.place == "Europe/Berlin" and abs(each.at_ms - change) < DAY_MS
        ]
        offsets = {
            round((local_at[each.at_ms][0] - each.at_ms // 1_000 % 86_400) / 3_600) % 24
            for each in near
            if local_at[each.at_ms][0] // 3_600 == hour
        }
        assert len(offsets) == times
