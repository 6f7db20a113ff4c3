"""Which snapshots answer, and why not newer ones."""

from __future__ import annotations

import msgspec

from interestclock.client import Model, Quality, RankerModel
from interestclock.errors import ResultError
from interestclock.events.context import CONTEXT_KINDS
from interestclock.serving import Rankers, Scorer

__all__ = ["model_page"]


def model_page(rankers: Rankers) -> Model:
    """The rankers as they answer now."""
    return Model(rankers=[_of(rankers.scorer(name)) for name in rankers.names])


def _of(scorer: Scorer) -> RankerModel:
    manifest, names = scorer.manifest, scorer.names
    return RankerModel(
        name=scorer.name,
        version=manifest.name,
        step=manifest.step,
        learned_to_ms=manifest.watermark_ms,
        pinned=_pinned(scorer),
        refused=scorer.refused,
        quality=msgspec.convert(manifest.about.get("quality") or {}, Quality),
        tasks=list(names.tasks),
        attributes=list(names.attributes),
        context=[name for kind in CONTEXT_KINDS for name in names.context[kind.name]],
        clocks=list(scorer.clocks),
    )


def _pinned(scorer: Scorer) -> str | None:
    try:
        return scorer.pinned
    except ResultError:  # ``refused`` says what is wrong
        return None
