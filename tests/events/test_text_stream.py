"""A text file's lines are counted on the way, wherever it is cut."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events import text_stream
from interestclock.events.text_stream import TextStream


def lines_that_hold_something(text: str) -> int:
    return sum(line != "" for line in text.replace("\r", "").split("\n"))


@given(text=st.text("a\r\n", max_size=30), size=st.integers(1, 40), together=st.integers(1, 9))
def test_lines_are_counted_wherever_they_are_cut(text: str, size: int, together: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(text_stream, "_COUNTED_BYTES", together)
        path = Path(folder) / "log.csv"
        path.write_bytes(text.encode())
        with TextStream(path, "utf-8") as stream:
            while stream.read(size):
                pass
            assert stream.lines == lines_that_hold_something(text)
