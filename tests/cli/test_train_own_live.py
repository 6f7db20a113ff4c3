"""``train`` on a live source of one's own: what it says of messages at fault, and of code that ends early."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.errors import ConfigError

BASE_S = 1_700_000_000
PLAYS = """
import json, sys
import pyarrow as pa
from interestclock.events.schema import LogSchema
from interestclock.streams import Message, MessageParser, OffsetRanges
from interestclock.timeofday import TimeSource

SCHEMA = LogSchema(labels=("finish",))
BASE_S = 1_700_000_000

class Plays:
    schema, name, clock, ended = SCHEMA, "plays", TimeSource(), False

    def __init__(self, messages=()):
        self.messages = list(messages)

    def items(self):
        return None

    def partitions(self):
        return ("0",)

    def at_end(self, partitions):
        return frozenset(partitions)

    def start_after(self, last):
        pass

    def poll(self, most, wait_s):
        if self.ended:
            return None
        self.ended = True
        given = enumerate(map(json.dumps, self.messages))
        messages = [Message(partition="0", offset=str(at), payload=each.encode()) for at, each in given]
        last = str(len(messages) - 1)
        ranges = OffsetRanges(source="plays", ranges={"0": ("0", last)}, messages=len(messages))
        return MessageParser(self.schema, zone="UTC").parse(ranges, messages)

    def acknowledge(self, last):
        pass

    def close(self):
        pass

def play(at, timestamp):
    return {"event_id": str(at), "user_id": at % 3, "item_id": str(at % 5), "timestamp_ms": timestamp,
            "labels": {"finish": at % 2}}

def in_seconds():
    return Plays(play(at, (BASE_S + at) * (1 if at % 20 == 7 else 1_000)) for at in range(60))

class OfItems(Plays):
    schema = LogSchema(labels=("finish",), attributes=("genre",))

    def items(self):
        return pa.table({"item_id": ["0", "1", "2"], "attribute.genre": [["rock"], ["pop"], []]})

def with_items():
    plays = [play(at, (BASE_S + at) * 1_000) for at in range(60)]
    return OfItems([*plays, plays[0], play(1, (BASE_S + 1) * 1_000) | {"labels": {"finish": 0}}])

class Leaving(Plays):
    def poll(self, most, wait_s):
        sys.exit(0)

class LeavingSooner(Plays):
    def items(self):
        sys.exit(0)
"""


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "own_live.py").write_text(PLAYS)
    monkeypatch.syspath_prepend(tmp_path)

    def run(name: str) -> Result:
        given = ["train", f"own_live:{name}", "--checkpoints", str(tmp_path / "trainer"), "--ranker", "base"]
        return CliRunner().invoke(app, given)

    return run


def test_of_messages_in_seconds_the_unit_is_at_fault(train, tmp_path: Path) -> None:
    ran = train("in_seconds")
    assert ran.exit_code == 0, ran.output
    letters = (tmp_path / "trainer" / "dead-letters.jsonl").read_text().splitlines()
    reasons = [json.loads(letter)["reason"] for letter in letters]
    assert reasons == [
        f"timestamp_ms {BASE_S + at} reads as seconds; give UTC milliseconds" for at in (7, 27, 47)
    ]
    said = " ".join(ran.output.split())
    assert "60 messages: 57 learned, 3 dead letters" in said
    assert f"why 3 messages could not be read stands in {tmp_path / 'trainer' / 'dead-letters.jsonl'}" in said
    assert f"{reasons[0]}, for example" in said
    assert "late" not in said.partition("60 messages:")[2]


def test_items_without_attributes_and_other_labels_are_said(train) -> None:
    ran = train("with_items")
    assert ran.exit_code == 0, ran.output
    said = " ".join(ran.output.split())
    assert "62 messages: 60 learned, 2 duplicates" in said
    assert "1 of the duplicates are exposures with other labels than the first of their event_id" in said
    assert (
        "3 items came without attributes, such as '2': they are not in the items file (it has '0'), or "
        "without any there, and no message did before" in said
    )


@pytest.mark.parametrize("name", ["Leaving", "LeavingSooner"])
def test_a_source_that_calls_exit_does_not_end_the_command(train, name: str) -> None:
    ran = train(name)
    assert isinstance(ran.exception, ConfigError)
    assert str(ran.exception) == (
        f"code of your own, in train own_live:{name}, called sys.exit(0); raise an error that says what is "
        "wrong, or return"
    )
