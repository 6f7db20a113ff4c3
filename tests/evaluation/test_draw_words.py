"""What is said of sampled candidates, and of choices ranked among many."""

from __future__ import annotations

import pytest

from interestclock.evaluation.draw_words import draw_words, ranked_words
from interestclock.evaluation.ranked_table import ranked_lead, ranked_table

RANKED = {
    "places": 10,
    "candidates": 199,
    "choices": {"validation": 1_900, "test": 2_000},
    "with_fewer": {"validation": 3, "test": 2},
    "rankers": {
        "base": {"mean": 0.3, "ci95": [0.28, 0.32], "seeds": [0.3], "over": {}},
        "hour": {
            "mean": 0.35,
            "ci95": [0.33, 0.37],
            "seeds": [0.35],
            "over": {"base": {"mean": 0.05, "ci95": [0.03, 0.07]}},
        },
    },
    "validation": {"base": {"mean": 0.2, "ci95": [0.1, 0.3]}, "hour": {"mean": 0.25, "ci95": [0.2, 0.3]}},
    "comparisons": {"base": {"gains": {"hour": {"interval": [-0.01, 0.11]}}}},
}


def gains(**intervals: tuple[float, float]) -> dict:
    return {
        "gains": {
            name: {"interval": list(interval), "detectable": 0.123} for name, interval in intervals.items()
        }
    }


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (
            {"by_popularity": 2, "from_own_past": 2, "own_past": "all-time"},
            "Candidates were sampled beside each choice: 2 by popularity and 2 from the user's own past, "
            "each in "
            "proportion to how often it was chosen; a gain is the ranker's, and not the draw's, where it "
            "holds "
            "under other draws, too: compare again with --candidates-own-past recent and with "
            "--candidates-from-own-past 0 --candidates-by-popularity 4.",
        ),
        (
            {"by_popularity": 0, "from_own_past": 3, "own_past": "recent"},
            "Candidates were sampled beside each choice: 3 from the user's own past, of which the newest "
            "choices "
            "more often; a gain is the ranker's, and not the draw's, where it holds under other draws, too: "
            "compare again with --candidates-own-past all-time and with --candidates-from-own-past 0 "
            "--candidates-by-popularity 4.",
        ),
        (
            {"by_popularity": 4, "from_own_past": 0, "own_past": "all-time"},
            "Candidates were sampled beside each choice: 4 by popularity; a gain is the ranker's, and not "
            "the "
            "draw's, where it holds under other draws, too: compare again with --candidates-own-past "
            "all-time "
            "--candidates-from-own-past 2 and with --candidates-own-past recent --candidates-from-own-past "
            "2.",
        ),
    ],
)
def test_the_draw_is_named_and_the_others(drawn: dict, said: str) -> None:
    assert draw_words({"candidates": drawn, "rankers": {"base": {}, "hour": {}}}) == [said]
    assert draw_words({"candidates": drawn, "rankers": {"base": {}}}) == []


def test_where_nothing_was_sampled_nothing_is_said() -> None:
    assert draw_words({}) == []


def test_gains_that_show_among_many_and_gains_that_do_not() -> None:
    results = {
        "comparisons": {"baseline": "base"} | gains(hour=(0.1, 0.2), routine=(0.1, 0.2), naive=(-0.1, 0.2)),
        "over_hour": {"baseline": "hour"} | gains(both=(0.1, 0.2)),
        "ranked": RANKED
        | {
            "comparisons": {
                "base": gains(hour=(0.01, 0.2), routine=(-0.01, 0.2), naive=(0.1, 0.2)),
                "hour": gains(both=(-0.2, -0.1)),
            }
        },
    }
    assert ranked_words(results) == [
        "The gain in AUC of hour over base shows in hit@10 among 200 candidates (2,000 choices), too.",
        "The gain in AUC of routine over base cannot be told in hit@10 among 200 candidates (2,000 "
        "choices), which would "
        "show "
        "0.123 or more; it may be the draw's.",
        "The gain in AUC of both over hour is a loss in hit@10 among 200 candidates (2,000 choices): it is "
        "the draw's, and "
        "not the "
        "ranker's.",
    ]


def test_without_a_gain_there_is_none_to_look_for() -> None:
    results = {"comparisons": {"baseline": "base"} | gains(hour=(-0.1, 0.2)), "ranked": RANKED}
    assert ranked_words(results) == ranked_words({"comparisons": {}}) == []


def test_the_table_has_what_each_is_above_others() -> None:
    table = ranked_table(RANKED, baseline="base")
    assert table.heads == ("ranker", "hit@10", "hit@10 − base", "validation hit@10")
    base, hour = table.rows
    assert [cell.figure for cell in base.cells] == ["0.3000", "–", "0.2000"]
    assert [cell.figure for cell in hour.cells] == ["0.3500", "+0.0500", "0.2500"]
    assert hour.cells[1].tone == "tie"  # over all comparisons and seeds
    assert ranked_lead(RANKED) == (
        "How often a choice is among the first 10 of its list: 2,000 choices of the test part (1,900 of the "
        "validation part), each among 199 candidates drawn as training's are, as of its moment; 5 had "
        "fewer, for "
        "want of a past. Who guesses has 0.050. Coloured: the interval over all comparisons and seeds "
        "excludes 0."
    )
