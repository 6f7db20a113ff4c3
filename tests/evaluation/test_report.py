"""The page: whole, safe to open, and silent about what it lacks only in so many words."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from default_results import default_results
from plotly.offline import get_plotlyjs

from interestclock.defaults import DEFAULT_RANKERS
from interestclock.evaluation.exposures import Exposures
from interestclock.evaluation.report import write_report
from interestclock.evaluation.report_data import HourlyProfile, Report
from interestclock.evaluation.summary import summarise

HOSTILE = "</script><b onclick=\"x('&')\">"
EVENTS = 96


def results_of(*rankers, label="finish"):
    rng, rows = np.random.default_rng(0), np.arange(EVENTS)
    label_N = rng.integers(2, size=EVENTS)
    exposures = Exposures(
        user_N=rows % 4,
        request_N=rows // 3,
        timestamp_ms_N=rows,
        second_of_day_N=rows * 900,
        labels={label: label_N},
        truths={label: 0.2 + 0.6 * label_N},
    )
    runs = {ranker: [{label: rng.random(EVENTS)}] for ranker in rankers}
    results = summarise(exposures, runs, label=label, replicates=10)
    for row in results["rankers"].values():
        row |= {"seconds": 2.0, "samples_per_second": 48.0, "peak_rss_mib": 300.0}
    return results


def report_of(name="long", text="rock", label="finish"):
    shares = {text: {text: [0.6] * 24, **{f"{text}{n}": [0.04] * 24 for n in range(10)}}}
    values = [text, None] * 12
    return Report(
        title=f"A log {text}",
        results={**results_of("base", name, label=label), "log": {"users": 4, "where": text}},
        curves={"base": [(0, 0.5), (1000, float("nan"))], name: [(0, 0.6), (1000, 0.7)]},
        attribute_shares=shares,
        hourly_profile=HourlyProfile(
            user=text, attribute=text, as_of_ms=0, values=values, scores=[3.0, 0.0] * 12
        ),
        notes=[f"Two were sampled, {text}."],
        configuration={"sigma_hours": 1.0, text: text},
        versions={"torch": "2", text: text},
    )


class _Page(HTMLParser):
    """The elements of a page, the text outside scripts, and the figures inside one."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.scripts, self.open, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta"}:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        else:
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    @property
    def figures(self):
        return json.loads(self.scripts[1])


def written(path, report):
    write_report(path, report)
    page = _Page(path.read_text(encoding="utf-8"))
    assert page.open == []
    assert len(page.scripts) == 3
    return page


def places(page):
    return {attrs["id"] for tag, attrs in page.elements if tag == "div" and "id" in attrs}


def test_everything_is_shown(tmp_path):
    page = written(tmp_path / "report.html", report_of())
    assert set(page.figures) == places(page)
    assert set(page.figures) == {
        "by-hour", "swing", "curves", "shares-0", "dial", "cost-seconds", "cost-peak_rss_mib"
    }  # fmt: skip
    assert "Left out" not in page.text
    for words in ("RelaImpr AUC", "share of reachable", "Every pair", "Task “finish”", "Two were sampled"):
        assert words in page.text
    assert '"sigma_hours": 1.0' in page.text
    assert '"users": 4' in page.text


def test_everything_absent_is_said(tmp_path):
    page = written(tmp_path / "report.html", Report(title="A log", results={}))
    assert page.figures == {}
    assert "No ranker was evaluated." in page.text
    assert page.text.count("Left out:") == 6


@pytest.mark.parametrize("rankers", [["base"], ["hour", "long"]])
def test_a_lone_baseline_and_a_missing_one(tmp_path, rankers):
    page = written(tmp_path / "report.html", Report(title="A log", results=results_of(*rankers)))
    assert set(page.figures) == {"by-hour", "swing", "cost-seconds", "cost-peak_rss_mib"}


def test_metrics_without_a_value_are_dashes(tmp_path):
    rows = np.arange(3)
    exposures = Exposures(
        user_N=rows, request_N=rows, timestamp_ms_N=rows, second_of_day_N=rows, labels={"finish": rows * 0}
    )
    runs = {name: [{"finish": rows / 3}] for name in ("base", "long")}
    results = summarise(exposures, runs, label="finish", replicates=3)
    page = written(tmp_path / "report.html", Report(title="A log", results=results))
    assert "long cannot be compared with base: 'finish' has one class only." in page.text
    assert "–" in page.text
    assert not re.search(r"\bnan\b|\bNone\b", page.text)


def test_hostile_text_stays_text(tmp_path):
    harmless = written(tmp_path / "a.html", report_of())
    hostile = written(tmp_path / "b.html", report_of(name=HOSTILE, text=HOSTILE, label=HOSTILE))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in harmless.elements]
    assert not any(key.startswith("on") for _, attrs in hostile.elements for key in attrs)
    assert "onclick" in hostile.text
    assert "<" not in hostile.scripts[1]
    drawn = hostile.figures["dial"]["data"][0]["name"]
    assert drawn == "&lt;/script&gt;&lt;b onclick=\"x('&amp;')\"&gt;"


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "{% for x in y %}", "{# gone #}", "</title>{{ title }}"])
def test_templates_read_nothing_into_text(tmp_path, text):
    page = written(tmp_path / "a.html", report_of(name=text, text=text, label=text))
    harmless = written(tmp_path / "b.html", report_of())
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    assert page.text.count(text) >= 10


def test_text_plotly_draws_is_escaped_in_every_figure(tmp_path):
    figures = written(tmp_path / "b.html", report_of(name="<i>", text="<i>")).figures
    assert "<i>" not in json.dumps(figures)
    assert "&lt;i&gt;" in figures["by-hour"]["data"][2]["name"]
    assert "&lt;i&gt;" in figures["cost-seconds"]["data"][0]["y"][1]


def test_nothing_comes_from_the_network(tmp_path):
    path = tmp_path / "report.html"
    page = written(path, report_of())
    assert not any({"src", "href"} & set(attrs) for _, attrs in page.elements)
    assert not {"link", "img", "iframe"} & {tag for tag, _ in page.elements}
    ours = path.read_text(encoding="utf-8").replace(get_plotlyjs(), "")
    assert len(ours) < 60_000
    assert not re.search(r"https?:|//cdn|url\(|@import", ours)


def test_an_older_page_is_replaced_whole(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("older", encoding="utf-8")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_report(path, Report(title="A log", results={}, attribute_shares={"g": {"v": [np.nan] * 24}}))
    assert path.read_text(encoding="utf-8") == "older"
    write_report(path, Report(title="A log", results={}))
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]


def test_a_dial_has_24_hours():
    with pytest.raises(ValueError, match="a dial has 24 values and 24 scores, not 23 and 24"):
        HourlyProfile(user="7", attribute="genre", as_of_ms=0, values=[None] * 23, scores=[0.0] * 24)


def test_of_the_default_line_up_nine_lines_are_drawn_and_the_page_names_the_others(tmp_path):
    curves = {name: [(0, 0.5)] for name in DEFAULT_RANKERS}
    report = Report(title="A log", results=default_results(), curves=curves)
    page = written(tmp_path / "report.html", report)
    for name in ("by-hour", "curves"):
        lines = [trace for trace in page.figures[name]["data"] if trace["type"] == "scatter"]
        assert [trace["visible"] for trace in lines].count(True) == 9
        assert len(lines) == 14
    assert page.text.count("Left out: naive, adaptive, gaussian, longterm, routine. A click on a name") == 2
