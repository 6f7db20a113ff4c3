"""Rows of a log as a dataset of PyTorch: any rows, in any order, become a batch when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset

from interestclock.errors import check_size
from interestclock.events.context import CONTEXT_KINDS
from interestclock.histories import Histories
from interestclock.model_inputs.model_batch import ModelBatch
from interestclock.samples import Batch
from interestclock.timeofday import utc_offset_minutes

__all__ = ["LONGEST", "ModelDataset"]

# Shapes: N rows of the dataset, B samples, S slots, R clock rows, H hour buckets, V values,
# L behaviours of a history, E behaviours of all users.

LONGEST = 1_000


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelDataset(Dataset[ModelBatch]):
    """What clocks read, for a ``DataLoader`` with or without workers; ``ModelFeatures.torch`` makes it.

    A row is a ``ModelBatch`` of one. All rows that a ``DataLoader`` asks for together are gathered at once;
    it needs ``collate_fn=dataset.collate``.

    Args:
        samples: N rows without clocks. log_row_N: int64, their rows of the log.
        clock_row_N: int64, each row's clock. clocks_RHV: int32 per clock attribute.
        attributes_SV: integers per attribute of items, by item. histories: of all users, with offsets to UTC.
        longest: how many of the newest behaviours a history holds.

    Raises:
        ValueError: ``longest`` is below 1, or histories have no ``utc_offset_minutes_E``.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from torch.utils.data import DataLoader
        >>> from interestclock.events import open_log
        >>> from interestclock.model_inputs import features_as_of
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> folder, size = Path(tempfile.mkdtemp()), SimulatorSize(
        ...     users=5, items=200, days=3, exposures_per_day=40)
        >>> rows = write_simulated_log(folder / "log", size=size)
        >>> dataset = features_as_of(open_log(folder / "log")).torch(longest=10)
        >>> loader = DataLoader(dataset, batch_size=16, shuffle=True, collate_fn=dataset.collate)
        >>> sum(len(batch) for batch in loader) == len(dataset) == rows
        True
    """

    samples: Batch
    log_row_N: Tensor
    clock_row_N: Tensor
    clocks_RHV: Mapping[str, Tensor]
    attributes_SV: Mapping[str, Tensor]
    histories: Histories
    longest: int = LONGEST

    def __post_init__(self) -> None:
        check_size("longest", self.longest)
        if self.histories.utc_offset_minutes_E is None:
            raise ValueError("these histories have no utc_offset_minutes_E, of local time then; give it")

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, row: int) -> ModelBatch:
        """One row, counted from 0, as a batch of one.

        Raises:
            IndexError: there is no such row.
        """
        return self.batch([row])

    def __getitems__(self, rows: Sequence[int]) -> ModelBatch:
        """What a ``DataLoader`` asks for where there is no need to go row by row: ``batch``."""
        return self.batch(rows)

    def batch(self, rows: Sequence[int]) -> ModelBatch:
        """Several rows, counted from 0, in the order in which they are named; a row may be named twice.

        Raises:
            IndexError: there is no such row.
        """
        row_B = torch.as_tensor(rows, dtype=torch.int64)
        s, clock_row_B = self.samples, self.clock_row_N[row_B]
        item_B = s.item_B[row_B]
        place_BL, present_BL = self._places(row_B)
        return ModelBatch(
            log_row_B=self.log_row_N[row_B],
            user_B=s.user_B[row_B],
            item_B=item_B,
            timestamp_ms_B=s.timestamp_ms_B[row_B],
            second_of_day_B=s.second_of_day_B[row_B],
            day_of_week_B=s.day_of_week_B[row_B],
            utc_offset_minutes_B=_offsets(s, row_B),
            behaviour_BL=_at(self.histories.item_E, place_BL, present_BL),
            behaviour_second_BL=_at(self.histories.second_of_day_E, place_BL, present_BL),
            behaviour_ms_BL=_at(self.histories.timestamp_ms_E, place_BL, present_BL),
            behaviour_offset_minutes_BL=_at(self._offset_E, place_BL, present_BL),
            present_BL=present_BL,
            clocks={name: each[clock_row_B].long() for name, each in self.clocks_RHV.items()},
            attributes={name: each[item_B].long() for name, each in self.attributes_SV.items()},
            labels={name: _label(each[row_B]) for name, each in s.labels.items()},
            **{
                kind.name: {name: each[row_B] for name, each in getattr(s, kind.name).items()}
                for kind in CONTEXT_KINDS
            },
        )

    @staticmethod
    def collate(rows: ModelBatch | Sequence[ModelBatch]) -> ModelBatch:
        """For ``DataLoader(collate_fn=...)``: what it fetched, as one batch."""
        return rows if isinstance(rows, ModelBatch) else ModelBatch.joined(rows)

    @property
    def _offset_E(self) -> Tensor:  # noqa: N802 - shapes stand in names
        offset_E = self.histories.utc_offset_minutes_E
        assert offset_E is not None
        return offset_E

    def _places(self, row_B: Tensor) -> tuple[Tensor, Tensor]:
        """Where the newest behaviours of rows stand among all, oldest first, and where there is one."""
        known_B = self.samples.known_behaviours_B[row_B]
        start_B, stop_B = self.histories.newest(self.samples.user_B[row_B], known_B, most=self.longest)
        width = int((stop_B - start_B).max()) if len(row_B) else 0
        place_BL = start_B.unsqueeze(1) + torch.arange(width)
        return place_BL, place_BL < stop_B.unsqueeze(1)


def _at(values_E: Tensor, place_BL: Tensor, present_BL: Tensor) -> Tensor:
    if not values_E.numel():
        return torch.zeros_like(place_BL)
    return values_E[place_BL.masked_fill(~present_BL, 0)].long().masked_fill(~present_BL, 0)


def _offsets(samples: Batch, row_B: Tensor) -> Tensor:
    """Minutes that local time of rows is ahead of UTC."""
    moment = (samples.timestamp_ms_B, samples.second_of_day_B, samples.day_of_week_B)
    return torch.from_numpy(utc_offset_minutes(*(each[row_B].numpy() for each in moment))).long()


def _label(label_B: Tensor) -> Tensor:
    return label_B.float().masked_fill(label_B < 0, torch.nan)
