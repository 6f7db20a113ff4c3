"""A source, a feature state and a store: admit, apply, commit; go on where it stopped."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from interestclock.admission import KEY, Admitted, AdmittedEntry, EventBuffer, UserHashes
from interestclock.arrays import below, under
from interestclock.errors import ResultError
from interestclock.live.beginning import check_beginning
from interestclock.live.durable_files import DurableFiles
from interestclock.live.folder_config import settings_of
from interestclock.live.source_loop import SourceLoop
from interestclock.operations.alarms import Alarms
from interestclock.operations.event_rate import EventRate
from interestclock.relay import Publication
from interestclock.relay.folder_entries import keep_for
from interestclock.state import FeatureState
from interestclock.state.apply_admitted import apply_admitted
from interestclock.store import StoreLostError, open_writer
from interestclock.streams import LiveSource
from interestclock.updater.commit_pace import CommitPace
from interestclock.updater.config import UpdaterConfig
from interestclock.updater.progress import UpdaterNumbers
from interestclock.updater.publishing import publisher_to
from interestclock.updater.updater_folder import UpdaterFolder

__all__ = ["FeatureUpdater"]

_log = logging.getLogger("interestclock.updater")


class FeatureUpdater:
    """Keeps the store in a folder current behind a source, and writes down what it admitted.

    ::

        folder/config.json         what it is set to
        folder/admitted/           what was taken and what became of it, before it is applied
        folder/features.lmdb/      the store, which ``LmdbStore(folder)`` reads
        folder/items.arrow         the source's item table, where it has one
        folder/checkpoints/        what admission waits for, and the state, every so many messages
        folder/dead-letters.jsonl  messages that could not be read, with the reason
        folder/lock                held while an updater runs

    A micro-batch is on the disk in ``admitted/``, then in the store, in one transaction with its position,
    and only then acknowledged; where more is waiting, several are in one transaction (``CommitPace``).
    Whatever kills it, the next one on the folder goes on: it takes the newest
    checkpoint, applies what was admitted since then again, and writes what of that the store has not.

    Where the store is on a server, there is no ``features.lmdb``: each user goes there by themselves, and
    the position last of all. A server that is away is waited for; if it lost what it had, all is written
    anew.

    Args:
        source: of events. folder: of the store; one that an updater of the same source and settings left
            goes on. config: how it admits, and what it keeps.
        store: ``redis://HOST:PORT/DB?prefix=NAME`` of a store on a server; None: it is in the folder.
        kept_for: names of those who will read what is admitted; it stays for each from the first entry on,
            also before it first comes.
        publication: where what is admitted is published, too; it is closed on leaving.

    Raises:
        ConfigError: the address cannot be read, or a name cannot be a file's.
        ResultError: what one of those begins with is gone already; the folder is of something else or of
            another source or configuration, another updater runs in it or writes the store, or it cannot be
            written.

    Example:
        >>> import tempfile
        >>> import pyarrow as pa
        >>> from interestclock.events import open_log
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.store import LmdbStore
        >>> from interestclock.streams import ReplaySource
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
        >>> exposures = write_simulated_log(folder / "log", size=size)
        >>> source = ReplaySource(open_log(folder / "log"))
        >>> with FeatureUpdater(source, folder / "store", config=UpdaterConfig()) as updater:
        ...     updater.run()
        ...     updater.numbers().exposures == exposures
        True
        >>> with LmdbStore(folder / "store") as store, store.snapshot() as view:
        ...     view.position > 0, view.slots("user", pa.array([1, 77])).tolist()
        (True, [1, 0])
    """

    def __init__(
        self,
        source: LiveSource,
        folder: str | Path,
        *,
        config: UpdaterConfig,
        store: str | None = None,
        kept_for: Sequence[str] = (),
        publication: Publication | None = None,
    ) -> None:
        folder = Path(folder)
        self.store = store or str(folder)
        self.source, self.folder, self.config = source, folder, config
        self.stopping = self.under_way = False
        settings = settings_of(source, config.made_from())
        self.buffer = EventBuffer(source.schema, config=config.admission, hashes=UserHashes(folder / KEY))
        self.state = FeatureState(source.schema, items=source.items(), config=config.state())
        with contextlib.ExitStack() as opened:
            claimed = UpdaterFolder(folder, settings)
            opened.callback(claimed.release)
            opened.callback(source.close)
            claimed.put_items(source.items())
            self._files = DurableFiles(
                folder,
                source,
                buffer=self.buffer,
                fingerprint=claimed.fingerprint,
                checkpoints_kept=config.checkpoints_kept,
                resumes="start it again: it goes on",
                followed=True,
            )
            opened.callback(self._files.close)
            keep_for(kept_for, folder / "admitted", first=self._files.admission.entries[0])
            self._writer = opened.enter_context(
                open_writer(store or folder, schema=source.schema, config=config.state(), owner=claimed.owner)
            )
            self._publisher = None
            if publication is not None:
                opened.callback(publication.close)
                first = self._files.admission.entries[0]
                self._publisher = opened.enter_context(
                    publisher_to(publication, source, folder / "admitted", config.admission, first=first)
                )
            self._opened = opened.pop_all()
        self.loop = SourceLoop(
            source,
            self._files.admission,
            buffer=self.buffer,
            poll_messages=config.poll_messages,
            idle_s=config.idle_seconds,
            step=self._step,
            holds=lambda: self._pace.holding,
        )
        self._pace = CommitPace()
        self._in_store = 0  # the entry up to which the store has all, 0 where it is to be written anew
        self._number = self._since_checkpoint = 0
        self._quiet_ms = 0  # when the source was last seen to have no more
        self._rate, self._alarms = EventRate(), Alarms()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def run(self, report: Callable[[], None] = lambda: None) -> None:
        """Take up what was admitted, then what comes, until the source ends or ``stopping`` is set.

        Ends with a checkpoint in either case.

        Args:
            report: called after every arrival and while none comes.

        Raises:
            ResultError: something cannot be written or read. Started again, it goes on where the disk ends.
        """
        self._resume()
        self.under_way = True
        while not self.stopping and self._turn():
            if self._publisher is not None:
                self._publisher.check()
            report()
        if self._pace.holding:
            self._commit()
        self._checkpoint()
        self._files.written()
        self.loop.acknowledge()
        if self._publisher is not None:
            self._publisher.finish()
        self._alarms.look(self._counts(), ended=True)
        report()

    def numbers(self) -> UpdaterNumbers:
        """How far it is, and how far behind."""
        counts, clock = self._counts(), self.source.clock
        event_ms, lag_s = max(self.buffer.newest_ms, 0), math.nan
        if clock is not None and event_ms:
            lag_s = max(clock.now_ms() - max(event_ms, self._quiet_ms), 0) / 1_000
        return UpdaterNumbers(
            position=self._in_store,
            counts=counts,
            events_per_second=self._rate.of(time.monotonic(), counts["received"]),
            event_ms=event_ms,
            lag_seconds=lag_s,
            published=None if self._publisher is None else self._publisher.position,
        )

    def _resume(self) -> None:
        """The state as of the last entry that was admitted, and the store, too."""
        files, manifest = self._files, None
        found = files.newest()
        if found is not None:
            manifest, state = found
            self.buffer.restore(below("admission", state))
            self.state.restore(below("features", state))
            self._number = manifest.number
            files.admission.restore(position=manifest.admitted_position, offsets=manifest.offsets)
            _log.info("going on from checkpoint %d", manifest.number, extra={"event_ms": manifest.event_ms})
        self.state.admit_catalogue()
        first, entries = files.admission.entries
        if found is None:
            check_beginning(self.folder, first=first, entries=entries)
        files.admission.check_readable()
        files.truncate(manifest)
        self._in_store = self._position_to_go_on(last=first + entries - 1)
        if self._in_store == files.admission.position and self._in_store:
            self.state.follow()
        self.loop.resume()
        if self._in_store < files.admission.position or not self._has_catalogue():
            self._commit()

    def _position_to_go_on(self, *, last: int) -> int:
        """Up to which entry the store has what is applied again; 0 where it is written anew."""
        there, checkpoint = self._writer.position, self._files.admission.position
        if there and not last:
            raise ResultError(
                f"{self.folder}: the store has {there} entries, and admitted/ none; bring checkpoints/ and "
                "admitted/ back from a copy, or start anew in another folder"
            )
        if there < checkpoint or self._writer.furthest > last:
            why = f"the store is at entry {there}, and what was admitted goes from {checkpoint} to {last}"
        elif there and not self._has_catalogue():
            why = "the store was written with another item table, or without its items"
        else:
            return there
        _log.warning("%s: %s: writing the store anew", self._writer.name, why)
        return 0

    def _has_catalogue(self) -> bool:
        return self._writer.catalogue == self.state.catalogue.version

    def _turn(self) -> bool:
        """Take what has come; what was held back for more that does not come is committed."""
        before = self._files.admission.position
        goes_on = self.loop.turn()
        if self._pace.holding and self._files.admission.position == before:
            self._commit()
        return goes_on

    def _step(self, entry: AdmittedEntry, admitted: Sequence[Admitted]) -> None:
        """Apply what is written down, commit it, and see whether a checkpoint is due."""
        self._files.dead_letters.write(entry.dead)
        for each in admitted:
            apply_admitted(self.state, each)
        self._since_checkpoint += max(entry.messages, 1)
        if not self.under_way:  # all of this is committed together, but for what the store has
            if self._in_store == self._files.admission.position:
                self.state.follow()
            return
        checkpoint_due = self._since_checkpoint >= self.config.checkpoint_messages
        if self._pace.due(more=entry.messages >= self.config.poll_messages) or checkpoint_due:
            self._commit()
        if entry.awaited == () and entry.polled_ms is not None:
            self._quiet_ms = entry.polled_ms
        self._alarms.note(letter.reason for letter in entry.dead)
        counts = self._counts()
        self._alarms.look(counts)
        self._rate.note(time.monotonic(), counts["received"])
        if checkpoint_due:
            self._checkpoint()

    def _commit(self) -> None:
        with self._pace.commit():
            try:
                self._write_changes()
            except StoreLostError as error:
                _log.warning("%s; writing the store anew", error)
                self.state.unfollow()
                self._write_changes()
        self._in_store = self._files.admission.position

    def _write_changes(self) -> None:
        at = self._files.admission
        changes, watermark_ms = self.state.changes(), self.buffer.watermark_ms
        self._writer.apply(changes, position=at.position, offsets=at.offsets, watermark_ms=watermark_ms)

    def _checkpoint(self) -> None:
        """Copy the state; write it beside the updates, which wait only if the one before is not done."""
        started_s = time.perf_counter()
        self._files.written()
        self._writer.tidy()
        state = under("admission", self.buffer.state()) | under("features", self.state.state())
        self._number += 1
        self._since_checkpoint = 0
        self._files.checkpoint(
            {name: np.array(each, order="C") for name, each in state.items()},
            number=self._number,
            event_ms=max(self.buffer.newest_ms, 0),
            since_s=started_s,
        )

    def _counts(self) -> dict[str, int]:
        counters = self.buffer.counters
        counters.waiting = self.buffer.waiting
        counters.item_changes = self.state.values.changes.count
        return counters.counts()
