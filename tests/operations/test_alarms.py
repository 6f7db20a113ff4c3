"""Warnings of what is set aside, while it can still be helped."""

from __future__ import annotations

import logging

import pytest

from interestclock.operations.alarms import Alarms


class Clock:
    """Stands still until it is moved."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_more_than_a_twentieth_is_told_with_the_remedy(caplog: pytest.LogCaptureFixture) -> None:
    alarms = Alarms()
    with caplog.at_level(logging.WARNING):
        assert alarms.look({"received": 1_000, "late_labels": 50, "orphan_labels": 51}) == ["orphan_labels"]
    assert caplog.messages[0].startswith(
        "of the newest 1000 messages, 51 are labels of exposures that never came, or"
    )


def test_it_looks_at_a_thousand_at_a_time_and_at_what_is_left() -> None:
    alarms = Alarms()
    assert alarms.look({"received": 999, "ahead": 999}) == []
    assert alarms.look({"received": 1_999, "ahead": 999}) == ["ahead"]
    assert alarms.look({"received": 2_009, "ahead": 999, "dead_letters": 1}, ended=True) == ["dead_letters"]
    assert alarms.look({"received": 2_009, "ahead": 999, "dead_letters": 1}, ended=True) == []


def test_labels_that_came_along_may_be_more_than_messages() -> None:
    assert Alarms().look({"received": 1_000, "given_labels_late": 3_000}) == ["given_labels_late"]


def test_what_came_after_its_partition_was_let_go_names_the_option(caplog: pytest.LogCaptureFixture) -> None:
    assert Alarms().look({"received": 1_000, "late_after_idle": 51}) == ["late_after_idle"]
    assert "silent for --idle-seconds" in caplog.text


def test_of_one_kind_it_warns_once_a_minute() -> None:
    clock = Clock()
    alarms = Alarms(monotonic_s=clock)
    assert alarms.look({"received": 1_000, "late_exposures": 900}) == ["late_exposures"]
    clock.now_s = 59.0
    assert alarms.look({"received": 2_000, "late_exposures": 1_800, "ahead": 100}) == ["ahead"]
    clock.now_s = 60.0
    assert alarms.look({"received": 3_000, "late_exposures": 2_700, "ahead": 200}) == ["late_exposures"]


def test_of_dead_letters_the_field_at_fault_is_named(caplog: pytest.LogCaptureFixture) -> None:
    alarms = Alarms()
    alarms.note(["item_id is missing"] * 3)
    alarms.note(f"labels finish {stars} is not 0 or 1" for stars in (4, 5, 3, 2))
    assert alarms.look({"received": 1_000, "dead_letters": 70}) == ["dead_letters"]
    assert caplog.messages == [
        "of the newest 1000 messages, 70 could not be read: dead-letters.jsonl says why; 4 of them are like "
        "this one: labels finish 4 is not 0 or 1"
    ]
    alarms.note(["zone 'Nihon' is not an IANA zone such as Europe/Berlin"])
    assert alarms._reasons.total() == 1  # those of before are told
