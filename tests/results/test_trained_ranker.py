"""Rankers of a comparison are asked again: as of then, in any order, in another process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_comparison import lines_with_context

from interestclock.errors import ConfigError, ResultError
from interestclock.events import ColumnMapping, open_log
from interestclock.results import Comparison
from interestclock.results.scores import NO_ITEM, NO_USER, NOT_READ
from interestclock.studies import CompareConfig, compare
from interestclock.training import TrainConfig

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def unlearned(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison that learned next to nothing: what was predicted is what rankers say at the end, too."""
    out = tmp_path_factory.mktemp("unlearned") / "results"
    rankers = ("hour+gaussian", "longterm")
    train = TrainConfig(learning_rate=1e-12)
    compare(open_log(log), out, config=CompareConfig(rankers=rankers, seeds=1, replicates=10, train=train))
    return out


@pytest.fixture(scope="module")
def with_context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    (folder / "plays.csv").write_text(lines_with_context(600))
    mapping = ColumnMapping(user="uid", item="song", time="at", zone="Europe/Berlin").with_options(
        labels=["finish"], attributes=["genre"], categorical=["device"], numeric=["age"]
    )
    source = open_log(folder / "plays.csv", mapping=mapping)
    compare(source, folder / "results", config=CompareConfig(rankers=("base",), seeds=1, replicates=10))
    return folder


def rows_of(log: Path) -> pa.Table:
    return pa.concat_tables(list(open_log(log).chunks()))


def asked_of(log: Path) -> pa.Table:
    return rows_of(log).select(["user_id", "item_id", "timestamp_ms", "zone"])


@pytest.mark.parametrize("name", ["hour+gaussian", "longterm"])
def test_scores_are_the_predictions_of_then_where_nothing_was_learned_since(
    name: str, unlearned: Path, log: Path
) -> None:
    scored = Comparison.open(unlearned).rankers[name].score(open_log(log))
    predicted = pq.read_table(unlearned / "predictions" / f"{name}-seed0.parquet")
    assert scored.num_rows == predicted.num_rows
    assert set(scored["note"].to_pylist()) == {None}
    for task in ("finish", "like"):
        np.testing.assert_allclose(
            scored[f"p.{task}"].to_numpy(), predicted[f"p.{task}"].to_numpy(), rtol=0, atol=1e-6
        )


def test_rows_come_back_in_the_order_in_which_they_were_given(
    comparison: Comparison, log: Path, tmp_path: Path
) -> None:
    ranker = comparison.rankers["hour+gaussian"]
    rows = asked_of(log).slice(0, 2000)
    in_order = _scored(ranker, rows, tmp_path / "rows.parquet")
    shuffle = np.random.default_rng(0).permutation(rows.num_rows)
    shuffled = _scored(ranker, rows.take(shuffle), tmp_path / "shuffled.parquet")
    assert set(in_order["note"].to_pylist()) == {None}
    np.testing.assert_allclose(
        shuffled["p.finish"].to_numpy(), in_order["p.finish"].to_numpy()[shuffle], rtol=0, atol=1e-6
    )
    assert np.unique(in_order["p.finish"].to_numpy()).size > 1500


def _scored(ranker, rows: pa.Table, path: Path) -> pa.Table:
    pq.write_table(rows, path)
    return ranker.score(path)


def test_behind_the_log_the_state_stays_as_it_stood_at_its_end(
    comparison: Comparison, log: Path, tmp_path: Path
) -> None:
    """A week on at the same hour: histories are the same, and so are scores."""
    last_ms = rows_of(log)["timestamp_ms"].to_pylist()[-1] + DAY_MS
    moments = [last_ms, last_ms + 7 * DAY_MS]
    rows = pa.table({"user_id": [1, 1], "item_id": [5, 5], "timestamp_ms": moments, "zone": ["UTC"] * 2})
    scored = _scored(comparison.rankers["base"], rows, tmp_path / "later.parquet")
    first, later = scored["p.finish"].to_pylist()
    assert first == pytest.approx(later, abs=1e-7)
    hour = comparison.rankers["hour"].score(tmp_path / "later.parquet")["p.finish"].to_pylist()
    assert hour[0] == pytest.approx(hour[1], abs=1e-7)  # the same hour of the same weekday


