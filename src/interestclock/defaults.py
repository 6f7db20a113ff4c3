"""Names that options take, and what options are where they are not given, declared once.

Configurations import them from here, and so does the command line: this file imports nothing, so that
``--help`` shows them without PyTorch, DuckDB or Arrow.
"""

from __future__ import annotations

__all__ = [
    "BATCH_MINUTES",
    "CANDIDATES_BY_POPULARITY",
    "CANDIDATES_FROM_OWN_PAST",
    "DEFAULT_RANKERS",
    "IDLE_SECONDS",
    "KEEP_HOURS",
    "LAYOUTS",
    "LEARNING_RATE",
    "ORDERS",
    "RANKER_NAMES",
    "SIMULATOR_SIZES",
]

RANKER_NAMES = (
    "base",
    "hour",
    "naive",
    "adaptive",
    "gaussian",
    "longterm",
    "gaussian+longterm",
    "din",
    "sim-hard",
    "sim-soft",
    "twin",
)
"""The rankers a comparison knows: kinds of clocks and baselines, with ``+`` where there are several."""

DEFAULT_RANKERS = ("base", "hour", "naive", "adaptive", "gaussian", "longterm", "gaussian+longterm")
"""What a comparison runs where none is named: the clocks; the baselines of ``sequences`` are asked for."""

LAYOUTS = ("foursquare",)
"""Logs whose columns are known."""

SIMULATOR_SIZES = ("tiny", "small", "large")

ORDERS = ("streaming", "daily-shuffled")
"""How rankers learn."""

LEARNING_RATE = 5e-3
CANDIDATES_BY_POPULARITY = 2
CANDIDATES_FROM_OWN_PAST = 2

IDLE_SECONDS = 1.0
KEEP_HOURS = 1.0
BATCH_MINUTES = 60.0
