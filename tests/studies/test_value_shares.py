"""Shares over the day of what was shown, and of what each ranker puts first."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from in_memory import CHOICES, HOUR_MS, REQUESTS, MemorySource, choices_log, requests_log

from interestclock.errors import ConfigError
from interestclock.results import Comparison
from interestclock.studies.compare import CompareConfig, compare
from interestclock.studies.value_shares import CarriedValues, top_shares

CARRIED = {
    "genre": CarriedValues(
        names=["rock", "jazz"], value_SV=np.array([[0, 0], [1, 0], [2, 0], [1, 2], [0, 0]])
    )
}
ITEMS = pa.array(["a", "b", "c", "d"])  # slots 1 to 4


def shares_of(tmp_path: Path, *, request: list[int], scores: dict[str, list[float]]) -> dict:
    rows = len(request)
    columns = {
        "item_id": ["a", "b", "c", "d"] * (rows // 4),
        "user": [1] * rows,
        "request": request,
        "second_of_day": [8 * 3600] * 4 + [21 * 3600] * (rows - 4),
        "part": ["test"] * rows,
    }
    later = {"item_id": ["d"], "user": [1], "request": [0], "second_of_day": [0], "part": ["validation"]}
    pq.write_table(
        pa.table({name: [*later[name], *columns[name]] for name in later}), tmp_path / "rows.parquet"
    )
    runs = {}
    for ranker, score in scores.items():
        runs[ranker] = tmp_path / f"{ranker}.parquet"
        pq.write_table(pa.table({"p.finish": np.array([1.0, *score], np.float32)}), runs[ranker])
    found = top_shares(tmp_path / "rows.parquet", runs, CARRIED, items=ITEMS, label="finish")
    return {"of_requests": found.of_requests} | {
        ranker: {value: (hours[8], hours[21]) for value, hours in by_value.items()}
        for ranker, by_value in found.shares["genre"].items()
    }


def test_first_of_requests_by_hand(tmp_path: Path) -> None:
    scores = {
        "base": [0.9, 0.1, 0.2, 0.1, 0.1, 0.9, 0.2, 0.1],
        "hour": [0.1, 0.1, 0.9, 0.2, 0, 0.1, 0.2, 0.9],
    }
    assert shares_of(tmp_path, request=[1, 1, 1, 1, 2, 2, 2, 2], scores=scores) == {
        "of_requests": True,
        "base": {"rock": (1, 0), "jazz": (0, 1)},
        "hour": {"rock": (0.5, 0), "jazz": (0.5, 0)},  # c is both; d is neither
    }


def test_where_requests_hold_one_it_is_the_tenth_of_the_hour(tmp_path: Path) -> None:
    found = shares_of(
        tmp_path, request=list(range(8)), scores={"base": [0.9, 0.1, 0.2, 0.1, 0.1, 0.9, 0.2, 0.1]}
    )
    assert found == {"of_requests": False, "base": {"rock": (1, 0), "jazz": (0, 1)}}


@pytest.mark.parametrize(
    ("source", "label"),
    [
        (MemorySource(schema=CHOICES, events=choices_log(11, choices=400, delay_ms=HOUR_MS)), "visit"),
        (MemorySource(schema=REQUESTS, events=requests_log(11, requests=150)), "finish"),
    ],
)
def test_a_comparison_shows_what_rankers_put_first(source: MemorySource, label: str, tmp_path: Path) -> None:
    config = CompareConfig(rankers=("base", "hour"), seeds=1, replicates=5)
    compare(source, tmp_path / "out", config=config, title="A log")
    comparison = Comparison.open(tmp_path / "out")
    by_ranker = comparison._report.top_shares.shares["genre"]
    for ranker in ("base", "hour"):
        expected = by_loop(tmp_path / "out", source.events, ranker, label)
        for value, share_H in by_ranker[ranker].items():
            assert share_H == pytest.approx([expected[hour].get(value, 0.0) for hour in range(24)])
    assert comparison.plot("shares", ranker="hour").title == "A log: genre over the day, put first by hour"
    with pytest.raises(ConfigError, match="no ranker 'naive' was compared; there is base, hour"):
        comparison.plot("shares", ranker="naive")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<h3>genre: put first by</h3>" in page
    assert "of each request with several candidates the one with the highest prediction." in page
    assert f"genre over the day, of what {comparison.best} puts first" in comparison._repr_html_()


def by_loop(out: Path, events: pa.Table, ranker: str, label: str) -> list[dict[str, float]]:
    """A slow loop over the files."""
    genres = dict(zip(events["item_id"].to_pylist(), events["attribute.genre"].to_pylist(), strict=True))
    rows = pq.read_table(out / "predictions" / "exposures.parquet").to_pylist()
    scores = pq.read_table(out / "predictions" / f"{ranker}-seed0.parquet")[f"p.{label}"].to_pylist()
    firsts: dict[int, tuple[float, dict]] = {}
    size = Counter(row["request"] for row in rows if row["part"] == "test")
    for row, score in zip(rows, scores, strict=True):
        if row["part"] != "test" or size[row["request"]] < 2:
            continue
        if row["request"] not in firsts or score > firsts[row["request"]][0]:
            firsts[row["request"]] = (score, row)
    counts = [Counter[str]() for _ in range(24)]
    for _, row in firsts.values():
        counts[row["second_of_day"] // 3600].update(genres[row["item_id"]] or [])
    return [{value: n / count.total() for value, n in count.items()} for count in counts]
