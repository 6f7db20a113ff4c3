"""What a search, and a clock, refuse before they start; compiled loops look at no bounds."""

from __future__ import annotations

import torch
from torch import Tensor

from interestclock.timeofday import DAY_SECONDS

__all__ = ["check_from_zero", "check_search", "check_times", "check_whole"]

# Shapes: B requests, C candidates, X what has a key, Z projection, G time scores.


def check_from_zero(name: str, numbers_X: Tensor, *, below: int) -> None:
    """Refuse whole numbers under 0, or as great as ``below`` or greater.

    Args:
        name: what the caller calls them. numbers_X: any shape.

    Raises:
        ValueError: one of them is (named), or they are no whole numbers.

    Example:
        >>> check_from_zero("request_row_B", torch.tensor([0, 5]), below=2)
        Traceback (most recent call last):
        ValueError: request_row_B holds 5; give whole numbers from 0 on, below 2
    """
    check_whole(name, numbers_X)
    if not numbers_X.numel():
        return
    least, most = (int(each) for each in torch.aminmax(numbers_X))
    if least < 0 or most >= below:
        raise ValueError(
            f"{name} holds {least if least < 0 else most}; give whole numbers from 0 on, below {below}"
        )


def check_whole(name: str, numbers_X: Tensor) -> None:
    """Refuse what is of no integer's type.

    Example:
        >>> check_whole("second_of_day_B", torch.tensor([60.0]))
        Traceback (most recent call last):
        ValueError: second_of_day_B has type torch.float32; give whole numbers, for example int64
    """
    dtype = numbers_X.dtype
    if dtype.is_floating_point or dtype.is_complex or dtype == torch.bool:
        raise ValueError(f"{name} has type {dtype}; give whole numbers, for example int64")


def check_search(
    query: tuple[str, Tensor],
    key: tuple[str, Tensor],
    time_score: tuple[str, Tensor],
    *,
    scores: int,
    top_k: int,
) -> None:
    """Refuse what cannot be searched; each tensor with what the caller calls it.

    Args:
        query: floats (C, Z). key: (X, Z), the same type. time_score: (G,), the same type.
        scores: G. top_k: how many are kept.

    Raises:
        ValueError: shapes or types do not go together, or ``top_k`` is below 1.

    Example:
        >>> query, key, score = torch.zeros(3, 2), torch.zeros(4, 2), torch.zeros(3)
        >>> check_search(("query_CZ", query), ("key_LZ", key), ("time_score_L", score), scores=4, top_k=1)
        Traceback (most recent call last):
        ValueError: time_score_L has shape (3,); give (4,)
    """
    if top_k < 1:
        raise ValueError(f"top_k is {top_k}; give 1 or more behaviours to keep")
    (query_name, query_CZ), (key_name, key_XZ), (time_name, time_score_G) = query, key, time_score
    if query_CZ.ndim != 2 or key_XZ.ndim != 2 or query_CZ.shape[1] != key_XZ.shape[1]:
        raise ValueError(
            f"{query_name} has shape {tuple(query_CZ.shape)} and {key_name} {tuple(key_XZ.shape)}; "
            "give two axes each, the second of one width"
        )
    if time_score_G.shape != (scores,):
        raise ValueError(f"{time_name} has shape {tuple(time_score_G.shape)}; give ({scores},)")
    for name, tensor in (query, key, time_score):
        same = (tensor.dtype, tensor.device) == (query_CZ.dtype, query_CZ.device)
        if not same or not tensor.is_floating_point():
            raise ValueError(
                f"{name} is {tensor.dtype} on {tensor.device}, {query_name} {query_CZ.dtype} on "
                f"{query_CZ.device}; give floats of one type on one device"
            )


def check_times(name: str, times_B: Tensor, *, requests: int, below: int | None = DAY_SECONDS) -> None:
    """Refuse times that are not one whole number per request, each a second of the day.

    Args:
        name: what the caller calls them. times_B: (B,), any integer type. requests: B.
        below: what they are below, from 0 on; None is for times without bounds, as hours since 1970.

    Raises:
        ValueError: another shape, a type that is no integer's, or a number out of range.

    Example:
        >>> check_times("second_of_day_B", torch.tensor([1_700_000_000]), requests=1)
        Traceback (most recent call last):
        ValueError: second_of_day_B holds 1700000000; give whole numbers from 0 on, below 86400
        >>> check_times("second_of_day_B", torch.tensor([60.0]), requests=1)
        Traceback (most recent call last):
        ValueError: second_of_day_B has type torch.float32; give whole numbers, for example int64
    """
    if times_B.shape != (requests,):
        raise ValueError(f"{name} has shape {tuple(times_B.shape)}; give ({requests},), one for each request")
    check_whole(name, times_B)
    if below is not None:
        check_from_zero(name, times_B, below=below)
