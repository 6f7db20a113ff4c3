"""A clock that several processes share."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.timeofday import TimeSource, read_clock, write_clock

MOMENTS = st.integers(-(2**42), 2**42)


@given(start_ms=MOMENTS, left_ms=MOMENTS, factor=st.floats(1e-3, 1e5))
def test_what_is_written_is_read(
    start_ms: int, left_ms: int, factor: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "clock.json"
    clock = TimeSource(start_ms=start_ms, left_ms=left_ms, factor=factor)
    write_clock(file, clock)
    assert read_clock(file) == clock


def test_another_process_shows_the_same_time(tmp_path: Path) -> None:
    clock = TimeSource(start_ms=1_711_846_800_000, left_ms=TimeSource().now_ms(), factor=720)
    write_clock(tmp_path / "clock.json", clock)
    ask = (
        "import sys; from interestclock.timeofday import read_clock; print(read_clock(sys.argv[1]).now_ms())"
    )
    before_ms = clock.now_ms()
    done = subprocess.run(
        [sys.executable, "-c", ask, str(tmp_path / "clock.json")], capture_output=True, text=True, check=True
    )
    assert before_ms <= int(done.stdout) <= clock.now_ms()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no whole JSON object"),
        (json.dumps({"start": 0}), "key 'start' is unknown; there are start_ms, left_ms, factor"),
        (json.dumps({"start_ms": "0"}), "key 'start_ms': expected int, got str"),
        (json.dumps({"factor": 0}), "factor is 0"),
    ],
)
def test_what_is_no_clock_is_refused(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "clock.json").write_text(content)
    with pytest.raises(ConfigError, match=rf"clock\.json: {said}.*; give --clock a file that"):
        read_clock(tmp_path / "clock.json")
