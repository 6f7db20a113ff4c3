"""A store and a folder of snapshots become scores: the trainer's batch maker and ranker, at serving time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from interestclock.errors import ResultError
from interestclock.histories import Histories
from interestclock.ranking import FeatureNames
from interestclock.samples import Batch, BatchMaker
from interestclock.serving.explain import Explanation, explained
from interestclock.serving.failures import KeptFailure
from interestclock.serving.feature_source import FeatureSource
from interestclock.serving.item_rows import NewItems
from interestclock.serving.local_clock import local_time_of
from interestclock.serving.quality_gate import QualityGate
from interestclock.serving.rank_request import Id, RankRequest
from interestclock.serving.ranker_version import RankerVersion
from interestclock.serving.request_groups import Slots, apart, check_times, users_of
from interestclock.serving.request_ids import as_the_view_has
from interestclock.serving.request_rows import Placed, rows_of
from interestclock.serving.sampled_requests import SampledRequests
from interestclock.serving.scored import Scored
from interestclock.snapshots import SnapshotManifest, SnapshotReader
from interestclock.snapshots.pins import pinned_in
from interestclock.state import FeatureView

__all__ = ["Scorer"]

# Shapes: M requests, C candidates of one, N candidates of all that are asked for.

_log = logging.getLogger("interestclock.serving")


class Scorer:
    """Scores candidates with the newest snapshot of a trainer, on features of a store that an updater keeps.

    The batch is made by the trainer's own ``BatchMaker``, the ranker is the trainer's own module: what is
    served is what is trained. Scoring is done one call at a time, whichever threads call: a server that has
    more cores runs more processes.

    Args:
        store: an ``LmdbStore``; or a ``FeatureState``, while nobody changes it.
        snapshots: folder that a trainer writes. allow: clocks outside this project that may be imported.
        default_zone: local time of who says no zone and is not known; None is an error then.
        gate: what a new snapshot has to be worth; None is ``QualityGate()``.
        name: of the ranker, which answers carry. only: the one snapshot that answers, whatever the folder
            says; None follows the folder.
        sampled: keeps features of a sample of requests as they were served; None keeps none.

    Raises:
        ResultError: there is no snapshot that can be read, or it was trained on other features than the
            store's.

    Example:
        >>> import tempfile
        >>> from interestclock.events import open_log
        >>> from interestclock.live import LiveConfig, LiveRun
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.streams import ReplaySource
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
        >>> _ = write_simulated_log(folder / "log", size=size)
        >>> with LiveRun(ReplaySource(open_log(folder / "log")), folder / "run", config=LiveConfig()) as run:
        ...     run.run()
        ...     scorer = Scorer(run.trainer.features, folder / "run" / "snapshots", default_zone="UTC")
        ...     (scored,) = scorer.score([RankRequest(user=1, items=[7, 8], at_ms=1_800_000_000_000)])
        >>> scored.version, len(scored.best({"finish": 1.0}))
        ('00000001-full', 2)
    """

    def __init__(
        self,
        store: FeatureSource,
        snapshots: str | Path,
        *,
        allow: Collection[str] = (),
        default_zone: str | None = None,
        gate: QualityGate | None = None,
        name: str = "ranker",
        only: str | None = None,
        sampled: SampledRequests | None = None,
    ) -> None:
        self._store, self._allow, self._default_zone = store, tuple(allow), default_zone
        self.name, self._sampled = name, sampled
        self._reader = SnapshotReader(snapshots, refusal=(gate or QualityGate()).refusal, only=only)
        self._version: RankerVersion | None = None
        self._reading = KeptFailure("snapshots cannot be looked for", log=_log)
        self._taking = KeptFailure("snapshot refused, the one before stays", log=_log)
        self._scoring, self._refreshing = threading.Lock(), threading.Lock()
        if not self._reader.refresh():
            raise ResultError(f"no snapshot to serve: {self._reader.refused}")
        self._swap_in()

    @property
    def version(self) -> str:
        """Name of the snapshot that answers."""
        return self._ready.name

    @property
    def refused(self) -> str | None:
        """Why the newest snapshot was not taken, or cannot be looked for; None where it was."""
        return self._reading.reason or self._reader.refused or self._taking.reason

    @property
    def manifest(self) -> SnapshotManifest:
        """Of the snapshot that answers."""
        return self._ready.snapshot.manifest

    @property
    def names(self) -> FeatureNames:
        """Of tasks and features of the ranker that answers."""
        return self._ready.ranker.names

    @property
    def clocks(self) -> tuple[str, ...]:
        """Kinds of its clocks, by the places that explanations name."""
        return tuple(each.kind for each in self._ready.ranker.config.clocks)

    @property
    def pinned(self) -> str | None:
        """The snapshot that a person wants; None where the newest is to answer.

        Raises:
            ResultError: what is pinned is not there.
        """
        return pinned_in(self._reader.folder)

    def refresh(self) -> bool:
        """Take the newest snapshot if it is another one; whether it was.

        Whatever fails, the one before stays, and ``refused`` says why.
        """
        with self._refreshing:
            return self._reading.attempt(self._reader.refresh) and self._taking.attempt(self._swap_in)

    def _swap_in(self) -> bool:
        """Between two calls that score: each is answered by one version."""
        held, snapshot = self._version, self._reader.current
        assert snapshot is not None  # refresh said so
        if held is not None and held.goes_on_with(snapshot):
            with self._scoring:
                held.update(snapshot)
            return True
        version = RankerVersion(snapshot, allow=self._allow)
        version.check_features(self._store)
        with self._scoring:
            self._version = version
        return True

    @torch.no_grad()
    def score(self, requests: Sequence[RankRequest]) -> list[Scored]:
        """Probabilities of all candidates, as of each request's own moment.

        Args:
            requests: all read one snapshot of the store, and are answered by one version.

        Raises:
            RequestError: one of them cannot be answered: its local time or a context is not known, or it is
                of a moment before the state's ``complete_from_ms``.
        """
        if not requests:
            return []
        with self._scoring, self._store.snapshot() as view:
            check_times(requests, view)
            meant, scored = [as_the_view_has(each, view) for each in requests], []
            for together, user_M in apart(meant, users_of(meant, view)):
                scored += self._score(together, user_M, view)
        place = {id(each.request): each for each in scored}
        return [
            replace(place[id(one)], request=request) for one, request in zip(meant, requests, strict=True)
        ]

    @property
    def _ready(self) -> RankerVersion:
        assert self._version is not None  # the constructor saw to it
        return self._version

    def known(self, what: str, *, most: int) -> list[Id]:
        """Ids that the snapshot in use has.

        Args:
            what: ``user`` or ``item``. most: those that it got last, the newest first.
        """
        return self._ready.known(what, most=most)

    @torch.no_grad()
    def explain(self, request: RankRequest, *, most: int = 10) -> list[Explanation]:
        """Why a request's candidates have their scores, one explanation for each.

        Args:
            most: behaviours for each clock, those of most weight.

        Raises:
            RequestError: as ``score``.
        """
        with self._scoring, self._store.snapshot() as view:
            check_times([request], view)
            request = as_the_view_has(request, view)
            _, batch, histories = self._prepared([request], users_of([request], view), view)
            return explained(self._ready.ranker, batch, histories, view, items=request.items, most=most)

    def _why(
        self, request: RankRequest, batch: Batch, histories: Histories, view: FeatureView, *, first: int
    ) -> Sequence[Explanation]:
        """Explanations where the request wants them, of its own rows of the batch that was scored."""
        if not request.explain:
            return ()
        row_C = torch.arange(first, first + len(request.items))
        return explained(
            self._ready.ranker,
            batch.select(row_C),
            histories,
            view,
            items=request.items,
            most=request.explain,
        )

    def _score(self, requests: Sequence[RankRequest], user_M: Slots, view: FeatureView) -> list[Scored]:
        placed, batch, histories = self._prepared(requests, user_M, view)
        version, counts = self._ready, [each.items.size for each in placed]
        logits = version.ranker(batch, histories)
        parts = {task: torch.split(torch.sigmoid(each), counts) for task, each in logits.items()}
        first_M = np.cumsum([0, *counts[:-1]])
        if self._sampled is not None:
            for each, first in zip(placed, first_M.tolist(), strict=True):
                self._sampled.keep(each, batch, histories, view, version=version, row=first)
        return [
            Scored(
                request=each.request,
                ranker=self.name,
                version=version.name,
                probabilities={task: of_request[number].numpy() for task, of_request in parts.items()},
                local=each.local,
                known_behaviours=int(batch.known_behaviours_B[first]),
                position=view.position_of(each.user),
                explanations=self._why(each.request, batch, histories, view, first=first),
            )
            for number, (each, first) in enumerate(zip(placed, first_M.tolist(), strict=True))
        ]

    def _prepared(
        self, requests: Sequence[RankRequest], user_M: Slots, view: FeatureView
    ) -> tuple[list[Placed], Batch, Histories]:
        """The batch that requests are, with all its items known to the ranker."""
        version = self._ready
        config, placed = version.ranker.config, self._place(requests, user_M, view)
        maker = BatchMaker(
            recent=config.recent,
            clocks=config.needs_clocks,
            clocks_of_day=version.features.clocks_of_day,
            population_votes=config.population_votes,
        )
        batch, histories = maker.make(rows_of(placed, version), view), view.histories()
        return placed, self._described(batch, histories, requests, view), histories

    def _place(self, requests: Sequence[RankRequest], user_M: Slots, view: FeatureView) -> list[Placed]:
        """Slots of candidates, 0 for those that the view does not know, and local times."""
        self._ready.name_users(user_M, [each.user for each in requests])
        item_N = self._ready.items.slots([item for each in requests for item in each.items], view)
        ends = np.cumsum([len(each.items) for each in requests])[:-1]
        return [
            Placed(
                request=request,
                user=user,
                items=slots,
                local=local_time_of(request, view, user, default_zone=self._default_zone),
            )
            for request, user, slots in zip(requests, user_M.tolist(), np.split(item_N, ends), strict=True)
        ]

    def _described(
        self, batch: Batch, histories: Histories, requests: Sequence[RankRequest], view: FeatureView
    ) -> Batch:
        """Have the ranker know all items of a batch; those that the view does not know get slots for now."""
        version = self._ready
        config = version.ranker.config
        start_M, stop_M = batch.newest(histories, most=config.reads_behaviours)
        spans = zip(start_M.tolist(), stop_M.tolist(), strict=True)
        behaviours = [histories.item_E[start:stop].numpy() for start, stop in spans]
        item_B = batch.item_B.numpy()
        version.items.describe(
            np.concatenate([item_B, *behaviours]), view, at_ms=max(each.at_ms for each in requests)
        )
        ids = [(item, each) for each in requests for item in each.items]
        unknown = np.flatnonzero(item_B == 0)
        new = [ids[each] for each in unknown.tolist()]
        given = [request.attributes.get(item, {}) for item, request in new]
        values = {name: [each.get(name, ()) for each in given] for name in version.ranker.names.attributes}
        slot_R = version.items.describe_new(NewItems(ids=[item for item, _ in new], values=values))
        item_B = item_B.copy()
        item_B[unknown] = slot_R
        return replace(batch, item_B=torch.from_numpy(item_B))
