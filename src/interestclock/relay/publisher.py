"""Publishes an admitted log behind whoever writes it: each entry once, in order, out of the files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from interestclock.admission import AdmittedFollower
from interestclock.errors import ResultError
from interestclock.relay.admitted_settings import AdmittedSettings
from interestclock.relay.publication import LastPublished, Publication
from interestclock.relay.records import RecordWriter, content_in
from interestclock.streams import followers_of
from interestclock.streams.commit_mark import on_disk
from interestclock.streams.log_followers import FollowerOffset

__all__ = ["PUBLISHER", "AdmittedPublisher"]

PUBLISHER = "publisher"  # its name as a follower of the log
_AT_A_TIME = 16  # entries; so many are in memory
_LOOK_AGAIN_S, _NOTE_S = 0.005, 1.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _WARN_AGAIN_S = 0.1, 5.0, 600.0
_log = logging.getLogger("interestclock.publisher")


class AdmittedPublisher:
    """A thread that follows a log and publishes what is on the disk; it never holds up who writes the log.

    What it has published is for the broker to say: it goes on behind the last entry there, at the start and
    after every failure. A broker that is away is waited for, with a warning; meanwhile entries wait in the
    log's files, which stay for the publisher as for any follower.

    Args:
        folder: of the log, which this process writes. first: the oldest entry that is kept there.
        publication: where to. settings: of the log.
        monotonic_s: a clock that no one sets.

    Raises:
        ResultError: entries that were never published are gone.

    Example:
        >>> import tempfile
        >>> from interestclock.admission import AdmissionConfig, AdmittedEntry, AdmittedLog
        >>> from interestclock.events.schema import LogSchema
        >>> class InMemory:
        ...     name, away = "memory://admitted", (ConnectionError,)
        ...     def __init__(self):
        ...         self.numbers = []
        ...     def last(self):
        ...         return None
        ...     def publish(self, records):
        ...         self.numbers += [number for number, _ in records]
        >>> folder, publication = Path(tempfile.mkdtemp()), InMemory()
        >>> settings = AdmittedSettings(source="log:///plays", schema=LogSchema(labels=("finish",)),
        ...     admission=AdmissionConfig())
        >>> log = AdmittedLog(folder, followed=True)
        >>> with AdmittedPublisher(folder, publication, first=1, settings=settings) as publisher:
        ...     _ = log.append(AdmittedEntry(first_arrival=0, source="", polled_ms=9_000, awaited=()))
        ...     publisher.finish()
        >>> publication.numbers
        [1]
    """

    def __init__(
        self,
        folder: str | Path,
        publication: Publication,
        *,
        first: int,
        settings: AdmittedSettings,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        folder = Path(folder)
        self._folder, self._publication, self._monotonic_s = folder, publication, monotonic_s
        self._records = RecordWriter(settings)
        self._error: Exception | None = None
        self._stopping = threading.Event()
        self._away_s: float | None = None  # since when
        self._warned_s = self._noted_s = 0.0
        self._follower: AdmittedFollower | None = None  # None where the broker has to be asked first
        known = {each.name: each.offset for each in followers_of(folder)}
        if PUBLISHER not in known and first > 1:
            raise ResultError(
                f"{folder} begins with entry {first}, and nothing of it was published to "
                f"{publication.name}, where readers need the first: begin anew in another folder, with "
                "--admitted from the start"
            )
        self.position = known.get(PUBLISHER, 0)  # the last entry that is known to be published
        self._offset = FollowerOffset(folder, PUBLISHER)
        self._offset.write(self.position)
        self._thread = threading.Thread(target=self._run, name="admitted-publisher", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._offset.release()

    def check(self) -> None:
        """Whether it can go on.

        Raises:
            ResultError: what stands there is not of this log, or entries that are missing there are gone.
        """
        if self._error is not None:
            raise self._error

    def finish(self) -> None:
        """Wait until all that is on the disk is published, as long as the broker answers."""
        while self._left() and self._away_s is None and self._thread.is_alive():
            self._stopping.wait(_LOOK_AGAIN_S)
        self.check()
        if left := self._left():
            _log.warning(
                "%s: %d entries are not published yet; the next start does it", self._publication.name, left
            )

    def _left(self) -> int:
        return (on_disk(self._folder) or 0) - self.position

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                published = self._publish_more()
            except self._publication.away as error:
                self._follower = None
                self._tell_away(error)
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                continue
            except Exception as error:  # whoever writes the log has to know
                self._error = error
                return
            self._tell_back()
            pause_s = _FIRST_PAUSE_S
            if not published:
                self._stopping.wait(_LOOK_AGAIN_S)
        self._note(at_once=True)

    def _publish_more(self) -> bool:
        """Publish what comes next, if anything did."""
        if self._follower is None:
            self._follower = self._behind(self._publication.last())
        entries = list(islice(self._follower.read_encoded(), _AT_A_TIME))
        if entries:
            self._publication.publish([(each.number, self._records.record(each)) for each in entries])
            self.position = entries[-1].number
        self._note()
        return bool(entries)

    def _behind(self, last: LastPublished | None) -> AdmittedFollower:
        """Whoever reads on behind what stands there; it has to be of this log."""
        position = 0 if last is None else last.number
        if position is None:  # forgotten there: as it is known here, from where on some may come twice
            position = self.position
        written = on_disk(self._folder) or 0
        if position > written:
            raise ResultError(
                f"{self._publication.name} ends with entry {position}, and {self._folder} with {written}: it "
                "is of another store, or this one was brought back from a copy; name another stream, and "
                "let its readers start anew"
            )
        if last is not None and last.record is not None:
            self._check_own(position, last.record)
        self.position = position
        return AdmittedFollower(self._folder, position=position)

    def _check_own(self, number: int, record: bytes) -> None:
        """Where the entry is still here, it is the same."""
        try:
            entry = next(AdmittedFollower(self._folder, position=number - 1).read_encoded(), None)
        except ResultError:
            return  # what comes behind it decides
        if entry is not None and entry.content != content_in(record, where=self._publication.name):
            raise ResultError(
                f"{self._publication.name}: entry {number} is another one than in {self._folder}: another "
                "store is published there; name another stream"
            )

    def _note(self, *, at_once: bool = False) -> None:
        """How far it is, for the log to know what may go; now and then, since the broker knows better."""
        now_s = self._monotonic_s()
        if at_once or now_s - self._noted_s >= _NOTE_S:
            self._noted_s = now_s
            try:
                self._offset.write(self.position)
            except ResultError as error:
                _log.warning("%s", error)

    def _tell_away(self, error: Exception) -> None:
        now_s = self._monotonic_s()
        if self._away_s is None:
            self._away_s, self._warned_s = now_s, -_WARN_AGAIN_S + now_s
        if now_s - self._warned_s >= _WARN_AGAIN_S:
            self._warned_s = now_s
            _log.warning(
                "%s is away (%s); %d entries wait in %s, and it is tried again",
                self._publication.name,
                error,
                self._left(),
                self._folder,
            )

    def _tell_back(self) -> None:
        if self._away_s is not None:
            _log.info("%s is back after %.1f s", self._publication.name, self._monotonic_s() - self._away_s)
            self._away_s = None
