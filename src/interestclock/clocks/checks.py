"""What clocks refuse when they are made or called, and a ranker of clocks: wrong numbers and shapes.

For clocks of the user's own as well.
"""

from __future__ import annotations

import torch
from torch import Tensor

from interestclock.errors import ConfigError

__all__ = ["check_answer", "check_interests", "check_population_votes"]

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


def check_population_votes(votes: float) -> None:
    """Refuse a weight of the population's that is below none.

    Raises:
        ValueError: it is.

    Example:
        >>> check_population_votes(-1.0)
        Traceback (most recent call last):
        ValueError: population_votes is -1.0; give 0 (none) or more, for example 3
    """
    if votes < 0:
        raise ValueError(f"population_votes is {votes}; give 0 (none) or more, for example 3")


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
