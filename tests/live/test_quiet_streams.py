"""A stream that pauses: it goes on by the clock, learns what waits, and taken up again ends the same."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from in_memory import HOUR_MS, REQUESTS, START_MS
from killed_runs import check_same
from live_stream import timed_messages
from slow_but import slow_but
from small_live import LIVE

from interestclock.admission import AdmissionConfig, AdmittedLog
from interestclock.live import LiveRun
from interestclock.streams import Message, MessageParser, MicroBatch, OffsetRanges, Ticks

MINUTE_MS = 60_000
CONFIG = replace(
    LIVE,
    admission=AdmissionConfig(lateness_ms=10 * MINUTE_MS, label_wait_ms=HOUR_MS),
    checkpoint_minutes=24 * 60,
    checkpoints_kept=1_000,
    idle_seconds=3_600,
    poll_messages=20,
)


class Time:
    """It passes while a source is polled, half an hour each time."""

    def __init__(self) -> None:
        self.ms = START_MS - HOUR_MS
        self.is_wall = True

    def now_ms(self) -> int:
        return self.ms

    def now_s(self) -> float:
        return self.ms / 1_000


class Pausing:
    """Two partitions of a made-up stream; every fifth message of the second is two hours on its way."""

    name, schema, ended = "pausing", REQUESTS, False

    def __init__(self, time: Time) -> None:
        self.clock = time
        self._parser = MessageParser(REQUESTS)
        self._held: dict[str, list[tuple[int, bytes]]] = {"a": [], "b": []}
        for number, (time_ms, payload) in enumerate(timed_messages(requests=40)):
            slow_ms = 2 * HOUR_MS if number % 15 == 2 else 0
            self._held["b" if number % 3 == 2 else "a"].append((time_ms + slow_ms, payload))
        for held in self._held.values():
            held.sort(key=lambda each: each[0])
        self.messages = sum(map(len, self._held.values()))
        self.last_ms = max(held[-1][0] for held in self._held.values())
        self._next = dict.fromkeys(self._held, 0)

    def items(self) -> None:
        return None

    def partitions(self) -> tuple[str, ...]:
        return tuple(self._held)

    def at_end(self, partitions: Collection[str]) -> frozenset[str]:
        return frozenset(partitions) - {name for name in partitions if self._there(name)}

    def start_after(self, last: Mapping[str, str]) -> None:
        self._next = {name: int(last.get(name, -1)) + 1 for name in self._held}

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        self.clock.ms += 30 * MINUTE_MS
        ranges: dict[str, tuple[str, str]] = {}
        for name in self._held:
            if there := self._there(name)[: most // 2]:
                ranges[name] = str(there[0]), str(there[-1])
                self._next[name] = there[-1] + 1
        return self._arrivals(ranges, self.clock.ms) if ranges else None

    def acknowledge(self, last: Mapping[str, str]) -> None:
        pass

    def close(self) -> None:
        pass

    def _there(self, name: str) -> list[int]:
        """Offsets that have arrived and were not polled."""
        held = self._held[name]
        return [at for at in range(self._next[name], len(held)) if held[at][0] <= self.clock.ms]

    def _arrivals(self, ranges: Mapping[str, tuple[str, str]], polled_ms: int | None) -> MicroBatch:
        messages = [
            Message(partition=name, offset=str(at), payload=self._held[name][at][1])
            for name, (first, last) in sorted(ranges.items())
            for at in range(int(first), int(last) + 1)
        ]
        offset_ranges = OffsetRanges(
            source=self.name, ranges=dict(ranges), messages=len(messages), polled_ms=polled_ms
        )
        return self._parser.parse(offset_ranges, messages)


class Asking(Pausing):
    """Remembers what it was told is ours."""

    def __init__(self, time: Time) -> None:
        super().__init__(time)
        self.told: list[dict[str, str]] = []

    def acknowledge(self, last: Mapping[str, str]) -> None:
        self.told.append(dict(last))


class KilledError(Exception):
    """Instead of what no one can catch."""


def run_for(folder: Path, time: Time, turns: int | None) -> LiveRun:
    """Go on for so many turns and be killed; or, for None, until all has been quiet for long."""
    source = Pausing(time)
    with LiveRun(source, folder, config=CONFIG, resume=True) as run:
        run.loop.ticks = Ticks(source, idle_s=CONFIG.idle_seconds, monotonic_s=time.now_s)
        left = turns

        def tell() -> None:
            nonlocal left
            run.stopping = time.ms > source.last_ms + 5 * HOUR_MS
            if left is not None:
                left -= 1
                if not left:
                    raise KilledError

        run.run(tell)
    return run


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LiveRun]:
    folder = tmp_path_factory.mktemp("quiet") / "run"
    return folder, run_for(folder, Time(), None)


def check_learned_again(folder: Path, again: Path) -> None:
    """From the first checkpoint on, in one go, as the admitted log has it."""
    shutil.copytree(folder, again)
    for later in sorted((again / "checkpoints").iterdir())[1:]:
        shutil.rmtree(later)
    with LiveRun(Pausing(Time()), again, config=CONFIG, resume=True) as run:
        run.stopping = True  # what comes is no part of it
        run.run()
    check_same(folder, again)


def test_a_quiet_stream_learns_its_last_batch(straight: tuple[Path, LiveRun]) -> None:
    """Nobody tells it that the stream is over: it is learned when the clock has passed wait and lateness."""
    _, run = straight
    counters = run.trainer.buffer.counters
    assert counters.received == Pausing(Time()).messages
    assert counters.waiting == 0
    assert counters.learned > 0
    assert counters.add_up()
    assert counters.late_after_idle > 0  # what was two hours on its way


def test_ticks_of_both_kinds_are_admitted(straight: tuple[Path, LiveRun]) -> None:
    folder, _ = straight
    log = AdmittedLog(folder / "admitted")
    first = log._segments.first
    awaited = {entry.awaited for _, entry in log.read_after(first - 1)}
    assert {None, (), ("a",)} <= awaited


def killed_while_it_acknowledged(folder: Path) -> list[dict[str, str]]:
    """What was acknowledged within forty turns."""
    source, turns = Asking(Time()), iter(range(40))
    with LiveRun(source, folder, config=replace(CONFIG, checkpoint_minutes=10**6)) as run:

        def tell() -> None:
            if next(turns, None) is None:
                raise KilledError

        with pytest.raises(KilledError):
            run.run(tell)
    return source.told


def test_what_is_on_the_disk_is_acknowledged_without_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(killed_while_it_acknowledged(tmp_path / "seldom")) == 1
    monkeypatch.setattr("interestclock.live.acknowledgement._EVERY_S", 0.0)
    told = killed_while_it_acknowledged(tmp_path / "often")
    offsets: dict[str, str] = {}
    admitted = []
    for _, entry in AdmittedLog(tmp_path / "often" / "admitted").read_after(0):
        offsets = offsets | {name: last for name, (_, last) in entry.ranges.items()}
        admitted += [offsets] if entry.ranges else []
    assert told == admitted
    assert len(told) > 9
    assert not list((tmp_path / "often" / "checkpoints").iterdir())


def test_the_night_is_checkpointed_too(straight: tuple[Path, LiveRun], tmp_path: Path) -> None:
    """Else the admitted log would grow for as long as nothing comes."""
    folder, run = straight
    before = run._number
    time = Time()
    time.ms = Pausing(time).last_ms + 5 * HOUR_MS
    shutil.copytree(folder, tmp_path / "run")
    with LiveRun(Pausing(time), tmp_path / "run", config=CONFIG, resume=True) as later:
        later.loop.ticks = Ticks(later.source, idle_s=CONFIG.idle_seconds, monotonic_s=time.now_s)
        until_ms = time.ms + 72 * HOUR_MS

        def tell() -> None:
            later.stopping = time.ms > until_ms

        later.run(tell)
    assert later._number - before == 4  # three days, and the one at the end


def test_it_is_learned_again_to_the_bit(straight: tuple[Path, LiveRun], tmp_path: Path) -> None:
    check_learned_again(straight[0], tmp_path / "again")


@pytest.mark.parametrize("turns", slow_but([7], [7, 30]))
def test_killed_around_ticks_it_ends_to_the_bit(turns: int, tmp_path: Path) -> None:
    time, kills = Time(), 0
    while True:
        try:
            run = run_for(tmp_path / "run", time, turns)
            break
        except KilledError:
            kills += 1
    assert kills > 5
    assert run.trainer.buffer.counters.received == Pausing(Time()).messages
    assert run.trainer.buffer.counters.waiting == 0
    check_learned_again(tmp_path / "run", tmp_path / "again")
