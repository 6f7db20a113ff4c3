"""What a comparison of the default line-up could give: figures of made-up predictions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from interestclock.defaults import DEFAULT_RANKERS
from interestclock.evaluation import Exposures, summarise

BESIDE_HOUR = [name for name in DEFAULT_RANKERS if name.startswith("hour+")]


@cache
def default_results() -> dict[str, Any]:
    """Of the rankers of the default line-up, each a little better than the one before it."""
    rng, rows = np.random.default_rng(0), np.arange(4_800)
    label_N = rng.integers(2, size=rows.size)
    exposures = Exposures(
        user_N=rows // 40,
        request_N=rows // 4,
        timestamp_ms_N=rows * 600_000,
        second_of_day_N=rows * 600 % 86_400,
        labels={"finish": label_N},
    )
    noise_N = rng.normal(size=rows.size)
    runs = {
        name: [
            {
                "finish": 1
                / (1 + np.exp(-noise_N - rng.normal(0, 0.2, rows.size) - (0.5 + 0.05 * place) * label_N))
            }
            for _ in range(2)
        ]
        for place, name in enumerate(DEFAULT_RANKERS)
    }
    return summarise(exposures, runs, label="finish", beside_hour=BESIDE_HOUR, replicates=50)
