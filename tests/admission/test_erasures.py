"""What becomes of an erased user's messages, one after the other, however they are taken."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.admission import AdmissionConfig, Admitted, Disposition, EventBuffer, UserHashes
from interestclock.errors import ResultError
from interestclock.events import (
    erase_message,
    exposure_message,
    label_message,
    served_message,
)
from interestclock.events.schema import LogSchema
from interestclock.streams import Message, MessageParser, OffsetRanges

SCHEMA = LogSchema(labels=("finish",))
NOW_MS, MINUTE_MS, HOUR_MS = 1_700_000_000_000, 60_000, 3_600_000
CONFIG = AdmissionConfig(lateness_ms=10 * HOUR_MS, label_wait_ms=10 * HOUR_MS)
USERS = ("ann", "bob")


def buffer_of(config: AdmissionConfig = CONFIG, hashes: UserHashes | None = None) -> EventBuffer:
    return EventBuffer(SCHEMA, config=config, hashes=hashes)


def taken(buffer: EventBuffer, *payloads: bytes, polled_ms: int | None = None) -> list[Admitted]:
    messages = [Message(partition="0", offset=str(at), payload=each) for at, each in enumerate(payloads)]
    ranges = OffsetRanges(source="s", ranges={}, messages=len(messages), polled_ms=polled_ms)
    batch = MessageParser(SCHEMA, zone="UTC").parse(ranges, messages)
    assert not batch.bad
    return buffer.admit(batch.tables(), polled_ms=polled_ms)


def shown(user: str, minute: int, event: str = "") -> bytes:
    return exposure_message(
        event_id=event or f"{user}{minute}", user_id=user, item_id=3, timestamp_ms=NOW_MS + minute * MINUTE_MS
    )


def erased(user: str, minute: int) -> bytes:
    return erase_message(erase=user, timestamp_ms=NOW_MS + minute * MINUTE_MS)


def finished(event: str, minute: int) -> bytes:
    return label_message(label_of=event, label="finish", value=1, known_ms=NOW_MS + minute * MINUTE_MS)


def used(pieces: list[Admitted]) -> list[str]:
    found = [each.exposures for each in pieces if each.exposures is not None]
    return [event for table in found for event in table["event_id"].to_pylist()]


def test_what_comes_behind_an_erasure_is_used_if_it_is_later() -> None:
    buffer = buffer_of()
    pieces = taken(
        buffer, shown("ann", 1), erased("ann", 5), shown("ann", 5), shown("ann", 6), shown("bob", 2)
    )
    assert used(pieces) == ["ann1", "ann6", "bob2"]
    assert buffer.dispositions["exposures"].tolist() == [
        Disposition.USED,
        Disposition.ERASED,
        Disposition.USED,
        Disposition.USED,
    ]
    before, behind = pieces
    assert before.erasures is None
    assert behind.erasures is not None
    assert behind.erasures.user_ids == ("ann",)
    assert (buffer.counters.erasures, buffer.counters.erased) == (1, 1)


def test_labels_of_what_was_erased_name_nobodys() -> None:
    buffer = buffer_of()
    taken(buffer, shown("ann", 1), shown("bob", 1))
    (piece,) = taken(buffer, erased("ann", 5), finished("ann1", 3), finished("bob1", 3))
    assert piece.labels.serial_E.tolist() == [1]
    assert buffer.waiting == 1  # as if its exposure might still come
    taken(buffer, shown("ann", 1))
    assert buffer.counters.erased == 1
    buffer.end()
    assert buffer.counters.orphan_labels == 1


def test_an_erasure_again_changes_nothing_and_a_later_one_reaches_further() -> None:
    buffer = buffer_of()
    pieces = taken(buffer, erased("ann", 5), erased("ann", 5), erased("ann", 3), shown("ann", 5))
    pieces += taken(buffer, shown("ann", 6), erased("ann", 9), shown("ann", 8), shown("ann", 10))
    assert used(pieces) == ["ann6", "ann10"]
    assert (buffer.counters.erasures, buffer.counters.erased) == (4, 2)


def test_requests_of_an_erased_user_are_forgotten() -> None:
    request = served_message(
        served="r", user_id="ann", timestamp_ms=NOW_MS, zone="UTC", items=[{"item_id": 3, "score": 1.0}]
    )
    refers = exposure_message(request_id="r", item_id=3)
    buffer = buffer_of()
    taken(buffer, request)
    assert used(taken(buffer, erased("ann", 1), refers)) == []
    taken(buffer, request)  # it comes again, and is as old as it was
    assert buffer.counters.erased == 1
    own = exposure_message(request_id="r2", item_id=3, user_id="ann")
    taken(buffer, own)
    assert b"ann" in b"".join(each.tobytes() for each in buffer.state().values())
    taken(buffer, erased("ann", 2))
    assert buffer.counters.erased == 2
    assert b"ann" not in b"".join(each.tobytes() for each in buffer.state().values())


def test_an_erasure_moves_no_watermark_and_is_never_late() -> None:
    buffer = buffer_of(AdmissionConfig(lateness_ms=0, label_wait_ms=HOUR_MS))
    taken(buffer, shown("ann", 100))
    (piece,) = taken(buffer, erased("ann", 1))
    assert piece.erasures is not None
    taken(buffer, erased("bob", 10_000))
    assert buffer.newest_ms == NOW_MS + 100 * MINUTE_MS


def test_an_erasure_reaches_no_further_than_its_arrival() -> None:
    buffer = buffer_of()
    far = buffer.config.ahead_ms // MINUTE_MS + 1
    assert taken(buffer, erased("ann", far), polled_ms=NOW_MS) == []
    assert buffer.dispositions["erasures"].tolist() == [Disposition.AHEAD]
    pieces = taken(buffer, erased("ann", 2), polled_ms=NOW_MS)
    pieces += taken(buffer, shown("ann", 0), shown("ann", 1), polled_ms=NOW_MS + MINUTE_MS)
    assert used(pieces) == ["ann1"]
    assert buffer.counters.known_ahead == 1


def test_users_of_whom_only_hashes_are_known_are_erased(tmp_path: Path) -> None:
    hashes = UserHashes(tmp_path / "key")
    buffer = buffer_of(hashes=hashes)
    taken(buffer, shown("ann", 1), shown("bob", 1))
    (piece,) = buffer.erase({hashes.of("ann"): NOW_MS + 5 * MINUTE_MS})
    assert piece.erasures is not None
    assert piece.erasures.among(pa.array(["bob", "ann"])).tolist() == [False, True]
    assert used(taken(buffer, shown("ann", 2), shown("ann", 6))) == ["ann6"]
    assert buffer.erased.unknown_of({hashes.of("ann"): NOW_MS}) == {}


def test_without_the_key_of_hashes_nobody_goes_on(tmp_path: Path) -> None:
    buffer = buffer_of(hashes=UserHashes(tmp_path / "key"))
    taken(buffer, erased("ann", 1))
    (tmp_path / "key").unlink()
    with pytest.raises(ResultError, match=r"key is missing, and the checkpoint names erased users by it"):
        buffer.erased.check_key()
    (tmp_path / "key").write_text("abc\n")
    with pytest.raises(ResultError, match=r"holds no key of 32 bytes in hexadecimal digits; bring it back"):
        UserHashes(tmp_path / "key").of("ann")


def test_nothing_is_hashed_before_somebody_is_erased(tmp_path: Path) -> None:
    buffer = buffer_of(hashes=UserHashes(tmp_path / "key"))
    taken(buffer, shown("ann", 1), shown("bob", 2))
    buffer_of(hashes=UserHashes(tmp_path / "key")).restore(buffer.state())
    assert list(tmp_path.iterdir()) == []


@dataclass
class Plain:
    """Exposures, labels and erasures, looked at one by one; nothing is late."""

    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("erased", "erasures", "orphans"), 0)
    )
    of_event: dict[str, tuple[str, int]] = field(default_factory=dict)  # user, serial
    until: dict[str, int] = field(default_factory=dict)
    early: dict[str, int] = field(default_factory=dict)
    exposures: list[str] = field(default_factory=list)
    labels: set[int] = field(default_factory=set)

    def take(self, kind: str, user: str, minute: int) -> None:
        event = f"{user}{minute}"
        if kind == "erase":
            self.counts["erasures"] += 1
            self.until[user] = max(minute, self.until.get(user, minute))
            self.of_event = {name: each for name, each in self.of_event.items() if each[0] != user}
        elif kind == "label" and event in self.of_event:
            self.labels.add(self.of_event[event][1])
        elif kind == "label":
            self.early[event] = 1
        elif minute <= self.until.get(user, -1):
            self.counts["erased"] += 1
        elif event not in self.of_event:
            self.of_event[event] = user, len(self.exposures)
            self.exposures.append(event)
            if self.early.pop(event, None):
                self.labels.add(self.of_event[event][1])


SAID = st.tuples(
    st.sampled_from(["show", "show", "label", "erase"]), st.sampled_from(USERS), st.integers(0, 4)
)


@settings(max_examples=200, deadline=None)
@given(said=st.lists(SAID, max_size=25), cuts=st.lists(st.integers(0, 25), max_size=5), through=st.booleans())
def test_one_after_the_other_however_they_are_taken(
    said: list[tuple[str, str, int]], cuts: list[int], through: bool
) -> None:
    plain, buffer, pieces = Plain(), buffer_of(), []
    for each in said:
        plain.take(*each)
    edges = sorted({0, len(said), *(cut for cut in cuts if cut < len(said))})
    makes = {"show": shown, "erase": erased, "label": lambda user, minute: finished(f"{user}{minute}", 5)}
    for start, stop in itertools.pairwise(edges):
        pieces += taken(buffer, *(makes[kind](user, minute) for kind, user, minute in said[start:stop]))
        if through:
            buffer = restored(buffer)
    labels = np.concatenate([np.zeros(0, np.int64), *(each.labels.serial_E for each in pieces)])
    assert used(pieces) == plain.exposures
    assert set(labels.tolist()) == plain.labels
    counts: dict[str, Any] = buffer.counters.counts()
    assert {name: counts[name] for name in ("erased", "erasures")} | {"orphans": 0} == plain.counts


def restored(buffer: EventBuffer) -> EventBuffer:
    again = buffer_of()
    again.restore({name: np.array(each) for name, each in buffer.state().items()})
    return again
