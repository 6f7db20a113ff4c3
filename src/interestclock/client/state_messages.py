"""What the service answers of itself."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Model", "Quality", "RankerModel", "Status", "StoreStatus"]


class Quality(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How well a trainer predicted of late, before it learned.

    Args:
        judged: exposures. auc: of these. calibration: mean prediction over mean label.

    Example:
        >>> Quality(judged=20_000, auc=0.71, calibration=1.02).auc
        0.71
    """

    judged: int = 0
    auc: float | None = None
    calibration: float | None = None


class RankerModel(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A ranker as it answers now.

    Args:
        name: of the ranker. version: of the snapshot. step: of its learner.
        learned_to_ms: no event after it had been learned, UTC milliseconds.
        pinned: the snapshot that a person wants. refused: why the newest snapshot does not answer.
        quality: what the snapshot says of itself.
        tasks: that weights are for. attributes: of items. context: names that requests may give.
        clocks: kinds of clocks, by their place in explanations.

    Example: see ``Client.model``.
    """

    name: str
    version: str
    step: int
    learned_to_ms: int
    pinned: str | None = None
    refused: str | None = None
    quality: Quality
    tasks: list[str]
    attributes: list[str]
    context: list[str]
    clocks: list[str]


class Model(Struct, kw_only=True, frozen=True):
    """The rankers, the first of which answers who names none.

    Example:
        >>> Model(rankers=[]).rankers
        []
    """

    rankers: list[RankerModel]


class StoreStatus(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How far the store is.

    Args:
        away: why it cannot be read. position: of what was admitted last and is in it.
        watermark_ms: nothing of an earlier moment comes any more, UTC milliseconds.
        behind_seconds: how far that is behind now.

    Example:
        >>> StoreStatus(away="redis://127.0.0.1:6379/0 is away").position is None
        True
    """

    away: str | None = None
    position: int | None = None
    watermark_ms: int | None = None
    behind_seconds: float | None = None


class Status(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How the service and those that it lives by are doing.

    Args:
        at_ms: now, UTC milliseconds. in_flight: requests that are worked at.
        waiting_candidates: that are to be scored.
        versions: of each ranker. refused: by ranker, why its newest snapshot does not answer.
        behind_seconds: by ranker, how far what its snapshot learned is behind now.
        store: how far it is.
        trainer, updater: their own metrics, without the ``interestclock_``, such as ``auc_current_hour`` and
            ``event_time_lag_seconds``; left out where they are away, or the service is not told where.
        away: of trainer and updater, who does not answer, and why.

    Example: see ``Client.status``.
    """

    at_ms: int
    in_flight: int
    waiting_candidates: int
    versions: dict[str, str]
    refused: dict[str, str] = {}
    behind_seconds: dict[str, float]
    store: StoreStatus
    trainer: dict[str, float] | None = None
    updater: dict[str, float] | None = None
    away: dict[str, str] = {}
