"""Lines and areas without a script."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest

from interestclock.evaluation.plots import learning_curves
from interestclock.evaluation.share_plots import shares_over_day
from interestclock.evaluation.still_pictures import still_picture

SVG = "{http://www.w3.org/2000/svg}"
DAY_MS = 86_400_000


def drawn(figure: dict, title: str = "A log") -> ET.Element:
    return ET.fromstring(still_picture(figure, title=title))


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def lines_of(root: ET.Element) -> list[str]:
    """Paths of the lines, without what stands for them in the legend."""
    paths = [each.get("d") for each in root.iter(f"{SVG}path") if each.get("fill") == "none"]
    return [path for path in paths if "h20" not in path]


def test_curves_go_from_the_first_moment_to_the_last_and_the_highest_is_on_top() -> None:
    curves = {
        "base": [(0, 0.5), (DAY_MS, 0.6), (2 * DAY_MS, 0.7)],
        "a <b>": [(0, 0.5), (DAY_MS, math.nan), (2 * DAY_MS, 0.6)],
    }
    root = drawn(learning_curves(curves, baseline="base"), title="<log>")
    base, other = map(points, lines_of(root))
    assert [x for x, _ in base] == [72.0, 356.0, 640.0]
    assert [y for _, y in base] == sorted((y for _, y in base), reverse=True)
    assert base[1][1] == pytest.approx((base[0][1] + base[2][1]) / 2, abs=0.1)
    assert len(other) == 2
    assert other[-1][1] == base[1][1]
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert texts[0] == "<log>"
    assert {"base", "a <b>", "1970-01-01", "1970-01-03"} <= set(texts)


def test_a_line_without_a_value_in_the_middle_is_lifted() -> None:
    curve = {"base": [(0, 0.5), (1000, math.nan), (2000, 0.6)]}
    (line,) = lines_of(drawn(learning_curves(curve, baseline="base")))
    assert line.count("M") == 2


def test_areas_stand_on_top_of_each_other() -> None:
    root = drawn(shares_over_day({"rock": [0.75] * 24, "jazz": [0.25] * 24}))
    low, high = (points(each.get("d")) for each in root.iter(f"{SVG}path") if each.get("fill") != "none"
                 and each.get("fill"))  # fmt: skip
    assert {y for _, y in low} == {280.0, 112.0}  # from nothing to three quarters of 224 pixels
    assert {y for _, y in high} == {112.0, 56.0}
    texts = {each.text for each in root.iter(f"{SVG}text")}
    assert {"rock", "jazz", "00:00", "21:00", "100%"} <= texts


@pytest.mark.parametrize("auc", [0.5, math.nan])
def test_one_point_is_drawn(auc: float) -> None:
    assert drawn(learning_curves({"base": [(0, auc)]}, baseline="base")).tag == f"{SVG}svg"
