"""A made-up stream in which two are erased whose names nothing else has, and where these are looked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from in_memory import HOUR_MS, REQUESTS
from live_stream import timed_messages
from small_live import LIVE

from interestclock.admission import AdmissionConfig
from interestclock.admission.admitted_log import AdmittedFollower
from interestclock.errors import ResultError
from interestclock.events import erase_message
from interestclock.live import LiveRun
from interestclock.streams import EmbeddedLogSource, Message, MessageParser, MicroBatch, OffsetRanges

NAME = "qXvbnmZkLpWtrFgHsdYc"  # of a user, text
NUMBER = 0x5A17_C3D9_0E61_B274  # of another, a whole number
_USERS = {3: NAME, 5: NUMBER}
TRAINER = replace(
    LIVE,
    admission=AdmissionConfig(lateness_ms=60_000, label_wait_ms=HOUR_MS),
    checkpoint_minutes=240,
    checkpoints_kept=1_000,
    poll_messages=20,
    idle_seconds=3_600,  # nobody is let go, whatever else the machine does meanwhile
)


def stream(seed: int = 3, *, requests: int = 60, comes_back: bool = False) -> list[bytes]:
    """Messages of four days; behind two thirds of them both are erased, and come back or do not."""
    timed = [(at_ms, _renamed(payload)) for at_ms, payload in timed_messages(seed, requests=requests)]
    cut = 2 * len(timed) // 3
    until_ms = timed[cut][0]
    before, behind = ([payload for _, payload in part] for part in (timed[:cut], timed[cut:]))
    erases = [erase_message(erase=each, timestamp_ms=until_ms) for each in _USERS.values()]
    if not comes_back:
        said = [(each, json.loads(each)) for each in behind]
        never = {one.get("event_id") for each, one in said if named_in(each)}
        behind = [
            each for each, one in said if not {one.get("event_id"), one.get("label_of")} & (never - {None})
        ]
    return [*before, *erases, *behind]


def _renamed(payload: bytes) -> bytes:
    said = json.loads(payload)
    if said.get("user_id") in _USERS:
        said["user_id"] = _USERS[said["user_id"]]
    return json.dumps(said).encode()


def parsed(payloads: list[bytes]) -> MicroBatch:
    messages = [Message(partition="0", offset=str(at), payload=each) for at, each in enumerate(payloads)]
    return MessageParser(REQUESTS).parse(
        OffsetRanges(source="s", ranges={}, messages=len(messages)), messages
    )


def named_in(content: bytes) -> bool:
    """Whether some bytes say one of the two, as text or as eight bytes of either order."""
    as_bytes = [NUMBER.to_bytes(8, order) for order in ("little", "big")]
    return any(each in content for each in (NAME.encode(), str(NUMBER).encode(), *as_bytes))


def files_naming(folder: Path) -> list[str]:
    """Files that say one of the two, as they are or unpacked."""
    found = [each for each in sorted(folder.rglob("*")) if each.is_file()]
    return [str(each.relative_to(folder)) for each in found if any(map(named_in, _contents(each)))]


def _contents(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if path.suffix == ".parquet":
        yield _as_bytes(pq.read_table(path))
    if path.name.startswith("admitted-"):
        yield from _entries(path)


def _entries(path: Path) -> Iterator[bytes]:
    """What is packed in a file of an admitted log."""
    first = int(path.stem.removeprefix("admitted-"))
    try:
        for _, entry in AdmittedFollower(path.parent, position=first - 1).read():
            for table in entry.tables.values():
                yield _as_bytes(table)
            yield "".join(each.payload for each in entry.dead).encode()
    except ResultError:  # a file before it is looked at by itself
        return


def _as_bytes(table: pa.Table) -> bytes:
    return json.dumps(table.to_pylist(), default=str).encode()


def follow(log: Path, messages: int, folder: Path, resume: bool = True) -> None:
    """A trainer on an embedded log, until so many messages were taken."""
    with LiveRun(EmbeddedLogSource(log, schema=REQUESTS), folder, config=TRAINER, resume=resume) as run:

        def tell() -> None:
            run.stopping = run.trainer.buffer.counters.received >= messages

        run.run(tell)
