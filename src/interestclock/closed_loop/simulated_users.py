"""Simulated users: they look at the best of the list, and do what is true of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from interestclock.client import Rank, Ranked
from interestclock.closed_loop.config import LoopConfig
from interestclock.closed_loop.loop_users import LogBefore, Seen
from interestclock.simulator import (
    LiveRequest,
    World,
    day_of,
    draw_responses,
    live_requests,
    write_simulated_log,
)

__all__ = ["SimulatedUsers", "SimulatedVisit"]

_LABELS = ("finish", "like", "skip", "dislike")


class SimulatedVisit:
    """A simulated user comes, looks at the best of the answer, and sees nothing without one.

    A label is sent only of what was done: an action that was not is no message.

    Args:
        world: whose truth the user follows. request: who comes when, for which candidates.
        shown: so many of the best are looked at.

    Example:
        >>> from interestclock.simulator import SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> request = LiveRequest(day=0, number=0, timestamp_ms=0, user=1, zone="UTC", items=(7, 8))
        >>> visit = SimulatedVisit(world, request, shown=1)
        >>> visit.asks().candidates, visit.sees(None)
        (['7', '8'], None)
    """

    def __init__(self, world: World, request: LiveRequest, *, shown: int) -> None:
        self._world, self._request, self._shown = world, request, shown

    @property
    def timestamp_ms(self) -> int:
        """When, UTC milliseconds."""
        return self._request.timestamp_ms

    def asks(self) -> Rank:
        """For the candidates to be ranked."""
        request = self._request  # a store behind a stream has text for ids
        return Rank(
            user=str(request.user),
            candidates=[str(each) for each in request.items],
            zone=request.zone,
            top=self._shown,
        )

    def sees(self, answer: Ranked | None) -> Seen | None:
        """The best are seen."""
        if answer is None:
            return None
        short = [
            {"request_id": answer.request_id, "item_id": each.item, "position": place}
            for place, each in enumerate(answer.items)
        ]
        request = self._request
        who = {"user_id": str(request.user), "timestamp_ms": answer.at_ms, "zone": request.zone}
        whole = [each | who for each in short]
        exposures = whole if answer.logged is False else short
        return Seen(exposures=exposures, whole=whole, labels=self._labels(answer))

    def _labels(self, answer: Ranked) -> list[dict[str, Any]]:
        done = draw_responses(
            self._world,
            self._request,
            day=day_of(answer.at_ms),
            second_of_day=answer.local_time.second_of_day,
            items=[int(each.item) for each in answer.items],
        )
        known_ms = answer.at_ms + self._world.truth.label_delay_seconds * 1_000
        return [
            {
                "label_of": f"{answer.request_id}/{each.item}",
                "label": label,
                "value": 1,
                "known_ms": known_ms,
            }
            for label in _LABELS
            for each, did in zip(answer.items, done[label], strict=True)
            if did
        ]


class SimulatedUsers:
    """All who come to a simulated service; who comes while all callers are busy stays away.

    Args:
        config: of the loop.

    Example:
        >>> config = LoopConfig(size="tiny", days_before=1)
        >>> users = SimulatedUsers(config)
        >>> first = next(users.visits(Path("loop"), from_ms=config.start_ms))
        >>> first.timestamp_ms >= config.start_ms, len(first.asks().candidates)
        (True, 50)
    """

    patient = False

    def __init__(self, config: LoopConfig) -> None:
        self._config = config

    def write_archive(self, folder: str | Path) -> None:
        """Simulate the log before."""
        config = self._config
        write_simulated_log(folder, size=config.simulator_size(), seed=config.seed, truth=config.truth())

    def log_before(self, folder: str | Path) -> LogBefore:  # noqa: ARG002  the protocol's
        """Where it ends; labels come ten minutes later."""
        return LogBefore(start_ms=self._config.start_ms)

    def visits(self, folder: str | Path, *, from_ms: int) -> Iterator[SimulatedVisit]:  # noqa: ARG002  the protocol's
        """Who comes from a moment on."""
        config, world = self._config, self._config.world()
        requests = live_requests(
            world, from_ms=from_ms, per_day=config.requests_per_day, candidates=config.candidates
        )
        return (SimulatedVisit(world, each, shown=config.shown) for each in requests)

    def due(self, folder: str | Path, *, from_ms: int, until_ms: int) -> int | None:  # noqa: ARG002  the protocol's
        """Nobody knows who will be answered."""
        return None
