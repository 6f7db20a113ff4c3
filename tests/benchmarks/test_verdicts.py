from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from verdicts.binomial import at_least, at_most
from verdicts.judge import Tally, best_gain, claims, tally, truth_of
from verdicts.store import Row, Store, keep_settings
from verdicts.table import markdown
from verdicts.worlds import FIXED_ON, JUDGED_ON, SIZE, StudyWorld, fresh_log

QUESTION = "over_no_time"
GAIN, LOSS, TIE = [0.03, 0.01, 0.05], [-0.03, -0.05, -0.01], [0.01, -0.01, 0.03]


def told(verdict: str, low: float, high: float, nats: float = 0.0) -> Row:
    return {"nats": nats, "low": low, "high": high, "verdict": verdict}


def stores_with(folder: Path, logs: list[tuple[list[float], Row]]) -> dict[str, Store]:
    """Logs of one world, and two fresh ones that say 0.001 and 0.003."""
    stores = {kind: Store(folder, kind) for kind in ("gains", "forecasts", "truths")}
    for number, (gain, forecast) in enumerate(logs):
        row = {"world": "judge-1", "log": number, "seconds": 1.0}
        gains = {QUESTION: {"hour": LOSS, "longterm": gain}, "over_hour": {"hour+gaussian": TIE}}
        stores["gains"].add(row | {"found": gains})
        stores["forecasts"].add(row | {"found": {QUESTION: forecast, "over_hour": told("unlikely", -1, 1)}})
    for number, nats in enumerate((0.001, 0.003)):
        found = {question: told("likely", 0, 1, nats) for question in (QUESTION, "over_hour")}
        stores["truths"].add({"world": "judge-1", "log": fresh_log(number), "seconds": 1.0, "found": found})
    return stores


def test_bounds_by_hand() -> None:
    assert at_most(0, 60) == pytest.approx(1 - 0.05 ** (1 / 60))
    assert at_least(60, 60) == pytest.approx(0.05 ** (1 / 60))
    assert (at_least(0, 5), at_most(5, 5)) == (0.0, 1.0)


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_bounds_are_where_what_was_seen_has_five_chances_in_a_hundred(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    low, high = at_least(hits, of), at_most(hits, of)
    assert low <= hits / of <= high
    if hits:
        assert binom.sf(hits - 1, of, low) == pytest.approx(0.05, abs=1e-6)
    if hits < of:
        assert binom.cdf(hits, of, high) == pytest.approx(0.05, abs=1e-6)


def test_no_world_is_fixed_and_judged_on() -> None:
    assert len(FIXED_ON) == 5
    assert len(JUDGED_ON) == 20
    assert len({world.seed for world in FIXED_ON + JUDGED_ON}) == 25
    assert SIZE.users == 100
    assert SIZE.days * SIZE.exposures_per_day == pytest.approx(20_000, rel=0.01)


def test_each_kind_of_effect_is_judged() -> None:
    kinds = {(world.effect, world.share) for world in JUDGED_ON}
    assert kinds >= {("off", "personal"), *product(("weak", "strong"), ("personal", "common"))}
    assert ("strong", "half") in kinds


def test_a_row_that_a_kill_cut_off_is_made_again(tmp_path: Path) -> None:
    store = Store(tmp_path, "gains")
    store.add({"world": "a", "log": 0, "seconds": 1.0})
    store.add({"world": "a", "log": 1, "seconds": 1.0})
    store.path.write_text(store.path.read_text()[:-9])
    again = Store(tmp_path, "gains")
    assert list(again.rows) == [("a", 0)]
    again.add({"world": "a", "log": 1, "seconds": 2.0})
    assert [json.loads(line)["seconds"] for line in again.path.read_text().splitlines()] == [1.0, 2.0]


def test_a_folder_of_other_settings_is_refused(tmp_path: Path) -> None:
    keep_settings(tmp_path / "new", {"users": 100})
    keep_settings(tmp_path / "new", {"users": 100})
    with pytest.raises(SystemExit, match=r"holds results of \{'users': 100\}, not of \{'users': 12\}"):
        keep_settings(tmp_path / "new", {"users": 12})


def test_the_best_ranker_is_the_one_with_the_largest_gain() -> None:
    assert best_gain({"hour": TIE, "naive": LOSS, "longterm": GAIN}) == ("longterm", GAIN)


def test_tally_by_hand(tmp_path: Path) -> None:
    logs = [
        (GAIN, told("likely", 0.0, 0.01)),
        (TIE, told("likely", 0.0, 0.001)),  # does not hold the truth of 0.002
        (LOSS, told("unlikely", -0.01, 0.01)),
        (GAIN, told("cannot tell", 0.003, 0.01)),  # nor this
    ]
    stores = stores_with(tmp_path, logs)
    world = StudyWorld(part="judge", seed=1, effect="weak", share="half")
    truth = truth_of(world.name, QUESTION, stores["truths"])
    assert truth == (pytest.approx(0.002), pytest.approx(0.001))
    found = tally([world], QUESTION, **stores)
    assert found.logs == {"likely": 2, "unlikely": 1, "cannot tell": 1}
    assert found.gained == {"likely": 1, "unlikely": 0, "cannot tell": 1}
    assert (found.held, found.of_known_truth) == (2, 4)
    assert truth_of("judge-2", QUESTION, stores["truths"]) is None


@pytest.mark.parametrize(
    ("likely", "unlikely", "held", "holds"),
    [
        ((60, 54), (60, 0), (200, 190), [True, True, True]),
        ((60, 53), (60, 1), (200, 197), [False, False, False]),
        ((59, 59), (59, 0), (200, 185), [False, False, False]),  # fewer than 60; below 90%
        ((0, 0), (0, 0), (0, 0), [False, False, False]),
    ],
)
def test_claims_hold_where_their_bounds_do(
    likely: tuple[int, int], unlikely: tuple[int, int], held: tuple[int, int], holds: list[bool]
) -> None:
    counted = Tally(held=held[1], of_known_truth=held[0])
    counted.logs |= {"likely": likely[0], "unlikely": unlikely[0]}
    counted.gained |= {"likely": likely[1], "unlikely": unlikely[1]}
    assert [claim.holds for claim in claims(counted, least_of=60)] == holds


def test_the_table_says_what_holds_and_what_is_left_out(tmp_path: Path) -> None:
    stores = stores_with(tmp_path, [(GAIN, told("likely", 0.0, 0.01, 0.005))])
    row = {"world": "groceries", "log": 0, "seconds": 1.0}
    stores["gains"].add(row | {"found": {QUESTION: {"hour": TIE}, "over_hour": {"hour+gaussian": TIE}}})
    answer = told("unlikely", -0.001, 0.001)
    stores["forecasts"].add(row | {"found": {QUESTION: answer, "over_hour": answer}})
    worlds = {"judge": [StudyWorld(part="judge", seed=1, effect="strong", share="common")]}
    text = markdown(worlds, ["groceries"], missing=["check-ins, for want of a file"], **stores)
    for row in (
        "called likely: gained | 1 of 1 | 1.000 | 0.050 to 1.000 | 0.800 to 1.000 | does not hold",
        "judge-1 | strong (5) | common (1) | 1 | 1 | 0 | 0 | 1 | +0.0300 | +0.00200 ± 0.00100 | 1 of 1",
        "groceries | unlikely | +0.00000 [-0.00100, +0.00100] | hour | +0.0100 [-0.0100, +0.0300]",
    ):
        assert f"| {row} |" in text
    assert text.endswith("Left out: check-ins, for want of a file.\n")
