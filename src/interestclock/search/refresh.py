"""How old the projections may be that a search runs among."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from interestclock.errors import check_numbers
from interestclock.search.batch import ItemKeys
from interestclock.timeofday import MINUTE_MS

__all__ = ["CachedKeys", "RefreshPolicy"]

# Shapes: N items, R of them new, Z projection.


@dataclass(frozen=True, kw_only=True)
class RefreshPolicy:
    """When projections are made anew: after so many batches, so many minutes of the stream, or both.

    A server makes them on such a schedule. What it costs is the share of the exact best K that is still found
    (``hit_rate``) and, in the end, AUC.

    Args:
        batches: searches since the last time, one for each time that a batch is put through the ranker; None
            does not count them. A live trainer searches twice for a batch: when it is predicted, and when it
            is learned. A comparison learns from the search that predicted where nothing was learned in
            between, and else searches again; so by batches the two need not make projections at the same
            times.
        minutes: of the stream's own time, since the last time; None does not look. Where both are given,
            the first to come decides.

    Raises:
        ValueError: neither is given, one is not positive, or ``batches`` not whole.

    Example:
        >>> policy = RefreshPolicy(minutes=15)
        >>> policy.due(batches=3, passed_ms=14 * 60_000), policy.due(batches=3, passed_ms=15 * 60_000)
        (False, True)
    """

    batches: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        check_numbers(self, error=ValueError)
        if self.batches is None and self.minutes is None:
            raise ValueError("a refresh policy needs batches or minutes; give one, for example minutes=15")
        for name in ("batches", "minutes"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} is {value}; give a number above 0")

    def due(self, *, batches: int, passed_ms: int) -> bool:
        """Whether so many batches and milliseconds of the stream after the last time it is time again."""
        by_batches = self.batches is not None and batches >= self.batches
        return by_batches or (self.minutes is not None and passed_ms >= self.minutes * MINUTE_MS)


class CachedKeys:
    """Keys of all items, made anew when the policy says so; an item that is new gets its key at once.

    Args:
        policy: when.

    Example:
        >>> cached = CachedKeys(RefreshPolicy(batches=2))
        >>> weight = torch.ones(3, 1)
        >>> def ask(items):
        ...     keys = cached.keys(items=items, now_ms=0, make=lambda item_R: weight[item_R])
        ...     return keys.key_UZ[:, 0].tolist()
        >>> first = ask(2); weight *= 5
        >>> first, ask(3), ask(3)
        ([1.0, 1.0], [1.0, 1.0, 5.0], [5.0, 5.0, 5.0])
    """

    def __init__(self, policy: RefreshPolicy) -> None:
        self.policy = policy
        self._key_NZ: Tensor | None = None
        self._made_ms = 0
        self._batches = 0

    @torch.no_grad()
    def keys(self, *, items: int, now_ms: int, make: Callable[[Tensor], Tensor]) -> ItemKeys:
        """The keys of this batch.

        Args:
            items: N, one more than the largest item number. now_ms: UTC milliseconds of the stream.
            make: of item numbers, int64 (R,) -> (R, Z).
        """
        key_NZ = self._key_NZ
        passed_ms = now_ms - self._made_ms
        if key_NZ is None or self.policy.due(batches=self._batches, passed_ms=passed_ms):
            key_NZ, self._made_ms, self._batches = make(torch.arange(items)), now_ms, 0
        elif items > len(key_NZ):
            key_NZ = torch.cat([key_NZ, make(torch.arange(len(key_NZ), items))])
        self._key_NZ = key_NZ
        self._batches += 1
        return ItemKeys(key_UZ=key_NZ, row_N=torch.arange(items, dtype=torch.int32, device=key_NZ.device))

    @torch.no_grad()
    def renew(self, item_R: Tensor, *, make: Callable[[Tensor], Tensor]) -> None:
        """Make the keys of some items anew, because their numbers stand for other items now.

        Args:
            item_R: int64 item numbers; those that have no key yet get theirs when they are asked for.
            make: as in ``keys``.
        """
        if self._key_NZ is not None:
            item_R = item_R[item_R < len(self._key_NZ)]
            self._key_NZ[item_R] = make(item_R)

    def state(self) -> dict[str, Tensor]:
        """The keys and their age, for a checkpoint; nothing before the first were made."""
        if self._key_NZ is None:
            return {}
        return {"key": self._key_NZ, "age": torch.tensor([self._made_ms, self._batches])}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what ``state`` gave."""
        self._key_NZ = state["key"].clone() if state else None
        self._made_ms, self._batches = state["age"].tolist() if state else (0, 0)
