"""A feature state as it was at one entry of an admitted log after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from interestclock.admission import KEY, AdmittedEntry, AdmittedFollower, EventBuffer, UserHashes
from interestclock.admission.admitted_log import ADMITTED
from interestclock.admission.entry_decisions import EntryDecisions
from interestclock.arrays import below
from interestclock.errors import ResultError
from interestclock.live.checkpoints import CheckpointReader
from interestclock.relay import AdmittedSource, FolderEntries
from interestclock.samples import BatchMaker, RequestFeatures, RequestRecord, Rows, request_features
from interestclock.state import FeatureState, StateConfig
from interestclock.state.apply_admitted import apply_admitted
from interestclock.streams.segment_header import files_of

__all__ = ["AdmittedStates"]


class AdmittedStates:
    """Makes again, in memory, what the store of a feature updater was; its folder is only read.

    Args:
        folder: of the store. config: of its state. before: the entry as of which it is needed first; it
            begins with the newest checkpoint that is no later, or with the first entry.

    Raises:
        ResultError: it is no store's folder, or what is kept of the log is damaged.
    """

    def __init__(self, folder: Path, config: StateConfig, *, before: int) -> None:
        source = AdmittedSource(FolderEntries(folder, group="skew"))
        self.buffer = EventBuffer(source.schema, config=source.admission, hashes=UserHashes(folder / KEY))
        self.state = FeatureState(source.schema, items=source.items(), config=config)
        self._folder = folder / ADMITTED
        self.position = self._begin(CheckpointReader(folder / "checkpoints"), before)
        self._decisions = EntryDecisions(source, buffer=self.buffer, where=str(self._folder))

    @property
    def watermark_ms(self) -> int:
        """Nothing of an earlier moment comes any more."""
        return self.buffer.watermark_ms

    def entries(self) -> Iterator[tuple[int, AdmittedEntry]]:
        """What follows ``position``, each with its number, to be applied before the next."""
        yield from AdmittedFollower(self._folder, position=self.position).read()

    def apply(self, number: int, entry: AdmittedEntry, *, part: bool) -> None:
        """Go on by an entry, or a part of one.

        Raises:
            ResultError: another disposition comes out.
        """
        for each in self._decisions.again(number, entry, part=part):
            apply_admitted(self.state, each)
        self.position = number

    def features(self, record: RequestRecord, time: RequestFeatures) -> RequestFeatures:
        """What a request would read of the state as it is now.

        Args:
            record: whose, and what of it is read. time: as of when, and the local time.
        """
        user = self.state.slots("user", pa.array([record.user]))
        one = np.ones(1, np.int64)
        rows = Rows(
            user_B=user.astype(np.int64),
            item_B=0 * one,
            request_B=one,
            timestamp_ms_B=one * time.at_ms,
            second_of_day_B=one * time.second_of_day,
            day_of_week_B=one * time.day_of_week,
            known_ms_B=one * time.at_ms,
        )
        maker = BatchMaker(
            recent=1,
            clocks=bool(record.features.clocks),
            clocks_of_day=record.clocks_of_day,
            population_votes=record.population_votes,
        )
        batch = maker.make(rows, self.state)
        return request_features(batch, self.state.histories(), self.state, request=0, most=record.most)

    def _begin(self, checkpoints: CheckpointReader, before: int) -> int:
        """Restore the newest checkpoint that is early enough, else the beginning, else the oldest."""
        oldest = None
        for number in reversed(checkpoints.numbers()):
            try:
                manifest, state = checkpoints.read(number)
            except ResultError:
                continue  # gone meanwhile, or damaged
            oldest = manifest, state
            if manifest.admitted_position <= before:
                break
        else:
            if min(files_of(self._folder, ADMITTED), default=1) == 1:
                oldest = None
        position = 0
        if oldest is not None:
            manifest, state = oldest
            self.buffer.restore(below("admission", state))
            self.state.restore(below("features", state))
            position = manifest.admitted_position
        self.state.admit_catalogue()
        return position
