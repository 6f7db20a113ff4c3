"""How the columns of a log were read."""

from __future__ import annotations

from pathlib import Path

from interestclock.events import ColumnMapping, open_log
from interestclock.studies.column_readings import ColumnTally


def test_offsets_in_the_times_are_named_before_the_zone(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    path.write_text("user_id,item_id,timestamp_ms\n7,a,2024-01-01T08:00+02:00\n7,a,2024-01-01T08:00Z\n")
    source = open_log(path, mapping=ColumnMapping(zone="America/New_York", positive_only="play"))
    tally = ColumnTally(source)
    for chunk in source.chunks():
        tally.add(chunk)
    assert (
        tally.readings()[-1].column == "offsets in 'timestamp_ms' (50.0% of rows), else zone America/New_York"
    )
