"""Lines as messages: as many as there are, up to the first that is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from embedded_logs import messages_in
from live_stream import messages

from interestclock.errors import LogError
from interestclock.streams import EmbeddedLogWriter
from interestclock.streams.append_lines import append_lines

SAID = [each for each in messages(requests=10) if each != b'{"event_id": "x"}']


@pytest.mark.parametrize("most_waiting", [1, 4_096])
def test_every_line_is_a_message(most_waiting: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interestclock.streams.bulk_append._MOST_WAITING", most_waiting)
    lines = [b"%s\r\n" % each for each in SAID]
    with EmbeddedLogWriter(tmp_path) as writer:
        assert append_lines(writer, [b"\n", *lines, b"  "], name="said") == len(SAID)
    assert messages_in(tmp_path) == SAID


def test_more_than_may_wait_is_waited_for(tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path, most_waiting_bytes=1_000) as writer:
        assert append_lines(writer, SAID, name="said") == len(SAID)
    assert messages_in(tmp_path) == SAID


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"event_id": "x"}', "said, line 5: item_id is missing; what stands before it is appended: mend"),
        (b"no JSON", "said, line 5: "),
        (b'{"event_id": "' + b"x" * 2_000 + b'"}', "said, line 5: "),
    ],
)
def test_it_stops_at_what_is_no_message(line: bytes, reason: str, tmp_path: Path) -> None:
    with (
        EmbeddedLogWriter(tmp_path, most_waiting_bytes=1_000) as writer,
        pytest.raises(LogError, match=reason),
    ):
        append_lines(writer, [*SAID[:4], line, *SAID[4:]], name="said")
    assert messages_in(tmp_path) == SAID[:4]
