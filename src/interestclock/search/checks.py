"""What a search, and a clock, refuse when they are called with times."""

from __future__ import annotations

from torch import Tensor

__all__ = ["check_times"]

# Shapes: B requests.


def check_times(name: str, times_B: Tensor, *, requests: int) -> None:
    """Refuse times that are not one whole number per request.

    Args:
        name: what the caller calls them. times_B: (B,), any integer type. requests: B.

    Raises:
        ValueError: another shape, or a type that is no integer's.

    Example:
        >>> import torch; check_times("second_of_day_B", torch.tensor([60.0]), requests=1)
        Traceback (most recent call last):
        ValueError: second_of_day_B has type torch.float32; give whole numbers, for example int64
    """
    if times_B.shape != (requests,):
        raise ValueError(f"{name} has shape {tuple(times_B.shape)}; give ({requests},), one for each request")
    if times_B.is_floating_point():
        raise ValueError(f"{name} has type {times_B.dtype}; give whole numbers, for example int64")
