"""The main job from end to end, on a tiny simulated log."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interestclock.clocks import GaussianConfig
from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.events import ColumnMapping, open_log
from interestclock.ranking import load_ranker
from interestclock.simulator import size_named, write_simulated_log
from interestclock.studies.compare import CompareConfig, compare
from interestclock.studies.progress import Quiet
from interestclock.training import TrainConfig

RANKERS = ("base", "gaussian+longterm")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log") / "tiny"
    write_simulated_log(folder, size=size_named("tiny"), seed=3)
    return folder


@pytest.fixture(scope="module")
def out(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare") / "results"
    config = CompareConfig(rankers=RANKERS, seeds=2, jobs=2, replicates=50)
    compare(open_log(log), folder, config=config, title="A tiny log <b>")
    return folder


@pytest.fixture(scope="module")
def results(out: Path) -> dict:
    return json.loads((out / "results.json").read_text())


def test_results_have_every_figure_that_is_promised(results: dict) -> None:
    for name in RANKERS:
        row = results["rankers"][name]
        for metric in ("auc", "uauc", "logloss"):
            low, high = row[metric]["ci95"]
            assert low <= row[metric]["mean"] <= high
        assert set(row["tasks"]) == {"finish", "like", "skip", "dislike"}
        assert row["samples_per_second"] > 0
        assert row["peak_rss_mib"] > 50
        assert len(row["auc"]["seeds"]) == len(row["uauc"]["seeds"]) == 2
    assert results["rankers"]["base"]["relaimpr_auc"] == 0
    assert set(results["pairs"]) == {f"{a}-{b}" for a in RANKERS for b in RANKERS if a != b}
    assert results["pairs"]["base-gaussian+longterm"]["auc"]["mean"] == pytest.approx(
        -results["pairs"]["gaussian+longterm-base"]["auc"]["mean"]
    )
    assert 0.7 < results["oracle"]["auc"] < 0.9
    assert set(results["frozen"]) == set(results["validation"]) == set(RANKERS)


def test_counts_add_up(results: dict, out: Path) -> None:
    log = results["log"]
    assert log["read"] == log["used"] + log["duplicates"] + log["dead_letters"]
    evaluation_rows = pq.read_table(out / "predictions" / "exposures.parquet")
    assert evaluation_rows.num_rows == log["samples"] == log["events"]
    for path in (out / "predictions").glob("*-seed*.parquet"):
        assert pq.read_metadata(path).num_rows == evaluation_rows.num_rows


def test_predictions_are_frozen_only_from_the_test_part_on(out: Path) -> None:
    part = pq.read_table(out / "predictions" / "exposures.parquet")["part"].to_numpy()
    run = pq.read_table(out / "predictions" / "base-seed0.parquet")
    frozen = run["frozen.finish"].to_numpy()
    assert not np.isnan(frozen[part == "test"]).any()
    assert np.isnan(frozen[part == "train"]).all()
    learned = run["p.finish"].to_numpy()
    assert (frozen[part == "test"] != learned[part == "test"]).any()


def test_seeds_differ(out: Path) -> None:
    first, second = (
        pq.read_table(out / "predictions" / f"base-seed{seed}.parquet")["p.finish"].to_numpy()
        for seed in (0, 1)
    )
    assert (first != second).any()


def test_report_stands_alone_and_escapes(out: Path) -> None:
    page = (out / "report.html").read_text()
    assert "A tiny log &lt;b&gt;" in page
    assert not re.search(r'<(script|link|img)[^>]+(src|href)="https?:', page)
    assert (out / "picture.svg").read_text().startswith("<svg")


def test_nothing_unfinished_stays_behind(out: Path) -> None:
    assert sorted(path.name for path in out.parent.iterdir()) == ["results"]
    assert sorted(path.name for path in out.iterdir()) == [
        "config.json", "picture.svg", "predictions", "rankers", "report.html", "report.json",
        "results.json", "state", "vocabulary",
    ]  # fmt: skip


def test_a_trained_ranker_can_be_loaded(out: Path) -> None:
    ranker = load_ranker(out / "rankers" / "gaussian+longterm-seed1")
    assert ranker.names.tasks == ("finish", "like", "skip", "dislike")


def test_the_same_seed_gives_the_same_predictions(log: Path, out: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    compare(open_log(log), again, config=CompareConfig(rankers=("base",), seeds=1, replicates=10))
    name = "predictions/base-seed0.parquet"
    assert pq.read_table(again / name).equals(pq.read_table(out / name))


def test_daily_shuffled_predicts_the_first_day_before_learning(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "daily"
    train = TrainConfig(order="daily-shuffled")
    config = CompareConfig(rankers=("base",), seeds=1, replicates=10, train=train)
    results = compare(open_log(log), out, config=config)
    assert results["rankers"]["base"]["auc"]["mean"] > 0.5


def test_an_existing_folder_is_refused(log: Path, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="is there already; give another --out"):
        compare(open_log(log), tmp_path, config=CompareConfig(rankers=("base",)))


def test_unknown_names_are_refused(log: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no ranker 'longtrem' \(did you mean longterm\?\)"):
        CompareConfig(rankers=("longtrem",))
    with pytest.raises(ConfigError, match="no label 'click' in this log; it has finish, like"):
        compare(open_log(log), tmp_path / "out", config=CompareConfig(rankers=("base",), label="click"))
    assert list(tmp_path.iterdir()) == []


def _log_of(tmp_path: Path, **columns: list) -> Path:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("centre", [2.0, -1.0])
def test_a_clock_that_does_not_fit_the_log_is_refused_before_it_is_read(
    centre: float, log: Path, tmp_path: Path
) -> None:
    phases = Phases()
    config = CompareConfig(rankers=("gaussian",), gaussian=GaussianConfig(bucket_centre_hours=centre))
    with pytest.raises(
        ConfigError, match=f"bucket_centre_hours is {centre}, but a bucket of 24 a day lasts 1 h"
    ):
        compare(open_log(log), tmp_path / "out", config=config, progress=phases)
    assert phases.seen == []


class Phases(Quiet):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def phase(self, what: str, done: int, total: int) -> None:
        self.seen.append(what)


def test_one_class_only_is_refused_and_leaves_no_result(tmp_path: Path) -> None:
    rows = 64
    path = _log_of(
        tmp_path,
        user_id=[i % 5 for i in range(rows)],
        item_id=[i % 7 for i in range(rows)],
        timestamp_ms=[1_700_000_000_000 + 60_000 * i for i in range(rows)],
        click=[1] * rows,
    )
    mapping = ColumnMapping(zone="UTC").with_options(labels=["click"])
    with pytest.raises(
        LogError, match="label 'click' has 8 positives and 0 negatives in the validation part"
    ):
        compare(open_log(path, mapping=mapping), tmp_path / "out", config=CompareConfig(rankers=("base",)))
    assert not (tmp_path / "out").exists()


def test_clocks_without_attributes_are_refused(tmp_path: Path) -> None:
    path = _log_of(tmp_path, user_id=[1], item_id=[1], timestamp_ms=[0], click=[1])
    mapping = ColumnMapping(zone="UTC").with_options(labels=["click"])
    with pytest.raises(ConfigError, match="no clocks for gaussian: this log names no item attribute"):
        compare(
            open_log(path, mapping=mapping), tmp_path / "out", config=CompareConfig(rankers=("gaussian",))
        )


def test_clocks_without_a_term_of_eq3_are_refused(tmp_path: Path) -> None:
    path = _log_of(tmp_path, user_id=[1], item_id=[1], timestamp_ms=[0], click=[1], genre=["rock"])
    mapping = ColumnMapping(zone="UTC").with_options(labels=["click"], attributes=["genre"])
    config = CompareConfig(rankers=("base", "naive", "gaussian"))
    message = "no clocks for naive, gaussian: .* this log has click; say .* for example --eq3 finish=click"
    with pytest.raises(ConfigError, match=message):
        compare(open_log(path, mapping=mapping), tmp_path / "out", config=config)
    assert not (tmp_path / "out").exists()
    assert mapping.with_options(eq3=["finish=click"]).schema().eq3_labels == {"finish": "click"}


def test_rankers_without_clocks_need_no_term_of_eq3(tmp_path: Path) -> None:
    rows = 160
    path = _log_of(
        tmp_path,
        user_id=[i % 5 for i in range(rows)],
        item_id=[i % 7 for i in range(rows)],
        timestamp_ms=[1_700_000_000_000 + 3_600_000 * i for i in range(rows)],
        click=[i * 3 % 4 == 0 for i in range(rows)],
        genre=["rock"] * rows,
    )
    mapping = ColumnMapping(zone="UTC").with_options(
        labels=["click"], attributes=["genre"], clock_attributes=["genre"]
    )
    config = CompareConfig(rankers=("base", "longterm"), seeds=1, replicates=10)
    results = compare(open_log(path, mapping=mapping), tmp_path / "out", config=config)
    assert set(results["rankers"]) == {"base", "longterm"}


def test_a_log_too_short_to_split_is_refused(tmp_path: Path) -> None:
    path = _log_of(tmp_path, user_id=[1, 2], item_id=[1, 2], timestamp_ms=[0, 1], click=[1, 0])
    mapping = ColumnMapping(zone="UTC").with_options(labels=["click"])
    with pytest.raises(LogError, match="cannot be cut at 6/8 and 7/8"):
        compare(open_log(path, mapping=mapping), tmp_path / "out", config=CompareConfig(rankers=("base",)))


def test_users_with_one_event_and_items_without_attributes_do_no_harm(tmp_path: Path) -> None:
    rows = 400
    rng = np.random.default_rng(0)
    path = _log_of(
        tmp_path,
        user_id=[f"once-{i}" if i % 9 == 0 else f"u{i % 4}" for i in range(rows)],
        item_id=rng.integers(0, 12, rows).tolist(),
        timestamp_ms=[1_700_000_000_000 + 3_600_000 * i for i in range(rows)],
        finish=rng.integers(0, 2, rows).tolist(),
        genre=[[] if i % 3 else ["rock"] for i in range(rows)],
    )
    mapping = ColumnMapping(zone="UTC").with_options(labels=["finish"], attributes=["genre"])
    config = CompareConfig(rankers=("base", "gaussian", "longterm"), seeds=1, replicates=20)
    results = compare(open_log(path, mapping=mapping), tmp_path / "out", config=config)
    assert results["log"]["users"] == 4 + len(range(0, rows, 9))
    assert "Every label counts as known at its exposure" in (tmp_path / "out" / "report.html").read_text()


def test_one_seed_is_noted(out: Path, tmp_path: Path, log: Path) -> None:
    assert "One seed:" not in (out / "report.html").read_text()
    compare(open_log(log), tmp_path / "one", config=CompareConfig(rankers=("base",), seeds=1, replicates=5))
    assert "One seed: another seed may move these figures" in (tmp_path / "one" / "report.html").read_text()


def test_labels_that_come_later_need_no_note(out: Path) -> None:
    assert "Every label counts as known at its exposure" not in (out / "report.html").read_text()


COMPARE = """
import pathlib, sys
from interestclock.events import open_log
from interestclock.studies.compare import CompareConfig, compare
if __name__ == "__main__":
    config = CompareConfig(rankers=("base",), seeds=1, replicates=10, label=sys.argv[3])
    compare(open_log(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]), config=config)
"""


def test_two_at_once_do_not_write_into_each_other(log: Path, tmp_path: Path) -> None:
    out, script = tmp_path / "out", tmp_path / "script.py"
    script.write_text(COMPARE)
    command = [sys.executable, str(script), str(log), str(out)]
    with subprocess.Popen([*command, "like"]) as first:
        while not (tmp_path / "out.unfinished").exists() and first.poll() is None:
            time.sleep(0.02)
        second = subprocess.run([*command, "finish"], capture_output=True, text=True, check=False)
    assert first.returncode == 0
    assert second.returncode == 1
    assert f"is being written by another process (process {first.pid}" in second.stderr
    assert json.loads((out / "results.json").read_text())["label"] == "like"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "script.py"]
