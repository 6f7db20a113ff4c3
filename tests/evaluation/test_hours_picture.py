"""Bars of a day's hours."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from interestclock.evaluation.hours_picture import hours_picture

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_high_as_their_counts() -> None:
    root = ET.fromstring(hours_picture([0, 50, 100, *[25] * 21], title="Events <of> & \x00 a day"))
    heights = [float(bar.get("height")) for bar in root.iter(f"{SVG}rect") if bar.get("width") == "20"]
    assert heights == [0.0, 72.0, 144.0, *[36.0] * 21]
    assert root.get("aria-label") == "Events <of> & \ufffd a day"
    assert "02:00 to 02:59: 100" in [each.text for each in root.iter(f"{SVG}title")]


def test_a_day_without_events_has_bars_of_no_height() -> None:
    root = ET.fromstring(hours_picture([0] * 24, title="nothing"))
    assert {bar.get("height") for bar in root.iter(f"{SVG}rect") if bar.get("width") == "20"} == {"0.0"}


def test_a_day_has_24_hours() -> None:
    with pytest.raises(ValueError, match="a day has 24 hours, not 3; give a count of each"):
        hours_picture([1, 2, 3], title="a day")
