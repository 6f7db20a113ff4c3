"""When a label becomes known."""

from __future__ import annotations

import pytest

from interestclock.errors import ConfigError
from interestclock.mapping_keys import LabelColumn


@pytest.mark.parametrize("delay", [float("nan"), float("inf"), 1e300])
def test_a_delay_beyond_all_time(delay):
    with pytest.raises(ConfigError, match="give at most"):
        LabelColumn(column="liked", delay_seconds=delay)
