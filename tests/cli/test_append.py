"""The command as one meets it who has messages and no broker."""

from __future__ import annotations

from pathlib import Path

import pytest
from embedded_logs import messages_in
from live_stream import messages
from typer.testing import CliRunner, Result

from interestclock.cli.app import app
from interestclock.errors import InterestClockError
from interestclock.streams import EmbeddedLogWriter

SAID = [each for each in messages(requests=5) if each != b'{"event_id": "x"}']


def run(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["append", *arguments], input=given)


def refused(*arguments: str) -> str:
    done = run(*arguments)
    assert isinstance(done.exception, InterestClockError)
    return str(done.exception)


def test_messages_of_a_file_and_of_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("said.jsonl").write_bytes(b"\n".join(SAID))
    count = len(SAID)
    assert run("log://events", "said.jsonl").stdout == (
        f"log://events: {count} messages appended, offsets 1 to {count}\n"
    )
    assert run("log://events", given=SAID[0] + b"\n").stdout == (
        f"log://events: 1 message appended, offsets {count + 1} to {count + 1}\n"
    )
    assert (
        run(f"log://{tmp_path}/events", given=b"").stdout == f"log://{tmp_path}/events: 0 messages appended\n"
    )
    assert messages_in(tmp_path / "events") == [*SAID, SAID[0]]


def test_what_it_cannot_do_is_told(tmp_path: Path) -> None:
    assert refused("redis://h/plays") == "'redis://h/plays' is no embedded log; give log://DIR"
    assert refused("log:///") == "'log:///' is no embedded log; give log://DIR"
    log = f"log://{tmp_path}/events"
    assert "no such file; give a file with a message to a line" in refused(log, str(tmp_path / "nowhere"))
    assert not (tmp_path / "events").exists()
    with EmbeddedLogWriter(tmp_path / "events"):
        assert "is appended to by another process" in refused(log)
    (tmp_path / "bad.jsonl").write_bytes(SAID[0] + b"\n{}")
    assert "bad.jsonl, line 2: item_id is missing; what stands before it" in refused(
        log, str(tmp_path / "bad.jsonl")
    )
    assert messages_in(tmp_path / "events") == SAID[:1]