def test_what_cannot_be_scored_is_said(comparison: Comparison, log: Path, tmp_path: Path) -> None:
    at_ms = rows_of(log)["timestamp_ms"].to_pylist()[-1]
    rows = pa.table(
        {
            "user_id": [1, 999_999, 1, 999_999, 1],
            "item_id": [5, 5, 999_999, 999_999, 5],
            "timestamp_ms": [at_ms] * 5,
            "zone": ["UTC"] * 5,
        }
    )
    scored = _scored(comparison.rankers["hour"], rows, tmp_path / "strange.parquet")
    assert scored["note"].to_pylist() == [None, NO_USER, NO_ITEM, NO_ITEM, NOT_READ]
    assert [p is None for p in scored["p.finish"].to_pylist()] == [False, False, True, True, True]


def test_another_process_scores_the_same(
    comparison: Comparison, folder: Path, log: Path, tmp_path: Path
) -> None:
    rows, out = tmp_path / "rows.parquet", tmp_path / "scored.parquet"
    code = (
        "from interestclock.results import Comparison; import pyarrow.parquet as pq;"
        f"ranker = Comparison.open({str(folder)!r}).rankers['hour+gaussian'];"
        f"pq.write_table(ranker.score({str(rows)!r}), {str(out)!r})"
    )
    here = _scored(comparison.rankers["hour+gaussian"], asked_of(log).slice(2000), rows)
    subprocess.run([sys.executable, "-c", code], check=True)
    there = pq.read_table(out)
    assert there["note"].equals(here["note"])
    np.testing.assert_allclose(there["p.finish"].to_numpy(), here["p.finish"].to_numpy(), rtol=0, atol=1e-6)


def test_ids_may_be_written_otherwise_and_context_is_read(with_context: Path, tmp_path: Path) -> None:
    ranker = Comparison.open(with_context / "results").rankers["base"]
    lines = lines_with_context(600).splitlines()
    asked = [line.rsplit(",", 2)[0] for line in (lines[0], *lines[500:])]  # without labels and attributes
    (tmp_path / "asked.csv").write_text("\n".join(asked) + "\n")
    scored = ranker.score(tmp_path / "asked.csv")
    assert set(scored["note"].to_pylist()) == {None}
    other = [line.replace("tv", "radio") for line in asked]  # a value that was never seen
    (tmp_path / "other.csv").write_text("\n".join(other) + "\n")
    changed = ranker.score(tmp_path / "other.csv")["p.finish"].to_numpy() != scored["p.finish"].to_numpy()
    assert changed.tolist() == ["tv" in line for line in asked[1:]]


def test_rows_without_the_context_that_was_compared_with_are_refused(with_context: Path) -> None:
    mapping = ColumnMapping(user="uid", item="song", time="at", zone="UTC", positive_only="asked")
    ranker = Comparison.open(with_context / "results").rankers["base"]
    with pytest.raises(ConfigError, match="categorical context 'device' was compared with, and the rows"):
        ranker.score(open_log(with_context / "plays.csv", mapping=mapping))


def test_a_source_without_columns_is_asked_by_a_source(folder: Path, log: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "own")
    (tmp_path / "own" / "state" / "columns.json").unlink()
    ranker = Comparison.open(tmp_path / "own").rankers["base"]
    with pytest.raises(ResultError, match="came from a source that names no columns; give an event source"):
        ranker.score(tmp_path / "rows.parquet")
    assert ranker.score(open_log(log)).num_rows == rows_of(log).num_rows


def test_columns_that_are_damaged_are_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "own")
    (tmp_path / "own" / "state" / "columns.json").write_text(json.dumps({"user": 3}))
    with pytest.raises(ResultError, match=r"columns\.json: .*compare again"):
        Comparison.open(tmp_path / "own").rankers["base"].score(tmp_path / "rows.parquet")


def test_a_frame_comes_back_as_a_frame_with_its_index(comparison: Comparison) -> None:
    pandas = pytest.importorskip("pandas")
    from interestclock.results.frames import frame_like

    data = pandas.DataFrame({"uid": [1, 2]}, index=["a", "b"])
    frame = frame_like(pa.table({"p.finish": [0.1, 0.2]}), data, otherwise="arrow")
    assert frame.index.tolist() == ["a", "b"]
    assert frame["p.finish"].tolist() == [0.1, 0.2]
