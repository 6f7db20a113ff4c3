"""An embedded log whose messages of erased users are written over; every other keeps its offset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from interestclock.erasing.erased_ids import names_one_of
from interestclock.events.message_json import read_message
from interestclock.events.message_models import AnyMessage, Erase, Exposure, Label, Outcome, Served
from interestclock.files import aside_of, put_in_place
from interestclock.locks import lock
from interestclock.streams.embedded_log_folder import PREFIX, entry_bytes, read_entry
from interestclock.streams.log_followers import FollowerOffset, followers_of
from interestclock.streams.segment_files import Entry, framed
from interestclock.streams.segment_header import file_name, read_header
from interestclock.streams.segments import Segments

__all__ = ["finish_log"]

_NOBODY = b'{"erase":null,"timestamp_ms":0}'  # what stood here was erased
_FRAMED_BYTES = 1 << 20


@dataclass(kw_only=True)
class _Theirs:
    """What the log says of users whom a message of it erases.

    Args:
        erasures: by user, (offset of the message, until when). requests, events: ids.
    """

    erasures: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    requests: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)

    def is_erased(self, user_id: str | int | None, timestamp_ms: int | None, offset: int) -> bool:
        """Whether a message came before an erasure of its user, or is of a moment until its time."""
        return any(
            offset < at or (timestamp_ms is not None and timestamp_ms <= until_ms)
            for at, until_ms in self.erasures.get(str(user_id), ())
        )

    def is_of_theirs(self, message: AnyMessage | None, payload: bytes, offset: int) -> bool:
        """As ``has``; of what is no message, whether it names one of them."""
        if message is None:
            return names_one_of(payload.decode("utf-8", "replace"), self.erasures.__contains__)
        return self.has(message, offset)

    def has(self, message: AnyMessage, offset: int) -> bool:
        """Whether a message is of what is erased; the erasures are not."""
        if isinstance(message, Label | Outcome):
            return str(message.label_of if isinstance(message, Label) else message.outcome_of) in self.events
        if isinstance(message, Exposure):
            refers = message.user_id is None and str(message.request_id) in self.requests
            return refers or self.is_erased(message.user_id, message.timestamp_ms, offset)
        return isinstance(message, Served) and self.is_erased(message.user_id, message.timestamp_ms, offset)


def finish_log(folder: Path) -> Iterator[str]:
    """Write over messages of erased users, and erasures that all followers have come by.

    What is written over is an erasure of nobody, which followers count as ``erased``. Messages go file by
    file, and the erasures, which say whose, behind all of them: it may be killed anywhere and called again.

    Args:
        folder: of the log, to which nobody appends and which nobody follows meanwhile.

    Yields:
        What was done, a line each; and what stays, and for whom.

    Raises:
        ResultError: a process appends to it or follows it, or it is damaged.
        OSError: it cannot be written; what was written is whole.
    """
    with ExitStack() as held:
        appended = lock(
            folder / "lock",
            taken=f"{folder} is appended to by another process",
            remedy="stop it, then finish",
        )
        held.callback(appended.release)
        for each in followers_of(folder):
            held.callback(FollowerOffset(folder, each.name).release)
        segments = Segments(folder, prefix=PREFIX)
        theirs = _found(folder, segments)
        done = min([segments.position, *(each.offset for each in followers_of(folder))])
        for each in followers_of(folder):
            later = sum(at > each.offset for those in theirs.erasures.values() for at, _ in those)
            if later:
                yield f"{later:,} erasures stay until follower '{each.name}' has them; then finish again"
        gone = _written_over(folder, segments, theirs.is_of_theirs)
        gone += _written_over(folder, segments, partial(_is_done, done))
        users = len(theirs.erasures)
        yield f"{gone:,} message{'s' * (gone != 1)} of {users:,} erased user{'s' * (users != 1)} went"


def _found(folder: Path, segments: Segments) -> _Theirs:
    """Erasures, then the requests of their users, then events: each is known by what was found before."""
    theirs = _Theirs()
    for offset, message, _ in _messages(folder, segments):
        if isinstance(message, Erase) and message.erase is not None:
            theirs.erasures.setdefault(str(message.erase), []).append((offset, message.timestamp_ms))
    if not theirs.erasures:
        return theirs
    for offset, message, _ in _messages(folder, segments):
        if isinstance(message, Served) and theirs.has(message, offset):
            theirs.requests.add(str(message.served))
    for offset, message, _ in _messages(folder, segments):
        if isinstance(message, Exposure) and theirs.has(message, offset):
            theirs.events.add(message.own_id())
    return theirs


def _is_done(until: int, message: AnyMessage | None, payload: bytes, offset: int) -> bool:  # noqa: ARG001
    """Whether it erases somebody, and all followers have come by it."""
    return isinstance(message, Erase) and message.erase is not None and offset <= until


def _messages(folder: Path, segments: Segments) -> Iterator[tuple[int, AnyMessage | None, bytes]]:
    for entry in segments.read_after(segments.first - 1):
        payload = read_entry(folder, entry)[1]
        yield entry.number, _read(payload), payload


def _read(payload: bytes) -> AnyMessage | None:
    try:
        return read_message(payload)
    except ValueError:
        return None


def _written_over(
    folder: Path, segments: Segments, goes: Callable[[AnyMessage | None, bytes, int], bool]
) -> int:
    """Write files anew that hold messages which go; gives how many these were."""
    found: dict[int, list[int]] = {}  # offsets by file
    for offset, message, payload in _messages(folder, segments):
        if goes(message, payload, offset):
            first = max(each for each in segments.firsts if each <= offset)
            found.setdefault(first, []).append(offset)
    for first, offsets in found.items():
        _write_anew(folder, segments, first, dict.fromkeys(offsets, _NOBODY))
    return sum(map(len, found.values()))


def _write_anew(folder: Path, segments: Segments, first: int, instead: Mapping[int, bytes]) -> None:
    """A file with other messages at some offsets, in place of itself in one step."""
    path = folder / file_name(PREFIX, first)
    aside = aside_of(path)
    stop = next((each for each in segments.firsts if each > first), segments.position + 1)
    with path.open("rb") as source, aside.open("wb") as stream:
        _, begins = read_header(source, path, first=first)
        source.seek(0)
        stream.write(source.read(begins))
        for entry in _entries(segments, first, stop):
            content = entry.content
            if entry.number in instead:
                content = entry_bytes(read_entry(folder, entry)[0], instead[entry.number])
            stream.write(framed(entry.number, [content]))
    put_in_place(aside, path)


def _entries(segments: Segments, first: int, stop: int) -> Iterator[Entry]:
    for entry in segments.read_after(first - 1):
        if entry.number >= stop:
            return
        yield entry
