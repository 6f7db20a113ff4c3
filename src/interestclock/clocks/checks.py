"""What clocks refuse: sizes below 1 when they are built, wrong shapes when they are called.

For clocks of the user's own as well.
"""

from __future__ import annotations

from torch import Tensor

__all__ = ["check_interests", "check_size", "check_times"]

# Shapes: B requests, H buckets of the day, D embedding.


def check_size(name: str, value: int) -> None:
    """Refuse a size below 1.

    Args:
        name: what the caller calls it. value: what was given.

    Raises:
        ValueError: it is below 1.

    Example:
        >>> check_size("dim", 0)
        Traceback (most recent call last):
        ValueError: dim is 0; give 1 or more
    """
    if value < 1:
        raise ValueError(f"{name} is {value}; give 1 or more")


def check_interests(clock_BHD: Tensor, *, dim: int) -> None:
    """Refuse interests that are not by request, bucket and embedding.

    Args:
        clock_BHD: float (B, H, D). dim: the D that the clock was built for.

    Raises:
        ValueError: another number of axes, or another width.

    Example:
        >>> import torch; check_interests(torch.zeros(24, 8), dim=8)
        Traceback (most recent call last):
        ValueError: clock_BHD has shape (24, 8); give (requests, buckets of the day, 8)
    """
    if clock_BHD.ndim != 3 or clock_BHD.shape[2] != dim:
        raise ValueError(
            f"clock_BHD has shape {tuple(clock_BHD.shape)}; give (requests, buckets of the day, {dim})"
        )


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
