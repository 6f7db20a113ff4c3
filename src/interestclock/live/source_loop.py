"""A source, message by message: admitted, written down, handed over, and only then acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from interestclock.admission import Admission, Admitted, AdmittedEntry, EventBuffer
from interestclock.live.acknowledgement import Acknowledgement
from interestclock.relay import AdmittedSource
from interestclock.relay.admitted_source import ENTRY
from interestclock.streams import LiveSource, Tick, Ticks

__all__ = ["EntryLoop", "SourceLoop", "loop_over"]

_POLL_S = 1.0
_MOMENT_S = 0.02
Step = Callable[[AdmittedEntry, Sequence[Admitted]], None]


class SourceLoop:
    """Takes up what was admitted, then what comes; whoever makes something of it is called for each entry.

    Args:
        source: of events. admission: of it. buffer: the one that admits.
        poll_messages: messages taken at a time, at most.
        idle_s: how long a partition is silent before it is not waited for.
        step: is given each entry once it is written down, with what is used of it. When it returns, the
            source may be told that the messages need not be kept.
        holds: whether what was handed over is still held back somewhere: then the source is not told, and
            what comes next is waited for only a moment.
    """

    def __init__(
        self,
        source: LiveSource,
        admission: Admission,
        *,
        buffer: EventBuffer,
        poll_messages: int,
        idle_s: float,
        step: Step,
        holds: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source, self._admission, self._buffer, self._holds = source, admission, buffer, holds
        self._most, self._wait_s, self._step = poll_messages, min(_POLL_S, idle_s / 2), step
        self._acknowledgement = Acknowledgement(source)
        self.ticks = Ticks(source, idle_s=idle_s)

    def resume(self) -> None:
        """Hand over again what was admitted behind where ``admission`` stands; the source goes on there."""
        for entry, admitted in self._admission.again():
            self._step(entry, admitted)
        for entry, admitted in self._admission.erase_again():
            self._step(entry, admitted)
        self._source.start_after(self._admission.offsets)

    def turn(self) -> bool:
        """Take what has come, or wait for it a moment; whether more may come."""
        batch = self._source.poll(self._most, _MOMENT_S if self._holds() else self._wait_s)
        self._admit_tick(self.ticks.opening())
        if batch is not None:
            self._step(*self._admission.admit(batch))
            self.ticks.received_from(self._buffer.active_partitions)
        elif self._source.ended:
            return False
        self._admit_tick(self.ticks.due())
        if not self._holds():
            self._acknowledgement.if_due(self._admission.offsets)
        return True

    def acknowledge(self) -> None:
        """Tell the source all that it need not keep."""
        self._acknowledgement.now(self._admission.offsets)

    def _admit_tick(self, tick: Tick | None) -> None:
        if tick is not None:
            self._step(*self._admission.tick(tick))


class EntryLoop:
    """The same of what another process admitted: its entries, ticks among them, as they stand there.

    Args:
        source: of entries. admission: decides again, and writes each down under the number it has there.
        step: as ``SourceLoop`` has it.
    """

    def __init__(self, source: AdmittedSource, admission: Admission, *, step: Step) -> None:
        self._source, self._admission, self._step = source, admission, step
        self._acknowledgement = Acknowledgement(source)

    def resume(self) -> None:
        """Hand over again what was admitted behind where ``admission`` stands; the source goes on there."""
        for entry, admitted in self._admission.again():
            self._step(entry, admitted)
        self._source.start_after(self._offsets)

    def turn(self) -> bool:
        """Take the next entry, or wait for it a moment; more may always come."""
        entry = self._source.next_entry(_POLL_S)
        if entry is not None:
            self._step(*self._admission.repeat(entry))
        self._acknowledgement.if_due(self._offsets)
        return True

    def acknowledge(self) -> None:
        """Tell the source all that it need not keep."""
        self._acknowledgement.now(self._offsets)

    @property
    def _offsets(self) -> dict[str, str]:
        return {ENTRY: str(self._admission.position)}


def loop_over(
    source: LiveSource | AdmittedSource,
    admission: Admission,
    *,
    buffer: EventBuffer,
    poll_messages: int,
    idle_s: float,
    step: Step,
) -> SourceLoop | EntryLoop:
    """The loop that a source needs: one whose messages are to be admitted, or were.

    Args:
        as of ``SourceLoop``; of what was admitted already, polls and silence were decided there.
    """
    if isinstance(source, AdmittedSource):
        return EntryLoop(source, admission, step=step)
    return SourceLoop(source, admission, buffer=buffer, poll_messages=poll_messages, idle_s=idle_s, step=step)
