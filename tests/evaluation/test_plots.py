"""Figures as plotly will draw them."""

from __future__ import annotations

import math

import pytest
from plotly.graph_objects import Figure

from interestclock.defaults import DEFAULT_RANKERS
from interestclock.evaluation import plots
from interestclock.evaluation.palette import BASELINE_COLOUR, CYCLE, OTHER_COLOUR, colours
from interestclock.evaluation.report_data import HourlyProfile
from interestclock.evaluation.share_plots import first_shares_over_day, shares_over_day

VALUES = ["rock", None, "pop", "rock"] * 6
DIAL = HourlyProfile(user="7", attribute="genre", as_of_ms=0, values=VALUES, scores=[1.0, 0, 2.0, 3.0] * 6)
BY_HOUR = {"positives": [3] * 24, "rankers": {"base": {"auc": [0.5] * 24}, "long": {"auc": [None] * 24}}}


@pytest.mark.parametrize(
    "figure",
    [
        plots.auc_by_hour(BY_HOUR, baseline="base", hidden=["long"]),
        plots.learning_curves({"base": [(0, 0.5)]}, baseline="base"),
        shares_over_day({"rock": [0.5] * 24, "pop": [0.5] * 24}),
        plots.hourly_profile(DIAL),
        plots.cost({"base": {"seconds": 1.0}, "long": {}}, "seconds", title="s", baseline="base"),
    ],
)
def test_plotly_knows_every_property(figure):
    Figure(figure)


def test_every_hour_of_the_dial_stands_once_midnight_first():
    sectors = plots.hourly_profile(DIAL)["data"]
    assert [sector["name"] for sector in sectors] == ["pop", "rock"]
    assert sorted(angle for sector in sectors for angle in sector["theta"]) == [
        15 * hour + 7.5 for hour in range(24) if VALUES[hour]
    ]
    assert sectors[1]["text"][0] == "00:00–01:00"
    assert sectors[1]["r"][:2] == [1.0, 3.0]


def test_the_small_shares_are_summed():
    shares = {f"v{number}": [number / 100] * 24 for number in range(11)}
    areas = shares_over_day(shares)["data"]
    assert [area["name"] for area in areas] == [*(f"v{number}" for number in range(10, 2, -1)), "other (3)"]
    assert areas[-1]["y"] == pytest.approx([0.03] * 24)
    assert areas[-1]["fillcolor"] == OTHER_COLOUR


def test_a_window_of_one_class_is_a_gap():
    line = plots.learning_curves({"base": [(0, 0.5), (86_400_000, math.nan)]}, baseline="base")["data"][0]
    assert line["y"] == [0.5, None]
    assert line["x"][1] == "1970-01-02 00:00:00"


def test_quotes_are_left_as_plotly_shows_them():
    assert shares_over_day({'12" & <b>': [1.0] * 24})["data"][0]["name"] == '12" &amp; &lt;b&gt;'


def test_a_ranker_keeps_its_colour_and_the_baseline_is_grey():
    given = colours(["hour", "base", *(f"r{number}" for number in range(len(CYCLE)))], baseline="base")
    assert given["base"] == BASELINE_COLOUR
    assert list(given.values())[2:-1] == list(CYCLE[1:])
    assert given[f"r{len(CYCLE) - 1}"] == given["hour"] == CYCLE[0]


def test_rankers_of_the_default_line_up_have_a_colour_each():
    assert len(set(colours(DEFAULT_RANKERS, baseline="base").values())) == len(DEFAULT_RANKERS)


def test_a_hidden_line_stands_in_the_legend():
    lines = plots.auc_by_hour(BY_HOUR, baseline="base", hidden=["long"])["data"][1:]
    assert [line["visible"] for line in lines] == [True, "legendonly"]
    (line,) = plots.learning_curves({"base": [(0, 0.5)]}, baseline="base", hidden=["base"])["data"]
    assert line["visible"] == "legendonly"


def test_one_ranker_at_a_time_in_the_colours_of_what_was_shown():
    shown = {"pop": [0.7] * 24, "rock": [0.3] * 24}
    first = {"base": {"pop": [0.2] * 24, "rock": [0.8] * 24}, "a<b": {"pop": [0.0] * 24, "rock": [1.0] * 24}}
    figure = first_shares_over_day(first, like=shown, shown="a<b")
    colour = {area["name"]: area["fillcolor"] for area in shares_over_day(shown)["data"]}
    assert [(area["name"], area["visible"], area["stackgroup"]) for area in figure["data"]] == [
        ("pop", False, "base"), ("rock", False, "base"), ("pop", True, "a<b"), ("rock", True, "a<b")
    ]  # fmt: skip
    assert all(area["fillcolor"] == colour[area["name"]] for area in figure["data"])
    (menu,) = figure["layout"]["updatemenus"]
    assert menu["active"] == 1
    assert [(button["label"], button["args"]) for button in menu["buttons"]] == [
        ("base", [{"visible": [True, True, False, False]}]),
        ("a&lt;b", [{"visible": [False, False, True, True]}]),
    ]
    Figure(figure)  # plotly knows every key
