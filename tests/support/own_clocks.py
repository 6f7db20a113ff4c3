"""Clocks outside the project, most of which break one promise, each its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from interestclock.clocks import ClockInputs, ClockModule, RankerSizes


class Module(ClockModule):
    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.linear = nn.Linear(1, width)
        self.output_dim = width

    def forward(self, inputs: ClockInputs) -> Tensor:
        out_BO: Tensor = self.linear(inputs.batch.second_of_day_B.float().unsqueeze(1) / 86_400)
        return out_BO


@dataclass(frozen=True, kw_only=True)
class OwnConfig:
    """Nothing is wrong with it."""

    kind: ClassVar[str] = "own"
    reads_preferences: ClassVar[bool] = False
    reads_behaviours: ClassVar[int] = 0

    width: int = 2
    hours: tuple[float, ...] = (8.0, 20.0)

    def build(self, sizes: RankerSizes) -> ClockModule:
        return Module(self.width)


@dataclass(frozen=True, kw_only=True)
class StrictConfig(OwnConfig):
    """Refuses a width as anyone's code does, and knows no error of the project."""

    def __post_init__(self) -> None:
        if self.width > 3:
            raise ValueError("width may be 3 at most")
        if self.hours == (3.0,):
            len(3)  # type: ignore[arg-type]

    def build(self, sizes: RankerSizes) -> ClockModule:
        if self.width == 1:
            raise TypeError("cannot build this")
        return Module(self.width)


@dataclass(frozen=True, kw_only=True)
class NeedyConfig(OwnConfig):
    """A setting without a default."""

    depth: int


def wide() -> OwnConfig:
    return OwnConfig(width=5)


@dataclass(frozen=True, kw_only=True)
class HourConfig(OwnConfig):
    kind: ClassVar[str] = "hour"


@dataclass(frozen=True, kw_only=True)
class SetConfig(OwnConfig):
    days: Any = frozenset({1})


@dataclass(frozen=True, kw_only=True)
class ListConfig(OwnConfig):
    days: list[int] = field(default_factory=lambda: [1])


@dataclass(frozen=True, kw_only=True)
class NoModuleConfig(OwnConfig):
    def build(self, sizes: RankerSizes) -> Any:
        return nn.Linear(1, 1)


@dataclass(frozen=True, kw_only=True)
class NoWidthConfig(OwnConfig):
    def build(self, sizes: RankerSizes) -> ClockModule:
        slot = Module()
        del slot.output_dim
        return slot


@dataclass(frozen=True, kw_only=True)
class WrongWidthConfig(OwnConfig):
    def build(self, sizes: RankerSizes) -> ClockModule:
        slot = Module()
        slot.output_dim = 3
        return slot


class RandomSlot(Module):
    def forward(self, inputs: ClockInputs) -> Tensor:
        return super().forward(inputs) + torch.rand(1)


class CountingSlot(Module):
    def __init__(self) -> None:
        super().__init__()
        self.asked: Tensor
        self.register_buffer("asked", torch.zeros(1))

    def forward(self, inputs: ClockInputs) -> Tensor:
        self.asked += 1
        return super().forward(inputs)


class GreedySlot(Module):
    """Sees the rest of the batch."""

    def forward(self, inputs: ClockInputs) -> Tensor:
        out_BO = super().forward(inputs)
        return out_BO + out_BO.sum(0)


class AheadSlot(Module):
    """Sees behaviours that are not known yet."""

    def forward(self, inputs: ClockInputs) -> Tensor:
        last_B = inputs.histories.offset_U[inputs.batch.user_B + 1] - 1
        second_B = inputs.histories.second_of_day_E[last_B.clamp(min=0)]
        return super().forward(inputs) + second_B.unsqueeze(1) / 86_400


class UnusedSlot(Module):
    def __init__(self) -> None:
        super().__init__()
        self.spare = nn.Linear(1, 1)


class InfiniteSlot(Module):
    def forward(self, inputs: ClockInputs) -> Tensor:
        return super().forward(inputs) / 0


class DoubleSlot(Module):
    def forward(self, inputs: ClockInputs) -> Tensor:
        return super().forward(inputs).double()


@dataclass(frozen=True, kw_only=True)
class BreaksConfig(OwnConfig):
    """Builds one of the slots above."""

    kind: ClassVar[str] = "breaks"

    slot: str

    def build(self, sizes: RankerSizes) -> ClockModule:
        made: ClockModule = globals()[self.slot]()
        return made
