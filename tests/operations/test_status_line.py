"""The status line on a terminal, on one that is dumb, and in a file."""

from __future__ import annotations

import io
import math
import sys
from dataclasses import replace

import pytest
from rich.console import Console

from interestclock.operations.status_line import StatusLine
from interestclock.operations.telemetry import StatusNumbers

NUMBERS = StatusNumbers(
    events=1_234_567,
    events_per_second=5_210.4,
    event_ms=1_714_759_920_000,  # 3 May 2024, 18:12 UTC
    lag_seconds=2.14,
    behind_seconds=3_660.0,
    table_rows={"user": 12_034, "item": 5_331},
    waiting=4_096,
    late=12,
    ahead=3,
    duplicates=3,
    orphan_labels=1,
    dead_letters=0,
    exposures=100_000,
    auc=0.74123,
    calibration=1.0204,
    hour=19,
    hour_exposures=5_000,
    hour_auc=0.73,
    hour_calibration=0.98,
)
WHOLE = (
    "1,234,567 events, 5,210/s | 2024-05-03 18:12 UTC, lag 2.1 s, learning 61.0 min behind | "
    "AUC 0.7412, calibration 1.020 | at 19 h: AUC 0.7300, calibration 0.980 | "
    "rows: user 12,034, item 5,331 | waiting 4,096, late 12, ahead 3, duplicates 3, "
    "orphan labels 1, dead letters 0"
)
BEGINNING = StatusNumbers(
    events=0,
    events_per_second=math.nan,
    event_ms=0,
    lag_seconds=math.nan,
    behind_seconds=math.nan,
    table_rows={},
    waiting=0,
    late=0,
    ahead=0,
    duplicates=0,
    orphan_labels=0,
    dead_letters=0,
)


class Clock:
    now_s = 5.0

    def __call__(self) -> float:
        return self.now_s


def file_console() -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=False, width=80), stream


def terminal(*, width: int = 400, name: str = "xterm") -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=width, _environ={"TERM": name})
    return console, stream


def test_a_file_gets_a_whole_line_every_thirty_seconds() -> None:
    console, stream = file_console()
    clock = Clock()
    with StatusLine(console, monotonic_s=clock) as status:
        for second in range(91):
            clock.now_s = 5.0 + second
            status.show(replace(NUMBERS, events=second))
        assert [line.split(" ")[0] for line in stream.getvalue().splitlines()] == ["0", "30", "60", "90"]
    assert stream.getvalue().count("\n") == 4, "the last numbers are there already"


def test_every_number_stands_in_the_line() -> None:
    console, stream = file_console()
    with StatusLine(console) as status:
        status.show(NUMBERS)
    assert stream.getvalue() == WHOLE + "\n"


def test_of_choices_it_says_what_they_are_judged_among() -> None:
    console, stream = file_console()
    with StatusLine(console, among_candidates=True) as status:
        status.show(NUMBERS)
    assert stream.getvalue() == WHOLE.replace("| AUC 0.7412", "| AUC among candidates 0.7412") + "\n"


def test_before_anything_there_is_a_line_too() -> None:
    console, stream = file_console()
    with StatusLine(console) as status:
        status.show(BEGINNING)
    assert stream.getvalue() == (
        "0 events, -/s | AUC -, calibration - | "
        "waiting 0, late 0, ahead 0, duplicates 0, orphan labels 0, dead letters 0\n"
    )


def test_the_last_numbers_are_printed_also_when_it_fails() -> None:
    console, stream = file_console()
    status = StatusLine(console)

    def fail() -> None:
        with status:
            status.show(NUMBERS)
            status.show(replace(NUMBERS, events=7))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert stream.getvalue().splitlines()[1].startswith("7 events")


def test_nothing_shown_prints_nothing() -> None:
    console, stream = file_console()
    with StatusLine(console):
        pass
    assert stream.getvalue() == ""


def test_a_terminal_is_renewed_twice_a_second_at_most_and_left_with_the_last() -> None:
    console, stream = terminal()
    clock = Clock()
    with StatusLine(console, monotonic_s=clock) as status:
        for tenth in range(11):
            clock.now_s = 5.0 + tenth / 10
            status.show(replace(NUMBERS, events=tenth))
        shown = stream.getvalue()
        assert shown.count(" events,") == 3
        assert "0 events" in shown
        assert "5 events" in shown
        assert "10 events" in shown
        status.show(NUMBERS)
    assert stream.getvalue().endswith(WHOLE + "\n")


def test_a_narrow_terminal_gets_all_of_it() -> None:
    console, stream = terminal(width=40)
    with StatusLine(console) as status:
        status.show(NUMBERS)
        shown = stream.getvalue()
    assert "dead letters 0" in " ".join(shown.split())


def test_a_dumb_terminal_gets_plain_lines() -> None:
    console, stream = terminal(name="dumb")
    clock = Clock()
    with StatusLine(console, monotonic_s=clock) as status:
        for clock.now_s in (5.0, 6.0, 36.0):
            status.show(NUMBERS)
    assert stream.getvalue() == (WHOLE + "\n") * 2


def test_standard_error_that_is_a_file_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = io.StringIO()
    monkeypatch.setattr(sys, "stderr", elsewhere)
    console, stream = terminal()
    with StatusLine(console) as status:
        status.show(NUMBERS)
        print("trouble", file=sys.stderr)
    assert elsewhere.getvalue() == "trouble\n"
    assert "trouble" not in stream.getvalue()


def test_standard_error_of_the_same_terminal_appears_above(monkeypatch: pytest.MonkeyPatch) -> None:
    console, stream = terminal()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stream)
    with StatusLine(console) as status:
        status.show(NUMBERS)
        print("trouble", file=sys.stderr)
        shown = stream.getvalue()
    assert shown.index("trouble\n") < shown.rindex("dead letters"), "the line is drawn again below it"
    assert sys.stderr is stream


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (119.9, "119.9 s"),
        (120, "2.0 min"),
        (7_200, "2.0 h"),
        (900_000, "10.4 d"),
        (1.7e9, "19,675.9 d"),
        (-3, "-3.0 s"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    console, stream = file_console()
    with StatusLine(console) as status:
        status.show(replace(NUMBERS, lag_seconds=seconds))
    assert f"lag {said}, learning" in stream.getvalue()


def test_times_no_calendar_of_python_s_knows_do_not_stop_it() -> None:
    console, stream = file_console()
    with StatusLine(console) as status:
        status.show(replace(NUMBERS, event_ms=1_714_759_920_000_000))
    assert "56308-" in stream.getvalue()
