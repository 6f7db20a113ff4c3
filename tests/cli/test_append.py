"""The command as one meets it who has messages and no broker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from embedded_logs import messages_in
from live_stream import messages
from redis_server import SERVER, RedisServer
from typer.testing import CliRunner, Result

from interestclock.cli.app import app
from interestclock.errors import InterestClockError
from interestclock.streams import EmbeddedLogWriter
from interestclock.timeofday import TimeSource

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
    for address in ("log:///", "plays.parquet", "redis://"):
        assert f"'{address}' is no log to append to; give log://DIR, redis://HOST" in refused(address)
    assert "ann:secret" not in refused("redis://ann:secret@h")
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


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_messages_and_items_for_a_broker(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("said.jsonl").write_bytes(b"\n".join(SAID))
    server = RedisServer(table)
    server.start()
    try:
        log = f"redis://127.0.0.1:{server.port}/plays"
        assert run(log, "said.jsonl").stdout == f"{log}: {len(SAID)} messages appended\n"
        assert run(log, "--items", "items.csv", "--mapping", "plays.toml").stdout == (
            f"{log}: 2 items appended\n"
        )
        with server.client() as client:
            found = [fields[b"event"] for _, fields in client.xrange("plays")]
    finally:
        server.stop()
    assert found[:-2] == SAID
    assert [json.loads(each)["item"] for each in found[-2:]] == ["7", "8"]


MAPPING = """
labels = { finish = "finish" }
items_key = "song"
separator = "|"
zone = "Europe/Berlin"
[item_attributes]
genre = "genres"
"""
ITEMS = "song,genres,since\n7,rock|live,2026-03-01T10:00:00Z\n8,,1772359200\n"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("plays.toml").write_text(MAPPING)
    Path("items.csv").write_text(ITEMS)
    return tmp_path


def test_a_table_of_items(table: Path) -> None:
    before_ms = TimeSource().now_ms()
    done = run("log://events", "--items", "items.csv", "--mapping", "plays.toml")
    assert done.stdout == "log://events: 2 items appended, offsets 1 to 2\n"
    run("log://events", "--items", "items.csv", "--mapping", "plays.toml", "--from-column", "since")
    found = [json.loads(each) for each in messages_in(table / "events")]
    assert [(each["item"], each["attributes"]) for each in found] == [
        ("7", {"genre": ["rock", "live"]}),
        ("8", {"genre": []}),
    ] * 2
    assert before_ms <= found[0]["from_ms"] == found[1]["from_ms"] <= TimeSource().now_ms()
    assert [each["from_ms"] for each in found[2:]] == [1_772_359_200_000] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--items", "items.csv"], "items.csv: nothing says what its columns mean; give a mapping file"),
        (["--mapping", "plays.toml"], "--mapping and --from-column go with --items; leave them out"),
        (["said.jsonl", "--items", "items.csv"], "give messages or a table of items, not both"),
        (["--items", "none.csv", "--mapping", "plays.toml"], "none.csv: no such file or folder"),
        (
            ["--items", "items.csv", "--mapping", "plays.toml", "--from-column", "until"],
            "items.csv: no column 'until'",
        ),
        (
            ["--items", "items.csv", "--mapping", "plays.toml", "--from-column", "genres"],
            "column 'genres' holds 'rock|live', no time as ISO 8601",
        ),
        (["--items", "twice.csv", "--mapping", "plays.toml"], "'song' '7' stands in more than one row"),
    ],
)
def test_a_table_that_cannot_be_appended(options: list[str], message: str, table: Path) -> None:
    Path("twice.csv").write_text("song,genres\n7,rock\n7,live\n")
    assert message in refused("log://events", *options)
    assert not (table / "events").exists()
