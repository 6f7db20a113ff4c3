"""One line in a notebook; what suits a terminal and a file elsewhere."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from interestclock.studies.notebook_progress import NotebookProgress, progress_here
from interestclock.studies.progress import TerminalProgress
from interestclock.training import RunCost, RunProgress


def run(samples: int) -> RunProgress:
    return RunProgress(
        run="hour-seed0", samples=samples, total=900, event_ms=0, samples_per_second=50.0, auc=0.6
    )


def lines(stream: io.StringIO) -> list[str]:
    """What the line was, one showing after the other."""
    return stream.getvalue().split("\r")[1:]


def test_one_line_is_renewed_and_ends_once() -> None:
    stream, now_s = io.StringIO(), iter([0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0])
    with NotebookProgress(stream, monotonic_s=lambda: next(now_s)) as progress:
        progress.phase("training", 0, 6)
        progress.running(run(300))
        progress.phase("training", 1, 6)
    shown = lines(stream)
    assert [line.rstrip() for line in shown] == [
        "[   0.0 s] training, 0 of 6",
        "[   1.0 s] training, 0 of 6; hour-seed0: 300 of 900, 50 samples/s, 1970-01-01, recent AUC 0.6000",
        "[   2.0 s] training, 1 of 6; hour-seed0: 300 of 900, 50 samples/s, 1970-01-01, recent AUC 0.6000",
        "[   3.0 s] training, 1 of 6; hour-seed0: 300 of 900, 50 samples/s, 1970-01-01, recent AUC 0.6000",
    ]
    assert stream.getvalue().count("\n") == 1


def test_it_is_shown_twice_a_second_at_most_and_the_last_of_it_in_any_case() -> None:
    stream, now_s = io.StringIO(), 0.0
    with NotebookProgress(stream, monotonic_s=lambda: now_s) as progress:
        progress.phase("training", 0, 6)
        for samples in range(1, 100):
            now_s += 0.1
            progress.running(run(samples))
    assert len(lines(stream)) <= 1 + 20 + 1
    assert "hour-seed0: 99 of 900" in lines(stream)[-1]


def test_a_phase_begins_at_once_and_covers_a_longer_line() -> None:
    stream = io.StringIO()
    with NotebookProgress(stream, monotonic_s=lambda: 0.0) as progress:
        progress.phase("reading the log", 123_456, 0)
        progress.phase("writing", 0, 0)
    first, second, *_ = lines(stream)
    assert first == "[   0.0 s] reading the log, 123,456"
    assert second == "[   0.0 s] writing".ljust(len(first))


def test_a_run_that_is_done_says_so() -> None:
    stream = io.StringIO()
    with NotebookProgress(stream, monotonic_s=lambda: 0.0) as progress:
        progress.phase("training", 0, 1)
        progress.finished(RunCost(ranker="hour", seed=0, seconds=2.0, samples=9, peak_rss_mib=None, auc=0.6))
    assert lines(stream)[-1].rstrip() == "[   0.0 s] training, 0 of 1; hour-seed0: 2.0 s"


def test_nothing_that_was_said_leaves_no_line() -> None:
    stream = io.StringIO()
    with NotebookProgress(stream):
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("shell", "kind"),
    [
        (None, TerminalProgress),  # IPython is imported, and nobody runs it
        (SimpleNamespace(), TerminalProgress),  # IPython in a terminal
        (SimpleNamespace(kernel=object()), NotebookProgress),
    ],
)
def test_where_a_kernel_runs_it_is_a_line(shell: object, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert isinstance(progress_here(), kind)


def test_without_ipython_a_file_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    with progress_here() as progress:
        progress.phase("reading the log", 0, 0)
        progress.phase("reading the log", 65_536, 0)
        progress.phase("training", 0, 6)
    said = capsys.readouterr().err.splitlines()
    assert [line.split("] ")[1] for line in said if line] == ["reading the log", "training"]
