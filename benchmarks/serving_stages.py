"""Where a scorer's milliseconds go: each stage's own time of the processor, without the stages inside it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from interestclock.clocks.clock_module import RequestModule
from interestclock.ranking import Ranker, dcn
from interestclock.samples import BatchMaker
from interestclock.search import two_stage
from interestclock.serving import scorer as scoring
from interestclock.serving.item_rows import ItemRows
from interestclock.serving.ranker_version import RankerVersion
from interestclock.store import LmdbStore, StoreView

STORE, JOIN, BATCH = "store read", "join by id", "batch making"
GATHER, SEARCH, ATTENTION = "embeddings", "search", "attention"
CLOCK, TOWERS, REST = "other clocks", "cross layers and towers", "anything else"
STAGES = (STORE, JOIN, BATCH, GATHER, SEARCH, ATTENTION, CLOCK, TOWERS, REST)
_PLACES: tuple[tuple[Any, str, str], ...] = (
    (StoreView, "slots", STORE),
    (StoreView, "read", STORE),
    (StoreView, "ids", STORE),
    (StoreView, "item_values", STORE),
    (StoreView, "items_changed", STORE),
    (LmdbStore, "snapshot", STORE),
    (ItemRows, "describe", JOIN),
    (ItemRows, "describe_new", JOIN),
    (RankerVersion, "name_users", JOIN),
    (BatchMaker, "make", BATCH),
    (scoring, "rows_of", BATCH),
    (scoring, "local_time_of", BATCH),
    (Ranker, "_rows", GATHER),
    (Ranker, "_gather", GATHER),
    (two_stage.ItemSearch, "search", SEARCH),
    (two_stage.TwoStage, "attend_retrieved", ATTENTION),
    (RequestModule, "forward", CLOCK),
    (dcn.DCNv2, "forward", TOWERS),
)


class Stages:
    """Adds up each stage's own seconds of the processor while ``watched`` is open."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._open = [REST]
        self._since = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        with _replaced(self._timed):
            self._since = time.thread_time()
            yield
            self._pass()

    def _pass(self) -> None:
        now = time.thread_time()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def _timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*given: Any, **named: Any) -> Any:
            self._pass()
            self._open.append(stage)
            try:
                return function(*given, **named)
            finally:
                self._pass()
                self._open.pop()

        return timed


@contextmanager
def _replaced(timed: Callable[[Callable[..., Any], str], Callable[..., Any]]) -> Iterator[None]:
    kept = [(owner, name, owner.__dict__[name]) for owner, name, _ in _PLACES]
    for owner, name, stage in _PLACES:
        setattr(owner, name, timed(owner.__dict__[name], stage))
    try:
        yield
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)
