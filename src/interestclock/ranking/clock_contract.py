"""What every clock promises, checked on anyone's: give it to your tests."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from interestclock.clocks import ClockConfig, ClockModule, check_clock_config
from interestclock.clocks.checks import check_answer
from interestclock.errors import ConfigError
from interestclock.histories import Histories
from interestclock.ranking.config import RankerConfig
from interestclock.ranking.known_clocks import describe_clock, described_clock
from interestclock.ranking.made_up_batch import made_up_batch, made_up_histories, made_up_ranker
from interestclock.ranking.ranker import Ranker
from interestclock.samples import Batch

__all__ = ["check_clock"]

# Shapes: B exposures, O output.

_REQUESTS, _DIM = 7, 4
_CLOSE = 1e-5


def check_clock(clock: ClockConfig) -> None:
    """Build a clock in a small ranker and ask it about made-up exposures.

    Checked: its settings come back from JSON; the output is float32 (B, ``output_dim``) and finite, for no,
    one and many exposures, and for users without a past; the same seed starts it the same, the same batch
    gives the same bits, with and without gradients; asking changes neither it nor the batch; gradients reach
    what it learns; a request does not see the rest of its batch; behaviours that were not known yet, and
    those before the newest ``reads_behaviours``, do not matter; a copy answers as the first.

    Args:
        clock: its configuration.

    Raises:
        ConfigError: says what it does not hold.

    Example:
        >>> from interestclock.clocks import GaussianConfig
        >>> check_clock(GaussianConfig(sigma_hours=2.0))
    """
    check_clock_config(clock)
    described = describe_clock(clock)
    if described_clock(described, allow=(described["kind"],)) != clock:
        raise ConfigError(f"{clock.kind}: not the same once saved and loaded: {described}")
    world = _World(clock)
    for check in _CHECKS:
        with torch.random.fork_rng(devices=()):
            broken = check(world)
        if broken is not None:
            raise ConfigError(f"{clock.kind}: {broken}")


class _World:
    """A clock in its ranker, and who asks it."""

    def __init__(self, clock: ClockConfig) -> None:
        self.clock = clock
        self.ranker = self.built()
        self.histories = made_up_histories()
        self.batch = made_up_batch(self.histories, requests=_REQUESTS)

    @property
    def module(self) -> ClockModule:
        return self.ranker.clock_modules()[0]

    def built(self) -> Ranker:
        return made_up_ranker(RankerConfig(clocks=(self.clock,), dim=_DIM, recent=2, hidden=(4,)))

    def answer(
        self, batch: Batch, histories: Histories | None = None, ranker: Ranker | None = None
    ) -> Tensor:
        ranker = self.ranker if ranker is None else ranker
        histories = self.histories if histories is None else histories
        out_BO: Tensor = ranker.clock_modules()[0](ranker.clock_inputs(batch, histories))
        return out_BO


def _shape(world: _World) -> str | None:
    width = world.module.output_dim
    for requests, candidates in ((0, 1), (1, 1), (_REQUESTS, 3)):
        batch = made_up_batch(world.histories, requests=requests, candidates=candidates)
        out_BO = world.answer(batch)
        try:
            check_answer(
                "it", out_BO, wanted=(len(batch), width), rows="exposures", device=batch.item_B.device
            )
        except ConfigError as error:
            return str(error)
        if not out_BO.isfinite().all():
            return f"{len(batch)} exposures gave numbers that are not finite; user 1 has no past"
        if out_BO.requires_grad:
            torch.autograd.backward(out_BO.sum())
    return None


def _same_bits(world: _World) -> str | None:
    first_BO = world.answer(world.batch)
    torch.manual_seed(99)
    if not torch.equal(first_BO, world.answer(world.batch)):
        return "the same batch gave other numbers the second time; use no random numbers when asked"
    with torch.no_grad():
        if not torch.equal(first_BO, world.answer(world.batch)):
            return "it gave other numbers without gradients"
    if not torch.equal(first_BO, world.answer(world.batch, ranker=world.built())):
        return "the same seed started it otherwise; take first weights from torch's random numbers alone"
    if not torch.equal(first_BO, world.answer(world.batch, ranker=copy.deepcopy(_detached(world)))):
        return "a copy of it gave other numbers; keep what it needs in attributes that copy.deepcopy copies"
    return None


def _detached(world: _World) -> Ranker:
    world.ranker.zero_grad(set_to_none=True)
    return world.ranker


def _changes_nothing(world: _World) -> str | None:
    before = {name: each.clone() for name, each in world.module.state_dict().items()}
    batch = copy.deepcopy(world.batch)
    world.answer(world.batch)
    for name, each in world.module.state_dict().items():
        if not torch.equal(each, before[name]):
            return f"asking it changed its '{name}'; only the optimiser may, or a resumed run ends elsewhere"
    for name, value in _tensors(world.batch):
        if not torch.equal(value, dict(_tensors(batch))[name]):
            return f"asking it changed the batch's {name}; copy it first"
    return None


def _tensors(batch: Batch) -> Iterator[tuple[str, Tensor]]:
    for name, value in vars(batch).items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        yield from ((f"{name} {key}".strip(), each.nan_to_num()) for key, each in parts)


def _gradients(world: _World) -> str | None:
    world.ranker.zero_grad(set_to_none=True)
    out_BO = world.answer(world.batch)
    if out_BO.requires_grad:
        torch.autograd.backward(out_BO.square().sum())
    own = [(name, each) for name, each in world.module.named_parameters() if each.requires_grad]
    missed = [name for name, each in own if each.grad is None]
    return (
        None if not missed else f"no gradient reaches its '{missed[0]}'; use it, or set requires_grad False"
    )


def _alone(world: _World) -> str | None:
    together_BO = world.answer(world.batch)
    for row in range(len(world.batch)):
        alone_BO = world.answer(world.batch.select(torch.tensor([row])))
        if not torch.allclose(alone_BO[0], together_BO[row], atol=_CLOSE, rtol=_CLOSE):
            return "an exposure alone gave other numbers than in its batch; let it see nothing of the others"
    return None


def _point_in_time(world: _World) -> str | None:
    """All but what it says it reads is made something else."""
    start_M, stop_M = world.batch.newest(world.histories, most=world.clock.reads_behaviours)
    for request in range(_REQUESTS):
        rows = (world.batch.request_row_B == request).nonzero().squeeze(1)
        histories = _elsewhere(world.histories, int(start_M[request]), int(stop_M[request]))
        batch = world.batch.select(rows)
        if not torch.equal(world.answer(batch), world.answer(batch, histories)):
            return (
                "behaviours matter that were not known yet, or lie before the newest "
                f"{world.clock.reads_behaviours}; read batch.newest(histories, most=reads_behaviours) alone"
            )
    return None


def _elsewhere(histories: Histories, start: int, stop: int) -> Histories:
    inside_E = torch.zeros(len(histories.item_E), dtype=torch.bool)
    inside_E[start:stop] = True
    return replace(
        histories,
        item_E=torch.where(inside_E, histories.item_E, histories.item_E % 7 + 1),
        second_of_day_E=torch.where(inside_E, histories.second_of_day_E, 86_399 - histories.second_of_day_E),
        timestamp_ms_E=torch.where(inside_E, histories.timestamp_ms_E, histories.timestamp_ms_E // 2),
    )


_CHECKS: tuple[Callable[[_World], str | None], ...] = (
    _shape,
    _same_bits,
    _changes_nothing,
    _gradients,
    _alone,
    _point_in_time,
)
