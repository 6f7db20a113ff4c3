"""Logs as JSON lines: what they hold, where they go, how they end."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.operations.json_logs import JsonLines, log_to
from interestclock.operations.telemetry import Telemetry

LOG = logging.getLogger("interestclock.train")
PACKAGE = logging.getLogger("interestclock")


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    handlers, level = list(PACKAGE.handlers), PACKAGE.level
    yield
    assert (PACKAGE.handlers, PACKAGE.level) == (handlers, level)


def line(**extra: object) -> dict[str, object]:
    record = LOG.makeRecord(LOG.name, logging.INFO, "file.py", 3, "took %d", (7,), None, extra=extra)
    said = JsonLines().format(record)
    assert "\n" not in said
    return json.loads(said, parse_constant=pytest.fail)


def test_a_line_says_when_how_grave_who_and_what() -> None:
    said = line(events=12, table={"user": 3})
    when = datetime.fromisoformat(str(said.pop("time")))
    assert when.utcoffset() == timedelta(0)
    assert said == {
        "level": "INFO",
        "logger": "interestclock.train",
        "message": "took 7",
        "events": 12,
        "table": {"user": 3},
    }


def test_values_json_does_not_know() -> None:
    said = line(
        nan=float("nan"),
        inf=[np.float32("inf"), 0.5],
        number=np.int64(4),
        vector_N=np.arange(2),
        path=Path("a/b"),
        nothing=None,
        yes=True,
        keys={1: float("nan")},
    )
    assert said["nan"] is None
    assert said["inf"] == [None, 0.5]
    assert said["number"] == 4
    assert said["vector_N"] == [0, 1]
    assert said["path"] == str(Path("a/b"))
    assert said["nothing"] is None
    assert said["yes"] is True
    assert said["keys"] == {"1": None}


def test_an_extra_does_not_hide_the_record_s_own() -> None:
    said = line(level="deep", time=4)
    assert (said["level"], said["level_"], said["time_"]) == ("INFO", "deep", 4)


@given(
    st.dictionaries(st.text(min_size=1).map("x".__add__), st.floats() | st.text() | st.integers() | st.none())
)
def test_any_extras_are_one_line_of_json(extra: dict[str, object]) -> None:
    said = line(**extra)
    for name, value in extra.items():
        kept = None if isinstance(value, float) and not np.isfinite(value) else value
        assert said[name] == kept


def test_exceptions_and_stacks_are_text() -> None:
    stream = io.StringIO()
    stop = log_to(stream)
    try:
        raise ValueError("no\nroom")
    except ValueError:
        LOG.exception("failed", stack_info=True)
    stop()
    [text] = stream.getvalue().splitlines()
    said = json.loads(text)
    assert said["level"] == "ERROR"
    assert said["exception"].startswith("Traceback")
    assert said["exception"].endswith("ValueError: no\nroom")
    assert said["stack"].startswith("Stack")


def test_a_file_is_appended_to_until_it_is_detached(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"before": 1}\n')
    stop = log_to(path)
    LOG.info("é", extra={"events": 1})
    LOG.debug("too small")
    stop()
    LOG.warning("after")
    first, second = (json.loads(each) for each in path.read_text(encoding="utf-8").splitlines())
    assert first == {"before": 1}
    assert (second["message"], second["events"]) == ("é", 1)
    stop()


def test_a_file_that_was_rotated_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    stop = log_to(path)
    LOG.info("one")
    path.rename(tmp_path / "train.jsonl.1")
    LOG.info("two")
    stop()
    assert json.loads(path.read_text())["message"] == "two"
    assert json.loads((tmp_path / "train.jsonl.1").read_text())["message"] == "one"


def test_a_level_is_kept_and_given_back() -> None:
    grave, all_of_it = io.StringIO(), io.StringIO()
    stop_grave = log_to(grave, level=logging.ERROR)
    stop_all = log_to(all_of_it, level=logging.DEBUG)
    LOG.debug("small")
    LOG.error("grave")
    stop_all()
    stop_grave()
    assert [json.loads(each)["message"] for each in grave.getvalue().splitlines()] == ["grave"]
    assert [json.loads(each)["message"] for each in all_of_it.getvalue().splitlines()] == ["small", "grave"]


def test_others_logs_are_left_out() -> None:
    stream = io.StringIO()
    stop = log_to(stream)
    logging.getLogger("another").warning("not ours")
    stop()
    assert stream.getvalue() == ""


def test_standard_error_is_what_it_is_at_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A status line puts itself in its place, and goes again."""
    before, between = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", before)
    stop = log_to(sys.stderr)
    monkeypatch.setattr(sys, "stderr", between)
    LOG.info("two")
    monkeypatch.setattr(sys, "stderr", before)
    LOG.info("three")
    stop()
    assert json.loads(between.getvalue())["message"] == "two"
    assert json.loads(before.getvalue())["message"] == "three"


def test_a_terminal_is_for_people() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    stop = log_to(terminal)
    LOG.warning("took %d", 7, extra={"events": 12})
    stop()
    assert terminal.getvalue() == "WARNING: took 7\n"


def test_a_file_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no/train.jsonl: the log cannot be written \(No such file"):
        log_to(tmp_path / "no" / "train.jsonl")


def test_the_status_goes_into_a_line() -> None:
    said = line(**asdict(Telemetry(tasks=("finish",), main_task="finish").line()))
    assert (said["events"], said["auc"], said["hour"], said["table_rows"]) == (0, None, None, {})
