"""Sentences that the figures bear out and no more."""

from __future__ import annotations

import itertools

import pytest

from interestclock.evaluation.verdict import is_above, percent, verdict


def results_of(gains, **more):
    """Results in which each ranker gains so much over base, every difference known to within 0.01."""

    def around(gain):
        return [None, None] if gain is None else [gain - 0.01, gain + 0.01]

    def minus(a, b):
        return None if gains[a] is None or gains[b] is None else gains[a] - gains[b]

    pairs = {
        f"{a}-{b}": {"auc": {"mean": minus(a, b), "ci95": around(minus(a, b))}}
        for a, b in itertools.permutations(gains, 2)
    }
    rankers = {
        name: {"relaimpr_auc": gain, "relaimpr_auc_ci95": around(gain)} for name, gain in gains.items()
    }
    return {"label": "finish", "baseline": "base", "rankers": rankers, "pairs": pairs, **more}


def test_gain_loss_and_tie():
    assert verdict(results_of({"base": 0.0, "hour": -0.03, "naive": 0.005, "long": 0.04})) == [
        "long gains 4.00% AUC over base (95% interval +3.00% to +5.00%).",
        "hour loses 3.00% AUC over base (95% interval −4.00% to −2.00%).",
        "naive ties with base: the 95% interval of the difference in AUC holds 0.",
    ]


def test_several_that_tie():
    assert verdict(results_of({"base": 0.0, "hour": 0.001, "naive": 0.002})) == [
        "naive and hour tie with base: the 95% interval of the difference in AUC holds 0.",
        "Ties, the 95% interval of the difference in AUC holding 0: hour and naive.",
    ]


@pytest.mark.parametrize("gain", [0.01, -0.01])
def test_an_interval_that_touches_0_is_a_tie(gain):
    assert verdict(results_of({"base": 0.0, "hour": gain})) == [
        "hour ties with base: the 95% interval of the difference in AUC holds 0."
    ]


def test_the_verb_follows_the_interval_that_decides():
    results = results_of({"base": 0.0, "hour": -0.001})
    results["pairs"]["hour-base"]["auc"]["ci95"] = [0.001, 0.002]
    assert verdict(results)[0].startswith("hour gains")


def test_an_unknown_interval_is_neither_a_tie_nor_a_difference():
    assert verdict(results_of({"base": None, "hour": None, "naive": None})) == [
        "hour and naive cannot be compared with base: 'finish' has one class only."
    ]


def test_how_much_of_the_way_is_gone():
    results = results_of({"base": 0.0, "long": 0.04}, oracle={"auc": 0.8, "auc_ci95": [0.79, 0.81]})
    results["rankers"]["long"]["share_of_reachable"] = {"mean": 0.42, "ci95": [0.4, 0.5]}
    assert verdict(results)[-1] == (
        "The true probabilities reach an AUC of 0.8000; long goes 42% of the way there from base."
    )


def test_nothing_to_compare():
    assert verdict({}) == ["No ranker was evaluated."]
    assert verdict(results_of({"base": 0.0})) == ["Only base was run; there is nothing to compare it with."]
    assert verdict(results_of({"hour": 0.0, "naive": 0.0})) == [
        "There is no ranker named base to compare with; run it for gains.",
        "Ties, the 95% interval of the difference in AUC holding 0: hour and naive.",
    ]


def test_percent_and_is_above():
    assert [percent(0.5, digits=0), percent(-0.012345), percent(None)] == ["+50%", "−1.23%", "–"]
    assert [is_above([0.1, 0.2]), is_above([0.0, 0.2]), is_above([None, None])] == [True, False, False]
