"""What a scorer keeps of a sample of requests is what its batch held."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_memory import REQUESTS
from micro_batches import NO_LABELS
from served_trainer import EACH, exposures, trainer_of, turn_ms

from interestclock.errors import ResultError
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.samples import read_records
from interestclock.serving import RankRequest, SampledRequests, Scorer
from interestclock.store import LmdbStore, StoreWriter


@pytest.fixture
def served(tmp_path: Path) -> Path:
    trainer = trainer_of(EACH)
    with StoreWriter(tmp_path, schema=REQUESTS, config=EACH.state()) as writer:
        for turn in (0, 1):
            shown = exposures(turn, ["ann", "bob"], ["ia", "ib"], [["rock"], ["jazz"]], hours=4)
            trainer.process(shown, NO_LABELS)
        writer.apply(trainer.features.changes(), position=17, offsets={}, watermark_ms=0)
    TrainerSnapshots(tmp_path / "snapshots", trainer).write(whole=True)
    return tmp_path


def asked(name: str | None, user: str = "ann") -> RankRequest:
    return RankRequest(user=user, items=["ia"], at_ms=turn_ms(2, 4), utc_offset_minutes=60, request_id=name)


def scored(folder: Path, requests: list[RankRequest], **settings) -> list:
    sampled = SampledRequests(folder / "served", **settings)
    with LmdbStore(folder) as store:
        known = Scorer(store, folder / "snapshots", sampled=sampled).score(requests)
    sampled.close()
    kept = {each.request_id: each for each in read_records(folder / "served")}
    return [known, kept]


def test_it_is_what_the_request_read(served: Path) -> None:
    requests = [asked("r1"), asked("r2", "bob"), asked("r3", "nobody"), asked(None)]
    known, kept = scored(served, requests, share=1.0, log_ends=lambda: {"0": "99"})
    assert kept.keys() == {"r1", "r2", "r3"}
    for one in known[:3]:
        record = kept[one.request.request_id]
        features = record.features
        assert (record.user, record.position, record.log_ends) == (one.request.user, 17, {"0": "99"})
        assert features.second_of_day == one.local.second_of_day
        assert features.known_behaviours == one.known_behaviours
        assert len(features.behaviours) == min(one.known_behaviours, record.most)
        assert features.at_ms == one.request.at_ms
    liked = {name: [item for item, _, _ in each.features.behaviours] for name, each in kept.items()}
    assert all(set(items) <= {"ia" if name == "r1" else "ib"} for name, items in liked.items())
    assert any(liked.values())
    assert kept["r3"].features.behaviours == ()


def test_none_of_no_share(served: Path) -> None:
    assert scored(served, [asked("r1")], share=0.0)[1] == {}


def test_a_log_that_is_away_stops_nothing(served: Path) -> None:
    def away() -> dict[str, str]:
        raise ResultError("the log is away")

    known, kept = scored(served, [asked("r1")], share=1.0, log_ends=away)
    assert len(known) == 1
    assert kept["r1"].log_ends is None
