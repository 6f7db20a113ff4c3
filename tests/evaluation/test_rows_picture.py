"""Costs and swing as still pictures."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from interestclock.evaluation.plots import cost
from interestclock.evaluation.rows_picture import rows_picture
from interestclock.evaluation.swing_plot import swing_of_calibration

SVG = "{http://www.w3.org/2000/svg}"


def test_a_bar_is_as_long_as_its_value() -> None:
    rankers = {"base": {"seconds": 2.0}, "<b>": {"seconds": 1.0}, "never timed": {}}
    figure = cost(rankers, "seconds", title="seconds", baseline="base")
    drawn = ET.fromstring(rows_picture({"seconds": figure}, title="Cost & more"))
    _, *bars = drawn.iter(f"{SVG}rect")
    assert [float(bar.get("width")) for bar in bars] == [460.0, 230.0]
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"Cost & more", "base", "<b>", "never timed", "2.0"} <= set(texts)


def test_a_dot_stands_in_its_interval_and_beside_the_other() -> None:
    hour = {"mean": 0.1, "ci95": [0.05, 0.2]}
    day = {"mean": 0.0, "ci95": [None, None]}
    figure = swing_of_calibration({"base": {"calibration": {"by_hour": hour, "by_day": day}}})
    drawn = ET.fromstring(rows_picture({"swing": figure}, title="Swing"))
    of_hour, of_day = [dot for dot in drawn.iter(f"{SVG}circle") if dot.find(f"{SVG}title") is not None]
    assert (of_hour.get("cx"), of_day.get("cx")) == ("450.0", "220.0")  # half way to 0.2, and at 0
    assert float(of_day.get("cy")) - float(of_hour.get("cy")) == 10
    lines = [path.get("d") for path in drawn.iter(f"{SVG}path")]
    assert f"M335.0 {of_hour.get('cy')}L680.0 {of_hour.get('cy')}" in lines
    assert {"10%", "by hour of the day"} <= {text.text for text in drawn.iter(f"{SVG}text")}


def test_nothing_but_zeros_is_drawn() -> None:
    figure = cost({"base": {"seconds": 0.0}}, "seconds", title="seconds", baseline="base")
    drawn = ET.fromstring(rows_picture({"seconds": figure}, title="Cost"))
    assert [bar.get("width") for bar in drawn.iter(f"{SVG}rect")][1:] == ["0.0"]
