"""States of parts put together: flat names, nothing but arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["Arrays", "arrays_of", "below", "tensors_of", "under"]

Arrays = dict[str, npt.NDArray[Any]]


def under(part: str, state: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """A part's state under its name.

    Example:
        >>> list(under("users", {"seen": np.zeros(1)}))
        ['users/seen']
    """
    return {f"{part}/{name}": values for name, values in state.items()}


def below(part: str, state: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """A part's state out of the whole.

    Example:
        >>> list(below("users", {"users/seen": np.zeros(1), "items/seen": np.zeros(1)}))
        ['seen']
    """
    prefix = f"{part}/"
    return {name.removeprefix(prefix): each for name, each in state.items() if name.startswith(prefix)}


def arrays_of(tensors: Mapping[str, Tensor]) -> Arrays:
    """Tensors as arrays, on the CPU, sharing memory where they are there already."""
    return {name: each.detach().cpu().numpy() for name, each in tensors.items()}


def tensors_of(state: Mapping[str, npt.NDArray[Any]]) -> dict[str, Tensor]:
    """Arrays as tensors of their own.

    Example:
        >>> tensors_of({"a": np.ones(2)})["a"].tolist()
        [1.0, 1.0]
    """
    return {name: torch.from_numpy(np.array(each)) for name, each in state.items()}
