"""Where a scorer's views come from."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from interestclock.events.schema import LogSchema
from interestclock.state import FeatureView, StateConfig

__all__ = ["FeatureSource"]


class FeatureSource(Protocol):
    """Where views come from: ``LmdbStore``, or a ``FeatureState``, which is its own."""

    @property
    def schema(self) -> LogSchema:
        """The log's names."""

    @property
    def config(self) -> StateConfig:
        """What is kept."""

    def snapshot(self) -> AbstractContextManager[FeatureView]:
        """What there is at a moment."""
