"""Settings of clocks that earlier versions did not have, and what they did without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["with_earlier_settings", "without_earlier_settings"]

_EARLIER: dict[str, dict[str, Any]] = {
    "naive": {"population_votes": 0.0},
    "adaptive": {"hour_dim": 0, "population_votes": 0.0},
    "gaussian": {"population_votes": 0.0},
    "routine": {"holidays": [], "match": False, "features_in_values": False, "row_limit": True},
}


def with_earlier_settings(described: Mapping[str, Any]) -> dict[str, Any]:
    """What ``describe_clock`` gives today of a clock that an earlier version described.

    Args:
        described: out of what was saved.

    Example:
        >>> with_earlier_settings({"kind": "adaptive"})
        {'kind': 'adaptive', 'hour_dim': 0, 'population_votes': 0.0}
        >>> with_earlier_settings({"kind": "adaptive", "hour_dim": 4})
        {'kind': 'adaptive', 'hour_dim': 4, 'population_votes': 0.0}
    """
    earlier = _earlier(described)
    return dict(described) | {name: value for name, value in earlier.items() if name not in described}


def without_earlier_settings(described: Mapping[str, Any]) -> dict[str, Any]:
    """What an earlier version would have described, where a clock does what that did; else all of it.

    Args:
        described: as of ``describe_clock``.

    Example:
        >>> without_earlier_settings({"kind": "adaptive", "hour_dim": 0})
        {'kind': 'adaptive'}
        >>> without_earlier_settings({"kind": "adaptive", "hour_dim": 4})
        {'kind': 'adaptive', 'hour_dim': 4}
    """
    earlier = _earlier(described)
    return {name: value for name, value in described.items() if name not in earlier or earlier[name] != value}


def _earlier(described: Mapping[str, Any]) -> dict[str, Any]:
    kind = described.get("kind")
    return _EARLIER.get(kind, {}) if isinstance(kind, str) else {}
