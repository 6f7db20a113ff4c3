"""How a ranker is trained on a stream."""

from __future__ import annotations

from dataclasses import dataclass

from interestclock.defaults import LEARNING_RATE, ORDERS
from interestclock.errors import ConfigError, check_numbers

__all__ = ["ORDERS", "TrainConfig"]

_LARGEST_RATE = 1e30  # weights are float32


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Batches, step size and order.

    Args:
        batch_size: exposures predicted, and later learned, together; whole requests only.
        learning_rate: of Adam, for tables and dense weights alike.
        order: ``streaming`` learns each batch as soon as its labels are known; ``daily-shuffled``
            shuffles and learns at midnight (UTC) what had all its labels by then.
        seed: of the first weights and the shuffling.
        device: ``cpu`` or ``cuda``. threads: PyTorch's, on the CPU.

    Raises:
        ConfigError: a value is out of its range.

    Example:
        >>> TrainConfig(seed=1).order
        'streaming'
    """

    batch_size: int = 128
    learning_rate: float = LEARNING_RATE
    order: str = ORDERS[0]
    seed: int = 0
    device: str = "cpu"
    threads: int = 1

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.batch_size < 1 or self.threads < 1:
            raise ConfigError(
                f"batch_size is {self.batch_size} and threads {self.threads}; give 1 or more of each"
            )
        if not 0 < self.learning_rate <= _LARGEST_RATE:
            raise ConfigError(f"learning_rate is {self.learning_rate}; give a number above 0, such as 0.005")
        if self.order not in ORDERS:
            raise ConfigError(f"'{self.order}' is no order; use one of {', '.join(ORDERS)}")
