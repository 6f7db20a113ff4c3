"""A place in the ranker: all that a clock or a baseline may look at in a batch, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from torch import Tensor, nn
from torch.nn import functional

from interestclock.clocks.checks import check_answer
from interestclock.timeofday import utc_hour

if TYPE_CHECKING:  # a clock is of use in anyone's ranker, without what reads logs
    from interestclock.embeddings import ItemVectors
    from interestclock.histories import Histories
    from interestclock.samples import Batch

__all__ = ["ClockInputs", "ClockModule", "HourlyClock", "HourlyModule", "RequestModule"]

# Shapes: B exposures, M requests, H buckets, C all clock attributes' embeddings side by side,
# I item vector, O what comes out.


@dataclass(frozen=True, kw_only=True)
class ClockInputs:
    """All a clock may look at in a batch.

    Args:
        batch: the exposures. candidate_BI: their items' vectors, float32.
        interests_MHC: Eq. 3's preferences, embedded, by request and bucket, float32; None if no clock asks.
        histories: long histories. items: turns behaviours' items into vectors.

    Example: see ``ClockModule``.
    """

    batch: Batch
    candidate_BI: Tensor
    interests_MHC: Tensor | None
    histories: Histories
    items: ItemVectors

    @property
    def second_of_day_M(self) -> Tensor:  # noqa: N802 - shapes stand in names
        """Local second of each request, int64, 0..86399."""
        return self.batch.second_of_day_B[self.batch.first_M]

    @property
    def day_of_week_M(self) -> Tensor:  # noqa: N802
        """Local weekday of each request, int64, 0 is Monday."""
        return self.batch.day_of_week_B[self.batch.first_M]

    @property
    def hour_M(self) -> Tensor:  # noqa: N802
        """Each request in whole hours since 1970, int64."""
        return utc_hour(self.batch.timestamp_ms_B[self.batch.first_M])

    @property
    def interests(self) -> Tensor:
        """``interests_MHC`` for a clock that needs it."""
        if self.interests_MHC is None:
            raise ValueError(
                "no interests in this batch; the clock's configuration must say reads_preferences = True"
            )
        return self.interests_MHC


class ClockModule(nn.Module):
    """A clock in its place in the ranker: takes ``ClockInputs``, gives float32 (B, ``output_dim``).

    All that it learns is in parameters (``nn.Embedding(sparse=True)`` counts as a table, and its rows are
    learned as the ranker's are); asking it changes nothing in it but what ``cached`` gives.

    Example:
        >>> class MinuteModule(ClockModule):
        ...     output_dim = 1
        ...     def forward(self, inputs: ClockInputs) -> Tensor:
        ...         return (inputs.batch.second_of_day_B // 60 % 60).float().unsqueeze(1)
        >>> MinuteModule().output_dim
        1
    """

    output_dim: int

    @property
    def ages(self) -> bool:
        """Whether what it keeps may be newer when a batch is learned than when it was predicted."""
        return False

    def forward(self, inputs: ClockInputs) -> Tensor:
        """One embedding for each exposure, float32 (B, ``output_dim``)."""
        raise NotImplementedError

    def renew(self, item_R: Tensor, items: ItemVectors) -> None:
        """Item numbers stand for other items now; a module that keeps something of items makes it anew."""

    def cached(self) -> dict[str, Tensor]:
        """What a module keeps beside its parameters, for a checkpoint."""
        return {}

    def restore_cached(self, cached: Mapping[str, Tensor]) -> None:
        """Take over what ``cached`` gave."""


class RequestModule(ClockModule):
    """A clock that gives all candidates of a request the same: ``per_request`` is called once for them.

    Example:
        >>> class HourModule(RequestModule):
        ...     output_dim = 1
        ...     def per_request(self, inputs: ClockInputs) -> Tensor:
        ...         return (inputs.second_of_day_M / 3_600).unsqueeze(1)
        >>> HourModule().output_dim
        1
    """

    def forward(self, inputs: ClockInputs) -> Tensor:
        """One embedding for each exposure, float32 (B, ``output_dim``).

        Raises:
            ConfigError: ``per_request`` gave something else; more rows than requests would be read in part.
        """
        out_MO = self.per_request(inputs)
        check_answer(
            f"{type(self).__name__}.per_request",
            out_MO,
            wanted=(len(inputs.batch.first_M), self.output_dim),
            rows="requests",
            device=inputs.candidate_BI.device,
        )
        return functional.embedding(inputs.batch.request_row_B, out_MO)

    def per_request(self, inputs: ClockInputs) -> Tensor:
        """One embedding for each request, float32 (M, ``output_dim``)."""
        raise NotImplementedError


class HourlyClock(Protocol):
    """An ``nn.Module`` of Eq. 3's preferences and the local second of day."""

    output_dim: int

    def forward(self, clock_BHD: Tensor, *, second_of_day_B: Tensor) -> Tensor:
        """Interests by bucket, float32 (B, H, D); local second, int64 (B,) -> float32 (B, ``output_dim``)."""

    def __call__(self, clock_BHD: Tensor, *, second_of_day_B: Tensor) -> Tensor:
        """The same, as ``nn.Module`` has it."""


class HourlyModule(RequestModule):
    """A clock of Eq. 3's preferences and the local second of day, as the Naive and the Gaussian Clock are.

    Args:
        clock: takes float32 (M, H, C) and ``second_of_day_B``; its ``output_dim`` is known.

    Example:
        >>> class AllDay(nn.Module):
        ...     output_dim = 8
        ...     def forward(self, clock_BHD: Tensor, *, second_of_day_B: Tensor) -> Tensor:
        ...         return clock_BHD.mean(dim=1)
        >>> HourlyModule(AllDay()).output_dim
        8
    """

    def __init__(self, clock: HourlyClock) -> None:
        super().__init__()
        self.clock, self.output_dim = clock, clock.output_dim

    def per_request(self, inputs: ClockInputs) -> Tensor:
        """One embedding for each request, float32 (M, ``output_dim``)."""
        out_MD: Tensor = self.clock(inputs.interests, second_of_day_B=inputs.second_of_day_M)
        return out_MD
