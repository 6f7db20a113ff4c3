"""Of a long log a forecast has all rows of some users, and the rows that it would have of them anyway."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from interestclock.events import ColumnMapping, open_log
from interestclock.samples import CandidateConfig
from interestclock.samples.sample_maker import whole_runs
from interestclock.studies import forecast_rows
from interestclock.studies.forecast_rows import ForecastRows, RowGatherer, together

COLUMNS = ("user_N", "item_N", "timestamp_ms_N", "second_of_day_N", "label_N", "known_ms_N")
EXPOSED = ColumnMapping(zone="UTC", labels=["finish"], attributes=["genre"])
CHOSEN = ColumnMapping(zone="UTC", positive_only="buy", attributes=["genre"])


def plays(rows: int, *, users: int) -> pa.Table:
    random = np.random.default_rng(0)
    item = random.integers(0, 30, rows)
    return pa.table(
        {
            "user_id": random.integers(0, users, rows),
            "item_id": item,
            "timestamp_ms": 1_700_000_000_000 + np.arange(rows) * 60_000,
            "finish": random.integers(0, 2, rows),
            "genre": item % 4,
        }
    )


def gathered(plays: pa.Table, mapping: ColumnMapping, *, most_rows: int, rows: int = 500) -> ForecastRows:
    source = open_log(plays, mapping=mapping)
    gatherer = RowGatherer(source.schema, None, candidates=CandidateConfig(), most_rows=most_rows)
    for chunk in whole_runs(source.chunks(rows), together(source.schema)):
        gatherer.add(chunk)
    return gatherer.rows()


@pytest.mark.parametrize("mapping", [EXPOSED, CHOSEN], ids=["exposures", "choices"])
def test_a_long_log_gives_all_rows_of_some_users(mapping, monkeypatch):
    monkeypatch.setattr(forecast_rows, "LEAST_USERS", 10)
    log = plays(3_000, users=80)
    whole = gathered(log, mapping, most_rows=10**6)
    some = gathered(log, mapping, most_rows=len(whole.user_N) // 3)
    assert whole.share_of_users == 1.0
    assert 0 < len(some.user_N) <= len(whole.user_N) // 3
    assert some.share_of_users < 1.0
    theirs_N = np.isin(whole.user_N, some.user_N)
    for name in COLUMNS:
        assert getattr(some, name).tolist() == getattr(whole, name)[theirs_N].tolist()
    assert len(np.unique(some.user_N)) == pytest.approx(80 * some.share_of_users, abs=15)


@pytest.mark.parametrize("rows", [100, 3_000])
def test_who_is_drawn_does_not_hang_on_how_the_log_is_cut(rows, monkeypatch):
    monkeypatch.setattr(forecast_rows, "LEAST_USERS", 10)
    log = plays(3_000, users=80)
    some, other = (gathered(log, EXPOSED, most_rows=1_000, rows=each) for each in (500, rows))
    assert some.user_N.tolist() == other.user_N.tolist()


def test_of_few_users_all_are_kept():
    assert gathered(plays(3_000, users=80), EXPOSED, most_rows=1_000).share_of_users == 1.0
