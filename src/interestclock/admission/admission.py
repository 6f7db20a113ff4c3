"""Admission of a source's messages: decided, written down, and only then handed over."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from interestclock.admission.admitted import Admitted
from interestclock.admission.admitted_entry import AdmittedEntry
from interestclock.admission.admitted_log import AdmittedLog
from interestclock.admission.entry_decisions import EntryDecisions
from interestclock.admission.erasure_ledger import ErasureLedger
from interestclock.admission.event_buffer import EventBuffer
from interestclock.errors import ResultError
from interestclock.streams import MicroBatch, Rereadable, Source, Tick

__all__ = ["Admission"]

_NO_FILE = (
    "%s ends with entry %d, and the file that begins with entry %d is missing: what it held, if anything, is "
    "asked of the source again"
)
_log = logging.getLogger("interestclock.admission")


class Admission:
    """What comes from a source, on the disk with its dispositions before anything can be made of it.

    Everything made of the messages can be made again, from any entry on, by ``again``: from the messages
    themselves, which stand in the log, so that no broker is asked; or, of a source that is ``Rereadable``,
    from those that their place stands for. What becomes of them is decided again, and has to be the same.

    Args:
        source: whose messages. folder: of the log. buffer: decides.
        followed: others read the log, who cannot ask the source: messages stand in it in any case, and what
            they have not read stays.
        ledger: of who was erased; None: of a stream that nobody goes on from.

    Raises:
        ResultError: the log is damaged, or (from what admits) cannot be written.

    Example:
        >>> import tempfile
        >>> from interestclock.streams import Message, MessageParser, OffsetRanges, RedisSource
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.admission import AdmissionConfig
        >>> schema = LogSchema(labels=("finish",))
        >>> source = RedisSource(host="h", port=1, streams=["plays"], schema=schema)
        >>> buffer = EventBuffer(schema, config=AdmissionConfig())
        >>> admission = Admission(source, Path(tempfile.mkdtemp()), buffer=buffer)
        >>> offset_ranges = OffsetRanges(
        ...     source=source.name, ranges={"plays": ("7-0", "7-0")}, messages=1, polled_ms=9)
        >>> message = Message(partition="plays", offset="7-0", payload=b"{}")
        >>> entry, _ = admission.admit(MessageParser(schema).parse(offset_ranges, [message]))
        >>> entry.dead[0].reason, admission.position, admission.offsets
        ('item_id is missing', 1, {'plays': '7-0'})
    """

    def __init__(
        self,
        source: Source,
        folder: str | Path,
        *,
        buffer: EventBuffer,
        ledger: ErasureLedger | None = None,
        followed: bool = False,
    ) -> None:
        self.position = 0  # the last entry that was given out
        self.offsets: dict[str, str] = {}  # the last one of each partition, up to there
        self._source, self._buffer, self._ledger = source, buffer, ledger
        self._whole = followed or not isinstance(source, Rereadable)
        self._log, self._folder = AdmittedLog(folder, followed=followed), Path(folder)
        self._decisions = EntryDecisions(source, buffer=buffer, where=str(self._folder))

    def restore(self, *, position: int, offsets: Mapping[str, str]) -> None:
        """Go on behind an entry; whose the buffer is has restored it to there.

        What stands before it is not needed for that: where it is damaged, a warning says so.
        """
        self.position, self.offsets = position, dict(offsets)
        for problem in self._log.problems_before(position):
            _log.warning("%s. It is needed only to go on from an older checkpoint", problem)
        if self._log.position == position and not self._log.last_file_is_empty:
            _log.warning(_NO_FILE, self._folder, position, position + 1)

    @property
    def entries(self) -> tuple[int, int]:
        """The number of the oldest entry that is kept, and how many there are."""
        return self._log.first, self._log.position + 1 - self._log.first

    def check_readable(self) -> None:
        """Read what ``again`` will read, and change nothing: who removes what it makes again asks first.

        Entries are decoded and not kept, so ``again`` reads them a second time. Of 200,000 messages this
        takes 7 to 11 s beside 105 to 113 s of admitting them again, in entries of ten, and 2.5 to 4.7 s
        beside 10 to 12 s in entries of 200, before anything is learned (on a busy machine). The alternatives
        are all of them in memory, or new files beside those that are cut.

        Raises:
            ResultError: entries are missing or damaged.
        """
        for _ in self._log.read_after(self.position):
            pass

    def admit(self, batch: MicroBatch) -> tuple[AdmittedEntry, list[Admitted]]:
        """Admit one micro-batch: what was written down of it, and what is used."""
        entry, admitted = self._decisions.decide(batch, whole=self._whole)
        self.position = self._log.append(entry)
        self._follow(entry)
        self._note_erasures(admitted)
        return entry, admitted

    def tick(self, tick: Tick) -> tuple[AdmittedEntry, list[Admitted]]:
        """Nothing came for a while."""
        entry = AdmittedEntry(
            first_arrival=self._buffer.counters.received,
            source=self._source.name,
            polled_ms=tick.polled_ms,
            awaited=tick.awaited,
        )
        self.position = self._log.append(entry)
        return entry, self._buffer.tick(awaited=tick.awaited, polled_ms=tick.polled_ms)

    def again(self) -> Iterator[tuple[AdmittedEntry, list[Admitted]]]:
        """What was written down behind ``position``, as it was given out then.

        Raises:
            ResultError: entries are missing or damaged, a source that is read again has changed, or another
                disposition comes out.
        """
        self._buffer.erased.check_key()
        for number, entry in self._log.read_after(self.position):
            admitted = self._decisions.again(number, entry)
            self.position = number
            self._follow(entry)
            self._note_erasures(admitted)
            yield entry, admitted

    def repeat(self, entry: AdmittedEntry) -> tuple[AdmittedEntry, list[Admitted]]:
        """Admit what another process admitted: decided again, and written down as it stands there.

        Raises:
            ResultError: it is not what comes next, its messages are not in it, or another disposition comes
                out.
        """
        number, received = self.position + 1, self._buffer.counters.received
        if entry.first_arrival != received:
            raise ResultError(
                f"{self._source.name}: entry {number} begins behind {entry.first_arrival:,} messages, and "
                f"{received:,} were taken: it is of another log; start anew in another folder"
            )
        if entry.dispositions is not None:
            raise ResultError(
                f"{self._source.name}: entry {number} says what became of rows and does not hold them: it is "
                "of a version that wrote for itself alone; let 'features follow' admit the log again in "
                "another folder"
            )
        if entry.erased:
            raise ResultError(
                f"{self._source.name}: entry {number} erases users whom only its writer's ledger names; "
                "start anew in another folder, with a copy of the writer's erasures.jsonl and "
                "erasures.key in it"
            )
        admitted = self._decisions.again(number, entry)
        self.position = self._log.append(entry)
        self._follow(entry)
        self._note_erasures(admitted)
        return entry, admitted

    def erase_again(self) -> Iterator[tuple[AdmittedEntry, list[Admitted]]]:
        """Erase whom the ledger names and nothing that was gone on from does, such as a copy of last week.

        It is called behind ``again``, and is written down itself: what is made of the log follows from it.

        Raises:
            ResultError: the ledger is damaged or its key missing, or the log cannot be written.
        """
        missing = {} if self._ledger is None else self._buffer.erased.unknown_of(self._ledger.until_ms())
        if missing:
            entry = AdmittedEntry(
                first_arrival=self._buffer.counters.received, source=self._source.name, erased=missing
            )
            self.position = self._log.append(entry)
            yield entry, self._buffer.erase(missing)

    def new_segment(self) -> None:
        """What comes stands in a file of its own, so that those before it can be removed."""
        self._log.new_segment()

    def drop_before(self, position: int) -> None:
        """Nobody will go on from an entry before this one."""
        self._log.drop_before(position)

    def close(self) -> None:
        """Nothing more is admitted."""
        self._log.close()

    def _note_erasures(self, admitted: Sequence[Admitted]) -> None:
        """On the disk before anything is made of them, and behind the log, from which they come again."""
        if self._ledger is not None:
            for each in admitted:
                if each.erasures is not None:
                    self._ledger.add(each.erasures.until_ms)

    def _follow(self, entry: AdmittedEntry) -> None:
        self.offsets |= {partition: last for partition, (_, last) in entry.ranges.items()}
