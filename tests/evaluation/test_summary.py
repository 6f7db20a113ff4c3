"""The dictionary a comparison becomes."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from interestclock.errors import ConfigError, ResultError
from interestclock.evaluation.exposures import Exposures
from interestclock.evaluation.summary import summarise
from interestclock.metrics.exposure_metrics import auc, rela_impr, uauc

EVENTS, REPLICATES = 240, 60
METRICS = ["auc", "uauc", "logloss", "calibration", "precision@1", "recall@1", "precision@3", "recall@3"]


@pytest.fixture(scope="module")
def exposures():
    rng = np.random.default_rng(1)
    rows, truth_N = np.arange(EVENTS), rng.random(EVENTS)
    finish_N = (rng.random(EVENTS) < truth_N).astype(np.int8)
    like_N = np.where(rows % 3 == 0, -1, rng.integers(2, size=EVENTS)).astype(np.int8)
    return Exposures(
        user_N=1000 - rows % 8,
        request_N=rows // 4,
        timestamp_ms_N=rows,
        second_of_day_N=rows * 300,
        labels={"finish": finish_N, "like": like_N},
        truths={"finish": truth_N},
    )


@pytest.fixture(scope="module")
def predictions(exposures):
    rng = np.random.default_rng(2)

    def run(skill):
        noise = rng.random(EVENTS)
        finish = skill * exposures.truths["finish"] + (1 - skill) * noise
        return {"finish": finish.astype(np.float32), "like": rng.random(EVENTS).astype(np.float32)}

    return {name: [run(skill), run(skill)] for name, skill in {"base": 0.1, "hour": 0.4, "long": 0.9}.items()}


@pytest.fixture(scope="module")
def summary(exposures, predictions):
    return summarise(exposures, predictions, label="finish", replicates=REPLICATES)


def is_estimate(one):
    low, high = one["ci95"]
    return list(one)[:2] == ["mean", "ci95"] and low <= high


def test_schema(summary):
    assert list(summary) == [
        "label", "baseline", "seeds", "rankers", "pairs", "comparisons", "over_hour", "oracle", "by_hour",
        "swing",
    ]  # fmt: skip
    assert (summary["label"], summary["baseline"], summary["seeds"]) == ("finish", "base", 2)
    for row in summary["rankers"].values():
        assert {key for key in row if "relaimpr" in key} == {
            f"relaimpr_{metric}{suffix}" for metric in ("auc", "uauc") for suffix in ("", "_ci95")
        }
        assert all(is_estimate(row[name]) for name in ("auc", "uauc", "logloss", "share_of_reachable"))
        assert list(row["tasks"]) == ["finish", "like"]
        for metrics in row["tasks"].values():
            assert list(metrics) == METRICS
            assert all(is_estimate(one) for one in metrics.values())
        assert row["tasks"]["finish"]["auc"] == {key: row["auc"][key] for key in ("mean", "ci95")}
    for hours in summary["by_hour"]["rankers"].values():
        assert list(hours) == [*METRICS, "auc_spread"]
        assert {len(hours[name]) for name in METRICS} == {24}
    assert sum(summary["by_hour"]["samples"]) == EVENTS


def test_it_is_json_and_comes_back_the_same(summary):
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_seeds_are_averaged(exposures, predictions, summary):
    label_N = exposures.labels["finish"]
    for name, seeds in predictions.items():
        row = summary["rankers"][name]
        assert row["auc"]["mean"] == pytest.approx(np.mean([auc(label_N, run["finish"]) for run in seeds]))
        each = [uauc(exposures.user_N, label_N, run["finish"]) for run in seeds]
        assert row["uauc"]["mean"] == pytest.approx(np.mean(each))


def test_each_seed_has_a_figure_of_its_own(exposures, predictions, summary):
    label_N = exposures.labels["finish"]
    for name, seeds in predictions.items():
        row = summary["rankers"][name]
        assert row["auc"]["seeds"] == [auc(label_N, run["finish"]) for run in seeds]
        assert row["uauc"]["seeds"] == [uauc(exposures.user_N, label_N, run["finish"]) for run in seeds]
        assert "seeds" not in row["logloss"]


def test_requests_of_one_exposure_have_neither_precision_nor_recall(exposures, predictions):
    alone = replace(exposures, request_N=np.arange(EVENTS))
    result = summarise(alone, predictions, label="finish", replicates=3)
    for row in result["rankers"].values():
        for n in (1, 3):
            for metric in (f"precision@{n}", f"recall@{n}"):
                assert row["tasks"]["finish"][metric] == {"mean": None, "ci95": [None, None]}


def test_gain_is_the_plain_ratio_of_means(summary):
    base = summary["rankers"]["base"]
    for row in summary["rankers"].values():
        for metric in ("auc", "uauc"):
            gain = rela_impr(row[metric]["mean"], base[metric]["mean"])
            assert row[f"relaimpr_{metric}"] == pytest.approx(gain)
    assert base["relaimpr_auc_ci95"] == [0.0, 0.0]


def test_every_ordered_pair_once_and_antisymmetric(summary):
    rankers = summary["rankers"]
    assert set(summary["pairs"]) == {f"{a}-{b}" for a, b in itertools.permutations(rankers, 2)}
    for a, b in itertools.permutations(rankers, 2):
        for metric in ("auc", "uauc"):
            there, back = summary["pairs"][f"{a}-{b}"][metric], summary["pairs"][f"{b}-{a}"][metric]
            assert there["mean"] == pytest.approx(rankers[a][metric]["mean"] - rankers[b][metric]["mean"])
            assert there["mean"] == pytest.approx(-back["mean"])
            assert there["ci95"] == pytest.approx([-bound for bound in reversed(back["ci95"])])


def test_pairing_makes_equal_rankers_a_certain_tie(exposures, predictions):
    twins = {"base": predictions["base"], "twin": predictions["base"]}
    pair = summarise(exposures, twins, label="finish", replicates=REPLICATES)["pairs"]["twin-base"]
    assert pair == {name: {"mean": 0.0, "ci95": [0.0, 0.0]} for name in ("auc", "uauc")}


def test_the_same_seed_gives_the_same_intervals(exposures, predictions, summary):
    def again(seed):
        return summarise(exposures, predictions, label="finish", replicates=REPLICATES, bootstrap_seed=seed)

    assert again(0) == summary
    assert again(1)["rankers"]["long"]["auc"]["mean"] == summary["rankers"]["long"]["auc"]["mean"]
    assert again(1)["rankers"]["long"]["auc"]["ci95"] != summary["rankers"]["long"]["auc"]["ci95"]


def test_missing_labels_are_masked_task_by_task(exposures, predictions, summary):
    known = exposures.labels["like"] >= 0
    each = [auc(exposures.labels["like"][known], run["like"][known]) for run in predictions["base"]]
    assert summary["rankers"]["base"]["tasks"]["like"]["auc"]["mean"] == pytest.approx(np.mean(each))
    on_like = summarise(exposures, predictions, label="like", replicates=5)
    assert sum(on_like["by_hour"]["samples"]) == known.sum()


def small(label, **columns):
    label_N = np.array(label)
    rows = np.arange(len(label_N))
    defaults = {"user_N": rows * 0, "request_N": rows, "timestamp_ms_N": rows, "second_of_day_N": rows}
    return Exposures(**{**defaults, "labels": {"finish": label_N}, **columns})


def scores(*values):
    return [{"finish": np.array(values)}]


def test_share_of_reachable_by_hand():
    # base wins 1 of 4 pairs, the ranker 2, the truth 3: half of the way.
    exposures = small([0, 0, 1, 1], truths={"finish": np.array([0.2, 0.6, 0.5, 0.9])})
    runs = {"base": scores(0.2, 0.6, 0.1, 0.5), "long": scores(0.4, 0.1, 0.2, 0.2)}
    result = summarise(exposures, runs, label="finish", replicates=5)
    means = [result["rankers"][name]["auc"]["mean"] for name in runs]
    assert means == [0.25, 0.5]
    assert result["oracle"] == {"auc": 0.75, "auc_ci95": [0.75, 0.75]}
    shares = [result["rankers"][name]["share_of_reachable"] for name in runs]
    assert [share["mean"] for share in shares] == [0.0, 0.5]
    assert shares[1]["ci95"] == [0.5, 0.5]


def test_no_way_to_go_is_no_share():
    exposures = small([0, 1], truths={"finish": np.array([0.2, 0.6])})
    runs = {"base": scores(0.1, 0.9), "long": scores(0.9, 0.1)}
    result = summarise(exposures, runs, label="finish", replicates=3)
    assert result["rankers"]["long"]["share_of_reachable"] == {"mean": None, "ci95": [None, None]}


def test_a_base_of_nothing_raises_no_warning():
    """The base's AUC is 0 whenever only the first user is drawn, so some ratios have no value."""
    exposures = small([0, 1, 0, 1], user_N=np.array([7, 7, 8, 8]))
    runs = {"base": scores(0.9, 0.1, 0.2, 0.3), "long": scores(0.1, 0.9, 0.2, 0.3)}
    row = summarise(exposures, runs, label="finish", replicates=50)["rankers"]["long"]
    assert all(np.isfinite(row["relaimpr_auc_ci95"]))
    worst = {"base": scores(0.9, 0.1, 0.9, 0.1), "long": runs["long"]}
    result = summarise(exposures, worst, label="finish", replicates=5)
    assert result["rankers"]["long"]["relaimpr_auc"] is None
    assert result["rankers"]["long"]["relaimpr_auc_ci95"] == [None, None]
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("label", [[1, 1], [0], [-1, -1], []])
def test_one_class_only_is_none_and_no_warning(label):
    runs = {name: scores(*([0.5] * len(label))) for name in ("base", "long")}
    result = summarise(small(label), runs, label="finish", replicates=3)
    assert result["rankers"]["long"]["auc"] == {"mean": None, "ci95": [None, None], "seeds": [None]}
    assert result["pairs"]["long-base"]["auc"] == {"mean": None, "ci95": [None, None]}
    assert result["by_hour"]["rankers"]["long"]["auc_spread"] is None
    json.dumps(result, allow_nan=False)


