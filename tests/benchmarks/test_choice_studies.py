"""Whose a gain is: what the two studies of logs of choices make of comparisons."""

from __future__ import annotations

import routine_parts
import samplers

from interestclock.samples import CandidateConfig


def results(**gains):
    """A comparison: each ranker's gain over the hour, 0.002 to both sides."""
    names = {name.replace("_", "+"): value for name, value in gains.items()}
    return {
        "pairs": {
            f"{name}-hour": {"auc": {"mean": gain, "ci95": [gain - 0.002, gain + 0.002]}}
            for name, gain in names.items()
        }
    }


def test_a_gain_that_vanishes_under_one_draw_is_the_samplers():
    table = samplers.lines(
        {
            "all time": results(hour_gaussian=0.001, hour_longterm=0.01, hour_routine=0.02),
            "recent": results(hour_gaussian=-0.01, hour_longterm=0.001, hour_routine=0.01),
        }
    )
    assert table[0] == "| AUC − hour | all time | recent | the gain is |"
    assert [row.split("|")[-2].strip() for row in table[2:]] == [
        "not there",
        "the sampler's: gone under recent",
        "the ranker's",
    ]
    assert "+0.0200 (+0.0180 to +0.0220)" in table[4]


def test_a_gain_that_vanishes_among_many_candidates_is_the_samplers():
    draw = results(hour_gaussian=0.01, hour_longterm=0.01, hour_routine=0.02)
    hits = {"hour+gaussian": 0.01, "hour+longterm": -0.01, "hour+routine": 0.001}
    draw["ranked"] = {
        "rankers": {
            name: {"over": {"hour": {"mean": gain, "ci95": [gain - 0.002, gain + 0.002]}}}
            for name, gain in hits.items()
        }
    }
    table = samplers.lines({"all time": draw})
    assert table[0] == "| AUC − hour | all time | all time: hit@10 | the gain is |"
    assert [row.split("|")[-2].strip() for row in table[2:]] == [
        "the ranker's",
        "the sampler's: gone under all time: hit@10",
        "the sampler's: gone under all time: hit@10",
    ]


def test_the_three_draws_offer_equally_many():
    assert {each.per_choice for each in samplers.SAMPLERS.values()} == {CandidateConfig().per_choice}


def test_the_time_of_day_is_what_the_better_timeless_ranker_lacks():
    auc = {name: {"auc": {"mean": 0.8}} for name in ("hour", routine_parts.WHOLE)}
    worse, better = routine_parts.TIMELESS
    auc |= {worse: {"auc": {"mean": 0.79}}, better: {"auc": {"mean": 0.81}}}
    gains = {name: {"auc": {"mean": 0.01, "ci95": [0.0, 0.02]}} for name in auc}
    pairs = {f"{name}-hour": one for name, one in gains.items()}
    pairs[f"{routine_parts.WHOLE}-{better}"] = {"auc": {"mean": -0.003, "ci95": [-0.005, -0.001]}}
    table = routine_parts.lines({"rankers": auc, "pairs": pairs})
    assert table[2] == "| hour | 0.8000 | – |"
    assert table[-1].startswith(f"The time of day adds -0.0030 (-0.0050 to -0.0010) to {better}")
