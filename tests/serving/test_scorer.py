"""The scorer's own contract: local time, what is unknown, refusals, explanations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from in_memory import DAY_MS, HOUR_MS
from served_trainer import EACH, trainer_of, turn_ms

from interestclock.errors import RequestError, ResultError
from interestclock.samples import BatchMaker
from interestclock.serving import RankRequest, Scorer
from interestclock.serving.local_clock import local_time_of
from interestclock.state import FeatureState

TURNS = 6
NOW_MS = turn_ms(TURNS, 4)


@pytest.fixture
def scorer(trained: tuple[FeatureState, Path]) -> Scorer:
    state, folder = trained
    return Scorer(state, folder)


def asked(**changes) -> RankRequest:
    plain = {"user": "ann", "items": ["a", "b"], "at_ms": NOW_MS, "utc_offset_minutes": 0}
    return RankRequest(**plain | changes)


def test_the_best_come_first_and_ties_as_they_were_asked_for(scorer: Scorer) -> None:
    (scored,) = scorer.score([asked(items=["a", "b", "c", "a"])])
    best = scored.best({"finish": 1.0, "like": 0.5})
    assert [score for _, score in best] == sorted((score for _, score in best), reverse=True)
    by_hand = scored.probabilities["finish"].astype(float) + 0.5 * scored.probabilities["like"]
    assert dict(best)["b"] == pytest.approx(by_hand[1])
    assert [item for item, _ in scored.best({}, most=3)] == ["a", "b", "c"]
    with pytest.raises(RequestError, match="no task 'buy'; this ranker predicts finish, like, skip"):
        scored.best({"buy": 1.0})


def test_requests_together_are_as_one_by_one(scorer: Scorer) -> None:
    requests = [
        asked(user=user, items=list(items))
        for user in ("ann", "nobody", "bob", "noone")
        for items in ("ab", "c?")
    ]
    for together, alone in zip(
        scorer.score(requests), map(scorer.score, [[each] for each in requests]), strict=True
    ):
        assert together.known_behaviours == alone[0].known_behaviours
        for task, probability in alone[0].probabilities.items():
            np.testing.assert_allclose(together.probabilities[task], probability, atol=1e-6)


def test_an_item_that_nobody_knows_is_scored_by_its_attributes(scorer: Scorer) -> None:
    """Two such items differ by their attributes alone; without any they are alike."""
    given = {"x": {"genre": ["rock"]}, "y": {"genre": ["rock"]}, "z": {"genre": ["jazz", "soul"]}}
    (scored,) = scorer.score(
        [asked(items=["x", "y", "z", "u", "v", "w"], attributes=given | {"w": {"genre": ["?"]}})]
    )
    x, y, z, u, v, w = scored.probabilities["finish"].tolist()
    assert x == y
    assert u == v == w
    assert len({x, z, u}) == 3


@pytest.mark.parametrize(
    ("minutes", "second", "day"), [(0, 3_600, 4), (-120, 82_800, 3), (1_439, 86_340, 4 + 0)]
)
def test_local_time_of_an_offset(minutes: int, second: int, day: int, trained) -> None:
    state, _ = trained
    one_at_night = (NOW_MS // DAY_MS) * DAY_MS + HOUR_MS
    weekday = (one_at_night // DAY_MS + 3) % 7
    time = local_time_of(asked(at_ms=one_at_night, utc_offset_minutes=minutes), state, 0, default_zone=None)
    expected = (
        second if minutes != 1_439 else (3_600 + 1_439 * 60) % 86_400,
        (weekday + (minutes == 1_439) - (minutes < 0)) % 7,
    )
    assert (time.second_of_day, time.day_of_week) == expected
    assert time.source == "utc_offset_minutes"


def test_the_night_the_clock_goes_back() -> None:
    """01:30 UTC on 2024-10-27 is 02:30 in Berlin for the second time; half an hour before, the first."""
    state = FeatureState(trainer_of(EACH).schema, items=None, config=EACH.state())
    second_ms = 1_729_992_600_000
    for at_ms, offset in ((second_ms, 60), (second_ms - HOUR_MS, 120)):
        request = RankRequest(user="ann", items=["a"], at_ms=at_ms, zone="Europe/Berlin")
        time = local_time_of(request, state, 0, default_zone=None)
        assert (time.second_of_day, time.day_of_week, time.utc_offset_minutes) == (9_000, 6, offset)


def test_a_user_is_where_they_were_last(trained) -> None:
    state, _ = trained
    user = int(state.slots("user", pa.array(["ann"]))[0])
    request = asked(utc_offset_minutes=None)
    assert local_time_of(request, state, user, default_zone=None).source == "user's last offset"
    late = asked(utc_offset_minutes=None, at_ms=NOW_MS + 2 * DAY_MS)
    with pytest.raises(RequestError, match="give zone or utc_offset_minutes with the request, or the server"):
        local_time_of(late, state, user, default_zone=None)
    assert local_time_of(late, state, user, default_zone="Asia/Kolkata").utc_offset_minutes == 330
    assert local_time_of(request, state, 0, default_zone="UTC").source == "default zone"


def test_the_wall_moves_and_the_past_does_not(scorer: Scorer) -> None:
    night, noon = scorer.score([asked(), asked(wall_ms=NOW_MS + 3 * HOUR_MS)])
    assert night.known_behaviours == noon.known_behaviours > 0
    assert abs(night.local.second_of_day - noon.local.second_of_day) in (3 * 3_600, 21 * 3_600)
    assert night.probabilities["finish"].tolist() != noon.probabilities["finish"].tolist()


def test_an_explanation_adds_up(scorer: Scorer) -> None:
    for each, item in zip(scorer.explain(asked(items=["a", "?"])), ["a", "?"], strict=True):
        assert each.item == item
        (behaviours,) = each.behaviours.values()  # one Long-term Clock
        assert sum(one.weight for one in behaviours) == pytest.approx(1.0)
        assert [one.weight for one in behaviours] == sorted((one.weight for one in behaviours), reverse=True)
        assert {one.item for one in behaviours} <= {"a", "b", "c"}
        assert all(0 <= one.gap_seconds <= 43_200 and one.timestamp_ms < NOW_MS for one in behaviours)
        assert each.profile["genre"][0] == "rock"
    (nobody,) = scorer.explain(asked(user="nobody", items=["a"]))
    assert list(nobody.behaviours.values()) == [[]]
    assert nobody.profile == {"genre": []}


def test_who_asks_among_others_gets_the_same_explanation_of_one_batch(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [
        asked(items=["b"]),
        asked(items=["a", "?", "c"], explain=2),
        asked(user="bob", items=["c", "a"], explain=3),
    ]
    alone = [scorer.explain(each, most=each.explain) for each in requests[1:]]
    made, make = [], BatchMaker.make
    monkeypatch.setattr(BatchMaker, "make", lambda *given: made.append(given) or make(*given))
    plain, *others = scorer.score(requests)
    assert len(made) == 1
    assert plain.explanations == ()
    for scored, one in zip(others, alone, strict=True):
        assert len(scored.explanations) == len(one)
        for there, here in zip(scored.explanations, one, strict=True):
            assert (there.item, there.profile) == (here.item, here.profile)
            (found,), (wanted,) = there.behaviours.values(), here.behaviours.values()
            assert [each.item for each in found] == [each.item for each in wanted]
            assert [each.weight for each in found] == pytest.approx([each.weight for each in wanted])


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"items": [1, "a"]}, RequestError, "ids are texts and integers"),
        ({"items": [2**70]}, RequestError, "no integer of 64 bits"),
        (
            {"context": {"colour": "red"}},
            RequestError,
            "context 'colour' is none of this ranker's; it has age",
        ),
        ({"context": {"age": "old"}}, RequestError, "context 'age' is 'old'; give a number"),
        ({"context": {"tags": "new"}}, RequestError, "context 'tags' is 'new'; give a list of texts"),
        ({"context": {"device": 7}}, RequestError, "context 'device' is 7; give text"),
        ({"at_ms": 0}, RequestError, "features as of 0 are asked for"),
    ],
)
def test_what_cannot_be_answered_is_said(changes: dict, error: type, said: str, scorer: Scorer) -> None:
    with pytest.raises(error, match=said):
        scorer.score([asked(**changes)])
    assert scorer.score([asked()])  # and it goes on


def test_other_features_and_no_snapshots_are_refused(trained, tmp_path: Path) -> None:
    state, folder = trained
    with pytest.raises(ResultError, match="no snapshot to serve"):
        Scorer(state, tmp_path)
    other = FeatureState(state.schema, items=None, config=replace(state.config, longest=11))
    with pytest.raises(ResultError, match="trained with longest 12, and the store has 11"):
        Scorer(other, folder)