def test_without_the_baseline_or_the_truth_there_is_no_gain(exposures, predictions):
    runs = {name: predictions[name] for name in ("hour", "long")}
    result = summarise(replace(exposures, truths={}), runs, label="finish", replicates=3)
    assert result["oracle"] is None
    for row in result["rankers"].values():
        assert {row[key] for key in row if "relaimpr" in key} == {None}
        assert row["share_of_reachable"] is None
    assert list(result["pairs"]) == ["hour-long", "long-hour"]


def test_what_cannot_be_compared_is_refused(exposures, predictions):
    with pytest.raises(ConfigError, match="no label 'comment' was evaluated; there is finish, like"):
        summarise(exposures, predictions, label="comment")
    with pytest.raises(ResultError, match="ranker 'base', seed number 0, label 'like': no predictions"):
        summarise(exposures, {"base": scores(*[0.5] * EVENTS)}, label="finish")


def test_rankers_that_carry_an_hour_embedding_are_compared_with_it_as_well(exposures, predictions):
    named = {"base": predictions["base"], "hour": predictions["hour"], "hour+long": predictions["long"]}
    result = summarise(exposures, named, label="finish", beside_hour=["hour+long"], replicates=REPLICATES)
    over = result["over_hour"]
    assert over["baseline"] == "hour"
    assert list(over["gains"]) == ["hour+long"]
    assert over["count"] == 1
    gain = over["gains"]["hour+long"]["mean"]
    assert gain == pytest.approx(result["pairs"]["hour+long-hour"]["auc"]["mean"])
    assert result["comparisons"]["count"] == 2
    alone = {"base": named["base"], "hour+long": named["hour+long"]}
    assert (
        summarise(exposures, alone, label="finish", beside_hour=["hour+long"], replicates=5)["over_hour"]
        is None
    )
