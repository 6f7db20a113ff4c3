from __future__ import annotations

import pytest

from interestclock.errors import ConfigError
from interestclock.training import TrainConfig


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0 and threads 1; give 1 or more of each"),
        ({"threads": 0}, "batch_size is 128 and threads 0; give 1 or more of each"),
        ({"learning_rate": 0.0}, r"learning_rate is 0.0; give a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; give a finite number"),
        ({"learning_rate": float("inf")}, "learning_rate is inf; give a finite number"),
        ({"order": "weekly"}, "'weekly' is no order; use one of streaming, daily-shuffled"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TrainConfig(**wrong)
