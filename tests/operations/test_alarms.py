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
