"""What a forecast says of logs whose hours tell much, or nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.events import ColumnMapping, open_log
from interestclock.studies.forecast_rows import ForecastRows
from interestclock.studies.gain_estimate import VerdictBounds
from interestclock.studies.gain_forecast import ForecastConfig, forecast_gain, forecast_of_rows
from interestclock.studies.prequential import prequential_log_odds

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def rows_of(chance, *, users=40, days=60, seed=0):
    """Each user meets an item of kind 1 or 2 at 8 and at 20 every day; ``chance`` says what is liked."""
    random = np.random.default_rng(seed)
    day, user, hour = (
        each.ravel() for each in np.meshgrid(range(days), range(users), (8, 20), indexing="ij")
    )
    order = np.lexsort((user, hour, day))
    day, user, hour = day[order], user[order], hour[order]
    kind = random.integers(1, 3, len(day))
    timestamp_ms = day * DAY_MS + hour * HOUR_MS
    return ForecastRows(
        user_N=user + 1,
        item_N=kind,
        timestamp_ms_N=timestamp_ms,
        second_of_day_N=hour * 3600,
        label_N=(random.random(len(day)) < chance(user, kind, hour)).astype(np.int64),
        known_ms_N=timestamp_ms + 1000,
        values={"kind": np.array([[0], [1], [2]])},
        positive_only=False,
    )


def test_nothing_to_tell():
    forecast = forecast_of_rows(rows_of(lambda user, kind, hour: 0.3 + 0.4 * (user % 2)))
    for estimate in (forecast.over_no_time, forecast.over_hour, forecast.own_past):
        assert abs(estimate.nats) < 0.001
        assert estimate.low <= estimate.nats <= estimate.high
        assert estimate.verdict == "unlikely"


def test_an_hour_common_to_all():
    forecast = forecast_of_rows(
        rows_of(lambda user, kind, hour: np.where((hour == 8) == (kind == 1), 0.8, 0.2))
    )
    assert forecast.over_no_time.low > 0.1  # ln 2 less the entropy of 0.8 is 0.19
    assert forecast.over_no_time.verdict == "likely"
    assert forecast.over_hour.verdict == "unlikely"


def test_hours_of_ones_own():
    def chance(user, kind, hour):
        return np.where(((hour == 8) == (kind == 1)) == (user % 2 == 1), 0.8, 0.2)

    forecast = forecast_of_rows(rows_of(chance))
    assert forecast.over_hour.low > 0.05
    assert forecast.over_hour.verdict == forecast.over_no_time.verdict == "likely"


def rows_that_come_back(*, users=60, days=150, items=60, seed=0):
    """Whoever the user is, an item is liked once 32 others were since: none is liked more than others."""
    random = np.random.default_rng(seed)
    item_N, label_N = random.integers(1, items + 1, (2, days * users))
    last_UI, liked_U = np.full((users, items + 1), -1000), np.zeros(users, np.int64)
    for row, item in enumerate(item_N):
        user = row % users
        again = liked_U[user] - last_UI[user, item] >= 32
        label_N[row] = random.random() < (0.9 if again else 0.1)
        if label_N[row]:
            last_UI[user, item] = liked_U[user]
            liked_U[user] += 1
    timestamp_ms = np.repeat(np.arange(days), users) * DAY_MS
    return ForecastRows(
        user_N=np.tile(np.arange(1, users + 1), days),
        item_N=item_N,
        timestamp_ms_N=timestamp_ms,
        second_of_day_N=np.zeros_like(timestamp_ms),
        label_N=label_N,
        known_ms_N=timestamp_ms + 1000,
        values={},
        positive_only=False,
    )


def test_a_past_that_comes_back_is_told_apart_from_time():
    forecast = forecast_of_rows(rows_that_come_back())
    assert forecast.own_past.verdict == "likely"
    assert forecast.own_past.low > 0.2
    assert forecast.over_no_time.verdict == forecast.over_hour.verdict == "unlikely"
    assert "what a user chose before tells what is a 1" in forecast.own_past.reason


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 199), st.integers(0, 50))
def test_a_later_label_changes_no_earlier_prediction(which, seed):
    rows = rows_of(lambda user, kind, hour: 0.5 + 0 * user, users=5, days=20, seed=seed)
    label_N = rows.label_N.copy()
    label_N[which] = 1 - label_N[which]
    before, after = prequential_log_odds(rows), prequential_log_odds(replace(rows, label_N=label_N))
    early_N = rows.timestamp_ms_N <= rows.known_ms_N[which]
    for name in ("without_N", "common_N", "personal_N", "newest_N", "past_N"):
        assert getattr(before, name)[early_N].tolist() == getattr(after, name)[early_N].tolist()


def test_a_sitting_says_nothing_of_itself():
    """Labels of one sitting count only when it is over, for its own user and all others."""
    rows = rows_of(lambda user, kind, hour: 0.5 + 0 * user, users=2, days=2)
    minute = np.arange(len(rows.user_N)) * 60_000
    rows = replace(rows, timestamp_ms_N=minute, known_ms_N=minute, user_N=np.ones_like(minute))
    assert prequential_log_odds(rows).personal_N.tolist() == [0.0] * len(minute)


def test_bounds():
    bounds = VerdictBounds(likely_above=0.01, unlikely_below=0.02)
    assert bounds.verdict(low=0.015, high=0.03) == "likely"
    assert bounds.verdict(low=-0.1, high=0.019) == "unlikely"
    assert bounds.verdict(low=0.005, high=0.03) == "cannot tell"
    assert bounds.verdict(low=math.nan, high=math.nan) == "cannot tell"


def test_one_sitting_gives_no_interval():
    rows = rows_of(lambda user, kind, hour: 0.5 + 0 * user, users=1, days=1)
    estimate = forecast_of_rows(rows, config=ForecastConfig(sitting_minutes=24 * 60)).over_hour
    assert math.isnan(estimate.low)
    assert estimate.verdict == "cannot tell"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"days": 2}, "too short: it spans 1.5 days"),
        ({"days": 60}, "too few events an hour: a median user has 5.0"),
    ],
)
def test_reasons(changed, why):
    everything = VerdictBounds(likely_above=1e9, unlikely_below=1e9)
    config = ForecastConfig(over_no_time=everything, over_hour=everything, own_past=everything)
    rows = rows_of(lambda user, kind, hour: 0.5 + 0 * user, **changed)
    forecast = forecast_of_rows(rows, config=config)
    reason = forecast.over_hour.reason
    assert (why in reason) == (changed["days"] == 2)
    assert "all use at one hour: a median user is there at 2.0 hours" in reason
    assert ("a short past: a median user has 4 events" in forecast.own_past.reason) == (changed["days"] == 2)
    assert "hour" not in forecast.own_past.reason


def test_what_is_there_and_what_is_uncertain_are_told_apart():
    """Own hours that tell something are short of the bound; where they tell nothing, it may be nothing."""
    bounds = VerdictBounds(likely_above=0.5, unlikely_below=-1.0)
    config = ForecastConfig(over_hour=bounds)

    def of_own_hours(share):
        def chance(user, kind, hour):
            return 0.5 + share * np.where(((hour == 8) == (kind == 1)) == (user % 2 == 1), 0.3, -0.3)

        return forecast_of_rows(rows_of(chance), config=config).over_hour

    there, nothing = of_own_hours(1.0), of_own_hours(0.0)
    assert there.verdict == nothing.verdict == "cannot tell"
    assert (
        "own hours tell is there, but may be less than the 0.5 nats from which rankers gained" in there.reason
    )
    assert "own hours tell is too uncertain: it may be nothing" in nothing.reason


def test_a_log_of_choices(tmp_path):
    """Most take a in the morning and b at night; the hour tells which of the two was chosen."""
    random = np.random.default_rng(0)
    lines = [
        f"{user},{'ab'[half if random.random() < 0.85 else 1 - half]},"
        f"{day * 86_400 + (8 + 12 * half) * 3_600 + user}"
        for day in range(60)
        for half in (0, 1)
        for user in range(40)
    ]
    (tmp_path / "log.csv").write_text("user_id,item_id,timestamp_ms\n" + "\n".join(lines))
    source = open_log(
        tmp_path / "log.csv", mapping=ColumnMapping(zone="UTC", time_unit="s", positive_only="buy")
    )
    forecast = forecast_gain(source)
    assert forecast.over_no_time.verdict == "likely"
    assert forecast.over_hour.verdict == "unlikely"
    assert "the log holds choices alone" in forecast.over_hour.reason
    assert "no attribute is named" in forecast.over_hour.reason
