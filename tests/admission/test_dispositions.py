"""Dispositions are written down as numbers, which therefore stay."""

from __future__ import annotations

from interestclock.admission import Disposition


def test_a_number_keeps_its_word() -> None:
    assert {each.name.lower(): each.value for each in Disposition} == {
        "used": 0,
        "late": 1,
        "late_after_idle": 2,
        "ahead": 3,
        "duplicate": 4,
        "orphan": 5,
        "dead": 6,
        "in_archive": 7,
        "erased": 8,
    }
