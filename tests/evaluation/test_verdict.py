"""Sentences that the figures bear out and no more."""

from __future__ import annotations

import pytest

from interestclock.evaluation.verdict import is_above, percent, verdict


def results_of(auc, *, half=0.005, seeds=3, **more):
    """Results in which each ranker has an AUC, and every AUC and gain is known to within ``half``."""

    def around(value):
        return [None, None] if value is None else [value - half, value + half]

    def minus_base(value):
        return None if value is None or auc["base"] is None else value - auc["base"]

    gains = {
        name: {
            "mean": minus_base(value),
            "interval": around(minus_base(value)),
            "detectable": None if value is None else 1.4 * half,
        }
        for name, value in auc.items()
        if name != "base" and "base" in auc
    }
    comparisons = {
        "baseline": "base",
        "confidence": 0.95,
        "power": 0.8,
        "count": len(gains),
        "seeds_counted": seeds > 1,
        "auc": {name: {"mean": value, "interval": around(value)} for name, value in auc.items()},
        "gains": gains,
    }
    rankers = {name: {} for name in auc}
    return {
        "label": "finish",
        "baseline": "base",
        "seeds": seeds,
        "rankers": rankers,
        "comparisons": comparisons,
    } | more


def test_gain_loss_and_what_cannot_be_told() -> None:
    assert verdict(results_of({"base": 0.625, "hour": 0.6, "naive": 0.626, "long": 0.65})) == [
        "long gains 0.0250 AUC over base (95% interval +0.0200 to +0.0300, over 3 comparisons and 3 seeds).",
        "hour loses 0.0250 AUC over base (95% interval −0.0300 to −0.0200, over 3 comparisons and 3 seeds).",
        "naive cannot be told from base; this log would show a gain of 0.0070 AUC or more (in 80 of 100 such "
        "logs).",
    ]


def test_one_ranker_and_one_seed() -> None:
    assert verdict(results_of({"base": 0.625, "long": 0.65}, seeds=1)) == [
        "long gains 0.0250 AUC over base (95% interval +0.0200 to +0.0300)."
    ]
    assert verdict(results_of({"base": 0.625, "hour": 0.626}, seeds=1)) == [
        "hour cannot be told from base; this log would show a gain of 0.0070 AUC or more (in 80 of 100 such "
        "logs). With one seed nothing is known of what another would change; --seeds 3 counts it in."
    ]


@pytest.mark.parametrize("gain", [0.005, -0.005])
def test_an_interval_that_touches_0_decides_nothing(gain: float) -> None:
    results = results_of({"base": 0.5, "hour": 0.5 + gain, "naive": 0.6})
    results["comparisons"]["gains"]["hour"]["interval"] = sorted([0.0, 2 * gain])
    assert "hour cannot be told from base" in verdict(results)[-1]


def test_where_nothing_was_learned_nothing_is_compared() -> None:
    """10,889 rows: the best interval of the plain bootstrap excluded 0, and base was as good as guessing."""
    results = results_of({"base": 0.521, "adaptive": 0.528, "gaussian": 0.53}, half=0.035)
    results["comparisons"]["gains"]["adaptive"]["interval"] = [0.0005, 0.0138]
    assert verdict(results) == [
        "No ranker can be told from guessing, so none is compared: the highest AUC is 0.5300 (gaussian), and "
        "its interval, 0.4950 to 0.5650, holds 0.5. It takes more exposures, or attributes that tell what is "
        "liked."
    ]


def test_a_gain_over_guessing_is_called_one() -> None:
    first, second = verdict(results_of({"base": 0.502, "long": 0.6}))
    assert first == (
        "base cannot be told from guessing: its AUC is 0.5020, 0.4970 to 0.5070, so a gain over it is a gain "
        "over guessing."
    )
    assert second.startswith("long gains 0.0980 AUC over base")


def test_one_class_only() -> None:
    assert verdict(results_of({"base": None, "hour": None, "naive": None})) == [
        "hour and naive cannot be compared with base: 'finish' has one class only."
    ]


def test_how_much_of_the_way_is_gone() -> None:
    results = results_of({"base": 0.6, "long": 0.65}, oracle={"auc": 0.8, "auc_ci95": [0.79, 0.81]})
    results["rankers"]["long"]["share_of_reachable"] = {"mean": 0.42, "ci95": [0.4, 0.5]}
    assert verdict(results)[-1] == (
        "The true probabilities reach an AUC of 0.8000; long goes 42% of the way there from base."
    )


def test_nothing_to_compare() -> None:
    assert verdict({}) == ["No ranker was evaluated."]
    assert verdict(results_of({"base": 0.6})) == ["Only base was run; there is nothing to compare it with."]
    assert verdict(results_of({"hour": 0.6, "naive": 0.6})) == [
        "There is no ranker named base to compare with; run it for gains."
    ]


def test_percent_and_is_above() -> None:
    assert [percent(0.5, digits=0), percent(-0.012345), percent(None)] == ["+50%", "−1.23%", "–"]
    assert [is_above([0.1, 0.2]), is_above([0.0, 0.2]), is_above([None, None])] == [True, False, False]


def test_what_is_added_to_an_hour_embedding_is_a_second_question() -> None:
    results = results_of({"base": 0.6, "hour": 0.65, "hour+long": 0.66, "hour+naive": 0.651})
    auc = {"base": 0.65, "hour+long": 0.66, "hour+naive": 0.651}
    over_hour = results_of(auc)["comparisons"] | {"baseline": "hour"}
    over_hour["auc"]["hour"] = over_hour["auc"].pop("base")
    sentences = verdict(results | {"over_hour": over_hour})
    assert sentences[:-2] == verdict(results)
    assert sentences[-2:] == [
        "Beside an hour embedding: hour+long gains 0.0100 AUC over hour (95% interval +0.0050 to +0.0150, "
        "over 2 comparisons and 3 seeds).",
        "hour+naive cannot be told from hour; this log would show a gain of 0.0070 AUC or more (in 80 of 100 "
        "such logs).",
    ]


def test_where_nothing_was_learned_nothing_was_added() -> None:
    results = results_of({"base": 0.502, "hour": 0.501, "hour+long": 0.503})
    assert verdict(results | {"over_hour": results["comparisons"]}) == verdict(results)
