"""Every user's whole history, laid end to end, read through pointers that never see ahead."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from interestclock.timeofday import utc_hour

__all__ = ["Histories"]

# Shapes: M requests (a user at a time), W wide, U users, E behaviours of all users.


@dataclass(frozen=True, kw_only=True)
class Histories:
    """Behaviours of all users, each user's oldest first; ``offset_U`` tells where a user's begin.

    An exposure carries how many of its user's behaviours were known before it. That count is a
    pointer: whatever the log holds later lies behind it.

    Args:
        offset_U: int64, users + 1. item_E, second_of_day_E: int32; item −1 is one that is gone.
        timestamp_ms_E: int64. kept_hour_E: ``hour_E`` where it is known already.
        utc_offset_minutes_E: int16, of local time then; None where nothing reads it.

    Example:
        >>> histories = Histories(
        ...     offset_U=torch.tensor([0, 0, 3]), item_E=torch.tensor([7, 8, 9]),
        ...     second_of_day_E=torch.tensor([60, 120, 180]), timestamp_ms_E=torch.tensor([1, 2, 3]))
        >>> start_M, stop_M = histories.newest(torch.tensor([1, 1]), torch.tensor([2, 3]), most=2)
        >>> [histories.item_E[start:stop].tolist() for start, stop in zip(start_M, stop_M)]
        [[7, 8], [8, 9]]
    """

    offset_U: Tensor
    item_E: Tensor
    second_of_day_E: Tensor
    timestamp_ms_E: Tensor
    kept_hour_E: Tensor | None = None
    utc_offset_minutes_E: Tensor | None = None

    @cached_property
    def hour_E(self) -> Tensor:  # noqa: N802 - shapes stand in names
        """When each behaviour happened, in whole hours since 1970, int32.

        Example:
            >>> histories = Histories(
            ...     offset_U=torch.tensor([0, 1]), item_E=torch.tensor([7]),
            ...     second_of_day_E=torch.tensor([7200]), timestamp_ms_E=torch.tensor([7_200_001]))
            >>> histories.hour_E.tolist()
            [2]
        """
        if self.kept_hour_E is not None:
            return self.kept_hour_E
        return utc_hour(self.timestamp_ms_E).to(torch.int32)

    def newest(self, user_M: Tensor, known_M: Tensor, *, most: int) -> tuple[Tensor, Tensor]:
        """Where the newest ``most`` behaviours among each user's first ``known_M`` stand.

        Returns:
            int64 (M,) twice: the first of the E, and the one behind the last.
        """
        stop_M = self.offset_U[user_M] + known_M
        return stop_M - known_M.clamp(max=most), stop_M

    def items_between(self, start_M: Tensor, stop_M: Tensor, *, width: int) -> Tensor:
        """Items of each span, oldest first, int64 (M, ``width``), padded with 0 on the right.

        An item that is gone, −1, is 0 as well.

        Example:
            >>> histories = Histories(
            ...     offset_U=torch.tensor([0, 3]), item_E=torch.tensor([7, 8, 9]),
            ...     second_of_day_E=torch.tensor([60, 120, 180]), timestamp_ms_E=torch.tensor([1, 2, 3]))
            >>> histories.items_between(torch.tensor([0, 1]), torch.tensor([1, 3]), width=2).tolist()
            [[7, 0], [8, 9]]
        """
        place_MW = start_M.unsqueeze(1) + torch.arange(width, device=start_M.device)
        padding_MW = place_MW >= stop_M.unsqueeze(1)
        if not self.item_E.numel():
            return torch.zeros_like(place_MW)
        item_MW = self.item_E[place_MW.masked_fill_(padding_MW, 0)]
        return item_MW.to(torch.int64, copy=True).masked_fill_(padding_MW, 0).clamp_(min=0)

    def to(self, device: torch.device) -> Histories:
        """The same histories on a device."""
        return Histories(**{name: each.to(device) for name, each in self._kept().items()})

    def save(self, path: str | Path) -> None:
        """Write to a safetensors file."""
        save_file({name: each.contiguous() for name, each in self._kept().items()}, path)

    @classmethod
    def load(cls, path: str | Path) -> Histories:
        """Read what ``save`` wrote."""
        return cls(**load_file(path))

    def _kept(self) -> dict[str, Tensor]:
        kept = {name: getattr(self, name) for name in _FIELDS}
        return {name: each for name, each in kept.items() if each is not None}


_FIELDS = ("offset_U", "item_E", "second_of_day_E", "timestamp_ms_E", "utc_offset_minutes_E")
