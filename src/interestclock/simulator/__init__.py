"""A music service whose users' tastes and repertoires move over the day, with known truth."""

from interestclock.simulator.exposures import exposures_by_day, item_table
from interestclock.simulator.live_requests import (
    LiveRequest,
    day_of,
    draw_responses,
    live_requests,
)
from interestclock.simulator.preferences import (
    LabelProbabilities,
    finish_utility,
    label_probabilities,
)
from interestclock.simulator.truth import (
    SIZES,
    WORLDS,
    AttributeTruth,
    SimulatorSize,
    SimulatorTruth,
    size_named,
    world_named,
)
from interestclock.simulator.world import START_MS, World, build_world
from interestclock.simulator.write import write_simulated_log

__all__ = [
    "SIZES",
    "START_MS",
    "WORLDS",
    "AttributeTruth",
    "LabelProbabilities",
    "LiveRequest",
    "SimulatorSize",
    "SimulatorTruth",
    "World",
    "build_world",
    "day_of",
    "draw_responses",
    "exposures_by_day",
    "finish_utility",
    "item_table",
    "label_probabilities",
    "live_requests",
    "size_named",
    "world_named",
    "write_simulated_log",
]
