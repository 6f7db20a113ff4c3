"""Every user's whole history, laid end to end, read through pointers that never see ahead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

__all__ = ["Histories", "HistoryWindow"]

# Shapes: M moments (a user at a time), L behaviours, U users, E behaviours of all users.


@dataclass(frozen=True, kw_only=True)
class HistoryWindow:
    """The newest behaviours before each moment, oldest first, padded on the right.

    Args:
        item_ML: int64 dense item index, 0 where padded.
        second_of_day_ML: int64 local seconds. timestamp_ms_ML: int64.
        mask_ML: bool, true where a behaviour stands. length_M: int64, how many of the L are behaviours.
    """

    item_ML: Tensor
    second_of_day_ML: Tensor
    timestamp_ms_ML: Tensor
    mask_ML: Tensor
    length_M: Tensor


@dataclass(frozen=True, kw_only=True)
class Histories:
    """Behaviours of all users, each user's oldest first; ``offset_U`` tells where a user's begin.

    An exposure carries how many of its user's behaviours were known before it. That count is a
    pointer: whatever the log holds later lies behind it.

    Args:
        offset_U: int64, users + 1. item_E, second_of_day_E: int32. timestamp_ms_E: int64.

    Example:
        >>> histories = Histories(
        ...     offset_U=torch.tensor([0, 0, 3]), item_E=torch.tensor([7, 8, 9]),
        ...     second_of_day_E=torch.tensor([60, 120, 180]), timestamp_ms_E=torch.tensor([1, 2, 3]))
        >>> window = histories.newest(torch.tensor([1, 1]), torch.tensor([2, 3]), most=2)
        >>> window.item_ML.tolist(), window.length_M.tolist()
        ([[7, 8], [8, 9]], [2, 2])
    """

    offset_U: Tensor
    item_E: Tensor
    second_of_day_E: Tensor
    timestamp_ms_E: Tensor

    def newest(self, user_M: Tensor, known_M: Tensor, *, most: int) -> HistoryWindow:
        """The newest ``most`` behaviours among each user's first ``known_M``.

        L is the longest window among the M, at least 1.
        """
        length_M = known_M.clamp(max=most)
        width = max(1, int(length_M.max())) if length_M.numel() else 1
        first_M = self.offset_U[user_M] + known_M - length_M
        positions_L = torch.arange(width, device=user_M.device)
        padding_ML = positions_L >= length_M.unsqueeze(1)
        place_ML = (first_M.unsqueeze(1) + positions_L).masked_fill_(padding_ML, 0)
        return HistoryWindow(
            item_ML=self._read(self.item_E, place_ML, padding_ML),
            second_of_day_ML=self._read(self.second_of_day_E, place_ML, padding_ML),
            timestamp_ms_ML=self._read(self.timestamp_ms_E, place_ML, padding_ML),
            mask_ML=~padding_ML,
            length_M=length_M,
        )

    @staticmethod
    def _read(values_E: Tensor, place_ML: Tensor, padding_ML: Tensor) -> Tensor:
        if values_E.numel() == 0:
            return torch.zeros_like(place_ML)
        return values_E[place_ML].to(torch.int64).masked_fill_(padding_ML, 0)

    def to(self, device: torch.device) -> Histories:
        """The same histories on a device."""
        return Histories(**{name: getattr(self, name).to(device) for name in _FIELDS})

    def save(self, path: Path) -> None:
        """Write to a safetensors file."""
        save_file({name: getattr(self, name).contiguous() for name in _FIELDS}, path)

    @classmethod
    def load(cls, path: Path) -> Histories:
        """Read what ``save`` wrote."""
        return cls(**load_file(path))


_FIELDS = ("offset_U", "item_E", "second_of_day_E", "timestamp_ms_E")
