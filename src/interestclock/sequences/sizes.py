"""The sizes that baselines searching a long history share: those of any search, and of a gap's embedding."""

from __future__ import annotations

from dataclasses import dataclass

from interestclock.errors import check_size
from interestclock.search import SearchSizes

__all__ = ["HourSearchSizes"]


@dataclass(frozen=True, kw_only=True)
class HourSearchSizes(SearchSizes):
    """Sizes of a search and of attention that embeds how many hours ago a behaviour was.

    Args:
        gap_dim: G, of the embedding of a time gap (TWIN's 8). The others: ``SearchSizes``.

    Raises:
        ValueError: a size is below 1 or not whole, or ``gain`` is not positive.

    Example:
        >>> HourSearchSizes(gap_dim=0)
        Traceback (most recent call last):
        ValueError: gap_dim is 0; give 1 or more
    """

    gap_dim: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("gap_dim", self.gap_dim)
