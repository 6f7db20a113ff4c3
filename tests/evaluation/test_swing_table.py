"""The table and the picture of swing."""

from __future__ import annotations

from plotly.graph_objects import Figure

from interestclock.evaluation.swing_plot import swing_of_calibration
from interestclock.evaluation.swing_table import LABELS, swing_table


def one(mean, ci95, apart=None):
    return {"mean": mean, "ci95": ci95, "over_base": apart and {"mean": sum(apart) / 2, "ci95": apart}}


NONE = one(None, [None, None])
RANKERS = {
    "base": {"calibration": {"by_hour": one(0.1, [0.08, 0.12]), "by_day": NONE},
             "prediction": {"by_hour": one(0.05, [0.04, 0.06]), "by_day": NONE}},
    "<hour>": {"calibration": {"by_hour": one(0.15, [0.13, 0.17], [0.01, 0.09]), "by_day": NONE},
               "prediction": {"by_hour": one(0.03, [0.02, 0.04], [-0.03, -0.01]), "by_day": NONE}},
}  # fmt: skip
SWING = {"labels": {"by_hour": one(0.2, [0.1, 0.3]), "by_day": NONE}, "rankers": RANKERS}


def test_the_labels_come_first():
    labels = swing_table(SWING, baseline="base").rows[0]
    assert (labels.name, labels.colour) == (LABELS, None)
    assert [cell.figure for cell in labels.cells] == ["–", "–", "20.0%", "–"]


def test_what_swings_more_than_the_baseline_is_worse():
    table = swing_table(SWING, baseline="base")
    base, hour = table.rows[1:]
    assert len(table.heads) == 1 + len(hour.cells)
    assert base.cells[0].small == ("8.0% to 12.0%",)
    assert hour.cells[0].small == ("13.0% to 17.0%", "over base +1.0% to +9.0%")
    assert [cell.tone for cell in hour.cells] == ["down", "", "up", ""]


def test_a_difference_about_0_is_a_tie():
    tied = {"labels": SWING["labels"], "rankers": {"hour": {
        "calibration": {"by_hour": one(0.1, [0, 0.2], [-0.1, 0.1]), "by_day": NONE},
        "prediction": {"by_hour": NONE, "by_day": NONE},
    }}}  # fmt: skip
    assert swing_table(tied, baseline="base").rows[1].cells[0].tone == "tie"


def test_the_picture_has_a_dot_and_an_interval_for_each_ranker():
    figure = swing_of_calibration(RANKERS)
    Figure(figure)
    hours, days = figure["data"]
    assert hours["y"] == ["base", "&lt;hour&gt;"]
    assert hours["x"] == [0.1, 0.15]
    assert [round(one, 6) for one in hours["error_x"]["array"]] == [0.02, 0.02]
    assert days["x"] == [None, None]
    assert days["error_x"]["arrayminus"] == [0.0, 0.0]
