"""A batch for a model of the user's own: named tensors, in the shapes that clocks take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from interestclock.samples.context import ContextTensors

__all__ = ["ModelBatch"]

# Shapes: B samples, H hour buckets, V values, L behaviours of a history.


@dataclass(frozen=True, kw_only=True)
class ModelBatch(ContextTensors):
    """Rows of a log in any order, each with what was known before it.

    Ids and values are numbers from 1, 0 is none: rows of an ``nn.Embedding``.

    Args:
        log_row_B: int64, which row of the log, from 1; 0 for a user as of a moment, who is none.
        user_B, item_B: int64. timestamp_ms_B: int64, UTC.
        second_of_day_B: int64, local, 0..86399. day_of_week_B: int64, local, 0 is Monday.
        utc_offset_minutes_B: int64, minutes to add to UTC for local time.
        behaviour_BL: int64, items of the history, oldest first, padded with 0 behind; L is the longest here.
        behaviour_second_BL: int64, local second of the day of each. behaviour_ms_BL: int64, UTC.
        behaviour_offset_minutes_BL: int64, as a row's.
        present_BL: bool, false on padding.
        clocks: int64 ``clock_BHV`` per clock attribute: Eq. 3's best values by bucket of the day, best first.
        attributes: int64 (B, V) per attribute of the item.
        labels: float32 (B,) per label, 1 or 0; NaN is missing.
        (and context, as ``ContextTensors`` has it)

    Example:
        >>> zero_B, none_BL = torch.zeros(2, dtype=torch.int64), torch.zeros(2, 0, dtype=torch.int64)
        >>> batch = ModelBatch(log_row_B=zero_B, user_B=zero_B, item_B=zero_B, timestamp_ms_B=zero_B,
        ...     second_of_day_B=zero_B, day_of_week_B=zero_B, utc_offset_minutes_B=zero_B,
        ...     behaviour_BL=none_BL, behaviour_second_BL=none_BL, behaviour_ms_BL=none_BL,
        ...     behaviour_offset_minutes_BL=none_BL, present_BL=none_BL.bool())
        >>> len(batch), sorted(batch.history)[:3], sorted(batch.timed_history)[:2]
        (2, ['behaviour_ML', 'behaviour_second_ML', 'present_ML'], ['behaviour_ML', 'behaviour_ms_ML'])
    """

    log_row_B: Tensor
    user_B: Tensor
    item_B: Tensor
    timestamp_ms_B: Tensor
    second_of_day_B: Tensor
    day_of_week_B: Tensor
    utc_offset_minutes_B: Tensor
    behaviour_BL: Tensor
    behaviour_second_BL: Tensor
    behaviour_ms_BL: Tensor
    behaviour_offset_minutes_BL: Tensor
    present_BL: Tensor
    clocks: dict[str, Tensor] = field(default_factory=dict)
    attributes: dict[str, Tensor] = field(default_factory=dict)
    labels: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.user_B)

    def __getitem__(self, place: object) -> ModelBatch:
        """Refused: it is what a ``DataLoader`` without ``collate_fn`` asks for.

        Raises:
            TypeError: says what a ``DataLoader`` needs, and who gives some rows.
        """
        raise TypeError(
            "a batch is no list of rows; give the loader DataLoader(data, collate_fn=data.collate), or ask "
            "for rows by data.batch([0, 1])"
        )

    @property
    def history(self) -> dict[str, Tensor]:
        """What a ``LongTermClock`` takes by name beside items' vectors: each row is a request of its own."""
        return self._behaviours | {
            "second_of_day_M": self.second_of_day_B,
            "behaviour_second_ML": self.behaviour_second_BL,
        }

    @property
    def timed_history(self) -> dict[str, Tensor]:
        """What a ``RoutineClock`` takes likewise: moments with their offsets in the place of times of day."""
        return self._behaviours | {
            "moment_ms_M": self.timestamp_ms_B,
            "offset_minutes_M": self.utc_offset_minutes_B,
            "behaviour_ms_ML": self.behaviour_ms_BL,
            "behaviour_offset_minutes_ML": self.behaviour_offset_minutes_BL,
        }

    @property
    def _behaviours(self) -> dict[str, Tensor]:
        return {
            "request_row_B": torch.arange(len(self), device=self.user_B.device),
            "behaviour_ML": self.behaviour_BL,
            "present_ML": self.present_BL,
        }

    def to(self, device: torch.device | str) -> ModelBatch:
        """The same batch on a device."""
        moved: dict[str, Any] = {each.name: _moved(getattr(self, each.name), device) for each in fields(self)}
        return ModelBatch(**moved)

    @staticmethod
    def joined(batches: Sequence[ModelBatch]) -> ModelBatch:
        """Several batches as one, in their order; at least one.

        Example: see ``ModelDataset.collate``.
        """
        names = [each.name for each in fields(ModelBatch)]
        return ModelBatch(**{name: _joined([getattr(batch, name) for batch in batches]) for name in names})


def _moved(value: Any, device: torch.device | str) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    return {name: each.to(device) for name, each in value.items()}


def _joined(values: Sequence[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {name: _joined([value[name] for value in values]) for name in first}
    if first.ndim == 2:  # the longest history of each may be another
        width = max(each.shape[1] for each in values)
        return torch.cat([functional.pad(each, (0, width - each.shape[1])) for each in values])
    return torch.cat(list(values))
