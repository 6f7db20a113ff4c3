"""Where values stand in a picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Scale"]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A straight map from values to pixels.

    Args:
        low, high: values. start, stop: the pixels that they stand at.

    Example:
        >>> scale = Scale(low=0.0, high=10.0, start=100.0, stop=0.0)
        >>> scale(2.5), scale.ticks()
        (75.0, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0])
    """

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start), 1)

    def ticks(self) -> list[float]:
        """Round values, four to nine of them."""
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [tick * step for tick in range(first, last + 1)]

    def labelled(self, label: Callable[[float], str]) -> list[dict[str, Any]]:
        """Where the round values stand, and what they are."""
        return [{"at": self(tick), "label": label(tick), "is_zero": tick == 0} for tick in self.ticks()]
