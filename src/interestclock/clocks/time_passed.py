"""How long ago something was and how its weekday lies to now, as a network sees it."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["HOLIDAY", "PASSED_FEATURES", "WEEK_FEATURES", "passed_features", "week_features"]

# Shapes: X any, F features.

PASSED_FEATURES = 3
WEEK_FEATURES = 3
HOLIDAY = 100
"""Stands in the place of a weekday: no weekday is near it."""
_SATURDAY, _FARTHEST_DAYS = 5, 3


def passed_features(minutes_X: Tensor, *, dtype: torch.dtype = torch.float32) -> Tensor:
    r"""Three views of the time that has passed, of a day, two weeks, and years.

    .. math:: f(h) = [\ln(1 + h) / 5,\ e^{-h / 24},\ e^{-h / 336}]

    with h in hours.

    Args:
        minutes_X: since it happened, 0 or more, any shape and number type.

    Returns:
        ``dtype`` (..., 3).

    Example:
        >>> [round(x, 3) for x in passed_features(torch.tensor(24 * 60)).tolist()]
        [0.644, 0.368, 0.931]
    """
    hours_X = minutes_X.to(torch.float32) / 60
    parts = [hours_X.log1p() / 5, torch.exp(-hours_X / 24), torch.exp(-hours_X / 336)]
    return torch.stack(parts, dim=-1).to(dtype)


def week_features(then_X: Tensor, now_X: Tensor, *, dtype: torch.dtype = torch.float32) -> Tensor:
    """Whether two weekdays are the same, how far apart they are, whether both are of a weekend or neither.

    Days apart are counted the shorter way around the week, and run from 0 to 1 (three days). A holiday is a
    weekday of its own, as far from the others as can be, and of the weekend.

    Args:
        then_X, now_X: weekdays, 0 = Monday, or ``HOLIDAY``, integers; shapes broadcast.

    Returns:
        ``dtype`` (..., 3).

    Example:
        >>> week_features(torch.tensor([6, 5]), torch.tensor([0, 6])).tolist()   # Sunday, Monday; a weekend
        [[0.0, 0.3333333432674408, 0.0], [0.0, 0.3333333432674408, 1.0]]
        >>> week_features(torch.tensor([HOLIDAY, 6]), torch.tensor(HOLIDAY)).tolist()
        [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]
    """
    days_X = (then_X - now_X).abs()
    days_X = torch.minimum(days_X, (7 - days_X).abs()).clamp(max=_FARTHEST_DAYS)
    alike_X = (then_X >= _SATURDAY) == (now_X >= _SATURDAY)
    return torch.stack([days_X == 0, days_X / 3, alike_X], dim=-1).to(dtype)
