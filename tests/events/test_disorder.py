"""Of rows that are days out of order it is said what the columns look like, and not how much to allow."""

from __future__ import annotations

from pathlib import Path

import pytest

from interestclock.errors import LatenessError
from interestclock.events import ColumnMapping, open_log

BASE_S = 1_700_000_000


def refusal(folder: Path, rows: list[tuple[object, object, object]], **keys: object) -> str:
    path = folder / "log.csv"
    path.write_text("u,i,t\n" + "".join(f"{user},{item},{time}\n" for user, item, time in rows))
    mapping = ColumnMapping(
        zone="UTC", positive_only="play", **{"user": "u", "item": "i", "time": "t", **keys}
    )
    with pytest.raises(LatenessError) as refused:
        list(open_log(path, mapping=mapping).chunks())
    return str(refused.value)


ROWS = [(f"7{row % 12:02}", f"9{row % 20:02}", BASE_S + 1_800 * row) for row in range(600)]


def test_users_and_times_interchanged(tmp_path: Path) -> None:
    swapped = [(f"{user}00000", item, time) for user, item, time in ROWS]
    said = refusal(tmp_path, swapped, user="t", time="u")
    assert "lateness-minutes" not in said
    assert "'t' reads as times, and 'u' does not: are they interchanged?" in said
    assert f"'u' holds 70000000, 70100000, 70200000, 't' holds {BASE_S}, {BASE_S + 1_800}" in said


def test_a_log_in_order_of_users(tmp_path: Path) -> None:
    said = refusal(tmp_path, sorted(ROWS))
    assert "lateness-minutes" not in said
    assert "the log is not in order of time. Sort it first: duckdb -c" in said
    assert "If 't' is not its time, name another column (--time)" in said
    assert "interchanged" not in said


def test_what_is_late_by_less_than_a_day_can_be_allowed(tmp_path: Path) -> None:
    for minutes, allowed in ((1_440, True), (1_441, False)):
        rows = [(1, 2, BASE_S + 60 * minutes), (1, 2, BASE_S)]
        assert (f"at least --lateness-minutes {minutes})" in refusal(tmp_path, rows)) == allowed
