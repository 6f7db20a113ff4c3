from __future__ import annotations

import pytest

from interestclock.errors import ConfigError
from interestclock.training import TrainConfig


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0 and threads 1; give 1 or more of each"),
        ({"threads": 0}, "batch_size is 128 and threads 0; give 1 or more of each"),
        ({"learning_rate": 0.0}, r"learning_rate is 0.0; give a number above 0, such as 0.005"),
        ({"order": "weekly"}, "'weekly' is no order; use one of streaming, daily-shuffled"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TrainConfig(**wrong)
