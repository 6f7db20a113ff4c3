"""The hourly profile as a still picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from interestclock.evaluation.plots import hourly_profile
from interestclock.evaluation.profile_picture import profile_picture
from interestclock.evaluation.report_data import HourlyProfile

SVG = "{http://www.w3.org/2000/svg}"


def test_hours_stand_where_a_clock_of_24_hours_has_them() -> None:
    values, scores = [None] * 24, [0.0] * 24
    values[0], scores[0] = "<rock>", 4.0
    values[12], scores[12] = "jazz", 2.0
    one = HourlyProfile(user="7", attribute="genre", as_of_ms=0, values=values, scores=scores)
    drawn = ET.fromstring(profile_picture(hourly_profile(one), title="A day"))
    sectors = {path.find(f"{SVG}title").text: path.get("d") for path in drawn.iter(f"{SVG}path")}
    assert len(sectors) == 2
    for hour, right, reach in (("00:00", True, 190.0), ("12:00", False, 107.0)):
        text = next(text for text in sectors if text.startswith(hour))
        path = sectors[text]
        x, y = map(float, re.search(r"L([\d.]+) ([\d.]+)A", path).groups())
        assert (x > 230) == right
        assert (y < 270) == right
        assert f"A{reach} {reach} 0 0 1" in path
    assert {"<rock>", "jazz", "18:00"} <= {text.text for text in drawn.iter(f"{SVG}text")}
