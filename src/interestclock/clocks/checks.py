"""What clocks refuse when they are called, and a ranker of clocks: wrong shapes.

For clocks of the user's own as well.
"""

from __future__ import annotations

import torch
from torch import Tensor

from interestclock.errors import ConfigError

__all__ = ["check_answer", "check_interests", "check_times"]

# Shapes: B requests, H buckets of the day, D embedding.


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


def check_answer(
    clock: str, answer: object, *, wanted: tuple[int, int], rows: str, device: torch.device
) -> None:
    """Refuse what a clock gave, unless it is float32 of the shape that its place in the ranker asks for.

    Args:
        clock: its name. answer: what it gave. wanted: its shape. rows: what the first axis counts.
        device: where the batch is.

    Raises:
        ConfigError: it is no tensor, or one of another shape or type, or elsewhere.

    Example:
        >>> check_answer("mine", torch.zeros(3), wanted=(3, 2), rows="requests", device=torch.device("cpu"))
        Traceback (most recent call last):
        interestclock.errors.ConfigError: mine gave shape (3,) for 3 requests; give (3, 2), as output_dim says
    """
    if not isinstance(answer, Tensor):
        raise ConfigError(
            f"{clock} gave {type(answer).__name__}; give a torch.Tensor, float32 {wanted}, a row for each of "
            f"the {rows}"
        )
    if answer.shape != wanted:
        raise ConfigError(
            f"{clock} gave shape {tuple(answer.shape)} for {wanted[0]} {rows}; give {wanted}, as output_dim "
            "says"
        )
    if answer.dtype != torch.float32:
        raise ConfigError(f"{clock} gave {answer.dtype}; give torch.float32, for example by .float()")
    if answer.device != device:
        raise ConfigError(f"{clock} gave a tensor on {answer.device}; give one on {device}, as the batch is")
