"""What a report shows goes through a file unchanged."""

from __future__ import annotations

import json
import math
from pathlib import Path

from interestclock.evaluation.report_data import HourlyProfile, Report, TopShares
from interestclock.studies.saved_report import read_report, save_report


def test_what_is_shown_is_read_as_it_was_written(tmp_path: Path) -> None:
    profile = HourlyProfile(
        user="7", attribute="genre", as_of_ms=5, values=["rock", *[None] * 23], scores=[0.1] * 24
    )
    report = Report(
        title="a log",
        results={"label": "finish"},
        curves={"base": [(1, 0.1 + 0.2), (2, math.nan)]},
        attribute_shares={"genre": {"rock": [1 / 3] * 24}},
        top_shares=TopShares(of_requests=False, shares={"genre": {"base": {"rock": [2 / 3] * 24}}}),
        hourly_profile=profile,
        notes=["one", "two"],
        configuration={"settings": {"seeds": 1}, "schema": {}},
        versions={"python": "3"},
    )
    save_report(tmp_path, report)
    (tmp_path / "results.json").write_text(json.dumps(report.results))
    config = dict(report.configuration) | {"versions": report.versions, "fingerprint": "x"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    read = read_report(tmp_path)
    (at_ms, auc), (last_ms, none) = read.curves["base"]
    assert (at_ms, auc, last_ms) == (1, 0.1 + 0.2, 2)
    assert math.isnan(none)
    for name in (
        "title",
        "results",
        "attribute_shares",
        "top_shares",
        "hourly_profile",
        "configuration",
        "versions",
    ):
        assert getattr(read, name) == getattr(report, name)
    assert list(read.notes) == ["one", "two"]
