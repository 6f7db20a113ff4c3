"""An inspection as an object."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from small_comparison import lines_with_context

from interestclock.errors import ConfigError
from interestclock.events import ColumnMapping, LabelColumn, open_log
from interestclock.results import Inspection
from interestclock.studies import inspect_log
from interestclock.studies.inspect_sheets import columns_sheet, labels_sheet, overview_sheet

TITLE = "my <plays> & more"


@pytest.fixture(scope="module")
def inspection(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    path = tmp_path_factory.mktemp("inspected") / "plays.csv"
    path.write_text(lines_with_context(300).replace("genre 3", "<b>soul</b>"))
    mapping = ColumnMapping(user="uid", item="song", time="at", zone="Europe/Berlin").with_options(
        labels=["finish"], attributes=["genre"], categorical=["device"], numeric=["age"]
    )
    return Inspection(inspect_log(open_log(path, mapping=mapping)), title=TITLE)


def test_printed_it_takes_a_few_lines(inspection: Inspection) -> None:
    lines = repr(inspection).splitlines()
    assert lines[0] == f"{TITLE}: 300 events, 7 users, 16 items, 2023-11-14 to 2023-11-21"
    assert lines[1:5] == [f"- {sentence}" for sentence in inspection.verdict]
    assert len(lines) <= 6


def test_rows_that_were_left_out_are_remarked(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    path.write_text("user_id,item_id,timestamp_ms\n7,a,0\n7,a,0\n7,b,never\n7,c,90000000\n")
    mapping = ColumnMapping(zone="UTC", positive_only="play")
    source = open_log(path, mapping=mapping, dead_letters=tmp_path / "dead.jsonl")
    found = Inspection(inspect_log(source), title="plays")
    said = "2 of 4 rows are left out: 1 repeats an event, 1 cannot be used (dead letters)"
    assert found.remarks[0] == said
    assert f"- {said}" in repr(found).splitlines()


def test_rows_that_were_merged_are_not_left_out(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    path.write_text("user_id,item_id,timestamp_ms,play\n7,a,0,1\n7,a,0,\n7,b,60000,1\n7,c,90000000,0\n")
    labels = {"play": LabelColumn(column="play")}
    mapping = ColumnMapping(zone="UTC", labels=labels, duplicates="merge")
    found = Inspection(inspect_log(open_log(path, mapping=mapping)), title="plays")
    assert found.found.counts.merged == 1
    assert not any("left out" in remark for remark in found.remarks)
    assert any("merged with it" in remark for remark in found.remarks)


def test_a_report_without_a_folder_to_stand_in_is_refused(inspection: Inspection) -> None:
    with pytest.raises(
        ConfigError, match=r"^nowhere/report.html: there is no folder nowhere; make it first$"
    ):
        inspection.report("nowhere/report.html")
    with pytest.raises(ConfigError, match="there is no folder nowhere"):
        inspection.plot().save("nowhere/hours.svg")


def test_its_tables_have_what_was_found(inspection: Inspection) -> None:
    found = inspection.found
    assert inspection.table("hours")["events"].to_pylist() == list(found.events_by_hour)
    assert inspection.table("labels").to_pylist() == [
        {"label": "finish", "positive": found.labels["finish"].positive, "missing": 0.0}
    ]
    assert inspection.table()["column"].to_pylist() == [each.column for each in found.columns]
    told = inspection.table("forecast").to_pylist()
    assert [row["question"] for row in told] == ["over_no_time", "over_hour", "own_past"]
    assert told[2]["verdict"] == found.forecast.own_past.verdict
    assert told[2]["reason"] == found.forecast.own_past.reason
    bits = found.hour_information["genre"]
    assert inspection.table("information").to_pylist() == [
        {
            "attribute": "genre",
            "values": bits.values,
            "bits_overall": bits.overall_bits,
            "bits_within": bits.within_users.bits,
            "bits_low": bits.within_users.low,
            "bits_high": bits.within_users.high,
        }
    ]


def test_tables_may_be_frames_of_pandas(inspection: Inspection) -> None:
    pytest.importorskip("pandas")
    frame = Inspection(inspection.found, title="plays", frames="pandas").table("hours")
    assert frame["events"].sum() == 300


def test_a_notebook_and_a_report_show_all_of_it_and_escape_it(inspection: Inspection, tmp_path: Path) -> None:
    inspection.report(tmp_path / "report.html")
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    for html in (inspection._repr_html_(), written):
        assert "my &lt;plays&gt; &amp; more" in html
        assert "&lt;b&gt;soul&lt;/b&gt;" in html
        assert "<plays>" not in html
        assert "<b>" not in html
        assert "<script" not in html
        assert not re.search(r'(src|href)=["\']?https?:', html)
        assert "<svg" in html
        for sheet in (columns_sheet, overview_sheet, labels_sheet):
            for row in sheet(inspection.found).rows:
                assert f">{row[0]}<" in html
                assert f"<td>{row[-1]}</td>" in html
    assert written.startswith("<!doctype html>")


def test_its_picture_shows_the_hours(inspection: Inspection, tmp_path: Path) -> None:
    inspection.plot().save(tmp_path / "hours.svg")
    assert ET.parse(tmp_path / "hours.svg").getroot().get("aria-label") == f"{TITLE}: events by local hour"


def test_a_table_that_there_is_not_is_refused(inspection: Inspection) -> None:
    parts = "columns, labels, hours, information, forecast"
    with pytest.raises(ConfigError, match=f"no table 'users'; it has {parts}"):
        inspection.table("users")
