"""A comparison as an object."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from small_comparison import RANKERS, TITLE

from interestclock.errors import ConfigError, ResultError
from interestclock.evaluation.report_data import Report
from interestclock.results import Comparison


def results_of(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_printed_it_takes_a_few_lines(comparison: Comparison, folder: Path) -> None:
    lines = repr(comparison).splitlines()
    row = results_of(folder)["rankers"]["hour+gaussian"]
    assert lines[0] == f"{TITLE}: 'finish', test part, 2 seeds"
    assert lines[3] == (f"  hour+gaussian  AUC {row['auc']['mean']:.4f}  UAUC {row['uauc']['mean']:.4f}")
    assert lines[4] == comparison.verdict[0]
    assert lines[5].startswith(f"Best: {comparison.best}, by the AUC of the validation part (0.")
    assert len(lines) == 6


def test_the_table_has_the_digits_that_are_written(comparison: Comparison, folder: Path) -> None:
    results = results_of(folder)
    for row in comparison.table().to_pylist():
        written = results["rankers"][row["ranker"]]
        for metric in ("auc", "uauc", "logloss"):
            assert row[metric] == written[metric]["mean"]
            assert [row[f"{metric}_low"], row[f"{metric}_high"]] == written[metric]["ci95"]
        assert row["relaimpr_auc"] == written["relaimpr_auc"]
        assert row["seconds"] == written["seconds"]
        for column, compared in (("gain_auc", "comparisons"), ("gain_auc_over_hour", "over_hour")):
            nothing = {"mean": None, "interval": [None, None]}
            gain = results[compared]["gains"].get(row["ranker"], nothing)
            assert [row[column], row[f"{column}_low"], row[f"{column}_high"]] == [
                gain["mean"],
                *gain["interval"],
            ]
        assert row["validation_auc"] == results["validation"][row["ranker"]]["auc"]["mean"]
        assert row["frozen_auc"] == results["frozen"][row["ranker"]]["auc"]["mean"]
    assert comparison.table()["ranker"].to_pylist() == list(RANKERS)
    over_hour = dict(zip(RANKERS, comparison.table()["gain_auc_over_hour"].to_pylist(), strict=True))
    assert [name for name, gain in over_hour.items() if gain is not None] == ["hour+gaussian"]


def test_pandas_gets_the_same_numbers(comparison: Comparison, folder: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = Comparison.open(folder, frames="pandas").table()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["auc"].tolist() == comparison.table()["auc"].to_pylist()


def test_the_best_is_chosen_where_the_figures_do_not_look() -> None:
    def row(auc: float) -> dict:
        return {"auc": {"mean": auc, "ci95": [auc, auc]}}

    results = {
        "rankers": {"base": row(0.9), "hour": row(0.8), "naive": row(0.8)},
        "validation": {"base": row(0.6), "hour": row(0.7), "naive": row(0.7)},
    }
    assert Comparison("nowhere", Report(title="a log", results=results)).best == "hour"


def test_printed_it_says_what_decides_behind_the_limits_of_the_log() -> None:
    one = {"mean": 0.7, "ci95": [0.6, 0.8]}
    row = dict.fromkeys(("auc", "uauc", "logloss"), one)
    results = {
        "label": "finish",
        "baseline": "base",
        "seeds": 1,
        "rankers": {"base": row},
        "validation": {"base": row},
        "log": {
            "read": 9,
            "used": 7,
            "duplicates": 2,
            "dead_letters": 0,
            "test_from_ms": 0,
            "last_ms": 60_000,
        },
    }
    lines = repr(Comparison("nowhere", Report(title="a log", results=results))).splitlines()
    assert lines[2].startswith("The test part lasts 0.0 hours")
    assert lines[3] == "Only base was run; there is nothing to compare it with."
    assert lines[4] == "Of the log: 2 of 9 rows are left out: 2 repeat an event"


def test_a_ranker_that_was_not_run_is_refused_with_those_that_were(comparison: Comparison) -> None:
    names = ", ".join(comparison.rankers)
    with pytest.raises(ConfigError, match=re.escape(f"no ranker named 'nobody' was run; there are {names}")):
        comparison.rankers["nobody"]


def test_a_report_without_a_folder_to_stand_in_is_refused(comparison: Comparison) -> None:
    with pytest.raises(
        ConfigError, match=r"^nowhere/report.html: there is no folder nowhere; make it first$"
    ):
        comparison.report("nowhere/report.html")
    with pytest.raises(ConfigError, match=r"is a folder; name a file in it$"):
        comparison.report(comparison.folder)


def test_the_report_is_the_one_that_was_written(comparison: Comparison, folder: Path, tmp_path: Path) -> None:
    comparison.report(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == (folder / "report.html").read_bytes()


def test_a_notebook_shows_tables_and_picture_and_nothing_from_elsewhere(comparison: Comparison) -> None:
    html = comparison._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    assert not re.search(r'(src|href|url\()\s*=?\s*["\']?https?:', html)
    assert "<svg" in html
    for name in RANKERS:
        assert f"</span>{name}</th>" in html


def test_the_picture_is_kept_as_svg(comparison: Comparison, folder: Path, tmp_path: Path) -> None:
    plot = comparison.plot()
    plot.save(tmp_path / "gains.svg")
    assert (tmp_path / "gains.svg").read_bytes() == (folder / "picture.svg").read_bytes()
    assert ET.fromstring(plot._repr_svg_()).tag.endswith("svg")
    assert repr(plot) == f'<Plot: {TITLE}; .save("picture.svg") keeps it>'
    with pytest.raises(ConfigError, match=r"gains\.png: a picture is kept as SVG; give a name that ends in"):
        plot.save(tmp_path / "gains.png")


def test_the_other_pictures_of_the_report_are_there_too(comparison: Comparison) -> None:
    curves = ET.fromstring(comparison.plot("curves")._repr_svg_())
    assert curves.get("aria-label") == f"{TITLE}: AUC over the stream"
    mood = ET.fromstring(comparison.plot("shares", attribute="mood").svg)
    assert mood.get("aria-label") == f"{TITLE}: mood over the day"
    assert comparison.plot("shares").title == f"{TITLE}: genre over the day"
    html = comparison._repr_html_()
    assert html.count("<svg") == 10
    with pytest.raises(
        ConfigError, match="has no picture 'day'; it has gains, hours, swing, curves, shares, profile, cost"
    ):
        comparison.plot("day")
    with pytest.raises(ConfigError, match="no attribute 'tempo' that feeds the clocks; there is genre, mood"):
        comparison.plot("shares", attribute="tempo")


@pytest.mark.parametrize(
    ("of", "title", "holds"),
    [
        ("hours", "AUC by local hour", "hour+gaussian"),
        ("swing", "swing of calibration", "from day to day"),
        ("profile", "the language of user", "00:00"),
        ("cost", "what each ranker took", "peak memory, MiB"),
    ],
)
def test_what_the_report_draws_is_a_picture(of: str, title: str, holds: str, comparison: Comparison) -> None:
    plot = comparison.plot(of)
    assert plot.title.startswith(f"{TITLE}: {title}")
    drawn = ET.fromstring(plot.svg)
    assert drawn.get("aria-label") == plot.title
    assert holds in [text.text for text in drawn.iter() if text.text]


@pytest.mark.parametrize(
    ("of", "why"),
    [
        ("hours", "has no AUC by hour; no hour has both a 1 and a 0"),
        ("swing", "has no swing; the log is too short, or has too few users"),
        ("curves", "has no learning curves; the log is too short for one"),
        ("profile", "has no hourly profile; no attribute feeds the clocks, or nobody has a past"),
        ("cost", "has no cost; no run was timed"),
    ],
)
def test_what_there_is_nothing_to_draw_of_says_why(of: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Comparison("nowhere", Report(title="a log", results={})).plot(of)


def test_another_process_reads_the_same(comparison: Comparison, folder: Path) -> None:
    code = f"from interestclock.results import Comparison; print(repr(Comparison.open({str(folder)!r})))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == f"{comparison!r}\n"


def test_kinds_of_frames_that_there_are_not_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no frames of the kind 'dask'; there are arrow, pandas, polars"):
        Comparison.open(folder, frames="dask")


def test_a_folder_without_a_comparison_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"holds no comparison: results\.json is missing; name a folder"):
        Comparison.open(tmp_path)
    for name in ("results.json", "config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(ResultError, match=r"report\.json is missing; .* compare again"):
        Comparison.open(tmp_path)
    (tmp_path / "report.json").write_text('{"title": 1}')
    with pytest.raises(ResultError, match=r"report\.json: key 'title': expected str, got int; compare again"):
        Comparison.open(tmp_path)
