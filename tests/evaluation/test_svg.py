"""The still picture."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree as ET

import pytest
from default_results import default_results
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import ResultError
from interestclock.evaluation import svg
from interestclock.evaluation.svg import write_picture

SVG = "{http://www.w3.org/2000/svg}"
ANCHORS = {"start": 0, "middle": 0.5, "end": 1}


def results_of(gains, hours=None):
    rankers = {
        name: {
            "relaimpr_auc": gain,
            "relaimpr_auc_ci95": gain if gain is None else [gain - 0.01, gain + 0.01],
        }
        for name, gain in gains.items()
    }
    by_hour = {"rankers": {name: {"auc": hours} for name in gains}} if hours else None
    return {"baseline": "base", "rankers": rankers, "by_hour": by_hour}


def drawn(path, results, title="A log"):
    write_picture(path, results, title=title)
    return ET.fromstring(path.read_text(encoding="utf-8"))


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def test_gains_with_intervals_and_hours(tmp_path):
    hours = [0.6] * 12 + [None] + [0.7] * 11
    root = drawn(tmp_path / "a.svg", results_of({"base": 0.0, "long": 0.02, "hour": -0.01}, hours))
    shown = texts(root)
    assert {"A log", "long", "+2.00%", "+1.00% to +3.00%", "−1.00%", "AUC by local hour of the day"} <= set(
        shown
    )
    lines = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("fill") == "none"]
    assert [line.count("M") for line in lines if line.count("L") > 5] == [2, 2, 2]
    assert list(tmp_path.iterdir()) == [tmp_path / "a.svg"]


@pytest.mark.parametrize("hours", [None, [None] * 24])
def test_without_hours_the_picture_is_shorter(tmp_path, hours):
    gains = {"base": 0.0, "long": 0.02}
    short = drawn(tmp_path / "a.svg", results_of(gains, hours))
    tall = drawn(tmp_path / "b.svg", results_of(gains, [0.6] * 24))
    assert int(short.get("height")) < int(tall.get("height"))
    assert "AUC by local hour of the day" not in texts(short)


def test_a_ranker_without_a_gain_is_left_out(tmp_path):
    shown = texts(drawn(tmp_path / "a.svg", results_of({"base": 0.0, "long": 0.02, "hour": None})))
    assert "long" in shown
    assert "hour" not in shown


def test_hostile_text_stays_text(tmp_path):
    hostile = "</text><script>\"x'&\x00\x0b\ud800"
    root = drawn(tmp_path / "a.svg", results_of({"base": 0.0, hostile: 0.02}, [0.6] * 24), title=hostile)
    assert not list(root.iter(f"{SVG}script"))
    assert texts(root)[0] == root.get("aria-label") == "</text><script>\"x'&\ufffd\ufffd\ufffd"


@given(st.text())
def test_any_title_is_well_formed(title):
    root = ET.fromstring(svg.picture(results_of({"base": 0.0, f"long {title}": 0.02}), title=title))
    assert root.tag == f"{SVG}svg"


@pytest.mark.parametrize("gains", [{}, {"base": 0.0}, {"base": 0.0, "long": None}])
def test_nothing_to_draw_is_refused(tmp_path, gains):
    with pytest.raises(ResultError, match="no ranker has a gain over the baseline to draw"):
        write_picture(tmp_path / "a.svg", results_of(gains), title="A log")
    assert list(tmp_path.iterdir()) == []


def test_what_is_added_to_an_hour_embedding_is_a_panel_of_its_own(tmp_path):
    results = results_of({"base": 0.0, "hour": 0.02, "hour+long": 0.03})
    results["rankers"]["hour"]["auc"] = {"mean": 0.5}
    results["over_hour"] = {"baseline": "hour", "gains": {"hour+long": {}}}
    results["pairs"] = {"hour+long-hour": {"auc": {"mean": 0.01, "ci95": [0.005, 0.015]}}}
    shown = texts(drawn(tmp_path / "a.svg", results))
    assert shown.count("hour+long") == 2
    assert {"+2.00%", "+1.00% to +3.00%"} <= set(shown)
    assert sum("added to an hour embedding" in each for each in shown) == 1


def test_of_the_default_line_up_nine_are_drawn_by_hour_and_the_rest_named(tmp_path):
    root = drawn(tmp_path / "a.svg", default_results())
    lines = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("fill") == "none"]
    assert sum(line.count("L") > 5 for line in lines) == 9
    below = " ".join(texts(root)[-2:])
    assert below.startswith("9 of 14 rankers are drawn: what others are compared with, and the highest AUC.")
    assert below.endswith("Left out: naive, adaptive, gaussian, longterm, routine.")


def test_nothing_of_the_default_line_up_lies_on_another_or_outside(tmp_path):
    root = drawn(tmp_path / "a.svg", default_results())
    spans = {}
    for element in root.iter(f"{SVG}text"):
        wide = len(element.text) * float(element.get("font-size")) * 0.62  # a wide font
        left = float(element.get("x")) - wide * ANCHORS[element.get("text-anchor")]
        spans.setdefault(element.get("y"), []).append((left, left + wide))
    for row in map(sorted, spans.values()):
        assert row[0][0] >= 0
        assert row[-1][1] <= 920
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(row))
    assert max(float(y) for y in spans) < int(root.get("height"))
